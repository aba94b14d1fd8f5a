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

// Names and figures as R 4 and patsy code them: treatment contrasts, and all
// levels where the product without the factor is no term.
#[test]
fn products_are_coded_as_in_r() {
    let text = "a,t,u,y\n2,k,p,1\n3,l,q,1\n5,k,q,1\n";
    for (text_formula, names, features) in [
        (
            "y ~ a:t",
            vec!["a:t=k", "a:t=l"],
            vec![2.0, 0.0, 0.0, 3.0, 5.0, 0.0],
        ),
        (
            "y ~ a*t",
            vec!["a", "t=l", "a:t=l"],
            vec![2., 0., 0., 3., 1., 3., 5., 0., 0.],
        ),
        (
            "y ~ 0 + t",
            vec!["t=k", "t=l"],
            vec![1., 0., 0., 1., 1., 0.],
        ),
        (
            "y ~ 0 + a + t",
            vec!["a", "t=k", "t=l"],
            vec![2., 1., 0., 3., 0., 1., 5., 1., 0.],
        ),
        (
            "y ~ 0 + t + u",
            vec!["t=k", "t=l", "u=q"],
            vec![1., 0., 0., 0., 1., 1., 1., 0., 1.],
        ),
        (
            "y ~ t*u",
            vec!["t=l", "u=q", "t=l:u=q"],
            vec![0., 0., 0., 1., 1., 1., 0., 1., 0.],
        ),
        (
            "y ~ poly(a, 3)",
            vec!["a", "a^2", "a^3"],
            vec![2., 4., 8., 3., 9., 27., 5., 25., 125.],
        ),
        ("y ~ C(a)", vec!["a=3", "a=5"], vec![0., 0., 1., 0., 0., 1.]),
    ] {
        let names: Vec<String> = names.into_iter().map(String::from).collect();
        assert_eq!(
            formula(text, text_formula),
            Ok((names, features)),
            "{text_formula}"
        );
    }
}

#[test]
fn what_a_feature_is_comes_from_its_encoder() {
    // Names and levels that contain the characters `:`, `^` and `=`.
    let text = "t,a:b,c^2,y\n10:20,1,k=1,1\n11:30,2,l=2,2\n10:20,4,k=1,3\n11:30,3,k=1,5\n";
    let config = EncoderConfig::default();
    let (encoder, _) = encode(text, &ColumnChoice::default(), &config).unwrap();
    let level = |column: &str, level: &str, baseline: &str| FeatureFactor::Level {
        column: column.to_string(),
        level: level.to_string(),
        baseline: Some(baseline.to_string()),
    };
    let number = FeatureFactor::Number {
        column: "a:b".to_string(),
        power: 1,
    };
    let features = encoder.features();
    let factors: Vec<_> = features.iter().map(|f| f.factors.clone()).collect();
    let expected = [
        vec![level("t", "11:30", "10:20")],
        vec![number],
        vec![level("c^2", "l=2", "k=1")],
    ];
    assert_eq!(factors, expected);
    assert!(features.iter().all(Feature::is_single));
    let names = ["t=11:30", "a:b", "c^2=l=2"];
    assert_eq!(encoder.feature_names(), names);
}

#[test]
fn without_an_intercept_no_level_is_compared_with_another() {
    let text = "t,y\nk,1\nl,2\nk,3\n";
    let formula = Formula::parse("y ~ 0 + t", &["t", "y"].map(String::from)).unwrap();
    let config = EncoderConfig {
        targets: formula.targets,
        terms: Some(formula.terms),
        no_intercept: true,
        ..config()
    };
    let (encoder, _) = encode(text, &ColumnChoice::default(), &config).unwrap();
    let features = encoder.features();
    assert!(features.iter().all(|feature| matches!(
        &feature.factors[..],
        [FeatureFactor::Level { baseline: None, .. }]
    )));
}

#[test]
fn a_level_called_missing_is_not_that_of_missing_cells() {
    let text = "t,y\nmissing,1\n,2\nb,3\nmissing,4\nb,5\n,6\n";
    let config = EncoderConfig {
        missing: MissingPolicy::Indicator,
        ..config()
    };
    let (names, encoded) = plain(text, &config).unwrap();
    assert_eq!(names, ["t=missing", "t=(missing)"]);
    #[rustfmt::skip]
    let expected = [1., 0.,  0., 1.,  0., 0.,  1., 0.,  0., 0.,  0., 1.];
    assert_eq!(encoded.rows.features, expected);
}

