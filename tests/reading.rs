//! Text tables as people and programs write them, through the tool: what is read,
//! what is refused and with which advice, and that a model reads new files as its
//! own table was read.

mod dates;
mod odd_cells;
mod refusals;

use serde_json::Value;

use crate::tool::Tool;

fn run(tool: &Tool, command: &str) -> (i32, String, String) {
    let output = tool.run(command);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

/// Fits a file's column y and gives the estimate of each coefficient, and what
/// was printed on standard error.
fn fit(tool: &Tool, options: &str) -> (Vec<f64>, String) {
    let (code, stdout, stderr) = run(tool, &format!("fit {options} -t y --force -o m --json"));
    assert_eq!(code, 0, "{options}: {stderr}");
    let fit: Value = serde_json::from_str(&stdout).unwrap();
    let list = fit["coefficients"].as_array().unwrap().iter();
    let estimates = list.map(|entry| entry["estimate"].as_f64().unwrap());
    (estimates.collect(), stderr)
}

/// Intercept and slope of y = 3, 5, 9, 18 at x = 1, 2, 4, 8, in rational arithmetic
/// (Python 3.13, fractions).
const EXACT: [f64; 2] = [16.0 / 23.0, 247.0 / 115.0];

fn assert_exact(found: &[f64], scale: f64, what: &str) {
    let expected = [EXACT[0], EXACT[1] / scale];
    assert_eq!(found.len(), 2, "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs();
        assert!(error < 1e-13 * expected.abs().max(1.0), "{what}: {found}");
    }
}

#[test]
fn every_way_to_write_a_table_gives_the_fit_of_the_plain_one() {
    let tool = Tool::new();
    let check = |what: &str, content: &str, options: &str, scale: f64, note: &str| {
        tool.write("t.csv", content);
        let (found, said) = fit(&tool, &format!("t.csv {options}"));
        assert_exact(&found, scale, what);
        assert_eq!(said, note, "{what}");
        // The model reads the file with the options of its fit.
        let (code, predicted, said) = run(&tool, "predict m t.csv");
        assert_eq!(code, 0, "{what}: {said}");
        let numbers = predicted
            .lines()
            .skip(1)
            .filter_map(|line| line.parse().ok());
        let numbers: Vec<f64> = numbers.collect();
        for expected in [EXACT[0] + EXACT[1], EXACT[0] + 8.0 * EXACT[1]] {
            let is_there = numbers.iter().any(|found| (found - expected).abs() < 1e-12);
            assert!(is_there, "{what}: {predicted}");
        }
        let (code, ..) = run(&tool, "evaluate m t.csv");
        assert_eq!(code, 0, "{what}");
        let (code, ..) = run(&tool, "plot residuals m t.csv --kind fitted");
        assert_eq!(code, 0, "{what}");
    };
    for (what, content) in [
        ("plain", "x,y\n1,3\n2,5\n4,9\n8,18\n"),
        ("delimiters at the end", "x,y,\n1,3,\n2,5,\n4,9,\n8,18,\n"),
        (
            "delimiters at the end of rows only",
            "x,y\n1,3,,\n2,5,,\n4,9,,\n8,18,,\n",
        ),
        (
            "the separator that Excel says",
            "sep=;\r\nx;y\r\n1;3\r\n2;5\r\n4;9\r\n8;18\r\n",
        ),
        ("a line of spaces", "x,y\n1,3\n2,5\n   \n4,9\n8,18\n  "),
    ] {
        check(what, content, "", 1.0, "");
    }
    for (what, content, options, scale) in [
        (
            "runs of spaces",
            "  x    y\n  1    3\n  2    5  \n  4    9\n  8   18\n",
            "--delimiter space",
            1.0,
        ),
        (
            "a title",
            "Extract of today\n\nx;y\n1;3\n2;5\n4;9\n8;18\n",
            "--skip 2",
            1.0,
        ),
        (
            "comments",
            "# from \"here\nx,y\n1,3\n# a\n2,5\n4,9\n8,18\n#",
            "--comment '#'",
            1.0,
        ),
        (
            "decimal commas",
            "x;y\n0,1;3\n0,2;5,0\n0,4;9\n0,8;18\n",
            "--decimal ,",
            0.1,
        ),
        (
            "thousands",
            "x;y\n1,000;3\n2,000;5\n4,000;9\n8,000.0;18\n",
            "--thousands ,",
            1000.0,
        ),
        (
            "German numbers",
            "x;y\n1.000,0;3\n2.000;5\n4.000;9\n8.000;18\n",
            "--thousands . --decimal ,",
            1000.0,
        ),
        (
            "Swiss numbers",
            "x;y\n1'000;3\n2'000;5\n4'000;9\n8'000;18\n",
            "--thousands \"'\"",
            1000.0,
        ),
        (
            "a minus of typesetting",
            "x,y\n\u{2212}1,3\n\u{2212}2,5\n\u{2212}4,9\n\u{2212}8,18\n",
            "",
            -1.0,
        ),
        (
            "cells that mean missing",
            "x,y\n1,3\n?,4\n2,5\n4,9\n-999,1\n8,18\n3,\\N\n",
            "--na '?,-999' --missing drop",
            1.0,
        ),
    ] {
        check(what, content, options, scale, "");
    }
    let unnamed = "the first column has no name: it is ignored as an index of the rows";
    let numbered = "the first column is called `Unnamed: 0`: it is ignored as an index of the rows";
    let names = "rows have one cell more than the header: their first names them, as R writes it, and is ignored";
    for (what, content, note) in [
        (
            "an index of pandas",
            ",x,y\n0,1,3\n1,2,5\n2,4,9\n3,8,18\n",
            unnamed,
        ),
        (
            "an index that pandas has read again",
            "Unnamed: 0,x,y\n0,1,3\n1,2,5\n2,4,9\n3,8,18\n",
            numbered,
        ),
        (
            "R's write.csv",
            "\"\",\"x\",\"y\"\n\"1\",1,3\n\"2\",2,5\n\"3\",4,9\n\"4\",8,18\n",
            unnamed,
        ),
        (
            "R's write.table",
            "\"x\" \"y\"\n\"1\" 1 3\n\"2\" 2 5\n\"3\" 4 9\n\"4\" 8 18\n",
            names,
        ),
        (
            "R's write.table with names and another separator",
            "x;y\nMazda RX4;1;3\nDatsun;2;5\nFiat;4;9\nVolvo;8;18\n",
            names,
        ),
    ] {
        check(what, content, "", 1.0, &format!("note: t.csv: {note}\n"));
    }
}

#[test]
fn what_is_said_at_prediction_comes_before_what_the_model_stores() {
    let tool = Tool::new();
    tool.write("t.csv", "x;y\n0,1;3\n0,2;5\n0,4;9\n0,8;18\n");
    fit(&tool, "t.csv --decimal ,");
    tool.write("points.csv", "x\n0.1\n0.8\n");
    let (code, _, said) = run(&tool, "predict m points.csv");
    assert_eq!(
        (code, said.as_str()),
        (
            2,
            "error: points.csv: line 2 (byte 2), column `x`: found `0.1`, expected a number; the decimal mark is said to be ,; --decimal . takes a point\n"
        )
    );
    let (code, predicted, _) = run(&tool, "predict m points.csv --decimal .");
    assert_eq!(code, 0);
    let first: f64 = predicted.lines().nth(1).unwrap().parse().unwrap();
    assert!((first - EXACT[0] - EXACT[1]).abs() < 1e-12, "{predicted}");
    // A single column of decimal commas has no separator.
    tool.write("commas.csv", "x\n0,1\n0,8\n");
    let (_, again, _) = run(&tool, "predict m commas.csv");
    assert_eq!(again, predicted);
    let (_, shown, _) = run(&tool, "inspect m");
    assert!(shown.contains("\n  reading: --decimal ,\n"), "{shown}");
}
