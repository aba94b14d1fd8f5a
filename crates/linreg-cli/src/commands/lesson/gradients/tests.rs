use linreg_backend::{BackendKind, Precision, run};
use linreg_model::Coefficients;
use serde::Deserialize;

use super::*;

/// The lesson's rows, start and orders; see `tests/reference.rs` for what wrote them.
#[derive(Deserialize)]
struct Lesson {
    batch_size: usize,
    learning_rate: f64,
    features: Vec<[f64; 2]>,
    targets: Vec<f64>,
    initial_weights: Vec<f64>,
    initial_bias: f64,
    epoch_order: Vec<Vec<usize>>,
    epoch_loss: Vec<f64>,
}

/// The losses of PyTorch for these rows without `zero_grad`.
#[derive(Deserialize)]
struct Variations {
    never_zeroed: Vec<AfterEpoch>,
}

#[derive(Deserialize)]
struct AfterEpoch {
    loss: f64,
}

struct Replay<'a>(&'a Lesson, bool);

impl Task for Replay<'_> {
    type Output = Vec<f64>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<f64> {
        let lesson = self.0;
        let dataset = Dataset::new(
            lesson.features.as_flattened().to_vec(),
            lesson.targets.clone(),
            vec!["x1".into(), "x2".into()],
            vec!["y".into()],
        );
        let batches = Batches::new(&dataset.unwrap(), lesson.batch_size, &device).unwrap();
        let start = Coefficients::new(lesson.initial_weights.clone(), vec![lesson.initial_bias]);
        let start = LinearRegression::from_coefficients(&start.unwrap(), &device);
        let orders = lesson.epoch_order.iter().cloned();
        let epochs = orders.map(|order| batches.in_order(order).unwrap());
        train::<B, _>(&start, epochs, &batches, lesson.learning_rate, self.1)
    }
}

#[test]
fn gradients_set_to_zero_and_never_set_to_zero_walk_pytorchs_paths() {
    let lesson = include_str!("../../../../../../tests/reference/lesson_pytorch_f64.json");
    let lesson: Lesson = serde_json::from_str(lesson).unwrap();
    let variations =
        include_str!("../../../../../../tests/reference/lesson_experiments_pytorch_f64.json");
    let variations: Variations = serde_json::from_str(variations).unwrap();
    let never: Vec<f64> = variations
        .never_zeroed
        .iter()
        .map(|epoch| epoch.loss)
        .collect();
    assert_eq!(never.len(), 3);
    for backend in BackendKind::available() {
        if !backend.precisions().contains(&Precision::F64) {
            continue;
        }
        for (zero, expected) in [(true, &lesson.epoch_loss), (false, &never)] {
            let found = run(backend, Precision::F64, None, Replay(&lesson, zero)).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                // Each operation rounds by about 1e-16, and oscillations carry
                // the errors along.
                let difference = (found - expected).abs();
                assert!(
                    difference <= 1e-9 * expected,
                    "{backend}: {found} {expected}"
                );
            }
        }
    }
}
