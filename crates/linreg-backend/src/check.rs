//! Tests whether a backend computes right on this machine and its driver.

mod finding;
mod operations;
mod own_path;

use burn::tensor::backend::AutodiffBackend;

use crate::{BackendError, BackendKind, Precision, Task, adapter, run};
pub use finding::{Finding, Outcome};

/// Computes each operation that `linreg` uses, and some that it avoids, over sizes
/// up to past what drivers are known to get wrong, then trains and evaluates as
/// `linreg` does, and compares all results with 64-bit floats on the CPU.
///
/// If the device fails on a tensor past one buffer, that is a finding, not an
/// error.
///
/// # Errors
///
/// As [`run()`](crate::run()).
pub fn findings(
    backend: BackendKind,
    precision: Precision,
    device: Option<&str>,
) -> Result<Vec<Finding>, BackendError> {
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

    let mut findings = run(backend, precision, device, Probes)?;
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
        let outcome = run(backend, precision, device, PastOneTensor(numbers));
        findings.push(Finding {
            operation: "a tensor past one buffer",
            rows: numbers,
            outcome: outcome.unwrap_or_else(|error| Outcome::Failed(error.to_string())),
            avoided: Some("its tensors have at most 16,777,216 numbers"),
        });
    }
    Ok(findings)
}
