use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use linreg_data::{
    ColumnValues, CsvOptions, DataError, EncodedSource, Encoder, Engine, MemoryTable, Set, Source,
    SplitRows, Threads, shown_name,
};
#[cfg(feature = "files")]
use linreg_data::{Passes, open};

use crate::FitError;

/// A table to fit a model to, or to apply one to.
///
/// It is files, which are read in chunks of rows, or columns in memory.
#[derive(Clone)]
pub struct Table {
    source: Arc<dyn Source>,
    engine: Arc<dyn Engine>,
    name: String,
    reading: CsvOptions,
}

impl Table {
    /// Opens a CSV file (also one compressed with gzip or Zstandard), a Parquet
    /// or an Arrow file.
    ///
    /// With the feature `object-store`, the file may be behind a URL: in S3, Google
    /// Cloud Storage or Azure, or on a web server. Credentials are taken from the
    /// environment, and are in no message, model or report: see
    /// [`linreg_data::open`].
    ///
    /// # Errors
    ///
    /// A file that is not there or is no table.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use linreg_fit::{FitConfig, Table};
    ///
    /// # fn main() -> Result<(), linreg_fit::FitError> {
    /// let table = Table::open("s3://bucket/houses.parquet")?;
    /// FitConfig::to("price").run(&table)?.model.save("houses.safetensors")?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "files")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FitError> {
        Self::open_files(&[path.as_ref().to_path_buf()], &CsvOptions::default())
    }

    /// Opens several files as one table, the text of which is read in this way.
    /// A name with `*`, `?` or `[` stands for all files that match.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and files with different columns.
    #[cfg(feature = "files")]
    pub fn open_files(files: &[PathBuf], reading: &CsvOptions) -> Result<Self, FitError> {
        let source = open(files, reading, Passes::Several)?;
        Ok(Self::of(source.into(), &name_of(files)).with_reading(reading.clone()))
    }

    /// Takes columns of numbers or texts in memory, each with its name.
    ///
    /// A column is a vector or a slice of `f64`, `f32`, `i64`, `bool`, `&str` or
    /// `String`, or of an `Option` of one of these where some cells are missing. NaN
    /// and empty texts are missing cells too. A matrix of `ndarray` is taken column by
    /// column: see the example `from_ndarray`. A column of Polars is
    /// `df.column("area")?.f64()?.to_vec()`.
    ///
    /// # Errors
    ///
    /// No columns, columns of different lengths, or a name that is there twice.
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_fit::{FitConfig, Table};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let area = [50.0, 60.0, 70.0, 80.0];
    /// let town = ["Bonn", "Ulm", "Ulm", "Bonn"];
    /// let price = [200.0, 250.0, 290.0, 320.0];
    /// let table = Table::from_columns([
    ///     ("area", area[..].into()),
    ///     ("town", town[..].into()),
    ///     ("price", price[..].into()),
    /// ])?;
    /// // price = 4 area + 10 (town is Ulm)
    /// let fitted = FitConfig::to("price").run(&table)?;
    /// assert!((fitted.model.coefficients().weight()[0] - 4.0).abs() < 1e-12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_columns<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, ColumnValues)>,
    ) -> Result<Self, FitError> {
        Ok(Self::in_memory(MemoryTable::from_columns(columns)?))
    }

    /// Takes batches of Arrow, all of the same schema, without copying them.
    ///
    /// They are the `RecordBatch` of version 59 of the crate `arrow` or `arrow-array`:
    /// to Rust, batches of another version are of another type. A DataFusion with this
    /// version of Arrow gives such batches by `df.collect().await?`. Polars has Arrow
    /// types of its own: pass its columns to [`from_columns`](Self::from_columns), or
    /// write an Arrow file with its `IpcWriter` and [`open`](Self::open) it.
    ///
    /// # Errors
    ///
    /// No batch, batches of different schemas, or columns without distinct names.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    /// use linreg_fit::{FitConfig, Table};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let area: ArrayRef = Arc::new(Float64Array::from(vec![50.0, 60.0, 70.0, 80.0]));
    /// let town: ArrayRef = Arc::new(StringArray::from(vec!["Bonn", "Ulm", "Ulm", "Bonn"]));
    /// let price: ArrayRef = Arc::new(Float64Array::from(vec![200.0, 250.0, 290.0, 320.0]));
    /// let columns = [("area", area), ("town", town), ("price", price)];
    /// let table = Table::from_batches(vec![RecordBatch::try_from_iter(columns)?])?;
    /// // price = 4 area + 10 (town is Ulm)
    /// let fitted = FitConfig::to("price").run(&table)?;
    /// assert!((fitted.model.coefficients().weight()[1] - 10.0).abs() < 1e-12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_batches(batches: Vec<RecordBatch>) -> Result<Self, FitError> {
        Ok(Self::in_memory(MemoryTable::from_batches(batches)?))
    }

    fn in_memory(table: MemoryTable) -> Self {
        Self::of(Arc::new(table), "the table")
    }

    /// Takes a source of rows, to be read on all cores of this machine, and how to
    /// name it in messages.
    pub fn of(source: Arc<dyn Source>, name: &str) -> Self {
        Self {
            source,
            engine: Arc::new(Threads::default()),
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

    /// The same table, whose rows are read on this engine. Models of it have the
    /// same bits on every engine, except for the last digits of those that are trained on
    /// wgpu by other machines.
    pub fn on(mut self, engine: Arc<dyn Engine>) -> Self {
        self.engine = engine;
        self
    }

    /// What reads the rows.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// The rows of a set, encoded as they are read.
    pub(crate) fn rows(
        &self,
        encoder: &Encoder,
        split: impl Into<SplitRows>,
        set: Set,
    ) -> Result<EncodedSource, DataError> {
        let rows = EncodedSource::new(self.source.clone(), encoder, split, set)?;
        Ok(rows.on(self.engine.clone()))
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
            shown_name(path)
        }
    };
    match files {
        [only] => name(only),
        [first, others @ ..] => format!("{} and {} more files", name(first), others.len()),
        [] => String::new(),
    }
}
