mod scikit_learn;

use proptest::prelude::*;

use scikit_learn::CASES;

use super::*;
use crate::{
    Arithmetic, Collinear, Figure, Rows,
    testing::{assert_close, diabetes, numbers},
};

fn sums(rows: &Rows) -> Accumulator {
    let mut sums = Accumulator::new(
        rows.num_features(),
        rows.num_targets(),
        Arithmetic::DoubleDouble,
    );
    sums.update(rows).unwrap();
    sums
}

#[test]
fn every_figure_is_that_of_scikit_learn() {
    let (features, targets, weights) = diabetes();
    for case in CASES {
        let rows = Rows::new(&features, &targets, 10, 1).unwrap();
        let rows = rows
            .with_weights(case.weighted.then_some(&weights))
            .unwrap();
        let config = RidgeConfig {
            standardise: case.standardise,
            penalties: vec![case.penalty],
            ..RidgeConfig::default()
        };
        let fit = &sums(&rows).ridge(&config).unwrap()[0].fits[0];
        assert_close(&fit.estimates, &case.estimates, 1e-10);
        let figures = [
            fit.degrees_of_freedom,
            fit.cross_validation,
            fit.residual_sum,
        ];
        assert_close(&figures, &case.figures, 1e-10);
    }
}

#[test]
fn without_an_intercept_too() {
    // Ridge(10, solver="svd", fit_intercept=False).
    let expected = [
        0.014485733629465307,
        -23.38989423823309,
        5.415314710010785,
        1.0042106288270627,
        1.3213683375822924,
        -1.3506608511085525,
        -3.0605345167100553,
        -5.06290899902198,
        3.5573822753615776,
        0.11888342541842822,
    ];
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let config = RidgeConfig {
        intercept: false,
        standardise: false,
        penalties: vec![10.0],
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    assert_close(&path.fits[0].estimates, &expected, 1e-10);
}

#[test]
fn no_penalty_is_least_squares() {
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let sums = sums(&rows);
    let solution = sums.solve(true, Collinear::Error).unwrap();
    let config = RidgeConfig {
        penalties: vec![0.0],
        ..RidgeConfig::default()
    };
    let fit = &sums.ridge(&config).unwrap()[0].fits[0];
    assert_close(&fit.estimates, &solution.targets[0].estimates, 1e-13);
    assert_close(
        &[fit.residual_sum, fit.degrees_of_freedom],
        &[solution.targets[0].residual_sum, 11.0],
        1e-13,
    );
}

#[test]
fn orthogonal_features_shrink_each_by_itself() {
    // The variance is 1 over four rows, so the weight is Σ x y / (4 + λ).
    let features = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
    let targets = [10.0, 6.0, 4.0, 2.0];
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let penalties = vec![0.0, 1.0, 4.0, 1e9];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    for fit in &path.fits {
        let shrunk = 4.0 + fit.penalty;
        let (a, b) = (10.0 / shrunk, 6.0 / shrunk);
        assert_close(&fit.estimates, &[5.5, a, b], 1e-15);
        let freedom = 1.0 + 2.0 * 4.0 / shrunk;
        let predicted = [5.5 + a + b, 5.5 + a - b, 5.5 - a + b, 5.5 - a - b];
        let squares = predicted.iter().zip(&targets).map(|(p, y)| (y - p).powi(2));
        let sum: f64 = squares.sum();
        assert_close(
            &[fit.degrees_of_freedom, fit.residual_sum],
            &[freedom, sum],
            1e-14,
        );
        assert_close(
            &[fit.cross_validation],
            &[4.0 * sum / (4.0 - freedom).powi(2)],
            1e-14,
        );
        // 1 - RSS / TSS, of the targets about 5.5.
        assert!((fit.r_squared - (1.0 - sum / 35.0)).abs() < 1e-15);
    }
}

#[test]
fn the_default_path_has_the_least_cross_validation_inside() {
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let path = sums(&rows)
        .ridge(&RidgeConfig::default())
        .unwrap()
        .remove(0);
    assert_eq!(path.fits.len(), 91);
    assert!(path.best > 0 && path.best < 90);
    let best = &path.fits[path.best];
    assert!(
        path.fits
            .iter()
            .all(|fit| fit.cross_validation >= best.cross_validation)
    );
    // From nearly all degrees of freedom to nearly none.
    assert!(path.fits[0].degrees_of_freedom > 10.99);
    assert!(path.fits[90].degrees_of_freedom < 1.01);
    let falls = |pair: &[RidgeFit]| pair[0].degrees_of_freedom > pair[1].degrees_of_freedom;
    assert!(path.fits.windows(2).all(falls));
}

#[test]
fn collinear_and_constant_features_share_or_have_no_weight() {
    let one = numbers(50, 1);
    let features: Vec<f64> = one.iter().flat_map(|x| [*x, 2.0 * x, 3.0]).collect();
    let targets: Vec<f64> = one
        .iter()
        .zip(numbers(50, 2))
        .map(|(x, e)| 3.0 * x + e)
        .collect();
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let penalties = vec![0.0, 5.0];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    let alone = Rows::new(&one, &targets, 1, 1).unwrap();
    // Two features with the same standardised values halve a penalty.
    let penalties = vec![0.0, 2.5];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let expected = &sums(&alone).ridge(&config).unwrap()[0];
    for (fit, expected) in path.fits.iter().zip(&expected.fits) {
        let [b0, b1, b2, b3] = fit.estimates[..] else {
            panic!()
        };
        let [c0, c1] = expected.estimates[..] else {
            panic!()
        };
        assert_close(&[b0, b1, 2.0 * b2], &[c0, c1 / 2.0, c1 / 2.0], 1e-13);
        assert_eq!(b3, 0.0);
        assert_close(&[fit.residual_sum], &[expected.residual_sum], 1e-13);
        assert_close(
            &[fit.degrees_of_freedom],
            &[expected.degrees_of_freedom],
            1e-13,
        );
    }
}

#[test]
fn more_features_than_rows_are_no_obstacle() {
    let (features, targets) = (numbers(60, 3), numbers(5, 4));
    let rows = Rows::new(&features, &targets, 12, 1).unwrap();
    let path = &sums(&rows).ridge(&RidgeConfig::default()).unwrap()[0];
    let best = &path.fits[path.best];
    assert!(best.cross_validation.is_finite() && best.degrees_of_freedom < 5.0);
}

#[test]
fn what_is_no_penalty_and_no_rows_are_errors() {
    let rows = Rows::new(&[1.0, 2.0], &[1.0, 3.0], 1, 1).unwrap();
    let penalties = vec![1.0, -2.0];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    assert_eq!(
        sums(&rows).ridge(&config).unwrap_err().to_string(),
        "the ridge penalty is -2, expected a number of 0 or more"
    );
    let none = Accumulator::new(1, 1, Arithmetic::Double);
    let found = none.ridge(&RidgeConfig::default());
    assert_eq!(found.unwrap_err(), ExactError::NoRows);
    let rows = rows.with_weights(Some(&[0.0, 0.0])).unwrap();
    let found = sums(&rows).ridge(&RidgeConfig::default());
    assert_eq!(found.unwrap_err(), ExactError::NoWeight);
}

#[test]
fn features_whose_default_penalties_are_beyond_floats_are_an_error() {
    let features = [1e200, 3e200, 2e200, 5e200];
    let rows = Rows::new(&features, &[1.0, 3.0, 2.5, 4.0], 1, 1).unwrap();
    let mut config = RidgeConfig {
        standardise: false,
        ..RidgeConfig::default()
    };
    let what = Figure::Eigenvalue;
    let found = sums(&rows).ridge(&config).map(drop);
    assert_eq!(found, Err(ExactError::Overflow { what }));
    config.standardise = true;
    assert_eq!(sums(&rows).ridge(&config).unwrap()[0].fits.len(), 91);
}

proptest! {
    #[test]
    fn the_units_of_columns_change_nothing_else(
        seed in any::<u64>(),
        power in -150..=150i32,
        of_target in -100..=100i32,
    ) {
        let (features, targets) = (numbers(90, seed), numbers(30, !seed));
        let (factor, unit) = (10f64.powi(power), 10f64.powi(of_target));
        let mut scaled = features.clone();
        scaled.iter_mut().step_by(3).for_each(|value| *value *= factor);
        let of_unit: Vec<f64> = targets.iter().map(|y| y * unit).collect();
        let of = |features: &[f64], targets: &[f64]| {
            let rows = Rows::new(features, targets, 3, 1).unwrap();
            let config = RidgeConfig { penalties: vec![7.0], ..RidgeConfig::default() };
            sums(&rows).ridge(&config).unwrap().remove(0).fits.remove(0)
        };
        let (before, after) = (of(&features, &targets), of(&scaled, &of_unit));
        let size = before.estimates.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (index, (a, b)) in before.estimates.iter().zip(&after.estimates).enumerate() {
            let factor = if index == 1 { factor } else { 1.0 };
            prop_assert!((a - b * factor / unit).abs() < 1e-13 * size, "{} {}", a, b);
        }
        prop_assert!((before.r_squared - after.r_squared).abs() < 1e-13);
    }
}
