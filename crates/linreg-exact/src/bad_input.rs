//! What public functions say of values that they cannot use.

use crate::{
    Accumulator, Arithmetic, Collinear, DiagnosticsConfig, DiagnosticsPass, DoubleDouble,
    ExactError, FitConfig, Inference, InferenceConfig, PredictionErrors, PredictionParts,
    RefinementPass, Relation, ResidualTests, RidgeConfig, Robust, Rows, ShapeError, SizeLimits,
    Solution, Weighting, diagnose, fit, nist,
};

const X: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 9.0];
const Y: [f64; 5] = [1.0, 2.5, 2.9, 4.2, 9.1];

fn line() -> Rows<'static> {
    Rows::new(&X, &Y, 1, 1).unwrap()
}

/// A solution for two features.
fn plane() -> Solution {
    let x = [1.0, 0.0, 2.0, 1.0, 3.0, 0.5, 4.0, 4.0, 9.0, 2.0];
    let rows = Rows::new(&x, &Y, 2, 1).unwrap();
    fit(&rows, &FitConfig::default()).unwrap()
}

fn shape<T: std::fmt::Debug>(found: Result<T, ExactError>) -> ShapeError {
    match found.unwrap_err() {
        ExactError::Shape(error) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn slices_that_make_no_rows_are_errors() {
    let values = 3;
    let no_targets = ShapeError::Targets { values, targets: 0 };
    assert_eq!(shape(Rows::new(&[], &[1.0; 3], 0, 0)), no_targets);
    let half_a_row = ShapeError::Targets { values, targets: 2 };
    assert_eq!(shape(Rows::new(&[], &[1.0; 3], 0, 2)), half_a_row);
    for (given, features) in [(&X[..4], 1), (&X[..0], 1), (&X[..0], usize::MAX)] {
        let (values, rows) = (given.len(), 5);
        let expected = ShapeError::Features {
            values,
            rows,
            features,
        };
        assert_eq!(shape(Rows::new(given, &Y, features, 1)), expected);
    }
    let (weights, tails) = (line().with_weights(Some(&[])), line().with_tails(Some(&[])));
    assert_eq!(
        shape(weights),
        ShapeError::Weights {
            weights: 0,
            rows: 5
        }
    );
    assert_eq!(
        shape(tails),
        ShapeError::Tails {
            tails: 0,
            values: 5
        }
    );
}

#[test]
fn numbers_that_are_not_finite_and_weights_below_0_are_errors() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut x = X;
        x[3] = value;
        let rows = Rows::new(&x, &Y, 1, 1).unwrap();
        let solution = fit(&line(), &FitConfig::default()).unwrap();
        for found in [
            fit(&rows, &FitConfig::default()).map(drop),
            diagnose(&rows, &solution, &DiagnosticsConfig::default()).map(drop),
        ] {
            let error = found.unwrap_err();
            assert!(
                matches!(error, ExactError::NotFinite { row: 3, .. }),
                "{error}"
            );
        }
        let weights = [1.0, 1.0, -value.abs(), 1.0, 1.0];
        let rows = line().with_weights(Some(&weights)).unwrap();
        let error = fit(&rows, &FitConfig::default()).unwrap_err();
        assert!(
            matches!(error, ExactError::Weight { row: 2, .. }),
            "{error}"
        );
    }
}

#[test]
fn more_features_than_memory_holds_are_errors() {
    let features = usize::MAX;
    let rows = Rows::new(&[], &[], features, 1).unwrap();
    let expected = ExactError::OutOfMemory {
        features,
        targets: 1,
    };
    assert_eq!(fit(&rows, &FitConfig::default()).unwrap_err(), expected);
    for features in [usize::MAX, usize::MAX / 2, 1 << 40, 1 << 31, 1 << 21] {
        let mut sums = Accumulator::new(features, 1, Arithmetic::Double);
        let (other, rows) = (sums.another(), Rows::new(&[], &[], features, 1).unwrap());
        let expected = Err(ExactError::OutOfMemory {
            features,
            targets: 1,
        });
        assert_eq!(sums.update(&rows), expected);
        assert_eq!(sums.merge(&other), expected);
        let no_rows = sums.solve(true, Collinear::Drop).map(drop);
        assert_eq!(no_rows, Err(ExactError::NoRows));
        let mut tests = ResidualTests::new(features);
        assert_eq!(tests.update(&[], &[], None), expected);
        assert!(tests.breusch_pagan_p().is_nan());
        let limits = SizeLimits::default();
        assert!(
            limits
                .check(features, usize::MAX, None, Collinear::Error)
                .is_err()
        );
    }
}

