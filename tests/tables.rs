//! Tables as people have them, through the tool: words, missing cells, weights,
//! several targets, several files, every format, more rows than memory.

use std::io::Write;

use serde_json::Value;

use crate::tool::{Tool, test_file};

/// The estimate of each coefficient, by name.
fn estimates(fit: &Value) -> Vec<(String, f64)> {
    let list = fit["coefficients"].as_array().unwrap().iter();
    list.map(|entry| {
        let name = entry["name"].as_str().unwrap().to_string();
        (name, entry["estimate"].as_f64().unwrap())
    })
    .collect()
}

fn assert_estimates(fit: &Value, expected: &[(&str, f64)], tolerance: f64) {
    let found = estimates(fit);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected_names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected_names);
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{name}: {found}, expected {expected}"
        );
    }
}

/// Prices of houses, without noise:
/// 100 + 2 area - 3 age, and 30 in Kiel, -20 in Ulm.
fn houses() -> String {
    let mut csv = "town,area,age,price,rooms\n".to_string();
    for row in 0..120 {
        let (area, age) = (40 + row * 37 % 90, row * 11 % 53);
        let (town, more) = [("Bonn", 0), ("Kiel", 30), ("Ulm", -20)][row * row / 4 % 3];
        let price = 100 + 2 * area as i64 - 3 * age as i64 + more;
        csv += &format!("{town},{area},{age},{price},{}\n", 1 + area / 25);
    }
    csv
}

const HOUSES: [(&str, f64); 5] = [
    ("(intercept)", 100.0),
    ("town=Kiel", 30.0),
    ("town=Ulm", -20.0),
    ("area", 2.0),
    ("age", -3.0),
];

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

#[test]
fn several_targets_are_as_many_models() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let both = tool.json("fit houses.csv -t price,rooms");
    assert_eq!(both["target"].as_array().unwrap().len(), 2);
    let list = both["coefficients"].as_array().unwrap();
    for (target, other) in [("price", "rooms"), ("rooms", "price")] {
        let options = format!("--exclude {other} --force");
        let file = format!("{target}.safetensors");
        let alone = tool.json(format!(
            "fit houses.csv -t {target} {options} --output {file}"
        ));
        let of_target: Vec<f64> = list
            .iter()
            .filter(|entry| entry["target"] == target)
            .map(|entry| entry["estimate"].as_f64().unwrap())
            .collect();
        for ((name, alone), of_both) in estimates(&alone).iter().zip(of_target) {
            assert!(
                (alone - of_both).abs() < 1e-3 * alone.abs().max(1.0),
                "{target} {name}"
            );
        }
    }
    let predictions = tool.succeed("predict houses.safetensors houses.csv");
    assert!(predictions.starts_with("predicted_price,predicted_rooms\n"));
    let metrics = tool.json("evaluate houses.safetensors houses.csv");
    assert_eq!(metrics[1]["target"], "rooms");
    assert!(metrics[0]["r_squared"].as_f64().unwrap() > 0.999);
}

#[test]
fn a_table_is_the_same_in_every_format_and_in_several_files() {
    let tool = Tool::new();
    let csv = houses();
    tool.write("houses.csv", &csv);
    let fit = |files: &str| {
        estimates(&tool.warned_json(format!("fit {files} -t price --output model --force")))
    };
    let expected = fit("houses.csv");

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    tool.write("houses.csv.gz", gzip.finish().unwrap());
    tool.write(
        "houses.csv.zst",
        zstd::encode_all(csv.as_bytes(), 1).unwrap(),
    );
    tool.write("semicolons.csv", csv.replace(',', ";"));
    tool.write(
        "windows.csv",
        format!("\u{feff}{}", csv.replace('\n', "\r\n")),
    );
    let (header, rows) = csv.split_once('\n').unwrap();
    let half = rows.match_indices('\n').nth(59).unwrap().0 + 1;
    tool.write("part-1.csv", format!("{header}\n{}", &rows[..half]));
    tool.write("part-2.csv", format!("{header}\n{}", &rows[half..]));
    for extension in ["parquet", "arrow"] {
        let output = format!("houses.{extension}");
        let keep = format!("--keep town,area,age,price,rooms --output {output}");
        tool.succeed(format!("predict model houses.csv {keep}"));
    }
    for files in [
        "houses.csv.gz",
        "houses.csv.zst",
        "semicolons.csv",
        "windows.csv",
        "part-1.csv part-2.csv",
        "part-*.csv",
    ] {
        assert_eq!(fit(files), expected, "{files:?}");
    }
    let options = "fit - -t price --output model --force --json";
    let piped: Value = serde_json::from_str(&tool.pipe(options, &csv)).unwrap();
    assert_eq!(estimates(&piped), expected);
    for file in ["houses.parquet", "houses.arrow"] {
        let options = format!("fit {file} -t price --exclude predicted_price");
        let fit = tool.json(format!("{options} --output model --force"));
        assert_eq!(estimates(&fit), expected, "{file}");
    }
}

#[test]
fn a_table_without_a_header_has_numbered_columns() {
    let tool = Tool::new();
    let (_, rows) = {
        let csv = houses();
        let (header, rows) = csv.split_once('\n').unwrap();
        (header.to_string(), rows.to_string())
    };
    tool.write("rows.csv", rows);
    let options = "--no-header -t column_4 --features column_2,column_3,column_1";
    let fit = tool.json(format!("fit rows.csv {options}"));
    assert_eq!(estimates(&fit)[1].0, "column_2");
    assert!((estimates(&fit)[1].1 - 2.0).abs() < 1e-2);
}

