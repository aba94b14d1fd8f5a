//! Tables with a fault, or without what was asked for.

use super::{each_fails, tool};
use crate::tool::Tool;

#[test]
fn of_files() {
    each_fails(&[
        (
            "fit quote.csv --target y --features a,b",
            "quote.csv: line 2: the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice",
        ),
        (
            "fit empty.csv --target y",
            "empty.csv: the file is empty, expected a header line with the column names",
        ),
        (
            "fit --method sgd good.csv --target y --output new.safetensors --weight-decay 1e6 --learning-rate 0.03",
            "the weight decay is 1000000 at the learning rate 0.03, expected below 1 when multiplied: each update would turn the weights around",
        ),
        (
            "fit header.csv --target y",
            "header.csv: there are no rows after the header",
        ),
        (
            "fit text.csv --target y",
            "text.csv: line 3 (byte 12): found `one`, where 1 of 2 cells are numbers; --na one takes `one` as missing: the column `b` is neither numbers nor words; correct the cell, take every cell as a level with --categorical, or leave the column out with --exclude",
        ),
        (
            "fit missing.csv --target y",
            "1 missing cell: missing.csv: line 3 (byte 12), column `b`; leave their rows out with --missing drop, or use a feature's mean with --missing mean or indicator",
        ),
        (
            "fit nan.csv --target y --features a",
            "nan.csv: the column `a` cannot be a feature: every cell is missing",
        ),
        (
            "fit inf.csv --target y",
            "inf.csv: line 2 (byte 6), column `y`: found `inf`, expected a finite number; correct the cell or remove the row",
        ),
        (
            "fit ragged.csv --target y",
            "ragged.csv: line 3 (byte 12): found 2 cells, expected 3 as in the header",
        ),
        (
            "fit repeated.csv --target y",
            "repeated.csv: line 1: the column name `a` is there twice; rename one of them",
        ),
        (
            "fit large.csv --target y --method sgd",
            "large.csv: the values of `a` are too large to standardise: their variance overflows; divide the column by a power of ten",
        ),
        (
            "fit tiny.csv --target y --method sgd",
            "tiny.csv: the values of `a` are too close together to standardise: their variance vanishes; multiply the column by a power of ten",
        ),
        (
            "fit absent.csv --target y",
            "absent.csv: No such file or directory (os error 2)",
        ),
        (
            "fit . --target y --output m",
            ".: this is a folder; name the files in it",
        ),
    ]);
}

#[test]
fn of_columns() {
    each_fails(&[
        (
            "fit good.csv --force --target z",
            "good.csv: there is no column `z`; the columns are `a`, `b`, `y`",
        ),
        (
            "fit good.csv --force --target y --features a,c",
            "good.csv: there is no column `c`; the columns are `a`, `b`, `y`",
        ),
        (
            "fit good.csv --force --target y --features a,y",
            "good.csv: the target `y` is among the features; a column cannot be both",
        ),
        (
            "fit good.csv --force --target y --features a,a",
            "good.csv: the feature `a` is named twice",
        ),
        (
            "predict good.safetensors other.csv",
            "other.csv: the columns do not match the model good.safetensors: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
        (
            "evaluate good.safetensors other.csv",
            "other.csv: the columns do not match the model good.safetensors: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
    ]);
}

#[test]
fn of_a_file_to_judge_on() {
    each_fails(&[
        (
            "fit good.csv --target y --force --validation-file none.csv",
            "none.csv: No such file or directory (os error 2)",
        ),
        (
            "fit good.csv --target y --force --validation-file other.csv",
            "other.csv: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
        (
            "fit good.csv --target y --force --validation-file header.csv",
            "header.csv: there are no rows to judge the model on",
        ),
        (
            "fit good.csv --target y --force --validation-file text.csv",
            "text.csv: line 3 (byte 12), column `b`: found `one`, expected a number",
        ),
        (
            "fit good.csv --target y --force --output other.csv --validation-file other.csv",
            "other.csv: this file is read; write another",
        ),
        (
            "fit - --target y --output m --validation-file -",
            "both tables cannot come from standard input; give a file for one of them",
        ),
    ]);
}

#[test]
fn of_ten_thousand_columns() {
    let tool = Tool::new();
    let row = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",");
    let mut table = format!("{},y\n", row(&|column| format!("c{column}")));
    for line in 0..3 {
        let cells = row(&|column| (column % 7 * line).to_string());
        table += &format!("{cells},{line}\n");
    }
    tool.write("wide.csv", table);
    let message = tool.fail("fit wide.csv --target y");
    assert_eq!(
        message,
        "error: wide.csv: 8,571 features are more than the 4,000 of an exact fit, whose time grows with their cube; choose fewer with --features, train with --method sgd, or allow more with --max-features"
    );
    // Thousands of similar columns give only a few lines of warnings.
    let output = tool.run("fit wide.csv --target y --method sgd --epochs 1 --learning-rate 1e-6");
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("  c0    ignored      every cell is 0\n"),
        "{}",
        &stdout[..2000]
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().count() < 20, "{stderr}");
    assert!(stderr.contains("more columns like these"), "{stderr}");
    assert!(
        stderr.contains("the same cells as the target `y`"),
        "{stderr}"
    );
}

#[test]
fn of_rows_that_turn_bad_while_predictions_are_written() {
    let tool = tool();
    let mut rows = "a,b\n".to_string() + &"1,2\n".repeat(20_000);
    rows += "1,two\n";
    tool.write("late.csv", rows);
    let before = tool.files();
    let message = tool.fail("predict good.safetensors late.csv --output out.csv");
    assert_eq!(
        message,
        "error: late.csv: line 20002 (byte 80004), column `b`: found `two`, expected a number"
    );
    assert_eq!(tool.files(), before);
}
