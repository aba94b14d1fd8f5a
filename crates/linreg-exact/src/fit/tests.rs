use proptest::prelude::*;

use crate::testing::{assert_close, numbers};
use crate::{
    Accumulator, Arithmetic, Collinear, ExactError, FitConfig, Inference, InferenceConfig,
    RefinementPass, RefinementSums, Rows, Solution, Weighting, fit,
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
fn the_same_bits_on_any_number_of_threads() {
    let (features, targets) = (numbers(600_000, 1), numbers(200_000, 2));
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let of_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| fit(&rows, &FitConfig::default()).unwrap())
    };
    let one = of_threads(1);
    for threads in [2, 3, 8] {
        let more = of_threads(threads);
        assert_eq!(one.targets[0].estimates, more.targets[0].estimates);
        assert_eq!(one.targets[0].residual_sum, more.targets[0].residual_sum);
    }
    assert_eq!(one.arithmetic, Arithmetic::Double);
    // And, to the digits reported, the same numbers as in double-double.
    let exact = with_arithmetic(&rows, Arithmetic::DoubleDouble);
    let exact = exact.solve(true, Collinear::Error).unwrap();
    for (index, digits) in one.targets[0].digits.iter().enumerate() {
        let (a, b) = (
            one.targets[0].estimates[index],
            exact.targets[0].estimates[index],
        );
        assert!(
            (a - b).abs() <= 0.01 * 10f64.powf(-digits),
            "{a} {b} {digits}"
        );
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
fn what_fails_changes_nothing() {
    let (mut features, targets) = (numbers(20_000, 21), numbers(10_000, 22));
    let weights: Vec<f64> = (0..10_000).map(|row| f64::from(row % 2)).collect();
    let rows = Rows::new(&features[..200], &targets[..100], 2, 1).unwrap();
    let accumulator = with_arithmetic(&rows, Arithmetic::Double);
    features[19_999] = f64::NAN;
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    for weights in [None, Some(&weights[..])] {
        let rows = rows.with_weights(weights).unwrap();
        let mut changed = accumulator.clone();
        let error = changed.update(&rows).unwrap_err().to_string();
        let expected = "row 10099: the feature at index 1 is NaN, expected a finite number";
        assert_eq!(error, expected);
        assert_eq!(changed, accumulator);
    }
    let mut changed = accumulator.clone();
    let other = Accumulator::new(3, 1, Arithmetic::Double);
    assert_eq!(
        changed.merge(&other).unwrap_err().to_string(),
        "sums of 3 features and 1 targets, expected 2 and 1"
    );
    let mut huge = serde_json::to_value(&accumulator).unwrap();
    // The square of the last column, which is the target.
    huge["sums"].as_array_mut().unwrap()[9]["high"] = serde_json::json!(f64::MAX);
    let huge: Accumulator = serde_json::from_value(huge).unwrap();
    let mut total = huge.clone();
    let error = total.merge(&huge).unwrap_err();
    assert!(matches!(error, ExactError::Overflow { .. }), "{error}");
    assert_eq!(total, huge);
}

#[test]
fn refinements_of_parts_are_sent_and_merged() {
    let (features, targets) = (numbers(300, 23), numbers(200, 24));
    let rows = Rows::new(&features, &targets, 3, 2).unwrap();
    let solution = with_arithmetic(&rows, Arithmetic::Double).solve(true, Collinear::Error);
    let pass = RefinementPass::new(solution.unwrap());
    let mut whole = pass.start();
    pass.update(&mut whole, &rows).unwrap();
    let mut total = pass.start();
    for part in [rows.slice(0..41), rows.slice(41..100)] {
        let mut sums = pass.start();
        pass.update(&mut sums, &part).unwrap();
        let sent = serde_json::to_string(&sums).unwrap();
        let received: RefinementSums = serde_json::from_str(&sent).unwrap();
        assert_eq!(received, sums);
        total.merge(&received).unwrap();
    }
    let (whole, total) = (pass.solution(&whole), pass.solution(&total));
    for (whole, total) in whole.unwrap().targets.iter().zip(&total.unwrap().targets) {
        assert_eq!(whole.estimates, total.estimates);
        assert_close(&[whole.residual_sum], &[total.residual_sum], 1e-15);
    }

    let other = Rows::new(&features, &targets[..100], 3, 1).unwrap();
    let error = pass.update(&mut pass.start(), &other).unwrap_err();
    let expected = "rows of 3 features and 1 targets, expected 3 and 2";
    assert_eq!(error.to_string(), expected);
    let others = with_arithmetic(&other, Arithmetic::Double).solve(false, Collinear::Error);
    let others = RefinementPass::new(others.unwrap()).start();
    let error = pass.start().merge(&others).unwrap_err();
    let expected = "sums of [3] products for each target, expected [4, 4]";
    assert_eq!(error.to_string(), expected);
    assert!(pass.solution(&others).is_err());
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
