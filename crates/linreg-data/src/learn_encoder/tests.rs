use super::*;
use crate::testing::{encode_all, file};
use crate::{ColumnChoice, Encoded, Factor, MissingPolicy, Term, UnseenPolicy, learn_schema};

/// Learns the schema and the encoder of a table, and encodes its training rows.
fn learned(
    content: &str,
    choice: &ColumnChoice,
    config: &EncoderConfig,
    split: Split,
) -> Result<(Schema, Encoder), String> {
    let file = file("t.csv", content);
    let source = file.open().unwrap();
    let config = EncoderConfig {
        targets: vec!["y".to_string()],
        ..config.clone()
    };
    let mut schema = learn_schema(source.as_ref(), choice).unwrap();
    learn_encoder(source.as_ref(), &mut schema, &config, split)
        .map(|encoder| (schema, encoder))
        .map_err(|error| file.message(&error))
}

fn names(content: &str, config: &EncoderConfig, split: Split) -> Vec<String> {
    let (_, encoder) = learned(content, &ColumnChoice::default(), config, split).unwrap();
    encoder.feature_names()
}

fn why(schema: &Schema, name: &str) -> String {
    schema.column(name).unwrap().why.to_string()
}

fn drop() -> EncoderConfig {
    EncoderConfig {
        missing: MissingPolicy::Drop,
        ..EncoderConfig::default()
    }
}

#[test]
fn a_level_only_in_rows_with_missing_cells_is_none() {
    let table = "x,f,y\n1,a,1\n2,b,2\n4,b,1\n,d,3\n3,a,2\n";
    assert_eq!(names(table, &drop(), Split::None), ["x", "f=b"]);
    // Where the missing value takes the mean, the model is fitted to its row.
    let mean = EncoderConfig {
        missing: MissingPolicy::Mean,
        ..drop()
    };
    assert_eq!(names(table, &mean, Split::None), ["x", "f=b", "f=d"]);
}

#[test]
fn a_level_only_in_rows_of_weight_0_is_none() {
    let table = "x,f,w,y\n1,a,1,1\n2,b,2,2\n4,b,1,1\n5,d,0,3\n3,a,1,2\n";
    let config = EncoderConfig {
        weight: Some("w".to_string()),
        ..EncoderConfig::default()
    };
    assert_eq!(names(table, &config, Split::None), ["x", "f=b"]);
}

/// Twelve rows whose last is the only one of level `d`.
fn last_is_rare() -> String {
    let rows = (0..12).map(|row| {
        let level = ["a", "b", "d"][if row == 11 { 2 } else { row % 2 }];
        format!("{row},{level},{}\n", row * row % 7)
    });
    format!("x,f,y\n{}", rows.collect::<String>())
}

#[test]
fn a_level_only_in_rows_held_out_is_none() {
    let split = Split::TimeOrdered {
        validation: 0.25,
        test: 0.0,
        num_rows: 12,
    };
    let config = EncoderConfig::default();
    assert_eq!(names(&last_is_rare(), &config, split), ["x", "f=b"]);
    let of_fold = |held_out| {
        let split = Split::Fold {
            folds: 12,
            held_out,
            seed: 0,
            num_rows: 12,
        };
        names(&last_is_rare(), &config, split)
    };
    let lack_it = (0..12).filter(|fold| of_fold(*fold) == ["x", "f=b"]);
    assert_eq!(lack_it.count(), 1);
}

#[test]
fn means_are_those_of_the_rows_fitted_to() {
    // The mean of x is 2 in the rows of weight above 0, and that of all is 26.5.
    let table = "x,w,y\n1,1,1\n3,1,2\n,1,3\n100,0,4\n2,1,5\n";
    let config = EncoderConfig {
        missing: MissingPolicy::Mean,
        weight: Some("w".to_string()),
        ..EncoderConfig::default()
    };
    let (_, encoder) = learned(table, &ColumnChoice::default(), &config, Split::None).unwrap();
    let file = file("t.csv", table);
    let Encoded { rows, .. } = encode_all(file.open().unwrap().as_ref(), &encoder).unwrap();
    assert_eq!(rows.features, [1.0, 3.0, 2.0, 2.0]);
}

