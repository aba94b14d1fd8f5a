use thiserror::Error;

use super::quote;
use crate::Remedy;

/// Why a row cannot be read, or cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// It has more or fewer cells than the header.
    #[error("found {found} cells, expected {expected} as in the header")]
    CellCount {
        /// The number of its cells.
        found: usize,
        /// The number of cells of the header.
        expected: usize,
        /// What may let the row be read.
        remedy: Option<Remedy>,
    },
    /// A cell is below none of the names in the header.
    #[error("found {} in column {column}, which has no name in the header; name it there", quote(.found))]
    UnnamedCell {
        /// The text of the cell.
        found: String,
        /// The number of its column, from 1.
        column: usize,
    },
    /// A line is blank, and it may be a missing value.
    #[error(
        "blank, and in a file of one column that may be a missing cell; remove the line, or write the cell"
    )]
    Blank,
    /// A quote is opened and never closed.
    #[error(
        "the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice"
    )]
    OpenQuote,
    /// Text follows a closing quote.
    #[error(
        "there is text after the closing quote of the cell that begins on line {start}; write a quote inside a cell twice"
    )]
    AfterQuote {
        /// The line on which the quoted cell begins, from 1.
        start: u64,
    },
    /// It is longer than any row is.
    #[error("the row that begins here is longer than 64 MiB; {}", if *.has_quote { "is a quoted cell never closed?" } else { "is this a CSV file?" })]
    TooLong {
        /// Whether there is a quote in it.
        has_quote: bool,
    },
    /// It does not follow the format.
    #[error("the rows from here on cannot be read as CSV")]
    NoCsv,
    /// A feature of it is beyond 64-bit floats.
    #[error("the feature {} is beyond 64-bit floats; divide its columns by a power of ten", quote(.0))]
    FeatureOverflow(String),
}
