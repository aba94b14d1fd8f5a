use thiserror::Error;

use crate::error::quote;
use crate::other_column::{OtherColumn, name_and_type};
use crate::repeated_text::MAX_TEXT_BYTES;
use crate::sizes::size;

/// Why batches or columns in memory are no table. Batches and columns are
/// counted from 1.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MemoryTableError {
    /// There are no batches.
    #[error("found no batches, expected at least one, which may be without rows")]
    NoBatches,
    /// There are no columns.
    #[error("found no columns, expected at least one")]
    NoColumns,
    /// A batch has other columns than the first one.
    #[error(
        "column {} of batch {batch}: found {}, expected {} as in batch 1",
        column.number, name_and_type(&column.found), name_and_type(&column.expected)
    )]
    OtherColumn {
        /// The number of the batch.
        batch: usize,
        /// The first column that differs from the first batch.
        column: Box<OtherColumn>,
    },
    /// A column is longer or shorter than the first one.
    #[error("column {}: the length is {found}, expected {expected} as in column {}", quote(.column), quote(.first))]
    Length {
        /// The name of the column.
        column: String,
        /// The number of its values.
        found: usize,
        /// The name of the first column.
        first: String,
        /// The number of values of the first column.
        expected: usize,
    },
    /// A text that many rows may repeat is too long.
    #[error("column {}: found a text of {}, expected at most {}", quote(.column), size(*.bytes), size(MAX_TEXT_BYTES))]
    LongText {
        /// The name of the column.
        column: String,
        /// The length of the text in bytes.
        bytes: u64,
    },
}
