mod missing;
mod terms;

use super::*;
use crate::testing::encode;
use crate::{ColumnChoice, Formula};
use proptest::prelude::*;

const HOUSES: &str =
    "area,town,new,y\n50,Kiel,true,1\n70,Bonn,false,2\n90,Ulm,true,3\n30,Ulm,false,4\n";

fn config() -> EncoderConfig {
    EncoderConfig::default()
}

fn plain(content: &str, config: &EncoderConfig) -> Result<(Vec<String>, Encoded), String> {
    let (encoder, encoded) = encode(content, &ColumnChoice::default(), config)?;
    Ok((encoder.feature_names(), encoded))
}

/// Encodes a table as a formula says; returns the names and the features.
fn formula(content: &str, formula: &str) -> Result<(Vec<String>, Vec<f64>), String> {
    let header = content.lines().next().unwrap();
    let columns: Vec<String> = header.split(',').map(String::from).collect();
    let formula = Formula::parse(formula, &columns).unwrap();
    let factors = formula.terms.iter().flat_map(|term| &term.0);
    let categorical = factors.filter_map(|factor| match factor {
        Factor::Categorical(name) => Some(name.clone()),
        _ => None,
    });
    let choice = ColumnChoice {
        categorical: categorical.collect(),
        ..ColumnChoice::default()
    };
    let config = EncoderConfig {
        targets: formula.targets,
        terms: Some(formula.terms),
        no_intercept: !formula.intercept,
        ..config()
    };
    let (encoder, encoded) = encode(content, &choice, &config)?;
    Ok((encoder.feature_names(), encoded.rows.features))
}

