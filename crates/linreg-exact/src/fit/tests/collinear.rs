//! Features that are collinear, or nearly so, and fewer rows than coefficients.

use super::{fit_rows, with_arithmetic};
use crate::testing::{assert_close, numbers};
use crate::{Arithmetic, Collinear, ExactError, FitConfig, Inference, Rows, fit};

#[test]
fn a_feature_that_others_make_up_is_explained() {
    let mut features = Vec::new();
    for row in numbers(200, 7).chunks(2) {
        features.extend([row[0], row[1], 2.0 * row[0] + row[1] - 3.0, 5.0]);
    }
    let targets = numbers(100, 8);
    let error = fit_rows(&features, &targets, 4).unwrap_err();
    let ExactError::Collinear(relations) = error else {
        panic!("{error}");
    };
    let names = ["x1", "x2", "x3", "five"];
    let lines: Vec<String> = relations.iter().map(|r| r.describe(&names)).collect();
    assert_eq!(lines, ["x3 = 2*x1 + x2 - 3", "five = 5"]);

    let rows = Rows::new(&features, &targets, 4, 1).unwrap();
    let with = |collinear| {
        let config = FitConfig {
            collinear,
            ..FitConfig::default()
        };
        fit(&rows, &config).unwrap()
    };
    // Without the dropped features, the fit to the others is the same.
    let two: Vec<f64> = features
        .chunks(4)
        .flat_map(|row| [row[0], row[1]])
        .collect();
    let two = fit_rows(&two, &targets, 2).unwrap();
    let dropped = with(Collinear::Drop);
    let estimates = &dropped.targets[0].estimates;
    assert_close(&estimates[..3], &two.targets[0].estimates, 1e-12);
    assert_eq!(estimates[3..], [0.0, 0.0]);
    assert_eq!((dropped.rank, dropped.degrees_of_freedom()), (3, 97));
    let inference = Inference::new(&dropped, 0).unwrap();
    assert!(inference.coefficients[3].is_dropped && inference.coefficients[3].std_error.is_nan());
    let expected = Inference::new(&two, 0).unwrap();
    assert_close(
        &[inference.f, inference.r_squared],
        &[expected.f, expected.r_squared],
        1e-12,
    );

    // Of all b with b1 + 2 b3 and b2 + b3 given, the smallest-norm b is orthogonal
    // to (2, 1, -1), so b3 = (2 b1 + b2) / 6. The weight of the constant feature is
    // 0.
    let least = with(Collinear::MinimumNorm);
    let [b0, b1, b2] = two.targets[0].estimates[..] else {
        panic!();
    };
    let b3 = (2.0 * b1 + b2) / 6.0;
    let expected = [b0 + 3.0 * b3, b1 - 2.0 * b3, b2 - b3, b3];
    assert_close(&least.targets[0].estimates[..4], &expected, 1e-12);
    assert!(least.targets[0].estimates[4].abs() < 1e-14);
    assert_close(
        &[least.targets[0].residual_sum],
        &[two.targets[0].residual_sum],
        1e-12,
    );
    // Its variance is that of the combination.
    let cov = |a, b| two.inverse(a, b) * 2f64.powi(-two.unit(a) - two.unit(b));
    let variance = (4.0 * cov(1, 1) + 4.0 * cov(1, 2) + cov(2, 2)) / 36.0;
    let found = least.inverse(3, 3) * 2f64.powi(-2 * least.unit(3));
    assert_close(&[found], &[variance], 1e-12);
}

#[test]
fn fewer_rows_than_coefficients_are_an_error_or_the_least_weights() {
    let (features, targets) = (numbers(15, 9), numbers(3, 10));
    let error = fit_rows(&features, &targets, 5).unwrap_err();
    assert!(matches!(error, ExactError::Collinear(relations) if relations.len() == 3));
    let rows = Rows::new(&features, &targets, 5, 1).unwrap();
    let config = FitConfig {
        collinear: Collinear::MinimumNorm,
        ..FitConfig::default()
    };
    let solution = fit(&rows, &config).unwrap();
    for (row, target) in features.chunks(5).zip(&targets) {
        let b = &solution.targets[0].estimates;
        let found = b[0] + row.iter().zip(&b[1..]).map(|(x, b)| x * b).sum::<f64>();
        assert!((found - target).abs() < 1e-13);
    }
    // The smallest-norm weights are a combination of the rows about their mean, so
    // they are orthogonal to whatever the rows are orthogonal to. Two differences of
    // rows span them.
    let b = &solution.targets[0].estimates[1..];
    let d = |row: usize| -> Vec<f64> {
        (0..5)
            .map(|k| features[row * 5 + k] - features[k])
            .collect()
    };
    let (d1, d2) = (d(1), d(2));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (g11, g12, g22) = (dot(&d1, &d1), dot(&d1, &d2), dot(&d2, &d2));
    let (r1, r2) = (targets[1] - targets[0], targets[2] - targets[0]);
    let determinant = g11 * g22 - g12 * g12;
    let (c1, c2) = (
        (g22 * r1 - g12 * r2) / determinant,
        (g11 * r2 - g12 * r1) / determinant,
    );
    let expected: Vec<f64> = (0..5).map(|k| c1 * d1[k] + c2 * d2[k]).collect();
    assert_close(b, &expected, 1e-11);
}

#[test]
fn nearly_collinear_features_take_twice_the_digits_and_another_pass() {
    // b equals a except for about 2^-30, and all numbers are exact.
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for k in 0..100_i32 {
        let a = f64::from(k);
        let b = a + f64::from(k * k % 7) * 2f64.powi(-30);
        features.extend([a, b]);
        targets.push(3.0 + 2.0 * a + 5.0 * b);
    }
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let double = with_arithmetic(&rows, Arithmetic::Double);
    let error = double.solve(true, Collinear::Error).unwrap_err();
    assert_eq!(error, ExactError::Imprecise);

    let once = with_arithmetic(&rows, Arithmetic::DoubleDouble);
    let once = once.solve(true, Collinear::Error).unwrap();
    assert!(once.condition > 1e9 && once.refinements == 0);
    let twice = fit(&rows, &FitConfig::default()).unwrap();
    assert_eq!(
        (twice.arithmetic, twice.refinements),
        (Arithmetic::DoubleDouble, 1)
    );
    assert!(once.fewest_digits() < 12.0 && twice.fewest_digits() > once.fewest_digits());
    for solution in [once, twice] {
        let found = &solution.targets[0];
        let estimates = found.estimates.iter().zip([3.0, 2.0, 5.0]);
        for ((estimate, expected), digits) in estimates.zip(&found.digits) {
            let error = (estimate - expected).abs() / expected;
            assert!(error <= 10f64.powf(-digits), "{error:e} {digits}");
        }
    }
}
