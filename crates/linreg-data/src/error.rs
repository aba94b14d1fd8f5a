use thiserror::Error;

use crate::formula::nearest;
use crate::printable;

/// Why rows cannot be read, made, divided or batched.
///
/// A place is a file with a line or a row, counted from 1 and the header
/// included, as editors and people count.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// Writing or reading has failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file cannot be read as a table.
    #[error("{file}: {problem}")]
    File {
        /// Name of the file.
        file: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A row cannot be read, or is no row of the table.
    #[error("{place}: {problem}")]
    Row {
        /// Where it stands.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The names of the columns of a file cannot be used.
    #[error("{place}: {problem}")]
    Header {
        /// The file, and the line where it has lines.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// There is a header but no row, or none is left.
    #[error("there are no rows{0}")]
    NoRows(String),
    /// A name is not among the columns.
    #[error("there is no column {}; {}", quote(.name), instead(.name, .columns))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The names in the header.
        columns: Vec<String>,
    },
    /// The choice of columns makes no sense.
    #[error("{0}")]
    Columns(String),
    /// A cell is not what its column is.
    #[error("{place}, column {}: found {}, expected {expected}", quote(.column), cell(.found))]
    Cell {
        /// Where its row stands.
        place: String,
        /// Name of the column.
        column: String,
        /// The text of the cell.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// Cells with nothing in them, where that is an error.
    #[error("{cells} missing {}: {examples}; leave their rows out with --missing drop, or use a feature's mean with --missing mean or indicator", plural(*.cells, "cell"))]
    Missing {
        /// How many there are, in what has been read.
        cells: u64,
        /// Where the first ones stand.
        examples: String,
        /// The first column with any.
        column: String,
    },
    /// A missing cell in a table that a model is applied to, where that is an
    /// error.
    #[error("{place}, column {}: the cell is missing; --missing drop leaves such rows out, --missing mean takes the mean of the rows that the model was fitted to", quote(.column))]
    MissingCell {
        /// Where its row stands.
        place: String,
        /// Name of the column.
        column: String,
    },
    /// A level that was not there when the columns were learned.
    #[error(
        "{place}, column {}: found {}, a level that the model does not know; it knows {}; take new levels as the baseline with --unseen baseline, or leave their rows out with --unseen drop",
        quote(.column), quote(.found), list(.levels)
    )]
    UnseenLevel {
        /// Where its row stands.
        place: String,
        /// Name of the column.
        column: String,
        /// The level.
        found: String,
        /// The levels known.
        levels: Vec<String>,
    },
    /// A formula that cannot be read.
    #[error(transparent)]
    Formula(#[from] crate::FormulaError),
    /// The contents of a file are not what its format asks for.
    #[error("{file}: cut short, or no {format} file: {reason}; copy or write it again")]
    Damaged {
        /// Name of the file.
        file: String,
        /// The format that it should have.
        format: &'static str,
        /// What was found.
        reason: String,
    },
    /// A table that Arrow refuses.
    #[error(transparent)]
    Arrow(arrow_schema::ArrowError),
    /// A table that Parquet cannot hold.
    #[error(transparent)]
    Parquet(parquet::errors::ParquetError),
    /// A source has given more or fewer rows than it said it has.
    #[error(
        "found {found} rows, expected {expected} as counted before; leave the data as it is while it is read"
    )]
    Changed {
        /// Rows found.
        found: usize,
        /// Rows the source said it has.
        expected: usize,
    },
    /// A number that was asked for cannot be used.
    #[error("the {name} is {found}, expected {expected}")]
    Setting {
        /// What the number is, in words.
        name: &'static str,
        /// The number found.
        found: String,
        /// What can be used.
        expected: String,
    },
    /// Something stored with a model is not what it should be.
    #[error("the {what} is {found}, expected {expected}")]
    Stored {
        /// What it is, in words.
        what: String,
        /// What was found.
        found: String,
        /// What can be used.
        expected: String,
    },
    /// The terms of a model stand for more features than the limit.
    #[error("the model has {} features, more than the limit of {limit}; {} of them are of the term {}: use fewer of its factors, powers or levels", amount(*.features), amount(*.of_term), quote(.term))]
    TooManyFeatures {
        /// Number of features; the largest number if there are more.
        features: u64,
        /// The term with the most features.
        term: String,
        /// How many it has; the largest number if there are more.
        of_term: u64,
        /// Features at most.
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
    /// What went wrong with the file itself stays an [`std::io::Error`].
    fn from(error: arrow_schema::ArrowError) -> Self {
        match error {
            arrow_schema::ArrowError::IoError(_, error) => Self::Io(error),
            other => Self::Arrow(other),
        }
    }
}

