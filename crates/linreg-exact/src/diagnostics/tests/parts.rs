//! Sums of parts of the rows, on threads and merged, and in other units.

use proptest::prelude::*;

use super::*;
use crate::ExactError;

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
