//! The tool as its users run it.

use std::process::Stdio;

use serde_json::Value;

use crate::tool::Tool;

/// A tool with `data.csv`, y = 2 x1 - 3.4 x2 + 4.2, and its model.
fn fitted() -> Tool {
    let tool = Tool::new();
    tool.succeed("generate --examples 200 --output data.csv");
    tool.succeed("fit data.csv --target y");
    tool
}

fn estimate(json: &Value, name: &str) -> f64 {
    let coefficients = json["coefficients"].as_array().unwrap();
    let found = coefficients.iter().find(|entry| entry["name"] == name);
    found.unwrap()["estimate"].as_f64().unwrap()
}

#[test]
fn the_help_of_every_command_is_as_reviewed() {
    let tool = Tool::new();
    let commands = [
        "",
        "lesson",
        "generate",
        "fit",
        "predict",
        "evaluate",
        "inspect",
        "plot",
        "plot scatter",
        "plot residuals",
        "plot loss",
        "completions",
    ];
    let mut help = String::new();
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        help += &format!(
            "$ linreg {}\n{}\n",
            arguments.join(" "),
            tool.succeed(&arguments)
        );
    }
    // The feature `object-store` adds a line, which is left out here.
    let added = "          \n          URLs such as s3://bucket/a.csv, gs://, az:// and https:// are read too.\n";
    assert_eq!(help.contains(added), cfg!(feature = "object-store"));
    let help = help.replace(added, "");
    // The feature `ballista` adds a command and a section, which are left out here.
    assert_eq!(help.contains("\nCluster:\n"), cfg!(feature = "ballista"));
    insta::assert_snapshot!(without_clusters(&help));
}

/// A help text without what the feature `ballista` adds.
fn without_clusters(help: &str) -> String {
    let mut is_left_out = false;
    let mut rest = String::new();
    for line in help.lines() {
        if !line.is_empty() && !line.starts_with(' ') {
            is_left_out = line == "Cluster:";
        }
        if !is_left_out && !line.starts_with("  ballista ") {
            rest += line;
            rest += "\n";
        }
    }
    rest
}

#[test]
fn the_short_help_of_a_fit_is_one_screen_and_the_long_one_has_everything() {
    let tool = Tool::new();
    let [short, long] = ["-h", "--help"].map(|flag| tool.succeed(&["fit", flag]));
    assert!(short.lines().count() <= 50, "{short}");
    assert!(
        short.lines().all(|line| line.chars().count() <= 100),
        "{short}"
    );
    let last = short.trim_end().lines().last();
    assert!(last.unwrap().ends_with(": linreg fit --help"), "{short}");
    let options = |help: &str| -> Vec<String> {
        let words = help.split_whitespace().map(|word| {
            let name = word.split(['[', '=']).next().unwrap_or_default();
            name.trim_end_matches([',', ';', ':', ')']).to_string()
        });
        words.filter(|word| word.starts_with("--")).collect()
    };
    let (of_short, of_long) = (options(&short), options(&long));
    for option in ["--ridge", "--diagnostics", "--formula", "--k-fold"] {
        assert!(of_short.contains(&option.to_string()), "{short}");
    }
    for option in ["--learning-rate", "--checkpoint", "--device", "--delimiter"] {
        assert!(!of_short.contains(&option.to_string()), "{short}");
        assert!(of_long.contains(&option.to_string()), "{long}");
    }
    for option in &of_short {
        assert!(of_long.contains(option), "{option} in {long}");
    }
    insta::assert_snapshot!(short);
}

