//! Cells that are missing, may mean missing, or do not fit their column.

use super::{fit, run};
use crate::tool::Tool;

#[test]
fn predict_takes_the_policy_for_missing_cells_that_it_advises() {
    let tool = Tool::new();
    tool.write("t.csv", "x,y\n1,3\n2,5\n4,9\n8,18\n");
    fit(&tool, "t.csv");
    tool.write("new.csv", "x,y\n1,3\nNA,4\n2,5\n");
    let message = "error: new.csv: line 3 (byte 8), column `x`: the cell is missing; --missing drop leaves such rows out, --missing mean takes the mean of the rows that the model was fitted to\n";
    for command in [
        "predict m new.csv",
        "evaluate m new.csv",
        "plot residuals m new.csv --kind fitted",
    ] {
        assert_eq!(run(&tool, command).2, message, "{command}");
        for policy in ["drop", "mean"] {
            let (code, _, said) = run(&tool, &format!("{command} --missing {policy}"));
            assert_eq!(code, 0, "{command} {policy}: {said}");
        }
    }
    let predicted = run(&tool, "predict m new.csv --missing drop").1;
    assert_eq!(predicted.lines().nth(2), Some("\"\""), "{predicted}");
    // The mean of x is 15/4, where the fit is the mean of y, 35/4.
    let predicted = run(&tool, "predict m new.csv --missing mean").1;
    let mean: f64 = predicted.lines().nth(2).unwrap().parse().unwrap();
    assert!((mean - 8.75).abs() < 1e-13, "{predicted}");
}

#[test]
fn a_level_that_may_mean_missing_is_pointed_out() {
    let tool = Tool::new();
    let rows: String = (0..30)
        .map(|row| format!("{},{row}\n", ["a", "?", "b"][row % 3]))
        .collect();
    tool.write("t.csv", format!("t,y\n{rows}"));
    let note = "`?` is used as a level; if it means a missing cell, add --na '?'";
    assert!(tool.succeed(&["describe", "t.csv"]).contains(note));
    let (_, said, _) = run(&tool, "fit t.csv -t y --force -o m");
    assert!(said.contains(note), "{said}");
    let (_, said, _) = run(&tool, "fit t.csv -t y --force -o m --na '?' --missing drop");
    assert!(
        said.contains("2 levels, each compared with `a`; 10 missing cells"),
        "{said}"
    );
}

#[test]
fn a_mixed_column_is_not_called_constant() {
    let tool = Tool::new();
    tool.write("t.csv", "c,y\na,1\nb,2\n7,3\na,5\n");
    let (_, said, _) = run(&tool, "describe t.csv");
    assert!(!said.contains("the same in every row"), "{said}");
}

#[test]
fn a_picture_says_which_column_it_leaves_out_for_a_cell() {
    let tool = Tool::new();
    tool.write("t.csv", "x,z,y\n1,2,3\n2,\"1,000\",5\n4,3,9\n");
    let (code, _, said) = run(&tool, "plot scatter t.csv -t y");
    assert_eq!(code, 0, "{said}");
    let start = "warning: `z` is not drawn: t.csv: line 3 (byte 12): found `1,000`";
    assert!(said.starts_with(start), "{said}");
}
