//! Files, formulas and numbers made to do harm: each ends soon, with little memory
//! and one message.

mod checkpoints;
mod models;

use std::fmt::Write;
use std::process::Output;

use crate::tool::{Arguments, Tool};

/// Runs the program with at most 4 GB of address space.
fn run_in_little_memory(tool: &Tool, arguments: impl Into<Arguments>) -> Output {
    tool.in_shell("ulimit -v 4000000", arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn fails(tool: &Tool, arguments: impl Into<Arguments>) -> String {
    let arguments = arguments.into();
    let output = run_in_little_memory(tool, arguments.clone());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(stderr.len() < 2000, "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
    stderr.trim_end().to_string()
}

fn numbers(columns: usize, rows: usize) -> String {
    let names: Vec<String> = (0..columns).map(|index| format!("x{index}")).collect();
    let mut text = format!("{},y\n", names.join(","));
    for row in 0..rows {
        for column in 0..columns {
            write!(
                text,
                "{},",
                (row * (column + 1) + column * 104_729) % 10_007
            )
            .unwrap();
        }
        writeln!(text, "{}", row % 17).unwrap();
    }
    text
}

#[test]
fn products_of_too_many_features_are_refused_before_they_are_made() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(5, 50));
    let powers: Vec<String> = (0..5).map(|index| format!("poly(x{index},30)")).collect();
    let formula = format!("y ~ {}", powers.join("*"));
    for method in ["exact", "sgd"] {
        let found = fails(
            &tool,
            format!("fit d.csv --formula '{formula}' --method '{method}'"),
        );
        assert_eq!(
            found,
            "error: d.csv: the model has 28629150 features, more than the limit of 10000; 24300000 of them are of the term `poly(x0, 30):poly(x1, 30):poly(x2, 30):p…`: use fewer of its factors, powers or levels"
        );
    }
    // Four factors of 90 levels.
    let mut text = "p,q,r,s,y\n".to_string();
    for row in 0..180 {
        let level = |step: usize| (row * step + row / 90) % 90;
        let (p, q, r, s) = (level(1), level(7), level(11), level(13));
        writeln!(text, "p{p},q{q},r{r},s{s},{row}").unwrap();
    }
    tool.write("levels.csv", text);
    let fit = "fit levels.csv --formula 'y ~ p*q*r*s'";
    let found = fails(&tool, fit);
    let message =
        "error: levels.csv: the model has 65609999 features, more than the limit of 10000";
    assert!(found.starts_with(message), "{found}");
    let found = fails(&tool, format!("{fit} --max-features 2000000"));
    assert!(
        found.contains("the largest number of features is 2000000, expected at most 1000000"),
        "{found}"
    );
}

#[test]
fn a_hundred_thousand_levels_are_refused_in_training() {
    let tool = Tool::new();
    let mut text = "t,y\n".to_string();
    for row in 0..200_000 {
        writeln!(text, "l{},{}", row % 100_000, row % 7).unwrap();
    }
    tool.write("d.csv", text);
    let found = fails(
        &tool,
        "fit d.csv -t y --method sgd --categorical t --max-levels 1000000",
    );
    assert_eq!(
        found,
        "error: d.csv: the model has 99999 features, more than the limit of 10000; 99999 of them are of the term `t`: use fewer of its factors, powers or levels, or allow more with --max-features"
    );
}

#[test]
fn rows_that_determine_few_of_many_coefficients_are_refused_before_the_work() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(4000, 20));
    let found = fails(&tool, "fit d.csv -t y");
    assert_eq!(
        found,
        "error: d.csv: 20 rows do not determine 4,000 coefficients; choose fewer features with --features, shrink the weights with --ridge, or train with --method sgd"
    );
    let found = fails(&tool, "fit d.csv -t y --collinear drop --memory 100");
    assert_eq!(
        found,
        "error: d.csv: an exact fit of 4,000 features takes about 978 MiB, more than the 100 of --memory; choose fewer with --features, train with --method sgd, or allow more with --memory"
    );
}

#[test]
fn more_folds_than_rows_are_refused() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(2, 20));
    for folds in ["21", "1000000000", "18446744073709551615"] {
        let k_fold = ["fit", "d.csv", "-t", "y", "--k-fold", folds];
        let search = format!("--search={folds}");
        let search = ["fit", "d.csv", "-t", "y", "--method", "sgd", &search];
        for arguments in [&k_fold[..], &search] {
            assert_eq!(
                fails(&tool, arguments),
                format!(
                    "error: d.csv: the number of folds is {folds}, expected at most 20, the number of rows"
                )
            );
        }
    }
}