impl From<parquet::errors::ParquetError> for DataError {
    /// What went wrong with the file itself stays an [`std::io::Error`].
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
    /// Whether the message names the file that the error is of.
    pub fn names_file(&self) -> bool {
        matches!(
            self,
            Self::File { .. }
                | Self::Header { .. }
                | Self::Row { .. }
                | Self::Cell { .. }
                | Self::Missing { .. }
                | Self::MissingCell { .. }
                | Self::UnseenLevel { .. }
                | Self::Damaged { .. }
        )
    }

    pub(crate) fn stored(
        what: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Stored {
            what: what.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}

/// A number that may have been too large to count.
fn amount(number: u64) -> String {
    match number {
        u64::MAX => "more than 10^19".to_string(),
        number => number.to_string(),
    }
}

/// A word for one or several.
pub(crate) fn plural(count: u64, word: &str) -> String {
    match count {
        1 => word.to_string(),
        _ => format!("{word}s"),
    }
}

/// What may be meant by the name of a column that is not there.
fn instead(name: &str, columns: &[String]) -> String {
    match nearest(name, columns) {
        Some(near) => format!("did you mean {}?", quote(near)),
        None => format!("the columns are {}", list(columns)),
    }
}

/// Names as a reader would write them, the first few of many.
pub(crate) fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut text = names
        .iter()
        .take(MOST)
        .map(|name| quote(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}

/// A cell of a file.
pub(crate) fn cell(text: &str) -> String {
    if text.is_empty() {
        return "an empty cell".to_string();
    }
    quote(text)
}

/// A text from a file, on one line and of bounded length.
pub(crate) fn quote(text: &str) -> String {
    const MOST: usize = 40;
    let start: String = text.chars().take(MOST).collect();
    let mut shown = printable(&start).into_owned();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_on_one_line_and_never_at_length() {
        assert_eq!(quote("\u{1b}[31m"), r"`\u{1b}[31m`");
        assert_eq!(quote("a\nb"), r"`a\nb`");
        assert_eq!(quote("it's \\ \"it\""), "`it's \\ \"it\"`");
        assert_eq!(quote(&"é".repeat(1000)), format!("`{}…`", "é".repeat(40)));
        assert_eq!((quote(""), cell("")), ("``".into(), "an empty cell".into()));
    }

    #[test]
    fn a_column_that_is_not_there_suggests_the_nearest() {
        let columns = ["area", "town", "price"].map(String::from).to_vec();
        for (name, expected) in [
            ("Area", "there is no column `Area`; did you mean `area`?"),
            ("pirce", "there is no column `pirce`; did you mean `price`?"),
            (
                "x",
                "there is no column `x`; the columns are `area`, `town`, `price`",
            ),
        ] {
            let error = DataError::UnknownColumn {
                name: name.to_string(),
                columns: columns.clone(),
            };
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn lists_the_first_names_of_many() {
        let names: Vec<String> = (0..100).map(|i| format!("x{i}")).collect();
        assert_eq!(list(&names[..2]), "`x0`, `x1`");
        assert!(list(&names).ends_with("`x11` and 88 more"));
    }
}
