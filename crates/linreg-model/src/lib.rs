//! A linear regression model for the [Burn](https://burn.dev) framework.
//!
//! This is the crate to embed in another Burn app: it names no backend and reads
//! no data. It contains
//!
//! - [`LinearRegression`], a Burn `Module` that computes `y = X w + b`, and its
//!   [`LinearRegressionConfig`];
//! - [`Coefficients`], the same weights and bias as plain `f64`, which predict too;
//! - [`ModelFile`], one `.safetensors` file with the coefficients, the names of
//!   features and targets, and further metadata and tensors;
//! - [`OutputFiles`], with which linreg writes its files by atomic writes: a file
//!   is there as a whole or not at all.
//!
//! Without the default feature `burn` there is no [`LinearRegression`]. The rest
//! of the crate reads, writes and applies model files, and builds in seconds.
//! With the feature `burn-train`, the model is a `TrainStep` and an
//! `InferenceStep` for Burn's own training loop.
//!
//! # Example
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_ndarray::NdArray;
//! use linreg_model::{Coefficients, LinearRegression, ModelFile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("prices.safetensors");
//! let coefficients = Coefficients::new(vec![2.0, -3.4], vec![4.2])?;
//! ModelFile::new(coefficients, ["area", "age"], ["price"])?.save(&path)?;
//!
//! let file = ModelFile::load(&path)?;
//! let device = Default::default();
//! let model = LinearRegression::<NdArray>::from_coefficients(&file.coefficients, &device);
//! let rows = Tensor::from_data([[1.0, 1.0], [0.0, 0.0]], &device);
//! let predictions = model.forward(rows);
//! assert_eq!(predictions.dims(), [2, 1]);
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
mod bad_input;
mod coefficients;
mod digest;
mod error;
mod file;
#[cfg(feature = "burn-train")]
mod learner;
#[cfg(feature = "burn")]
mod linear_regression;
mod output_file;

pub use coefficients::{Coefficients, CoefficientsError};
pub use digest::Digest;
pub use error::ModelFileError;
pub use file::{ExpectedShape, FORMAT_VERSION, ModelFile, NameKind, NamedTensor, NamesError};
#[cfg(feature = "burn")]
pub use linear_regression::{LinearRegression, LinearRegressionConfig};
pub use output_file::{
    Existing, NewFile, NewFolder, OutputError, OutputFile, OutputFiles, OutputProblem,
    remove_unfinished_files,
};
