//! Rows that have weights or stand for several.

use serde_json::Value;

use super::{assert_digits, intervals};
use crate::tool::Tool;

const COUNTS: &str = "x,n,y\n1,1,1\n2,2,3\n3,1,2\n4,4,5\n5,1,4\n6,2,7\n";

#[test]
fn robust_errors_of_counts_are_those_of_the_rows_written_out() {
    let tool = Tool::new();
    tool.write("t.csv", COUNTS);
    tool.write("first.csv", "x\n1\n");
    // Standard errors of the intercept and of x, F, and the interval of the mean
    // of the first row.
    let cases = [
        (
            "hc0",
            0.4725575970277915,
            0.1175197835369409,
            81.7402406088878,
            0.527304935466083,
        ),
        (
            "hc1",
            0.5224320803910502,
            0.12992300914527286,
            66.8783786799991,
            0.43783784476829685,
        ),
        (
            "hc2",
            0.5293271535345033,
            0.13184358330124823,
            64.94412674385538,
            0.4290066389975314,
        ),
        (
            "hc3",
            0.5976925727669509,
            0.1488585901289853,
            50.9459980548443,
            0.31065653953095185,
        ),
    ];
    for (kind, intercept, slope, f, lower) in cases {
        let fit = tool.json(format!(
            "fit t.csv -t y --weight n --counts --robust {kind} --force"
        ));
        assert_digits(&fit["coefficients"][0]["std_error"], intercept, 12, kind);
        assert_digits(&fit["coefficients"][1]["std_error"], slope, 12, kind);
        assert_digits(&fit["statistics"]["f"], f, 11, kind);
        let row = &intervals(&tool, "t.safetensors", "first.csv")[0];
        assert!((row[3] - lower).abs() < 1e-11, "{kind} {row:?}");
    }
}

#[test]
fn rows_of_weight_0_change_no_bit() {
    // 25 features are so many that their sums are in 64-bit floats.
    let cell = |k: u64| ((k * k * 7919 + 13 * k) % 2003) as f64 / 1000.0;
    let row = |row: u64, far: f64| {
        let mut cells: Vec<f64> = (0..25).map(|k| cell(row * 31 + k * k * 17 + k)).collect();
        let y = 1.0 + cells.iter().sum::<f64>() + cell(row * 7 + 3);
        cells[0] += far;
        let cells: Vec<String> = cells.iter().map(|x| format!("{x:.3}")).collect();
        format!("{},{y:.3}", cells.join(","))
    };
    let names: Vec<String> = (1..26).map(|k| format!("x{k}")).collect();
    let header = format!("{},y,w\n", names.join(","));
    let table = |of_row: &dyn Fn(u64) -> Option<String>| {
        let rows: Vec<String> = (0..400).filter_map(of_row).collect();
        header.clone() + &rows.join("\n") + "\n"
    };
    let tool = Tool::new();
    let is_far = |k: u64| k.is_multiple_of(9);
    let without = table(&|k| (!is_far(k)).then(|| row(k, 0.0) + ",1"));
    tool.write("without.csv", without);
    let fit = |name: &str| {
        let output = tool.run(&["fit", name, "-t", "y", "--weight", "w", "--force", "--json"]);
        assert!(output.status.success(), "{output:?}");
        let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
        (fit["coefficients"].clone(), fit["statistics"].clone())
    };
    let expected = fit("without.csv");
    for far in [1e3, 1e9, 1e15] {
        let with = table(&|k| {
            let weight = if is_far(k) { ",0" } else { ",1" };
            Some(row(k, if is_far(k) { far } else { 0.0 }) + weight)
        });
        tool.write("with.csv", with);
        assert_eq!(fit("with.csv"), expected, "{far}");
    }
}

#[test]
fn counts_that_are_no_whole_numbers_are_named() {
    let tool = Tool::new();
    tool.write("t.csv", "x,y,w\n1,2,1\n2,3,2\n3,5,0.1\n4,6,0.2\n");
    let message = tool.fail("fit t.csv -t y --weight w --counts");
    assert_eq!(
        message,
        "error: t.csv: line 4 (byte 18), column `w`: found `0.1`, expected a whole number, as weights are numbers of equal rows"
    );
    // As precisions, the same weights are valid.
    tool.run("fit t.csv -t y --weight w");
    assert!(tool.files().contains(&"t.safetensors".to_string()));
}
