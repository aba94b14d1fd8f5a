use thiserror::Error;

/// Why rows cannot be read, made, divided or batched.
///
/// A line is counted from 1, the header included, as editors count; a message
/// names no file: whoever opened it does.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// There is nothing in the file.
    #[error("the file is empty, expected a header line with the column names")]
    Empty,
    /// There is a header but no row, or none is left.
    #[error("there are no rows{0}")]
    NoRows(String),
    /// A column name is empty or there twice in the header.
    #[error("line 1: {0}")]
    Header(String),
    /// A name is not among the columns.
    #[error("there is no column {}; the columns are {}", quote(.name), list(.columns))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The names in the header.
        columns: Vec<String>,
    },
    /// The choice of columns makes no sense.
    #[error("{0}")]
    Columns(String),
    /// A cell is not a finite number.
    #[error("line {line}, column {}: found {}, expected {expected}", quote(.column), cell(.found))]
    Cell {
        /// Line in the file.
        line: u64,
        /// Name of the column.
        column: String,
        /// The text of the cell.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A row has more or fewer cells than the header.
    #[error("line {line}: found {found} cells, expected {expected} as in the header")]
    Ragged {
        /// Line in the file.
        line: u64,
        /// Cells in the row.
        found: u64,
        /// Cells in the header.
        expected: u64,
    },
    /// A quoted cell goes on to the end of the file.
    #[error(
        "line {line}: the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice"
    )]
    UnclosedQuote {
        /// Line on which the cell begins.
        line: u64,
    },
    /// A quoted cell goes on after its closing quote.
    #[error(
        "line {line}: there is text after the closing quote of the cell that begins on line {start}; write a quote inside a cell twice"
    )]
    TextAfterQuote {
        /// Line of the text.
        line: u64,
        /// Line on which the cell begins.
        start: u64,
    },
    /// A blank line, in a file of one column, between others.
    #[error(
        "line {line}: blank, and in a file of one column that may be a missing number; remove the line, or write the number"
    )]
    Blank {
        /// Line in the file.
        line: u64,
    },
    /// Bytes that are no UTF-8 text.
    #[error("line {line}: not UTF-8 text; save the file as UTF-8")]
    Encoding {
        /// Line in the file.
        line: u64,
    },
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

impl From<csv::Error> for DataError {
    fn from(error: csv::Error) -> Self {
        let io = match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => std::io::Error::other(format!("{other:?}")),
        };
        // What was found wrong with the quotes on the way here.
        io.downcast().unwrap_or_else(Self::Io)
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
fn cell(text: &str) -> String {
    if text.is_empty() {
        return "an empty cell".to_string();
    }
    quote(text)
}

/// A text from a file, on one line and of bounded length.
pub(crate) fn quote(text: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
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
        assert_eq!(quote(&"é".repeat(1000)), format!("`{}…`", "é".repeat(40)));
        assert_eq!((quote(""), cell("")), ("``".into(), "an empty cell".into()));
    }

    #[test]
    fn lists_the_first_names_of_many() {
        let names: Vec<String> = (0..100).map(|i| format!("x{i}")).collect();
        assert_eq!(list(&names[..2]), "`x0`, `x1`");
        assert!(list(&names).ends_with("`x11` and 88 more"));
    }
}
