//! Variations of the lesson's loop: gradients that are never set to zero or are
//! added up on purpose, other batch sizes with and without the division by them,
//! and a short last batch.

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor};
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_training::{Training, TrainingConfig, mean_loss};
use serde::Deserialize;

use super::{Reference, parameters};
use crate::tool::test_file;

#[derive(Deserialize)]
struct Experiments {
    never_zeroed: Vec<State>,
    accumulated_4_of_10: Vec<State>,
    batches_of_40: Vec<State>,
    first_20_updates: Vec<FirstUpdates>,
    short_last_batch_of_300: Vec<State>,
}

/// After one epoch, or the part of it that was run.
#[derive(Debug, Deserialize)]
struct State {
    loss: f64,
    weights: [f64; 2],
    bias: f64,
}

#[derive(Deserialize)]
struct FirstUpdates {
    batch_size: usize,
    sum_divided: State,
    sum_alone: State,
}

/// The lesson's loop with these settings, by [`Training`].
struct Variation<'a> {
    reference: &'a Reference,
    config: TrainingConfig,
    /// Of each epoch, the most batches that are used.
    batches: usize,
}

impl Task for Variation<'_> {
    type Output = Vec<State>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<State> {
        let reference = self.reference;
        let batches = reference.batches::<B::InnerBackend>(self.config.batch_size, &device);
        let start = reference.start::<B>(&device);
        let mut training = Training::new(start, &self.config, &batches).unwrap();
        let mut states = vec![];
        for order in &reference.epoch_order[..self.config.num_epochs] {
            for batch in batches.in_order(order.clone()).unwrap().take(self.batches) {
                training = training.step(batch).unwrap();
            }
            let not_finite;
            (training, not_finite) = training.end_epoch();
            assert_eq!(not_finite, None);
            let [w1, w2, bias] = parameters(&training);
            states.push(State {
                loss: mean_loss(&training.model().valid(), &batches).unwrap(),
                weights: [w1, w2],
                bias,
            });
        }
        states
    }
}

/// The lesson's loop on raw tensors, with gradients that are added up as PyTorch
/// does unless told to zero them. `Training` has no such mode: it would be a
/// mistake.
struct NeverZeroed<'a>(&'a Reference);

impl Task for NeverZeroed<'_> {
    type Output = Vec<State>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<State> {
        let reference = self.0;
        let rate = reference.learning_rate / reference.batch_size as f64;
        let batches = reference.batches::<B::InnerBackend>(reference.batch_size, &device);
        let start = reference.start::<B>(&device);
        let (mut w, mut b) = (start.weight.val(), start.bias.val());
        let mut w_grad = w.clone().inner().zeros_like();
        let mut b_grad = b.clone().inner().zeros_like();
        let mut states = vec![];
        for order in &reference.epoch_order {
            for batch in batches.in_order(order.clone()).unwrap() {
                let x = Tensor::<B, 2>::from_inner(batch.features);
                let y_hat = x.matmul(w.clone()) + b.clone().unsqueeze();
                let loss = (y_hat - Tensor::from_inner(batch.targets)).square().sum();
                let grads = loss.backward();
                w_grad = w_grad + w.grad(&grads).unwrap();
                b_grad = b_grad + b.grad(&grads).unwrap();
                w = Tensor::from_inner(w.inner() - w_grad.clone() * rate).require_grad();
                b = Tensor::from_inner(b.inner() - b_grad.clone() * rate).require_grad();
            }
            let all = batches.sequential(reference.targets.len()).next().unwrap();
            let (weight, bias) = (w.clone().inner(), b.clone().inner());
            let y_hat = all.features.matmul(weight.clone()) + bias.clone().unsqueeze();
            let loss = (y_hat - all.targets).square().mean().into_scalar();
            let weights: Vec<f64> = weight.into_data().iter().collect();
            states.push(State {
                loss: loss.elem(),
                weights: [weights[0], weights[1]],
                bias: bias.into_scalar().elem(),
            });
        }
        states
    }
}

/// In which precision, and how near to PyTorch: of the loss and of the largest
/// parameter (or of 1, if that is more).
#[derive(Clone, Copy)]
struct Tolerance {
    precision: Precision,
    parameter: f64,
    loss: f64,
}

/// Rounding alone, about 1e-16 an operation, in at most 300 updates of batches
/// whose sums are taken in another order than PyTorch's.
const F64: Tolerance = Tolerance {
    precision: Precision::F64,
    parameter: 1e-12,
    loss: 1e-12,
};

/// The same with about 6e-8 an operation. A loss of 1e-4 is the square of small
/// differences of targets of around 10, which brings that to 1e-3.
const F32: Tolerance = Tolerance {
    precision: Precision::F32,
    parameter: 1e-5,
    loss: 1e-3,
};

