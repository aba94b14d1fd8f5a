//! Chooses the Burn backend that a linear regression runs on.
//!
//! This is the one crate that names concrete backends, one Cargo feature each:
//! `ndarray` (default) and `flex`. Code that is generic over the backend is
//! written as a [`Task`] and handed to [`run`] with a [`BackendKind`] and a
//! [`Precision`], both chosen at run time.
//!
//! # Example
//!
//! ```
//! use burn::tensor::backend::AutodiffBackend;
//! use linreg_backend::{BackendKind, Precision, Task, run};
//!
//! struct Name;
//!
//! impl Task for Name {
//!     type Output = String;
//!
//!     fn run<B: AutodiffBackend>(self, device: B::Device) -> String {
//!         B::name(&device)
//!     }
//! }
//!
//! # fn main() -> Result<(), linreg_backend::BackendError> {
//! # if BackendKind::available().is_empty() { return Ok(()); }
//! let backend = BackendKind::choose(None)?;
//! assert!(!run(backend, Precision::F32, Name)?.is_empty());
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::str::FromStr;

use burn::tensor::backend::AutodiffBackend;
use thiserror::Error;

/// The first backend that is compiled in, with autodiff, in f32: for programs
/// that choose their backend by Cargo feature alone.
#[cfg(feature = "ndarray")]
pub type DefaultBackend = burn_autodiff::Autodiff<burn_ndarray::NdArray<f32>>;

/// The first backend that is compiled in, with autodiff, in f32: for programs
/// that choose their backend by Cargo feature alone.
#[cfg(all(feature = "flex", not(feature = "ndarray")))]
pub type DefaultBackend = burn_autodiff::Autodiff<burn_flex::Flex>;

/// A Burn backend, compiled in or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BackendKind {
    /// `burn-ndarray`, on the CPU, in f32 and f64.
    Ndarray,
    /// `burn-flex`, on the CPU, in f32.
    Flex,
}

/// The float type that a backend computes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Precision {
    /// 32-bit floats, about 7 digits.
    F32,
    /// 64-bit floats, about 16 digits.
    F64,
}

/// Code that runs on whichever backend is chosen.
pub trait Task {
    /// What it gives back.
    type Output;

    /// Runs on this backend's default device.
    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output;
}

/// Why a backend cannot be used.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend has this name.
    #[error("there is no backend `{0}`; the backends are ndarray and flex")]
    Unknown(String),
    /// The backend is not compiled in.
    #[error(
        "the backend {wanted} is not compiled in; {} (to add it: cargo build --release --features {wanted})",
        available_in_words()
    )]
    NotCompiledIn {
        /// The backend asked for.
        wanted: BackendKind,
    },
    /// No backend at all is compiled in.
    #[error("no backend is compiled in; build with --features ndarray or --features flex")]
    None,
    /// The backend does not compute in this float type.
    #[error("the backend {backend} computes in f32 only; for f64 use the backend ndarray")]
    Precision {
        /// The backend asked for.
        backend: BackendKind,
    },
}

impl BackendKind {
    const ALL: [Self; 2] = [Self::Ndarray, Self::Flex];

    /// The backends that are compiled in, the preferred one first.
    pub fn available() -> Vec<Self> {
        let compiled_in = |kind: &Self| match kind {
            Self::Ndarray => cfg!(feature = "ndarray"),
            Self::Flex => cfg!(feature = "flex"),
        };
        Self::ALL.into_iter().filter(compiled_in).collect()
    }

    /// The backend asked for, or the first one that is compiled in.
    ///
    /// # Errors
    ///
    /// One that is not compiled in, or none at all.
    pub fn choose(wanted: Option<Self>) -> Result<Self, BackendError> {
        let available = Self::available();
        match wanted {
            None => available.first().copied().ok_or(BackendError::None),
            Some(wanted) if available.contains(&wanted) => Ok(wanted),
            Some(wanted) => Err(BackendError::NotCompiledIn { wanted }),
        }
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ndarray => "ndarray",
            Self::Flex => "flex",
        })
    }
}

impl FromStr for BackendKind {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| BackendError::Unknown(name.to_string()))
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

fn available_in_words() -> String {
    match &BackendKind::available()[..] {
        [] => "no other one is either".to_string(),
        [only] => format!("{only} is"),
        several => {
            let names: Vec<String> = several.iter().map(BackendKind::to_string).collect();
            format!("{} are", names.join(" and "))
        }
    }
}

/// Runs a task on a backend.
///
/// # Errors
///
/// A backend that is not compiled in, or does not compute in this precision.
#[cfg_attr(
    not(any(feature = "ndarray", feature = "flex")),
    expect(unused_variables, reason = "there is no backend to hand the task to")
)]
pub fn run<T: Task>(
    backend: BackendKind,
    precision: Precision,
    task: T,
) -> Result<T::Output, BackendError> {
    match (BackendKind::choose(Some(backend))?, precision) {
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
        (backend, _) => Err(BackendError::Precision { backend }),
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
    fn a_name_reads_back() {
        for kind in BackendKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "cuda".parse::<BackendKind>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no backend `cuda`; the backends are ndarray and flex"
        );
    }

    #[test]
    fn runs_in_the_precision_asked_for_or_says_why_not() {
        for backend in BackendKind::available() {
            assert_eq!(run(backend, Precision::F32, Bytes), Ok(4));
            match (backend, run(backend, Precision::F64, Bytes)) {
                (BackendKind::Ndarray, result) => assert_eq!(result, Ok(8)),
                (_, result) => assert_eq!(result, Err(BackendError::Precision { backend })),
            }
        }
    }

    #[test]
    fn a_backend_that_is_not_compiled_in_says_how_to_add_it() {
        for wanted in BackendKind::ALL {
            match run(wanted, Precision::F32, Bytes) {
                Ok(_) => assert!(BackendKind::available().contains(&wanted)),
                Err(error) => {
                    assert_eq!(error, BackendError::NotCompiledIn { wanted });
                    assert!(error.to_string().contains(&format!("--features {wanted}")));
                }
            }
        }
    }

    #[test]
    fn the_first_compiled_in_is_chosen_where_none_is_named() {
        let first = BackendKind::available().first().copied();
        assert_eq!(BackendKind::choose(None).ok(), first);
    }
}
