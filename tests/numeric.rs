//! Figures that cancellation, weights or counts once made wrong, through the
//! tool.
//!
//! The right values come from exact rational arithmetic on the numbers as
//! 64-bit floats, and from Student's and Fisher's distributions to 80 digits
//! (python-flint 0.8 and mpmath 1.3), rounded to 17 digits.

use serde_json::Value;

use crate::tool::{Tool, test_file};

const COUNTS: &str = "x,n,y\n1,1,1\n2,2,3\n3,1,2\n4,4,5\n5,1,4\n6,2,7\n";

/// Checks that so many digits of a number agree.
#[track_caller]
fn assert_digits(found: &Value, expected: f64, digits: i32, what: &str) {
    let number = found.as_f64().unwrap_or(f64::NAN);
    assert!(
        (number - expected).abs() <= 10f64.powi(-digits) * expected.abs(),
        "{what}: {found}, expected {expected}"
    );
}

/// The predictions of a model with their intervals, a row each.
fn intervals(tool: &Tool, model: &str, rows: &str) -> Vec<Vec<f64>> {
    let output = tool.run(&["predict", model, rows, "--interval", "0.95"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

#[track_caller]
fn assert_interval(found: &[f64], expected: [f64; 5], digits: i32) {
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs();
        assert!(
            error <= 10f64.powi(-digits) * expected.abs(),
            "{found}, expected {expected}"
        );
    }
}

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
fn intervals_of_times_are_right_fresh_and_reloaded() {
    let first = [
        10.0,
        8.58049023294191,
        11.419509767058088,
        9.230162740885087,
        10.769837259114913,
    ];
    let last = [
        12.325,
        10.905490232941911,
        13.744509767058089,
        11.555162740885088,
        13.094837259114913,
    ];
    let targets = [10.2, 9.8, 11.1, 10.6, 11.9, 11.2, 12.4, 12.1];
    for start in [1_700_000_000_u64, 1_700_000_000_000] {
        let tool = Tool::new();
        let rows = (start..).zip(targets).map(|(x, y)| format!("{x},{y}\n"));
        let rows: String = rows.collect();
        tool.write("t.csv", format!("x,y\n{rows}"));
        tool.succeed("fit t.csv -t y");
        let found = intervals(&tool, "t.safetensors", "t.csv");
        assert_interval(&found[0], first, 12);
        assert_interval(&found[7], last, 12);
        // The metrics of the same rows: 1 - RSS / TSS.
        let evaluated = tool.json("evaluate t.safetensors t.csv");
        let fitted = tool.json("fit t.csv -t y --force");
        let r_squared = fitted["statistics"]["r_squared"].as_f64().unwrap();
        assert_digits(&evaluated["r_squared"], r_squared, 9, "R²");
    }
}

#[test]
fn intervals_of_a_polynomial_of_years_are_right() {
    let tool = Tool::new();
    std::fs::copy(test_file("data/years.csv"), tool.path("t.csv")).unwrap();
    tool.write("new.csv", "year\n1950\n1999\n2030\n");
    tool.succeed("fit t.csv --formula 'y ~ poly(year, 5)'");
    let found = intervals(&tool, "t.safetensors", "new.csv");
    let expected = [
        [
            10.460340260761487,
            6.855340858108343,
            14.065339663414631,
            8.532951330634901,
            12.387729190888072,
        ],
        [
            10.429114775487252,
            7.29559831960718,
            13.562631231367323,
            9.695812127110617,
            11.162417423863886,
        ],
        [
            1.8828930552998229,
            -12.784881330155384,
            16.550667440755028,
            -12.465013161896499,
            16.230799272496142,
        ],
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert_interval(found, expected, 10);
    }
    // Predictions are the same with and without intervals.
    let alone = tool.succeed("predict t.safetensors new.csv");
    let alone: Vec<f64> = alone
        .lines()
        .skip(1)
        .map(|line| line.parse().unwrap())
        .collect();
    assert_eq!(alone, found.iter().map(|row| row[0]).collect::<Vec<_>>());
}

#[test]
fn every_figure_has_the_digits_claimed_for_it() {
    // Figures by their path in the JSON, and the digits claimed of each.
    type Case = (&'static str, &'static [(&'static str, f64)]);
    let cases: [Case; 2] = [
        (
            "x,y\n1,10000000000000.01\n2,10000000000000.00\n3,10000000000000.02\n4,10000000000000.01\n5,10000000000000.03\n6,10000000000000.00\n7,10000000000000.01\n8,10000000000000.02\n",
            &[
                ("/coefficients/1/estimate", 0.0009300595238095238),
                ("/coefficients/1/std_error", 0.0016413859890057176),
                ("/coefficients/1/p", 0.5915143132910489),
                ("/statistics/r_squared", 0.050793650793650794),
                ("/statistics/f", 0.3210702341137124),
                ("/statistics/log_likelihood", 26.14625578149595),
                ("/statistics/bic", -48.13362847963222),
            ],
        ),
        (
            "x,y\n1,1.000001\n-1,0.999999\n1,-0.999999\n-1,-1.000001\n1,2.000001\n-1,1.999999\n1,-1.999999\n-1,-2.000001\n",
            &[
                ("/coefficients/1/estimate", 1.000000000001e-06),
                ("/statistics/r_squared", 4.0000000000064004e-13),
                ("/statistics/f", 2.4000000000048e-12),
                ("/statistics/adjusted_r_squared", -0.1666666666662),
            ],
        ),
    ];
    for (table, figures) in cases {
        let tool = Tool::new();
        tool.write("t.csv", table);
        let fit = tool.json("fit t.csv -t y");
        let claimed = &fit["statistics"]["digits"];
        let (all, of_p) = (&claimed["every_figure"], &claimed["every_p"]);
        let digits = all.as_f64().unwrap().min(of_p.as_f64().unwrap()).floor() as i32;
        assert!(digits >= 9, "{fit}");
        for (path, expected) in figures {
            assert_digits(fit.pointer(path).unwrap(), *expected, digits, path);
        }
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

#[test]
fn a_column_far_from_zero_is_no_constant_and_a_small_factor_no_zero() {
    let tool = Tool::new();
    // The slope of (0, 3, 6, 6, 9, 12, 12, 15) on 0 to 7 is 85.5 / 42.
    let rows = (0..8).zip([0, 3, 6, 6, 9, 12, 12, 15]);
    let rows: String = rows
        .map(|(k, y)| format!("{},{y}\n", 1_000_000_000_000_000_u64 + k))
        .collect();
    tool.write("far.csv", format!("x,y\n{rows}"));
    let fit = tool.json("fit far.csv -t y");
    assert_digits(
        &fit["coefficients"][1]["estimate"],
        85.5 / 42.0,
        15,
        "slope",
    );

    // x3 = x1 + 2^-30 x2, exactly: the relation is printed with its small factor.
    let row = |k: i32| {
        let (x1, x2) = (k * k % 17, k * 5 % 11);
        let x3 = f64::from(x1) + f64::from(x2) * 2f64.powi(-30);
        format!("{x1},{x2},{x3:?},{}\n", k * 7 % 5)
    };
    let rows: String = (0..30).map(row).collect();
    tool.write("small.csv", format!("x1,x2,x3,y\n{rows}"));
    let message = tool.fail("fit small.csv -t y");
    assert!(
        message.contains("x3 = x1 + 9.313225746e-10*x2"),
        "{message}"
    );
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

#[test]
fn warnings_are_of_what_there_is() {
    let text = |table: &str, options: &str| {
        let tool = Tool::new();
        tool.write("t.csv", table);
        let output = tool.run(format!("fit t.csv -t y {options}"));
        String::from_utf8(output.stdout).unwrap()
    };
    // R² rounds to 1, although there are residuals.
    let rows = (1..7_i64).zip([3, -7, 12, -20, 25, -4]);
    let rows = rows.map(|(x, e)| format!("{x},{}\n", 1_000_000_000_000 * x + e));
    let found = text(&format!("x,y\n{}", rows.collect::<String>()), "");
    assert!(!found.contains("exactly"), "{found}");

    // A feature that was left out has no figures to claim digits of.
    let rows = (0..100).map(|k| format!("{},{},{}\n", k % 7, 2 * (k % 7), k * k % 13));
    let table = format!("x,z,y\n{}", rows.collect::<String>());
    let found = text(&table, "--collinear drop");
    assert!(!found.contains("digits of some figures"), "{found}");

    // Whole numbers that 64-bit floats round to their neighbours.
    let rows = [3, 5, 7, 9, 11].map(|k| format!("{},{k}\n", 9_007_199_254_740_990_u64 + k));
    let found = text(&format!("id,y\n{}", rows.concat()), "");
    assert!(found.contains("`id` has numbers beyond 2^53"), "{found}");
}

#[test]
fn models_that_keep_a_covariance_give_the_same_intervals() {
    // Written by linreg 0.1.0 before models kept an orthonormal basis, which
    // printed these for the first two rows.
    let tool = Tool::new();
    std::fs::copy(
        test_file("data/model-0.1.safetensors"),
        tool.path("m.safetensors"),
    )
    .unwrap();
    tool.write("rows.csv", "town,area\nBonn,50\nUlm,60\n");
    let found = intervals(&tool, "m.safetensors", "rows.csv");
    let expected = [
        [
            208.1089743589744,
            162.96024757613532,
            253.25770114181347,
            179.80550764927628,
            236.4124410686725,
        ],
        [
            214.83974358974362,
            171.85078679062,
            257.8287003888672,
            190.12680964105073,
            239.5526775384365,
        ],
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert_interval(found, expected, 9);
    }
}
