//! Texts that are stored once and that many rows may repeat, so that rows take
//! far more memory once they are decoded.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;

/// The largest size in bytes of a text of a dictionary, which any number of
/// rows may repeat.
pub(crate) const MAX_TEXT_BYTES: u64 = 1 << 24;

/// The largest size of the repeated texts of a chunk; a single row may exceed
/// it.
const CHUNK_BYTES: usize = 1 << 26;

/// Returns how many rows a chunk has at most, `most` if their repeated texts are
/// short; `longest` is the sum of the longest texts of all columns.
pub(crate) fn most_rows(longest: usize, most: usize) -> usize {
    (CHUNK_BYTES / longest.max(1)).clamp(1, most)
}

/// Returns the bytes of the longest text that is stored once and that many rows
/// may share.
pub(crate) fn longest(array: &dyn Array) -> usize {
    let of_lengths = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let of_offsets = |offsets: &[i32]| {
        of_lengths(
            &mut offsets
                .windows(2)
                .map(|pair| pair[1].abs_diff(pair[0]) as usize),
        )
    };
    let of_long_offsets = |offsets: &[i64]| {
        let lengths = offsets.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
        lengths.max().map_or(0, |longest| longest as usize)
    };
    match array.data_type() {
        DataType::Dictionary(_, _) => {
            let values = array.as_any_dictionary().values();
            match values.data_type() {
                DataType::Utf8 => of_offsets(values.as_string::<i32>().value_offsets()),
                DataType::Binary => of_offsets(values.as_binary::<i32>().value_offsets()),
                DataType::LargeUtf8 => of_long_offsets(values.as_string::<i64>().value_offsets()),
                DataType::LargeBinary => of_long_offsets(values.as_binary::<i64>().value_offsets()),
                DataType::FixedSizeBinary(length) => usize::try_from(*length).unwrap_or(0),
                _ => longest(values),
            }
        }
        DataType::Utf8View => of_lengths(&mut array.as_string_view().lengths().map(|l| l as usize)),
        DataType::BinaryView => {
            of_lengths(&mut array.as_binary_view().lengths().map(|l| l as usize))
        }
        _ => 0,
    }
}
