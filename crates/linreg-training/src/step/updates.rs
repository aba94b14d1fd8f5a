//! Compares one update on all rows with formulas written by hand.

use super::tests::{dataset, epoch_in_order, loss};
use crate::{Clipping, Loss, OptimizerConfig, Penalty, TrainingConfig};

const START: [f64; 3] = [0.3, -0.7, 1.1];
const RATE: f64 = 0.1;

fn config() -> TrainingConfig {
    TrainingConfig::new()
        .with_batch_size(50)
        .with_learning_rate(RATE)
}

/// Returns weights and bias after an update.
fn updated(config: &TrainingConfig) -> [f64; 3] {
    epoch_in_order(config, &dataset(50), START)
}

/// Returns the gradient of the mean squared loss by central differences, which
/// are exact for a quadratic function.
fn gradient() -> [f64; 3] {
    let at = |index: usize, by: f64| {
        let mut parameters = START;
        parameters[index] += by;
        loss(&dataset(50), parameters)
    };
    [0, 1, 2].map(|index| (at(index, 1e-3) - at(index, -1e-3)) / 2e-3)
}

fn assert_close(found: [f64; 3], expected: [f64; 3]) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-9, "{found:?} {expected:?}");
    }
}

/// Returns each weight and the bias after a plain update by
/// `RATE * change(index, gradient)`.
fn plain(change: impl Fn(usize, f64) -> f64) -> [f64; 3] {
    let gradient = gradient();
    [0, 1, 2].map(|index| START[index] - RATE * change(index, gradient[index]))
}

#[test]
fn penalties_and_weight_decay_pull_weights_and_leave_the_bias() {
    let penalty = Penalty {
        l2: 0.4,
        ..Penalty::default()
    };
    let found = updated(&config().with_penalty(penalty).with_weight_decay(0.5));
    // The gradients of 0.4 w² and 0.5 w² / 2.
    let expected = plain(|index, slope| match index {
        2 => slope,
        _ => slope + (0.8 + 0.5) * START[index],
    });
    assert_close(found, expected);

    let penalty = Penalty {
        l1: 2.0,
        ..Penalty::default()
    };
    let found = updated(&config().with_penalty(penalty));
    let mut expected = plain(|_, slope| slope);
    for w in &mut expected[..2] {
        *w = w.signum() * (w.abs() - RATE * 2.0).max(0.0);
    }
    assert_close(found, expected);

    let penalty = Penalty {
        nonnegative: true,
        ..Penalty::default()
    };
    let found = updated(&config().with_penalty(penalty));
    assert!(expected[1] < 0.0);
    assert_eq!(found[1], 0.0);
}

#[test]
fn adamw_decays_beside_the_gradient() {
    let adam = updated(&config().with_optimizer(OptimizerConfig::Adam));
    let adamw = config().with_optimizer(OptimizerConfig::AdamW);
    let found = updated(&adamw.with_weight_decay(0.5));
    for index in 0..3 {
        let decay = if index < 2 { 0.5 * START[index] } else { 0.0 };
        // Burn's factors are 32-bit floats, and are applied in another order here
        // than there.
        assert!((found[index] - (adam[index] - RATE * decay)).abs() < 1e-6);
    }
}

#[test]
fn clipping_limits_gradients() {
    let found = updated(&config().with_clipping(Some(Clipping::Value(0.25))));
    assert_close(found, plain(|_, slope| slope.clamp(-0.25, 0.25)));
    let found = updated(&config().with_clipping(Some(Clipping::Norm(0.25))));
    let [a, b, _] = gradient();
    // Weights and bias are clipped separately.
    let expected = plain(|index, slope| match index {
        2 => slope.signum() * 0.25,
        _ => slope * 0.25 / a.hypot(b),
    });
    assert_close(found, expected);
}

#[test]
fn other_losses_have_their_gradients() {
    for loss in [
        Loss::Absolute,
        Loss::Huber { delta: 1.5 },
        Loss::Quantile { tau: 0.8 },
    ] {
        let dataset = dataset(50);
        let mean = |[w1, w2, b]: [f64; 3]| {
            let rows = dataset.features().chunks(2).zip(dataset.targets());
            let losses = rows.map(|(x, y)| loss.of(y - (w1 * x[0] + w2 * x[1] + b)));
            losses.sum::<f64>() / 50.0
        };
        let found = updated(&config().with_loss(loss));
        for index in 0..3 {
            // The loss is linear between its corners, and no corner is that near.
            let (mut above, mut below) = (START, START);
            above[index] += 1e-6;
            below[index] -= 1e-6;
            let slope = (mean(above) - mean(below)) / 2e-6;
            assert!(
                (found[index] - (START[index] - RATE * slope)).abs() < 1e-7,
                "{loss:?}"
            );
        }
    }
}
