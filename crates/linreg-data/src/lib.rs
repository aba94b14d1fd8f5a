//! Rows for linear regression: where they come from and how training sees them.
//!
//! - [`SyntheticConfig`] draws the lesson's `y = X w + b + noise`;
//! - [`CsvReader`] reads the numeric columns of a CSV file, [`CsvWriter`] writes
//!   them;
//! - [`Dataset`] holds the rows in `f64`, with the names of their columns and
//!   with weights where rows do not all count the same;
//! - [`RowSource`] is for rows that do not fit in memory, read chunk by chunk;
//! - [`Scaler`] learns each column's mean and standard deviation;
//! - [`Batches`] turns rows in memory into shuffled minibatches of Burn tensors,
//!   [`StreamedBatches`] does so with rows that are read again each epoch.
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

mod batch;
mod batch_source;
mod batches;
mod csv_lines;
mod csv_reader;
mod csv_writer;
mod dataset;
mod error;
mod host_batches;
mod moments;
mod random;
mod row_source;
mod rows;
mod scaler;
mod shuffle;
mod split;
mod streamed_batches;
mod summary;
mod synthetic;

pub use batch::{Batch, MAX_TENSOR_NUMBERS, MAX_TENSOR_ROWS};
pub use batch_source::BatchSource;
pub use batches::{Batches, Placement};
pub use csv_reader::CsvReader;
pub use csv_writer::{CsvWriter, write_csv};
pub use dataset::Dataset;
pub use error::DataError;
pub use moments::Moments;
pub use row_source::{ChunkOrder, Chunks, RowSource};
pub use rows::Rows;
pub use scaler::Scaler;
pub use shuffle::ShuffleBuffer;
pub use streamed_batches::StreamedBatches;
pub use summary::{ColumnSummary, Summary};
pub use synthetic::SyntheticConfig;
