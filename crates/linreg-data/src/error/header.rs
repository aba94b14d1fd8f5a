use thiserror::Error;

use super::quote;
use crate::sizes::{self, MAX_HEADER_BYTES};
use crate::source::MAX_COLUMNS;

/// Why the column names of a table cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// There are too many.
    #[error("there are {0} columns, and the limit is {MAX_COLUMNS}; is this a table?")]
    TooMany(usize),
    /// A column, counted from 1, has none.
    #[error("column {0} has no name; name each column")]
    Unnamed(usize),
    /// Two columns have the same.
    #[error("the column name {} is there twice; rename one of them", quote(.0))]
    Twice(String),
}

/// Why the header row of a file cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// The names in it.
    #[error(transparent)]
    Names(#[from] NameProblem),
    /// It is not UTF-8.
    #[error("not UTF-8 text; save the file as UTF-8")]
    Encoding,
    /// It is longer than any header.
    #[error(
        "the header is longer than {} or has more than {MAX_COLUMNS} columns; is a quote never closed, or is this no CSV file?",
        sizes::size(MAX_HEADER_BYTES)
    )]
    TooLong,
    /// Every name is a number, such as this one, so that it looks like a row.
    #[error("the column names are numbers, such as {}", quote(.0))]
    Numbers(String),
    /// It has a number, and words that are also in the cells below it, so that
    /// it looks like a row.
    #[error("the names {} and {} look like cells of a row", quote(.number), quote(.word))]
    LooksLikeRow {
        /// The number.
        number: String,
        /// The first of the words.
        word: String,
    },
    /// A line further down looks like the header.
    #[error("{}, where line {line} looks like the header", quote(.found))]
    FurtherDown {
        /// The text of the first line.
        found: String,
        /// The line that looks like the header, from 1.
        line: u64,
        /// The mark with which all lines before it begin, if they look like
        /// comments.
        comment: Option<char>,
    },
}
