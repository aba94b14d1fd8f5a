//! Intervals of predictions.

use super::{assert_digits, intervals};
use crate::tool::{Tool, test_file};

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
