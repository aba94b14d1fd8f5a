use std::fmt::Display;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float32Type, Float64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Float64Array, PrimitiveArray, StringArray,
};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, TimeUnit};

use crate::DataError;

/// The cells of a column as numbers, NaN where they are missing; None if some
/// cells are neither finite numbers nor missing.
pub(crate) type ReadNumbers = Option<Vec<f64>>;

/// The values of a column of a chunk, by its stored type.
pub(crate) enum Values {
    /// Texts, which may be words or numbers.
    Text(StringArray),
    /// Levels, by the stored type or because the user says so, even if they
    /// look like numbers.
    Words(StringArray),
    Numbers(Float64Array),
    Booleans(BooleanArray),
    /// Days since 1970-01-01 in UTC.
    Days(Float64Array),
    /// A type that a linear model cannot use, such as lists.
    Other(DataType),
}

/// Times as days, by way of whole microseconds: `times` and `parts` say how many of
/// these are a unit, or how many units are one.
fn days<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef, times: i64, parts: i64) -> Values {
    const MICROSECONDS_PER_DAY: f64 = 86_400e6;
    let days = |time: i64| {
        // A time of billions of years would not fit into 64 bits.
        let microseconds = i128::from(time) * i128::from(times) / i128::from(parts);
        microseconds as f64 / MICROSECONDS_PER_DAY
    };
    Values::Days(array.as_primitive::<T>().unary(days))
}

