mod errors;

use proptest::prelude::*;

use super::shown::{WINDOW, escaped};
use super::*;

const COLUMNS: [&str; 14] = [
    "y",
    "z",
    "a",
    "b",
    "c",
    "x1",
    "bmi.x",
    "größe",
    "living area",
    "tick`s",
    "2nd",
    ".",
    "C",
    "line\nbreak",
];

fn parse(text: &str) -> Result<Formula, FormulaError> {
    Formula::parse(text, &COLUMNS.map(String::from))
}

#[track_caller]
fn assert_means(text: &str, expected: &str) {
    let formula = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(formula.to_string(), expected, "{text}");
}

#[test]
fn a_star_is_both_and_their_product() {
    assert_means("y ~ a*b", "y ~ a + b + a:b");
    assert_means("y ~ a*b*c", "y ~ a + b + c + a:b + a:c + b:c + a:b:c");
}

#[test]
fn the_parts_of_a_formula() {
    let formula = parse("y + z ~ a:C(b) + poly(c, 3) - 1").unwrap();
    let column = "c".to_string();
    let product = vec![Factor::Column("a".into()), Factor::Categorical("b".into())];
    let expected = Formula {
        targets: vec!["y".into(), "z".into()],
        terms: vec![
            Term(vec![Factor::Powers { column, degree: 3 }]),
            Term(product),
        ],
        intercept: false,
    };
    assert_eq!(formula, expected);
    let json = serde_json::to_string(&formula).unwrap();
    assert_eq!(serde_json::from_str::<Formula>(&json).unwrap(), formula);
}

#[test]
fn formulas_and_what_they_mean() {
    for (text, expected) in [
        ("y~a", "y ~ a"),
        (" y\t~\n a ", "y ~ a"),
        ("y ~ + a", "y ~ a"),
        ("y + z + y ~ a", "y + z ~ a"),
        ("y ~ a + a", "y ~ a"),
        ("y ~ a:b + b:a", "y ~ a:b"),
        ("y ~ b:a + a*b", "y ~ a + b + b:a"),
        ("y ~ a:a", "y ~ a"),
        ("y ~ a*a", "y ~ a"),
        ("y ~ a:b:a", "y ~ a:b"),
        ("y ~ a:b + c", "y ~ c + a:b"),
        ("y ~ a + b*c", "y ~ a + b + c + b:c"),
        ("y ~ (a + b):c", "y ~ a:c + b:c"),
        ("y ~ (a + b)*c", "y ~ a + b + c + a:c + b:c"),
        ("y ~ a*b - a", "y ~ b + a:b"),
        ("y ~ a*b - b:a", "y ~ a + b"),
        ("y ~ a + a + b - a", "y ~ b"),
        ("y ~ a + b - (a + 1)", "y ~ 0 + b"),
        ("y ~ 1 + a", "y ~ a"),
        ("y ~ 0 + a", "y ~ 0 + a"),
        ("y ~ -1 + a", "y ~ 0 + a"),
        ("y ~ a + 0", "y ~ 0 + a"),
        ("y ~ a - 1", "y ~ 0 + a"),
        ("y ~ a - 0", "y ~ a"),
        ("y ~ a - 1 + 1", "y ~ a"),
        ("y ~ C(a) + a + poly(a, 2):a", "y ~ C(a) + a + poly(a, 2):a"),
        ("y ~ poly( a , 30 , raw = TRUE )", "y ~ poly(a, 30)"),
        ("y ~ C + C (C)", "y ~ C + C(C)"),
        ("y ~ bmi.x + größe + `x1`", "y ~ bmi.x + größe + x1"),
        ("y ~ `living area` + `2nd`", "y ~ `living area` + `2nd`"),
        ("y ~ `tick``s`:`.`", "y ~ `tick``s`:`.`"),
        (
            "y ~ Q(\"living area\") + Q('2nd')",
            "y ~ `living area` + `2nd`",
        ),
        (
            "Q('y') ~ C(Q('a')) + poly(Q('b'), 2)",
            "y ~ C(a) + poly(b, 2)",
        ),
        ("y ~ `line\nbreak`", "y ~ `line\nbreak`"),
    ] {
        assert_means(text, expected);
    }
}

