//! Data for linear regression: reading, encoding, splitting and batching rows.
//!
//! - [`open`] opens CSV, Parquet and Arrow files as one [`Source`], and a
//!   [`MemoryTable`] is a source of Arrow batches or of vectors; [`read`] reads a
//!   source on all cores in chunks of rows;
//! - a [`Pass`] is a computation over all rows of a table, whose result has the
//!   same bits whoever runs it; [`Threads`] is the [`Engine`] of one machine. A
//!   [`RowPass`] goes over encoded rows, in a file or in memory;
//! - [`learn_schema`] finds out what kind each column is, and [`describe`]
//!   samples its numbers and correlates them with a target;
//! - an [`Encoder`] turns columns into features and targets, from every column
//!   or as a [`Formula`] says; [`learn_encoder`] fits one to the rows of a
//!   model. An [`EncodedSource`] encodes a source into rows, for the sets of a
//!   [`Split`]. [`learn_and_encode`] learns the columns and encodes the rows in
//!   one pass where it can; [`load_dataset`] does all of this for a plain file;
//! - a [`Dataset`] holds rows in memory; [`SyntheticConfig`] draws the lesson's
//!   `y = X w + b + noise`;
//! - [`Batches`] and [`StreamedBatches`] turn rows into shuffled minibatches of
//!   Burn tensors, which a [`Scaler`] can standardise;
//! - [`TableWriter`] and [`write_dataset`] write tables;
//! - a [`DataError`] holds what it knows: the [`Place`], what was found there and
//!   what was expected, and a [`Remedy`] where one is known.
//!
//! # Features
//!
//! `csv` (also compressed with gzip or Zstandard), `parquet` and `arrow-ipc` are
//! the formats of files that are read and written; all are enabled by default.
//! `object-store` reads them from S3, Google Cloud Storage, Azure and web servers
//! too: [`open`] says how.
//! Without any of them, what reads and writes files is left out, and everything
//! else works on a [`MemoryTable`] or a [`Dataset`].
//!
//! # Example
//!
//! ```
//! use burn_ndarray::NdArray;
//! use linreg_data::{Batches, Set, Split, SyntheticConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
//! let split = Split::Random { validation: 0.2, test: 0.0, seed: 42 };
//! let train = dataset.rows_of(&split, Set::Training)?;
//!
//! let batches = Batches::<NdArray>::new(&train, 32, &Default::default())?;
//! let first = batches.epoch(0, 42).next().unwrap();
//! assert_eq!(first.features.dims(), [32, 2]);
//! assert_eq!(first.targets.dims(), [32, 1]);
//! # Ok(())
//! # }
//! ```

mod ahead;
#[cfg(feature = "arrow-ipc")]
mod arrow_file;
mod batch;
mod batch_scale;
mod batch_source;
mod batches;
mod cell;
mod column_index;
#[cfg(feature = "csv")]
mod compression;
#[cfg(feature = "csv")]
mod csv;
mod csv_options;
#[cfg(any(feature = "arrow-ipc", feature = "parquet"))]
mod data_file;
mod dataset;
mod date;
mod decimal;
mod describe;
mod encoded_source;
mod encoder;
mod error;
mod exact;
mod formula;
mod host_batches;
#[cfg(feature = "files")]
mod input;
mod learn_encoder;
#[cfg(feature = "files")]
mod load_dataset;
mod location;
mod lookalike;
mod memory_table;
mod moments;
mod nearest;
mod number_summary;
mod numbered_rows;
mod numbers;
mod odd_cell;
mod one_pass;
#[cfg(feature = "files")]
mod open;
mod other_column;
#[cfg(feature = "parquet")]
mod parquet_file;
mod pass;
mod place;
mod printable;
mod profile;
mod random;
mod read;
mod remedy;
#[cfg(feature = "object-store")]
#[cfg_attr(
    not(any(feature = "arrow-ipc", feature = "parquet", test)),
    expect(dead_code, reason = "text is not read by ranges that are known before")
)]
mod remote;
mod repeated_text;
mod row_pass;
mod row_sample;
mod row_source;
mod rows;
mod scaler;
mod schema;
mod sent_batch;
mod shuffle;
mod sizes;
mod source;
mod split;
mod streamed_batches;
mod summary;
mod synthetic;
mod table_format;
#[cfg(any(feature = "arrow-ipc", feature = "csv", feature = "parquet"))]
mod table_writer;
#[cfg(test)]
mod test_source;
#[cfg(test)]
mod test_table;
#[cfg(test)]
mod testing;
mod text_format;
#[cfg(any(feature = "arrow-ipc", feature = "parquet"))]
mod unpacked;
mod url;
mod values;
#[cfg(any(feature = "arrow-ipc", feature = "csv", feature = "parquet"))]
mod write_dataset;

