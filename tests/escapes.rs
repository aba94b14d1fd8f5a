//! Texts that others have made never steer the terminal of whoever runs the
//! program: whatever is in a file, its name or an argument is spelt out.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;

use crate::tool::Tool;

/// A text that colours, names the window, turns what follows around, hides,
/// begins a line, and says that it is ours.
const HOSTILE: &str = "\u{1b}[35m\u{1b}]0;x\u{7}\u{9b}7m\u{7f}\u{85}\u{202e}\u{2066}\u{61c}\u{200f}\
    \u{2028}\u{feff}\u{e0041}\u{8}\r\nforged: x";

/// As it may be in the name of a file.
const NAME: &str = "\u{1b}[35m\u{7}\u{9b}7m\u{7f}\u{85}\u{202e}\u{2066}\u{61c}\u{2028}\u{feff}\r";

/// The sequences that colours of our own are made of, and those of clap.
const OURS: [&str; 7] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[4m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
    "\u{1b}[36m",
];

fn steers(character: char) -> bool {
    (character.is_control() && character != '\n')
        || "\u{61c}\u{200e}\u{200f}\u{feff}".contains(character)
        || ('\u{2028}'..='\u{202e}').contains(&character)
        || ('\u{2066}'..='\u{206f}').contains(&character)
        || ('\u{e0000}'..='\u{e007f}').contains(&character)
}

/// What it printed, in which nothing may steer.
#[track_caller]
fn printed(output: &Output, arguments: &[&str]) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains(steers), "{arguments:?}: {text:?}");
    let is_forged = |line: &str| line.trim_start().starts_with("forged");
    assert!(!text.lines().any(is_forged), "{arguments:?}: {text}");
    assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    text
}

/// Runs it, on a terminal and for one without colours, and sees that it has said
/// the hostile text, spelt out.
#[track_caller]
fn says_it(tool: &Tool, arguments: &[&str]) -> Output {
    let output = tool.run(arguments);
    let text = printed(&output, arguments);
    let is_said = [r"\u{1b}[35m", r"\u001b[35m"]
        .iter()
        .any(|it| text.contains(it));
    assert!(is_said, "{arguments:?}: {text}");
    let mut coloured = tool.run_with("CLICOLOR_FORCE", "1", arguments);
    for stream in [&mut coloured.stdout, &mut coloured.stderr] {
        let text = String::from_utf8(std::mem::take(stream)).unwrap();
        let without = OURS.iter().fold(text, |text, ours| text.replace(ours, ""));
        *stream = without.into_bytes();
    }
    printed(&coloured, arguments);
    output
}

/// The same with `--json` at the end, which is read.
#[track_caller]
fn says_it_in_json(tool: &Tool, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let output = says_it(tool, &arguments);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn name(start: &str) -> String {
    format!("{start}{HOSTILE}")
}

/// A table of hostile names and levels, in a file of a hostile name, and a model
/// of it: their names, and those of the columns y, x and g.
struct Hostile {
    tool: Tool,
    table: String,
    model: String,
    columns: [String; 3],
}

impl Hostile {
    fn new() -> Self {
        let tool = Tool::new();
        let columns = ["y", "x", "g"].map(name);
        let [y, x, g] = &columns;
        let mut text = format!("\"{y}\",\"{x}\",\"{g}\"\n");
        for row in 0..24 {
            let level = name(["a", "b", "c"][row % 3]);
            let value = (row * row) % 7;
            text += &format!("{},{row},\"{level}\"\n", 2 * row + value);
        }
        let table = format!("t{NAME}.csv");
        let model = format!("m{NAME}.safetensors");
        tool.write(&table, text);
        let fit = ["fit", &table, "--target", y, "--output", &model];
        let output = says_it(&tool, &fit[..]);
        // The second time, with colours, the file exists.
        assert!(output.status.success());
        Self {
            tool,
            table,
            model,
            columns,
        }
    }
}

#[test]
fn names_levels_and_file_names_are_spelt_out_by_every_command() {
    let hostile = Hostile::new();
    let Hostile {
        tool,
        table,
        model,
        columns: [y, x, g],
    } = &hostile;
    let long = format!("--{NAME}");
    let cases: &[&[&str]] = &[
        &["lesson", "--plots", table],
        &["generate", "--output", table],
        &["describe", table, "--target", y],
        &["describe", table, "--target", HOSTILE],
        &["fit", table, "--target", y],
        &["fit", table, "--target", y, "--output", model, "--force"],
        &[
            "fit", table, "--target", y, "--output", model, "--force", "--method", "sgd",
            "--k-fold", "3",
        ],
        &[
            "fit", table, "--target", y, "--output", model, "--force", "--ridge", "1",
        ],
        &[
            "fit",
            table,
            "--target",
            y,
            "--output",
            model,
            "--force",
            "--diagnostics",
        ],
        &["fit", table, "--target", g, "--output", "other"],
        &[
            "fit",
            table,
            "--target",
            y,
            "--features",
            HOSTILE,
            "--output",
            "other",
        ],
        &[
            "fit",
            table,
            "--formula",
            &format!("`y` ~ x{NAME}"),
            "--output",
            "other",
        ],
        &[
            "fit", table, "--target", y, "--na", HOSTILE, "--output", table,
        ],
        &[
            "fit",
            table,
            "--target",
            y,
            "--output",
            &format!("{NAME}/m"),
        ],
        &["predict", model, table, "--keep", HOSTILE],
        &["predict", table, table],
        &["evaluate", model, table],
        &["evaluate", model, "none\u{1b}[35m.csv"],
        &["inspect", model],
        &["inspect", table],
        &["plot", "scatter", table, "--target", y, "--features", x],
        &["plot", "matrix", table, "--features", &format!("{x},none")],
        &["plot", "residuals", model, table],
        &["plot", "residuals", model, table, "--target", HOSTILE],
        &["plot", "coefficients", model],
        &["plot", "coefficients", model, "--target", HOSTILE],
        &["plot", "losses", table],
        &["devices", &long],
        &["check", "--backend", NAME],
        &["completions", NAME],
        &[NAME],
        &[&long],
        &["fit", &long],
        &["fit", table, "--target", y, "--precision", NAME],
        &["lesson", "--weights", NAME],
        &["fit", "--na", HOSTILE],
    ];
    for arguments in cases {
        says_it(tool, arguments);
    }
}