#[test]
fn a_dot_is_every_column_but_the_targets() {
    let columns = ["a", "y", "b", "z"].map(String::from);
    for (text, expected) in [
        ("y ~ .", "y ~ a + b + z"),
        ("y + z ~ .", "y + z ~ a + b"),
        ("y ~ b + .", "y ~ b + a + z"),
        ("y ~ . - b", "y ~ a + z"),
        ("z + y ~ .*.", "z + y ~ a + b + a:b"),
        ("z + y ~ .:C(a)", "z + y ~ a:C(a) + b:C(a)"),
    ] {
        assert_eq!(
            Formula::parse(text, &columns).unwrap().to_string(),
            expected
        );
    }
}

/// Draws a right side that is always valid.
fn right_side() -> impl Strategy<Value = String> {
    let name = prop::sample::select(&COLUMNS[2..]).prop_map(|name| match name {
        "a" | "b" | "c" | "größe" => name.to_string(),
        _ => format!("`{}`", name.replace('`', "``")),
    });
    let factor = (name, 0..8u32).prop_map(|(name, kind)| match kind {
        0 | 1 => format!("C({name})"),
        2 | 3 => format!("poly({name}, {kind})"),
        _ => name,
    });
    factor.prop_recursive(3, 12, 3, |part| {
        let operator = prop::sample::select(vec!["+", " * ", ":", "\n+ "]);
        (part.clone(), operator, part).prop_map(|(a, sign, b)| format!("({a}{sign}{b})"))
    })
}

/// Checks that the carets of an error are under the text that it is about.
fn assert_aligned(error: &FormulaError) {
    let shown = error.to_string();
    let lines: Vec<&str> = shown.split('\n').collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[1].chars().count() <= 4 + WINDOW, "{shown}");
    let under = lines[1]
        .chars()
        .zip(lines[2].chars())
        .filter(|&(_, mark)| mark == '^');
    let under: String = under.map(|(character, _)| character).collect();
    let about = escaped(error.found());
    assert!(lines[2].ends_with('^'), "{shown}");
    assert!(
        about.is_empty() || !under.is_empty() && about.starts_with(&under),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_formula_or_an_error(text in any::<String>(), right in any::<String>()) {
        for text in [format!("y ~ {right}"), format!("{text}~{right}"), text] {
            if let Err(error) = parse(&text) {
                assert_aligned(&error);
            }
        }
    }

    #[test]
    fn any_words_are_a_formula_or_an_error(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "b", "c", " ", " ", "`2nd`", "'a'", "y", "+", "+", "-", "*", ":", "(", ")",
            "C(", "poly(", "Q(", ",", "2", "1", "0", "raw", "=", "TRUE", ".", "~", "`", "\"",
            "^", "\u{301}", "\u{202e}", "ß", "語", "\0",
        ]), 0..40),
    ) {
        match parse(&format!("y ~ {}", words.concat())) {
            Ok(formula) => prop_assert_eq!(parse(&formula.to_string()).unwrap(), formula),
            Err(error) => assert_aligned(&error),
        }
    }

    #[test]
    fn a_formula_reads_back_as_it_was(
        right in right_side(),
        targets in prop::sample::select(vec!["y", "`y` + z", "Q('z')"]),
        sign in prop::sample::select(vec!["+", "-"]),
        number in 0..2,
    ) {
        let formula = parse(&format!("{targets} ~ {right} {sign} {number}")).unwrap();
        prop_assert_eq!(formula.intercept, (sign == "+") == (number == 1));
        prop_assert_eq!(parse(&formula.to_string()).unwrap(), formula);
    }
}
