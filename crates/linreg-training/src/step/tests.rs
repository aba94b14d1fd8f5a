use super::*;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{Batches, Dataset, SyntheticConfig};
use linreg_model::Coefficients;

type B = Autodiff<NdArray<f64>>;

pub(super) fn dataset(num_examples: usize) -> Dataset {
    let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
    let config = config.with_num_examples(num_examples).with_noise_std(0.5);
    config.generate().unwrap()
}

/// Returns weights and bias after an epoch in file order that starts from
/// `start`.
pub(super) fn epoch_in_order(
    config: &TrainingConfig,
    dataset: &Dataset,
    start: [f64; 3],
) -> [f64; 3] {
    let device = Default::default();
    let batches = Batches::new(dataset, config.batch_size, &device).unwrap();
    let start = Coefficients::new(start[..2].to_vec(), start[2..].to_vec()).unwrap();
    let model = LinearRegression::<B>::from_coefficients(&start, &device);
    let order = (0..dataset.num_rows()).collect();
    let training = batches
        .in_order(order)
        .unwrap()
        .try_fold(
            Training::new(model, config, &batches).unwrap(),
            Training::step,
        )
        .unwrap();
    let (training, not_finite) = training.end_epoch();
    assert_eq!(not_finite, None);
    let end = training.model().coefficients().unwrap();
    [end.weight()[0], end.weight()[1], end.bias()[0]]
}

/// Returns the mean loss of all rows, computed in a plain loop.
pub(super) fn loss(dataset: &Dataset, [w1, w2, b]: [f64; 3]) -> f64 {
    let rows = dataset.features().chunks(2).zip(dataset.targets());
    let sum: f64 = rows
        .map(|(x, y)| (w1 * x[0] + w2 * x[1] + b - y).powi(2))
        .sum();
    sum / dataset.num_rows() as f64
}

#[test]
fn a_full_batch_step_follows_the_gradient_by_finite_differences() {
    let dataset = dataset(50);
    let (rate, start) = (0.1, [0.3, -0.7, 1.1]);
    let config = TrainingConfig::new()
        .with_batch_size(50)
        .with_learning_rate(rate);
    let end = epoch_in_order(&config, &dataset, start);
    for i in 0..3 {
        // Central differences of a quadratic have no truncation error.
        let (mut above, mut below) = (start, start);
        above[i] += 1e-3;
        below[i] -= 1e-3;
        let gradient = (loss(&dataset, above) - loss(&dataset, below)) / 2e-3;
        assert!((end[i] - (start[i] - rate * gradient)).abs() < 1e-10);
    }
}

#[test]
fn a_short_batch_is_divided_by_the_batch_size_asked_for() {
    let dataset = dataset(7);
    let start = [0.0, 0.0, 0.0];
    let config = TrainingConfig::new().with_batch_size(5);
    // The batches have 5 and 2 rows. The second update is the sum of the
    // gradients divided by 5.
    let first = dataset.select(&[0, 1, 2, 3, 4]).unwrap();
    let second = dataset.select(&[5, 6]).unwrap();
    let middle = epoch_in_order(&config, &first, start);
    let whole = config.clone().with_batch_size(2);
    let whole = whole.with_learning_rate(config.learning_rate * 2.0 / 5.0);
    let expected = epoch_in_order(&whole, &second, middle);
    let end = epoch_in_order(&config, &dataset, start);
    for (a, b) in end.iter().zip(expected) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
}

#[test]
fn accumulated_batches_give_the_update_of_one_large_batch() {
    // 4 batches of 6 rows are one batch of 24; then 2 batches of 6 and 3 rows
    // are left over.
    let dataset = dataset(33);
    let start = [0.5, 0.5, 0.5];
    let accumulated = TrainingConfig::new().with_batch_size(6).with_accumulate(4);
    let large = TrainingConfig::new().with_batch_size(24);
    let a = epoch_in_order(&accumulated, &dataset, start);
    let b = epoch_in_order(&large, &dataset, start);
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
}

#[test]
fn more_batches_than_an_epoch_has_give_one_update_for_the_epoch() {
    let dataset = dataset(30);
    let four = TrainingConfig::new().with_batch_size(8).with_accumulate(4);
    let many = four.clone().with_accumulate(1000);
    let start = [0.5, 0.5, 0.5];
    let expected = epoch_in_order(&four, &dataset, start);
    assert_eq!(epoch_in_order(&many, &dataset, start), expected);
}

#[test]
fn a_batch_in_parts_gives_the_update_of_the_whole() {
    let dataset = dataset(10);
    let device = Default::default();
    for accumulate in [1, 2] {
        let config = TrainingConfig::new()
            .with_batch_size(5)
            .with_accumulate(accumulate);
        let start = Coefficients::new(vec![0.5, 0.5], vec![0.5]).unwrap();
        let batches = Batches::new(&dataset, 5, &device).unwrap();
        let model = LinearRegression::<B>::from_coefficients(&start, &device);
        let training = batches.in_order((0..10).collect()).unwrap().fold(
            Training::new(model, &config, &batches).unwrap(),
            |training, batch| {
                let part = |from: usize, to: usize, more_follows| Batch {
                    features: batch.features.clone().slice(from..to),
                    targets: batch.targets.clone().slice(from..to),
                    weights: None,
                    more_follows,
                };
                let first = training.step(part(0, 2, true)).unwrap();
                first.step(part(2, 5, false)).unwrap()
            },
        );
        let (training, _) = training.end_epoch();
        let found = training.model().coefficients().unwrap();
        let found = [found.weight(), found.bias()].concat();
        let expected = epoch_in_order(&config, &dataset, [0.5; 3]);
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }
}

#[test]
fn momentum_carries_earlier_gradients_on() {
    // All features are 0, so only the bias is trained. With the gradient g =
    // 2 (b - 1) the path is v = m v + g, b = b - rate v.
    let dataset = Dataset::new(
        vec![0.0; 6],
        vec![1.0; 3],
        vec!["a".into(), "b".into()],
        vec!["y".into()],
    );
    let config = TrainingConfig::new()
        .with_batch_size(1)
        .with_learning_rate(0.1)
        .with_optimizer(OptimizerConfig::Sgd {
            momentum: 0.9,
            nesterov: false,
        });
    let end = epoch_in_order(&config, &dataset.unwrap(), [0.0, 0.0, 0.0]);
    let (mut bias, mut velocity) = (0.0, 0.0);
    for _ in 0..3 {
        velocity = 0.9 * velocity + 2.0 * (bias - 1.0);
        bias -= 0.1 * velocity;
    }
    assert!((end[2] - bias).abs() < 1e-12, "{} {bias}", end[2]);
}

#[test]
fn names_the_first_batch_with_a_loss_that_is_not_finite() {
    let device = Default::default();
    let dataset = dataset(100);
    let batches = Batches::new(&dataset, 10, &device).unwrap();
    let start = Coefficients::new(vec![0.0, 0.0], vec![1e200]).unwrap();
    let config = TrainingConfig::new();
    let model = LinearRegression::<B>::from_coefficients(&start, &device);
    let training = batches
        .epoch(0, 0)
        .try_fold(
            Training::new(model, &config, &batches).unwrap(),
            Training::step,
        )
        .unwrap();
    let (_, not_finite) = training.end_epoch();
    assert_eq!(not_finite, Some((0, f64::INFINITY)));
}
