use std::collections::VecDeque;
use std::io::{self, Read};

use crate::DataError;

/// Passes the bytes of a CSV file on, notes on which line each record starts,
/// and refuses quotes that are wrong: the csv crate would take the lines after
/// an unclosed quote for the rest of its cell.
///
/// Lines end in LF, CRLF or CR, and blank ones are no records (RFC 4180,
/// section 2, but for those and for spaces after a closing quote).
pub(crate) struct CsvLines<R> {
    input: R,
    state: State,
    /// The line of the next byte, from 1.
    line: u64,
    /// Whether the last byte was a carriage return.
    after_cr: bool,
    /// Where the last quoted cell began.
    quote_line: u64,
    num_bytes: u64,
    starts: VecDeque<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    RecordStart,
    CellStart,
    Unquoted,
    Quoted,
    /// After a quote that closes a cell, unless another quote follows.
    Quote,
    Closed,
}

impl<R: Read> CsvLines<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            state: State::RecordStart,
            line: 1,
            after_cr: false,
            quote_line: 0,
            num_bytes: 0,
            starts: VecDeque::new(),
        }
    }

    /// The line that the next record starts on; call it once for each record.
    pub fn next_record(&mut self) -> u64 {
        self.starts.pop_front().unwrap_or(self.line)
    }

    fn step(&mut self, byte: u8) -> Result<(), DataError> {
        const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
        self.num_bytes += 1;
        let index = self.num_bytes - 1;
        if index < 3 && byte == BYTE_ORDER_MARK[index as usize] {
            return Ok(());
        }
        let ends_line = matches!(byte, b'\n' | b'\r');
        if self.state == State::RecordStart && !ends_line {
            self.starts.push_back(self.line);
            self.state = State::CellStart;
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
            (_, b'\n' | b'\r') => State::RecordStart,
            (_, b',') => State::CellStart,
            (State::CellStart, b'"') => {
                self.quote_line = self.line;
                State::Quoted
            }
            (State::Quote | State::Closed, b' ') => State::Closed,
            (State::Quote | State::Closed, _) => {
                return Err(DataError::TextAfterQuote {
                    line: self.line,
                    start: self.quote_line,
                });
            }
            _ => State::Unquoted,
        };
        self.line += match byte {
            b'\r' => 1,
            b'\n' => u64::from(!self.after_cr),
            _ => 0,
        };
        self.after_cr = byte == b'\r';
        Ok(())
    }
}

impl<R: Read> Read for CsvLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let num_read = self.input.read(buffer)?;
        for byte in &buffer[..num_read] {
            self.step(*byte).map_err(io::Error::other)?;
        }
        if num_read == 0 && !buffer.is_empty() && self.state == State::Quoted {
            let line = self.quote_line;
            return Err(io::Error::other(DataError::UnclosedQuote { line }));
        }
        Ok(num_read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_the_records_that_the_csv_crate_finds(file in "[a,\" \n\r]{0,40}") {
            if let Ok(lines) = lines(&file) {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(file.as_bytes());
                prop_assert_eq!(reader.byte_records().count(), lines.len());
            }
        }
    }

    /// The lines of the records, or the message.
    fn lines(file: &str) -> Result<Vec<u64>, String> {
        let mut reader = CsvLines::new(file.as_bytes());
        let read = io::copy(&mut reader, &mut io::sink());
        read.map_err(|error| error.to_string())?;
        Ok(reader.starts.into())
    }

    #[test]
    fn notes_where_records_start_whatever_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let file = [
                "a,b",
                "",
                "1,\"two",
                "lines\"",
                "",
                "",
                "\"x\"\"y\" ,2",
                "3,5\" pipe",
            ];
            assert_eq!(lines(&file.join(end)), Ok(vec![1, 3, 7, 8]), "{end:?}");
        }
        assert_eq!(lines("\u{feff}\"a\nb\",c\n1,2\n"), Ok(vec![1, 3]));
        assert_eq!(lines(""), Ok(vec![]));
    }

    #[test]
    fn refuses_quotes_that_would_swallow_lines() {
        assert_eq!(
            lines("a,note\n1,\"two\n2,x\n3,y\n").unwrap_err(),
            "line 2: the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice"
        );
        assert_eq!(
            lines("a,note\n1,\"two\n2,\"x\"\n").unwrap_err(),
            "line 3: there is text after the closing quote of the cell that begins on line 2; write a quote inside a cell twice"
        );
    }
}
