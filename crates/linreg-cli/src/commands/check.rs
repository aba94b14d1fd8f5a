mod accuracy;
mod finding;
mod operations;
mod own_path;

use std::process::ExitCode;

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{BackendKind, Precision, Task, adapter};
use serde_json::json;

use crate::terminal::{self, print_json};
use finding::{Finding, Outcome};

/// Test the backends on this machine and its driver
///
/// Computes each operation on every backend that is compiled in, in each of its
/// float types, over sizes up to past what drivers are known to get wrong, and
/// compares with 64-bit floats on the CPU. Then trains and evaluates as linreg
/// does. Exit code 1 if anything that linreg uses is wrong.
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
                    "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
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

/// Everything found on one backend. If the device fails on a tensor past one
/// buffer, that is a finding, not an error.
fn findings(
    backend: BackendKind,
    precision: Precision,
    device: Option<&str>,
) -> Result<Vec<Finding>> {
    struct Probes;

    impl Task for Probes {
        type Output = Vec<Finding>;

        fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<Finding> {
            let mut findings = operations::probe::<B>(&device);
            findings.extend(own_path::probe::<B>(&device));
            findings
        }
    }

    struct PastOneTensor(usize);

    impl Task for PastOneTensor {
        type Output = Outcome;

        fn run<B: AutodiffBackend>(self, device: B::Device) -> Outcome {
            operations::past_one_tensor::<B::InnerBackend>(self.0, &device)
        }
    }

    let mut findings = linreg_backend::run(backend, precision, device, Probes)?;
    // This probe comes last: a device that fails here cannot be used again in
    // this program.
    let bytes = match backend {
        BackendKind::Wgpu => adapter(device)?.max_tensor_bytes,
        _ => 128 << 20,
    };
    /// Bytes above which the test would take too much of a machine's memory.
    const MOST: u64 = 1 << 30;
    if bytes <= MOST {
        let numbers = bytes as usize / 4 + 1024;
        let outcome = linreg_backend::run(backend, precision, device, PastOneTensor(numbers));
        findings.push(Finding {
            operation: "a tensor past one buffer",
            rows: numbers,
            outcome: outcome.unwrap_or_else(|error| Outcome::Failed(error.to_string())),
            avoided: Some("its tensors have at most 16,777,216 numbers"),
        });
    }
    Ok(findings)
}
