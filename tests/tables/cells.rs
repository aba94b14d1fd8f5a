//! Words and missing cells.

use serde_json::Value;

use super::{HOUSES, assert_estimates, estimates, houses};
use crate::tool::{Tool, test_file};

/// The diabetes rows with a category column, missing cells and weights, all
/// computed from the row numbers.
fn diabetes() -> String {
    let file = std::fs::read_to_string(test_file("data/diabetes.csv")).unwrap();
    let mut lines = file.lines();
    let mut csv = format!("{},town,w\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        if row % 13 == 5 {
            cells[2] = "";
        }
        let town = ["Bonn", "Kiel", "Ulm"][row * row / 5 % 3];
        let town = if row % 29 == 3 { "" } else { town };
        csv += &format!("{},{town},{}\n", cells.join(","), 1 + row % 3);
    }
    csv
}

const OLS: &[(&str, f64)] = &[
    ("(intercept)", -200.3284331158318),
    ("age", 0.09233861187016494),
    ("sex", -10.559706979728974),
    ("bmi", 8.360901208492805),
    ("bp", 1.4863592764808782),
    ("town=Kiel", 5.3685572964734245),
    ("town=Ulm", 4.957953733759751),
];

const WLS: &[(&str, f64)] = &[
    ("(intercept)", -314.86841031153466),
    ("sex", -9.739738066133654),
    ("bmi", 6.268882157853436),
    ("bp", 0.9860050684620328),
    ("s5", 47.78770181646511),
    ("town=Kiel", 1.8150362123534793),
    ("town=Ulm", 2.781502842358896),
];

#[test]
fn words_and_missing_cells_of_real_rows_give_the_fit_of_statsmodels() {
    let tool = Tool::new();
    tool.write("diabetes.csv", diabetes());
    // statsmodels 0.15.0:
    // smf.ols("progression ~ age + sex + bmi + bp + C(town)", d).fit()
    // where d has the cells that `diabetes` makes, missing ones as NaN.
    let formula = "progression ~ age + sex + bmi + bp + C(town)";
    let fit = format!("fit diabetes.csv --formula '{formula}' --force");
    let precise = "--missing drop --json";
    let output = tool.run(format!("{fit} {precise}"));
    let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_estimates(&fit, OLS, 1e-10);
    assert_eq!(fit["rows"], 393);
    assert_eq!(fit["columns"]["dropped_rows"], 49);

    // statsmodels 0.15.0:
    // smf.wls("progression ~ sex + bmi + bp + s5 + C(town)", d, weights=d["w"]).fit()
    let formula = "progression ~ sex + bmi + bp + s5 + C(town)";
    let weighted = format!("fit diabetes.csv --formula '{formula}' --weight w --force");
    let output = tool.run(format!("{weighted} {precise}"));
    let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_estimates(&fit, WLS, 1e-10);
}

#[test]
fn words_are_levels_compared_with_a_baseline() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let fit = tool.json("fit houses.csv -t price --exclude rooms");
    assert_estimates(&fit, &HOUSES, 1e-3);
    assert_eq!(fit["columns"]["columns"][0]["baseline"], "Bonn");

    let fit = tool.json("fit houses.csv -t price --exclude rooms --baseline town=Ulm --force");
    let expected = [
        ("(intercept)", 80.0),
        ("town=Bonn", 20.0),
        ("town=Kiel", 50.0),
        ("area", 2.0),
        ("age", -3.0),
    ];
    assert_estimates(&fit, &expected, 1e-3);

    // A prediction encodes the same columns, in any order.
    tool.write("new.csv", "age;town;id;area\n10;Kiel;7;50\n0;Ulm;8;100\n");
    let predictions = tool.succeed("predict houses.safetensors new.csv --keep id,town");
    let rows: Vec<&str> = predictions.lines().collect();
    assert_eq!(rows[0], "id,town,predicted_price");
    for (row, (kept, expected)) in rows[1..]
        .iter()
        .zip([("7,Kiel,", 200.0), ("8,Ulm,", 280.0)])
    {
        let found: f64 = row.strip_prefix(kept).unwrap().parse().unwrap();
        assert!((found - expected).abs() < 0.05, "{row}");
    }
}

#[test]
fn a_new_level_is_an_error_or_the_baseline() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    tool.succeed("fit houses.csv -t price --exclude rooms");
    tool.write("new.csv", "town,area,age\nBonn,50,10\nTrier,50,10\n");
    assert_eq!(
        tool.fail("predict houses.safetensors new.csv"),
        "error: new.csv: line 3 (byte 25), column `town`: found `Trier`, a level that the model does not know; it knows `Bonn`, `Kiel`, `Ulm`; take new levels as the baseline with --unseen baseline, or leave their rows out with --unseen drop"
    );
    let output = tool.run("predict houses.safetensors new.csv --unseen baseline");
    let rows = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows[1], rows[2]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr,
        "warning: cells with levels that the model does not know, treated as the baseline: 1 of `town`\n"
    );
}

#[test]
fn missing_cells_are_dealt_with_as_the_model_says() {
    let tool = Tool::new();
    let csv = houses().replacen("Kiel,", ",", 1);
    tool.write("houses.csv", csv);
    let fit = "fit houses.csv -t price --exclude rooms";
    let message = tool.fail(fit);
    assert!(
        message.starts_with("error: 1 missing cell: houses.csv: line "),
        "{message}"
    );

    let drop = tool.json(format!("{fit} --missing drop"));
    assert_eq!(drop["rows"], 119);
    assert_estimates(&drop, &HOUSES, 1e-3);
    tool.write(
        "new.csv",
        "town,area,age\nBonn,50,10\nBonn,,10\nUlm,50,10\n",
    );
    let output = tool.run("predict houses.safetensors new.csv");
    // Every row has its line; one without a prediction is empty.
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!((rows.len(), rows[2]), (4, "\"\""), "{text}");

    for (policy, features) in [("mean", 4), ("indicator", 5)] {
        let fit = tool.json(format!("{fit} --missing {policy} --force"));
        assert_eq!(fit["rows"], 120);
        assert_eq!(estimates(&fit).len(), features + 1, "{policy}");
        let output = tool.run("predict houses.safetensors new.csv");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.lines().skip(1).all(|row| row.parse::<f64>().is_ok()),
            "{text}"
        );
    }
}