#[test]
fn targets_features_and_confidences_that_are_not_there_are_errors() {
    let solution = plane();
    let no_target = |target| ShapeError::Target { target, targets: 1 };
    let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
    let row = errors.in_basis(&[1.0, 2.0], None).unwrap();
    for target in [1, usize::MAX] {
        assert_eq!(shape(Inference::new(&solution, target)), no_target(target));
        assert_eq!(shape(errors.predict(target, &row)), no_target(target));
        assert_eq!(shape(errors.at_centres(target)), no_target(target));
        assert_eq!(shape(errors.std_errors(target, &row)), no_target(target));
        assert_eq!(shape(errors.leverage(target, &row)), no_target(target));
        assert_eq!(shape(errors.residual_std_error(target)), no_target(target));
        let weight = errors.std_error_of_weight(target, 0);
        assert_eq!(shape(weight), no_target(target));
    }
    for feature in [2, usize::MAX] {
        let expected = ShapeError::Feature {
            feature,
            features: 2,
        };
        assert_eq!(shape(errors.std_error_of_weight(0, feature)), expected);
    }
    for confidence in [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY] {
        let config = InferenceConfig {
            confidence,
            ..InferenceConfig::default()
        };
        let inference = Inference::with(&solution, 0, &config).map(drop);
        for found in [inference, errors.quantile(confidence).map(drop)] {
            assert!(matches!(found, Err(ExactError::Setting { .. })));
        }
    }
    let config = RidgeConfig {
        penalties: vec![1.0, f64::NAN],
        ..RidgeConfig::default()
    };
    let mut sums = Accumulator::new(1, 1, Arithmetic::Double);
    sums.update(&line()).unwrap();
    let penalty = sums.ridge(&config).map(drop);
    assert!(matches!(penalty, Err(ExactError::Setting { .. })));
}

#[test]
fn rows_and_sums_of_another_fit_are_errors() {
    let solution = plane();
    let (found, expected) = ([1, 1], [2, 1]);
    let other = ShapeError::Rows { found, expected };
    let pass = DiagnosticsPass::new(&solution, &DiagnosticsConfig::default());
    assert_eq!(shape(pass.sums(&line(), |row| row as u64)), other);
    let refinement = RefinementPass::new(solution.clone());
    let mut sums = refinement.start();
    assert_eq!(shape(refinement.update(&mut sums, &line())), other);
    let mut sums = Accumulator::new(2, 1, Arithmetic::Double);
    assert_eq!(shape(sums.update(&line())), other);
    let of_line = Accumulator::new(1, 1, Arithmetic::Double);
    let other = ShapeError::Sums { found, expected };
    assert_eq!(shape(sums.merge(&of_line)), other);

    let of_line = fit(&line(), &FitConfig::default()).unwrap();
    let sums = RefinementPass::new(of_line.clone()).start();
    assert!(matches!(
        shape(refinement.solution(&sums)),
        ShapeError::Products { .. }
    ));
    let sums = DiagnosticsPass::new(&of_line, &DiagnosticsConfig::default()).start();
    assert_eq!(shape(pass.diagnostics(&sums)), ShapeError::OtherPass);

    let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
    let of_line = PredictionErrors::new(&of_line, Weighting::Precision).unwrap();
    let row = of_line.in_basis(&[1.0], None).unwrap();
    let (found, expected) = (2, 3);
    let other = ShapeError::Basis { found, expected };
    assert_eq!(shape(errors.predict(0, &row)), other);
    assert_eq!(shape(errors.std_errors(0, &row)), other);
    assert_eq!(shape(errors.leverage(0, &row)), other);
    let values = 1;
    let (rows, features) = (1, 2);
    let other = ShapeError::Features {
        values,
        rows,
        features,
    };
    assert_eq!(shape(errors.in_basis(&[1.0], None)), other);
    let tails = errors.in_basis(&[1.0, 2.0], Some(&[0.0]));
    let (tails, expected) = (shape(tails), (1, 2));
    let (count, values) = expected;
    assert_eq!(
        tails,
        ShapeError::Tails {
            tails: count,
            values
        }
    );

    let reference = &nist::references()[0];
    assert!(matches!(
        shape(reference.accuracy(&solution)),
        ShapeError::Coefficients { .. }
    ));
}

