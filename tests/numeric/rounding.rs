//! What is exact or zero is told from what rounding leaves.

use serde_json::Value;

use super::assert_digits;
use crate::tool::Tool;

#[test]
fn an_exact_line_has_no_figures_of_noise() {
    let tool = Tool::new();
    for (table, estimates) in [
        ("x,y\n1,0.3\n2,0.5\n3,0.7\n4,0.9\n5,1.1\n", [0.1, 0.2]),
        // A constant target, and an intercept that is zero.
        ("x,y\n1,3.7\n2,3.7\n3,3.7\n", [3.7, 0.0]),
        ("x,y\n1,2\n2,4\n4,8\n7,14\n3,6\n", [0.0, 2.0]),
        (
            "x,y\n1700000000,1\n1700000001,2\n1700000003,4\n",
            [-1_699_999_999.0, 1.0],
        ),
    ] {
        tool.write("t.csv", table);
        let output = tool.run("fit t.csv -t y --force --json");
        let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (entry, expected) in fit["coefficients"]
            .as_array()
            .unwrap()
            .iter()
            .zip(estimates)
        {
            assert!(
                (entry["estimate"].as_f64().unwrap() - expected).abs() <= 1e-15 * expected.abs()
            );
            assert_eq!(entry["std_error"], 0.0, "{table}");
            assert!(entry["t"].is_null() && entry["p"].is_null(), "{table}");
        }
        let statistics = &fit["statistics"];
        assert_eq!(statistics["residual_std_error"], 0.0);
        assert_eq!(statistics["exact"], true);
        for key in ["f", "f_p", "log_likelihood", "aic", "bic"] {
            assert!(statistics[key].is_null(), "{key} {table}");
        }
        if estimates[1] == 0.0 {
            assert!(statistics["r_squared"].is_null());
        } else {
            assert_eq!(statistics["r_squared"], 1.0);
        }
        let text = String::from_utf8(tool.run("fit t.csv -t y --force").stdout);
        let text = text.unwrap();
        assert!(
            text.contains("0 within the rounding of the numbers"),
            "{text}"
        );
        assert!(!text.contains("Coefficients significant at"), "{text}");
    }
}

#[test]
fn as_many_coefficients_as_rows_leave_nothing_to_tell() {
    let tool = Tool::new();
    tool.write("t.csv", "x1,x2,y\n1,2,3\n2,1,5\n");
    let output = tool.run("fit t.csv -t y --no-intercept --json");
    let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
    // 3 = b1 + 2 b2 and 5 = 2 b1 + b2.
    assert_digits(&fit["coefficients"][0]["estimate"], 7.0 / 3.0, 15, "x1");
    assert_digits(&fit["coefficients"][1]["estimate"], 1.0 / 3.0, 15, "x2");
    for entry in fit["coefficients"].as_array().unwrap() {
        for key in ["std_error", "t", "p", "lower", "upper"] {
            assert!(entry[key].is_null(), "{key} {entry}");
        }
    }
    for key in [
        "residual_std_error",
        "f",
        "f_p",
        "log_likelihood",
        "aic",
        "adjusted_r_squared",
    ] {
        assert!(fit["statistics"][key].is_null(), "{key}");
    }
}

/// The coefficients of a fit, the intercept first, and its figures.
fn coefficients(table: &str, options: &str) -> (Vec<f64>, Value) {
    let tool = Tool::new();
    tool.write("t.csv", table);
    let output = tool.run(format!("fit t.csv -t y --json {options}"));
    let fit: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = fit["coefficients"].as_array().unwrap().iter();
    let list = list.map(|entry| entry["estimate"].as_f64().unwrap());
    (list.collect(), fit["statistics"].clone())
}

#[test]
fn whole_numbers_far_from_zero_are_not_called_exact() {
    // Two values of x: means of (3) and of (0, 1, 0, 1), 2.5 apart.
    let far = "x,y\n1000000000000001,3\n1000000000000000,0\n1000000000000000,1\n1000000000000000,0\n1000000000000000,1\n";
    let (found, statistics) = coefficients(far, "");
    assert_eq!(found[1], 2.5);
    // RSS 1 and TSS 6 of 5 rows.
    assert_digits(&statistics["r_squared"], 5.0 / 6.0, 14, "R²");
    assert_digits(
        &statistics["residual_std_error"],
        (1.0_f64 / 3.0).sqrt(),
        14,
        "residual error",
    );

    // The same for the target: 4e15 + i * 7 % 3 on 0 to 8; Σ (x - 4) y = 6, Σ
    // (x - 4)² = 60.
    let rows = (0..9_u64).map(|k| format!("{k},{}\n", 4_000_000_000_000_000 + k * 7 % 3));
    let (found, statistics) = coefficients(&format!("x,y\n{}", rows.collect::<String>()), "");
    assert_eq!(found[1], 0.1);
    assert_digits(&statistics["r_squared"], 0.1, 12, "R²");

    // One huge row hides no residual of the others.
    let huge = "x,y\n1,2.3\n2,0.4\n3,4.9\n4,2.7\n5,6.1\n10000000000000000,10000000000000000\n";
    let (_, statistics) = coefficients(huge, "");
    assert_eq!(statistics["exact"], false);
    let error = statistics["residual_std_error"].as_f64().unwrap();
    assert!((1.6..1.62).contains(&error), "{error}");
}

#[test]
fn a_coefficient_is_zero_only_where_it_is() {
    // An hour later, in milliseconds: all numbers are whole.
    let start = 1_700_000_000_000_u64;
    let rows = [1, 2, 4, 8, 3, 9].map(|k| format!("{},{}\n", start + k, start + k + 3_600_000));
    let (found, _) = coefficients(&format!("x,y\n{}", rows.concat()), "");
    assert_eq!(found, [3_600_000.0, 1.0]);

    let rows = [1_u64, 2, 4, 8, 3, 9].map(|k| {
        let (x1, x2) = (1_000_000_000_000 + k, 1_700_000_000 + k * k);
        format!("{x1},{x2},{}\n", x1 + 1_000_000 * x2 + 5)
    });
    let (found, _) = coefficients(&format!("x1,x2,y\n{}", rows.concat()), "");
    assert_eq!(found, [5.0, 1.0, 1e6]);
}
