//! Chooses the Burn backend that a linear regression runs on.
//!
//! This is the only crate that names concrete backends, with one Cargo feature
//! each: `ndarray` (default), `flex` and `wgpu`. Code that is generic over the
//! backend is written as a [`Task`], and passed to [`run`] with a [`BackendKind`]
//! and a [`Precision`], both chosen at run time. The tasks for training exist
//! already: [`train`] and [`cross_validate`]. [`check`] tests whether a backend
//! computes right.
//!
//! A GPU can be missing, or fail during the work. In this crate both are errors
//! and never panics. [`adapters`] lists the devices of wgpu before Burn uses
//! them, and [`run`] turns a failure on one of Burn's own threads, which would
//! otherwise not be noticed, into [`BackendError::Failed`].
//!
//! `burn-wgpu` is built without its `fusion` feature. With it, Burn 0.21 fuses
//! the product of a matrix and a single column, as in a linear model with one
//! target, with the operations after it, and gives wrong numbers (tracel-ai/burn,
//! issue 5122). The small kernels of a linear model would gain nothing from
//! fusion.
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
mod adapters;
mod error;
mod kind;
mod run;
#[cfg(feature = "wgpu")]
mod wgpu;

pub use adapter::{Adapter, AdapterKind};
pub use adapters::{adapter, adapters};
pub use error::BackendError;
pub use kind::{BackendKind, Precision};
pub use run::{Task, run};

// These compute on every backend, and so take minutes to compile. They are tested from
// outside; the unit tests of the others do without them.
#[cfg(not(test))]
pub mod check;
#[cfg(not(test))]
mod passes;
#[cfg(not(test))]
mod training;

#[cfg(not(test))]
pub use passes::add_passes;
#[cfg(not(test))]
pub use training::{Outcome, cross_validate, train};

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
