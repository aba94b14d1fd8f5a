//! Tables for tests of writers and readers.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_select::concat::concat_batches;
use proptest::prelude::*;

use crate::{ChunkOrder, DataError, Source, TableFormat, TableWriter};

type Row = (Option<f64>, Option<i64>, Option<bool>, Option<String>);

/// Draws rows of every type, with nulls, NaNs, quotes and line ends.
pub(crate) fn any_table() -> impl Strategy<Value = RecordBatch> {
    let text = prop::option::of("(\\PC|[\",\n]){0,6}");
    let row = (
        prop::option::of(prop::num::f64::ANY),
        any::<Option<i64>>(),
        any::<Option<bool>>(),
        text,
    );
    prop::collection::vec(row, 0..40).prop_map(|rows| table(&rows))
}

fn table(rows: &[Row]) -> RecordBatch {
    let numbers: Float64Array = rows.iter().map(|row| row.0).collect();
    let integers: Int64Array = rows.iter().map(|row| row.1).collect();
    let truths: BooleanArray = rows.iter().map(|row| row.2).collect();
    let texts: StringArray = rows.iter().map(|row| row.3.as_deref()).collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("number", Arc::new(numbers), true),
        ("integer", Arc::new(integers), true),
        ("truth", Arc::new(truths), true),
        ("text", Arc::new(texts), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Returns a table of this many rows; the first column holds their numbers.
pub(crate) fn numbered(num_rows: usize) -> RecordBatch {
    let rows: Vec<Row> = (0..num_rows)
        .map(|row| {
            let text = (row % 5 > 0).then(|| format!("text {}", row % 700));
            (
                Some(row as f64),
                Some(row as i64 / 3),
                Some(row % 2 > 0),
                text,
            )
        })
        .collect();
    table(&rows)
}

pub(crate) fn write(path: &Path, format: TableFormat, batches: &[RecordBatch]) {
    let file = File::create(path).unwrap();
    let mut writer = TableWriter::new(file, format, batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
}

/// Reads all rows, and checks the numbers of rows that the source gives.
pub(crate) fn read(
    source: &dyn Source,
    columns: &[usize],
    order: ChunkOrder,
) -> Result<RecordBatch, DataError> {
    let mut batches = Vec::new();
    let mut num_rows = 0;
    for part in source.parts(columns, order)? {
        let part = part?;
        let mut next_row = part.first_row;
        for chunk in (part.read)()? {
            let chunk = chunk?;
            assert_eq!(chunk.first_row, next_row);
            next_row += chunk.batch.num_rows() as u64;
            batches.push(chunk.batch);
        }
        assert_eq!(next_row - part.first_row, part.num_rows);
        num_rows += part.num_rows;
    }
    assert_eq!(source.num_rows(), Some(num_rows));
    let schema = Arc::new(source.schema().project(columns)?);
    Ok(concat_batches(&schema, &batches)?)
}

/// Checks that a shuffled pass over the column of row numbers has every row once,
/// in an order that the seed decides.
pub(crate) fn check_shuffled(source: &dyn Source) {
    let numbers = |order| -> Vec<f64> {
        let rows = read(source, &[0], order).unwrap();
        rows.column(0)
            .as_primitive::<Float64Type>()
            .values()
            .to_vec()
    };
    let [in_order, first, again, other] = [
        ChunkOrder::File,
        ChunkOrder::Shuffled { seed: 1 },
        ChunkOrder::Shuffled { seed: 1 },
        ChunkOrder::Shuffled { seed: 2 },
    ]
    .map(numbers);
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_ne!(first, in_order);
    let mut sorted = first;
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, in_order);
}

/// Checks that reading does not panic if the file is cut short or a byte is
/// changed, and that a file cut short is an error.
#[cfg(any(feature = "arrow-ipc", feature = "parquet"))]
pub(crate) fn damage<S: Source>(path: &Path, open: fn(&Path) -> Result<S, DataError>) {
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    let whole = fs::read(path).unwrap();
    let read_damaged = |bytes: &[u8]| {
        fs::write(path, bytes).unwrap();
        let read_all = || {
            let source = open(path)?;
            let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
            for part in source.parts(&columns, ChunkOrder::File)? {
                for chunk in (part?.read)()? {
                    chunk?;
                }
            }
            Ok(())
        };
        let result = catch_unwind(AssertUnwindSafe(read_all));
        result.unwrap_or_else(|_| panic!("panicked, see {}", path.display()))
    };
    assert!(read_damaged(&whole).is_ok());
    for length in (0..whole.len()).step_by(97) {
        let result: Result<(), DataError> = read_damaged(&whole[..length]);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(": cut short, or no "), "{message}");
    }
    for (index, bit) in (0..whole.len()).zip((0..8).cycle()) {
        let mut bytes = whole.clone();
        bytes[index] ^= 1 << bit;
        // The change may be in a value, which is no error.
        let _ = read_damaged(&bytes);
    }
}
