use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::error::quote;

/// The formats in which a table is written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum TableFormat {
    /// Text, which people and every program can read.
    Csv,
    /// Compressed columns.
    Parquet,
    /// Columns as they are in memory: the Arrow IPC file format, also called
    /// Feather version 2.
    Arrow,
}

impl fmt::Display for TableFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        })
    }
}

impl TableFormat {
    /// Returns the Cargo feature of this crate that reads and writes the format.
    pub fn feature(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow-ipc",
        }
    }

    /// Returns the extension of files of the format: `csv`, `parquet` or `arrow`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Returns the format for the name of a file: Parquet for `.parquet` and
    /// `.pq`, Arrow for `.arrow`, `.feather` and `.ipc`, else CSV.
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_data::TableFormat;
    ///
    /// # fn main() -> Result<(), linreg_data::DataError> {
    /// assert_eq!(TableFormat::of_path("houses.parquet".as_ref())?, TableFormat::Parquet);
    /// assert_eq!(TableFormat::of_path("houses.csv".as_ref())?, TableFormat::Csv);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The name of a compressed file, such as `houses.csv.gz`: what is written
    /// would not be compressed.
    pub fn of_path(path: &Path) -> Result<Self, DataError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "parquet" | "pq" => Ok(Self::Parquet),
            "arrow" | "feather" | "ipc" => Ok(Self::Arrow),
            "gz" | "zst" | "bz2" | "xz" | "zip" => Err(DataError::Setting {
                name: "output file",
                found: quote(&path.to_string_lossy()),
                expected: "one that is not compressed; write .parquet, which is compressed inside, or .csv and compress that".to_string(),
            }),
            _ => Ok(Self::Csv),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_its_format() {
        let format = |name: &str| TableFormat::of_path(name.as_ref());
        assert_eq!(format("a.b/c.PQ").unwrap(), TableFormat::Parquet);
        assert_eq!(format("c.feather").unwrap(), TableFormat::Arrow);
        assert_eq!(format("c").unwrap(), TableFormat::Csv);
        let message = format("c.csv.gz").unwrap_err().to_string();
        assert!(
            message.starts_with("the output file is `c.csv.gz`, expected"),
            "{message}"
        );
    }
}
