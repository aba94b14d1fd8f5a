//! Diagnostics of real rows against other programs, and what holds for any rows.

mod statsmodels;

use proptest::prelude::*;

use statsmodels::CASES;

use super::*;
use crate::testing::{assert_close, diabetes, numbers};
use crate::{
    Collinear, ExactError, FitConfig, Inference, InferenceConfig, PredictionErrors, Rows, Solution,
    fit,
};

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
fn the_same_bits_on_any_number_of_threads() {
    let (features, targets) = (numbers(150_000, 1), numbers(50_000, 2));
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let solution = fitted(&rows, true);
    let of_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        let found = pool.install(|| diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap());
        let of_target = &found.targets[0];
        let figures = [
            of_target.durbin_watson,
            of_target.durbin_watson_p,
            of_target.jarque_bera,
            of_target.breusch_pagan,
        ];
        (std_errors(&solution, &found), figures, found.leverages)
    };
    let one = of_threads(1);
    assert!(
        [2, 3, 8]
            .into_iter()
            .all(|threads| of_threads(threads) == one)
    );
    assert_eq!(one.2.len(), 5);
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
    let plain = PredictionErrors::new(&solution, Weighting::Precision);
    let errors = plain.clone().with_robust([covariance]).unwrap();
    let zero = errors.in_basis(&[0.0; 10], None).unwrap();
    let at_zero = errors.std_errors(0, &zero).unwrap();
    assert_close(&[at_zero.mean], &[std_errors(&solution, &found)[0]], 1e-12);
    assert!(at_zero.mean != plain.std_errors(0, &zero).unwrap().mean);
    let variance = at_zero.row.powi(2) - at_zero.mean.powi(2);
    let inference = Inference::new(&solution, 0).unwrap();
    assert_close(&[variance.sqrt()], &[inference.residual_std_error], 1e-10);
}

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

#[test]
fn rows_and_sums_of_another_shape_are_errors_that_change_nothing() {
    let (features, targets) = (numbers(60, 1), numbers(20, 2));
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let pass = DiagnosticsPass::new(&fitted(&rows, true), &robust(Robust::Hc3));
    let fewer = Rows::new(&features[..40], &targets, 2, 1).unwrap();
    let error = pass.sums(&fewer, |row| row as u64).unwrap_err();
    let expected = "rows of 2 features and 1 targets, expected 3 and 1";
    assert_eq!(error.to_string(), expected);
    let more_targets = Rows::new(&features[..30], &targets, 3, 2).unwrap();
    assert!(pass.sums(&more_targets, |row| row as u64).is_err());

    let other = DiagnosticsPass::new(&fitted(&fewer, true), &robust(Robust::Hc3));
    let others = other.sums(&fewer, |row| row as u64).unwrap();
    let mut sums = pass.sums(&rows, |row| row as u64).unwrap();
    let before = sums.clone();
    assert!(matches!(sums.merge(&others), Err(ExactError::Shape(_))));
    assert_eq!(sums, before);
    assert!(matches!(
        pass.diagnostics(&others),
        Err(ExactError::Shape(_))
    ));

    // Sums that a damaged file holds.
    let mut damaged = serde_json::to_value(&sums).unwrap();
    damaged["order"]["ends"][0] = serde_json::json!([1.0]);
    let damaged: ResidualSums = serde_json::from_value(damaged).unwrap();
    assert!(matches!(
        pass.diagnostics(&damaged),
        Err(ExactError::Shape(_))
    ));
    let mut damaged = serde_json::to_value(&sums).unwrap();
    damaged["order"]["products"] =
        serde_json::json!([{"high": 1.0, "low": 0.0}, {"high": 1.0, "low": 0.0}]);
    let error = serde_json::from_value::<ResidualSums>(damaged).unwrap_err();
    assert_eq!(error.to_string(), "the numbers do not fill a triangle");
}

