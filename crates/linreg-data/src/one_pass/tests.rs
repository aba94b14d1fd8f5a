use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::*;
use crate::test_table::{numbered, write};
use crate::{
    ChunkOrder, CsvOptions, EncodedSource, Formula, MissingPolicy, Passes, RowChunk, Rows, Set,
    TableFormat, Threads, UnseenPolicy, learn_encoder, learn_schema, open,
};
use proptest::prelude::*;

/// Collects all rows.
#[derive(Clone, Deserialize, Serialize)]
struct Collect;

impl RowPass for Collect {
    type State = Rows;
    type Output = Rows;

    fn name() -> String {
        "collect".to_string()
    }

    fn start(&self) -> Rows {
        Rows::default()
    }

    fn update(&self, all: &mut Rows, rows: &RowChunk) -> Result<(), DataError> {
        *all = Rows {
            features: rows.features.to_vec(),
            targets: rows.targets.to_vec(),
            weights: rows.weights.map(<[f64]>::to_vec),
            tails: rows.tails.map(<[f64]>::to_vec),
        };
        Ok(())
    }

    fn merge(&self, all: &mut Rows, later: Rows) -> Result<(), DataError> {
        all.append(later);
        Ok(())
    }

    fn finish(self, rows: Rows) -> Result<Rows, DataError> {
        Ok(rows)
    }
}

type Found = (Schema, Encoder, EncodingCounts, Rows);

fn in_two_passes(
    source: Arc<dyn Source>,
    choice: &ColumnChoice,
    config: &EncoderConfig,
) -> Result<Found, DataError> {
    let mut schema = learn_schema(source.as_ref(), choice)?;
    let encoder = learn_encoder(source.as_ref(), &mut schema, config, Split::None)?;
    let encoded = EncodedSource::new(source, &encoder, Split::None, Set::Training)?;
    let mut counts = EncodingCounts::default();
    let mut all = Rows::default();
    for chunk in encoded.encoded(ChunkOrder::File)? {
        let (rows, of_chunk) = chunk?;
        counts.merge(&of_chunk);
        // A pass is not given a chunk of which no row is left.
        if !rows.targets.is_empty() {
            all.append(rows);
        }
    }
    Ok((schema, encoder, counts, all))
}

/// Checks that one pass over files, each of which is one chunk, finds the
/// same as two passes. Returns the number of passes, or the error.
fn passes(
    chunks: &[String],
    choice: &ColumnChoice,
    config: &EncoderConfig,
) -> Result<usize, String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(index, chunk): (usize, &String)| {
        let path = folder.path().join(format!("{index}.csv"));
        std::fs::write(&path, chunk).unwrap();
        path
    };
    let paths: Vec<PathBuf> = chunks.iter().enumerate().map(write).collect();
    let folder = format!("{}/", folder.path().display());
    let found = compare(&paths, choice, config);
    found.map_err(|message| message.replace(&folder, ""))
}

fn compare(
    paths: &[PathBuf],
    choice: &ColumnChoice,
    config: &EncoderConfig,
) -> Result<usize, String> {
    let source = open(paths, &CsvOptions::default(), Passes::Several).unwrap();
    let source: Arc<dyn Source> = source.into();
    let mut starts = 0;
    let make = |_: &Encoder, _: Option<u64>| {
        starts += 1;
        Ok(Collect)
    };
    let learned = learn_and_encode(&Threads::new(2), source.as_ref(), choice, config, make);
    let expected = in_two_passes(source, choice, config);
    match (learned, expected) {
        (Ok((learned, found)), Ok((schema, encoder, counts, rows))) => {
            assert_eq!(learned.schema, schema);
            assert_eq!(learned.encoder, encoder);
            assert_eq!(learned.counts, counts);
            assert_eq!(found, rows);
            assert!(starts <= 2);
            Ok(learned.passes)
        }
        (Err(error), Err(expected)) => {
            assert_eq!(error.to_string(), expected.to_string());
            Err(error.to_string())
        }
        (learned, expected) => panic!("{learned:?}, expected {expected:?}"),
    }
}