#[cfg(feature = "arrow-ipc")]
pub use arrow_file::ArrowFile;
pub use batch::{Batch, MAX_TENSOR_NUMBERS, MAX_TENSOR_ROWS};
pub use batch_scale::BatchScale;
pub use batch_source::BatchSource;
pub use batches::{Batches, Placement};
pub use column_index::ColumnIndex;
pub use csv_options::CsvOptions;
pub use dataset::Dataset;
pub use date::DateOrder;
pub use describe::{Description, Sample, describe, describe_on};
pub use encoded_source::{EncodedRows, EncodedSource};
pub use encoder::{
    BoundEncoder, Encoded, Encoder, EncoderConfig, EncoderError, EncodingCounts, Feature,
    FeatureFactor, MAX_FEATURES, MOST_FEATURES, MissingPolicy, NoFeatures, UnseenPolicy,
};
pub use error::{
    Axis, CellPlace, CertificateProblem, DataError, FileProblem, Foreign, HeaderProblem, Limit,
    NameProblem, NoRows, OtherError, RemoteProblem, RowProblem, RowsError, Unpacking, Unsupported,
    quote,
};
pub use formula::{Expected, Factor, Formula, FormulaError, FormulaProblem, Term};
pub use learn_encoder::{learn_encoder, learn_encoder_on, rows_left_out, rows_left_out_on};
#[cfg(feature = "files")]
pub use load_dataset::load_dataset;
pub use location::{FileIndex, FileLocation, TableLocation, TextBlock};
pub use memory_table::{ColumnValues, MemoryTable, MemoryTableError};
pub use moments::Moments;
pub use odd_cell::{CellKind, OddCell, Oddity};
pub use one_pass::{Learned, learn_and_encode};
#[cfg(feature = "files")]
pub use open::{Passes, files_of, open, open_bytes, open_location};
pub use other_column::OtherColumn;
#[cfg(feature = "parquet")]
pub use parquet_file::ParquetFile;
pub use pass::{
    AnyPass, AnyState, EachState, Engine, GROUP_ROWS, KnownPasses, Pass, PassReader, PreparePass,
    SentPassError, Threads, read_pass,
};
pub use place::Place;
pub use printable::{is_control, printable, printable_lines};
pub use profile::{ColumnProfile, Example, TableProfile, Words};
pub use read::{InOrder, read};
pub use remedy::{Marks, Mixture, Remedy, Sign};
pub use row_pass::{AnyRowPass, EncodedPass, RowChunk, RowPass};
pub use row_sample::{RowSample, SampleLimit};
pub use row_source::{RowChunks, RowSource};
pub use rows::Rows;
pub use scaler::Scaler;
pub use schema::{
    Column, ColumnChoice, ColumnError, CommonCell, Kind, Obstacle, Role, Schema, SchemaIndex,
    Spread, Unusable, Why, learn_schema, learn_schema_on,
};
pub use sent_batch::SentBatch;
pub use shuffle::ShuffleBuffer;
pub use source::{
    Chunk, ChunkOrder, Chunks, Origin, Part, Parts, Source, column_indices, column_names,
};
pub use split::{Set, Split, SplitRows};
pub use streamed_batches::StreamedBatches;
pub use summary::{ColumnSummary, Summary, SummaryPass, SummaryState};
pub use synthetic::{SyntheticConfig, SyntheticSource};
pub use table_format::TableFormat;
#[cfg(any(feature = "arrow-ipc", feature = "csv", feature = "parquet"))]
pub use table_writer::TableWriter;
pub use text_format::{CellReader, TextFormat};
pub use url::{RemoteKind, is_url, shown_name, without_secrets};
#[cfg(any(feature = "arrow-ipc", feature = "csv", feature = "parquet"))]
pub use write_dataset::write_dataset;
