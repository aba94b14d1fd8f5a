use std::ops::ControlFlow;

use memchr::memchr_iter;

/// Quotes that are wrong: a reader would take the lines after them for the rest
/// of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Problem {
    /// A quoted cell that begins on this line, counted from 0, is not closed.
    Unclosed { line: u64 },
    /// On this line there is text after the closing quote of a cell that begins
    /// on that one.
    AfterQuote { line: u64, start: u64 },
}

/// The whole records at the start of some bytes that begin with a record.
///
/// Lines end in LF, CRLF or CR; blank ones are no records (RFC 4180, section 2,
/// but for those and for spaces after a closing quote).
#[derive(Debug, Default, PartialEq)]
pub(super) struct Records {
    /// Number of records.
    pub count: u64,
    /// Where the bytes after them begin.
    pub end: usize,
    /// Lines up to there.
    pub lines: u64,
    /// The first blank line before the first record, between records, and after
    /// the last.
    pub blank_at_start: Option<u64>,
    pub blank: Option<u64>,
    pub blank_at_end: Option<u64>,
}

/// Finds the whole records; with `last`, the end of the bytes ends one too.
pub(super) fn find_records(bytes: &[u8], delimiter: u8, last: bool) -> Result<Records, Problem> {
    match simple_records(bytes, last) {
        Some(records) => Ok(records),
        None => {
            let mut records = Records::default();
            scan(bytes, delimiter, last, |event| {
                records.take(event);
                ControlFlow::Continue(())
            })?;
            Ok(records)
        }
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Location {
    pub start: usize,
    /// The line it begins on, counted from 0.
    pub line: u64,
    pub end: usize,
    /// Lines up to its end.
    pub lines: u64,
}

/// Where the record of this number is, if the bytes hold it whole.
pub(super) fn locate(bytes: &[u8], delimiter: u8, last: bool, record: u64) -> Option<Location> {
    let mut found = None;
    let mut before = record;
    // Wrong quotes are told when the records are found.
    let _ = scan(bytes, delimiter, last, |event| match event {
        Event::Record(location) if before == 0 => {
            found = Some(location);
            ControlFlow::Break(())
        }
        Event::Record(_) => {
            before -= 1;
            ControlFlow::Continue(())
        }
        Event::Blank { .. } => ControlFlow::Continue(()),
    });
    found
}

impl Records {
    fn take(&mut self, event: Event) {
        match event {
            Event::Record(Location { end, lines, .. }) => {
                self.count += 1;
                (self.end, self.lines) = (end, lines);
                self.blank = self.blank.or(self.blank_at_end.take());
            }
            Event::Blank { line, end } => {
                let first = match self.count {
                    0 => &mut self.blank_at_start,
                    _ => &mut self.blank_at_end,
                };
                first.get_or_insert(line);
                (self.end, self.lines) = (end, line + 1);
            }
        }
    }
}

enum Event {
    Record(Location),
    Blank { line: u64, end: usize },
}

pub(super) fn has_quotes_or_single_crs(bytes: &[u8]) -> bool {
    let next_is_lf = |index: usize| bytes.get(index + 1) == Some(&b'\n');
    memchr::memchr(b'"', bytes).is_some() || !memchr_iter(b'\r', bytes).all(next_is_lf)
}

/// Without quotes and single CRs a record is a line that is not blank, which
/// takes a tenth of the time of the scan.
fn simple_records(bytes: &[u8], last: bool) -> Option<Records> {
    if has_quotes_or_single_crs(bytes) {
        return None;
    }
    let mut records = Records::default();
    let mut take = |end: usize, text_end: usize| {
        let (start, line) = (records.end, records.lines);
        records.take(match &bytes[start..text_end] {
            b"" | b"\r" => Event::Blank { line, end },
            _ => Event::Record(Location {
                start,
                line,
                end,
                lines: line + 1,
            }),
        });
    };
    for lf in memchr_iter(b'\n', bytes) {
        take(lf + 1, lf);
    }
    let rest = bytes.len();
    if last && !bytes.is_empty() && bytes[rest - 1] != b'\n' {
        take(rest, rest);
    }
    Some(records)
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

/// Tells of each record and each blank line. A quote that is not closed takes no
/// records with it: what comes before it is told.
fn scan(
    bytes: &[u8],
    delimiter: u8,
    last: bool,
    mut tell: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let mut state = State::RecordStart;
    let mut line = 0;
    // Where the record began.
    let (mut start, mut start_line) = (0, 0);
    let mut quote_line = 0;
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        let mut next = index + 1;
        let ends_line = byte == b'\n' || byte == b'\r';
        if byte == b'\r' {
            match bytes.get(next) {
                Some(b'\n') => next += 1,
                Some(_) => {}
                // It may be the first half of a CRLF.
                None if !last => break,
                None => {}
            }
        }
        let before = state;
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
            _ if ends_line => State::RecordStart,
            _ if byte == delimiter => State::CellStart,
            (State::RecordStart | State::CellStart, b'"') => {
                quote_line = line;
                State::Quoted
            }
            (State::Quote | State::Closed, b' ') => State::Closed,
            (State::Quote | State::Closed, _) => {
                return Err(Problem::AfterQuote {
                    line,
                    start: quote_line,
                });
            }
            _ => State::Unquoted,
        };
        if before == State::RecordStart && !ends_line {
            (start, start_line) = (index, line);
        }
        line += u64::from(ends_line);
        if state == State::RecordStart {
            let told = tell(match before {
                State::RecordStart => Event::Blank {
                    line: line - 1,
                    end: next,
                },
                _ => Event::Record(Location {
                    start,
                    line: start_line,
                    end: next,
                    lines: line,
                }),
            });
            if told.is_break() {
                return Ok(());
            }
        }
        index = next;
    }
    if last {
        if state == State::Quoted {
            return Err(Problem::Unclosed { line: quote_line });
        }
        if state != State::RecordStart {
            // The last event of all.
            let _ = tell(Event::Record(Location {
                start,
                line: start_line,
                end: bytes.len(),
                lines: line + 1,
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scanned(bytes: &[u8], last: bool) -> Result<Records, Problem> {
        let mut records = simple_records(b"", true).unwrap();
        scan(bytes, b',', last, |event| {
            records.take(event);
            ControlFlow::Continue(())
        })?;
        Ok(records)
    }

    proptest! {
        #[test]
        fn finds_the_records_that_the_csv_crate_finds(file in "[a,\" \n\r]{0,40}") {
            if let Ok(records) = find_records(file.as_bytes(), b',', true) {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(file.as_bytes());
                prop_assert_eq!(reader.byte_records().count() as u64, records.count);
                prop_assert_eq!(records.end, file.len());
            }
        }

        #[test]
        fn the_short_way_is_the_long_way(file in "([a,]{0,3}(\n|\r\n|\r)){0,8}[a,]{0,2}", last: bool) {
            if let Some(records) = simple_records(file.as_bytes(), last) {
                prop_assert_eq!(Ok(records), scanned(file.as_bytes(), last));
            }
        }

        #[test]
        fn blocks_hold_the_records_of_the_whole(file in "[a,\" \n\r]{0,60}", cut in 0usize..60) {
            if let Ok(whole) = find_records(file.as_bytes(), b',', true) {
                let cut = cut.min(file.len());
                let first = find_records(&file.as_bytes()[..cut], b',', false);
                // A quote may look closed where the bytes end.
                if let Ok(first) = first {
                    let rest = find_records(&file.as_bytes()[first.end..], b',', true).unwrap();
                    prop_assert_eq!(first.count + rest.count, whole.count);
                    prop_assert_eq!(first.lines + rest.lines, whole.lines);
                }
            }
        }
    }

    /// The lines of the records.
    fn lines(file: &str) -> Result<Vec<u64>, Problem> {
        let count = find_records(file.as_bytes(), b',', true)?.count;
        let line = |record| locate(file.as_bytes(), b',', true, record).unwrap().line;
        Ok((0..count).map(line).collect())
    }

    #[test]
    fn knows_where_records_start_whatever_ends_a_line() {
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
            assert_eq!(lines(&file.join(end)), Ok(vec![0, 2, 6, 7]), "{end:?}");
        }
        assert_eq!(lines(""), Ok(vec![]));
    }

    #[test]
    fn refuses_quotes_that_would_swallow_lines() {
        assert_eq!(
            lines("a,note\n1,\"two\n2,x\n3,y\n"),
            Err(Problem::Unclosed { line: 1 })
        );
        assert_eq!(
            lines("a,note\n1,\"two\n2,\"x\"\n"),
            Err(Problem::AfterQuote { line: 2, start: 1 })
        );
    }

    #[test]
    fn tells_blank_lines_inside_from_those_at_the_end() {
        let records = find_records(b"1\n\n2\n\n\n", b',', true).unwrap();
        assert_eq!((records.blank, records.blank_at_end), (Some(1), Some(3)));
    }
}
