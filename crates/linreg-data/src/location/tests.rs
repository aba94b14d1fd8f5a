use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Float64Array, RecordBatch};
use serde::{Deserialize, Serialize};

use crate::source::ChunkOrder;
use crate::test_table::write;
use crate::{
    AnyPass, AnyState, Chunk, CsvOptions, DataError, FileIndex, GROUP_ROWS, Pass, Passes, Source,
    TableFormat, TableLocation, Threads, open, open_location,
};

/// Sums the numbers of a column, in an order that shows in the last bits.
#[derive(Deserialize, Serialize)]
struct Sum;

impl Pass for Sum {
    type State = (f64, u64);
    type Output = (f64, u64);

    fn name() -> String {
        "sum".to_string()
    }

    fn start(&self) -> Self::State {
        (0.0, 0)
    }

    fn update(&self, (sum, rows): &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let column = chunk.batch.column(0);
        let numbers: Vec<f64> = match column.as_primitive_opt::<Float64Type>() {
            Some(numbers) => numbers.values().to_vec(),
            None => {
                let texts = column.as_string::<i32>().iter().flatten();
                texts.map(|text| text.parse().unwrap()).collect()
            }
        };
        let first = *sum + numbers[0];
        *sum = numbers[1..].iter().fold(first, |sum, number| sum + number);
        *rows += numbers.len() as u64;
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        *state = (state.0 + later.0, state.1 + later.1);
        Ok(())
    }

    fn finish(self, state: Self::State) -> Result<Self::Output, DataError> {
        Ok(state)
    }
}

fn number(row: u64) -> f64 {
    (crate::random::mix(row) % 1_000_003) as f64 / 7.0
}

fn text(rows: std::ops::Range<u64>) -> String {
    let rows = rows.map(|row| format!("{},\"a\nb\"\n", number(row)));
    "x,t\n".to_string() + &rows.collect::<String>()
}

fn gzip(path: &Path, text: &str) {
    let file = fs::File::create(path).unwrap();
    let mut writer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap();
}

const ROWS: u64 = 2 * GROUP_ROWS + 77_777;

/// The same rows as Parquet, as text in one file and in three, and compressed.
fn tables(folder: &Path) -> Vec<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name);
    let numbers: Float64Array = (0..ROWS).map(|row| Some(number(row))).collect();
    let batch = RecordBatch::try_from_iter([("x", std::sync::Arc::new(numbers) as _)]).unwrap();
    write(&path("t.parquet"), TableFormat::Parquet, &[batch]);
    fs::write(path("t.csv"), text(0..ROWS)).unwrap();
    let cuts = [0, 100_001, GROUP_ROWS + 5, ROWS];
    for part in 0..3 {
        let rows = text(cuts[part]..cuts[part + 1]);
        fs::write(path(&format!("{part}.csv")), &rows).unwrap();
        gzip(&path(&format!("{part}.csv.gz")), &rows);
    }
    let several = |ending: &str| {
        (0..3)
            .map(|part| path(&format!("{part}.{ending}")))
            .collect()
    };
    vec![
        vec![path("t.parquet")],
        vec![path("t.csv")],
        several("csv"),
        several("csv.gz"),
        vec![path("0.csv.gz"), path("1.csv"), path("2.csv.gz")],
    ]
}

fn opened(files: &[PathBuf]) -> Box<dyn Source> {
    open(files, &CsvOptions::default(), Passes::Several).unwrap()
}

/// The location of a table that has been read through.
fn location(files: &[PathBuf]) -> TableLocation {
    let source = opened(files);
    assert!(source.parts(&[0], ChunkOrder::File).unwrap().count() > 0);
    source.location().unwrap()
}

