//! Rows and features that alone or together determine too much or too little.

use super::*;
use crate::{Collinear, ExactError};

#[test]
fn a_row_that_alone_determines_a_coefficient_is_named() {
    // The second feature is 0 except in row 6.
    let mut features = numbers(24, 5);
    features
        .iter_mut()
        .skip(1)
        .step_by(2)
        .for_each(|x| *x = 0.0);
    features[13] = 1.0;
    let targets = numbers(12, 6);
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let solution = fitted(&rows, true);
    for kind in [Robust::Hc2, Robust::Hc3] {
        let error = diagnose(&rows, &solution, &robust(kind)).unwrap_err();
        assert_eq!(error, ExactError::Leverage { row: 6 });
    }
    let found = diagnose(&rows, &solution, &robust(Robust::Hc1)).unwrap();
    assert_eq!(found.leverages[0].row, 6);
    assert_close(&[found.leverages[0].value], &[1.0], 1e-12);
    let distances = &found.targets[0].cooks_distances;
    assert!(distances.len() == 5 && distances.iter().all(|figure| figure.row != 6));
    assert!(
        std_errors(&solution, &found)
            .iter()
            .all(|error| error.is_finite())
    );
}

#[test]
fn as_many_rows_as_coefficients_tell_nothing() {
    let rows = Rows::new(&[1.0, 2.0], &[3.0, 5.0], 1, 1).unwrap();
    let solution = fitted(&rows, true);
    let found = diagnose(&rows, &solution, &robust(Robust::Hc0)).unwrap();
    let of_target = &found.targets[0];
    assert!(of_target.durbin_watson.is_nan() && of_target.jarque_bera_p.is_nan());
    assert!(of_target.breusch_pagan.is_nan() && of_target.cooks_distances.is_empty());
    assert!(
        std_errors(&solution, &found)
            .iter()
            .all(|error| error.is_nan())
    );
}

#[test]
fn features_that_others_make_up_change_no_figure() {
    let one = numbers(40, 7);
    let targets = numbers(40, 8);
    let three: Vec<f64> = one.iter().flat_map(|x| [*x, 1.0 - 2.0 * x, 4.0]).collect();
    let alone = Rows::new(&one, &targets, 1, 1).unwrap();
    let rows = Rows::new(&three, &targets, 3, 1).unwrap();
    let expected = fitted(&alone, true);
    let of_alone = diagnose(&alone, &expected, &robust(Robust::Hc3)).unwrap();
    for collinear in [Collinear::Drop, Collinear::MinimumNorm] {
        let config = FitConfig {
            collinear,
            ..FitConfig::default()
        };
        let solution = fit(&rows, &config).unwrap();
        let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
        let figures = |found: &Diagnostics| {
            let t = &found.targets[0];
            [
                t.durbin_watson,
                t.breusch_pagan,
                t.robust.as_ref().unwrap().f(),
                found.leverages[0].value,
            ]
        };
        assert_close(&figures(&found), &figures(&of_alone), 1e-11);
        let errors = std_errors(&solution, &found);
        // Of b1 - 2 b2 = b the least weights are b/5 and -2b/5.
        let share = if collinear == Collinear::Drop {
            1.0
        } else {
            0.2
        };
        assert_close(
            &[errors[1]],
            &[share * std_errors(&expected, &of_alone)[1]],
            1e-11,
        );
    }
}

#[test]
fn nearly_collinear_powers_keep_their_leverages() {
    // The leverages of a polynomial do not depend on the origin of x, but the
    // condition number of its powers does.
    let powers = |origin: f64| -> Vec<f64> {
        let x = (0..60).map(|k| origin + f64::from(k) / 8.0);
        x.flat_map(|x| (1..=5).map(move |degree| x.powi(degree)))
            .collect()
    };
    let targets = numbers(60, 9);
    let leverages = |origin| {
        let features = powers(origin);
        let rows = Rows::new(&features, &targets, 5, 1).unwrap();
        let solution = fitted(&rows, true);
        let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
        let values: Vec<f64> = found.leverages.iter().map(|figure| figure.value).collect();
        (solution.condition, values, found.targets[0].durbin_watson)
    };
    let (near, far) = (leverages(-4.0), leverages(16.0));
    assert!(near.0 < 1e4 && far.0 > 1e4, "{} {}", near.0, far.0);
    assert_close(&far.1, &near.1, 1e-9);
    assert_close(&[far.2], &[near.2], 1e-9);
}
