//! Results have the same bits however a table is divided and stored.

mod sending;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::test_source::Divided;
use crate::test_table::write;
use crate::{
    ColumnChoice, CsvOptions, EncodedSource, EncoderConfig, MissingPolicy, Passes, RowChunk,
    RowPass, Set, Split, TableFormat, describe_on, learn_and_encode, learn_encoder_on,
    learn_schema_on, open, rows_left_out_on,
};
use sending::Sending;

/// Sums of the products of features and targets, whose last bits depend on the
/// order of the additions.
#[derive(Clone, Deserialize, Serialize)]
struct Products;

impl RowPass for Products {
    type State = Vec<f64>;
    type Output = Vec<f64>;

    fn name() -> String {
        "products".to_string()
    }

    fn start(&self) -> Vec<f64> {
        Vec::new()
    }

    fn update(&self, sums: &mut Vec<f64>, rows: &RowChunk) -> Result<(), DataError> {
        sums.resize(rows.num_features, 0.0);
        for row in 0..rows.num_rows() {
            let features = &rows.features[row * rows.num_features..][..rows.num_features];
            let weight = rows.weights.map_or(1.0, |weights| weights[row]);
            for (sum, feature) in sums.iter_mut().zip(features) {
                *sum += weight * feature * rows.targets[row];
            }
        }
        Ok(())
    }

    fn merge(&self, sums: &mut Vec<f64>, later: Vec<f64>) -> Result<(), DataError> {
        // A part without rows has no sums.
        sums.resize(sums.len().max(later.len()), 0.0);
        for (sum, later) in sums.iter_mut().zip(later) {
            *sum += later;
        }
        Ok(())
    }

    fn finish(self, sums: Vec<f64>) -> Result<Vec<f64>, DataError> {
        Ok(sums)
    }
}

const SPLIT: Split = Split::Random {
    validation: 0.3,
    test: 0.0,
    seed: 1,
};

/// All that the passes find out about a table, as text.
fn found(
    engine: impl Engine + 'static,
    source: Arc<dyn Source>,
    config: &EncoderConfig,
) -> Result<Vec<String>, DataError> {
    let json = |value: &dyn erased::Json| value.json();
    let choice = ColumnChoice {
        numeric: vec!["d".to_string()],
        ..ColumnChoice::default()
    };
    let (table, shared) = (source.as_ref(), Arc::new(engine));
    let engine = shared.as_ref();
    let mut schema = learn_schema_on(engine, table, &choice)?;
    let mut texts = vec![json(&schema)];
    let prints = schema.columns.iter().map(|column| column.fingerprint);
    texts.push(json(&prints.collect::<Vec<u64>>()));
    texts.push(json(&describe_on(engine, table, &schema, Some("y"))?));
    let encoder = learn_encoder_on(engine, table, &mut schema, config, SPLIT)?;
    texts.push(json(&encoder));
    texts.push(json(&rows_left_out_on(engine, table, &encoder)?.to_vec()));
    let rows = EncodedSource::new(source.clone(), &encoder, SPLIT, Set::Training)?;
    texts.push(json(&rows.on(shared.clone()).run(Products)?));
    let make = |_: &_, _| Ok(Products);
    let (learned, products) = learn_and_encode(engine, table, &choice, config, make)?;
    texts.push(json(&(
        learned.schema,
        learned.encoder,
        learned.counts,
        products,
    )));
    Ok(texts)
}

