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

mod arrow_file;
mod batches;
mod cell;
mod csv;
mod csv_writer;
mod data_file;
mod dataset;
mod describe;
mod encoder;
mod error;
mod formula;
mod input;
mod moments;
mod numbers;
mod open;
mod parquet_file;
mod profile;
mod random;
mod read;
mod rows;
mod scaler;
mod schema;
mod source;
mod split;
mod synthetic;
mod table_format;
mod table_writer;
#[cfg(test)]
mod test_table;
#[cfg(test)]
mod testing;
mod values;

pub use arrow_file::ArrowFile;
pub use batches::{Batch, Batches, MAX_TENSOR_NUMBERS, MAX_TENSOR_ROWS, Placement};
pub use csv::CsvOptions;
pub use csv_writer::{CsvWriter, write_csv};
pub use dataset::Dataset;
pub use describe::{Description, Sample, describe};
pub use encoder::{
    BoundEncoder, Encoded, Encoder, EncoderConfig, EncodingCounts, MissingPolicy, UnseenPolicy,
};
pub use error::DataError;
pub use formula::{Factor, Formula, FormulaError, Term};
pub use moments::Moments;
pub use open::{Passes, open};
pub use parquet_file::ParquetFile;
pub use profile::{ColumnProfile, Example, TableProfile, Words};
pub use read::{InOrder, read};
pub use rows::{RowSource, Rows};
pub use scaler::Scaler;
pub use schema::{Column, ColumnChoice, Kind, Schema, Spread, learn_schema};
pub use source::{
    Chunk, ChunkOrder, Chunks, Origin, Part, Parts, Source, column_indices, column_names,
};
pub use split::{Set, Split};
pub use synthetic::SyntheticConfig;
pub use table_format::TableFormat;
pub use table_writer::TableWriter;
