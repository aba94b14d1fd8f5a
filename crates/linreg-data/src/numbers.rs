use arrow_array::{Array, StringArray};

use crate::cell::{Cell, boolean, days};
use crate::schema::{Column, Kind};
use crate::values::{Values, text};
use crate::{Chunk, DataError};

/// The cells of a column, NaN where they are missing; None if some are neither
/// finite numbers nor missing.
pub(crate) type ReadNumbers = Option<Vec<f64>>;

/// The cells of a numeric, boolean or date column as numbers: NaN where they are
/// missing, and in rows that are not wanted.
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

/// As [`read_numbers`], infinite ones too.
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
        let number = match Cell::parse(found) {
            Cell::Missing => Some(f64::NAN),
            Cell::Number(number) => (!is_date).then_some(number),
            Cell::Text(word) if is_date => days(word),
            Cell::Text(word) => boolean(word).map(|value| f64::from(u8::from(value))),
        };
        number.ok_or_else(|| chunk.wrong_cell(row, &column.name, found.trim(), expected))
    };
    let mut numbers = vec![f64::NAN; chunk.num_rows()];
    for (row, number) in numbers.iter_mut().enumerate() {
        if !wanted[row] {
            continue;
        }
        *number = match values {
            Values::Text(array) | Values::Words(array) => of_text(array, row)?,
            Values::Numbers(array) | Values::Days(array) if array.is_valid(row) => array.value(row),
            Values::Booleans(array) if array.is_valid(row) => f64::from(u8::from(array.value(row))),
            Values::Other(kind) => {
                return Err(chunk.wrong_cell(row, &column.name, &kind.to_string(), expected));
            }
            _ => f64::NAN,
        };
    }
    Ok(numbers)
}
