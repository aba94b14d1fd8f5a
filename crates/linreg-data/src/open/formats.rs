//! Opens a file in its format, if the feature of that format is enabled.

use std::io::Read;

use crate::input::InputFile;
use crate::{CsvOptions, DataError, FileIndex, Source};

type Opened = Result<Box<dyn Source>, DataError>;

pub(super) fn arrow(file: InputFile) -> Opened {
    #[cfg(feature = "arrow-ipc")]
    return Ok(Box::new(crate::ArrowFile::of(file)?));
    #[cfg(not(feature = "arrow-ipc"))]
    return Err(left_out(crate::TableFormat::Arrow, file.name()));
}

pub(super) fn parquet(file: InputFile) -> Opened {
    #[cfg(feature = "parquet")]
    return Ok(Box::new(crate::ParquetFile::of(file)?));
    #[cfg(not(feature = "parquet"))]
    return Err(left_out(crate::TableFormat::Parquet, file.name()));
}

/// Opens a CSV file, the rows of which are where an index says.
pub(super) fn csv(file: InputFile, options: &CsvOptions, index: Option<&FileIndex>) -> Opened {
    #[cfg(feature = "csv")]
    {
        let mut source = crate::csv::CsvSource::open(file, options)?;
        if let Some(index) = index {
            source = source.with_index(index);
        }
        Ok(Box::new(source))
    }
    #[cfg(not(feature = "csv"))]
    {
        let _ = index;
        Err(without_csv(file.name(), options))
    }
}

/// Opens a CSV file that can be read only once.
pub(super) fn csv_once(input: Box<dyn Read + Send>, name: &str, options: &CsvOptions) -> Opened {
    #[cfg(feature = "csv")]
    return Ok(Box::new(crate::csv::CsvSource::once(input, name, options)?));
    #[cfg(not(feature = "csv"))]
    {
        drop(input);
        Err(without_csv(name, options))
    }
}

#[cfg(not(feature = "csv"))]
fn without_csv(file: &str, _: &CsvOptions) -> DataError {
    left_out(crate::TableFormat::Csv, file)
}

#[cfg(not(all(feature = "arrow-ipc", feature = "csv", feature = "parquet")))]
fn left_out(format: crate::TableFormat, file: &str) -> DataError {
    DataError::FormatLeftOut {
        file: Some(file.to_string()),
        format,
    }
}