proptest! {
    #[test]
    fn any_parts_merged_in_order_are_one_pass(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0..900usize, 0..5),
        kind in 0..4usize,
        is_weighted in any::<bool>(),
    ) {
        let (features, targets) = (numbers(2700, seed), numbers(1800, !seed));
        let weights: Vec<f64> = numbers(900, seed ^ 5).iter().map(|w| (w + 0.4).max(0.0)).collect();
        let rows = Rows::new(&features, &targets, 3, 2).unwrap();
        let rows = rows.with_weights(is_weighted.then_some(&weights)).unwrap();
        let solution = fitted(&rows, true);
        let pass = DiagnosticsPass::new(&solution, &robust(KINDS[kind]));
        let whole = pass.diagnostics(&pass.sums(&rows, |row| row as u64).unwrap()).unwrap();
        let mut ends = cuts;
        ends.extend([0, 900]);
        ends.sort_unstable();
        let mut total: Option<ResidualSums> = None;
        for ends in ends.windows(2) {
            let part = rows.slice(ends[0]..ends[1]);
            let part = pass.sums(&part, |row| (ends[0] + row) as u64).unwrap();
            let sent = serde_json::to_string(&part).unwrap();
            let received: ResidualSums = serde_json::from_str(&sent).unwrap();
            prop_assert_eq!(&received, &part);
            let part = received;
            match &mut total {
                Some(total) => total.merge(&part).unwrap(),
                None => total = Some(part),
            }
        }
        let merged = pass.diagnostics(&total.unwrap()).unwrap();
        let rows_of = |list: &[RowFigure]| list.iter().map(|f| f.row).collect::<Vec<_>>();
        prop_assert_eq!(rows_of(&whole.leverages), rows_of(&merged.leverages));
        for (a, b) in whole.targets.iter().zip(&merged.targets) {
            let figures = |t: &TargetDiagnostics| [t.durbin_watson, t.kurtosis, t.jarque_bera, t.breusch_pagan];
            for (x, y) in figures(a).iter().zip(figures(b)) {
                prop_assert!((x - y).abs() < 1e-12 * x.abs().max(1.0), "{} {}", x, y);
            }
            prop_assert_eq!(rows_of(&a.cooks_distances), rows_of(&b.cooks_distances));
            let (a, b) = (a.robust.as_ref().unwrap(), b.robust.as_ref().unwrap());
            for (x, y) in a.numbers().iter().zip(b.numbers()) {
                prop_assert!((x - y).abs() < 1e-12 * a.numbers()[0].abs(), "{} {}", x, y);
            }
        }
    }

    #[test]
    fn the_units_of_columns_change_nothing_else(
        seed in any::<u64>(),
        power in -150..=150i32,
        of_target in -150..=150i32,
        of_weight in -150..=150i32,
    ) {
        let (features, targets) = (numbers(120, seed), numbers(40, !seed));
        let weights: Vec<f64> = (0..40).map(|row| f64::from(1 + row % 3)).collect();
        let scale = |values: &[f64], power: i32, step: usize| {
            let mut scaled = values.to_vec();
            scaled.iter_mut().step_by(step).for_each(|value| *value *= 10f64.powi(power));
            scaled
        };
        let of = |features: &[f64], targets: &[f64], weights: &[f64]| {
            let rows = Rows::new(features, targets, 3, 1).unwrap();
            let rows = rows.with_weights(Some(weights)).unwrap();
            let solution = fitted(&rows, true);
            let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
            let errors = std_errors(&solution, &found);
            let t = &found.targets[0];
            (errors, [t.durbin_watson, t.kurtosis, t.breusch_pagan, t.robust.as_ref().unwrap().f(), t.cooks_distances[0].value, found.leverages[0].value])
        };
        let before = of(&features, &targets, &weights);
        let after = of(&scale(&features, power, 3), &scale(&targets, of_target, 1), &scale(&weights, of_weight, 1));
        for (a, b) in before.1.iter().zip(&after.1) {
            prop_assert!((a / b - 1.0).abs() < 1e-11, "{} {}", a, b);
        }
        for (index, (a, b)) in before.0.iter().zip(&after.0).enumerate() {
            let factor = if index == 1 { 10f64.powi(power) } else { 1.0 };
            let found = b / 10f64.powi(of_target) * factor;
            prop_assert!((a / found - 1.0).abs() < 1e-11, "{} {} {}", index, a, found);
        }
    }
}
