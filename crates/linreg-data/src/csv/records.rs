use std::ops::ControlFlow;

use memchr::memchr_iter;

use super::dialect::{Dialect, Passed};

/// Wrong quotes: a CSV reader would take the lines after them for the rest of a
/// cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Problem {
    /// A quoted cell that begins on this line, from 0, is never closed.
    Unclosed { line: u64 },
    /// On `line` there is text after the closing quote of the cell that begins
    /// on line `start`, both from 0.
    AfterQuote { line: u64, start: u64 },
}

/// The whole records at the start of some bytes that begin with a record.
///
/// Lines end in LF, CRLF or CR. The format is that of RFC 4180, section 2, but
/// blank lines are no records, and spaces may follow a closing quote.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Records {
    /// The number of records.
    pub count: u64,
    /// The position of the first byte after them.
    pub end: usize,
    /// The number of lines up to there.
    pub lines: u64,
    /// The first blank line before the first record, between records, and after
    /// the last record.
    pub blank_at_start: Option<u64>,
    pub blank: Option<u64>,
    pub blank_at_end: Option<u64>,
    /// Whether there are lines that are no records and not empty, which a CSV
    /// reader would take for records.
    pub has_others: bool,
}

/// Finds the whole records; with `last`, the end of the bytes ends a record
/// too.
pub(super) fn find_records(bytes: &[u8], dialect: Dialect, last: bool) -> Result<Records, Problem> {
    let mut records = Records::default();
    let mut take = |event| {
        records.take(event);
        ControlFlow::Continue(())
    };
    if !scan_lines(bytes, dialect, last, &mut take) {
        scan(bytes, dialect, last, take)?;
    }
    Ok(records)
}

/// The position of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Location {
    pub start: usize,
    /// The line on which it begins, from 0.
    pub line: u64,
    pub end: usize,
    /// The number of lines up to its end.
    pub lines: u64,
}

