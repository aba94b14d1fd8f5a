use burn::tensor::backend::AutodiffBackend;

use crate::{BackendError, BackendKind, Precision};

/// Code that can run on any backend.
pub trait Task {
    /// The result of the task.
    type Output;

    /// Runs the task on this device.
    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output;
}

/// Runs a task on a backend.
///
/// `device` is the number, or a part of the name, of one of the
/// [`adapters`](crate::adapters) of wgpu. If it is none, the first discrete GPU
/// is used, or else the best device there is. For other backends it must be none.
///
/// # Errors
///
/// A backend that is not compiled in, does not compute in this precision, or has
/// no such device. On wgpu also a device that fails while the task runs, or a
/// task that panics.
#[cfg_attr(
    not(any(feature = "ndarray", feature = "flex", feature = "wgpu")),
    expect(unused_variables, reason = "there is no backend to hand the task to")
)]
pub fn run<T: Task>(
    backend: BackendKind,
    precision: Precision,
    device: Option<&str>,
    task: T,
) -> Result<T::Output, BackendError> {
    let backend = BackendKind::choose(Some(backend))?;
    if !backend.precisions().contains(&precision) {
        return Err(BackendError::Precision { backend, precision });
    }
    if device.is_some() && backend != BackendKind::Wgpu {
        return Err(BackendError::NoDevices { backend });
    }
    match (backend, precision) {
        #[cfg(feature = "ndarray")]
        (BackendKind::Ndarray, Precision::F32) => {
            type B = burn_autodiff::Autodiff<burn_ndarray::NdArray<f32>>;
            Ok(task.run::<B>(Default::default()))
        }
        #[cfg(feature = "ndarray")]
        (BackendKind::Ndarray, Precision::F64) => {
            type B = burn_autodiff::Autodiff<burn_ndarray::NdArray<f64>>;
            Ok(task.run::<B>(Default::default()))
        }
        #[cfg(feature = "flex")]
        (BackendKind::Flex, Precision::F32) => {
            type B = burn_autodiff::Autodiff<burn_flex::Flex>;
            Ok(task.run::<B>(Default::default()))
        }
        #[cfg(feature = "wgpu")]
        (BackendKind::Wgpu, Precision::F32) => {
            type B = burn_autodiff::Autodiff<burn_wgpu::Wgpu>;
            let device = crate::wgpu::open(device)?;
            crate::wgpu::guard::<B, _>(&device, || task.run::<B>(device.clone()))
        }
        (backend, precision) => Err(BackendError::Precision { backend, precision }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes;

    impl Task for Bytes {
        type Output = usize;

        fn run<B: AutodiffBackend>(self, _: B::Device) -> usize {
            size_of::<B::FloatElem>()
        }
    }

    #[test]
    fn runs_in_the_precision_asked_for_or_says_why_not() {
        for backend in BackendKind::available() {
            for (precision, bytes) in [(Precision::F32, 4), (Precision::F64, 8)] {
                let expected = if backend.precisions().contains(&precision) {
                    Ok(bytes)
                } else {
                    Err(BackendError::Precision { backend, precision })
                };
                assert_eq!(run(backend, precision, None, Bytes), expected);
            }
        }
    }

    #[test]
    fn a_backend_that_is_not_compiled_in_says_how_to_add_it() {
        for wanted in BackendKind::ALL {
            match run(wanted, Precision::F32, None, Bytes) {
                Ok(_) => assert!(BackendKind::available().contains(&wanted)),
                Err(error) => {
                    assert_eq!(error, BackendError::NotCompiledIn { wanted });
                    assert!(error.to_string().contains(&format!("--features {wanted}")));
                }
            }
        }
    }

    #[test]
    fn a_device_is_for_wgpu_alone() {
        for backend in BackendKind::available() {
            let error = run(backend, Precision::F32, Some("no such"), Bytes).unwrap_err();
            match backend {
                BackendKind::Wgpu => assert!(matches!(error, BackendError::Device { .. })),
                _ => assert_eq!(error, BackendError::NoDevices { backend }),
            }
        }
    }
}
