use std::ops::ControlFlow;

use super::records::{Event, scan};

/// The delimiter of a CSV file, and which of its lines are comments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dialect {
    /// The delimiter; a space stands for one or more spaces.
    pub delimiter: u8,
    /// The first byte of lines that are comments.
    pub comment: Option<u8>,
}

/// What a line that is no row is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Passed {
    /// An empty line.
    Empty,
    /// A line with nothing but spaces and tabs.
    Spaces,
    Comment,
}

impl Dialect {
    /// A dialect without comments.
    #[cfg(test)]
    pub fn of(delimiter: u8) -> Self {
        Self {
            delimiter,
            comment: None,
        }
    }

    /// Says what a line is if it is no row; `line` does not include the line
    /// end.
    pub fn passes(self, line: &[u8]) -> Option<Passed> {
        let is_space = |byte: &u8| *byte == b' ' || (*byte == b'\t' && self.delimiter != b'\t');
        let first = line.first().filter(|byte| **byte != b'\r');
        match first {
            None => Some(Passed::Empty),
            Some(byte) if Some(*byte) == self.comment => Some(Passed::Comment),
            Some(byte) if is_space(byte) => {
                let text = line.strip_suffix(b"\r").unwrap_or(line);
                text.iter().all(is_space).then_some(Passed::Spaces)
            }
            Some(_) => None,
        }
    }

    /// Whether blocks have to be cleaned even if every line is a row, because
    /// several spaces may be one delimiter.
    pub fn has_runs(self) -> bool {
        self.delimiter == b' '
    }

    /// Returns the records among some bytes, without the lines that are no
    /// rows, and with a single space for each delimiter of spaces.
    pub fn clean(self, bytes: &[u8]) -> Vec<u8> {
        let mut cleaned = Vec::with_capacity(bytes.len());
        // Wrong quotes were reported when the records were found.
        let _ = scan(bytes, self, true, |event| {
            if let Event::Record(found) = event {
                let record = &bytes[found.start..found.end];
                if self.has_runs() {
                    without_runs(record, &mut cleaned)
                } else {
                    cleaned.extend_from_slice(record)
                }
            }
            ControlFlow::Continue(())
        });
        cleaned
    }
}

/// Appends a record with one space between cells and none around them.
fn without_runs(record: &[u8], cleaned: &mut Vec<u8>) {
    let (mut is_quoted, mut is_start, mut is_pending) = (false, true, false);
    let first = cleaned.len();
    for byte in record {
        match byte {
            b' ' if !is_quoted => {
                (is_pending, is_start) = (true, true);
                continue;
            }
            b'"' => is_quoted = !is_quoted && is_start,
            _ => {}
        }
        let ends_line = !is_quoted && matches!(byte, b'\n' | b'\r');
        if std::mem::take(&mut is_pending) && cleaned.len() > first && !ends_line {
            cleaned.push(b' ');
        }
        is_start = false;
        cleaned.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_is_left_of_the_lines() {
        let dialect = Dialect {
            delimiter: b',',
            comment: Some(b'#'),
        };
        let text = b"a,b\n# \"no, row\n  \n1,\"x\n# a cell\"\n\n2,y\n   ";
        let rows = &b"a,b\n1,\"x\n# a cell\"\n2,y\n"[..];
        assert_eq!(dialect.clean(text), rows);
    }

    #[test]
    fn runs_of_spaces_are_one_but_in_quotes() {
        let spaces = Dialect::of(b' ');
        let text = b"  a   \"b  c\"  d  \n\n 1  \"x \"\" y\"   3\r\n";
        let rows = &b"a \"b  c\" d\n1 \"x \"\" y\" 3\r\n"[..];
        assert_eq!(spaces.clean(text), rows);
    }
}
