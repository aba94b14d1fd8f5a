//! Tables as people have them, through the tool: words, missing cells, weights,
//! several targets, several files, every format, more rows than memory.

mod cells;
mod files;
mod held_out;

use serde_json::Value;

use crate::tool::Tool;

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
