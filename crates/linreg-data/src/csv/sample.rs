use std::ops::{ControlFlow, Range};

use super::clean::clean;
use super::decode::cells;
use super::dialect::Dialect;
use super::records::{Event, Location, scan};

/// The number of records after the header row that show how the file is
/// written, and their bytes without the first of them.
const SAMPLE: usize = 100;
const SAMPLE_BYTES: usize = 1 << 21;

/// The first records of a file.
pub(super) struct Sample<'a> {
    /// The file from the header row on.
    pub text: &'a [u8],
    pub dialect: Dialect,
    /// The positions of the header row and of the records after it.
    pub records: Vec<Location>,
    /// The number of lines before the text.
    pub lines: u64,
}

impl<'a> Sample<'a> {
    pub fn new(text: &'a [u8], dialect: Dialect, last: bool, lines: u64) -> Self {
        let mut records = Vec::new();
        // Wrong quotes are reported when the records are read.
        let _ = scan(text, dialect, last, |event| {
            let mut is_enough = false;
            if let Event::Record(found) = event {
                let end = records.first().unwrap_or(&found).end;
                is_enough = records.len() > 1 && found.end - end > SAMPLE_BYTES;
                records.push(found);
            }
            if is_enough || records.len() > SAMPLE {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        Self {
            text,
            dialect,
            records,
            lines,
        }
    }

    /// Returns the sample as another delimiter divides it.
    pub fn divided_by(&self, delimiter: u8) -> Self {
        let dialect = Dialect {
            delimiter,
            ..self.dialect
        };
        Self::new(self.text, dialect, true, self.lines)
    }

    pub fn raw(&self, record: usize) -> &'a [u8] {
        let found = self.records[record];
        &self.text[found.start..found.end]
    }

    /// The cells of a record.
    pub fn cells(&self, record: usize) -> Vec<Vec<u8>> {
        if self.dialect.has_runs() {
            cells(&clean(self.raw(record), self.dialect), b' ')
        } else {
            cells(self.raw(record), self.dialect.delimiter)
        }
    }

    /// The line number of a record, from 1.
    pub fn line(&self, record: usize) -> u64 {
        self.lines + self.records[record].line + 1
    }

    /// The records after the header row.
    pub fn rows(&self) -> Range<usize> {
        1..self.records.len().max(1)
    }
}
