//! The diabetes rows of Efron, Hastie, Johnstone and Tibshirani, *Least Angle
//! Regression* (2004): real, collinear, in units that differ by orders of
//! magnitude.

use linreg_data::{Dataset, Moments, Set, Split, load_dataset};
use linreg_model::Coefficients;
use linreg_training::MetricsAccumulator;

use crate::tool::{Tool, test_file};

fn rows() -> Dataset {
    load_dataset(test_file("data/diabetes.csv"), "progression").unwrap()
}

/// The exact least-squares fit: normal equations of standardised columns,
/// solved by elimination. Their condition number of about 500 costs three of
/// sixteen digits.
fn exact_fit(dataset: &Dataset) -> Coefficients {
    let d = dataset.num_features();
    let mut moments = Moments::new(d);
    moments.update(dataset.features()).unwrap();
    let (mean, std) = (moments.mean().to_vec(), moments.std());
    let mean_y = dataset.targets().iter().sum::<f64>() / dataset.num_rows() as f64;
    let mut equations = vec![vec![0.0; d + 1]; d];
    for (row, y) in dataset.features().chunks(d).zip(dataset.targets()) {
        let z: Vec<f64> = (0..d).map(|j| (row[j] - mean[j]) / std[j]).collect();
        for i in 0..d {
            for j in 0..d {
                equations[i][j] += z[i] * z[j];
            }
            equations[i][d] += z[i] * (y - mean_y);
        }
    }
    for i in 0..d {
        let pivot = equations[i].clone();
        for (k, equation) in equations.iter_mut().enumerate() {
            if k != i {
                let factor = equation[i] / pivot[i];
                equation
                    .iter_mut()
                    .zip(&pivot)
                    .for_each(|(a, b)| *a -= factor * b);
            }
        }
    }
    let weight: Vec<f64> = (0..d)
        .map(|i| equations[i][d] / equations[i][i] / std[i])
        .collect();
    let bias = mean_y - weight.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>();
    Coefficients::new(weight, vec![bias]).unwrap()
}

fn r_squared(model: &Coefficients, dataset: &Dataset) -> f64 {
    let mut accumulator = MetricsAccumulator::default();
    let predictions = model.predict(dataset.features()).unwrap();
    accumulator.update(&predictions, dataset.targets()).unwrap();
    accumulator.metrics().unwrap().r_squared.unwrap()
}

#[test]
fn the_exact_fit_of_this_test_is_that_of_scikit_learn() {
    // scikit-learn 1.9.1: LinearRegression().fit(X, y), score and coef_[2].
    let exact = exact_fit(&rows());
    assert!((r_squared(&exact, &rows()) - 0.5177484222203499).abs() < 1e-10);
    assert!((exact.weight()[2] - 5.60296209).abs() < 1e-7);
}

#[test]
fn the_defaults_come_within_a_hundredth_of_the_exact_fit_on_held_out_rows() {
    let tool = Tool::new();
    let file = test_file("data/diabetes.csv");
    let file = file.to_str().unwrap();
    for seed in ["0", "1", "2", "3", "4"] {
        let held_out = ["--validation", "0.2", "--seed", seed, "--force"];
        let fit = tool.json(
            &[
                &["fit", file, "--target", "progression", "--method", "sgd"],
                &held_out[..],
            ]
            .concat(),
        );
        let split = Split::Random {
            validation: 0.2,
            test: 0.0,
            seed: seed.parse().unwrap(),
        };
        let train = rows().rows_of(&split, Set::Training).unwrap();
        let validation = rows().rows_of(&split, Set::Validation).unwrap();
        let expected = r_squared(&exact_fit(&train), &validation);
        let found = fit["validation"]["r_squared"].as_f64().unwrap();
        assert!(
            (found - expected).abs() < 0.01,
            "seed {seed}: {found}, exact {expected}"
        );
        assert_eq!(fit["validation"]["rows"], validation.num_rows());
        assert_eq!(fit["metrics"]["rows"], 442 - validation.num_rows());
        // 88.4 rows are expected, with a standard deviation of 8.4.
        assert!((60..=117).contains(&validation.num_rows()));
    }
}
