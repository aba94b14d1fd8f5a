mod accuracy;
mod finding;

use std::process::ExitCode;

use anyhow::Result;
use linreg_backend::check::{Finding, findings};
use linreg_backend::{BackendKind, adapter};
use serde_json::json;

use crate::terminal::{self, print_json};

/// Test the backends on this machine and its driver
///
/// Computes each operation on every backend that is compiled in, in each of its
/// float types, at sizes up to beyond those that drivers are known to get
/// wrong, and compares the results with 64-bit floats on the CPU. Then trains
/// and evaluates as linreg does. The exit code is 1 if anything that linreg
/// uses is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg check
  linreg check --backend wgpu --device 0
  linreg check --accuracy")]
pub struct Args {
    /// Test the exact fit instead, on the eleven linear regressions that NIST
    /// certifies
    #[arg(long, conflicts_with_all = ["backend", "device"])]
    accuracy: bool,

    /// Backend to test [default: every one that is compiled in]
    #[arg(long, value_name = "NAME")]
    backend: Option<BackendKind>,

    /// Device for wgpu, by its number or a part of its name [default: the best]
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,

    /// Print one JSON object with every finding
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    if args.accuracy {
        return accuracy::run(args.json);
    }
    let backends = match args.backend {
        Some(backend) => vec![BackendKind::choose(Some(backend))?],
        None => BackendKind::available(),
    };
    let mut reports = Vec::new();
    let mut all_right = true;
    for backend in backends {
        for precision in backend.precisions() {
            let device = match backend {
                BackendKind::Wgpu => args.device.as_deref(),
                _ => None,
            };
            let findings = findings(backend, *precision, device)?;
            all_right &= !findings.iter().any(Finding::is_fatal);
            let name = match backend {
                BackendKind::Wgpu => adapter(device)?.name,
                _ => "the CPU".to_string(),
            };
            if args.json {
                reports.push(json!({
                    "backend": backend.to_string(),
                    "precision": precision.to_string(),
                    "device": name,
                    "findings": findings.iter().map(finding::json).collect::<Vec<_>>(),
                }));
            } else {
                let mut out = terminal::stdout();
                writeln!(out, "{backend} {precision} on {name}")?;
                finding::print(&mut out, &findings)?;
            }
        }
    }
    if args.json {
        print_json(&json!({"all_right": all_right, "backends": reports}))?;
    } else if all_right {
        writeln!(terminal::stdout(), "Everything that linreg uses is right.")?;
    } else {
        writeln!(
            terminal::stdout(),
            "linreg uses the results marked WRONG unless a line says that it avoids them; use\n\
             another backend or device, and please report this with your driver's version."
        )?;
    }
    Ok(ExitCode::from(u8::from(!all_right)))
}