#[test]
fn the_lesson_draws_each_feature() {
    let tool = Tool::new();
    tool.succeed("lesson --plots pictures");
    let mut names: Vec<String> = std::fs::read_dir(tool.path("pictures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "scatter_x1.png",
            "scatter_x1.svg",
            "scatter_x2.png",
            "scatter_x2.svg"
        ]
    );
    assert!(
        tool.read("pictures/scatter_x1.svg")
            .contains("x1 alone explains 25.3 %")
    );
    let png = std::fs::read(tool.path("pictures/scatter_x2.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    tool.succeed("lesson --plots pictures --force");
}

#[test]
fn a_prediction_beyond_64_bit_floats_is_an_error_that_names_the_row() {
    let tool = fitted();
    tool.write("far.csv", "x1,x2\n1,1\n1.7e308,-1.7e308\n");
    let message = tool.fail("predict data.safetensors far.csv --output p.csv");
    assert!(message.starts_with("error: far.csv: line 3 (byte 10): the predicted y is beyond"));
    assert!(!tool.path("p.csv").exists());
}

#[test]
fn a_dash_is_standard_output() {
    let tool = fitted();
    let rows = tool.succeed("predict data.safetensors data.csv --output -");
    assert!(rows.starts_with("predicted_y\n"));
    assert!(!tool.path("-").exists());
    let version = tool.succeed("--version");
    assert!(version.starts_with("linreg 0"), "{version}");
}

#[test]
fn the_plots_are_there_for_a_reader_who_stops_early() {
    let tool = Tool::new();
    let mut child = tool.process("lesson --plots pictures");
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(tool.path("pictures")).unwrap().count(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_text_is_a_path_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let tool = fitted();
    let output = tool
        .process("fit data.csv --target y --json --output")
        .arg(std::ffi::OsStr::from_bytes(b"m\xff.safetensors"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn fit_predict_evaluate_and_inspect_agree() {
    let tool = fitted();
    assert_eq!(tool.files(), ["data.csv", "data.safetensors"]);
    let inspected = tool.json("inspect data.safetensors");
    for (name, truth) in [("(intercept)", 4.2), ("x1", 2.0), ("x2", -3.4)] {
        assert!(
            (estimate(&inspected, name) - truth).abs() < 0.01,
            "{inspected}"
        );
    }
    assert_eq!(inspected["coefficients"][0]["name"], "(intercept)");
    assert_eq!(inspected["metadata"]["method"], "exact");
    assert_eq!(
        inspected["tensors"]["interval_basis"],
        serde_json::json!([3, 3])
    );

    let predictions = tool.succeed("predict data.safetensors data.csv");
    let mut lines = predictions.lines();
    assert_eq!(lines.next(), Some("predicted_y"));
    let predictions: Vec<f64> = lines.map(|line| line.parse().unwrap()).collect();
    assert_eq!(predictions.len(), 200);
    let mut squares = 0.0;
    for (line, prediction) in tool.read("data.csv").lines().skip(1).zip(&predictions) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let by_hand = estimate(&inspected, "(intercept)")
            + estimate(&inspected, "x1") * cells[0]
            + estimate(&inspected, "x2") * cells[1];
        assert!((prediction - by_hand).abs() < 1e-12);
        squares += (prediction - cells[2]).powi(2);
    }
    let evaluated = tool.json("evaluate data.safetensors data.csv");
    assert_eq!(evaluated["rows"], 200);
    let mse = evaluated["mse"].as_f64().unwrap();
    assert!((mse - squares / 200.0).abs() < 1e-15);
    assert!((evaluated["rmse"].as_f64().unwrap() - mse.sqrt()).abs() < 1e-15);
    assert!(evaluated["mae"].as_f64().unwrap() < 0.02);
    assert!(evaluated["r_squared"].as_f64().unwrap() > 0.999);
}

#[test]
fn predict_finds_columns_by_name_and_passes_over_others() {
    let tool = fitted();
    tool.write("new.csv", "note,x2,x1\nhello,0,1\n,1,0\n");
    tool.succeed("predict data.safetensors new.csv --output out.csv");
    let text = tool.read("out.csv");
    let predictions: Vec<f64> = text
        .lines()
        .skip(1)
        .map(|line| line.parse().unwrap())
        .collect();
    assert!((predictions[0] - 6.2).abs() < 0.02, "{text}");
    assert!((predictions[1] - 0.8).abs() < 0.02, "{text}");
}

#[test]
fn fit_takes_named_features_and_a_name_for_the_model() {
    let tool = fitted();
    let fit = tool.json("fit data.csv --target x1 --features y --output back.safetensors");
    assert_eq!(fit["target"], "x1");
    let names: Vec<&Value> = fit["coefficients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["name"])
        .collect();
    assert_eq!(names, ["(intercept)", "y"]);
    assert_eq!(
        tool.files(),
        ["back.safetensors", "data.csv", "data.safetensors"]
    );
}

#[test]
fn a_dash_is_standard_input() {
    let tool = fitted();
    let rows = tool.read("data.csv");
    let fit = "fit - --target y --output piped.safetensors";
    tool.pipe(fit, &rows);
    let model = |name: &str| std::fs::read(tool.path(name)).unwrap();
    assert_eq!(model("piped.safetensors"), model("data.safetensors"));
    let predict = tool.pipe("predict data.safetensors -", &rows);
    assert_eq!(predict, tool.succeed("predict data.safetensors data.csv"));
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    let tool = fitted();
    let first = std::fs::read(tool.path("data.safetensors")).unwrap();
    let bytes = |options: &str| {
        tool.succeed(format!("fit data.csv --target y --force {options}"));
        std::fs::read(tool.path("data.safetensors")).unwrap()
    };
    assert_eq!(bytes(""), first);
    let trained = bytes("--method sgd");
    assert_eq!(bytes("--method sgd"), trained);
    assert_ne!(bytes("--method sgd --seed 1"), trained);
}

#[test]
fn fit_leaves_out_constant_columns_and_warns_of_constant_targets_and_of_too_few_rows() {
    let tool = Tool::new();
    tool.write("data.csv", "a,b,y\n1,7,2\n2,7,2\n");
    let output = tool.run("fit data.csv --target y --method sgd");
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("b  ignored      every cell is 7"),
        "{stdout}"
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("warning: the target `y` is 2 in every row"),
        "{stderr}"
    );
    assert!(!stderr.contains("coefficients"), "{stderr}");
    tool.write("data.csv", "a,b,y\n1,7,2\n2,9,3\n");
    let fit = "fit data.csv --target y --method sgd --force";
    let stderr = String::from_utf8(tool.run(fit).stderr).unwrap();
    assert!(
        stderr.contains("warning: 2 rows for 3 coefficients"),
        "{stderr}"
    );
}

#[test]
fn generate_names_columns_and_prints_to_standard_output() {
    let tool = Tool::new();
    let csv = tool.succeed("generate --weights -1,2 --noise 0 --bias 10 --examples 3 --features area,age --target price");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("area,age,price"));
    for line in lines {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert!((10.0 - cells[0] + 2.0 * cells[1] - cells[2]).abs() < 1e-12);
    }
}

#[test]
fn generate_writes_rows_as_it_draws_them_whatever_their_number() {
    use std::io::{BufRead, BufReader};
    let tool = Tool::new();
    let few = tool.succeed("generate --examples 10000");
    // More rows than any memory holds.
    let mut child = tool.process("generate --examples 1000000000000");
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in few.lines() {
        assert_eq!(lines.next().unwrap().unwrap(), line);
    }
    drop(lines);
    assert!(child.wait().unwrap().success());
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let tool = fitted();
    tool.succeed("generate --examples 100000 --output long.csv");
    for arguments in [
        "generate --examples 100000",
        "predict data.safetensors long.csv",
        "lesson",
        "inspect data.safetensors --json",
    ] {
        let mut child = tool.process(arguments);
        child.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "", "{arguments:?}");
    }
}

#[test]
fn completions_name_the_commands() {
    let tool = Tool::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tool.succeed(&["completions", shell]);
        assert!(script.contains("evaluate"), "{shell}");
    }
}

#[test]
fn no_line_of_a_table_is_wider_than_it_may_be() {
    let tool = Tool::new();
    let mut rows = String::from("number_of_rooms_above_ground,area,town,price\n");
    for i in 0..60 {
        let town = ["Frankfurt am Main", "Bonn", "Ulm"][i % 3];
        rows += &format!(
            "{},{},{town},{}\n",
            i % 7,
            i * 13 % 29,
            i * 31 % 17 + 5 * (i % 3)
        );
    }
    tool.write("t.csv", rows);
    for command in [
        "describe t.csv --target price",
        "fit t.csv --target price --force --diagnostics",
        "fit t.csv --target price --force --ridge",
    ] {
        let output = tool.run_with("COLUMNS", "50", command);
        assert!(output.status.success(), "{command}");
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            // Commands to paste are whole, and they are longer.
            let is_of_table = line.starts_with("  ") && !line.contains("linreg predict");
            let is_wide = line.chars().count() > 50;
            assert!(!is_of_table || !is_wide, "{command}: {line}");
        }
    }
}