/// JSON of values of any type.
mod erased {
    pub trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

fn config(missing: MissingPolicy) -> EncoderConfig {
    EncoderConfig {
        targets: vec!["y".to_string()],
        missing,
        ..EncoderConfig::default()
    }
}

fn cell(row: usize, column: u64) -> u64 {
    crate::random::mix(crate::random::mix(row as u64) ^ column)
}

/// A table of numbers, words and dates, some of them missing.
fn mixed(num_rows: usize) -> RecordBatch {
    let number = |row: usize, column: u64| (cell(row, column) % 100_003) as f64 / 7.0;
    let text = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new((0..num_rows).map(of).collect::<StringArray>())
    };
    let x = |row: usize| (!cell(row, 1).is_multiple_of(11)).then(|| number(row, 1).to_string());
    let t = |row: usize| {
        (!cell(row, 2).is_multiple_of(13)).then(|| format!("town {}", cell(row, 2) % 5))
    };
    let d = |row: usize| {
        let (day, month) = (cell(row, 3) % 28 + 1, cell(row, 3) % 12 + 1);
        // The first dates can be read in one way only.
        Some(if row < num_rows / 3 {
            format!("2020-{month:02}-{day:02}")
        } else {
            format!("{month}/{day}/2021")
        })
    };
    let y: Float64Array = (0..num_rows).map(|row| Some(number(row, 4))).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("x", text(&x)),
        ("t", text(&t)),
        ("d", text(&d)),
        ("y", Arc::new(y)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_division_into_chunks_changes_a_bit(
        sizes in prop::collection::vec(prop::collection::vec(1..1500usize, 1..5), 1..8),
        threads in prop::sample::select(vec![1, 2, 7]),
        missing in prop::sample::select(vec![
            MissingPolicy::Drop, MissingPolicy::Mean, MissingPolicy::Indicator,
        ]),
    ) {
        let num_rows = sizes.iter().flatten().sum();
        prop_assume!(num_rows > 50);
        let rows = mixed(num_rows);
        let whole = Divided::new(rows.clone(), vec![vec![num_rows]]);
        let config = config(missing);
        let expected = found(Threads::new(1), Arc::new(whole), &config).unwrap();
        let divided = || Arc::new(Divided::new(rows.clone(), sizes.clone()));
        let threads = Threads::new(threads);
        prop_assert_eq!(&found(threads, divided(), &config).unwrap(), &expected);
        prop_assert_eq!(&found(Sending(threads), divided(), &config).unwrap(), &expected);
    }
}

/// A table of numbers and words of some megabytes.
fn large(num_rows: usize) -> RecordBatch {
    let number = |column: u64| -> ArrayRef {
        let of = move |row| {
            let is_there = column == 4 || !cell(row, column).is_multiple_of(17);
            is_there.then(|| cell(row, column) as f64 / 1e17 - 50.0)
        };
        Arc::new((0..num_rows).map(of).collect::<Float64Array>())
    };
    let word = |row| Some(format!("town {}", cell(row, 3) % 5));
    let words: ArrayRef = Arc::new((0..num_rows).map(word).collect::<StringArray>());
    let date = |row| Some(format!("2021-{:02}-{:02}", row % 12 + 1, row % 28 + 1));
    let dates: ArrayRef = Arc::new((0..num_rows).map(date).collect::<StringArray>());
    let columns = [
        ("a", number(1), true),
        ("b", number(2), true),
        ("t", words, true),
        ("d", dates, true),
        ("y", number(4), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn gzip(path: &Path) -> PathBuf {
    let packed = path.with_extension("csv.gz");
    let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
    encoder.write_all(&std::fs::read(path).unwrap()).unwrap();
    encoder.finish().unwrap();
    packed
}

#[test]
fn no_format_and_no_number_of_files_changes_a_bit() {
    let folder = tempfile::tempdir().unwrap();
    let rows = large(60_000);
    let file = |name: &str, format, batches: &[RecordBatch]| {
        let path = folder.path().join(name);
        write(&path, format, batches);
        path
    };
    let csv = file("all.csv", TableFormat::Csv, std::slice::from_ref(&rows));
    let size = std::fs::metadata(&csv).unwrap().len();
    assert!(size > 3 << 20, "{size} bytes are too few to be divided");
    let gz = gzip(&csv);
    let first = file("1.csv", TableFormat::Csv, &[rows.slice(0, 20_001)]);
    let second = file("2.csv", TableFormat::Csv, &[rows.slice(20_001, 39_999)]);
    let batches = [rows.slice(0, 777), rows.slice(777, 59_223)];
    let parquet = file("all.parquet", TableFormat::Parquet, &batches);
    let arrow = file("all.arrow", TableFormat::Arrow, &batches);
    let config = config(MissingPolicy::Mean);
    let find = |files: &[&PathBuf], threads| {
        let files: Vec<PathBuf> = files.iter().map(|path| path.to_path_buf()).collect();
        let source = open(&files, &CsvOptions::default(), Passes::Several).unwrap();
        found(Threads::new(threads), source.into(), &config).unwrap()
    };
    let expected = find(&[&csv], 1);
    for (files, threads) in [
        (vec![&csv], 2),
        (vec![&csv], 7),
        (vec![&gz], 2),
        (vec![&first, &second], 7),
        (vec![&parquet], 1),
        (vec![&parquet], 7),
        (vec![&arrow], 2),
    ] {
        assert_eq!(
            find(&files, threads),
            expected,
            "{files:?} on {threads} threads"
        );
    }
}

#[test]
fn rows_in_memory_give_the_same_bits_as_those_in_a_file() {
    let rows = large(30_000);
    let source: Arc<dyn Source> = Arc::new(Divided::new(rows, vec![vec![10_000; 3]]));
    let choice = ColumnChoice::default();
    let engine = Threads::new(2);
    // Rows are left out by the split, and where a cell is missing.
    for (split, missing) in [
        (Split::None, MissingPolicy::Mean),
        (SPLIT, MissingPolicy::Drop),
    ] {
        let mut schema = learn_schema_on(&engine, source.as_ref(), &choice).unwrap();
        let config = config(missing);
        let encoder = learn_encoder_on(&engine, source.as_ref(), &mut schema, &config, split);
        let encoder = encoder.unwrap();
        for set in [Set::Training, Set::Validation] {
            if (split, set) == (Split::None, Set::Validation) {
                continue;
            }
            let rows = EncodedSource::new(source.clone(), &encoder, split, set).unwrap();
            let (from_file, _) = rows.run((Products, Products)).unwrap();
            assert_eq!((Products, Products).run(&rows).unwrap(), from_file);
            let (crate::EncodedRows::Memory(dataset), _) = rows.load(usize::MAX).unwrap() else {
                panic!("the rows fit into memory");
            };
            for threads in [1, 2, 7] {
                let found = dataset.run(&Threads::new(threads), (Products, Products));
                assert_eq!(found.unwrap(), from_file);
            }
        }
    }
}

#[test]
fn a_right_guess_gives_wide_rows_the_bits_of_a_known_encoder() {
    const ROWS: usize = 20_000;
    let words = (0..ROWS).map(|row| Some(format!("level {}", cell(row, 1) % 300)));
    let words: ArrayRef = Arc::new(words.collect::<StringArray>());
    let number = |row| Some(cell(row, 2) as f64 / 1e17);
    let numbers: ArrayRef = Arc::new((0..ROWS).map(number).collect::<Float64Array>());
    let rows = RecordBatch::try_from_iter([("t", words), ("y", numbers)]).unwrap();
    let source: Arc<dyn Source> = Arc::new(Divided::new(rows, vec![vec![ROWS]]));
    let choice = ColumnChoice {
        max_levels: 1000,
        ..ColumnChoice::default()
    };
    let (engine, config) = (Threads::new(2), config(MissingPolicy::Error));
    let make = |_: &_, _| Ok(Products);
    let learned = learn_and_encode(&engine, source.as_ref(), &choice, &config, make);
    let (learned, products) = learned.unwrap();
    assert_eq!((learned.passes, products.len()), (1, 299));
    let encoded = EncodedSource::new(source, &learned.encoder, Split::None, Set::Training);
    let (expected, _) = encoded.unwrap().run(Products).unwrap();
    assert_eq!(products, expected);
}
