use std::path::Path;

use arrow_array::{ArrayRef, Float64Array, StringArray};
use linreg_data::{ChunkOrder, TableFormat, column_indices};

use super::*;
use crate::{Columns, FitConfig};

fn table(num_rows: usize) -> Table {
    let x = |row: usize| row as f64 / 7.0;
    Table::from_columns([
        (
            "id",
            (0..num_rows)
                .map(|row| row as f64)
                .collect::<Vec<_>>()
                .into(),
        ),
        ("x", (0..num_rows).map(x).collect::<Vec<_>>().into()),
        (
            "y",
            (0..num_rows)
                .map(|row| 2.0 * x(row) + (row % 3) as f64)
                .collect::<Vec<_>>()
                .into(),
        ),
    ])
    .unwrap()
}

fn predictor(table: &Table) -> TablePredictor {
    let model = FitConfig::of(Columns::formula("y ~ x"))
        .run(table)
        .unwrap()
        .model;
    let keep = ["id".to_string()];
    model.table_predictor(table, Some(0.9), &keep).unwrap()
}

/// The rows of a table.
fn batches(table: &Table, columns: &[&str]) -> Vec<RecordBatch> {
    let source = table.source().as_ref();
    let columns = columns.iter().map(|column| column.to_string());
    let columns = column_indices(source, &columns.collect::<Vec<_>>()).unwrap();
    let parts = source.parts(&columns, ChunkOrder::File).unwrap();
    let chunks = parts.flat_map(|part| (part.unwrap().read)().unwrap());
    chunks.map(|chunk| chunk.unwrap().batch).collect()
}

/// The numbers of a column, which are text in a CSV file.
fn numbers(column: &ArrayRef) -> Vec<f64> {
    let column = column.as_any();
    match column.downcast_ref::<Float64Array>() {
        Some(numbers) => numbers.values().to_vec(),
        None => {
            let texts = column.downcast_ref::<StringArray>().unwrap().iter();
            texts.map(|text| text.unwrap().parse().unwrap()).collect()
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_have_all_rows_in_the_order_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(300_000);
    let mut expected = Vec::new();
    let collect = &mut |rows: PredictedRows| {
        expected.push(rows.into_batch()?);
        Ok(())
    };
    predictor(&table).run(collect).unwrap();
    let number = |batches: &[RecordBatch], column: &str| -> Vec<f64> {
        let columns = batches.iter().map(|batch| batch.column_by_name(column));
        columns
            .flat_map(|column| numbers(column.unwrap()))
            .collect()
    };
    for format in [TableFormat::Csv, TableFormat::Parquet] {
        let path = folder.path().join(format.extension());
        let parts = PredictedParts::new(&path, format, false).unwrap();
        let counts = predictor(&table).write_parts(parts).unwrap();
        assert_eq!((counts.rows, counts.dropped), (300_000, 0));
        let files = [0, 1, 2].map(|part| format!("part-0000{part}.{}", format.extension()));
        assert_eq!(names(&path), files);
        let pattern = path.join("part-*").to_str().unwrap().to_string();
        let written = Table::open(&pattern).unwrap();
        let columns = ["id", "predicted_y", "lower_y", "mean_upper_y"];
        let found = batches(&written, &columns);
        for column in columns {
            assert_eq!(
                number(&found, column),
                number(&expected, column),
                "{column}"
            );
        }
    }
    assert_eq!(names(folder.path()), ["csv", "parquet"]);
}

#[test]
fn only_predictions_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions");
    let table = table(100);
    let write = |format, replace| {
        let parts = PredictedParts::new(&path, format, replace)?;
        predictor(&table).write_parts(parts)
    };
    for (folder, expected) in [
        (
            "s3://key:secret@bucket/p",
            "s3://…: predictions are written to this machine",
        ),
        ("/no/such/p", "/no/such/p: there is no folder /no/such"),
    ] {
        let error = PredictedParts::new(folder.as_ref(), TableFormat::Csv, true).err();
        let error = error.unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    std::fs::write(&path, "mine").unwrap();
    let error = write(TableFormat::Csv, true).unwrap_err().to_string();
    assert!(error.ends_with("this is a file; name a folder"), "{error}");
    std::fs::remove_file(&path).unwrap();
    write(TableFormat::Csv, false).unwrap();
    let error = write(TableFormat::Parquet, false).unwrap_err();
    let expected = format!("{}: there is a folder of this name already", path.display());
    assert_eq!(error.to_string(), expected);
    write(TableFormat::Parquet, true).unwrap();
    assert_eq!(names(&path), ["part-00000.parquet"]);
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    let error = write(TableFormat::Csv, true).unwrap_err();
    assert!(
        error.to_string().contains("it contains `notes.txt`"),
        "{error}"
    );
    assert_eq!(names(&path), ["notes.txt", "part-00000.parquet"]);
    std::fs::remove_file(path.join("notes.txt")).unwrap();
    let pattern = path.join("part-*").to_str().unwrap().to_string();
    let own = Table::open(&pattern).unwrap();
    let model = FitConfig::of(Columns::formula("predicted_y ~ id"))
        .run(&own)
        .unwrap()
        .model;
    let parts = PredictedParts::new(&path, TableFormat::Csv, true).unwrap();
    let error = model
        .table_predictor(&own, None, &[])
        .unwrap()
        .write_parts(parts)
        .unwrap_err();
    assert!(
        error.to_string().contains("which is being predicted"),
        "{error}"
    );
    assert_eq!(names(&path), ["part-00000.parquet"]);
    assert_eq!(names(folder.path()), ["predictions"]);
}
