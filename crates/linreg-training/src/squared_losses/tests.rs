//! Compares the one node with Burn's own operations and with plain loops.

use burn::tensor::{Distribution, ElementConversion};
use burn_flex::Flex;
use burn_ndarray::NdArray;
use linreg_model::LinearRegressionConfig;

use super::*;

/// Losses and gradients of the weight and the bias.
type Found = [Vec<f64>; 3];

// The type of numbers is named, because Burn 0.21 otherwise takes that of the first
// backend that used the device.
fn random<B: Backend, const D: usize>(shape: [usize; D]) -> Tensor<B, D> {
    let options = (&B::Device::default(), B::FloatElem::dtype());
    Tensor::random(shape, Distribution::Default, options) * 4.0 - 2.0
}

fn model<B: AutodiffBackend>(num_features: usize) -> LinearRegression<B> {
    let mut model = LinearRegressionConfig::new(num_features)
        .init::<B>(&Default::default())
        .unwrap();
    model.weight = model
        .weight
        .map(|_| random([num_features, 1]).require_grad());
    model.bias = model.bias.map(|_| random([1]).require_grad());
    model
}

/// Returns what `backward` gives for losses that are each multiplied by its row's number
/// once more, so that they have different gradients.
fn backward<B: AutodiffBackend>(model: &LinearRegression<B>, losses: Tensor<B, 2>) -> Found {
    let [rows, _] = losses.dims();
    let factors: Vec<f64> = (0..rows).map(|row| row as f64 / rows as f64).collect();
    let data = TensorData::new(factors, [rows, 1]);
    let factors = Tensor::from_data(data, (&losses.device(), losses.dtype()));
    let values = losses.clone().inner().into_data().iter::<f64>().collect();
    let gradients = (losses * factors).backward();
    let [weight, bias] = [
        model.weight.val().grad(&gradients).unwrap().into_data(),
        model.bias.val().grad(&gradients).unwrap().into_data(),
    ];
    [
        values,
        weight.iter::<f64>().collect(),
        bias.iter::<f64>().collect(),
    ]
}

fn with_burns_operations<B: AutodiffBackend>(
    model: &LinearRegression<B>,
    batch: Batch<B::InnerBackend>,
) -> Found {
    let predictions = model.forward(Tensor::from_inner(batch.features));
    let losses = (predictions - Tensor::from_inner(batch.targets)).square();
    let losses = match batch.weights {
        Some(weights) => losses * Tensor::from_inner(weights),
        None => losses,
    };
    backward(model, losses)
}

