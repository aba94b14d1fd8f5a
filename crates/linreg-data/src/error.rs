mod cell_place;
mod file;
mod header;
mod limit;
mod no_rows;
mod remote;
mod row;
mod rows;
mod stored;
mod unsupported;
mod words;

use thiserror::Error;

use crate::{ColumnError, EncoderError, Obstacle, OddCell, Place, TableFormat};
pub use cell_place::CellPlace;
use cell_place::first_of;
pub use file::{FileProblem, Foreign};
pub use header::{HeaderProblem, NameProblem};
pub use limit::{Limit, Unpacking};
pub use no_rows::NoRows;
pub use remote::{CertificateProblem, RemoteProblem};
pub use row::RowProblem;
pub use rows::{Axis, RowsError};
pub(crate) use stored::StoredError;
pub use unsupported::Unsupported;
pub use words::quote;
use words::{amount, instead};
pub(crate) use words::{cell, list, plural};

/// An error of code that this crate calls, or that calls it.
pub type OtherError = Box<dyn std::error::Error + Send + Sync>;

/// An error of reading, generating, splitting or batching rows.
///
/// Its message says where something was found and what was expected. What would
/// help is in the message where it is a change of the file; where it is a
/// setting, the error holds what a program needs to name its own option for it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A write or a read has failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file cannot be read as a table.
    #[error("{file}: {problem}")]
    File {
        /// The name of the file.
        file: String,
        /// What is wrong.
        problem: FileProblem,
    },
    /// A row cannot be read, or does not fit the table.
    #[error("{place}: {problem}")]
    Row {
        /// The place of the row.
        place: Place,
        /// What is wrong.
        problem: RowProblem,
    },
    /// The header row or the column names of a file cannot be used.
    #[error("{place}: {problem}")]
    Header {
        /// The file, and the line where it has lines.
        place: Place,
        /// What is wrong.
        problem: HeaderProblem,
    },
    /// No file is named.
    #[error("no file is named")]
    NoFile,
    /// There are no rows of this kind.
    #[error("there are no rows{0}")]
    NoRows(NoRows),
    /// A name is not among the columns.
    #[error("there is no column {}; {}", quote(.name), instead(.name, .columns))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The names of all columns.
        columns: Vec<String>,
    },
    /// The names of columns cannot be used.
    #[error(transparent)]
    Names(#[from] NameProblem),
    /// A column is of a type that the format cannot store.
    #[error("column {} is {kind}, which {format} cannot store; write Arrow, or leave the column out", quote(.column))]
    NotStorable {
        /// The format.
        format: TableFormat,
        /// The name of the column.
        column: String,
        /// Its type.
        kind: String,
    },
    /// Columns cannot become features, targets or weights.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// Numbers in memory are no rows.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// An error of what the caller does with rows while they are read.
    #[error(transparent)]
    Other(OtherError),
    /// A cell does not fit its column.
    #[error("{at}: found {}, expected {expected}", cell(.found))]
    Cell {
        /// The place of the cell.
        at: Box<CellPlace>,
        /// The text of the cell.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A cell is of another kind than its column.
    #[error("{}, column {}: {cell}", cell.place, quote(.column))]
    OddCell {
        /// The name of the column.
        column: String,
        /// The cell.
        cell: Box<OddCell>,
    },
    /// A column cannot be what it should be.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// Missing values, where they are an error.
    #[error("{cells} missing {}: {}", plural(*.cells, "cell"), first_of(.examples, *.cells))]
    Missing {
        /// The number of missing values in what has been read.
        cells: u64,
        /// The first ones.
        examples: Vec<CellPlace>,
        /// The first column that has one.
        column: String,
    },
    /// A missing value in a table that a model is applied to, where that is an
    /// error.
    #[error("{0}: the cell is missing")]
    MissingCell(CellPlace),
    /// A level that the encoder does not know.
    #[error(
        "{at}: found {}, a level that the model does not know; it knows {}",
        quote(.found), list(.levels)
    )]
    UnseenLevel {
        /// The place of the cell.
        at: Box<CellPlace>,
        /// The level.
        found: String,
        /// The known levels.
        levels: Box<[String]>,
    },
    /// A formula that cannot be read.
    #[error(transparent)]
    Formula(#[from] crate::FormulaError),
    /// A pass or its state cannot go to another machine.
    #[error(transparent)]
    SentPass(#[from] crate::SentPassError),
    /// What is in memory is no table.
    #[error(transparent)]
    MemoryTable(#[from] crate::MemoryTableError),
    /// The contents of a file do not follow its format.
    #[error("{file}: cut short, or no {format} file: {reason}; copy or write it again")]
    Damaged {
        /// The name of the file.
        file: String,
        /// The format that it should have.
        format: &'static str,
        /// What was found.
        reason: String,
    },
    /// A file of a format whose feature is not enabled.
    #[error("{}{format} is not compiled in; enable the feature `{}` of linreg-data", before(.file), format.feature())]
    FormatLeftOut {
        /// The name of the file; None for one that is written.
        file: Option<String>,
        /// The format.
        format: TableFormat,
    },
    /// A file uses a part of its format that is not read.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An error of the Arrow library.
    #[error(transparent)]
    Arrow(arrow_schema::ArrowError),
    /// An error of the Parquet library.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Parquet(parquet::errors::ParquetError),
    /// A source has given more or fewer rows than it said.
    #[error(
        "found {found} rows, expected {expected} as counted before; leave the data as it is while it is read"
    )]
    Changed {
        /// The number of rows found.
        found: usize,
        /// The number of rows that the source said it has.
        expected: usize,
    },
    /// A part of a source has given more or fewer rows than it said.
    #[error(
        "found {found} rows where there should be {expected}; the file is damaged or changes while it is read"
    )]
    PartChanged {
        /// The number of rows found.
        found: u64,
        /// The number of rows that the part said it has.
        expected: u64,
    },
    /// The value of a setting cannot be used.
    #[error("the {name} is {found}, expected {expected}")]
    Setting {
        /// The setting, in words.
        name: &'static str,
        /// The value found.
        found: String,
        /// The values that can be used.
        expected: String,
    },
    /// The terms of a model stand for more features than the limit.
    #[error("the model has {} features, more than the limit of {limit}; {} of them are of the term {}: use fewer of its factors, powers or levels", amount(*.features), amount(*.of_term), quote(.term))]
    TooManyFeatures {
        /// The number of features, capped at `u64::MAX`.
        features: u64,
        /// The term with the most features.
        term: String,
        /// The number of features of that term, capped at `u64::MAX`.
        of_term: u64,
        /// The largest number of features allowed.
        limit: usize,
    },
    /// The spread of a column that is not constant is too small for 64-bit
    /// floats.
    #[error(
        "the values of {} are too close together to standardise: their variance vanishes; multiply the column by a power of ten",
        quote(.0)
    )]
    Underflow(String),
    /// The spread of a column is too large for 64-bit floats.
    #[error(
        "the values of {} are too large to standardise: their variance overflows; divide the column by a power of ten",
        quote(.0)
    )]
    Overflow(String),
}