// R 4: model.matrix(~ C(year):x + poly(year, 2, raw = TRUE)); patsy likewise.
#[test]
fn a_column_is_numbers_in_one_term_and_levels_in_another() {
    let text = "year,x,y\n1,2,1\n2,3,4\n1,5,2\n2,7,5\n3,1,0\n3,4,2\n";
    let columns = ["year", "x", "y"].map(String::from);
    let formula = Formula::parse("y ~ C(year):x + poly(year, 2)", &columns).unwrap();
    let config = EncoderConfig {
        targets: formula.targets,
        terms: Some(formula.terms),
        ..config()
    };
    let choice = ColumnChoice {
        also_categorical: vec!["year".to_string()],
        ..ColumnChoice::default()
    };
    let (encoder, encoded) = encode(text, &choice, &config).unwrap();
    assert_eq!(
        encoder.feature_names(),
        ["year", "year^2", "year=1:x", "year=2:x", "year=3:x"]
    );
    #[rustfmt::skip]
    let expected = [
        1., 1., 2., 0., 0.,
        2., 4., 0., 3., 0.,
        1., 1., 5., 0., 0.,
        2., 4., 0., 7., 0.,
        3., 9., 0., 0., 1.,
        3., 9., 0., 0., 4.,
    ];
    assert_eq!(encoded.rows.features, expected);
    let json = serde_json::to_string(&encoder).unwrap();
    let read: Encoder = serde_json::from_str(&json).unwrap();
    assert_eq!(read.features(), encoder.features());
}

#[test]
fn powers_of_words_are_an_error() {
    assert_eq!(
        formula("t,y\nk,1\nl,2\nk,3\n", "y ~ poly(t, 2)").unwrap_err(),
        "poly(t, 2): the column `t` is words, such as `k`; powers are those of numbers"
    );
}

const GAPS: &str = "x,t,y\n1,a,1\n,b,2\n3,,3\n4,a,NA\n6,b,5\n";

fn with(missing: MissingPolicy) -> Result<(Vec<String>, Encoded), String> {
    plain(
        GAPS,
        &EncoderConfig {
            missing,
            ..config()
        },
    )
}

#[test]
fn missing_cells_are_an_error_that_says_where_and_what_to_do() {
    assert_eq!(
        with(MissingPolicy::Error).unwrap_err(),
        "3 missing cells: t.csv: line 3 (byte 12), column `x`; t.csv: line 4 (byte 17), column `t`; t.csv: line 5 (byte 22), column `y`"
    );
}

#[test]
fn rows_with_missing_cells_are_dropped_and_counted() {
    let (_, encoded) = with(MissingPolicy::Drop).unwrap();
    assert_eq!(encoded.rows.features, [1.0, 0.0, 6.0, 1.0]);
    assert_eq!(encoded.kept, [true, false, false, false, true]);
    assert_eq!((encoded.counts.rows, encoded.counts.dropped), (5, 3));
    let missing = encoded.counts.missing;
    assert_eq!(
        missing,
        ["t", "x", "y"].map(|name| (name.to_string(), 1)).into()
    );
}

#[test]
fn missing_cells_take_the_mean_and_targets_are_never_made_up() {
    let (names, encoded) = with(MissingPolicy::Mean).unwrap();
    assert_eq!(names, ["x", "t=b"]);
    // The mean of 1, 3, 4 and 6; the share of b among a, b, a, b.
    assert_eq!(
        encoded.rows.features,
        [1.0, 0.0, 3.5, 1.0, 3.0, 0.5, 6.0, 1.0]
    );
    assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0, 5.0]);
    assert_eq!(encoded.counts.dropped, 1);
}

#[test]
fn an_indicator_tells_which_cells_were_missing() {
    let (names, encoded) = with(MissingPolicy::Indicator).unwrap();
    assert_eq!(names, ["x", "t=b", "t=missing", "x=missing"]);
    #[rustfmt::skip]
    let expected = [
        1.0, 0.0, 0.0, 0.0,
        3.5, 1.0, 0.0, 1.0,
        3.0, 0.0, 1.0, 0.0,
        6.0, 1.0, 0.0, 0.0,
    ];
    assert_eq!(encoded.rows.features, expected);
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
fn powers_and_products_keep_the_digits_that_64_bits_lose() {
    // (2^30 + 1)² and its product with 3^20 have more than 53 bits.
    let (a, b) = (1_i128 << 30 | 1, 3_i128.pow(20));
    let content = format!("a,b,t,y\n{a},{b},u,1\n{b},{a},v,2\n{a},{b},u,3\n");
    let choice = ColumnChoice::default();
    let columns = ["a", "b", "t", "y"].map(String::from);
    let of = |formula: &str| {
        let formula = Formula::parse(formula, &columns).unwrap();
        let config = EncoderConfig {
            targets: formula.targets,
            terms: Some(formula.terms),
            ..config()
        };
        encode(&content, &choice, &config).unwrap().1.rows
    };
    let rows = of("y ~ poly(a, 3) + a:b + t:a");
    let tails = rows.tails.unwrap();
    let found = rows.features.iter().zip(&tails);
    let found: Vec<i128> = found
        .map(|(high, low)| *high as i128 + *low as i128)
        .collect();
    let exact =
        |a: i128, b: i128, is_u: i128| [a, a * a, a * a * a, a * b, is_u * a, (1 - is_u) * a];
    let rows_of = [exact(a, b, 1), exact(b, a, 0), exact(a, b, 1)];
    assert_eq!(found, rows_of.concat());
    assert!(tails[1] != 0.0 && rows.features[1] == (a * a) as f64);
    // There are no tails where 64 bits hold every feature exactly.
    assert_eq!(of("y ~ a + b + t + t:a").tails, None);
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
