//! Texts that others have made never control the user's terminal: control
//! characters in a file, in its name or in an argument are escaped.

use std::process::Output;

use serde_json::Value;

use crate::tool::Tool;

/// A text that sets colours and the window's title, reverses the direction of
/// what follows, hides characters, and begins a line that looks like ours.
const HOSTILE: &str = "\u{1b}[35m\u{1b}]0;x\u{7}\u{9b}7m\u{7f}\u{85}\u{202e}\u{2066}\u{61c}\u{200f}\
    \u{2028}\u{feff}\u{e0041}\u{8}\r\nforged: x";

/// The same, without what the name of a file cannot have.
const NAME: &str = "\u{1b}[35m\u{7}\u{9b}7m\u{7f}\u{85}\u{202e}\u{2066}\u{61c}\u{2028}\u{feff}\r";

/// The sequences that our own colours and those of clap are made of.
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

/// What the program printed, after a check that nothing in it controls the
/// terminal.
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

/// Runs the program without colours and with them, and returns what it printed
/// without.
#[track_caller]
fn says_nothing_that_steers(tool: &Tool, arguments: &[&str]) -> (Output, String) {
    let output = tool.run(arguments);
    let text = printed(&output, arguments);
    let mut coloured = tool.run_with("CLICOLOR_FORCE", "1", arguments);
    for stream in [&mut coloured.stdout, &mut coloured.stderr] {
        let text = String::from_utf8(std::mem::take(stream)).unwrap();
        let without = OURS.iter().fold(text, |text, ours| text.replace(ours, ""));
        *stream = without.into_bytes();
    }
    printed(&coloured, arguments);
    (output, text)
}

/// The same, and checks that it printed the hostile text escaped.
#[track_caller]
fn says_it(tool: &Tool, arguments: &[&str]) -> Output {
    let (output, text) = says_nothing_that_steers(tool, arguments);
    let mut spelt = [r"\u{1b}[35m", r"\u001b[35m"].into_iter();
    assert!(spelt.any(|it| text.contains(it)), "{arguments:?}: {text}");
    output
}

