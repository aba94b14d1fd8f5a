use std::fmt::Display;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Float64Array, PrimitiveArray, StringArray,
};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, TimeUnit};

use crate::DataError;

/// A column of a chunk as what its type says it is.
pub(crate) enum Values {
    /// Cells that may be words or stand for numbers.
    Text(StringArray),
    /// Cells that are levels, by their type or because somebody said so, also
    /// where they look like numbers.
    Words(StringArray),
    Numbers(Float64Array),
    Booleans(BooleanArray),
    /// Days since 1970-01-01 in UTC.
    Days(Float64Array),
    /// What a linear model has no use for, such as lists.
    Other(DataType),
}

impl Values {
    pub fn of(array: &ArrayRef) -> Result<Self, DataError> {
        const MICROSECONDS_PER_DAY: f64 = 86_400e6;
        let values = match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::Float64 => Self::Numbers(array.as_primitive().clone()),
            DataType::Boolean => Self::Booleans(array.as_boolean().clone()),
            DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(cast(array, &DataType::Utf8)?.as_string().clone())
            }
            // Old writers store words as bytes.
            kind if is_binary(kind) => match utf8(array) {
                Some(text) => Self::Text(text),
                None => Self::Other(kind.clone()),
            },
            DataType::Dictionary(_, _) => Self::words(array)?,
            kind if kind.is_numeric() => {
                let numbers = cast(array, &DataType::Float64)?;
                Self::Numbers(numbers.as_primitive::<Float64Type>().clone())
            }
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
                let microseconds = DataType::Timestamp(TimeUnit::Microsecond, None);
                let times = cast(array, &microseconds)?;
                let times: &PrimitiveArray<TimestampMicrosecondType> = times.as_primitive();
                Self::Days(times.unary(|time| time as f64 / MICROSECONDS_PER_DAY))
            }
            other => Self::Other(other.clone()),
        };
        Ok(values)
    }

    /// A column whose cells are levels, whatever its type: the text of each as
    /// it is written in a CSV file, so that a level is the same in every format
    /// and numbers beyond 2^53 stay apart.
    pub fn words(array: &ArrayRef) -> Result<Self, DataError> {
        let words = match array.data_type() {
            DataType::Utf8 => array.as_string().clone(),
            kind if is_binary(kind) => match utf8(array) {
                Some(words) => words,
                None => return Ok(Self::Other(kind.clone())),
            },
            DataType::Dictionary(_, values) => {
                // Each value once, not each cell.
                let dictionary = array.as_any_dictionary();
                let Self::Words(words) = Self::words(dictionary.values())? else {
                    return Ok(Self::Other(values.as_ref().clone()));
                };
                if words.is_empty() {
                    return Ok(Self::Words(StringArray::new_null(array.len())));
                }
                let keys = dictionary.normalized_keys();
                let cells = keys.into_iter().enumerate().map(|(row, key)| {
                    let word = array.is_valid(row).then(|| text(&words, key));
                    word.flatten()
                });
                cells.collect()
            }
            DataType::Float64 => shortest(array.as_primitive::<Float64Type>()),
            // By way of 64 bits, 0.1 would become 0.10000000149011612.
            DataType::Float32 => shortest(array.as_primitive::<Float32Type>()),
            DataType::Float16 => {
                let wider = cast(array, &DataType::Float32)?;
                shortest(wider.as_primitive::<Float32Type>())
            }
            kind if kind.is_nested() => return Ok(Self::Other(kind.clone())),
            kind => {
                let strict = CastOptions {
                    safe: false,
                    ..CastOptions::default()
                };
                match cast_with_options(array, &DataType::Utf8, &strict) {
                    Ok(words) => words.as_string().clone(),
                    Err(_) => return Ok(Self::Other(kind.clone())),
                }
            }
        };
        Ok(Self::Words(words))
    }
}

/// Numbers in the fewest digits that give them back; NaN is missing.
fn shortest<T: ArrowPrimitiveType>(numbers: &PrimitiveArray<T>) -> StringArray
where
    T::Native: Display,
{
    let text = |number: T::Native| {
        let text = number.to_string();
        match text.as_str() {
            "NaN" => None,
            // Positive and negative zero are the same number.
            "-0" => Some("0".to_string()),
            _ => Some(text),
        }
    };
    numbers.iter().map(|number| number.and_then(text)).collect()
}

fn is_binary(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

/// Bytes as text, where all of them are UTF-8.
fn utf8(array: &ArrayRef) -> Option<StringArray> {
    let bytes = cast(array, &DataType::Binary).ok()?;
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let text = cast_with_options(&bytes, &DataType::Utf8, &strict).ok()?;
    Some(text.as_string().clone())
}

/// The text of a cell; none where it is null.
pub(crate) fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}
