use std::any::Any;
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Once};

use arrow_array::RecordBatch;

use crate::DataError;
use crate::input::FileState;
use crate::source::{Chunk, Origin};

/// A file of a binary format that is read a part at a time, and has to stay as
/// it was when it was opened.
pub(crate) struct DataFile {
    state: FileState,
    name: Arc<str>,
    format: &'static str,
}

impl DataFile {
    pub(crate) fn new(path: &Path, format: &'static str) -> Result<Self, DataError> {
        Ok(Self {
            state: FileState::open(path)?,
            name: path.display().to_string().into(),
            format,
        })
    }

    pub(crate) fn length(&self) -> u64 {
        self.state.num_bytes()
    }

    /// A file handle with a position of its own, so that threads do not move
    /// each other's.
    pub(crate) fn open(&self) -> Result<File, DataError> {
        self.state.check()?;
        self.state.reader()
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
        self.state.check()?;
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.decode_error(error)),
            Err(panic) => Err(self.damaged(panic_message(panic.as_ref()))),
        }
    }

    /// The error that the contents are not what the format asks for.
    pub(crate) fn damaged(&self, reason: impl ToString) -> DataError {
        DataError::Damaged {
            file: self.name.to_string(),
            format: self.format,
            reason: reason.to_string(),
        }
    }

    fn decode_error(&self, error: DataError) -> DataError {
        match error {
            DataError::Arrow(error) => self.damaged(error),
            DataError::Parquet(error) => self.damaged(error),
            DataError::Io(error) if is_about_contents(&error) => self.damaged(error),
            other => other,
        }
    }

    /// Rows of the file in memory.
    pub(crate) fn chunk(&self, batch: RecordBatch, first_row: u64) -> Chunk {
        let file = self.name.clone();
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
