mod collinear;
mod extremes;
mod parts;

use proptest::prelude::*;

use crate::testing::{assert_close, numbers};
use crate::{
    Accumulator, Arithmetic, Collinear, ExactError, FitConfig, Inference, InferenceConfig, Rows,
    Solution, Weighting, fit,
};

fn fit_rows(
    features: &[f64],
    targets: &[f64],
    num_features: usize,
) -> Result<Solution, ExactError> {
    let rows = Rows::new(features, targets, num_features, 1)?;
    fit(&rows, &FitConfig::default())
}

fn with_arithmetic(rows: &Rows, arithmetic: Arithmetic) -> Accumulator {
    let mut accumulator = Accumulator::new(rows.num_features(), rows.num_targets(), arithmetic);
    accumulator.update(rows).unwrap();
    accumulator
}

proptest! {
    #[test]
    fn an_exact_line_leaves_residuals_of_rounding(
        seed in any::<u64>(),
        rows in 12..400usize,
        weights in prop::collection::vec(-1e3..1e3f64, 1..8),
        intercept in -1e6..1e6f64,
    ) {
        let features = numbers(rows * weights.len(), seed);
        let targets: Vec<f64> = features
            .chunks(weights.len())
            .map(|row| intercept + row.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>())
            .collect();
        let solution = fit_rows(&features, &targets, weights.len()).unwrap();
        let largest = targets.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let error = Inference::new(&solution, 0).unwrap().residual_std_error;
        prop_assert!(error <= 8.0 * f64::EPSILON * largest, "{} {}", error, largest);
        for (found, expected) in solution.targets[0].estimates[1..].iter().zip(&weights) {
            prop_assert!((found - expected).abs() < 1e-12 * largest);
        }
    }

    #[test]
    fn any_parts_merged_in_any_order_are_one_pass(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0..3000usize, 0..5),
        backwards in any::<bool>(),
        is_double in any::<bool>(),
    ) {
        let arithmetic = [Arithmetic::DoubleDouble, Arithmetic::Double][usize::from(is_double)];
        let (features, targets) = (numbers(9000, seed), numbers(6000, !seed));
        let rows = Rows::new(&features, &targets, 3, 2).unwrap();
        let whole = with_arithmetic(&rows, arithmetic).solve(true, Collinear::Error).unwrap();
        let mut ends = cuts;
        ends.extend([0, 3000]);
        ends.sort_unstable();
        let mut parts: Vec<Accumulator> = ends
            .windows(2)
            .map(|ends| with_arithmetic(&rows.slice(ends[0]..ends[1]), arithmetic))
            .collect();
        if backwards {
            parts.reverse();
        }
        let mut total = Accumulator::new(3, 2, arithmetic);
        for part in &parts {
            // Serialised, as parts travel between machines.
            let sent = serde_json::to_string(part).unwrap();
            let received: Accumulator = serde_json::from_str(&sent).unwrap();
            prop_assert_eq!(&received, part);
            total.merge(&received).unwrap();
        }
        let merged = total.solve(true, Collinear::Error).unwrap();
        prop_assert_eq!((merged.rows, total.all_rows()), (3000, 3000));
        for (a, b) in whole.targets.iter().zip(&merged.targets) {
            for ((a, b), digits) in a.estimates.iter().zip(&b.estimates).zip(&a.digits) {
                // These estimates are small, so their digits are relative to the
                // standard error, about 0.06.
                prop_assert!((a - b).abs() <= 0.1 * 10f64.powf(-digits), "{} {} {}", a, b, digits);
            }
        }
    }

    #[test]
    fn the_unit_of_a_column_changes_its_coefficient_only(
        seed in any::<u64>(),
        power in -150..=150i32,
        column in 0..3usize,
    ) {
        let features = numbers(300, seed);
        let targets = numbers(100, !seed);
        let factor = 10f64.powi(power);
        let mut scaled = features.clone();
        scaled.iter_mut().skip(column).step_by(3).for_each(|value| *value *= factor);
        let of = |features: &[f64]| {
            let solution = fit_rows(features, &targets, 3).unwrap();
            Inference::new(&solution, 0).unwrap()
        };
        let (before, after) = (of(&features), of(&scaled));
        for (index, (before, after)) in before.coefficients.iter().zip(&after.coefficients).enumerate() {
            let factor = if index == column + 1 { factor } else { 1.0 };
            // The factor rounds each number of the column.
            prop_assert!((after.std_error * factor / before.std_error - 1.0).abs() < 1e-13);
            prop_assert!((after.estimate * factor - before.estimate).abs() < 1e-13 * before.std_error.max(before.estimate.abs()));
            prop_assert!((after.t - before.t).abs() < 1e-12 * before.t.abs().max(1.0));
        }
        prop_assert!((before.r_squared - after.r_squared).abs() < 1e-13);
    }
}

#[test]
fn rows_there_twice_are_rows_of_count_two() {
    let (features, targets) = (numbers(60, 3), numbers(20, 4));
    let twice = |values: &[f64], width: usize| -> Vec<f64> {
        let rows = values.chunks(width);
        rows.flat_map(|row| [row, row].concat()).collect()
    };
    let (features_twice, targets_twice) = (twice(&features, 3), twice(&targets, 1));
    let twice = fit_rows(&features_twice, &targets_twice, 3).unwrap();
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let weighted = rows.with_weights(Some(&[2.0; 20])).unwrap();
    let weighted = fit(&weighted, &FitConfig::default()).unwrap();
    let config = InferenceConfig {
        weighting: Weighting::Counts,
        ..InferenceConfig::default()
    };
    let counted = Inference::with(&weighted, 0, &config).unwrap();
    let twice = Inference::new(&twice, 0).unwrap();
    for (a, b) in counted.coefficients.iter().zip(&twice.coefficients) {
        assert_close(
            &[a.estimate, a.std_error, a.p],
            &[b.estimate, b.std_error, b.p],
            1e-13,
        );
    }
    let figures = |i: &Inference| [i.rows, i.r_squared, i.f, i.log_likelihood, i.bic];
    assert_close(&figures(&counted), &figures(&twice), 1e-13);
    // As precisions, a common factor changes nothing.
    let precise = Inference::new(&weighted, 0).unwrap();
    let plain = Inference::new(&fit_rows(&features, &targets, 3).unwrap(), 0).unwrap();
    for (a, b) in precise.coefficients.iter().zip(&plain.coefficients) {
        assert_close(
            &[a.estimate, a.std_error],
            &[b.estimate, b.std_error],
            1e-13,
        );
    }
}

#[test]
fn rows_of_weight_0_are_as_good_as_none() {
    let (mut features, mut targets) = (numbers(40, 5), numbers(20, 6));
    let without = fit_rows(&features, &targets, 2).unwrap();
    features.extend([1e9, -1e9]);
    targets.push(1e12);
    let mut weights = vec![1.0; 20];
    weights.push(0.0);
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let with = fit(
        &rows.with_weights(Some(&weights)).unwrap(),
        &FitConfig::default(),
    )
    .unwrap();
    assert_eq!((with.rows, with.degrees_of_freedom()), (20, 17));
    assert_close(
        &with.targets[0].estimates,
        &without.targets[0].estimates,
        1e-14,
    );
}