#[test]
fn constant_columns_are_left_out_and_the_reason_is_kept() {
    let table = "c,x,f,y\n5,1,k,1\n5,2,k,2\n5,4,k,1\n,7,l,3\n7,,k,2\n";
    let (schema, encoder) = learned(table, &ColumnChoice::default(), &drop(), Split::None).unwrap();
    assert_eq!(why(&schema, "c"), "every cell is 5 in the rows fitted to");
    // A missing value of a column that is left out leaves no row out, so that f
    // varies.
    assert_eq!(encoder.feature_names(), ["x", "f=l"]);
    let file = file("t.csv", table);
    let encoded = encode_all(file.open().unwrap().as_ref(), &encoder).unwrap();
    assert_eq!(encoded.kept, [true, true, true, true, false]);
    // It is an error if the user names it.
    let named = EncoderConfig {
        terms: Some(
            ["c", "x"]
                .map(|name| Term(vec![Factor::Column(name.to_string())]))
                .into(),
        ),
        ..drop()
    };
    let message = learned(table, &ColumnChoice::default(), &named, Split::None).unwrap_err();
    assert_eq!(
        message,
        "the column `c` cannot be a feature: every cell is 5 in the rows fitted to"
    );
    // It is no error if a `.` stands for it.
    let implied = EncoderConfig {
        implied: vec!["c".to_string()],
        ..named
    };
    assert_eq!(names(table, &implied, Split::None), ["x"]);
    let words = "f,x,y\nk,1,1\nk,2,2\nk,4,1\nl,,3\n";
    let (schema, encoder) = learned(words, &ColumnChoice::default(), &drop(), Split::None).unwrap();
    assert_eq!(encoder.feature_names(), ["x"]);
    assert_eq!(why(&schema, "f"), "every cell is `k` in the rows fitted to");
}

#[test]
fn a_large_offset_makes_no_column_constant() {
    let rows = (0..8).map(|row| format!("{},{row}\n", 1_000_000_000_000_000_i64 + row));
    let table = format!("x,y\n{}", rows.collect::<String>());
    assert_eq!(names(&table, &drop(), Split::None), ["x"]);
}

#[test]
fn a_constant_takes_the_place_of_the_intercept() {
    let table = "one,x,zero,y\n1,1,0,1\n1,2,0,2\n1,4,0,1\n";
    let config = EncoderConfig {
        no_intercept: true,
        ..EncoderConfig::default()
    };
    assert_eq!(names(table, &config, Split::None), ["one", "x"]);
}

#[test]
fn a_named_baseline_has_to_be_fitted_to() {
    let table = "x,f,y\n1,a,1\n2,b,2\n4,b,1\n,d,3\n3,a,2\n";
    let choice = ColumnChoice {
        baselines: [("f".to_string(), "d".to_string())].into(),
        ..ColumnChoice::default()
    };
    assert_eq!(
        learned(table, &choice, &drop(), Split::None).unwrap_err(),
        "the baseline `d` of the column `f` is the level of no row that the model is fitted to; name another"
    );
}

#[test]
fn new_levels_in_rows_that_are_left_out_anyway_are_no_error() {
    let table = "x,f,w,y\n1,a,1,1\n2,b,2,2\n4,b,1,1\n,d,1,3\n5,e,0,3\n3,a,1,2\n";
    let config = EncoderConfig {
        weight: Some("w".to_string()),
        ..drop()
    };
    let (schema, encoder) = learned(table, &ColumnChoice::default(), &config, Split::None).unwrap();
    assert_eq!(schema.column("f").unwrap().unfitted_levels, ["d", "e"]);
    assert_eq!(encoder.unseen(), UnseenPolicy::Error);
    let file = file("t.csv", table);
    let encoded = encode_all(file.open().unwrap().as_ref(), &encoder).unwrap();
    let counts = encoded.counts;
    assert_eq!(
        (
            counts.dropped,
            counts.incomplete(),
            counts.weightless,
            counts.unseen_rows
        ),
        (2, 1, 1, 0)
    );
}