#[test]
fn a_file_larger_than_memory_gives_the_same_model_but_for_the_order_of_rows() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let streamed = "--memory 0 --exclude rooms";
    let fit = tool.json(format!("fit houses.csv -t price {streamed}"));
    assert_estimates(&fit, &HOUSES, 1e-3);
    let first = std::fs::read(tool.path("houses.safetensors")).unwrap();
    tool.succeed(format!("fit houses.csv -t price {streamed} --force"));
    assert_eq!(
        std::fs::read(tool.path("houses.safetensors")).unwrap(),
        first
    );
}

#[test]
fn rows_are_held_out_at_random_in_parts_or_from_the_end() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let fit = |options: &str| tool.json(format!("fit houses.csv -t price --force {options}"));
    let rows = |metrics: &Value| metrics["rows"].as_u64().unwrap();
    let random = fit("--validation 0.2 --test 0.1");
    let sets = ["statistics", "validation", "test"];
    let [train, validation, test] = sets.map(|set| rows(&random[set]));
    assert_eq!(train + validation + test, 120);
    assert!(validation > test && test > 0, "{validation} {test}");

    let last = fit("--validation 0.2 --test 0.1 --time-ordered");
    assert_eq!(rows(&last["validation"]), 24);
    assert_eq!(rows(&last["test"]), 12);

    let folds = fit("--k-fold 4");
    let of_folds: Vec<u64> = folds["folds"]
        .as_array()
        .unwrap()
        .iter()
        .map(rows)
        .collect();
    assert_eq!(of_folds.len(), 4);
    assert_eq!(of_folds.iter().sum::<u64>(), 120);
    assert_eq!(rows(&folds["statistics"]), 120);
}

#[test]
fn a_file_of_its_own_is_judged_on_as_rows_held_out_are() {
    let tool = Tool::new();
    let table = std::fs::read_to_string(test_file("data/diabetes.csv")).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    tool.write("all.csv", &table);
    tool.write("training.csv", rows[..332].join("\n"));
    let last = [&rows[..1], &rows[332..]].concat();
    tool.write("last.csv", last.join("\n"));
    for way in [
        "--method exact",
        "--method sgd --patience 40",
        "--method sgd --optimizer adam --patience 5",
    ] {
        let fit = |files: &str| {
            tool.json(format!(
                "fit {files} --target progression --output model --force {way}"
            ))
        };
        let held_out = fit("all.csv --validation 0.25 --time-ordered");
        let of_file = fit("training.csv --validation-file last.csv");
        assert_eq!(
            (&of_file["rows"], &held_out["rows"]),
            (&331.into(), &331.into())
        );
        assert_eq!(of_file["validation"]["rows"], 111);
        let judged = tool.json("evaluate model last.csv");
        assert_eq!(of_file["validation"], judged);
        // The means and scales for standardisation differ in rounding alone.
        let of = |fit: &Value| fit["validation"]["rmse"].as_f64().unwrap();
        let (a, b) = (of(&of_file), of(&held_out));
        assert!((a / b - 1.0).abs() < 1e-3, "{way:?}: {a} {b}");
    }
    let told = tool.succeed("fit training.csv --target progression --validation-file last.csv");
    assert!(told.contains("\nOn the rows of last.csv\n"), "{told}");
}

#[test]
fn describe_says_what_a_good_analyst_would() {
    let tool = Tool::new();
    let mut csv = "id,town,area,price,tax,weight,same\n".to_string();
    for row in 0..200 {
        let area = 40 + row * 37 % 91;
        let price = 3 * area + row * 53 % 17;
        let town = ["Bonn", "Kiel"][row / 7 % 2];
        let tax = 19 * price;
        csv += &format!("{row},{town},{area},{price},{tax},{},5\n", area * 1_000_000);
    }
    tool.write("houses.csv", csv.replacen(",40,", ",,", 1));
    insta::assert_snapshot!(tool.succeed("describe houses.csv --target price"));
    let json = tool.json("describe houses.csv --target price");
    assert_eq!(json["rows"], 200);
    assert_eq!(json["columns"][2]["missing"], 1);
    let tax = json["columns"][4]["correlation"].as_f64().unwrap();
    assert!((tax - 1.0).abs() < 1e-12);
}

#[test]
fn what_was_done_with_each_column_is_said() {
    let tool = Tool::new();
    let csv = houses().replacen("Kiel,", ",", 1);
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    let mut csv = format!("{header},sold,garage\n");
    for (row, line) in lines.enumerate() {
        csv += &format!("{line},2020-01-{:02},{}\n", 1 + row % 28, row % 5 < 2);
    }
    tool.write("houses.csv", csv);
    let output = tool.run("fit houses.csv -t price --missing mean");
    let said = String::from_utf8(output.stdout).unwrap();
    let columns = said.split("\n\n").nth(1).unwrap();
    insta::assert_snapshot!(columns);
    // The model has the same lines.
    assert!(tool.succeed("inspect houses.safetensors").contains(columns));
}

#[test]
fn a_formula_points_at_what_it_cannot_read() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    insta::assert_snapshot!(tool.fail("fit houses.csv --formula 'price ~ area + aeg'"));
    let formula = "price ~ poly(area, 2) + C(town):age - 1";
    let fit = tool.json(&["fit", "houses.csv", "--formula", formula]);
    let names: Vec<String> = estimates(&fit).into_iter().map(|(name, _)| name).collect();
    insta::assert_snapshot!(names.join("\n"));
}
