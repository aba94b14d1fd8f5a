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

#[test]
fn bad_formulas_and_what_is_said_of_them() {
    const ALL: &str = "the columns are `y`, `z`, `a`, `b`, `c`, `x1`, `bmi.x`, `größe`, \
                       `living area`, `tick``s`, `2nd`, `.` and 2 more";
    const FEATURES: &str =
        "a model needs at least one feature; add a column, or `.` for all but the target";
    const INTERCEPT: &str =
        "`1` and `0` stand for the intercept; add or remove them, but not in a product";
    const NO_TILDE: &str = "there is no `~`; write the target, `~` and the features, \
                            as in `price ~ area + C(town)`";
    for (text, position, expected) in [
        ("", 1, NO_TILDE),
        ("a * b  ", 6, NO_TILDE),
        ("~ a", 1, "found `~`, expected a column name"),
        (
            "y ~",
            4,
            "found the end of the formula, expected a term, such as a column name",
        ),
        ("y ~ 1", 5, FEATURES),
        ("y ~ a - a", 5, FEATURES),
        (
            "y * a ~ b",
            3,
            "found `*`, expected `+` and another target, or `~`",
        ),
        ("( ~ a", 1, "found `(`, expected a column name"),
        ("C(y) ~ a", 1, "found `C`, expected a column name"),
        (
            "y ~ nothing",
            5,
            &format!("there is no column `nothing`; {ALL}"),
        ),
        ("y ~ X1", 5, "there is no column `X1`; did you mean `x1`?"),
        (
            "y ~ C(grösse)",
            7,
            "there is no column `grösse`; did you mean `größe`?",
        ),
        (
            "y ~ `Living aera`",
            5,
            "there is no column `Living aera`; did you mean `living area`?",
        ),
        (
            "y ~ `\u{1b}[2Jredred`",
            5,
            &format!("there is no column `\\u{{1b}}[2Jredred`; {ALL}"),
        ),
        (
            "y ~ a + y",
            9,
            "`y` is a target and cannot be a feature as well; leave it out on one side",
        ),
        (
            "y ~ a + b - b:a",
            13,
            "there is no term b:a before this to remove; leave it out",
        ),
        (
            "y ~ -a + a",
            6,
            "there is no term a before this to remove; leave it out",
        ),
        (
            "y ~ log(a)",
            5,
            "there is no function `log`; the functions are `C`, `poly` and `Q`, \
            and any other column can be computed in the file first",
        ),
        (
            "y ~ a^2",
            6,
            "found `^`, expected `+`, `-`, `*`, `:` or the end of the formula; \
            powers are written `poly(x, 2)` and products `a*b`",
        ),
        (
            "y ~ a/b",
            6,
            "found `/`, expected `+`, `-`, `*`, `:` or the end of the formula; \
            a factor within another is written `a + a:b`",
        ),
        (
            "y ~ a %in% b",
            7,
            "found `%`, expected `+`, `-`, `*`, `:` or the end of the formula; \
            a factor within another is written `a + a:b`",
        ),
        (
            "y ~ (a | b)",
            8,
            "found `|`, expected `)`; \
            groups are not supported, but `C(group)` makes a feature of one",
        ),
        (
            "y ~ a ~ b",
            7,
            "found `~`, expected `+`, `-`, `*`, `:` or the end of the formula; \
            a formula has one `~`",
        ),
        (
            "y ~ a b",
            7,
            "found `b`, expected `+`, `-`, `*`, `:` or the end of the formula",
        ),
        (
            "y ~ 3",
            5,
            "found `3`, expected a term, such as a column name",
        ),
        (
            "y ~ 2nd",
            5,
            "found `2nd`; the column `2nd` goes in backticks",
        ),
        ("y ~ C(.)", 7, "found `.`; the column `.` goes in backticks"),
        (
            "y ~ living area",
            5,
            "there is no column `living`; \
            the column `living area` goes in backticks",
        ),
        (
            "y ~ 'a'",
            5,
            "found `'a'`, expected a term, such as a column name; \
            a name goes in backticks or in `Q(\"name\")`",
        ),
        ("y ~ Q(a)", 7, "found `a`, expected a column name in quotes"),
        (
            "y ~ a + `b",
            9,
            "this ` is not closed; add ` after the name",
        ),
        (
            "y ~ ()",
            6,
            "found `)`, expected a term, such as a column name",
        ),
        (
            "y ~ (a + b",
            11,
            "found the end of the formula, expected `)`",
        ),
        ("y ~ (1 + a):b", 5, INTERCEPT),
        ("y ~ a * 1", 9, INTERCEPT),
        (
            "y ~ poly(a, 31)",
            13,
            "found `31`, expected the degree, a whole number from 1 to 30",
        ),
        ("y ~ poly(a)", 11, "found `)`, expected `,`"),
        (
            "y ~ poly(a, 2, raw = FALSE)",
            22,
            "found `FALSE`, expected `TRUE`, \
            as the powers of `poly(x, 3)` are raw: x, x², x³",
        ),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(
            (error.position(), error.problem().to_string().as_str()),
            (position, expected),
            "{text}"
        );
    }
}

