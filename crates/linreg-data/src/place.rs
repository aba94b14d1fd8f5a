use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// Where a row, or a line, is in a file. All counts are from 1 except the byte.
///
/// It is displayed as a person finds it: `houses.csv: line 17 (byte 123)`, or
/// `houses.parquet: row 5`.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Place {
    /// The name of the file; empty for rows of no file.
    pub file: Box<str>,
    /// The line, which counts the header row, as in an editor; None in a file
    /// without lines.
    pub line: Option<NonZeroU64>,
    /// The row of a file without lines.
    pub row: Option<NonZeroU64>,
    /// The offset of the first byte of the row, from 0, in the decompressed
    /// file; None where it is not known.
    pub byte: Option<u64>,
}

impl Place {
    /// A file as a whole.
    pub fn of_file(file: impl Into<Box<str>>) -> Self {
        Self {
            file: file.into(),
            ..Self::default()
        }
    }

    /// A line of a file, from 1.
    pub fn of_line(file: impl Into<Box<str>>, line: u64) -> Self {
        Self {
            line: NonZeroU64::new(line),
            ..Self::of_file(file)
        }
    }

    /// A row of a file without lines, from 1.
    pub fn of_row(file: impl Into<Box<str>>, row: u64) -> Self {
        Self {
            row: NonZeroU64::new(row),
            ..Self::of_file(file)
        }
    }

    /// The same place, named by its line or row alone, as a reader looks for
    /// it.
    pub fn without_byte(self) -> Self {
        Self { byte: None, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        let then = if self.file.is_empty() { "" } else { ": " };
        if let Some(line) = self.line {
            write!(f, "{then}line {line}")?;
        }
        if let Some(row) = self.row {
            write!(f, "{then}row {row}")?;
        }
        if let Some(byte) = self.byte {
            write!(f, " (byte {byte})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_a_person_finds_it() {
        let line = Place {
            byte: Some(123),
            ..Place::of_line("houses.csv", 17)
        };
        assert_eq!(line.to_string(), "houses.csv: line 17 (byte 123)");
        assert_eq!(line.without_byte().to_string(), "houses.csv: line 17");
        assert_eq!(
            Place::of_row("t.parquet", 5).to_string(),
            "t.parquet: row 5"
        );
        assert_eq!(Place::of_row("", 5).to_string(), "row 5");
        assert_eq!(Place::of_file("t.csv").to_string(), "t.csv");
    }
}
