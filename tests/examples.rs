//! Every example, run as `cargo run --example` would.

use std::path::PathBuf;
use std::process::Command;

use crate::tool::Tool;

/// What an example prints, given these arguments.
fn run(name: &str, arguments: &[&str]) -> String {
    // `cargo test` builds the examples beside the program.
    let program = PathBuf::from(env!("CARGO_BIN_EXE_linreg"));
    let example = program.with_file_name("examples").join(name);
    let output = Command::new(&example).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{name}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The loss at the end of a line `epoch 0, loss: 0.000182`.
fn loss(line: &str, epoch: usize) -> f64 {
    let loss = line.strip_prefix(&format!("epoch {epoch}, loss: "));
    let loss = loss.unwrap_or_else(|| panic!("{line}"));
    loss.parse().unwrap()
}

/// Checks that three epochs end near the variance of the noise, 0.0001.
fn trains(output: &str) {
    let losses: Vec<f64> = output
        .lines()
        .take(3)
        .enumerate()
        .map(|(epoch, line)| loss(line, epoch))
        .collect();
    assert!(losses[0] < 0.01, "{output}");
    assert!((0.00008..0.00013).contains(&losses[2]), "{output}");
}

#[test]
fn from_scratch() {
    let output = run("from_scratch", &[]);
    trains(&output);
    // What the other feature adds: 3.4² about the line of x1, 2² about that of
    // x2. The variance of 1000 rows has a standard error of sqrt(2 / 1000), 4.5 %.
    for (name, expected) in [("x1", 11.56), ("x2", 4.00)] {
        let label = format!("variance about the line of {name}: ");
        let variance = output.lines().find_map(|line| line.strip_prefix(&label));
        let variance: f64 = variance.expect(&output).parse().unwrap();
        let share = variance / expected;
        assert!((0.85..1.15).contains(&share), "{output}");
    }
    let source = include_str!("../examples/from_scratch.rs");
    // A page has 75 lines.
    assert!(
        source.lines().count() <= 150,
        "the lesson fits on two pages"
    );
}

#[test]
fn concise() {
    let output = run("concise", &[]);
    trains(&output);
    assert!(output.contains("over 1000 rows"), "{output}");
    assert!(output.contains("saved "), "{output}");
}

#[test]
fn embed_loads_what_fit_wrote() {
    let tool = Tool::new();
    tool.succeed(&["generate", "--output", "data.csv"]);
    tool.succeed(&["fit", "data.csv", "--target", "y"]);
    let model = tool.path("data.safetensors");
    let output = run("embed", &[model.to_str().unwrap()]);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], r#"["y"] from ["x1", "x2"]"#);
    // 4.2, 4.2 + 2 - 3.4, and 4.2 - 34, which is negative.
    assert_eq!(lines[1..], ["4.20", "2.80", "0.00"]);
}

#[cfg(feature = "burn-train")]
#[test]
fn learner_trains_in_the_loop_of_burn() {
    let output = run("learner", &[]);
    let lines: Vec<&str> = output.lines().collect();
    let loss: f64 = lines[0].strip_prefix("loss: ").unwrap().parse().unwrap();
    // The noise's variance is 0.0001.
    assert!((0.00008..0.00013).contains(&loss), "{output}");
    assert!(
        lines[1].starts_with("w: [2.0") || lines[1].starts_with("w: [1.9"),
        "{output}"
    );
    assert_eq!(lines.len(), 2, "{output}");
}

/// The number of lines of code in an example's `main`.
fn lines_of_main(source: &str) -> usize {
    let main = source.split("fn main()").nth(1).unwrap();
    let body = main.split("\n}").next().unwrap();
    let lines = body.lines().skip(1);
    lines.filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn exact_csv() {
    let output = run("exact_csv", &[]);
    // statsmodels 0.15.0: OLS(price ~ area + C(town)) on the same rows.
    assert!(
        output.starts_with("price from 3 features, 9 rows of "),
        "{output}"
    );
    let area = output.lines().find(|line| line.starts_with("  area "));
    let estimate = area.and_then(|line| line.split_whitespace().nth(1));
    assert_eq!(estimate, Some("3.75455"), "{output}");
    let source = include_str!("../examples/exact_csv.rs");
    assert!(lines_of_main(source) <= 15);
}

/// Checks that the lines `2.0003, standard error 0.0010` are near the
/// coefficients of y = 4.2 + 2 x1 - 3.4 x2 and a noise of a hundredth.
fn estimates(lines: &[&str]) {
    for (line, expected) in lines.iter().zip([4.2, 2.0, -3.4]) {
        let (estimate, rest) = line.split_once(", standard error ").unwrap();
        let std_error = rest.split(", p ").next().unwrap();
        let [estimate, std_error]: [f64; 2] = [estimate, std_error].map(|n| n.parse().unwrap());
        let error = (estimate - expected).abs();
        assert!(error < 4.0 * std_error + 5e-5, "{lines:?}");
    }
}

#[test]
fn arrays() {
    let output = run("arrays", &[]);
    let lines: Vec<&str> = output.lines().collect();
    estimates(&lines[..3]);
    assert!(lines[3].starts_with("saved "), "{output}");
    assert!(lines_of_main(include_str!("../examples/arrays.rs")) <= 15);
}

#[test]
fn from_ndarray() {
    let output = run("from_ndarray", &[]);
    let lines: Vec<&str> = output.lines().collect();
    estimates(&lines[..3]);
    // 4.2, and 4.2 + 2 - 3.4.
    assert_eq!(lines[3..], ["R² 0.99999", "[4.2, 2.8]"]);
    let source = include_str!("../examples/from_ndarray.rs");
    assert!(lines_of_main(source) <= 15);
}

#[test]
fn train_table() {
    let output = run("train_table", &[]);
    let lines: Vec<&str> = output.lines().collect();
    // The noise is a sine, whose root mean square is 0.707.
    let rmse: f64 = lines[0].strip_prefix("RMSE ").unwrap().parse().unwrap();
    assert!((0.6..0.8).contains(&rmse), "{output}");
    assert_eq!(lines[1], "[600, 1]");
    let source = include_str!("../examples/train_table.rs");
    assert!(lines_of_main(source) <= 15);
}
