//! The lesson's loop replayed against PyTorch's, number by number, on every
//! backend that is compiled in.
//!
//! `reference/lesson_pytorch_{f32,f64}.json` were written by PyTorch
//! 2.15.0+cu132 on the CPU: `loss = (y_hat - y)**2`, `loss.sum().backward()`,
//! `param -= lr * grad / batch_size`.
//!
//! `reference/lesson_experiments_pytorch_{f32,f64}.json` come from the same version
//! by `python tests/reference/lesson_experiments.py`, which runs variations of that
//! loop on the same data, start and order; [`experiments`] replays them.

mod experiments;

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_data::{Batches, Dataset};
use linreg_model::{Coefficients, LinearRegression};
use linreg_training::{Training, TrainingConfig, mean_loss, squared_loss};
use serde::Deserialize;

use crate::tool::test_file;

#[derive(Deserialize)]
struct Reference {
    batch_size: usize,
    learning_rate: f64,
    features: Vec<[f64; 2]>,
    targets: Vec<f64>,
    initial_weights: Vec<f64>,
    initial_bias: f64,
    epoch_order: Vec<Vec<usize>>,
    epoch_loss: Vec<f64>,
    weights_after_epoch: Vec<[f64; 2]>,
    bias_after_epoch: Vec<f64>,
    first_steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    batch_loss_sum: f64,
    weights: [f64; 2],
    bias: f64,
}

/// The results of our loop, in the order of the reference.
struct Replayed {
    batch_loss_sums: Vec<f64>,
    first_steps: Vec<[f64; 3]>,
    epoch_losses: Vec<f64>,
    after_epochs: Vec<[f64; 3]>,
}

impl Reference {
    fn read(precision: Precision) -> Self {
        let file = format!("reference/lesson_pytorch_{precision}.json");
        let text = std::fs::read_to_string(test_file(&file)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn batches<B: Backend>(&self, batch_size: usize, device: &B::Device) -> Batches<B> {
        let names = vec!["x1".to_string(), "x2".to_string()];
        let features = self.features.as_flattened().to_vec();
        let targets = self.targets.clone();
        let dataset = Dataset::new(features, targets, names, vec!["y".to_string()]).unwrap();
        Batches::new(&dataset, batch_size, device).unwrap()
    }

    fn start<B: AutodiffBackend>(&self, device: &B::Device) -> LinearRegression<B> {
        let weights = self.initial_weights.clone();
        let start = Coefficients::new(weights, vec![self.initial_bias]).unwrap();
        LinearRegression::from_coefficients(&start, device)
    }
}

/// The weights and the bias.
fn parameters<B: AutodiffBackend>(training: &Training<B>) -> [f64; 3] {
    let coefficients = training.model().coefficients().unwrap();
    let weight = coefficients.weight();
    [weight[0], weight[1], coefficients.bias()[0]]
}

struct Replay<'a>(&'a Reference);

impl Task for Replay<'_> {
    type Output = Replayed;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Replayed {
        let reference = self.0;
        let batches = reference.batches::<B::InnerBackend>(reference.batch_size, &device);
        let config = TrainingConfig::new()
            .with_batch_size(reference.batch_size)
            .with_num_epochs(reference.epoch_order.len())
            .with_learning_rate(reference.learning_rate);
        let start = reference.start::<B>(&device);
        let mut training = Training::new(start, &config, &batches).unwrap();
        let mut replayed = Replayed {
            batch_loss_sums: vec![],
            first_steps: vec![],
            epoch_losses: vec![],
            after_epochs: vec![],
        };
        for order in &reference.epoch_order {
            for batch in batches.in_order(order.clone()).unwrap() {
                let first = replayed.first_steps.len() < reference.first_steps.len();
                if first {
                    let predictions = training.model().valid().forward(batch.features.clone());
                    let losses = squared_loss(predictions, batch.targets.clone()).unwrap();
                    let losses = losses.into_data();
                    replayed.batch_loss_sums.push(losses.iter::<f64>().sum());
                }
                training = training.step(batch).unwrap();
                if first {
                    replayed.first_steps.push(parameters(&training));
                }
            }
            let not_finite;
            (training, not_finite) = training.end_epoch();
            assert_eq!(not_finite, None);
            let loss = mean_loss(&training.model().valid(), &batches).unwrap();
            replayed.epoch_losses.push(loss);
            replayed.after_epochs.push(parameters(&training));
        }
        replayed
    }
}

fn replays(precision: Precision, parameter_tolerance: f64, loss_tolerance: f64) {
    let reference = Reference::read(precision);
    assert_eq!(reference.first_steps.len(), 5);
    assert_eq!(reference.epoch_loss.len(), 3);
    for backend in BackendKind::available() {
        if !backend.precisions().contains(&precision) {
            continue;
        }
        let replayed = run(backend, precision, None, Replay(&reference)).unwrap();
        let near = |what: &str, found: f64, expected: f64, tolerance: f64| {
            assert!(
                (found - expected).abs() <= tolerance,
                "{backend} {precision}: {what} is {found}, PyTorch has {expected}"
            );
        };
        for (i, step) in reference.first_steps.iter().enumerate() {
            let expected = step.batch_loss_sum;
            let tolerance = loss_tolerance * expected;
            near(
                &format!("the loss of batch {i}"),
                replayed.batch_loss_sums[i],
                expected,
                tolerance,
            );
            let expected = [step.weights[0], step.weights[1], step.bias];
            for (found, expected) in replayed.first_steps[i].into_iter().zip(expected) {
                let what = format!("a parameter after update {i}");
                near(&what, found, expected, parameter_tolerance);
            }
        }
        for (epoch, loss) in reference.epoch_loss.iter().enumerate() {
            let what = format!("the loss of epoch {epoch}");
            near(
                &what,
                replayed.epoch_losses[epoch],
                *loss,
                loss_tolerance * loss,
            );
            let weights = reference.weights_after_epoch[epoch];
            let expected = [weights[0], weights[1], reference.bias_after_epoch[epoch]];
            for (found, expected) in replayed.after_epochs[epoch].into_iter().zip(expected) {
                let what = format!("a parameter after epoch {epoch}");
                near(&what, found, expected, parameter_tolerance);
            }
        }
    }
}

// In f64 the paths differ by rounding alone, about 1e-16 an operation.
#[test]
fn walks_the_path_of_pytorch_in_f64() {
    replays(Precision::F64, 1e-10, 1e-10);
}

// In f32 an operation rounds by about 6e-8; targets of around 10 and a loss of
// 1e-4 that is the square of small differences of them bring that to 1e-3.
#[test]
fn walks_the_path_of_pytorch_in_f32() {
    replays(Precision::F32, 1e-5, 1e-3);
}
