use anyhow::Result;
use linreg_backend::{Adapter, BackendError, BackendKind, adapter, adapters};
use serde_json::json;

use crate::number::{bytes, thousands};
use crate::terminal::{self, print_json};

/// List the backends and the devices that wgpu can compute on
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg devices
  linreg lesson --backend wgpu --device 0")]
pub struct Args {
    /// Print one JSON object: backends, and devices with their limits
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<()> {
    let available = BackendKind::available();
    let adapters = adapters();
    let best = adapter(None).ok();
    let is_best = |adapter: &Adapter| best.as_ref() == Some(adapter);
    let precisions = |kind: &BackendKind| -> Vec<String> {
        kind.precisions().iter().map(ToString::to_string).collect()
    };
    if args.json {
        let backends = BackendKind::ALL.iter().map(|kind| {
            json!({
                "backend": kind.to_string(),
                "compiled_in": available.contains(kind),
                "precisions": precisions(kind),
            })
        });
        let devices = adapters.iter().map(|adapter| {
            json!({
                "number": adapter.number,
                "name": adapter.name,
                "kind": adapter.kind.to_string(),
                "api": adapter.api,
                "driver": adapter.driver,
                "default": is_best(adapter),
                "max_tensor_bytes": adapter.max_tensor_bytes,
                "max_buffer_bytes": adapter.max_buffer_bytes,
                "max_workgroup_threads": adapter.max_workgroup_threads,
                "max_workgroups": adapter.max_workgroups,
            })
        });
        return print_json(&json!({
            "backends": backends.collect::<Vec<_>>(),
            "devices": devices.collect::<Vec<_>>(),
        }));
    }

    let mut out = terminal::stdout();
    writeln!(out, "Backend   float types")?;
    for kind in BackendKind::ALL {
        let here = match available.iter().position(|here| *here == kind) {
            Some(0) => "the default".to_string(),
            Some(_) => "choose it with --backend".to_string(),
            None => format!("not compiled in; build with --features {kind}"),
        };
        let (name, precisions) = (kind.to_string(), precisions(&kind).join(", "));
        writeln!(out, "  {name:<8}{precisions:<13}{here}")?;
    }
    writeln!(out)?;
    if !available.contains(&BackendKind::Wgpu) {
        return Ok(());
    }
    if adapters.is_empty() {
        writeln!(out, "{}", BackendError::NoAdapter)?;
        return Ok(());
    }
    for adapter in &adapters {
        let default = if is_best(adapter) {
            ", the default"
        } else {
            ""
        };
        writeln!(out, "Device {}: {}{default}", adapter.number, adapter.name)?;
        let facts = [
            ("kind", adapter.kind.to_string()),
            ("driver", format!("{}, {}", adapter.driver, adapter.api)),
            ("largest tensor", bytes(adapter.max_tensor_bytes)),
            ("largest buffer", bytes(adapter.max_buffer_bytes)),
            (
                "workgroups",
                format!(
                    "{} along an axis, of {} threads",
                    thousands(adapter.max_workgroups as usize),
                    thousands(adapter.max_workgroup_threads as usize)
                ),
            ),
        ];
        for (name, fact) in facts {
            writeln!(out, "  {name:<15} {fact}")?;
        }
    }
    Ok(())
}