/// Tables of the columns `x`, `t`, `w` and `y`.
fn tables(chunks: &[&str]) -> Vec<String> {
    let chunks = chunks.iter();
    chunks.map(|rows| format!("x,t,w,y\n{rows}\n")).collect()
}

const FIRST: &str = "1,a,1,2\n2,b,2,3\n-4,a,1,4";

fn config() -> EncoderConfig {
    EncoderConfig {
        targets: vec!["y".to_string()],
        ..EncoderConfig::default()
    }
}

fn after_first(later: &str, config: &EncoderConfig) -> Result<usize, String> {
    let chunks = tables(&[FIRST, FIRST, later, FIRST]);
    passes(&chunks, &ColumnChoice::default(), config)
}

#[test]
fn one_pass_is_enough_when_later_rows_are_like_the_first() {
    assert_eq!(after_first("7,b,0,1e9", &config()), Ok(1));
    let one_file = tables(&["1,a,2,3\n,b,2,4\n5,a,2,1"]);
    for missing in [MissingPolicy::Mean, MissingPolicy::Indicator] {
        let config = EncoderConfig {
            missing,
            ..config()
        };
        assert_eq!(passes(&one_file, &ColumnChoice::default(), &config), Ok(1));
    }
}

#[test]
fn what_shows_later_takes_a_second_pass() {
    // A new level, words that are true or false, and a column that was empty.
    assert_eq!(after_first("7,c,0,1", &config()), Ok(2));
    assert_eq!(after_first("true,a,0,1", &config()), Ok(1));
    let chunks = tables(&["1,,1,2", "2,a,1,3\n3,b,1,2\n4,a,1,2"]);
    let config = EncoderConfig {
        missing: MissingPolicy::Drop,
        ..config()
    };
    // One more pass finds the levels of the rows without missing values.
    assert_eq!(passes(&chunks, &ColumnChoice::default(), &config), Ok(3));
}

#[test]
fn a_level_only_in_rows_left_out_takes_another_pass() {
    let config = EncoderConfig {
        missing: MissingPolicy::Drop,
        ..config()
    };
    let one_file = tables(&["1,a,2,3\n,c,2,4\n5,a,2,1\n3,b,2,2\n2,b,2,5"]);
    assert_eq!(passes(&one_file, &ColumnChoice::default(), &config), Ok(2));
}

#[test]
fn every_row_may_be_left_out() {
    let config = EncoderConfig {
        weight: Some("w".to_string()),
        missing: MissingPolicy::Drop,
        ..config()
    };
    let chunks = tables(&["1,,0,", "2.5,,,1"]);
    assert!(passes(&chunks, &ColumnChoice::default(), &config).is_ok());
}

#[test]
fn the_order_of_dates_is_that_of_all_rows() {
    let choice = ColumnChoice {
        numeric: vec!["x".to_string()],
        ..ColumnChoice::default()
    };
    let first = "1/2/2020,a,1,2\n2/3/2020,b,2,3\n4/5/2020,a,1,1";
    let second_pass = |later: &str| {
        let chunks = tables(&[first, later, first]);
        passes(&chunks, &choice, &config())
    };
    assert_eq!(second_pass("13/2/2020,b,1,2"), Ok(2));
    assert_eq!(second_pass("2/13/2020,b,1,2"), Ok(2));
    assert!(second_pass("2/2/2020,b,1,2").is_err());
    assert!(second_pass("13/2/2020,b,1,2\n2/13/2020,b,1,2").is_err());
    // One level occurs twice, or the column would be treated as an
    // identifier.
    let chunks = tables(&["13/2/2020,b,1,2\n1/2/2020,a,2,1\n1/2/2020,a,3,1", first]);
    assert_eq!(passes(&chunks, &choice, &config()), Ok(1));
}

