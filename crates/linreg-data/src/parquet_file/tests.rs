use std::fs;

use super::*;
use crate::TableFormat;
use crate::test_table::{any_table, check_shuffled, damage, numbered, read, write};
use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use tempfile::tempdir;

proptest! {
    #[test]
    fn any_table_is_read_as_it_was_written(table in any_table()) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        write(&path, TableFormat::Parquet, &[table.clone(), table.slice(0, table.num_rows() / 2)]);
        let file = ParquetFile::open(&path).unwrap();
        let rows = read(&file, &[0, 1, 2, 3], ChunkOrder::File).unwrap();
        prop_assert_eq!(rows.slice(0, table.num_rows()), table.clone());
        prop_assert_eq!(rows.num_rows(), table.num_rows() + table.num_rows() / 2);
        prop_assert_eq!(file.schema(), &table.schema());
    }
}

/// Writes row groups and pages that do not end where parts end.
fn write_unaligned(path: &Path, table: &RecordBatch, index: bool) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(100_000))
        .set_data_page_row_count_limit(30_000)
        .set_offset_index_disabled(!index)
        .build();
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
}

#[test]
fn parts_hold_the_rows_of_the_table_wherever_pages_end() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let table = numbered(250_000);
    for index in [true, false] {
        write_unaligned(&path, &table, index);
        let file = ParquetFile::open(&path).unwrap();
        assert_eq!(file.parts(&[0], ChunkOrder::File).unwrap().count(), 5);
        let rows = read(&file, &[0, 1, 2, 3], ChunkOrder::File).unwrap();
        assert_eq!(rows, table);
    }
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let table = numbered(1000);
    write(&path, TableFormat::Parquet, std::slice::from_ref(&table));
    let file = ParquetFile::open(&path).unwrap();
    for columns in [&[3, 0][..], &[1, 1], &[]] {
        let rows = read(&file, columns, ChunkOrder::File).unwrap();
        assert_eq!(rows, table.project(columns).unwrap());
    }
    assert!(file.parts(&[4], ChunkOrder::File).is_err());
}

#[test]
fn a_shuffled_pass_has_every_row_once_in_the_order_of_its_seed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let table = numbered(1_000_000).project(&[0]).unwrap();
    write(&path, TableFormat::Parquet, std::slice::from_ref(&table));
    let file = ParquetFile::open(&path).unwrap();
    check_shuffled(&file);
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    write(&path, TableFormat::Parquet, &[numbered(300)]);
    damage(&path, ParquetFile::open);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told_of() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    write(&path, TableFormat::Parquet, &[numbered(100_000)]);
    let file = ParquetFile::open(&path).unwrap();
    let mut parts = file.parts(&[0], ChunkOrder::File).unwrap();
    let mut chunks = (parts.next().unwrap().unwrap().read)().unwrap();
    chunks.next().unwrap().unwrap();
    write(&path, TableFormat::Parquet, &[numbered(10)]);
    let changed = |result: Result<(), DataError>| {
        let message = result.unwrap_err().to_string();
        message.contains("the file changed while it was read")
    };
    assert!(changed(chunks.next().unwrap().map(|_| ())));
    assert!(changed((parts.next().unwrap().unwrap().read)().map(|_| ())));
    assert!(changed(file.parts(&[0], ChunkOrder::File).map(|_| ())));
}

#[test]
fn rows_that_nothing_is_stored_of_are_not_counted_for_ever() {
    // A column of structures, and 2^60 rows.
    let bytes = [
        &b"PAR1\x15\x00\x15\x10\x15\x10,\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00\x00\x00\x00"[..],
        &b"\x00\x00\x00\xf8?\x15\x02\x19<H\x06schema\x15\x02\x005\x00\x18\x01s\x15\x02\x00\x15"[..],
        &b"\x0a%\x00\x18\x01x\x00\x16\x80\x80\x80\x80\x80\x80\x80\x80 \x19\x1c\x19\x1c&\x08\x1c"[..],
        &b"\x15\x0a\x19\x15\x00\x19(\x01s\x01x\x15\x00\x16\x02\x162\x162&\x08\x00\x00\x162\x16"[..],
        &b"\x80\x80\x80\x80\x80\x80\x80\x80 \x00\x00U\x00\x00\x00PAR1"[..],
    ]
    .concat();
    let folder = tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    fs::write(&path, bytes).unwrap();
    let error = ParquetFile::open(&path).err().unwrap().to_string();
    assert!(error.contains("rows without a value"), "{error}");
}
