use arrow_array::{Array, StringArray};

use crate::cell::{Cell, boolean};
use crate::lookalike::{Writings, is_gap};
use crate::schema::{Column, Kind};
use crate::values::{Values, text};
use crate::{Chunk, DataError, OddCell, Oddity, Remedy};

/// Reads the cells of a numeric, boolean or date column as numbers: NaN where
/// they are missing, and in rows that are not wanted.
pub(crate) fn read_numbers(
    column: &Column,
    values: &Values,
    chunk: &Chunk,
    wanted: &[bool],
) -> Result<Vec<f64>, DataError> {
    let numbers = read_any_numbers(column, values, chunk, wanted)?;
    match numbers.iter().position(|number| number.is_infinite()) {
        None => Ok(numbers),
        Some(row) => {
            let found = numbers[row].to_string();
            let expected = "a finite number; correct the cell or remove the row";
            Err(chunk.wrong_cell(row, &column.name, &found, expected))
        }
    }
}

/// As [`read_numbers`], but infinite numbers are no error.
pub(crate) fn read_any_numbers(
    column: &Column,
    values: &Values,
    chunk: &Chunk,
    wanted: &[bool],
) -> Result<Vec<f64>, DataError> {
    let is_date = column.kind == Kind::Date;
    let expected = if is_date { "a date" } else { "a number" };
    let of_text = |array: &StringArray, row: usize| {
        let found = text(array, row).unwrap_or_default();
        let number = match chunk.cells.parse(found) {
            Cell::Missing => Some(f64::NAN),
            Cell::Number(number) => (!is_date).then_some(number),
            Cell::Text(word) if is_date => {
                let date = chunk.cells.date(word);
                date.and_then(|date| date.days(column.dates))
            }
            Cell::Text(word) => boolean(word).map(|value| f64::from(u8::from(value))),
        };
        number.ok_or_else(|| match remedy(found.trim(), chunk) {
            None => chunk.wrong_cell(row, &column.name, found.trim(), expected),
            Some(remedy) => DataError::OddCell {
                column: column.name.clone(),
                cell: Box::new(OddCell {
                    place: chunk.origin.place(row),
                    found: found.trim().to_string(),
                    oddity: if is_date {
                        Oddity::NoDate
                    } else {
                        Oddity::NoNumber
                    },
                    remedies: vec![remedy],
                }),
            },
        })
    };
    let mut numbers = vec![f64::NAN; chunk.num_rows()];
    for (row, number) in numbers.iter_mut().enumerate() {
        if !wanted[row] {
            continue;
        }
        *number = match values {
            Values::Text(array) | Values::Words(array) => of_text(array, row)?,
            Values::Numbers(array) if array.is_valid(row) => {
                let number = array.value(row);
                if chunk.cells.is_missing_number(number) {
                    f64::NAN
                } else {
                    number
                }
            }
            Values::Days(array) if array.is_valid(row) => array.value(row),
            Values::Booleans(array) if array.is_valid(row) => f64::from(u8::from(array.value(row))),
            Values::Other(kind) => {
                return Err(chunk.wrong_cell(row, &column.name, &kind.to_string(), expected));
            }
            _ => f64::NAN,
        };
    }
    Ok(numbers)
}

/// Suggests how a cell can be read as a number or as a missing value.
fn remedy(found: &str, chunk: &Chunk) -> Option<Remedy> {
    let writing = Writings::of(found, chunk.cells.format());
    let remedy = writing.map(|writing| writing.remedy(found, &chunk.cells));
    remedy.or_else(|| is_gap(found).then(|| Remedy::Missing(found.to_string())))
}