#[test]
fn errors_are_those_of_two_passes() {
    for (later, message) in [
        (
            "seven,a,0,1",
            "2.csv: line 2 (byte 8): found `seven`, where 9 of 10 cells are numbers; `seven` can be taken as missing",
        ),
        (
            "7,a,0,inf",
            "2.csv: line 2 (byte 8), column `y`: found `inf`, expected a finite number",
        ),
        ("7,a,0,big", "2.csv: line 2 (byte 8): found `big`"),
        (
            ",a,0,1\n1,,0,1\n1,a,0,\n,a,0,1",
            "4 missing cells: 2.csv: line 2 (byte 8), column `x`; 2.csv: line 5 (byte 29), column `x`; 2.csv: line 3 (byte 15), column `t` and 1 more",
        ),
        (
            "7,a,0",
            "2.csv: line 2 (byte 8): found 3 cells, expected 4 as in the header",
        ),
    ] {
        let error = after_first(later, &config()).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    let weighted = EncoderConfig {
        weight: Some("w".to_string()),
        ..config()
    };
    assert_eq!(after_first("1,a,0,1", &weighted), Ok(1));
    let error = after_first("1,a,-1,1", &weighted).unwrap_err();
    let message = "2.csv: line 2 (byte 8), column `w`: found `-1`, expected a weight of 0 or more";
    assert!(error.starts_with(message), "{error}");
    let nothing = passes(&tables(&["", ""]), &ColumnChoice::default(), &config());
    assert_eq!(nothing.unwrap_err(), "there are no rows after the header");
}

#[test]
fn missing_cells_that_take_the_mean_need_the_mean_of_all() {
    for (missing, feature, target) in [
        (MissingPolicy::Drop, 1, 1),
        (MissingPolicy::Mean, 2, 1),
        (MissingPolicy::Indicator, 2, 1),
    ] {
        let config = EncoderConfig {
            missing,
            ..config()
        };
        assert_eq!(after_first(",a,0,1", &config), Ok(feature), "{missing:?}");
        assert_eq!(after_first("1,NA,0,1", &config), Ok(feature), "{missing:?}");
        assert_eq!(after_first("1,a,0,", &config), Ok(target), "{missing:?}");
    }
}

#[test]
fn columns_with_types_are_learned_and_encoded_too() {
    let folder = tempfile::tempdir().unwrap();
    let rows = numbered(3000);
    for (name, format) in [
        ("t.parquet", TableFormat::Parquet),
        ("t.arrow", TableFormat::Arrow),
    ] {
        let path = folder.path().join(name);
        write(
            &path,
            format,
            &[rows.slice(0, 2000), rows.slice(2000, 1000)],
        );
        let choice = ColumnChoice {
            max_levels: 1000,
            ..ColumnChoice::default()
        };
        let config = EncoderConfig {
            targets: vec!["number".to_string()],
            missing: MissingPolicy::Drop,
            ..EncoderConfig::default()
        };
        assert_eq!(compare(&[path], &choice, &config), Ok(1), "{name}");
    }
}

/// A pass that fails at rows with large targets.
#[derive(Clone, Deserialize, Serialize)]
struct Fussy {
    in_merge: bool,
}

impl RowPass for Fussy {
    type State = f64;
    type Output = ();

    fn name() -> String {
        "fussy".to_string()
    }

    fn start(&self) -> f64 {
        0.0
    }

    fn update(&self, largest: &mut f64, rows: &RowChunk) -> Result<(), DataError> {
        *largest = rows.targets.iter().copied().fold(*largest, f64::max);
        if self.in_merge {
            Ok(())
        } else {
            fuss(rows.targets[0])
        }
    }

    fn merge(&self, _: &mut f64, later: f64) -> Result<(), DataError> {
        fuss(later)
    }

    fn finish(self, largest: f64) -> Result<(), DataError> {
        fuss(largest)
    }
}

fn fuss(target: f64) -> Result<(), DataError> {
    if target <= 10.0 {
        return Ok(());
    }
    Err(DataError::Other(format!("{target} is large").into()))
}

#[test]
fn the_first_error_of_a_pass_comes_after_those_of_the_table() {
    for in_merge in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for (end, message) in [("1,1", "is large"), ("inf,1", "found `inf`")] {
            std::fs::write(&path, format!("x,y\n1,11\n2,12\n{end}\n")).unwrap();
            let files = std::slice::from_ref(&path);
            let source = open(files, &CsvOptions::default(), Passes::Several).unwrap();
            let choice = ColumnChoice::default();
            let make = |_: &Encoder, _: Option<u64>| Ok(Fussy { in_merge });
            let engine = Threads::new(2);
            let learned = learn_and_encode(&engine, source.as_ref(), &choice, &config(), make);
            let error = learned.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}

/// The cells of a column: mostly of one kind, rarely of others.
fn cell() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    let number = prop::sample::select(vec!["1", "2.5", "-3e2", "0", " 7 "]);
    let word = prop::sample::select(vec!["a", "b", "c", "d e"]);
    let odd = prop_oneof![
        9 => prop::sample::select(vec!["", "NA"]),
        1 => prop::sample::select(vec![
            "true", "FALSE", "2024-02-01", "1e999", "1 5", "x", "4", "nan",
        ]),
    ];
    (number, word, odd)
}

fn policies() -> impl Strategy<Value = (MissingPolicy, UnseenPolicy)> {
    use MissingPolicy::{Drop, Error, Indicator, Mean};
    let unseen = vec![UnseenPolicy::Error, UnseenPolicy::Baseline];
    (
        prop::sample::select(vec![Error, Drop, Mean, Indicator]),
        prop::sample::select(unseen),
    )
}

proptest! {
    #[test]
    fn one_pass_finds_the_same_as_two(
        rows in prop::collection::vec(prop::collection::vec((cell(), 0..60u8), 4), 1..40),
        chunk_rows in 1..12usize,
        (missing, unseen) in policies(),
        formula in prop::option::of(prop::sample::select(vec![
            "y ~ x * t", "y ~ 0 + t + poly(x, 3)", "y + x ~ t", "y ~ C(x) + t:w", "y ~ .",
        ])),
        (is_weighted, is_categorical, oddity) in (any::<bool>(), prop::bool::weighted(0.2), 0..5u8),
    ) {
        let text = |row: &Vec<((&str, &str, &str), u8)>| -> String {
            let cells = row.iter().enumerate().map(|(column, ((number, word, odd), chance))| {
                match (column, *chance < oddity) {
                    (_, true) => *odd,
                    (1, false) => *word,
                    _ => number.trim_start_matches(['-'; 1]),
                }
            });
            cells.collect::<Vec<_>>().join(",")
        };
        let rows: Vec<String> = rows.iter().map(text).collect();
        let chunks: Vec<String> = rows.chunks(chunk_rows).map(|rows| rows.join("\n")).collect();
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let columns = ["x", "t", "w", "y"].map(String::from);
        let formula = formula.map(|formula| Formula::parse(formula, &columns).unwrap());
        let mut config = EncoderConfig {
            weight: is_weighted.then(|| "w".to_string()),
            missing,
            unseen,
            ..config()
        };
        if let Some(formula) = formula {
            config.targets = formula.targets;
            config.terms = Some(formula.terms);
            config.no_intercept = !formula.intercept;
        }
        let choice = ColumnChoice {
            categorical: is_categorical.then(|| "x".to_string()).into_iter().collect(),
            baselines: if is_categorical {BTreeMap::from([("t".to_string(), "b".to_string())])} else {BTreeMap::new()},
            max_levels: if is_categorical { 3 } else { 9 },
            ..ColumnChoice::default()
        };
        let _ = passes(&tables(&chunks), &choice, &config);
    }
}