/// The same with `--json` at the end, parsed.
#[track_caller]
fn says_it_in_json(tool: &Tool, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let output = says_it(tool, &arguments);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A name in quotes, as options take it.
fn in_quotes(name: &str) -> String {
    format!("\"{name}\"")
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
        let target = in_quotes(y);
        let fit = ["fit", &table, "--target", &target, "--output", &model];
        assert!(tool.run(&fit).status.success());
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
    let [target, x, g] = [y, x, g].map(|name| in_quotes(name));
    let none = in_quotes(HOSTILE);
    let to_model = [
        "fit", table, "--target", &target, "--output", model, "--force",
    ];
    let fit = |options: &[&'static str]| [&to_model[..], options].concat();
    let cases = [
        vec!["lesson", "--plots", table],
        vec!["generate", "--output", table],
        vec!["describe", table, "--target", y],
        vec!["describe", table, "--target", HOSTILE],
        fit(&["--method", "sgd", "--verbose"]),
        fit(&[]),
        fit(&["--diagnostics"]),
        fit(&["--k-fold", "3"]),
        vec!["fit", table, "--target", &g, "--output", "other"],
        vec![
            "fit",
            table,
            "--target",
            &target,
            "--features",
            &none,
            "--output",
            "other",
        ],
        vec!["fit", table, "--target", &target, "--output", table],
        vec!["predict", model, table, "--keep", &none],
        vec!["predict", table, table],
        vec!["evaluate", model, table],
        vec!["inspect", model],
        vec!["inspect", table],
        vec!["plot", "scatter", table, "--target", HOSTILE],
        vec!["plot", "residuals", model, table, "--target", HOSTILE],
        vec!["plot", "coefficients", model, "--target", HOSTILE],
        vec!["plot", "loss", table],
    ];
    for arguments in &cases {
        says_it(tool, arguments);
    }
    // Pictures show blanks in place of control characters.
    for arguments in [
        vec!["plot", "scatter", table, "--target", y, "--features", &x],
        vec!["plot", "matrix", table],
        vec!["plot", "residuals", model, table],
        vec!["plot", "coefficients", model],
    ] {
        let (output, _) = says_nothing_that_steers(tool, &arguments);
        assert!(output.status.success(), "{arguments:?}");
    }
}

#[test]
fn arguments_are_spelt_out_by_every_command() {
    let Hostile { tool, table, .. } = &Hostile::new();
    let option = format!("--{HOSTILE}");
    let formula = format!("`y` ~ x{NAME}");
    let folder = format!("{NAME}/m");
    let help = tool.succeed(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // The further lines of a description are indented more.
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        says_it(tool, &[command, &option]);
    }
    for arguments in [
        &[HOSTILE][..],
        &[&option],
        &["completions", HOSTILE],
        &["check", "--backend", HOSTILE],
        &["check", "--accuracy", HOSTILE],
        &["describe", &format!("none{NAME}")],
        &["fit", table, "--target", "x", "--seed", HOSTILE],
        &["fit", table, "--formula", &formula, "--output", "other"],
        &[
            "fit", table, "--target", NAME, "--na", NAME, "--output", &folder,
        ],
        &["lesson", "--weights", HOSTILE],
    ] {
        let output = says_it(tool, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn json_is_read_back_as_the_names_that_it_was_made_of() {
    let Hostile {
        tool,
        table,
        model,
        columns: [y, x, _],
    } = &Hostile::new();
    let target = in_quotes(y);
    let fit = [
        "fit", table, "--target", &target, "--output", model, "--force",
    ];
    let fitted = says_it_in_json(tool, &fit);
    assert_eq!(fitted["target"], y.as_str());
    assert_eq!(fitted["model"], model.as_str());
    assert_eq!(fitted["coefficients"][1]["name"], x.as_str());
    let inspected = says_it_in_json(tool, &["inspect", model]);
    assert_eq!(inspected["targets"][0], y.as_str());
    assert_eq!(inspected["features"][0], x.as_str());
    let described = says_it_in_json(tool, &["describe", table]);
    assert!(described.to_string().contains("forged"));
}

#[test]
fn names_in_parquet_and_arrow_files_are_spelt_out() {
    let Hostile {
        tool,
        table,
        model,
        columns,
    } = &Hostile::new();
    let keep = columns.each_ref().map(|name| in_quotes(name)).join(",");
    for file in ["h.parquet", "h.arrow"] {
        let predict = ["predict", model, table, "--keep", &keep, "--output", file];
        assert!(tool.run(&predict).status.success());
        says_it(tool, &["describe", file]);
        says_it_in_json(tool, &["describe", file]);
        says_it(
            tool,
            &["fit", file, "--target", "none", "--output", "other"],
        );
    }
}

/// A model file with a change to the JSON at its start.
fn changed(tool: &Tool, model: &str, to: &str, change: impl FnOnce(&mut Value)) {
    let file = std::fs::read(tool.path(model)).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let (header, tensors) = file[8..].split_at(length);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    change(&mut header);
    let header = header.to_string().into_bytes();
    let length = (header.len() as u64).to_le_bytes();
    tool.write(to, [&length, &header[..], tensors].concat());
}

#[test]
fn what_a_model_file_holds_is_spelt_out_damaged_or_not() {
    let Hostile {
        tool, table, model, ..
    } = &Hostile::new();
    let said = |change: &dyn Fn(&mut Value)| {
        changed(tool, model, "changed", change);
        for arguments in [
            &["inspect", "changed"][..],
            &["inspect", "changed", "--json"],
            &["evaluate", "changed", table],
            &["plot", "coefficients", "changed"],
        ] {
            says_nothing_that_steers(tool, arguments);
        }
        says_it(tool, &["inspect", "changed"]);
    };
    said(&|header| header["__metadata__"][format!("note{HOSTILE}")] = HOSTILE.into());
    // Errors of serde: a word for a number, a word for an object, an unknown
    // type.
    let number = serde_json::json!({ "format_version": NAME }).to_string();
    let word = serde_json::json!(NAME).to_string();
    for text in [number, word] {
        said(&|header| header["__metadata__"]["linreg"] = text.clone().into());
    }
    said(&|header| header["weight"]["dtype"] = NAME.into());
}

#[test]
fn a_page_and_a_picture_hold_nothing_that_steers() {
    let Hostile {
        tool,
        table,
        model,
        columns: [y, ..],
    } = &Hostile::new();
    let target = in_quotes(y);
    let fit = [
        "fit", table, "--target", &target, "--output", model, "--force",
    ];
    let output = tool.run(&[&fit[..], &["--report", "page.html"]].concat());
    assert!(output.status.success());
    let output = tool.run(&["plot", "scatter", table, "--target", y, "--output", "p.svg"]);
    assert!(output.status.success());
    for file in ["page.html", "p.svg"] {
        let found: Vec<char> = tool.read(file).chars().filter(|c| steers(*c)).collect();
        assert!(found.is_empty(), "{file}: {found:?}");
    }
}