impl Values {
    pub fn of(array: &ArrayRef) -> Result<Self, DataError> {
        let values = match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::Float64 => Self::Numbers(array.as_primitive().clone()),
            DataType::Boolean => Self::Booleans(array.as_boolean().clone()),
            DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(cast(array, &DataType::Utf8)?.as_string().clone())
            }
            // Old programs store words as bytes.
            kind if is_binary(kind) => match utf8(array) {
                Some(text) => Self::Text(text),
                None => Self::Other(kind.clone()),
            },
            DataType::Dictionary(_, _) => Self::words(array)?,
            kind if kind.is_numeric() => {
                let numbers = cast(array, &DataType::Float64)?;
                Self::Numbers(numbers.as_primitive::<Float64Type>().clone())
            }
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                Self::Days(days.unary(f64::from))
            }
            DataType::Date64 => days::<Date64Type>(array, 1_000, 1),
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => days::<TimestampSecondType>(array, 1_000_000, 1),
                TimeUnit::Millisecond => days::<TimestampMillisecondType>(array, 1_000, 1),
                TimeUnit::Microsecond => days::<TimestampMicrosecondType>(array, 1, 1),
                TimeUnit::Nanosecond => days::<TimestampNanosecondType>(array, 1, 1_000),
            },
            other => Self::Other(other.clone()),
        };
        Ok(values)
    }

    /// Returns a column as levels, whatever its type: the text of each cell as
    /// it is written in a CSV file, so that a level is the same in every format
    /// and numbers beyond 2^53 stay different.
    pub fn words(array: &ArrayRef) -> Result<Self, DataError> {
        let words = match array.data_type() {
            DataType::Utf8 => array.as_string().clone(),
            kind if is_binary(kind) => match utf8(array) {
                Some(words) => words,
                None => return Ok(Self::Other(kind.clone())),
            },
            DataType::Dictionary(_, values) => {
                // Converts each value of the dictionary once, not each cell.
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
            // Converted to 64 bits, 0.1 would become 0.10000000149011612.
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

/// Writes numbers in the fewest digits that read back as the same number; NaN
/// is missing.
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

/// Returns bytes as text if all of them are UTF-8.
fn utf8(array: &ArrayRef) -> Option<StringArray> {
    let bytes = cast(array, &DataType::Binary).ok()?;
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let text = cast_with_options(&bytes, &DataType::Utf8, &strict).ok()?;
    Some(text.as_string().clone())
}

/// Returns the text of a cell; None if it is null.
pub(crate) fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::types::{Int8Type, Int32Type};
    use arrow_array::{
        BinaryArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray, Float32Array,
        Int8Array, Int64Array, TimestampMicrosecondArray, TimestampMillisecondArray,
        TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
    };

    fn words(array: ArrayRef) -> Vec<Option<String>> {
        let Values::Words(words) = Values::words(&array).unwrap() else {
            panic!("not words");
        };
        words.iter().map(|word| word.map(String::from)).collect()
    }

    #[test]
    fn levels_are_exact_whatever_the_type_of_the_column() {
        let codes = Int8Array::from(vec![Some(1), None, Some(0)]);
        let zips: ArrayRef = Arc::new(Int64Array::from(vec![80331, 10115]));
        let decimals = Decimal128Array::from(vec![1250, -5]);
        let decimals = decimals.with_precision_and_scale(10, 2).unwrap();
        let dictionary = DictionaryArray::<Int8Type>::try_new(codes, zips).unwrap();
        let empty = DictionaryArray::<Int32Type>::from_iter([None::<&str>, None]);
        let cases: [(ArrayRef, &[Option<&str>]); 10] = [
            (
                Arc::new(Int64Array::from(vec![9007199254740993, i64::MIN])),
                &[Some("9007199254740993"), Some("-9223372036854775808")],
            ),
            (
                Arc::new(UInt64Array::from(vec![u64::MAX])),
                &[Some("18446744073709551615")],
            ),
            (
                Arc::new(Float64Array::from(vec![1.0, 0.1, f64::NAN, -0.0])),
                &[Some("1"), Some("0.1"), None, Some("0")],
            ),
            (
                Arc::new(Float32Array::from(vec![0.1, 1e9])),
                &[Some("0.1"), Some("1000000000")],
            ),
            (Arc::new(decimals), &[Some("12.50"), Some("-0.05")]),
            (
                Arc::new(BooleanArray::from(vec![true, false])),
                &[Some("true"), Some("false")],
            ),
            (
                Arc::new(BinaryArray::from(vec!["Köln".as_bytes(), b"x"])),
                &[Some("Köln"), Some("x")],
            ),
            (
                Arc::new(Date32Array::from(vec![19782])),
                &[Some("2024-02-29")],
            ),
            (Arc::new(dictionary), &[Some("10115"), None, Some("80331")]),
            (Arc::new(empty), &[None, None]),
        ];
        for (array, expected) in cases {
            let kind = array.data_type().clone();
            let expected: Vec<Option<String>> =
                expected.iter().map(|word| word.map(String::from)).collect();
            assert_eq!(words(array), expected, "{kind}");
        }
        let times = TimestampMicrosecondArray::from(vec![86_400_000_000]);
        assert_eq!(
            words(Arc::new(times)),
            [Some("1970-01-02T00:00:00".to_string())]
        );
    }

    #[test]
    fn a_dictionary_is_levels_by_its_type_and_bytes_that_are_text_are_text() {
        let zips: ArrayRef = Arc::new(Int64Array::from(vec![80331]));
        let codes = Int8Array::from(vec![0, 0]);
        let dictionary = DictionaryArray::<Int8Type>::try_new(codes, zips).unwrap();
        let array: ArrayRef = Arc::new(dictionary);
        assert!(matches!(Values::of(&array).unwrap(), Values::Words(_)));
        let text: ArrayRef = Arc::new(BinaryArray::from(vec![&b"12"[..]]));
        assert!(matches!(Values::of(&text).unwrap(), Values::Text(_)));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\xff"[..]]));
        assert!(matches!(Values::of(&bytes).unwrap(), Values::Other(_)));
        assert!(matches!(Values::words(&bytes).unwrap(), Values::Other(_)));
    }

    #[test]
    fn times_are_days_in_any_unit_and_however_far_from_now() {
        let days = |array: ArrayRef| match Values::of(&array).unwrap() {
            Values::Days(days) => days.iter().collect::<Vec<_>>(),
            _ => panic!("not days"),
        };
        let (second, ms, us) = (1.0 / 86_400.0, 1.0 / 86_400e3, 1.0 / 86_400e6);
        let far = 1e16 / 86_400e3;
        let cases: [(ArrayRef, [Option<f64>; 3]); 6] = [
            (
                Arc::new(Date32Array::from(vec![Some(19_782), None, Some(i32::MIN)])),
                [Some(19_782.0), None, Some(f64::from(i32::MIN))],
            ),
            (
                Arc::new(Date64Array::from(vec![Some(1), None, Some(10i64.pow(16))])),
                [Some(ms), None, Some(far)],
            ),
            (
                Arc::new(TimestampSecondArray::from(vec![
                    Some(1),
                    None,
                    Some(10i64.pow(18)),
                ])),
                [Some(second), None, Some(1e18 / 86_400.0)],
            ),
            (
                Arc::new(TimestampMillisecondArray::from(vec![
                    Some(1),
                    None,
                    Some(10i64.pow(16)),
                ])),
                [Some(ms), None, Some(far)],
            ),
            (
                Arc::new(TimestampMicrosecondArray::from(vec![
                    Some(1),
                    None,
                    Some(86_400_000_000),
                ])),
                [Some(us), None, Some(1.0)],
            ),
            (
                Arc::new(TimestampNanosecondArray::from(vec![
                    Some(1_999),
                    None,
                    Some(-1_000),
                ])),
                [Some(us), None, Some(-us)],
            ),
        ];
        for (array, expected) in cases {
            let kind = array.data_type().clone();
            assert_eq!(days(array), expected, "{kind}");
        }
    }
}
