//! Rows that are held out, or of a file of their own, to judge a model on.

use serde_json::Value;

use super::houses;
use crate::tool::{Tool, test_file};

#[test]
fn rows_are_held_out_at_random_in_parts_or_from_the_end() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let fit = |options: &str| tool.json(format!("fit houses.csv -t price --force {options}"));
    let rows = |metrics: &Value| metrics["rows"].as_u64().unwrap();
    let random = fit("--validation 0.2 --test 0.1");
    let sets = ["statistics", "validation", "test"];
    let [train, validation, test] = sets.map(|set| rows(&random[set]));
    assert_eq!(train + validation + test, 120);
    assert!(validation > test && test > 0, "{validation} {test}");

    let last = fit("--validation 0.2 --test 0.1 --time-ordered");
    assert_eq!(rows(&last["validation"]), 24);
    assert_eq!(rows(&last["test"]), 12);

    let folds = fit("--k-fold 4");
    let of_folds: Vec<u64> = folds["folds"]
        .as_array()
        .unwrap()
        .iter()
        .map(rows)
        .collect();
    assert_eq!(of_folds.len(), 4);
    assert_eq!(of_folds.iter().sum::<u64>(), 120);
    assert_eq!(rows(&folds["statistics"]), 120);
}

#[test]
fn a_file_of_its_own_is_judged_on_as_rows_held_out_are() {
    let tool = Tool::new();
    let table = std::fs::read_to_string(test_file("data/diabetes.csv")).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    tool.write("all.csv", &table);
    tool.write("training.csv", rows[..332].join("\n"));
    let last = [&rows[..1], &rows[332..]].concat();
    tool.write("last.csv", last.join("\n"));
    for way in [
        "--method exact",
        "--method sgd --patience 40",
        "--method sgd --optimizer adam --patience 5",
    ] {
        let fit = |files: &str| {
            tool.json(format!(
                "fit {files} --target progression --output model --force {way}"
            ))
        };
        let held_out = fit("all.csv --validation 0.25 --time-ordered");
        let of_file = fit("training.csv --validation-file last.csv");
        assert_eq!(
            (&of_file["rows"], &held_out["rows"]),
            (&331.into(), &331.into())
        );
        assert_eq!(of_file["validation"]["rows"], 111);
        let judged = tool.json("evaluate model last.csv");
        assert_eq!(of_file["validation"], judged);
        // The means and scales for standardisation differ in rounding alone.
        let of = |fit: &Value| fit["validation"]["rmse"].as_f64().unwrap();
        let (a, b) = (of(&of_file), of(&held_out));
        assert!((a / b - 1.0).abs() < 1e-3, "{way:?}: {a} {b}");
    }
    let told = tool.succeed("fit training.csv --target progression --validation-file last.csv");
    assert!(told.contains("\nOn the rows of last.csv\n"), "{told}");
}
