//! What linreg itself does with a backend: gradients, training, evaluation.

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{Batches, Dataset, Placement};
use linreg_model::{Coefficients, LinearRegression};
use linreg_training::{Training, TrainingConfig, mean_loss, squared_loss};

use super::finding::{Finding, Outcome};
use super::operations::{number, tolerance, values};

/// Rows whose target is a known linear function of the features, plus a small
/// part that no linear function explains.
fn dataset(num_rows: usize, num_features: usize) -> Dataset {
    // `number` repeats after 16 values, so that columns made of it can be
    // linearly dependent.
    let feature = |index: usize| (index as f64 * 0.754_877_666).fract() * 4.0 - 2.0;
    let features: Vec<f64> = (0..num_rows * num_features).map(feature).collect();
    let rows = features.chunks(num_features).enumerate();
    let target = |(index, row): (usize, &[f64])| {
        let line: f64 = row.iter().enumerate().map(|(i, x)| x * number(i)).sum();
        line + number(index) - 1.0
    };
    let targets = rows.map(target).collect();
    let names = (0..num_features).map(|i| format!("x{i}")).collect();
    Dataset::new(features, targets, names, vec!["y".to_string()])
        .expect("finite numbers, distinct names")
}

/// A model to start from, far from the truth and from zero.
fn start(num_features: usize) -> Coefficients {
    let weight = (0..num_features).map(|i| 0.25 - number(i)).collect();
    Coefficients::new(weight, vec![0.5]).expect("finite numbers")
}

fn batches<B: Backend>(
    dataset: &Dataset,
    batch_size: usize,
    placement: Placement,
    device: &B::Device,
) -> Batches<B> {
    let batches = Batches::new(dataset, batch_size, device).expect("numbers around 1");
    batches.place(placement)
}

fn all(coefficients: &Coefficients) -> Vec<f64> {
    [coefficients.weight(), coefficients.bias()].concat()
}

pub fn probe<B: AutodiffBackend>(device: &B::Device) -> Vec<Finding> {
    let used = |operation, rows, outcome| Finding {
        operation,
        rows,
        outcome,
        avoided: None,
    };
    let mut findings = Vec::new();
    // Odd and even numbers of features use different kernels.
    for (operation, num_features) in [("gradient, 4 features", 4), ("gradient, 5 features", 5)] {
        for num_rows in [10, 1000] {
            let rows = dataset(num_rows, num_features);
            findings.push(used(operation, num_rows, gradient::<B>(&rows, device)));
        }
    }
    for placement in [Placement::Host, Placement::Device] {
        let operation = match placement {
            Placement::Host => "lesson, rows in host memory",
            Placement::Device => "lesson, rows in device memory",
        };
        let outcome = training::<B>(&dataset(1000, 2), 10, 3, placement, device);
        findings.push(used(operation, 1000, outcome));
    }
    for num_rows in [65_537, 300_000] {
        // 65,537 rows in one batch; 300,000 rows of 60 features are more than
        // one tensor may hold.
        let (num_features, batch_size) = if num_rows == 65_537 {
            (5, num_rows)
        } else {
            (60, 8192)
        };
        let dataset = dataset(num_rows, num_features);
        let outcome = training::<B>(&dataset, batch_size, 1, Placement::Device, device);
        findings.push(used("training in large batches", num_rows, outcome));
        findings.push(used(
            "loss of all rows",
            num_rows,
            loss::<B>(&dataset, device),
        ));
    }
    // `print` expects the findings of one operation next to each other.
    findings.sort_by_key(|finding| finding.operation.starts_with("loss"));
    findings
}