#[test]
fn every_column_but_the_target_becomes_features() {
    let (names, encoded) = plain(HOUSES, &config()).unwrap();
    assert_eq!(names, ["area", "town=Kiel", "town=Ulm", "new"]);
    #[rustfmt::skip]
    let expected = [
        50.0, 1.0, 0.0, 1.0,
        70.0, 0.0, 0.0, 0.0,
        90.0, 0.0, 1.0, 1.0,
        30.0, 0.0, 1.0, 0.0,
    ];
    assert_eq!(encoded.rows.features, expected);
    assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn takes_several_targets_and_weights() {
    let config = EncoderConfig {
        targets: vec!["y".to_string(), "area".to_string()],
        weight: Some("w".to_string()),
        exclude: vec!["town".to_string()],
        ..config()
    };
    let text = "area,town,w,x,y\n50,a,1,5,1\n70,b,0,6,2\n90,b,3,7,4\n";
    let (names, encoded) = plain(text, &config).unwrap();
    assert_eq!(names, ["x"]);
    // The row of weight 0 is left out.
    assert_eq!(encoded.rows.targets, [1.0, 50.0, 4.0, 90.0]);
    assert_eq!(encoded.rows.weights, Some(vec![1.0, 3.0]));
    let counts = encoded.counts;
    assert_eq!((counts.rows, counts.dropped, counts.weightless), (3, 1, 1));
    let negative = text.replace("b,0", "b,-1");
    assert_eq!(
        plain(&negative, &config).unwrap_err(),
        "t.csv: line 3 (byte 27), column `w`: found `-1`, expected a weight of 0 or more"
    );
}

#[test]
fn new_levels_are_an_error_or_the_baseline() {
    let (encoder, _) = encode(HOUSES, &ColumnChoice::default(), &config()).unwrap();
    let file = crate::testing::file("new.csv", "town,new,area\nBonn,true,1\nTrier,true,2\n");
    let source = file.open().unwrap();
    let encode = |encoder: &Encoder| {
        let bound = encoder.bind(source.as_ref(), false).unwrap();
        let columns = bound.columns().to_vec();
        let mut chunks = crate::read(
            source.as_ref(),
            &columns,
            crate::ChunkOrder::File,
            move |chunk| bound.encode(&chunk, None),
        )
        .unwrap();
        chunks.next().unwrap()
    };
    let error = encode(&encoder).unwrap_err();
    assert_eq!(
        file.message(&error),
        "new.csv: line 3 (byte 26), column `town`: found `Trier`, a level that the model does not know; it knows `Bonn`, `Kiel`, `Ulm`"
    );
    let encoded = encode(&encoder.clone().with_unseen(UnseenPolicy::Drop)).unwrap();
    assert_eq!(encoded.rows.features, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!((encoded.counts.dropped, encoded.counts.unseen_rows), (1, 1));
    let encoded = encode(&encoder.with_unseen(UnseenPolicy::Baseline)).unwrap();
    assert_eq!(
        encoded.rows.features,
        [1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0]
    );
    assert_eq!(encoded.counts.unseen, [("town".to_string(), 1)].into());
}

#[test]
fn refuses_choices_that_make_no_sense() {
    let targets = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    for (config, message) in [
        (
            EncoderConfig {
                targets: targets(&["town"]),
                ..config()
            },
            "the target `town` is words, such as `Kiel`; it must be numbers",
        ),
        (
            EncoderConfig {
                targets: targets(&["z"]),
                ..config()
            },
            "there is no column `z`; the columns are `area`, `town`, `new`, `y`",
        ),
        (
            EncoderConfig {
                exclude: targets(&["area", "town", "new"]),
                ..config()
            },
            "there are no features to predict `y` from",
        ),
        (
            EncoderConfig {
                weight: Some("y".to_string()),
                ..config()
            },
            "the column `y` is a target; it cannot be the weight",
        ),
        (
            EncoderConfig {
                terms: Some(vec![Term(vec![Factor::Column("y".to_string())])]),
                ..config()
            },
            "the target `y` is among the features; a column cannot be both",
        ),
    ] {
        assert_eq!(plain(HOUSES, &config).unwrap_err(), message);
    }
    assert_eq!(
        formula("a,y\n1,2\n", "y ~ a + poly(a, 2)").unwrap_err(),
        "the feature `a` is there twice; leave one of them out"
    );
    assert!(
        formula("a,y\n1e200,2\n", "y ~ poly(a, 2)")
            .unwrap_err()
            .contains("the feature `a^2` is beyond 64-bit floats")
    );
}

#[test]
fn an_encoder_survives_json() {
    let (encoder, _) = encode(HOUSES, &ColumnChoice::default(), &config()).unwrap();
    let json = serde_json::to_string(&encoder).unwrap();
    let read: Encoder = serde_json::from_str(&json).unwrap();
    assert_eq!(read.feature_names(), encoder.feature_names());
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

proptest! {
    #[test]
    fn encoded_levels_tell_the_levels(levels in prop::collection::vec("[a-e]", 2..40)) {
        let rows: String = levels.iter().map(|level| format!("{level},1\n")).collect();
        let Ok((encoder, encoded)) = encode(&format!("t,y\n{rows}"), &ColumnChoice::default(), &config()) else {
            // A column of one level or of unique words is no feature.
            let different = levels.iter().collect::<std::collections::HashSet<_>>().len();
            prop_assert!(different == 1 || different == levels.len());
            return Ok(());
        };
        let Kind::Categorical { levels: known, .. } = &encoder.columns()[0].kind else {
            panic!("not categorical");
        };
        let width = known.len() - 1;
        for (row, level) in encoded.rows.features.chunks(width).zip(&levels) {
            let index = row.iter().position(|value| *value == 1.0).map_or(0, |index| index + 1);
            prop_assert_eq!(&known[index], level);
            prop_assert!(row.iter().sum::<f64>() <= 1.0);
        }
    }
}

#[test]
fn a_chunk_of_other_columns_or_rows_is_an_error() {
    let file = crate::testing::file("t.csv", HOUSES);
    let source = file.open().unwrap();
    let schema = crate::learn_schema(source.as_ref(), &ColumnChoice::default()).unwrap();
    let config = EncoderConfig {
        targets: vec!["y".to_string()],
        ..config()
    };
    let encoder = Encoder::new(&schema, &config).unwrap();
    let bound = encoder.bind(source.as_ref(), true).unwrap();
    let chunk = |columns: &[usize]| {
        let read = crate::read(source.as_ref(), columns, crate::ChunkOrder::File, Ok);
        read.unwrap().next().unwrap().unwrap()
    };
    let all = chunk(bound.columns());
    assert!(bound.encode(&all, Some(&[true; 4])).is_ok());
    for (chunk, wanted, message) in [
        (chunk(&[0]), None, "found 1 columns, expected 4"),
        (
            all,
            Some(&[true; 3][..]),
            "3 marks of wanted rows for 4 rows; give one for each",
        ),
    ] {
        assert_eq!(
            bound.encode(&chunk, wanted).unwrap_err().to_string(),
            message
        );
    }
}
