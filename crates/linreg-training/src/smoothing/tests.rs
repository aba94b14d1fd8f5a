use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;

use super::*;
use crate::Loss;

type B = NdArray<f64>;

const LOSSES: [Loss; 3] = [
    Loss::Absolute,
    Loss::Quantile { tau: 0.9 },
    Loss::Quantile { tau: 0.02 },
];

/// Residuals near both ends of the width 0.5, and far from them.
const RESIDUALS: [f64; 9] = [-2.0, -0.6, -0.5, -0.3, 0.0, 0.1, 0.49, 0.51, 7.0];
const WIDTH: f64 = 0.5;

fn numbers(rows: Tensor<B, 2>) -> Vec<f64> {
    rows.into_data().iter().collect()
}

fn column(values: [f64; 9]) -> Tensor<B, 2> {
    let rows = values.map(|value| row::<B>(&[value], &Default::default()));
    Tensor::cat(rows.to_vec(), 0)
}

fn objective(loss: Loss) -> Objective {
    let config = TrainingConfig::new().with_loss(loss);
    Objective::new(&config, None, 1)
}

#[test]
fn no_smoothed_loss_is_further_off_than_half_the_width_times_the_slope() {
    for loss in LOSSES {
        let (slope, _) = loss.corner().unwrap();
        let weights = Some(column([3.0; 9]));
        let (predictions, targets) = (column([0.0; 9]), column(RESIDUALS));
        let found = smoothed_losses(&objective(loss), &[WIDTH], predictions, targets, weights);
        for (found, residual) in numbers(found).iter().zip(RESIDUALS) {
            let below = loss.of(residual) - found / 3.0;
            assert!(below >= -1e-12 && below <= slope * WIDTH / 2.0 + 1e-12);
            if residual.abs() > WIDTH {
                assert!((below - slope * WIDTH / 2.0).abs() < 1e-12);
            }
        }
    }
}

/// The gradient of `backward` is minus the slope `tilt + slope clamp(r / h)`, and
/// the slack is the loss less that slope times `r`.
#[test]
fn slopes_are_within_the_box_of_the_dual_program_and_slacks_are_theirs() {
    type Auto = Autodiff<B>;
    for loss in LOSSES {
        let (slope, tilt) = loss.corner().unwrap();
        let predictions = Tensor::<Auto, 2>::from_inner(column([0.0; 9])).require_grad();
        let targets = Tensor::from_inner(column(RESIDUALS));
        let objective = objective(loss);
        let losses = smoothed_losses(&objective, &[WIDTH], predictions.clone(), targets, None);
        let gradient = numbers(predictions.grad(&losses.backward()).unwrap());
        let slacks = slacks(
            &objective,
            &[WIDTH],
            column([0.0; 9]),
            column(RESIDUALS),
            None,
        );
        for ((gradient, slack), r) in gradient.iter().zip(numbers(slacks)).zip(RESIDUALS) {
            let u = tilt + slope * (r / WIDTH).clamp(-1.0, 1.0);
            assert!((gradient + u).abs() < 1e-12, "{loss:?} {r}: {gradient} {u}");
            assert!((slack - (loss.of(r) - u * r)).abs() < 1e-12, "{loss:?} {r}");
        }
    }
}
