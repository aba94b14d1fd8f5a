//! Rows for linear regression: where they come from and how training sees them.
//!
//! - [`SyntheticConfig`] draws the lesson's `y = X w + b + noise`;
//! - [`CsvReader`] reads the numeric columns of a CSV file, [`CsvWriter`] writes
//!   them;
//! - [`Dataset`] holds the rows in `f64`, with the names of their columns;
//! - [`Scaler`] learns each column's mean and standard deviation;
//! - [`Batches`] turns rows into shuffled minibatches of Burn tensors.
//!
//! # Example
//!
//! ```
//! use burn_ndarray::NdArray;
//! use linreg_data::{Batches, SyntheticConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
//! let (train, validation) = dataset.split(0.2, 42)?;
//! assert_eq!((train.num_rows(), validation.num_rows()), (800, 200));
//!
//! let batches = Batches::<NdArray>::new(&train, 32, &Default::default())?;
//! let first = batches.epoch(0, 42).next().unwrap();
//! assert_eq!(first.features.dims(), [32, 2]);
//! assert_eq!(first.targets.dims(), [32, 1]);
//! # Ok(())
//! # }
//! ```

mod batches;
mod csv_lines;
mod csv_reader;
mod csv_writer;
mod dataset;
mod error;
mod moments;
mod random;
mod scaler;
mod synthetic;

pub use batches::{Batch, Batches, MAX_TENSOR_NUMBERS, MAX_TENSOR_ROWS, Placement};
pub use csv_reader::CsvReader;
pub use csv_writer::{CsvWriter, write_csv};
pub use dataset::Dataset;
pub use error::DataError;
pub use moments::Moments;
pub use scaler::Scaler;
pub use synthetic::SyntheticConfig;
