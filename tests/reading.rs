//! Text tables as people and programs write them, through the tool: what is read,
//! what is refused and with which advice, and that a model reads new files as its
//! own table was read.

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

/// A file, a command that refuses it, and what it says.
type Refusal = (&'static str, &'static str, &'static str);

const REFUSALS: [Refusal; 25] = [
    // A date among numbers, and words of every kind.
    (
        "a,d,y\n1,3,3.1\n2,5,4.9\n3,2020-01-01,7.2\n4,8,8.8\n5,9,11.3\n6,1,12.7\n",
        "fit t.csv -t y --force",
        "t.csv: line 4 (byte 22): found `2020-01-01`, where 5 of 6 cells are numbers",
    ),
    (
        "a,d,y\n1,3,3\n2,5,4\n3,31/12/2020,7\n",
        "fit t.csv -t y --force",
        "t.csv: line 4 (byte 18): found `31/12/2020`, where 2 of 3 cells are numbers",
    ),
    (
        "c,y\na,1\nb,2\n7,3\na,5\n",
        "fit t.csv -t y --force",
        "t.csv: line 4 (byte 12): found `7`, where 3 of 4 cells are words",
    ),
    (
        "c,y\n1,1\n2,2\nx,3\n4,5\n",
        "fit t.csv -t y --force",
        "t.csv: line 4 (byte 12): found `x`, where 3 of 4 cells are numbers; --na x takes `x` as missing",
    ),
    // Numbers as people write them, whatever comes first.
    (
        "x,y\nn.a.,5\n\"1,017\",4\n\"1,034\",4\n\"1,051\",5\n",
        "fit t.csv -t y --force",
        "t.csv: line 3 (byte 11): found `1,017`, where a number is written as in 1234.5; --thousands , reads it as 1017, --decimal , reads it as 1.017; --na n.a. takes `n.a.` as missing",
    ),
    (
        "x;y\n\u{2212}3,5;1\n1,5;4\n2,0;5\n",
        "fit t.csv -t y --force",
        "t.csv: line 2 (byte 4): found `\u{2212}3,5`, where a number is written as in 1234.5; --decimal , reads it as -3.5",
    ),
    (
        "x,y\n1.2M,1\n3M,4\n800k,5\n",
        "fit t.csv -t y --force",
        "t.csv: line 2 (byte 4): found `1.2M`, where a number is written as in 1234.5; write it without the magnitude, such as M for millions",
    ),
    (
        "x,y\n$5,1\n$6,4\nfree,5\n",
        "fit t.csv -t y --force",
        "t.csv: line 2 (byte 4): found `$5`, where a number is written as in 1234.5; write it without the sign of the currency",
    ),
    (
        "x,y\n5 %,1\n6 %,4\n7 %,5\n",
        "fit t.csv -t y --force",
        "t.csv: line 2 (byte 4): found `5 %`, where a number is written as in 1234.5; write it without the per cent sign",
    ),
    (
        "x,y\n1,2\n?,3\n3,5\n",
        "fit t.csv -t y --missing drop --force",
        "t.csv: line 3 (byte 8): found `?`, where 2 of 3 cells are numbers; --na '?' takes `?` as missing",
    ),
    (
        "x,y\n1,2\n?,3\n3,5\n",
        "fit t.csv -t y --numeric x --force",
        "t.csv: line 3 (byte 8), column `x`: found `?`, expected a number; --na '?' takes `?` as missing",
    ),
    // Dates that contradict each other, or leave their order open.
    (
        "d,y\n03/04/2020,1\n05/06/2020,2\n",
        "fit t.csv -t y --numeric d --force",
        "t.csv: line 2 (byte 4), column `d`: found `03/04/2020`, and no date of the column shows whether the day or the month comes first; say it with --dates day-first or --dates month-first",
    ),
    (
        "d,y\n13/04/2020,1\n05/26/2020,2\n",
        "fit t.csv -t y --force",
        "t.csv: line 3 (byte 17): found `05/26/2020`, where the month comes first, and `13/04/2020` at t.csv: line 2 (byte 4), where the day does; write all dates in one way",
    ),
    // Lines before the header.
    (
        "Extract of today\nx;y\n1;2\n2;3\n",
        "describe t.csv",
        "t.csv: line 1: `Extract of today`, where line 2 looks like the header; pass over the lines before it with --skip 1",
    ),
    (
        "# from x\n# unit kg\nx,y\n1,2\n2,3\n",
        "describe t.csv",
        "t.csv: line 1: `# from x`, where line 3 looks like the header; if the line is a comment, pass over such lines with --comment '#'",
    ),
    (
        "x,y\n1,2\n# note\n2,3\n",
        "describe t.csv",
        "t.csv: line 3 (byte 8): found 1 cells, expected 2 as in the header; if the line is a comment, pass over such lines with --comment '#'",
    ),
    (
        "x,y\n1,2\n",
        "describe t.csv --skip 5",
        "t.csv: there are 2 lines, and --skip 5 passes over all of them",
    ),
    // First rows that look like no header, and columns without a name.
    (
        "0,0,5,13\n0,1,2,3\n",
        "describe t.csv",
        "t.csv: line 1: the column names are numbers, such as `0`; if the file has no header, say so with --no-header",
    ),
    (
        "5.1,1.4,setosa\n4.9,1.4,setosa\n6.3,2.5,virginica\n",
        "describe t.csv",
        "t.csv: line 1: the names `5.1` and `setosa` look like cells of a row; if the file has no header, say so with --no-header",
    ),
    (
        "x,y,\n1,2,\n2,3,7\n",
        "describe t.csv",
        "t.csv: line 3 (byte 10): found `7` in column 3, which has no name in the header; name it there",
    ),
    (
        "x\n1,5\n2,5\n",
        "describe t.csv",
        "t.csv: line 2 (byte 2): found 2 cells, expected 1 as in the header; if commas are decimal marks, say so with --decimal ,",
    ),
    // Files that are not text tables.
    (
        "PK\u{3}\u{4}..[Content_Types].xml",
        "describe t.csv",
        "t.csv: this is an Excel workbook (.xlsx); export the sheet as CSV (UTF-8)",
    ),
    (
        "[{\"x\": 1, \"y\": 2}]",
        "describe t.csv",
        "t.csv: this is JSON; write it as CSV or Parquet first, with pandas.read_json for example",
    ),
    // Settings that are not valid.
    (
        "x,y\n1,2\n",
        "describe t.csv --decimal , --thousands ,",
        "the separator of thousands is `,`, expected another one than the decimal mark",
    ),
    (
        "x,y\n1,2\n",
        "describe t.csv --decimal 5",
        "the decimal mark is `5`, expected a mark such as , or .",
    ),
];

#[test]
fn what_cannot_be_read_is_refused_with_its_place_and_a_remedy() {
    let tool = Tool::new();
    for (content, command, message) in REFUSALS {
        tool.write("t.csv", content);
        let (code, _, said) = run(&tool, command);
        assert_eq!(code, 2, "{command}, {content:?}: {said}");
        let said = said
            .trim_end()
            .replacen("error: t.csv: t.csv", "error: t.csv", 1);
        let expected = format!("error: {message}");
        let start = said.get(..expected.len());
        let files = said.replace("error: t.csv: the", "error: the");
        assert!(
            start == Some(&expected) || files.starts_with(&expected),
            "{command}: {said}, expected {expected}"
        );
    }
}

/// The options that a message names, with their values.
fn advised(message: &str) -> Vec<String> {
    let known = [
        "--na",
        "--decimal",
        "--thousands",
        "--skip",
        "--comment",
        "--dates",
        "--no-header",
    ];
    let mut found = Vec::new();
    let words: Vec<&str> = message.split(' ').collect();
    for (index, word) in words.iter().enumerate() {
        if *word == "--no-header" {
            found.push(word.to_string());
        } else if known.contains(word) {
            let value = words[index + 1].trim_end_matches([';', ':']);
            let value = value
                .strip_suffix(",")
                .filter(|v| !v.is_empty())
                .unwrap_or(value);
            found.push(format!("{word} {value}"));
        }
    }
    found
}

#[test]
fn every_option_that_is_advised_is_taken_by_the_command_and_changes_what_it_says() {
    let tool = Tool::new();
    let mut tried = 0;
    for (content, command, _) in REFUSALS {
        if content.starts_with("x,y\n1,2\n") && content.len() < 10 {
            continue;
        }
        tool.write("t.csv", content);
        let (_, _, before) = run(&tool, command);
        for option in advised(&before) {
            let (_, _, after) = run(&tool, &format!("{command} {option}"));
            assert!(!after.contains("unexpected argument"), "{option}: {after}");
            assert_ne!(before, after, "{option} changes nothing");
            tried += 1;
        }
    }
    assert!(tried >= 13, "{tried} options");
}

#[test]
fn dates_are_dates_in_every_common_form_and_never_levels() {
    let tool = Tool::new();
    // 2020-01-01 to 2020-01-04 are the days 18262 to 18265 (Python 3.13:
    // (date(2020, 1, 1) - date(1970, 1, 1)).days), and y is twice the day less
    // 36523.
    for dates in [
        ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"],
        [
            "2020-01-01T00:00Z",
            "2020-01-02 00:00",
            "2020-01-03T01:00+01:00",
            "2020-01-04",
        ],
        ["1.1.2020", "2.1.2020", "3.1.2020", "04.01.2020"],
        ["2020/01/01", "2020/01/02", "2020/1/3", "2020/01/04"],
    ] {
        let rows: String = dates
            .iter()
            .zip([1, 3, 5, 7])
            .fold(String::new(), |rows, (date, y)| {
                rows + &format!("{date},{},{y}\n", y * y)
            });
        tool.write("t.csv", format!("d,x,y\n{rows}"));
        let ignored = tool.json(&["describe", "t.csv"]);
        assert_eq!(ignored["columns"][0]["kind"], "ignored", "{dates:?}");
        let (found, _) = fit(&tool, "t.csv");
        assert_eq!(found.len(), 2, "{dates:?}");
        let (found, _) = fit(&tool, "t.csv --numeric d --features d");
        assert!((found[1] - 2.0).abs() < 1e-9, "{dates:?}: {found:?}");
        assert!((found[0] + 36523.0).abs() < 1e-4, "{dates:?}: {found:?}");
    }
    // One day above 12 shows the order of all, in new tables too.
    tool.write("t.csv", "d,y\n1/2/2020,1\n13/2/2020,2.2\n1/3/2020,3.9\n");
    let (by_day, _) = fit(&tool, "t.csv --numeric d");
    tool.write(
        "iso.csv",
        "d,y\n2020-02-01,1\n2020-02-13,2.2\n2020-03-01,3.9\n",
    );
    let (iso, _) = fit(&tool, "iso.csv --numeric d");
    assert_eq!(by_day, iso);
    fit(&tool, "t.csv --numeric d");
    tool.write("new.csv", "d\n1/3/2020\n");
    let (_, short, _) = run(&tool, "predict m new.csv");
    fit(&tool, "iso.csv --numeric d");
    tool.write("new.csv", "d\n2020-03-01\n");
    let (_, long, _) = run(&tool, "predict m new.csv");
    assert_eq!(short, long);
    // With `--dates`, no such day is needed. Month first, the same cells are
    // other days.
    tool.write("t.csv", "d,y\n2/1/2020,1\n2/12/2020,2.2\n3/1/2020,3.9\n");
    tool.write(
        "iso.csv",
        "d,y\n2020-02-01,1\n2020-02-12,2.2\n2020-03-01,3.9\n",
    );
    let (by_month, _) = fit(&tool, "t.csv --numeric d --dates month-first");
    assert_eq!(by_month, fit(&tool, "iso.csv --numeric d").0);
}

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
