use std::io::Read;

use super::blocks::{Start, fill, unreadable};
use super::dialect::Dialect;
use super::layout::Layout;
use super::records::locate;
use super::sample::Sample;
use super::separator::line_length;
use super::{foreign, separator, title};
use crate::sizes::MAX_HEADER_BYTES;
use crate::source::MAX_COLUMNS;
use crate::{CsvOptions, DataError, FileProblem, HeaderProblem, Place};

/// What the first lines of a file say about it.
pub(super) struct Header {
    pub layout: Layout,
    pub dialect: Dialect,
    /// The position of the first record after the header row, in the file and
    /// in the bytes that have been read.
    pub end: Start,
    pub num_bytes: usize,
}

impl Header {
    pub fn read(
        input: &mut impl Read,
        bytes: &mut Vec<u8>,
        file: &str,
        options: &CsvOptions,
    ) -> Result<Self, DataError> {
        let of_file = |problem: FileProblem| DataError::File {
            file: file.to_string(),
            problem,
        };
        // The first bytes hold the header row, unless it has very many columns.
        let mut size = 1 << 16;
        loop {
            let last = fill(input, bytes, size).map_err(|error| unreadable(file, error))?;
            let mark = check_encoding(bytes).map_err(of_file)?;
            if let Some(foreign) = foreign::what(&bytes[mark..]) {
                return Err(of_file(FileProblem::Foreign(foreign)));
            }
            let can_grow = !last && size < 1 << 26;
            let (mut start, mut lines) = (mark, 0);
            while lines < options.skip
                && let Some(length) = line_length(&bytes[start..])
            {
                start += length;
                lines += 1;
            }
            if lines < options.skip {
                if can_grow {
                    size *= 4;
                    continue;
                }
                let skip = options.skip;
                return Err(of_file(FileProblem::AllSkipped { lines, skip }));
            }
            let said = separator::said(&bytes[start..]);
            if let Some((_, length)) = said {
                start += length;
                lines += 1;
            }
            let text = &bytes[start..];
            let comment = options.comment;
            if let Some(line) = long_header(text, comment, last) {
                return Err(DataError::Header {
                    place: Place::of_line(file, lines + line + 1),
                    problem: HeaderProblem::TooLong,
                });
            }
            let delimiter = options.delimiter.or(said.map(|(delimiter, _)| delimiter));
            let delimiter = delimiter.unwrap_or_else(|| {
                let dialect = |delimiter| Dialect { delimiter, comment };
                let sample = |delimiter| Sample::new(text, dialect(delimiter), last, lines);
                separator::find(sample, options.text.decimal)
            });
            let dialect = Dialect { delimiter, comment };
            let Some(first) = locate(text, dialect, last, 0) else {
                if can_grow {
                    size *= 4;
                    continue;
                }
                let is_passed = |line: &[u8]| dialect.passes(line).is_some();
                return Err(of_file(if text.split(is_end).all(is_passed) {
                    FileProblem::Empty
                } else {
                    FileProblem::OpenHeader
                }));
            };
            let sample = Sample::new(text, dialect, last, lines);
            let layout = if options.no_header {
                Ok(Layout::numbered(sample.cells(0).len()))
            } else {
                title::check(&sample, options.delimiter.or(said.map(|said| said.0)))
                    .and_then(|()| Layout::of(&sample))
            };
            let layout = layout.map_err(|problem| DataError::Header {
                place: Place::of_line(file, sample.line(0)),
                problem,
            })?;
            if !options.no_header {
                start += first.end;
                lines += first.lines;
            }
            return Ok(Self {
                layout,
                dialect,
                end: Start {
                    byte: start as u64,
                    line: lines,
                },
                num_bytes: start,
            });
        }
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Returns the line, from 0, of a header row that no table has: one that is too
/// long, or has too many cells with any delimiter.
fn long_header(text: &[u8], comment: Option<u8>, last: bool) -> Option<u64> {
    let dialect = Dialect {
        delimiter: b',',
        comment,
    };
    let Some(first) = locate(text, dialect, last, 0) else {
        // Lines that are skipped may be longer.
        let line = text.split(is_end).next().unwrap_or_default();
        let is_long = text.len() as u64 > MAX_HEADER_BYTES && dialect.passes(line).is_none();
        return is_long.then_some(0);
    };
    let header = &text[first.start..first.end];
    let has_more = |delimiter: u8| memchr::memchr_iter(delimiter, header).count() >= MAX_COLUMNS;
    let is_long = header.len() as u64 > MAX_HEADER_BYTES || b",;\t| ".iter().any(|d| has_more(*d));
    is_long.then_some(first.line)
}

/// Returns the length of the byte order mark, or an error if the mark is not
/// that of UTF-8.
fn check_encoding(bytes: &[u8]) -> Result<usize, FileProblem> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(FileProblem::Utf16),
        _ => Ok(0),
    }
}
