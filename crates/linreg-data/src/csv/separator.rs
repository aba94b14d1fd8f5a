//! Finds the delimiter of a file if the user names none.

use super::sample::Sample;

/// Returns the delimiter that a first line such as `sep=;` names, which Excel
/// writes, and the length of that line.
pub(super) fn said(bytes: &[u8]) -> Option<(u8, usize)> {
    let length = line_length(bytes)?;
    let line = bytes[..length].trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    match value {
        // Spaces at the end of the line have been removed, and so has a tab.
        [] if bytes.get(4) == Some(&b'\t') => Some((b'\t', length)),
        [delimiter] if delimiter.is_ascii_punctuation() && *delimiter != b'"' => {
            Some((*delimiter, length))
        }
        _ => None,
    }
}

/// Returns the delimiter that divides the header row and the record after it
/// into the same number of cells, and into as many as possible; or the record
/// into one cell more, which may be the name of the row. If there is none:
/// spaces in a file of numbers, else the comma, or the semicolon if the comma
/// is the decimal mark.
pub(super) fn find<'a>(sample: impl Fn(u8) -> Sample<'a>, decimal: Option<char>) -> u8 {
    let rank = |delimiter: u8| {
        let sample = sample(delimiter);
        let count = |record: usize| sample.cells(record).len();
        let header = sample.records.first().map_or(0, |_| count(0));
        let agrees = match sample.records.get(1).map(|_| count(1)) {
            _ if header < 2 => 0,
            None => 2,
            Some(cells) if cells == header => 2,
            Some(cells) if cells == header + 1 => 1,
            Some(_) => 0,
        };
        let rows = sample.rows().filter(|row| count(*row) == header).count();
        (agrees, header, rows)
    };
    // A delimiter that gives one cell divides nothing.
    let one = (1, 1, 0);
    let mut best = (b',', rank(b',').max(one));
    for delimiter in [b';', b'\t', b'|'] {
        let found = rank(delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    if best.1 == one && are_spaces(&sample(b' ')) {
        return b' ';
    }
    if best.1 == one && decimal == Some(',') {
        // The commas of a single column are decimal marks.
        b';'
    } else {
        best.0
    }
}

/// Whether spaces divide every record into the same number of cells, most of
/// which are numbers.
fn are_spaces(sample: &Sample) -> bool {
    if sample.records.len() < 2 {
        return false;
    }
    let header = sample.cells(0).len();
    let rows: Vec<Vec<Vec<u8>>> = sample.rows().map(|row| sample.cells(row)).collect();
    let width = rows[0].len();
    let is_number = |cell: &&Vec<u8>| {
        let text = std::str::from_utf8(cell).unwrap_or_default();
        text.parse::<f64>().is_ok() || text == "NA"
    };
    let numbers = rows.iter().flatten().filter(is_number).count();
    header >= 2
        && (width == header || width == header + 1)
        && rows.iter().all(|row| row.len() == width)
        && 2 * numbers >= width * rows.len()
}

/// The length of the first line with its line end; None if it has no end.
pub(super) fn line_length(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(b'\n', b'\r', bytes)?;
    let is_pair = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
    Some(end + 1 + usize::from(is_pair))
}