impl From<arrow_schema::ArrowError> for DataError {
    /// Keeps an error of the file system as an [`std::io::Error`].
    fn from(error: arrow_schema::ArrowError) -> Self {
        match error {
            arrow_schema::ArrowError::IoError(_, error) => Self::Io(error),
            other => Self::Arrow(other),
        }
    }
}

#[cfg(feature = "parquet")]
impl From<parquet::errors::ParquetError> for DataError {
    /// Keeps an error of the file system as an [`std::io::Error`].
    fn from(error: parquet::errors::ParquetError) -> Self {
        match error {
            parquet::errors::ParquetError::External(inner) => match inner.downcast() {
                Ok(error) => Self::Io(*error),
                Err(other) => Self::Parquet(parquet::errors::ParquetError::External(other)),
            },
            other => Self::Parquet(other),
        }
    }
}

impl DataError {
    /// Whether the message names the file in which the error occurred.
    pub fn names_file(&self) -> bool {
        if let Self::Column(ColumnError::Unusable(unusable)) = self {
            return unusable.obstacle == Obstacle::Mixed;
        }
        matches!(
            self,
            Self::File { .. }
                | Self::Header { .. }
                | Self::Row { .. }
                | Self::Cell { .. }
                | Self::OddCell { .. }
                | Self::Missing { .. }
                | Self::MissingCell(_)
                | Self::UnseenLevel { .. }
                | Self::Damaged { .. }
                | Self::FormatLeftOut { file: Some(_), .. }
        )
    }
}

/// Returns the beginning of a message about a file.
fn before(file: &Option<String>) -> String {
    file.as_ref()
        .map(|file| format!("{file}: "))
        .unwrap_or_default()
}
