use std::fmt;

use thiserror::Error;

use super::quote;
use crate::repeated_text::MAX_TEXT_BYTES;
use crate::sizes::{MAX_HEADER_BYTES, size};

/// A part of a Parquet or Arrow file that is larger than what is read at once,
/// so that a small file cannot fill the memory.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// The size of the footer in bytes.
    #[error("the footer, which describes the columns and row groups, takes {}, and the limit is {}; {FEWER}", size(*.0), size(MAX_HEADER_BYTES))]
    FooterBytes(u64),
    /// What the footer describes.
    #[error("the file has {found} {what}, and the limit is {limit}; {FEWER}")]
    Footer {
        /// What there are too many of, in words.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The number of times that columns may consist of columns.
    #[error("columns consist of columns, more than {0} times over; {FEWER}")]
    Depth(usize),
    /// The size in bytes of the description of the columns.
    #[error("the description of the columns takes {}, and the limit is {}; write the columns that are needed", size(*.0), size(MAX_HEADER_BYTES))]
    Metadata(u64),
    /// The size of a text, which any number of rows may repeat.
    #[error("{}column {}: a text takes {}, and the limit is {}; leave the column out of the file", in_group(*.row_group), quote(.column), size(*.bytes), size(MAX_TEXT_BYTES))]
    Text {
        /// The number of the row group in a Parquet file, from 1.
        row_group: Option<usize>,
        /// The name of the column.
        column: String,
        /// The size in bytes.
        bytes: u64,
    },
    /// The pages of a row group.
    #[error("row group {row_group}, column {}: pages of {sizes}; write the file with smaller pages", quote(.column))]
    Pages {
        /// The number of the row group, from 1.
        row_group: usize,
        /// The name of the largest column.
        column: String,
        /// The sizes of the pages of all columns.
        sizes: Unpacking,
    },
    /// A part of an Arrow file.
    #[error("{what} of {sizes}; write the file with smaller batches")]
    Batch {
        /// The part, in words.
        what: &'static str,
        /// Its sizes.
        sizes: Unpacking,
    },
}

const FEWER: &str = "write the columns that are needed, in larger row groups";

/// The sizes in bytes of something that would be unpacked at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unpacking {
    /// The size in the file.
    pub packed: u64,
    /// The size in memory.
    pub unpacked: u64,
    /// The largest size in memory.
    pub limit: u64,
}

impl fmt::Display for Unpacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} unpack to {} at once, and the limit is {}",
            size(self.packed),
            size(self.unpacked),
            size(self.limit)
        )
    }
}

fn in_group(row_group: Option<usize>) -> String {
    row_group.map_or_else(String::new, |number| format!("row group {number}, "))
}
