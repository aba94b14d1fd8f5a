//! Finds lines before the header row that do not belong to the table.

use super::decode::comment_mark;
use super::sample::Sample;
use crate::HeaderProblem;

/// The largest number of lines before the header row.
const MOST: usize = 30;

/// Returns an error if the header row is further down, and says where. `delimiter` is the delimiter if it is known and
/// not guessed.
pub(super) fn check(sample: &Sample, delimiter: Option<u8>) -> Result<(), HeaderProblem> {
    if sample.records.len() < 3 {
        return Ok(());
    }
    let (header, row) = (sample.cells(0).len(), sample.cells(1).len());
    let is_divided = header > 1 && (row == header || row == header + 1);
    if is_divided || (header == 1 && row == 1 && delimiter.is_some()) {
        return Ok(());
    }
    let first = sample.raw(0).trim_ascii();
    let samples: Vec<Sample> = match delimiter {
        Some(delimiter) => vec![sample.divided_by(delimiter)],
        None => [b',', b';', b'\t', b'|']
            .map(|delimiter| sample.divided_by(delimiter))
            .into(),
    };
    let found = samples
        .iter()
        .filter_map(|sample| Some((header_of(sample)?, sample)));
    let Some((record, sample)) = found.min_by_key(|(record, _)| *record) else {
        return Ok(());
    };
    let mark = first.first();
    let are_comments = (0..record).all(|record| sample.raw(record).first() == mark);
    Err(HeaderProblem::FurtherDown {
        found: String::from_utf8_lossy(first).into_owned(),
        line: sample.line(record),
        comment: comment_mark(first).filter(|_| are_comments),
    })
}

/// Returns the first record after record 0 that may be the header row of all
/// records after it: names, then rows with as many cells, some of them numbers.
fn header_of(sample: &Sample) -> Option<usize> {
    let count = sample.records.len();
    let widths: Vec<usize> = (0..count)
        .map(|record| sample.cells(record).len())
        .collect();
    let text = |cell: &Vec<u8>| String::from_utf8_lossy(cell).trim().to_string();
    let is_number = |cell: &Vec<u8>| text(cell).replace(',', ".").parse::<f64>().is_ok();
    (1..count.saturating_sub(1).min(MOST + 1)).find(|record| {
        let width = widths[*record];
        let are_names = || {
            let names = sample.cells(*record);
            let is_name = |cell: &Vec<u8>| !text(cell).is_empty() && !is_number(cell);
            names.iter().all(is_name)
        };
        width > 1
            && widths[..*record].iter().all(|other| *other != width)
            && widths[*record..].iter().all(|other| *other == width)
            && are_names()
            && sample.cells(record + 1).iter().any(is_number)
    })
}
