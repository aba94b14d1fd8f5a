mod faults;
mod server;

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};

use server::Server;

use super::list::keys;
use super::runtime::start;
use crate::{ChunkOrder, DataError, RemoteProblem, Source, TableFormat, TableWriter, read};

const ROWS: usize = 300_000;

/// A table as text, compressed text, Parquet and Arrow.
fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let number = |row: usize| (crate::random::mix(row as u64) % 1_000_003) as f64 / 7.0;
    let column = |salt| -> ArrayRef {
        let numbers: Float64Array = (0..ROWS).map(|row| Some(number(row + salt))).collect();
        Arc::new(numbers)
    };
    let columns = [("x", column(0)), ("unused", column(1)), ("y", column(2))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let written = |format| {
        let mut bytes = Vec::new();
        let mut writer = TableWriter::new(&mut bytes, format, batch.schema()).unwrap();
        for start in (0..ROWS).step_by(100_000) {
            writer.write(&batch.slice(start, 100_000)).unwrap();
        }
        writer.finish().unwrap();
        bytes
    };
    let text = written(TableFormat::Csv);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&text).unwrap();
    vec![
        ("t.csv", text),
        ("t.csv.gz", gz.finish().unwrap()),
        ("t.parquet", written(TableFormat::Parquet)),
        ("t.arrow", written(TableFormat::Arrow)),
    ]
}

/// All cells of two columns, in the order of the table.
fn cells(source: &dyn Source) -> std::result::Result<Vec<RecordBatch>, DataError> {
    let chunks = read(source, &[0, 2], ChunkOrder::File, |chunk| Ok(chunk.batch))?;
    chunks.collect()
}

fn rows(batches: &[RecordBatch]) -> RecordBatch {
    arrow_select::concat::concat_batches(&batches[0].schema(), batches).unwrap()
}

#[test]
fn tables_are_those_of_local_files_and_take_few_requests() {
    for (name, bytes) in tables() {
        let local = crate::testing::file(name, &bytes);
        let expected = rows(&cells(local.open().unwrap().as_ref()).unwrap());
        let size = bytes.len() as u64;
        let server = Server::new(name, bytes);
        let table = server.table(name).unwrap();
        let (opening, _) = server.asked();
        assert!(opening <= 5, "{name}: {opening} requests");
        for pass in 0..2 {
            assert_eq!(rows(&cells(table.as_ref()).unwrap()), expected, "{name}");
            let (requests, bytes) = server.asked();
            let most = if name == "t.parquet" { 8 } else { 12 };
            assert!(requests <= most, "{name}, pass {pass}: {requests} requests");
            assert!(bytes <= size + 1, "{name}, pass {pass}: {bytes} of {size}");
        }
    }
}

#[test]
fn parquet_files_are_read_by_the_ranges_of_their_columns() {
    let (name, bytes) = tables().swap_remove(2);
    let size = bytes.len() as u64;
    let server = Server::new(name, bytes);
    let table = server.table(name).unwrap();
    server.asked();
    let one = read(table.as_ref(), &[2], ChunkOrder::File, |chunk| {
        Ok(chunk.batch)
    })
    .unwrap();
    assert_eq!(
        one.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        ROWS
    );
    let (requests, bytes) = server.asked();
    assert!(
        requests <= 4 && bytes < size * 2 / 5,
        "{requests}, {bytes} of {size}"
    );
}

#[test]
fn a_missing_file_is_not_there_and_an_empty_one_is_empty() {
    let server = Server::new("empty", "");
    assert_eq!(server.file("other").err(), Some(RemoteProblem::NotFound));
    assert_eq!(server.file("empty").unwrap().num_bytes(), 0);
    let error = server.table("empty").err().unwrap().to_string();
    assert!(error.starts_with("empty: the file is empty"), "{error}");
}

#[test]
fn threads_of_another_runtime_may_wait() {
    let server = Server::new("t.csv", "x,u,y\n1,2,3\n");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let read = async { cells(server.table("t.csv").unwrap().as_ref()).unwrap() };
    assert_eq!(rows(&runtime.block_on(read)).num_rows(), 1);
}

#[test]
fn a_pattern_stands_for_the_objects_that_match() {
    let server = Server::new("a/1.csv", "1");
    for name in [
        "a/10.csv",
        "a/2.csv",
        "a/2.txt",
        "a/b/3.csv",
        "c/b/3.csv",
        "1.csv",
    ] {
        server.put(name, "1");
    }
    let of = |folder: &str, pattern: &str| {
        let found = keys(server.place(folder), pattern);
        found.map_err(|problem| problem.to_string())
    };
    for (folder, pattern, expected) in [
        ("a", "a/*.csv", &["a/1.csv", "a/10.csv", "a/2.csv"][..]),
        ("a", "a/?.csv", &["a/1.csv", "a/2.csv"]),
        ("a", "a/[13].csv", &["a/1.csv"]),
        ("", "*.csv", &["1.csv"]),
        ("", "*/b/*.csv", &["a/b/3.csv", "c/b/3.csv"]),
        (
            "a",
            "a/**/*.csv",
            &["a/1.csv", "a/10.csv", "a/2.csv", "a/b/3.csv"],
        ),
    ] {
        assert_eq!(of(folder, pattern).unwrap(), expected, "{pattern}");
    }
    assert_eq!(
        of("a", "a/*.zip").unwrap_err(),
        "no file matches this pattern"
    );
    assert!(
        of("a", "a/[.csv")
            .unwrap_err()
            .starts_with("Pattern syntax error")
    );
}

#[test]
fn work_that_panics_is_an_error_for_who_waits() {
    let pending = start(async { if ROWS > 0 { panic!("no") } else { Ok(()) } }).unwrap();
    assert_eq!(pending.wait(), Err(RemoteProblem::Other));
}