#[test]
fn a_solution_whose_fields_were_changed_is_an_error() {
    let changes: [fn(&mut Solution); 9] = [
        |solution| solution.has_intercept = false,
        |solution| solution.rank = usize::MAX,
        |solution| solution.rank = 0,
        |solution| solution.targets.clear(),
        |solution| solution.targets.push(solution.targets[0].clone()),
        |solution| solution.targets[0].estimates.clear(),
        |solution| solution.targets[0].digits.clear(),
        |solution| {
            let of_line = fit(&line(), &FitConfig::default()).unwrap();
            solution.targets = of_line.targets;
        },
        |solution| {
            let mut of_line = fit(&line(), &FitConfig::default()).unwrap();
            let fields = &mut of_line.targets[0];
            fields.estimates = vec![0.0; 3];
            fields.digits = vec![0.0; 3];
            solution.targets = of_line.targets;
        },
    ];
    let config = DiagnosticsConfig {
        robust: Some(Robust::Hc3),
        ..DiagnosticsConfig::default()
    };
    let x = [1.0, 0.0, 2.0, 1.0, 3.0, 0.5, 4.0, 4.0, 9.0, 2.0];
    let rows = Rows::new(&x, &Y, 2, 1).unwrap();
    let whole = plane();
    let found = diagnose(&rows, &whole, &config).unwrap();
    let covariance = found.targets[0].robust.as_ref().unwrap();
    for change in changes {
        let mut solution = whole.clone();
        change(&mut solution);
        let inference = InferenceConfig::default();
        let robust = Inference::robust(&solution, 0, &inference, covariance);
        let refinement = RefinementPass::new(solution.clone());
        let mut sums = refinement.start();
        for found in [
            Inference::new(&solution, 0).map(drop),
            robust.map(drop),
            PredictionErrors::new(&solution, Weighting::Precision).map(drop),
            diagnose(&rows, &solution, &config).map(drop),
            refinement.update(&mut sums, &rows),
            refinement.solution(&sums).map(drop),
        ] {
            assert!(matches!(shape(found), ShapeError::Solution { .. }));
        }
    }
    let error = ShapeError::Solution {
        part: "targets",
        found: 0,
        expected: 1,
    };
    let message = "a solution with 0 targets, expected 1";
    assert_eq!(error.to_string(), message);
}

#[test]
fn parts_of_predictions_that_do_not_fit_together_are_errors() {
    let errors = PredictionErrors::new(&plane(), Weighting::Precision).unwrap();
    let all: [fn(&mut PredictionParts) -> &mut Vec<f64>; 8] = [
        |parts| &mut parts.centres,
        |parts| &mut parts.feature_scales,
        |parts| &mut parts.basis,
        |parts| &mut parts.basis_rest,
        |parts| &mut parts.coordinates,
        |parts| &mut parts.target_centres,
        |parts| &mut parts.residual_variance,
        |parts| &mut parts.covariance,
    ];
    for part in all {
        let mut parts = errors.parts().clone();
        part(&mut parts).push(1.0);
        let found = PredictionErrors::try_from(parts);
        assert!(matches!(shape(found), ShapeError::Part { .. }));
    }
    let empty = PredictionParts {
        has_intercept: true,
        degrees_of_freedom: f64::NAN,
        centres: Vec::new(),
        feature_scales: Vec::new(),
        basis: Vec::new(),
        basis_rest: Vec::new(),
        coordinates: Vec::new(),
        target_centres: Vec::new(),
        target_units: Vec::new(),
        residual_variance: Vec::new(),
        covariance: Vec::new(),
    };
    let found = PredictionErrors::try_from(empty);
    assert!(matches!(shape(found), ShapeError::Part { .. }));

    let config = DiagnosticsConfig {
        robust: Some(Robust::Hc0),
        ..DiagnosticsConfig::default()
    };
    let solution = fit(&line(), &FitConfig::default()).unwrap();
    let found = diagnose(&line(), &solution, &config).unwrap();
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let two = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
    let two = two.with_robust([covariance, covariance]);
    assert!(matches!(shape(two), ShapeError::Part { .. }));
    assert!(matches!(
        shape(errors.with_robust([covariance])),
        ShapeError::Part { .. }
    ));
}

#[test]
fn a_model_of_no_coefficients_can_be_judged() {
    let config = FitConfig {
        intercept: false,
        collinear: Collinear::Drop,
        ..FitConfig::default()
    };
    for (x, features) in [(&[][..], 0), (&[0.0; 5][..], 1)] {
        let rows = Rows::new(x, &Y, features, 1).unwrap();
        let solution = fit(&rows, &config).unwrap();
        assert_eq!(solution.rank, 0);
        for robust in [None, Some(Robust::Hc1), Some(Robust::Hc3)] {
            let config = DiagnosticsConfig {
                robust,
                largest: usize::MAX,
                ..DiagnosticsConfig::default()
            };
            let found = diagnose(&rows, &solution, &config).unwrap();
            found.targets[0].findings(f64::NAN);
        }
        let errors = PredictionErrors::new(&solution, Weighting::Counts).unwrap();
        let row = errors.in_basis(&vec![1.0; features], None).unwrap();
        assert_eq!(errors.std_errors(0, &row).unwrap().mean, 0.0);
        Inference::new(&solution, 0).unwrap();
    }
}

#[test]
fn figures_of_numbers_that_are_not_finite_are_not_finite_either() {
    for value in [f64::NAN, f64::INFINITY, f64::MAX] {
        let number = DoubleDouble::from(value);
        assert!(!(number * number).is_finite() && !(number.powi(u32::MAX)).is_finite());
        assert!((number / DoubleDouble::ZERO).high().is_nan() || value > 0.0);
        number.sqrt();
    }
    let relation = Relation {
        feature: usize::MAX,
        constant: f64::NAN,
        terms: vec![(0, f64::INFINITY)],
        is_approximate: true,
    };
    assert!(relation.describe(&[] as &[&str]).contains("x1"));
}
