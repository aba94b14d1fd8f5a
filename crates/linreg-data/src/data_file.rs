use std::any::Any;
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::DataError;
use crate::input::{InputFile, InputReader, unreadable};
use crate::source::{Chunk, Origin, check_names};

/// A file of a binary format that is read a part at a time.
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

    pub(crate) fn length(&self) -> u64 {
        self.input.num_bytes()
    }

    /// A reader with a position of its own, so that threads do not move each
    /// other's.
    pub(crate) fn reader(&self) -> InputReader {
        self.input.reader()
    }

    /// An error unless the file is as it was when it was opened.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        self.input.check()
    }

    /// An error unless each column has a name of its own, and there are no more
    /// than can be used.
    pub(crate) fn check_names(&self, schema: &SchemaRef) -> Result<(), DataError> {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        check_names(&names).map_err(|problem| DataError::Header {
            place: self.input.name().to_string(),
            problem,
        })
    }

    /// Does what reads and decodes. What goes wrong, as decoders see it, is a
    /// damaged file, unless the file has changed or cannot be read.
    ///
    /// On damaged files the decoders of both formats panic too.
    pub(crate) fn decode<T>(
        &self,
        decode: impl FnOnce() -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let result = catch_quietly(decode);
        self.input.check()?;
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.decode_error(error)),
            Err(panic) => Err(self.damaged(panic_message(panic.as_ref()))),
        }
    }

    /// The error that the contents are not what the format asks for.
    pub(crate) fn damaged(&self, reason: impl ToString) -> DataError {
        DataError::Damaged {
            file: self.input.name().to_string(),
            format: self.format,
            reason: reason.to_string(),
        }
    }

    /// The error that the contents are not read, and why.
    pub(crate) fn refused(&self, problem: String) -> DataError {
        DataError::File {
            file: self.input.name().to_string(),
            problem,
        }
    }

    fn decode_error(&self, error: DataError) -> DataError {
        match error {
            DataError::Arrow(error) => self.damaged(error),
            DataError::Parquet(error) => self.damaged(error),
            DataError::Io(error) if is_about_contents(&error) => self.damaged(error),
            DataError::Io(error) => unreadable(self.input.name(), &error),
            other => other,
        }
    }

    /// Rows of the file in memory.
    pub(crate) fn chunk(&self, batch: RecordBatch, first_row: u64) -> Chunk {
        let file = self.input.name().clone();
        Chunk {
            batch,
            first_row,
            origin: Arc::new(NumberedRows { file, first_row }),
            cells: Arc::default(),
        }
    }
}

thread_local! {
    /// Whether a panic on this thread is about to be caught.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Catches a panic without the message that the program would print.
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

/// Decoders report bytes that are missing, or that do not decompress, as errors
/// of the operating system.
fn is_about_contents(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the decoder gave up").to_string()
}

/// Rows that a person finds by their numbers, counted from 1.
struct NumberedRows {
    file: Arc<str>,
    first_row: u64,
}

impl Origin for NumberedRows {
    fn place(&self, row: usize) -> String {
        format!("{}: row {}", self.file, self.first_row + row as u64 + 1)
    }
}
