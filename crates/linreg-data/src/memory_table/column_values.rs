use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, StringArray,
};
use arrow_schema::ArrowError;

/// The values of a column of a [`MemoryTable`](crate::MemoryTable).
///
/// They come from a vector or a slice of `f64`, `f32`, `i64`, `bool`, `String`
/// or `&str`, or of an `Option` of one of these where some are missing, or from
/// any Arrow array.
///
/// # Example
///
/// ```
/// use linreg_data::ColumnValues;
///
/// let areas: ColumnValues = vec![50.0, 70.0].into();
/// let towns: ColumnValues = [Some("Bonn"), None].as_slice().into();
/// assert_eq!((areas.len(), towns.len()), (2, 2));
/// ```
pub struct ColumnValues(pub(super) Result<ArrayRef, ArrowError>);

impl ColumnValues {
    /// Number of values, with those that are missing.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |values| values.len())
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<ArrayRef> for ColumnValues {
    fn from(values: ArrayRef) -> Self {
        Self(Ok(values))
    }
}

/// Takes vectors and slices of a type of numbers.
macro_rules! from_numbers {
    ($($number:ty: $array:ty),*) => {$(
        from_numbers!(@ $number, $array);
        from_numbers!(@ Option<$number>, $array);
    )*};
    (@ $value:ty, $array:ty) => {
        impl From<Vec<$value>> for ColumnValues {
            fn from(values: Vec<$value>) -> Self {
                Self(Ok(Arc::new(<$array>::from(values))))
            }
        }

        impl From<&[$value]> for ColumnValues {
            fn from(values: &[$value]) -> Self {
                values.to_vec().into()
            }
        }
    };
}

from_numbers!(f64: Float64Array, f32: Float32Array, i64: Int64Array, bool: BooleanArray);

/// Takes vectors and slices of a type of texts; `$text` borrows one.
macro_rules! from_texts {
    ($($value:ty: $text:expr),*) => {$(
        impl From<&[$value]> for ColumnValues {
            fn from(values: &[$value]) -> Self {
                Self(texts(values.iter().map($text), i32::MAX as usize))
            }
        }

        impl From<Vec<$value>> for ColumnValues {
            fn from(values: Vec<$value>) -> Self {
                values.as_slice().into()
            }
        }
    )*};
}

from_texts!(
    &str: |text| Some(*text),
    String: |text| Some(text.as_str()),
    Option<&str>: |text| *text,
    Option<String>: Option::as_deref
);

/// Stores texts one after the other, or as views where they are more than
/// `most_bytes` bytes.
pub(super) fn texts<'a>(
    texts: impl Iterator<Item = Option<&'a str>> + Clone,
    most_bytes: usize,
) -> Result<ArrayRef, ArrowError> {
    let mut lengths = texts.clone().flatten().map(str::len);
    let total = lengths.try_fold(0usize, usize::checked_add);
    if total.is_some_and(|total| total <= most_bytes) {
        return Ok(Arc::new(texts.collect::<StringArray>()));
    }
    let mut views = StringViewBuilder::new();
    for text in texts {
        match text {
            Some(text) => views.try_append_value(text)?,
            None => views.append_null(),
        }
    }
    Ok(Arc::new(views.finish()))
}
