//! Features of the terms of a formula: levels, powers and products.

use super::*;

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
fn a_product_of_any_number_of_factors_takes_no_time_for_every_other() {
    let mut encoder = Encoder::of_numbers(&["x".into()], &["y".into()]);
    let factor = |index| Factor::Column(format!("x{index}"));
    let all = |number| Term((0..number).map(factor).collect());
    encoder.terms = vec![all(100_000), all(99_999)];
    // With squared time this would take an hour.
    let begun = std::time::Instant::now();
    design::Design::of(&encoder);
    assert!(begun.elapsed().as_secs() < 60);
}