/// The data and what PyTorch came to on it.
fn read(precision: Precision) -> (Reference, Experiments) {
    let file = format!("reference/lesson_experiments_pytorch_{precision}.json");
    let text = std::fs::read_to_string(test_file(&file)).unwrap();
    (
        Reference::read(precision),
        serde_json::from_str(&text).unwrap(),
    )
}

fn assert_near(what: &str, found: &[State], expected: &[State], tolerance: Tolerance) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let numbers = |state: &State| [state.weights[0], state.weights[1], state.bias];
        let largest = numbers(expected)
            .map(f64::abs)
            .into_iter()
            .fold(1.0, f64::max);
        let pairs = numbers(found).into_iter().zip(numbers(expected));
        let parameter = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest;
        let loss = (found.loss - expected.loss).abs() / expected.loss;
        assert!(
            parameter <= tolerance.parameter && loss <= tolerance.loss,
            "{what}, state {i}: {found:?}, PyTorch has {expected:?}"
        );
    }
}

/// Runs a task on every backend that has the precision.
fn on_every_backend<T: Task<Output = Vec<State>>>(
    what: &str,
    expected: &[State],
    tolerance: Tolerance,
    task: impl Fn() -> T,
) {
    let precision = tolerance.precision;
    for backend in BackendKind::available() {
        if backend.precisions().contains(&precision) {
            let found = run(backend, precision, None, task()).unwrap();
            let what = format!("{what} on {backend} in {precision}");
            assert_near(&what, &found, expected, tolerance);
        }
    }
}

impl Reference {
    /// The lesson's settings with batches of this many rows.
    fn config(&self, batch_size: usize) -> TrainingConfig {
        TrainingConfig::new()
            .with_batch_size(batch_size)
            .with_learning_rate(self.learning_rate)
    }
}

// With all gradients so far in each step, the parameters swing about the truth
// and do not come to rest there.
#[test]
fn gradients_never_set_to_zero_do_what_they_do_in_pytorch() {
    for tolerance in [F64, F32] {
        let (reference, expected) = read(tolerance.precision);
        let expected = expected.never_zeroed;
        on_every_backend("never zeroed", &expected, tolerance, || {
            NeverZeroed(&reference)
        });
        for (state, lesson) in expected.iter().zip(&reference.epoch_loss) {
            assert!(state.loss > 1000.0 * lesson);
        }
    }
}

#[test]
fn gradients_of_4_batches_added_up_do_what_they_do_in_pytorch() {
    for tolerance in [F64, F32] {
        let (reference, expected) = read(tolerance.precision);
        let variation = |batch_size: usize, accumulate: usize| Variation {
            reference: &reference,
            config: reference.config(batch_size).with_accumulate(accumulate),
            batches: usize::MAX,
        };
        let accumulated = &expected.accumulated_4_of_10;
        on_every_backend("4 batches of 10", accumulated, tolerance, || {
            variation(10, 4)
        });
        let whole = &expected.batches_of_40;
        on_every_backend("batches of 40", whole, tolerance, || variation(40, 1));
        assert_near("in PyTorch", accumulated, whole, tolerance);
    }
}

// Without the division by the batch size, the sum takes steps as long as a
// learning rate that is as many times as large: too long for batches of 50, whose
// parameters end beyond a million.
#[test]
fn batch_sizes_with_and_without_the_division_do_what_they_do_in_pytorch() {
    for tolerance in [F64, F32] {
        let (reference, expected) = read(tolerance.precision);
        assert_eq!(expected.first_20_updates.len(), 3);
        for updates in expected.first_20_updates {
            let batch_size = updates.batch_size;
            let variation = |learning_rate: f64| Variation {
                reference: &reference,
                config: reference
                    .config(batch_size)
                    .with_num_epochs(1)
                    .with_learning_rate(learning_rate),
                batches: 20,
            };
            let rate = reference.learning_rate;
            let what = format!("batches of {batch_size}, divided");
            on_every_backend(&what, &[updates.sum_divided], tolerance, || variation(rate));
            let what = format!("batches of {batch_size}, the sum alone");
            let rate = rate * batch_size as f64;
            on_every_backend(&what, &[updates.sum_alone], tolerance, || variation(rate));
        }
    }
}

#[test]
fn a_short_last_batch_is_divided_by_the_batch_size_as_in_pytorch() {
    for tolerance in [F64, F32] {
        let (reference, expected) = read(tolerance.precision);
        let expected = expected.short_last_batch_of_300;
        on_every_backend("batches of 300", &expected, tolerance, || Variation {
            reference: &reference,
            config: reference.config(300).with_num_epochs(1),
            batches: usize::MAX,
        });
    }
}
