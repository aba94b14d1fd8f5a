use std::path::{Path, PathBuf};
use std::sync::Arc;

use linreg_data::{CsvOptions, Passes, Source, open};

use crate::FitError;

/// A table to fit a model to, or to apply one to.
///
/// It is files, which are read in chunks of rows, or columns in memory.
#[derive(Clone)]
pub struct Table {
    source: Arc<dyn Source>,
    name: String,
    reading: CsvOptions,
}

impl Table {
    /// Opens a CSV file (also one compressed with gzip or Zstandard), a Parquet
    /// or an Arrow file.
    ///
    /// # Errors
    ///
    /// A file that is not there or is no table.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FitError> {
        Self::open_files(&[path.as_ref().to_path_buf()], &CsvOptions::default())
    }

    /// Opens several files as one table, the text of which is read in this way.
    /// A name with `*`, `?` or `[` stands for all files that match.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and files with different columns.
    pub fn open_files(files: &[PathBuf], reading: &CsvOptions) -> Result<Self, FitError> {
        let source = open(files, reading, Passes::Several)?;
        Ok(Self::of(source.into(), &name_of(files)).with_reading(reading.clone()))
    }

    /// Takes a source of rows, and how to name it in messages.
    pub fn of(source: Arc<dyn Source>, name: &str) -> Self {
        Self {
            source,
            name: name.to_string(),
            reading: CsvOptions::default(),
        }
    }

    /// The same table, with the options that its text is read with, which a model
    /// of it stores.
    pub fn with_reading(mut self, reading: CsvOptions) -> Self {
        self.reading = reading;
        self
    }

    /// The rows.
    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    /// The name of the table in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The options that its text is read with.
    pub fn reading(&self) -> &CsvOptions {
        &self.reading
    }
}

/// The name of files in a message.
pub fn name_of(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        if path == Path::new("-") {
            "standard input".to_string()
        } else {
            path.display().to_string()
        }
    };
    match files {
        [only] => name(only),
        [first, others @ ..] => format!("{} and {} more files", name(first), others.len()),
        [] => String::new(),
    }
}
