use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::clean::clean;
use super::dialect::Dialect;
use super::records::{Problem, Records, find_records, locate};
use crate::source::Origin;
use crate::{DataError, FileProblem, Place, RowProblem};

/// The bytes that are read at once: enough to keep a core busy for
/// milliseconds, and few enough for several blocks to stay in the cache.
const BLOCK_BYTES: usize = 1 << 20;

/// The largest size of a row in bytes. Without this limit, a file that is not
/// CSV would fill the memory before there is an error.
const MAX_RECORD_BYTES: usize = 1 << 26;

/// Some whole records of a CSV file.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// The number of the first record in the file, from 0, not counting the
    /// header row.
    pub first_row: u64,
    pub num_rows: u64,
    pub start: Start,
    /// Whether [`Dialect::clean`] is needed before a CSV reader can read it.
    pub needs_cleaning: bool,
    file: Arc<str>,
    dialect: Dialect,
    /// The places that have been asked for: the examples of thousands of
    /// columns are in one record, which should be searched for only once.
    places: Mutex<HashMap<u64, Place>>,
}

/// Where a block starts in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Start {
    /// The offset of its first byte, from 0, in the decompressed file.
    pub byte: u64,
    /// The number of lines before it.
    pub line: u64,
}

impl Start {
    /// Returns the place of a line and a byte after the start.
    fn place(self, file: &str, line: u64, byte: usize) -> Place {
        Place {
            byte: Some(self.byte + byte as u64),
            ..Place::of_line(file, self.line + line + 1)
        }
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

    /// Returns the records for a CSV reader, without the lines between them
    /// that are no rows.
    pub fn records(&self) -> Cow<'_, [u8]> {
        if self.needs_cleaning {
            clean(&self.bytes, self.dialect).into()
        } else {
            Cow::Borrowed(&self.bytes)
        }
    }

    /// Returns the place of the record with this number in the block.
    pub fn place(&self, record: u64) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(record).or_insert_with(|| {
            match locate(&self.bytes, self.dialect, true, record) {
                Some(found) => self.start.place(&self.file, found.line, found.start),
                None => Place::of_file(&*self.file),
            }
        });
        place.clone()
    }
}

impl Origin for Block {
    fn place(&self, row: usize) -> Place {
        Block::place(self, row as u64)
    }
}

/// Divides a CSV file into blocks of whole records.
pub(super) struct Blocks<R> {
    input: R,
    file: Arc<str>,
    dialect: Dialect,
    num_columns: usize,
    /// The bytes that have been read and are in no block yet.
    rest: Vec<u8>,
    start: Start,
    next_row: u64,
    /// A blank line that may turn out to be between records.
    blank: Option<u64>,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// Divides the records in `rest` and then in `input`, which begin at
    /// `start`.
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
                .map_err(|error| unreadable(&self.file, error))?;
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

    /// Refuses blank lines between records in a file of one column: elsewhere
    /// blank lines are skipped, but there one may be a missing value.
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
                place: Place::of_line(&*self.file, line),
                problem: RowProblem::Blank,
            });
        }
        if records.count > 0 {
            self.blank = records.blank_at_end.map(line);
        }
        Ok(())
    }

    fn wrong_quote(&self, problem: Problem) -> DataError {
        let number = |line: u64| self.start.line + line + 1;
        let (line, problem) = match problem {
            Problem::Unclosed { line } => (line, RowProblem::OpenQuote),
            Problem::AfterQuote { line, start } => {
                let start = number(start);
                (line, RowProblem::AfterQuote { start })
            }
        };
        DataError::Row {
            place: Place::of_line(&*self.file, number(line)),
            problem,
        }
    }

    fn too_long(&self) -> DataError {
        DataError::Row {
            place: self.start.place(&self.file, 0, 0),
            problem: RowProblem::TooLong {
                has_quote: self.rest.contains(&b'"'),
            },
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

/// Reads until there are `size` bytes; returns true at the end of the input.
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

/// Returns the error for a failure of the file system or of a decompressor.
pub(super) fn unreadable(file: &str, error: std::io::Error) -> DataError {
    match error.kind() {
        ErrorKind::UnexpectedEof => DataError::File {
            file: file.to_string(),
            problem: FileProblem::CutShort,
        },
        _ => crate::input::unreadable(file, error),
    }
}
