//! The search for penalty and learning rate.

use crate::tool::{diabetes_rows, number};

const FIT: &str = "fit diabetes.csv --target progression --method sgd";

#[test]
fn the_chosen_model_is_the_one_trained_with_its_penalty() {
    let tool = diabetes_rows();
    let found = tool.json(format!(
        "{FIT} --search=4 --search-l2 0,0.01,0.1,1,10 --seed 3"
    ));
    let search = &found["search"];
    assert_eq!(search["folds"], 4);
    let candidates = search["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 5);
    let loss = |index: usize| number(&candidates[index]["loss"]);
    // The one-standard-error rule, from what was printed.
    let least = (0..5).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap();
    let bound = loss(least) + number(&candidates[least]["std_error"]);
    let chosen = (0..5).rfind(|index| loss(*index) <= bound).unwrap();
    assert_eq!(
        (&search["least"], &search["chosen"]),
        (&least.into(), &chosen.into())
    );
    // Ridge at 10 predicts little better than the mean, whose loss is 5930.
    assert!(loss(4) > 1.3 * loss(least), "{search}");

    let l2 = candidates[chosen]["l2"].to_string();
    assert_eq!(found["training"]["penalty"]["l2"], candidates[chosen]["l2"]);
    let alone = tool.json(format!("{FIT} --l2 {l2} --seed 3 --force"));
    assert_eq!(found["coefficients"], alone["coefficients"]);
    assert!(alone["search"].is_null());
}

#[test]
fn a_search_says_in_a_table_what_it_chose() {
    let tool = diabetes_rows();
    let text = tool.succeed(format!("{FIT} --search --search-l1 0,1,1000"));
    let from = text.find("Loss on each of 5 parts of the rows left out in turn, in ");
    let lines: Vec<&str> = text[from.unwrap()..].lines().collect();
    let header: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(header, ["L1", "loss", "std.", "error"]);
    let starts: Vec<&str> = lines[2..5]
        .iter()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(starts, ["0", "1", "1000"]);
    assert!(
        lines[2..5].iter().any(|line| line.ends_with("chosen")),
        "{text}"
    );
    assert!(!lines[4].ends_with("chosen"), "{text}");
}

#[test]
fn learning_rates_are_searched_and_one_that_diverges_is_not_chosen() {
    let tool = diabetes_rows();
    let fixed = "--optimizer sgd --epochs 5 --schedule constant";
    let found = tool.json(format!(
        "{FIT} {fixed} --search=3 --search-learning-rate 0.001,1000"
    ));
    let candidates = &found["search"]["candidates"];
    assert!(candidates[1]["loss"].is_null(), "{candidates}");
    assert_eq!(found["search"]["chosen"], 0);
    assert_eq!(found["training"]["learning_rate"], 0.001);
}

#[test]
fn a_search_that_cannot_be_is_one_clear_message() {
    let tool = diabetes_rows();
    for (options, message) in [
        (
            "--search=1",
            "error: --search=1 leaves out no part of the rows; expected at least 2 parts",
        ),
        (
            "--search --search-learning-rate 0.1",
            "error: --search-learning-rate is for minibatches, and --optimizer lbfgs takes all rows at once; add --optimizer sgd",
        ),
        (
            "--search --memory 0",
            "error: diabetes.csv: a search needs the rows in memory; give --memory more MiB",
        ),
        (
            "--search --search-l2 -1",
            "error: the L2 penalty is -1, expected a finite number, 0 or more",
        ),
    ] {
        assert_eq!(tool.fail(format!("{FIT} {options}")), message);
    }
    let message = tool.fail("fit diabetes.csv --target progression --search");
    assert_eq!(
        message,
        "error: --search is a setting of training; add --method sgd"
    );
}