#[test]
fn the_groups_of_a_table_that_others_read_give_the_bits_of_one_reader() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(folder.path());
    let expected = Sum.run(&Threads::new(1), opened(&tables[0]).as_ref(), &[0]);
    let expected = expected.unwrap();
    for files in &tables {
        let here = Sum
            .run(&Threads::new(3), opened(files).as_ref(), &[0])
            .unwrap();
        assert_eq!(here, expected, "{files:?}");
        let table = location(files);
        assert_eq!(table.num_rows(), Some(ROWS));
        for (groups_of_task, threads) in [(1, 1), (1, 3), (2, 2), (3, 1)] {
            let mut states: Vec<(u64, AnyState)> = Vec::new();
            let task_rows = groups_of_task * GROUP_ROWS;
            for start in (0..ROWS).step_by(task_rows as usize) {
                let rows = start..ROWS.min(start + task_rows);
                // As it is sent.
                let sent = serde_json::to_string(&table.within(rows.clone())).unwrap();
                let there = open_location(&serde_json::from_str(&sent).unwrap()).unwrap();
                let found = Mutex::new(Vec::new());
                let keep = |group, state| {
                    found.lock().unwrap().push((group, state));
                    Ok(())
                };
                let threads = Threads::new(threads);
                let run = threads.run_groups(there.as_ref(), &[0], rows, &Sum, &keep);
                run.unwrap();
                states.extend(found.into_inner().unwrap());
            }
            states.sort_by_key(|(group, _)| *group);
            assert!(states.iter().map(|(group, _)| *group).eq(0..3));
            let mut states = states.into_iter().map(|(_, state)| state);
            let mut all = states.next().unwrap();
            states.for_each(|later| Sum.merge_any(&mut all, later).unwrap());
            let found = Sum.finish(*all.downcast().unwrap()).unwrap();
            assert_eq!(found, expected, "{files:?}, {groups_of_task} groups a task");
        }
    }
}

#[test]
fn a_location_says_no_more_than_its_rows_need() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(folder.path());
    let of_text = location(&tables[2]);
    let second = of_text.within(GROUP_ROWS..GROUP_ROWS + 4);
    assert_eq!((second.files.len(), second.first_row), (1, 100_001));
    let Some(FileIndex::Blocks { blocks, num_rows }) = &second.files[0].index else {
        panic!("no blocks");
    };
    assert_eq!((blocks.len(), *num_rows), (1, GROUP_ROWS + 5 - 100_001));
    assert_eq!(of_text.within(0..ROWS).files.len(), 3);
    assert_eq!(of_text.within(ROWS..ROWS).files.len(), 1);
    assert_eq!(of_text.from_start(), Some(vec![]));
    let mixed = location(&tables[4]);
    assert_eq!(
        mixed.from_start(),
        Some(vec![0..100_001, GROUP_ROWS + 5..ROWS])
    );
    // Text that nobody has read has no index.
    let unread = opened(&tables[1]).location().unwrap();
    assert_eq!((unread.num_rows(), unread.from_start()), (None, None));
    assert_eq!(unread.files[0].path, tables[1][0]);
}

#[test]
fn a_file_that_is_not_the_one_located_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "x\n1\n2\n").unwrap();
    let table = location(std::slice::from_ref(&path));
    let same = open_location(&table).unwrap();
    assert_eq!(same.num_rows(), Some(2));
    fs::write(&path, "x\n1\n3\n4\n").unwrap();
    let error = open_location(&table).err().unwrap().to_string();
    assert!(
        error.contains("another size or time of modification"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    assert!(open_location(&table).is_err());
}

#[test]
fn rows_that_are_no_whole_groups_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "x\n1\n2\n").unwrap();
    let source = opened(&[path]);
    for rows in [1..2, 0..3] {
        let ignore = |_, _| Ok(());
        let run = Threads::new(1).run_groups(source.as_ref(), &[0], rows.clone(), &Sum, &ignore);
        assert!(run.is_err(), "{rows:?}");
    }
}

#[test]
fn numbers_of_rows_that_do_not_fit_into_64_bits_are_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = location(&tables(folder.path())[0]);
    table.first_row = u64::MAX - 1;
    table.files.push(table.files[0].clone());
    assert_eq!(table.within(0..5).files.len(), 1);
    let source = open_location(&table).unwrap();
    assert_eq!(source.parts_of(&[0], 0..5).unwrap().count(), 0);
    for file in &mut table.files {
        file.index = Some(FileIndex::InFile { num_rows: u64::MAX });
    }
    assert_eq!(table.num_rows(), Some(u64::MAX));
}
