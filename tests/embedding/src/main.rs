//! An app with a linear model inside, on Burn's wgpu backend with everything
//! that it fuses: predictions and gradients against plain loops.

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_wgpu::Wgpu;
use linreg_model::{Coefficients, LinearRegression, ModelFile};

type B = Autodiff<Wgpu>;

/// The app's own module.
#[derive(Module, Debug)]
struct App<B: Backend> {
    linear: LinearRegression<B>,
}

fn number(index: usize) -> f64 {
    (index as f64 * 0.754_877_666).fract() * 4.0 - 2.0
}

/// What a fused kernel gets wrong depends on the number of features, above all
/// on whether it is odd.
fn check(num_rows: usize, num_features: usize, num_targets: usize) {
    let weight: Vec<f64> = (0..num_features * num_targets)
        .map(|i| number(i) + 0.1)
        .collect();
    let bias: Vec<f64> = (0..num_targets).map(|i| 0.5 - number(i)).collect();
    let coefficients = Coefficients::new(weight, bias).unwrap();
    let features = (0..num_features).map(|i| format!("x{i}"));
    let targets = (0..num_targets).map(|i| format!("y{i}"));
    let file = ModelFile::new(coefficients, features, targets).unwrap();
    let file = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();

    let device = Default::default();
    let linear = LinearRegression::from_coefficients(&file.coefficients, &device);
    let app = App::<B> { linear };
    let rows: Vec<f64> = (0..num_rows * num_features)
        .map(|i| number(i + 7))
        .collect();
    let data = TensorData::new(rows.clone(), [num_rows, num_features]).convert::<f32>();
    let predictions = app.linear.forward(Tensor::from_data(data, &device));
    let gradients = predictions.clone().square().backward();

    let expected = file.coefficients.predict(&rows).unwrap();
    let mut expected_gradient = vec![0.0; num_features * num_targets];
    for (row, predictions) in rows.chunks(num_features).zip(expected.chunks(num_targets)) {
        for (i, x) in row.iter().enumerate() {
            for (j, prediction) in predictions.iter().enumerate() {
                expected_gradient[i * num_targets + j] += 2.0 * prediction * x;
            }
        }
    }
    let gradient = app.linear.weight.grad(&gradients).unwrap().into_data();
    for (what, found, expected) in [
        ("prediction", predictions.into_data(), expected),
        ("gradient", gradient, expected_gradient),
    ] {
        let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        for (found, expected) in found.iter::<f64>().zip(&expected) {
            // Sums of up to 1000 32-bit floats.
            assert!(
                (found - expected).abs() < 1e-4 * largest,
                "{what} of {num_rows} rows, {num_features} features, {num_targets} targets: \
                 {found}, expected {expected}"
            );
        }
    }
}

fn main() {
    for num_rows in [1, 7, 10, 101, 1000] {
        for num_features in [1, 2, 3, 4, 5, 7, 8, 13, 100, 101] {
            for num_targets in [1, 2, 3] {
                check(num_rows, num_features, num_targets);
            }
        }
    }
    println!("embedded in an app on wgpu, the model predicts and differentiates right");
}
