//! Few rows, constant targets, and numbers at the ends of the range or beyond.

use super::fit_rows;
use crate::testing::{assert_close, numbers};
use crate::{ExactError, FitConfig, Inference, Rows, fit};

#[test]
fn as_many_rows_as_coefficients_fit_without_saying_how_well() {
    let solution = fit_rows(&[1.0, 2.0], &[3.0, 5.0], 1).unwrap();
    assert_close(&solution.targets[0].estimates, &[1.0, 2.0], 1e-15);
    let inference = Inference::new(&solution, 0).unwrap();
    assert_eq!(inference.degrees_of_freedom, 0.0);
    assert!(
        inference
            .coefficients
            .iter()
            .all(|c| c.std_error.is_nan() && c.p.is_nan())
    );
    assert!(inference.residual_std_error.is_nan() && inference.f_p.is_nan());
    assert_eq!(inference.r_squared, 1.0);
}

#[test]
fn one_row_no_rows_and_no_weight_are_errors() {
    let one = fit_rows(&[7.0], &[3.0], 1).unwrap_err();
    assert!(matches!(one, ExactError::Collinear(_)), "{one}");
    assert_eq!(fit_rows(&[], &[], 1).unwrap_err(), ExactError::NoRows);
    let rows = Rows::new(&[1.0, 2.0], &[1.0, 2.0], 1, 1).unwrap();
    let rows = rows.with_weights(Some(&[0.0, 0.0])).unwrap();
    let error = fit(&rows, &FitConfig::default()).unwrap_err();
    assert_eq!(error, ExactError::NoWeight);
    // Without features there is only the mean.
    let rows = Rows::new(&[], &[1.0, 2.0, 6.0], 0, 1).unwrap();
    let mean = fit(&rows, &FitConfig::default()).unwrap();
    assert_eq!(mean.targets[0].estimates, [3.0]);
}

#[test]
fn what_is_no_number_is_named_by_its_row() {
    let mut features = numbers(100_000, 11);
    features[90_001] = f64::INFINITY;
    let targets = numbers(50_000, 12);
    let error = fit_rows(&features, &targets, 2).unwrap_err();
    let expected = "row 45000: the feature at index 1 is inf, expected a finite number";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_constant_target_has_nothing_to_explain() {
    let features = numbers(20, 13);
    let solution = fit_rows(&features, &[4.0; 20], 1).unwrap();
    assert_eq!(solution.targets[0].estimates[0], 4.0);
    assert!(solution.targets[0].estimates[1].abs() < 1e-30);
    let inference = Inference::new(&solution, 0).unwrap();
    assert!(inference.residual_std_error < 1e-30);
    assert!(inference.r_squared.is_nan() && inference.f.is_nan());
}

#[test]
fn numbers_at_the_ends_of_the_range_are_fitted_or_refused() {
    for (of_features, of_targets) in [
        (1e300, 1e300),
        (1e-300, 1e-300),
        (1e300, 1e-5),
        (1e-200, 1e90),
    ] {
        let x: Vec<f64> = (0..50).map(|k| f64::from(k) * of_features / 50.0).collect();
        let noise = numbers(50, 14);
        let y: Vec<f64> = (0..50)
            .map(|k| (1.0 + 2.0 * f64::from(k as i32) / 50.0 + noise[k]) * of_targets)
            .collect();
        let small: Vec<f64> = (0..50).map(|k| f64::from(k) / 50.0).collect();
        let plain: Vec<f64> = (0..50)
            .map(|k| 1.0 + 2.0 * f64::from(k as i32) / 50.0 + noise[k])
            .collect();
        let found = Inference::new(&fit_rows(&x, &y, 1).unwrap(), 0).unwrap();
        let expected = Inference::new(&fit_rows(&small, &plain, 1).unwrap(), 0).unwrap();
        let ratio = of_targets / of_features;
        let [intercept, slope] = &found.coefficients[..] else {
            panic!();
        };
        let [of_intercept, of_slope] = &expected.coefficients[..] else {
            panic!();
        };
        assert_close(
            &[intercept.estimate / of_targets, slope.estimate / ratio],
            &[of_intercept.estimate, of_slope.estimate],
            1e-12,
        );
        assert_close(
            &[slope.std_error / ratio, slope.p],
            &[of_slope.std_error, of_slope.p],
            1e-12,
        );
        assert_close(
            &[found.r_squared, found.f],
            &[expected.r_squared, expected.f],
            1e-12,
        );
    }
    let x = [1e-300, 2e-300, 4e-300];
    let error = fit_rows(&x, &[1e300, 3e300, 2e300], 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the weight at index 0 is beyond 64-bit floats; change the units of the columns"
    );
    // The second column is far larger after the first chunks.
    let mut features = numbers(60_000, 15);
    let last = features.len() - 1;
    features[last] = 1e200;
    let targets = numbers(30_000, 16);
    let solution = fit_rows(&features, &targets, 2).unwrap();
    assert!(solution.targets[0].estimates[2].abs() < 1e-199);
}
