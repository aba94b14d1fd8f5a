use std::ops::ControlFlow;

use super::dialect::Dialect;
use super::records::{Event, scan};

/// Returns the records among some bytes, without the lines that are no
/// rows, and with a single space for each delimiter of spaces.
pub(super) fn clean(bytes: &[u8], dialect: Dialect) -> Vec<u8> {
    let mut cleaned = Vec::with_capacity(bytes.len());
    // Wrong quotes were reported when the records were found.
    let _ = scan(bytes, dialect, true, |event| {
        if let Event::Record(found) = event {
            let record = &bytes[found.start..found.end];
            if dialect.has_runs() {
                without_runs(record, &mut cleaned)
            } else {
                cleaned.extend_from_slice(record)
            }
        }
        ControlFlow::Continue(())
    });
    cleaned
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
        assert_eq!(clean(text, dialect), rows);
    }

    #[test]
    fn runs_of_spaces_are_one_but_in_quotes() {
        let spaces = Dialect::of(b' ');
        let text = b"  a   \"b  c\"  d  \n\n 1  \"x \"\" y\"   3\r\n";
        let rows = &b"a \"b  c\" d\n1 \"x \"\" y\" 3\r\n"[..];
        assert_eq!(clean(text, spaces), rows);
    }
}
