use super::*;
use burn_ndarray::NdArray;

type B = NdArray<f64>;

const LOSSES: [Loss; 4] = [
    Loss::Squared,
    Loss::Absolute,
    Loss::Huber { delta: 1.5 },
    Loss::Quantile { tau: 0.9 },
];

fn objective(loss: Loss, penalty: Penalty) -> Objective {
    let config = TrainingConfig::new().with_loss(loss).with_penalty(penalty);
    Objective::new(&config, None, 2)
}

#[test]
fn losses_are_those_of_their_definitions() {
    // The residual r, and its losses computed by hand.
    for (residual, expected) in [
        (-3.0, [9.0, 3.0, 6.75, 0.3]),
        (1.0, [1.0, 1.0, 1.0, 0.9]),
        (2.0, [4.0, 2.0, 3.75, 1.8]),
        (0.0, [0.0; 4]),
    ] {
        for (loss, expected) in LOSSES.iter().zip(expected) {
            assert!((loss.of(residual) - expected).abs() < 1e-12, "{loss:?}");
        }
    }
}

#[test]
fn the_device_computes_the_losses_of_the_host_with_weights() {
    let device = Default::default();
    let tensor = |rows: [[f64; 2]; 3]| {
        let data = TensorData::new(rows.concat(), [3, 2]);
        Tensor::<B, 2>::from_data(data, (&device, burn::tensor::DType::F64))
    };
    let (predictions, targets) = (
        [[1.0, 5.0], [-2.0, 0.0], [0.3, 0.0]],
        [[4.0, 4.0], [-2.0, 9.0], [0.1, -1.0]],
    );
    let weights = [0.5, 2.0, 1.0];
    let weight = TensorData::new(weights.to_vec(), [3, 1]);
    let weight = Tensor::from_data(weight, (&device, burn::tensor::DType::F64));
    for loss in LOSSES {
        let objective = objective(loss, Penalty::default());
        let losses = objective
            .losses(tensor(predictions), tensor(targets), Some(weight.clone()))
            .unwrap();
        let losses: Vec<f64> = losses.into_data().iter().collect();
        for row in 0..3 {
            for target in 0..2 {
                let residual = targets[row][target] - predictions[row][target];
                let expected = weights[row] * loss.of(residual);
                assert!(
                    (losses[2 * row + target] - expected).abs() < 1e-12,
                    "{loss:?}"
                );
            }
        }
    }
}

#[test]
fn the_proximal_step_minimises_its_definition() {
    // prox(v) minimises (w - v)² / 2 + step l1 |w| over the allowed w.
    for nonnegative in [false, true] {
        let penalty = Penalty {
            l1: 0.7,
            l2: 0.0,
            nonnegative,
        };
        let objective = objective(Loss::Squared, penalty);
        for v in [-2.0, -0.3, 0.0, 0.2, 1.9] {
            let found = objective.proximal(0, v, 0.5);
            let cost = |w: f64| (w - v).powi(2) / 2.0 + 0.35 * w.abs();
            for candidate in (-300..300).map(|i| f64::from(i) / 100.0) {
                assert!((nonnegative && candidate < 0.0) || cost(found) <= cost(candidate) + 1e-12);
            }
            let device = Default::default();
            let weight = row::<B>(&[v, v], &device);
            let on_device = objective.proximal_tensor(weight, 0.5).into_data();
            assert!((on_device.iter::<f64>().next().unwrap() - found).abs() < 1e-12);
        }
    }
}

#[test]
fn refuses_what_is_no_loss_or_penalty() {
    let config = TrainingConfig::new;
    let l1 = |l1| Penalty {
        l1,
        ..Penalty::default()
    };
    for (config, message) in [
        (
            config().with_loss(Loss::Huber { delta: 0.0 }),
            "the Huber loss's delta is 0, expected a finite number above 0",
        ),
        (
            config().with_loss(Loss::Quantile { tau: 1.0 }),
            "the quantile is 1, expected a number above 0 and below 1",
        ),
        (
            config().with_penalty(l1(-1.0)),
            "the L1 penalty is -1, expected a finite number, 0 or more",
        ),
    ] {
        assert_eq!(config.check().unwrap_err().to_string(), message);
    }
}
