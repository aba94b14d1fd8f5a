use std::any::Any;
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::input::{InputFile, unreadable};
use crate::numbered_rows::NumberedRows;
use crate::source::{Chunk, check_names};
use crate::{CsvOptions, DataError, FileIndex, Limit, Place, TableLocation};

/// The largest number of rows of a file, 17 trillion.
const MOST_ROWS: u64 = 1 << 44;

/// The largest number of rows of a file that has no value in any of them, 4 billion.
const MOST_ROWS_WITHOUT_VALUES: u64 = 1 << 32;

/// A file of a binary format that is read in parts.
pub(crate) struct DataFile {
    input: InputFile,
    format: &'static str,
}

impl DataFile {
    pub(crate) fn new(input: InputFile, format: &'static str) -> Self {
        Self { input, format }
    }

    pub(crate) fn input(&self) -> &InputFile {
        &self.input
    }

    /// Where a table of this one file is.
    pub(crate) fn location(&self, num_rows: u64) -> Option<TableLocation> {
        let index = FileIndex::InFile { num_rows };
        Some(TableLocation {
            files: vec![self.input.location(Some(index))?],
            reading: CsvOptions::default(),
            first_row: 0,
        })
    }

    /// Checks before a pass that the file has not changed since it was opened.
    pub(crate) fn begin_pass(&self) -> Result<(), DataError> {
        self.input.begin_pass()
    }

    /// Checks the number of rows that the file says it has. Where no column has
    /// values, nothing else limits how long they are counted.
    pub(crate) fn check_rows(&self, num_rows: u64, has_values: bool) -> Result<(), DataError> {
        let (most, what) = if has_values {
            (MOST_ROWS, "")
        } else {
            (MOST_ROWS_WITHOUT_VALUES, " without a value")
        };
        if num_rows <= most {
            return Ok(());
        }
        Err(self.damaged(format!(
            "it is said to have {num_rows} rows{what}, and the limit is {most}"
        )))
    }

    /// Checks that every column has a distinct name, and that there are not too
    /// many.
    pub(crate) fn check_names(&self, schema: &SchemaRef) -> Result<(), DataError> {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        check_names(&names).map_err(|problem| DataError::Header {
            place: Place::of_file(&**self.input.name()),
            problem: problem.into(),
        })
    }

    /// Calls a function that reads and decodes. Its error means a damaged file,
    /// unless the file has changed or cannot be read.
    ///
    /// Panics are caught too: on damaged files, the decoders of both formats
    /// may panic.
    pub(crate) fn decode<T>(
        &self,
        decode: impl FnOnce() -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        match self.input.checked(|| catch_quietly(decode))? {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.decode_error(error)),
            Err(panic) => Err(self.damaged(panic_message(panic.as_ref()))),
        }
    }

    /// Returns the error that the contents do not follow the format.
    pub(crate) fn damaged(&self, reason: impl ToString) -> DataError {
        DataError::Damaged {
            file: self.input.name().to_string(),
            format: self.format,
            reason: reason.to_string(),
        }
    }

    /// Returns the error that the contents are refused, and why.
    pub(crate) fn refused(&self, limit: Limit) -> DataError {
        DataError::File {
            file: self.input.name().to_string(),
            problem: limit.into(),
        }
    }

    fn decode_error(&self, error: DataError) -> DataError {
        match error {
            DataError::Arrow(error) => self.damaged(error),
            #[cfg(feature = "parquet")]
            DataError::Parquet(error) => self.damaged(error),
            DataError::Io(error) if is_about_contents(&error) => self.damaged(error),
            DataError::Io(error) => unreadable(self.input.name(), error),
            other => other,
        }
    }

    /// Returns rows of the file as a chunk.
    pub(crate) fn chunk(&self, batch: RecordBatch, first_row: u64) -> Chunk {
        Chunk {
            batch,
            first_row,
            origin: NumberedRows::origin(self.input.name(), first_row),
            cells: Arc::default(),
        }
    }
}

thread_local! {
    /// Whether a panic on this thread is about to be caught.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Catches a panic and suppresses the message that the program would print.
fn catch_quietly<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                others(panic);
            }
        }));
    });
    IS_CAUGHT.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(false);
    result
}

/// Whether an I/O error is about the contents of a file: decoders report bytes
/// that are missing or do not decompress as I/O errors without an error number
/// of the operating system.
fn is_about_contents(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the decoder gave up").to_string()
}
