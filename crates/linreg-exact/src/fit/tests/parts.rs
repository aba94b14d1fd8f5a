//! Sums of parts of the rows: on threads, sent and merged, and after errors.

use super::with_arithmetic;
use crate::testing::{assert_close, numbers};
use crate::{
    Accumulator, Arithmetic, Collinear, ExactError, FitConfig, Policy, RefinementPass,
    RefinementSums, Rows, fit,
};

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
fn a_wide_fit_has_the_same_bits_on_any_number_of_threads() {
    // More features than fit into registers, and rows than a chunk has; weights of 1 and 2.
    let (num_rows, num_features) = (9_000, 400);
    let features = numbers(num_rows * num_features, 3);
    let mut targets = numbers(num_rows, 4);
    for (row, target) in targets.iter_mut().enumerate() {
        let row = features[row * num_features..].iter().take(num_features);
        *target += row
            .enumerate()
            .map(|(k, x)| x * (k % 5) as f64)
            .sum::<f64>();
    }
    let weights: Vec<f64> = (0..num_rows).map(|row| (1 + row % 2) as f64).collect();
    let rows = Rows::new(&features, &targets, num_features, 1).unwrap();
    let rows = rows.with_weights(Some(&weights)).unwrap();
    let of_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| fit(&rows, &FitConfig::default()).unwrap())
    };
    let one = of_threads(1);
    for threads in [2, 3] {
        let more = of_threads(threads);
        assert_eq!(one.targets[0].estimates, more.targets[0].estimates);
        assert_eq!(one.targets[0].residual_sum, more.targets[0].residual_sum);
        assert!((0..=num_features).all(|k| one.inverse(k, k) == more.inverse(k, k)));
    }
    assert_eq!(one.arithmetic, Arithmetic::Double);
    // And, to the digits reported, the same numbers as in double-double, which has other
    // loops.
    let exact = with_arithmetic(&rows, Arithmetic::DoubleDouble);
    let exact = exact.solve(true, Collinear::Error).unwrap();
    let (fit, exact) = (&one.targets[0], &exact.targets[0]);
    for (index, digits) in fit.digits.iter().enumerate() {
        let (a, b) = (fit.estimates[index], exact.estimates[index]);
        assert!(*digits >= Policy::DIGITS);
        assert!(
            (a - b).abs() <= 0.1 * 10f64.powf(-digits),
            "{a} {b} {digits}"
        );
    }
    assert_close(&[fit.residual_sum], &[exact.residual_sum], 1e-12);
}

#[test]
fn first_rows_that_fail_change_nothing() {
    let (mut features, targets) = (numbers(20_000, 21), numbers(10_000, 22));
    let right = Rows::new(&features, &targets, 2, 1).unwrap();
    let expected = with_arithmetic(&right, Arithmetic::Double);
    let mut accumulator = Accumulator::new(2, 1, Arithmetic::Double);
    let number = std::mem::replace(&mut features[19_999], f64::NAN);
    let wrong = Rows::new(&features, &targets, 2, 1).unwrap();
    accumulator.update(&wrong).unwrap_err();
    assert_eq!(accumulator, Accumulator::new(2, 1, Arithmetic::Double));
    features[19_999] = number;
    let right = Rows::new(&features, &targets, 2, 1).unwrap();
    accumulator.update(&right).unwrap();
    assert_eq!(accumulator, expected);
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
fn a_close_fit_of_many_features_is_refined_and_not_added_up_again() {
    // The residuals are a ten-thousandth of the target's variation.
    let (num_rows, num_features) = (2_000, 30);
    let features = numbers(num_rows * num_features, 5);
    let mut targets = numbers(num_rows, 6);
    for (row, target) in targets.iter_mut().enumerate() {
        let row = features[row * num_features..].iter().take(num_features);
        *target = 1e-4 * *target + row.enumerate().map(|(k, x)| x * k as f64).sum::<f64>();
    }
    let rows = Rows::new(&features, &targets, num_features, 1).unwrap();
    let refined = fit(&rows, &FitConfig::default()).unwrap();
    assert_eq!(refined.arithmetic, Arithmetic::Double);
    assert_eq!(refined.refinements, 1);
    let sums = with_arithmetic(&rows, Arithmetic::DoubleDouble);
    let exact = sums.solve(true, Collinear::Error).unwrap();
    let (fit, exact) = (&refined.targets[0], &exact.targets[0]);
    for (index, digits) in fit.digits.iter().enumerate() {
        let (a, b) = (fit.estimates[index], exact.estimates[index]);
        assert!(*digits > 12.0, "{digits}");
        assert!((a - b).abs() <= 10f64.powf(-digits) * b.abs(), "{a} {b}");
    }
    let claimed = 10f64.powf(-fit.residual_digits);
    assert!(fit.residual_digits > 12.0);
    assert_close(&[fit.residual_sum], &[exact.residual_sum], claimed);
}
