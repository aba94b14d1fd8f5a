//! Any bytes as a table: an error of bounded length, or the same rows in every
//! pass. The first byte chooses how the file is read.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linreg_data::{
    ChunkOrder, ColumnChoice, CsvOptions, DataError, Passes, Source, TextFormat, describe, learn_schema, open,
    read,
};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The first row and the number of rows of every chunk, the rows in words.
fn rows(source: &dyn Source, order: ChunkOrder) -> Result<Vec<(u64, String)>, DataError> {
    let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
    let rows = read(source, &columns, order, |chunk| {
        Ok((chunk.first_row, format!("{:?}", chunk.batch)))
    })?;
    rows.collect()
}

fn check(bytes: &[u8], csv: &CsvOptions) -> Result<(), DataError> {
    let path = FOLDER.path().join("table");
    std::fs::write(&path, bytes).unwrap();
    let source = open(&[path], csv, Passes::Several)?;
    let in_order = rows(source.as_ref(), ChunkOrder::File)?;
    let mut shuffled = rows(source.as_ref(), ChunkOrder::Shuffled { seed: 1 })?;
    shuffled.sort();
    assert_eq!(in_order, shuffled);
    let choice = ColumnChoice {
        max_levels: 3,
        ..ColumnChoice::default()
    };
    let schema = learn_schema(source.as_ref(), &choice)?;
    let target = schema.columns.first().map(|column| column.name.clone());
    describe(source.as_ref(), &schema, target.as_deref())?;
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else {
        return;
    };
    let csv = CsvOptions {
        delimiter: [None, Some(b','), Some(b';'), Some(b'\t')][usize::from(how % 4)],
        no_header: how & 4 != 0,
        skip: u64::from(how & 8 != 0),
        comment: (how & 16 != 0).then_some(b'#'),
        text: TextFormat {
            decimal: (how & 32 != 0).then_some(','),
            thousands: (how & 64 != 0).then_some(' '),
            ..TextFormat::default()
        },
    };
    if let Err(error) = check(bytes, &csv) {
        let message = error.to_string();
        assert!(message.len() < 4096, "{message}");
    }
});
