mod any_table;
mod errors;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::*;
use crate::test_table::{numbered, write};
use crate::{
    ChunkOrder, CsvOptions, EncodedSource, MissingPolicy, Passes, RowChunk, Rows, Set, TableFormat,
    Threads, learn_encoder, learn_schema, open,
};

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
