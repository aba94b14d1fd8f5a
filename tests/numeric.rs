//! Figures that cancellation, weights or counts once made wrong, through the
//! tool.
//!
//! The right values come from exact rational arithmetic on the numbers as
//! 64-bit floats, and from Student's and Fisher's distributions to 80 digits
//! (python-flint 0.8 and mpmath 1.3), rounded to 17 digits.

mod intervals;
mod rounding;
mod weights;

use serde_json::Value;

use crate::tool::Tool;

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
fn a_target_whose_mean_is_beyond_floats_gives_a_model_that_can_be_read() {
    let tool = Tool::new();
    tool.write(
        "t.csv",
        "x,y\n1,1.7e308\n2,1.7e308\n3,-1.7e308\n4,1.7e308\n5,1.6e308\n",
    );
    tool.warnings("fit t.csv --target y --output m.safetensors");
    let read = tool.run("inspect m.safetensors");
    let error = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{error}");
}
