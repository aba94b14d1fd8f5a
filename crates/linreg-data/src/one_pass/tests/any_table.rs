//! Tables of any cells, by any formula.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Formula, UnseenPolicy};

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
