//! Bad formulas, what is said of them and how they are shown.

use super::*;

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
