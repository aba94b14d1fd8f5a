use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, PrimitiveArray, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

use crate::DataError;

/// A column of a chunk as what its type says it is.
pub(crate) enum Values {
    /// Cells that may be words or stand for numbers.
    Text(StringArray),
    /// Cells that are levels by their type, also where they look like numbers.
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
            DataType::Dictionary(_, values)
                if matches!(
                    values.as_ref(),
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                ) =>
            {
                Self::Words(cast(array, &DataType::Utf8)?.as_string().clone())
            }
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
}

/// The text of a cell; none where it is null.
pub(crate) fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}
