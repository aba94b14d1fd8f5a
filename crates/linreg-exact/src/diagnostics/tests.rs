//! Diagnostics of real rows against other programs, and what holds for any rows.

mod degenerate;
mod parts;
mod statsmodels;

use statsmodels::CASES;

use super::*;
use crate::testing::{assert_close, diabetes, numbers};
use crate::{FitConfig, Inference, InferenceConfig, PredictionErrors, Rows, Solution, fit};

const KINDS: [Robust; 4] = [Robust::Hc0, Robust::Hc1, Robust::Hc2, Robust::Hc3];

fn robust(kind: Robust) -> DiagnosticsConfig {
    DiagnosticsConfig {
        robust: Some(kind),
        ..DiagnosticsConfig::default()
    }
}

fn fitted(rows: &Rows, intercept: bool) -> Solution {
    let config = FitConfig {
        intercept,
        ..FitConfig::default()
    };
    fit(rows, &config).unwrap()
}

fn std_errors(solution: &Solution, found: &Diagnostics) -> Vec<f64> {
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let inference = Inference::robust(solution, 0, &InferenceConfig::default(), covariance);
    inference
        .unwrap()
        .coefficients
        .iter()
        .map(|c| c.std_error)
        .collect()
}

#[track_caller]
fn assert_rows(found: &[RowFigure], expected: &[(u64, f64)]) {
    let rows: Vec<u64> = found.iter().map(|figure| figure.row).collect();
    let values: Vec<f64> = found.iter().map(|figure| figure.value).collect();
    let (of_rows, of_values): (Vec<u64>, Vec<f64>) = expected.iter().copied().unzip();
    assert_eq!(rows, of_rows);
    assert_close(&values, &of_values, 1e-10);
}

#[test]
fn every_figure_is_that_of_statsmodels() {
    let (features, targets, weights) = diabetes();
    for case in &CASES {
        let rows = Rows::new(&features, &targets, 10, 1).unwrap();
        let weights = (case.name == "weighted").then_some(&weights[..]);
        let rows = rows.with_weights(weights).unwrap();
        let solution = fitted(&rows, case.name != "no intercept");
        for (index, kind) in KINDS.into_iter().enumerate() {
            let found = diagnose(&rows, &solution, &robust(kind)).unwrap();
            assert_close(
                &std_errors(&solution, &found),
                case.std_errors[index],
                1e-10,
            );
            let covariance = found.targets[0].robust.as_ref().unwrap();
            assert_close(&[covariance.f()], &[case.f[index]], 1e-10);
            let of_target = &found.targets[0];
            let normality = [
                of_target.jarque_bera,
                of_target.jarque_bera_p,
                of_target.skewness,
                of_target.kurtosis,
            ];
            assert_close(&normality, &case.normality, 1e-10);
            let variance = [of_target.breusch_pagan, of_target.breusch_pagan_p];
            assert_close(&variance, &case.variance, 1e-10);
            assert_eq!(of_target.breusch_pagan_degrees_of_freedom, 10.0);
            assert_close(&[of_target.durbin_watson], &[case.durbin_watson], 1e-12);
            assert_rows(&found.leverages, &case.leverages);
            assert_rows(&of_target.cooks_distances, &case.distances);
        }
    }
}