fn is_as_with_burns_operations<B: AutodiffBackend>() {
    let device = Default::default();
    assert!(can_be_one_node::<B>(1, &device));
    let epsilon = B::FloatElem::dtype().finfo().unwrap().epsilon;
    for (seed, (num_rows, num_features)) in [(1, 1), (1, 17), (3, 2), (10, 2), (64, 16), (700, 33)]
        .into_iter()
        .enumerate()
    {
        B::seed(&device, seed as u64);
        for weighted in [false, true] {
            let model = model::<B>(num_features);
            let batch = Batch::<B::InnerBackend> {
                features: random([num_rows, num_features]),
                targets: random([num_rows, 1]),
                weights: weighted.then(|| random([num_rows, 1]).abs()),
                more_follows: false,
            };
            let expected = with_burns_operations(&model, batch.clone());
            let losses = squared_losses(&model, batch).ok().unwrap();
            let found = backward(&model, losses);
            // No number of a sum is above 2, so no residual is above 4 features + 4, and
            // no loss above its square; a sum of n numbers is wrong by at most n epsilons
            // of the sum of their sizes.
            let residual = 4.0 * num_features as f64 + 4.0;
            let numbers = (num_rows + num_features) as f64;
            let largest = [
                2.0 * residual * residual,
                num_rows as f64 * 8.0 * residual,
                num_rows as f64 * 4.0 * residual,
            ];
            for ((found, expected), largest) in zip(zip(found, expected), largest) {
                assert_eq!(found.len(), expected.len());
                for (found, expected) in zip(found, expected) {
                    let tolerance = numbers * epsilon * largest;
                    assert!(
                        (found - expected).abs() <= tolerance,
                        "{num_rows} x {num_features}: {found}, expected {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn losses_and_gradients_are_those_of_burns_operations() {
    is_as_with_burns_operations::<Autodiff<NdArray>>();
    is_as_with_burns_operations::<Autodiff<NdArray<f64>>>();
    is_as_with_burns_operations::<Autodiff<Flex>>();
}

#[test]
fn whole_numbers_give_exact_losses_and_gradients() {
    type B = Autodiff<NdArray>;
    let device = Default::default();
    // 1000 rows of 18 features: x = (row + feature) % 5, w = feature % 3 - 1, b = 2,
    // y = row % 7, weights row % 2 + 1.
    let (num_rows, num_features) = (1000, 18);
    let x = |row: usize, feature: usize| ((row + feature) % 5) as i64;
    let w = |feature: usize| feature as i64 % 3 - 1;
    let numbers = |values: Vec<i64>, shape: [usize; 2]| {
        let values = values.iter().map(|value| value.elem::<f32>()).collect();
        TensorData::new(values, shape)
    };
    let features = (0..num_rows * num_features).map(|i| x(i / num_features, i % num_features));
    let weight = numbers((0..num_features).map(w).collect(), [num_features, 1]);
    let bias = TensorData::from([2.0_f32]);
    let mut model = model::<B>(num_features);
    model.weight = model.weight.map(|_| tensor(weight, &device).require_grad());
    model.bias = model.bias.map(|_| tensor(bias, &device).require_grad());
    let column = |of: fn(i64) -> i64| {
        let values = (0..num_rows as i64).map(of).collect();
        tensor(numbers(values, [num_rows, 1]), &device)
    };
    let batch = Batch {
        features: tensor(
            numbers(features.collect(), [num_rows, num_features]),
            &device,
        ),
        targets: column(|row| row % 7),
        weights: Some(column(|row| row % 2 + 1)),
        more_follows: false,
    };
    let losses = squared_losses(&model, batch).ok().unwrap();
    let mut expected = [Vec::new(), vec![0; num_features], vec![0]];
    for row in 0..num_rows {
        let prediction: i64 = (0..num_features).map(|i| x(row, i) * w(i)).sum::<i64>() + 2;
        let (residual, weight) = (prediction - row as i64 % 7, row as i64 % 2 + 1);
        expected[0].push(weight * residual * residual);
        for (feature, sum) in expected[1].iter_mut().enumerate() {
            *sum += 2 * weight * residual * x(row, feature);
        }
        expected[2][0] += 2 * weight * residual;
    }
    let values: Vec<f32> = losses.clone().inner().into_data().to_vec().unwrap();
    let gradients = losses.backward();
    let of_weight = model.weight.val().grad(&gradients).unwrap().into_data();
    let of_bias = model.bias.val().grad(&gradients).unwrap().into_data();
    let found = [
        values,
        of_weight.to_vec().unwrap(),
        of_bias.to_vec().unwrap(),
    ];
    let expected = expected.map(|numbers| numbers.iter().map(|n| *n as f32).collect::<Vec<_>>());
    assert_eq!(found, expected);
}

#[test]
fn other_batches_and_backends_are_left_to_burns_operations() {
    type B = Autodiff<NdArray>;
    let device = Default::default();
    assert!(!can_be_one_node::<B>(2, &device));
    let model = model::<B>(2);
    let batch = |num_rows| Batch::<NdArray> {
        features: random([num_rows, 2]),
        targets: random([num_rows, 1]),
        weights: None,
        more_follows: false,
    };
    assert!(squared_losses(&model, batch(3)).is_ok());
    let none = squared_losses(&model, batch(0));
    assert_eq!(none.unwrap_err().features.dims(), [0, 2]);
    let mut wide = batch(3);
    wide.targets = wide.targets.cast(DType::F64);
    assert!(squared_losses(&model, wide).is_err());
}