/// Compares the gradient of the loss with finite differences in 64-bit floats.
fn gradient<B: AutodiffBackend>(dataset: &Dataset, device: &B::Device) -> Outcome {
    let start = start(dataset.num_features());
    let model = LinearRegression::<B>::from_coefficients(&start, device);
    let rows = batches::<B>(dataset, dataset.num_rows(), Placement::Host, device);
    let batch = rows
        .sequential(dataset.num_rows())
        .next()
        .expect("there are rows");
    let gradients = squared_loss(model.forward(batch.features), batch.targets)
        .expect("one prediction for each target")
        .backward();
    let gradient = |of: Option<Vec<f64>>| of.unwrap_or_default();
    let found = [
        gradient(model.weight.grad(&gradients).map(values)),
        gradient(model.bias.grad(&gradients).map(values)),
    ];
    let sum_of_losses = |coefficients: &[f64]| -> f64 {
        let (weight, bias) = coefficients.split_at(dataset.num_features());
        let coefficients = Coefficients::new(weight.to_vec(), bias.to_vec()).expect("near 1");
        let predictions = coefficients.predict(dataset.features());
        let predictions = predictions.expect("the features of this model");
        let pairs = predictions.iter().zip(dataset.targets());
        pairs
            .map(|(prediction, target)| (prediction - target).powi(2))
            .sum()
    };
    let start = all(&start);
    // Central differences of a quadratic have no truncation error.
    const STEP: f64 = 1e-3;
    let difference = |index: usize| {
        let at = |offset: f64| {
            let mut moved = start.clone();
            moved[index] += offset;
            sum_of_losses(&moved)
        };
        (at(STEP) - at(-STEP)) / (2.0 * STEP)
    };
    let expected: Vec<f64> = (0..start.len()).map(difference).collect();
    // The finite differences lose digits to cancellation.
    let tolerance = tolerance::<B>().max(1e-8);
    Outcome::compare(&found.concat(), &expected, tolerance)
}

/// Compares epochs of training in file order with the same steps in a plain
/// loop of 64-bit floats.
fn training<B: AutodiffBackend>(
    dataset: &Dataset,
    batch_size: usize,
    num_epochs: usize,
    placement: Placement,
    device: &B::Device,
) -> Outcome {
    let num_features = dataset.num_features();
    let start = start(num_features);
    let config = TrainingConfig::new()
        .with_batch_size(batch_size)
        .with_num_epochs(num_epochs)
        .with_learning_rate(0.1 / (num_features as f64 + 1.0));
    let rows = batches::<B::InnerBackend>(dataset, batch_size, placement, device);
    let model = LinearRegression::<B>::from_coefficients(&start, device);
    let mut training = Training::new(model, &config, &rows).expect("minibatches");
    let mut expected = all(&start);
    for _ in 0..num_epochs {
        let order = (0..dataset.num_rows()).collect();
        training = (rows.in_order(order).expect("each index is of a row"))
            .try_fold(training, Training::step)
            .expect("batches of the model");
        training = training.end_epoch().0;
        for batch in 0..dataset.num_rows().div_ceil(batch_size) {
            let from = batch * batch_size;
            let to = dataset.num_rows().min(from + batch_size);
            let mut gradient = vec![0.0; num_features + 1];
            for row in from..to {
                let x = &dataset.features()[row * num_features..(row + 1) * num_features];
                let line: f64 = x.iter().zip(&expected).map(|(x, w)| x * w).sum();
                let error = line + expected[num_features] - dataset.targets()[row];
                for (sum, x) in gradient.iter_mut().zip(x.iter().chain([&1.0])) {
                    *sum += 2.0 * error * x;
                }
            }
            for (parameter, sum) in expected.iter_mut().zip(gradient) {
                *parameter -= config.learning_rate * sum / batch_size as f64;
            }
        }
    }
    match training.model().valid().coefficients() {
        Ok(found) => Outcome::compare(&all(&found), &expected, tolerance::<B>()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// The mean loss of all rows.
fn loss<B: AutodiffBackend>(dataset: &Dataset, device: &B::Device) -> Outcome {
    let start = start(dataset.num_features());
    let model = LinearRegression::<B::InnerBackend>::from_coefficients(&start, device);
    let rows = batches(dataset, 8192, Placement::Device, device);
    let found = match mean_loss(&model, &rows) {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let predictions = start.predict(dataset.features());
    let predictions = predictions.expect("the features of this model");
    let pairs = predictions.iter().zip(dataset.targets());
    let sum: f64 = pairs
        .map(|(prediction, target)| (prediction - target).powi(2))
        .sum();
    let expected = sum / dataset.num_rows() as f64;
    Outcome::compare(&[found], &[expected], tolerance::<B>())
}
