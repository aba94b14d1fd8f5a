use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::dialect::Dialect;
use super::records::{Problem, Records, find_records, locate};
use crate::DataError;
use crate::source::Origin;

/// Bytes that are read at once: enough to keep a core busy for milliseconds, and
/// little enough for several to stay in cache.
const BLOCK_BYTES: usize = 1 << 20;

/// Bytes of a row at most. Without a bound, a file that is no CSV would fill the
/// memory before anything can be said of it.
const MAX_RECORD_BYTES: usize = 1 << 26;

/// Some whole records of a CSV file.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// Number of the first record in the file, from 0, the header left out.
    pub first_row: u64,
    pub num_rows: u64,
    pub start: Start,
    /// Whether there is more than records with one delimiter between two cells.
    pub needs_cleaning: bool,
    file: Arc<str>,
    dialect: Dialect,
    /// Where records stand that have been asked for: the examples of thousands of
    /// columns are in one record, which is to be looked for once.
    places: Mutex<HashMap<u64, String>>,
}

/// Where a block starts in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Start {
    /// Offset of its first byte, from 0, in the file as it is decompressed.
    pub byte: u64,
    /// Lines before it.
    pub line: u64,
}

impl Start {
    /// A line and a byte after the start, as a message names them.
    fn place(self, file: &str, line: u64, byte: usize) -> String {
        let (line, byte) = (self.line + line + 1, self.byte + byte as u64);
        format!("{file}: line {line} (byte {byte})")
    }
}

impl Block {
    pub fn new(
        bytes: Vec<u8>,
        rows: std::ops::Range<u64>,
        start: Start,
        file: Arc<str>,
        dialect: Dialect,
    ) -> Self {
        Self {
            bytes,
            first_row: rows.start,
            num_rows: rows.end - rows.start,
            start,
            needs_cleaning: dialect.has_runs(),
            file,
            dialect,
            places: Mutex::default(),
        }
    }

    /// The records for a reader of CSV, which knows nothing of the lines between
    /// them that are passed over.
    pub fn records(&self) -> Cow<'_, [u8]> {
        match self.needs_cleaning {
            true => self.dialect.clean(&self.bytes).into(),
            false => Cow::Borrowed(&self.bytes),
        }
    }

    /// Where the record of this number in the block stands.
    pub fn place(&self, record: u64) -> String {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(record).or_insert_with(|| {
            match locate(&self.bytes, self.dialect, true, record) {
                Some(found) => self.start.place(&self.file, found.line, found.start),
                None => self.file.to_string(),
            }
        });
        place.clone()
    }
}

impl Origin for Block {
    fn place(&self, row: usize) -> String {
        Block::place(self, row as u64)
    }
}

/// Divides a CSV file into blocks of whole records.
pub(super) struct Blocks<R> {
    input: R,
    file: Arc<str>,
    dialect: Dialect,
    num_columns: usize,
    /// Bytes read that are yet in no block.
    rest: Vec<u8>,
    start: Start,
    next_row: u64,
    /// A blank line that may turn out to stand between records.
    blank: Option<u64>,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// Blocks of the records in `rest` and then in `input`, which start here.
    pub fn new(
        input: R,
        rest: Vec<u8>,
        start: Start,
        file: Arc<str>,
        dialect: Dialect,
        num_columns: usize,
    ) -> Self {
        Self {
            input,
            file,
            dialect,
            num_columns,
            rest,
            start,
            next_row: 0,
            blank: None,
            ended: false,
        }
    }

    fn next_block(&mut self) -> Result<Option<Block>, DataError> {
        let mut size = BLOCK_BYTES;
        loop {
            let last = fill(&mut self.input, &mut self.rest, size)
                .map_err(|error| unreadable(&self.file, &error))?;
            let records = find_records(&self.rest, self.dialect, last)
                .map_err(|problem| self.wrong_quote(problem))?;
            if self.num_columns == 1 {
                self.check_blank(&records)?;
            }
            if records.end == 0 && !last {
                if size >= MAX_RECORD_BYTES {
                    return Err(self.too_long());
                }
                size *= 4;
                continue;
            }
            let rest = self.rest.split_off(records.end);
            let bytes = std::mem::replace(&mut self.rest, rest);
            let (start, first_row) = (self.start, self.next_row);
            self.start.byte += bytes.len() as u64;
            self.start.line += records.lines;
            self.next_row += records.count;
            if records.count > 0 {
                let rows = first_row..self.next_row;
                let file = self.file.clone();
                let mut block = Block::new(bytes, rows, start, file, self.dialect);
                block.needs_cleaning |= records.has_others;
                return Ok(Some(block));
            }
            if last {
                return Ok(None);
            }
        }
    }

    /// Blank lines are no rows, but in a file of one column one between others
    /// may be a missing cell.
    fn check_blank(&mut self, records: &Records) -> Result<(), DataError> {
        let line = |line| self.start.line + line + 1;
        let at_start = records.blank_at_start.map(line);
        let between = match (records.count, self.next_row) {
            (0, 0) => None,
            (0, _) => {
                self.blank = self.blank.or(at_start);
                None
            }
            (_, 0) => records.blank.map(line),
            _ => self.blank.or(at_start).or(records.blank.map(line)),
        };
        if let Some(line) = between {
            return Err(DataError::Row {
                place: format!("{}: line {line}", self.file),
                problem: "blank, and in a file of one column that may be a missing cell; remove the line, or write the cell".to_string(),
            });
        }
        if records.count > 0 {
            self.blank = records.blank_at_end.map(line);
        }
        Ok(())
    }

    fn wrong_quote(&self, problem: Problem) -> DataError {
        let (line, problem) = match problem {
            Problem::Unclosed { line } => (
                line,
                "the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice".to_string(),
            ),
            Problem::AfterQuote { line, start } => (
                line,
                format!(
                    "there is text after the closing quote of the cell that begins on line {}; write a quote inside a cell twice",
                    self.start.line + start + 1
                ),
            ),
        };
        DataError::Row {
            place: format!("{}: line {}", self.file, self.start.line + line + 1),
            problem,
        }
    }

    fn too_long(&self) -> DataError {
        let problem = match self.rest.contains(&b'"') {
            true => {
                "the row that begins here is longer than 64 MiB; is a quoted cell never closed?"
            }
            false => "the row that begins here is longer than 64 MiB; is this a CSV file?",
        };
        DataError::Row {
            place: self.start.place(&self.file, 0, 0),
            problem: problem.to_string(),
        }
    }
}

impl<R: Read> Iterator for Blocks<R> {
    type Item = Result<Block, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = self.next_block().transpose();
        self.ended = !matches!(block, Some(Ok(_)));
        block
    }
}

/// Reads until there are `size` bytes; true at the end of the input.
pub(super) fn fill(
    input: &mut impl Read,
    bytes: &mut Vec<u8>,
    size: usize,
) -> std::io::Result<bool> {
    let missing = size.saturating_sub(bytes.len());
    bytes.reserve_exact(missing + BLOCK_BYTES / 8);
    let read = input.take(missing as u64).read_to_end(bytes)?;
    Ok(read < missing)
}

/// What an error of the file system or of a decompressor means.
pub(super) fn unreadable(file: &str, error: &std::io::Error) -> DataError {
    match error.kind() {
        ErrorKind::UnexpectedEof => DataError::File {
            file: file.to_string(),
            problem: "the compressed file ends early; it is cut short or damaged".to_string(),
        },
        _ => crate::input::unreadable(file, error),
    }
}