#[test]
fn a_line_through_the_corners_of_a_square_has_closed_forms() {
    // y = 0 of x = -1 and 1, residuals 1, -1, -2, 2 each: leverage 1/2,
    // Σ e² = 10, s² = 5.
    let (features, targets) = ([-1.0, -1.0, 1.0, 1.0], [1.0, -1.0, -2.0, 2.0]);
    let rows = Rows::new(&features, &targets, 1, 1).unwrap();
    let solution = fitted(&rows, true);
    for (kind, factor) in KINDS.into_iter().zip([1.0, 2.0, 2.0, 4.0]) {
        let found = diagnose(&rows, &solution, &robust(kind)).unwrap();
        // Both variances are Σ e² / 16.
        let expected = (factor * 10.0_f64 / 16.0).sqrt();
        assert_close(&std_errors(&solution, &found), &[expected, expected], 1e-14);
        let of_target = &found.targets[0];
        assert_close(
            &[of_target.durbin_watson],
            &[(4.0 + 1.0 + 16.0) / 10.0],
            1e-14,
        );
        // m2 = 10/4, m4 = 34/4, no skewness.
        let kurtosis = 8.5 / 6.25;
        let jarque_bera: f64 = 4.0 / 24.0 * (kurtosis - 3.0) * (kurtosis - 3.0);
        let found_normality = [
            of_target.kurtosis,
            of_target.jarque_bera,
            of_target.jarque_bera_p,
        ];
        assert_close(
            &found_normality,
            &[kurtosis, jarque_bera, (-jarque_bera / 2.0).exp()],
            1e-14,
        );
        assert!(of_target.skewness.abs() < 1e-15);
        // e² is 1 at x = -1 and 4 at x = 1: the feature explains all its variance.
        assert_close(&[of_target.breusch_pagan], &[4.0], 1e-14);
        assert!(
            found
                .leverages
                .iter()
                .all(|figure| (figure.value - 0.5).abs() < 1e-15)
        );
        // e² / (2 · 5) · (1/2) / (1/4).
        let distances: Vec<f64> = of_target.cooks_distances.iter().map(|d| d.value).collect();
        assert_close(&distances, &[0.8, 0.8, 0.2, 0.2], 1e-14);
    }
}

#[test]
fn counted_rows_are_as_many_rows() {
    let (features, targets) = (numbers(90, 3), numbers(30, 4));
    let counts: Vec<f64> = (0..30).map(|row| f64::from(row % 7)).collect();
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let rows = rows.with_weights(Some(&counts)).unwrap();
    let repeat = |values: &[f64], width: usize| -> Vec<f64> {
        let rows = values.chunks(width).zip(&counts);
        rows.flat_map(|(row, count)| row.repeat(*count as usize))
            .collect()
    };
    let (all_features, all_targets) = (repeat(&features, 3), repeat(&targets, 1));
    let all = Rows::new(&all_features, &all_targets, 3, 1).unwrap();
    let (counted, spelled) = (fitted(&rows, true), fitted(&all, true));
    for kind in KINDS {
        let config = DiagnosticsConfig {
            weighting: Weighting::Counts,
            ..robust(kind)
        };
        let found = diagnose(&rows, &counted, &config).unwrap();
        let expected = diagnose(&all, &spelled, &robust(kind)).unwrap();
        assert_close(
            &std_errors(&counted, &found),
            &std_errors(&spelled, &expected),
            1e-12,
        );
        let inference = |solution: &Solution, found: &Diagnostics, weighting| {
            let config = InferenceConfig {
                weighting,
                ..InferenceConfig::default()
            };
            let covariance = found.targets[0].robust.as_ref().unwrap();
            let robust = Inference::robust(solution, 0, &config, covariance).unwrap();
            let errors = PredictionErrors::new(solution, weighting)
                .unwrap()
                .with_robust([covariance])
                .unwrap();
            let at = errors
                .std_errors(0, &errors.in_basis(&[0.1, -0.2, 0.3], None).unwrap())
                .unwrap();
            [robust.f, robust.coefficients[1].p, at.mean, at.row]
        };
        assert_close(
            &inference(&counted, &found, Weighting::Counts),
            &inference(&spelled, &expected, Weighting::Precision),
            1e-11,
        );
        let figures = |found: &Diagnostics| {
            let t = &found.targets[0];
            [
                t.durbin_watson,
                t.skewness,
                t.jarque_bera,
                t.breusch_pagan,
                t.cooks_distances[0].value,
                found.leverages[0].value,
            ]
        };
        assert_close(&figures(&found), &figures(&expected), 1e-11);
    }
}

#[test]
fn intervals_of_means_follow_the_robust_covariance() {
    // With features of 0, the mean has the standard error of the intercept.
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let solution = fitted(&rows, true);
    let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let plain = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
    let errors = plain.clone().with_robust([covariance]).unwrap();
    let zero = errors.in_basis(&[0.0; 10], None).unwrap();
    let at_zero = errors.std_errors(0, &zero).unwrap();
    assert_close(&[at_zero.mean], &[std_errors(&solution, &found)[0]], 1e-12);
    assert!(at_zero.mean != plain.std_errors(0, &zero).unwrap().mean);
    let variance = at_zero.row.powi(2) - at_zero.mean.powi(2);
    let inference = Inference::new(&solution, 0).unwrap();
    assert_close(&[variance.sqrt()], &[inference.residual_std_error], 1e-10);
}
