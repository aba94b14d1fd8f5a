//! What columns are and which of their levels a model knows, through the tool:
//! levels of the rows fitted to, the same levels in every format, constants,
//! identifiers, folds, and advice that works.

mod advice;
mod folds;
mod levels;
mod pandas;

use serde_json::Value;

use crate::tool::{Tool, assert_close};

fn names(fit: &Value) -> Vec<&str> {
    let list = fit["coefficients"].as_array().unwrap().iter();
    list.map(|entry| entry["name"].as_str().unwrap()).collect()
}

fn assert_estimates(fit: &Value, expected: &[(&str, f64)]) {
    let expected_names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(fit), expected_names);
    for (entry, (name, expected)) in fit["coefficients"].as_array().unwrap().iter().zip(expected) {
        assert_close(&entry["estimate"], *expected, name);
    }
}

/// The entry of a column in a fit or a description.
fn column<'a>(columns: &'a Value, name: &str) -> &'a Value {
    let mut list = columns.as_array().unwrap().iter();
    list.find(|column| column["name"] == name).unwrap()
}

const YEARS: &str = "year,x,y\n2000,2.4,0.31\n2001,4.0,1.06\n2002,0.7,2.4\n2003,9.2,4.2\n2000,7.7,1.07\n2001,5.4,1.83\n2002,1.7,1.92\n2003,2.1,4.98\n2000,8.3,3.22\n2001,8.0,1.98\n2002,3.1,3.88\n2003,7.3,5.16\n2000,8.8,1.46\n2001,6.1,3.82\n2002,5.1,2.93\n2003,4.7,3.27\n2000,9.3,4.2\n2001,5.5,3.1\n2002,9.1,4.52\n2003,8.8,5.94\n";

#[test]
fn a_column_is_numbers_in_one_term_and_levels_in_another() {
    let tool = Tool::new();
    tool.write("yr.csv", YEARS);
    let formula = "y ~ C(year):x + poly(year, 2)";
    let fit = tool.json(&["fit", "yr.csv", "--formula", formula]);
    // Computed in rational arithmetic.
    let expected = [
        ("(intercept)", 528165.0816889546),
        ("year", -529.40489194348),
        ("year^2", 0.13266096806304875),
        ("year=2000:x", 0.39584389860142194),
        ("year=2001:x", 0.3091656181208117),
        ("year=2002:x", 0.24733128656444955),
        ("year=2003:x", 0.09678216855483866),
    ];
    assert_estimates(&fit, &expected);
    let metrics = tool.json("evaluate yr.safetensors yr.csv");
    assert_close(
        &metrics["r_squared"],
        fit["statistics"]["r_squared"].as_f64().unwrap(),
        "R2",
    );
    // Four levels determine a parabola. The error names the term to take out.
    let message = tool.fail("fit yr.csv --force --formula 'y ~ C(year) + poly(year, 2)'");
    assert!(
        message.contains("take poly(year, 2) out of the formula"),
        "{message}"
    );
    tool.succeed("fit yr.csv --force --formula 'y ~ C(year)'");
    tool.write("words.csv", "t,y\nk,1\nl,2\nk,3\n");
    let words = "fit words.csv --formula 'y ~ poly(t, 2)'";
    assert_eq!(
        tool.fail(words),
        "error: words.csv: poly(t, 2): the column `t` is words, such as `k`; powers are those of numbers"
    );
}

#[test]
fn constant_columns_are_left_out_and_said_unless_they_are_named() {
    let tool = Tool::new();
    tool.write("d.csv", "c,x,f,y\n5,1,k,2\n5,2,k,3\n5,4,k,7\n5,7,k,9\n");
    for options in ["-t y", "-t y --method sgd", "--formula 'y ~ .'"] {
        let fit = tool.json(format!("fit d.csv --force {options}"));
        assert_eq!(names(&fit), ["(intercept)", "x"]);
        assert_eq!(
            column(&fit["columns"]["columns"], "c")["why"],
            "every cell is 5"
        );
    }
    for (option, value) in [("--features", "x,c"), ("--formula", "y ~ x + c")] {
        let target = if option == "--formula" { "" } else { "-t y" };
        assert_eq!(
            tool.fail(format!("fit d.csv --force {option} '{value}' {target}")),
            "error: d.csv: the column `c` cannot be a feature: every cell is 5"
        );
    }
    tool.write("one.csv", "x,y\n5,2\n5,3\n5,7\n");
    assert_eq!(
        tool.fail("fit one.csv -t y"),
        "error: one.csv: there are no features to predict `y` from; `x`: every cell is 5"
    );
    // Without an intercept, the constant feature takes its place: the mean of y
    // is 4.
    let fit = tool.json("fit one.csv -t y --no-intercept");
    assert_estimates(&fit, &[("x", 0.8)]);
    let rows = (0..8).map(|row| format!("{},{row}\n", 1_000_000_000_000_000_i64 + row));
    tool.write("far.csv", format!("x,y\n{}", rows.collect::<String>()));
    let described = tool.succeed("describe far.csv");
    assert!(!described.contains("the same in every row"), "{described}");
    assert!(described.contains(" 1000000000000007\n"), "{described}");
}