/// Returns the position of the record with this number, if the bytes hold all
/// of it.
pub(super) fn locate(bytes: &[u8], dialect: Dialect, last: bool, record: u64) -> Option<Location> {
    let mut found = None;
    let mut before = record;
    let mut take = |event| match event {
        Event::Record(location) if before == 0 => {
            found = Some(location);
            ControlFlow::Break(())
        }
        Event::Record(_) => {
            before -= 1;
            ControlFlow::Continue(())
        }
        Event::Passed { .. } => ControlFlow::Continue(()),
    };
    if !scan_lines(bytes, dialect, last, &mut take) {
        // Wrong quotes are reported when the records are found.
        let _ = scan(bytes, dialect, last, take);
    }
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
            Event::Passed { what, line, end } => {
                let first = match self.count {
                    0 => &mut self.blank_at_start,
                    _ => &mut self.blank_at_end,
                };
                if what != Passed::Comment {
                    first.get_or_insert(line);
                }
                self.has_others |= what != Passed::Empty;
                (self.end, self.lines) = (end, line + 1);
            }
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Event {
    Record(Location),
    /// A line that is no record.
    Passed {
        what: Passed,
        line: u64,
        end: usize,
    },
}

pub(super) fn has_quotes_or_single_crs(bytes: &[u8]) -> bool {
    let next_is_lf = |index: usize| bytes.get(index + 1) == Some(&b'\n');
    memchr::memchr(b'"', bytes).is_some() || !memchr_iter(b'\r', bytes).all(next_is_lf)
}

/// As [`scan`], if there are no quotes and no single CRs: then a record is a line
/// that is not blank. This takes a tenth of the time. Returns whether it is so.
fn scan_lines(
    bytes: &[u8],
    dialect: Dialect,
    last: bool,
    mut tell: impl FnMut(Event) -> ControlFlow<()>,
) -> bool {
    if has_quotes_or_single_crs(bytes) {
        return false;
    }
    let (mut start, mut line) = (0, 0);
    let mut take = |end: usize, text_end: usize| {
        let event = match dialect.passes(&bytes[start..text_end]) {
            Some(what) => Event::Passed { what, line, end },
            None => Event::Record(Location {
                start,
                line,
                end,
                lines: line + 1,
            }),
        };
        (start, line) = (end, line + 1);
        tell(event)
    };
    for lf in memchr_iter(b'\n', bytes) {
        if take(lf + 1, lf).is_break() {
            return true;
        }
    }
    let rest = bytes.len();
    if last && !bytes.is_empty() && bytes[rest - 1] != b'\n' {
        // This is the last event.
        let _ = take(rest, rest);
    }
    true
}

/// The end of a line.
struct Line {
    text_end: usize,
    /// The position after its line end.
    end: usize,
}

/// Returns the line that begins at `start`; None if more bytes may belong to
/// it.
fn line_at(bytes: &[u8], start: usize, last: bool) -> Option<Line> {
    let length = memchr::memchr2(b'\n', b'\r', &bytes[start..]);
    let Some(text_end) = length.map(|length| start + length) else {
        let end = bytes.len();
        return last.then_some(Line { text_end: end, end });
    };
    let end = match bytes[text_end..] {
        [b'\r', b'\n', ..] => text_end + 2,
        [b'\r'] if !last => return None,
        _ => text_end + 1,
    };
    Some(Line { text_end, end })
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

/// Calls `tell` with each record and each line that is no record. If a quote is
/// never closed, the records before it are still reported.
pub(super) fn scan(
    bytes: &[u8],
    dialect: Dialect,
    last: bool,
    mut tell: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let mut state = State::RecordStart;
    let mut line = 0;
    // The position and the line at which the record began.
    let (mut start, mut start_line) = (0, 0);
    let mut quote_line = 0;
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        // Empty lines are reported below.
        if state == State::RecordStart
            && (matches!(byte, b' ' | b'\t') || Some(byte) == dialect.comment)
        {
            let Some(found) = line_at(bytes, index, last) else {
                break;
            };
            if let Some(what) = dialect.passes(&bytes[index..found.text_end]) {
                line += 1;
                let end = found.end;
                if tell(Event::Passed {
                    what,
                    line: line - 1,
                    end,
                })
                .is_break()
                {
                    return Ok(());
                }
                index = end;
                continue;
            }
        }
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
            _ if byte == dialect.delimiter => State::CellStart,
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
                State::RecordStart => Event::Passed {
                    what: Passed::Empty,
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
            // This is the last event.
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

    const COMMA: Dialect = Dialect {
        delimiter: b',',
        comment: Some(b'#'),
    };

    proptest! {
        #[test]
        fn finds_the_records_that_the_csv_crate_finds(file in "[a,\" \n\r]{0,40}") {
            // The csv crate takes a line of spaces for a record.
            let is_blank = |line: &str| !line.is_empty() && line.trim_matches(' ').is_empty();
            prop_assume!(!file.split(['\n', '\r']).any(is_blank));
            if let Ok(records) = find_records(file.as_bytes(), COMMA, true) {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(file.as_bytes());
                prop_assert_eq!(reader.byte_records().count() as u64, records.count);
                prop_assert_eq!(records.end, file.len());
            }
        }

        #[test]
        fn the_short_way_is_the_long_way(file in "([a, #]{0,3}(\n|\r\n|\r)){0,8}[a, #]{0,2}", last: bool) {
            let (mut short, mut long) = (Vec::new(), Vec::new());
            let collect = |to: &mut Vec<Event>, event| {
                to.push(event);
                ControlFlow::Continue(())
            };
            if scan_lines(file.as_bytes(), COMMA, last, |event| collect(&mut short, event)) {
                let scanned = scan(file.as_bytes(), COMMA, last, |event| collect(&mut long, event));
                prop_assert_eq!(Ok(short), scanned.map(|()| long));
            }
        }

        #[test]
        fn blocks_hold_the_records_of_the_whole(file in "[a,#\" \n\r]{0,60}", cut in 0usize..60) {
            if let Ok(whole) = find_records(file.as_bytes(), COMMA, true) {
                let cut = cut.min(file.len());
                let first = find_records(&file.as_bytes()[..cut], COMMA, false);
                // A quote may look closed where the bytes end.
                if let Ok(first) = first {
                    let rest = find_records(&file.as_bytes()[first.end..], COMMA, true).unwrap();
                    prop_assert_eq!(first.count + rest.count, whole.count);
                    prop_assert_eq!(first.lines + rest.lines, whole.lines);
                }
            }
        }
    }

    /// Returns the line of each record.
    fn lines(file: &str) -> Result<Vec<u64>, Problem> {
        let count = find_records(file.as_bytes(), COMMA, true)?.count;
        let line = |record| locate(file.as_bytes(), COMMA, true, record).unwrap().line;
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
        let records = find_records(b"1\n\n2\n\n\n", COMMA, true).unwrap();
        assert_eq!((records.blank, records.blank_at_end), (Some(1), Some(3)));
    }
}
