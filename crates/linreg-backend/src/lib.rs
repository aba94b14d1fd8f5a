//! Chooses the Burn backend that a linear regression runs on.
//!
//! This is the one crate that names concrete backends, one Cargo feature each:
//! `ndarray` (default), `flex` and `wgpu`. Code that is generic over the backend
//! is written as a [`Task`] and handed to [`run`] with a [`BackendKind`] and a
//! [`Precision`], both chosen at run time. For trainings, that is done: [`train`],
//! [`train_stream`] and [`cross_validate`].
//!
//! A GPU can be missing, or fail halfway. Here both are errors and never
//! panics: [`adapters`] lists what wgpu can compute on before Burn touches it,
//! and [`run`] turns a failure on one of Burn's own threads, which would pass
//! unseen, into [`BackendError::Failed`].
//!
//! `burn-wgpu` is built without its `fusion` feature: Burn 0.21 then fuses the
//! product of a matrix and a single column, which is every product of a linear
//! model, with what follows, and gives wrong numbers (tracel-ai/burn, issue
//! 5122). The small kernels of a linear model gain nothing from it.
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
//! assert!(!run(backend, Precision::F32, None, Name)?.is_empty());
//! # Ok(())
//! # }
//! ```

mod adapter;
mod error;
mod kind;
mod run;
mod training;
#[cfg(feature = "wgpu")]
mod wgpu;

pub use adapter::{Adapter, AdapterKind, adapter, adapters};
pub use error::BackendError;
pub use kind::{BackendKind, Precision};
pub use run::{Task, run};
pub use training::{Outcome, cross_validate, train, train_stream};

/// The first backend that is compiled in, with autodiff, in f32: for programs
/// that choose their backend by Cargo feature alone.
#[cfg(feature = "ndarray")]
pub type DefaultBackend = burn_autodiff::Autodiff<burn_ndarray::NdArray<f32>>;

/// The first backend that is compiled in, with autodiff, in f32: for programs
/// that choose their backend by Cargo feature alone.
#[cfg(all(feature = "flex", not(feature = "ndarray")))]
pub type DefaultBackend = burn_autodiff::Autodiff<burn_flex::Flex>;

/// The first backend that is compiled in, with autodiff, in f32: for programs
/// that choose their backend by Cargo feature alone.
#[cfg(all(feature = "wgpu", not(any(feature = "ndarray", feature = "flex"))))]
pub type DefaultBackend = burn_autodiff::Autodiff<burn_wgpu::Wgpu>;
