use thiserror::Error;

use super::quote;

/// A part of the Parquet or Arrow format that is not read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A codec that is rare and takes long to build.
    #[error("column {} is compressed with {codec}, which is not read; write the file with zstd", quote(.column))]
    Codec {
        /// The name of the column.
        column: String,
        /// The name of the codec.
        codec: &'static str,
    },
    /// A later dictionary for the same column of an Arrow file.
    #[error(
        "a dictionary is replaced on the way, which is not read; write the file without dictionaries"
    )]
    ReplacedDictionary,
}
