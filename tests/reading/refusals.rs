//! What is refused, with its place and advice that works.

use super::run;
use crate::tool::Tool;

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