#[test]
fn an_error_underlines_what_it_is_about() {
    let shown = |text: &str| parse(text).unwrap_err().to_string();
    assert!(shown("y ~ a - (b + c)").ends_with("\n    y ~ a - (b + c)\n            ^^^^^^^"));
    assert!(
        shown("y\t~ größe + log(a)").ends_with("\n    y\\t~ größe + log(a)\n                 ^^^")
    );
    assert!(shown("y ~ a +  ").ends_with("\n    y ~ a +  \n           ^"));
}

#[test]
fn a_long_formula_is_shown_around_its_error() {
    let sum = ["a"; 50].join(" + ");
    for (text, expected) in [
        (
            format!("y ~ {sum} + wrong + {sum}"),
            "    …+ a + a + a + a + a + a + a + wrong + a + a + a + a + a + …\n    \
             \x20                              ^^^^^",
        ),
        (
            format!("wrong ~ {sum}"),
            "    wrong ~ a + a + a + a + a + a + a + a + a + a + a + a + a …\n    ^^^^^",
        ),
        (
            format!("y ~ {sum} + wrong"),
            "    … a + a + a + a + a + a + a + a + a + a + a + a + a + wrong\n    \
             \x20                                                     ^^^^^",
        ),
    ] {
        assert_eq!(parse(&text).unwrap_err().excerpt(), expected);
    }
}

#[test]
fn a_long_name_is_cut_short() {
    let error = parse(&format!("y ~ {}", "n".repeat(100_000))).unwrap_err();
    let message = error.problem().to_string();
    assert!(message.starts_with(&format!("there is no column `{}…`; ", "n".repeat(59))));
}

#[test]
fn a_formula_too_large_is_an_error() {
    let sum = format!("(a{})", " + b + c + x1 + bmi.x".repeat(250));
    let columns: Vec<String> = (0..1000).map(|i| format!("x{i}")).collect();
    let chain = columns.join(":");
    for (text, expected) in [
        (
            "y ~ ".to_string() + &"(".repeat(100_000),
            "parentheses nest more than 100 deep",
        ),
        (
            "y ~ ".to_string() + &[sum.as_str(); 50].join("*"),
            "written out",
        ),
        (
            "y ~ ".to_string() + &[sum.as_str(); 50].join(":"),
            "written out",
        ),
        ("y ~ a".to_string() + &"*b".repeat(100_000), "written out"),
        ("y ~ a".to_string() + &" + a".repeat(100_000), "written out"),
        ("y ~ .".to_string() + &" + .".repeat(100_000), "written out"),
    ] {
        let error = parse(&text).unwrap_err();
        let message = error.problem().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
    for right in [".*.*.".to_string(), chain] {
        let error = Formula::parse(&format!("x0 ~ {right}").replace("~ x0:", "~ "), &columns);
        let problem = error.unwrap_err().problem().clone();
        assert!(
            matches!(problem, FormulaProblem::TooLarge { .. }),
            "{problem}"
        );
    }
    assert!(parse(&format!("y ~ {}a{}", "(".repeat(100), ")".repeat(100))).is_ok());
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