#[test]
fn describe_rounds_no_least_or_greatest_and_divides_by_one_less() {
    let tool = Tool::new();
    tool.write(
        "d.csv",
        "zip,x,e,y\n10115,1,inf,0.123456789\n80331,2,5,2\n99998,3,2,-7654321.25\n",
    );
    let text = tool.succeed("describe d.csv");
    for whole in ["10115", "80331", "99998", "-7654321.25"] {
        assert!(text.contains(whole), "{text}");
    }
    // The infinite cell is counted and its place named; the figures are those
    // of the other cells.
    assert!(
        text.contains(
            "note: `e` has 1 infinite cell, left out of its figures: d.csv: line 2 (byte 10)"
        ),
        "{text}"
    );
    let json = tool.json("describe d.csv --target x");
    // numpy 2: np.std([1, 2, 3], ddof=1), np.mean([5, 2]), np.std([5, 2], ddof=1).
    assert_close(&column(&json["columns"], "x")["std"], 1.0, "std of x");
    let e = column(&json["columns"], "e");
    assert_close(&e["mean"], 3.5, "mean of e");
    assert_close(&e["std"], 2.1213203435596424, "std of e");
    assert_eq!((&e["infinite"], &e["max"]), (&1.into(), &5.0.into()));
    // A fit to the column is an error that names the place.
    let message = tool.fail("fit d.csv -t y");
    assert!(
        message.contains("d.csv: line 2 (byte 10), column `e`: found `inf`"),
        "{message}"
    );
    tool.succeed("fit d.csv -t y --features x");
}

#[test]
fn unique_words_are_an_identifier_and_too_many_levels_are_named() {
    let tool = Tool::new();
    let rows = |levels: usize| {
        let rows =
            (0..20).map(|row| format!("p{},q{},{row},{}\n", row % levels, row % 3, row * row % 7));
        format!("place,q,x,y\n{}", rows.collect::<String>())
    };
    tool.write("d.csv", rows(20));
    let fit = "fit d.csv -t y --force";
    let found = tool.json(fit);
    assert_eq!(names(&found), ["(intercept)", "q=q1", "q=q2", "x"]);
    let why = "unique values, treated as an identifier";
    assert_eq!(column(&found["columns"]["columns"], "place")["why"], why);
    assert!(tool.succeed("describe d.csv").contains(why));
    let message = tool.fail(format!("{fit} --features x,place"));
    assert!(
        message.contains("`place` cannot be a feature: unique values, treated as an identifier; take each as a level with --categorical, or leave the column out of the features"),
        "{message}"
    );
    tool.write("d.csv", rows(19));
    assert_eq!(
        tool.fail(fit),
        "error: d.csv: 20 rows do not determine 22 coefficients: `place` has 19 levels, `q` has 3 levels; leave out `place` with --exclude place; use fewer features or more rows, or go on with --collinear drop or --collinear minimum-norm"
    );
    for advice in [
        "--exclude place",
        "--collinear drop",
        "--collinear minimum-norm",
    ] {
        tool.warnings(format!("{fit} {advice}"));
    }
}

#[test]
fn names_and_levels_may_have_the_signs_of_formulas() {
    let tool = Tool::new();
    tool.write(
        "time.csv",
        "t,a:b^2,y\n10:20,1,12\n11:30,3,15\n10:20,2,11\n11:30,5,18\n10:20,4,12.5\n11:30,2,16\n",
    );
    let text = tool.succeed("fit time.csv -t y");
    assert!(text.contains("t 11:30 rather than 10:20"), "{text}");
    assert!(!text.contains("products and powers"), "{text}");
    tool.write("d.csv", "g,y\na,2\na,3.5\nb,9\nb,11\nc,7\nc,8.5\n");
    let text = tool.succeed("fit d.csv --formula 'y ~ 0 + g'");
    assert!(
        !text.contains("rather than") && !text.contains("compared with"),
        "{text}"
    );
    assert!(
        text.contains("3 levels, each a feature of its own"),
        "{text}"
    );
}

#[test]
fn a_row_without_a_weight_is_left_out_and_that_is_said() {
    let tool = Tool::new();
    tool.write("d.csv", "x,y,w\n1,2,1\n2,3,\n3,5,2\n4,6,1\n");
    for policy in ["mean", "indicator", "drop"] {
        let fit = format!("fit d.csv -t y --weight w --missing {policy} --force");
        let text = tool.succeed(&fit);
        assert!(
            text.contains("w  numeric      1 missing cell, its row left out"),
            "{text}"
        );
        assert!(
            text.contains("1 of 4 rows were left out for missing cells"),
            "{text}"
        );
        // Computed in rational arithmetic from the three rows.
        let expected = [("(intercept)", 14.0 / 19.0), ("x", 26.0 / 19.0)];
        assert_estimates(&tool.json(fit), &expected);
    }
}
