use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_train::{InferenceStep, RegressionOutput, TrainOutput, TrainStep};

use crate::LinearRegression;

/// A training step for Burn's own training loop, on features
/// `[rows, num_features]` and targets `[rows, num_targets]`.
///
/// The loss is the mean over the rows of the batch, also of a short last batch,
/// of the squared differences, summed over the targets.
///
/// # Panics
///
/// If the targets do not have the shape of the predictions.
impl<B: AutodiffBackend> TrainStep for LinearRegression<B> {
    type Input = (Tensor<B, 2>, Tensor<B, 2>);
    type Output = RegressionOutput<B>;

    fn step(&self, (features, targets): Self::Input) -> TrainOutput<RegressionOutput<B>> {
        let output = judge(self, features, targets);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

/// A validation step for Burn's own training loop: the same loss, without
/// gradients.
///
/// # Panics
///
/// If the targets do not have the shape of the predictions.
impl<B: Backend> InferenceStep for LinearRegression<B> {
    type Input = (Tensor<B, 2>, Tensor<B, 2>);
    type Output = RegressionOutput<B>;

    fn step(&self, (features, targets): Self::Input) -> RegressionOutput<B> {
        judge(self, features, targets)
    }
}

fn judge<B: Backend>(
    model: &LinearRegression<B>,
    features: Tensor<B, 2>,
    targets: Tensor<B, 2>,
) -> RegressionOutput<B> {
    let predictions = model.forward(features);
    let shape = predictions.dims();
    assert_eq!(
        shape,
        targets.dims(),
        "predictions and targets differ in shape"
    );
    let squares = (predictions.clone() - targets.clone()).square();
    // This is a sum and not a mean, because Burn 0.21 computes wrong means of
    // many rows on wgpu. It is a product and not a quotient, because the gradient
    // of Burn's quotient has 32-bit floats.
    let loss = squares.sum() * (1.0 / shape[0] as f64);
    RegressionOutput::new(loss, predictions, targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Coefficients;
    use burn::tensor::Element;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type B = Autodiff<NdArray<f64>>;

    /// Returns a tensor of the backend's own float type, which a device does not
    /// know.
    fn tensor<B: Backend>(rows: [[f64; 2]; 3]) -> Tensor<B, 2> {
        let device = B::Device::default();
        Tensor::from_data(rows, (&device, B::FloatElem::dtype()))
    }

    /// Returns a model of two features and two targets.
    fn model<B: Backend>() -> LinearRegression<B> {
        let coefficients = Coefficients::new(vec![1.0, -1.0, 0.5, 2.0], vec![0.1, 0.2]);
        LinearRegression::from_coefficients(&coefficients.unwrap(), &Default::default())
    }

    const FEATURES: [[f64; 2]; 3] = [[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]];
    const TARGETS: [[f64; 2]; 3] = [[2.0, 3.0], [-0.5, -2.0], [3.0, -1.0]];

    /// Predictions minus targets: x w + b - y.
    const RESIDUALS: [[f64; 2]; 3] = [[0.1, 0.2], [0.1, 0.2], [0.35, -0.8]];

    #[test]
    fn a_step_has_the_loss_and_the_gradients_of_the_formula() {
        let model = model::<B>();
        let found = TrainStep::step(&model, (tensor(FEATURES), tensor(TARGETS)));
        let squares: f64 = RESIDUALS.iter().flatten().map(|r| r * r).sum();
        let loss: f64 = found.item.loss.into_scalar();
        assert!((loss - squares / 3.0).abs() < 1e-12, "{loss}");

        // The gradients are d/dw = 2/n X' (X w + b - y) and d/db = 2/n times the
        // sum of the residuals.
        let weight = found.grads.get::<NdArray<f64>, 2>(model.weight.id).unwrap();
        let bias = found.grads.get::<NdArray<f64>, 1>(model.bias.id).unwrap();
        let weight: Vec<f64> = weight.into_data().iter().collect();
        let bias: Vec<f64> = bias.into_data().iter().collect();
        for target in 0..2 {
            let sum = |of: &dyn Fn(usize) -> f64| {
                2.0 / 3.0
                    * (0..3)
                        .map(|row| RESIDUALS[row][target] * of(row))
                        .sum::<f64>()
            };
            let expected = sum(&|_| 1.0);
            let error = (bias[target] - expected).abs();
            assert!(error < 1e-12, "{} {expected}", bias[target]);
            for feature in 0..2 {
                let expected = sum(&|row| FEATURES[row][feature]);
                assert!((weight[2 * feature + target] - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn validation_has_the_same_loss() {
        let found = InferenceStep::step(
            &model::<NdArray<f64>>(),
            (tensor(FEATURES), tensor(TARGETS)),
        );
        let squares: f64 = RESIDUALS.iter().flatten().map(|r| r * r).sum();
        let loss: f64 = found.loss.into_scalar();
        assert!((loss - squares / 3.0).abs() < 1e-12, "{loss}");
        assert_eq!(found.output.dims(), [3, 2]);
    }

    #[test]
    #[should_panic(expected = "predictions and targets differ in shape")]
    fn targets_of_another_shape_are_refused() {
        let features = tensor(FEATURES);
        let targets = Tensor::from_data([[1.0], [2.0], [3.0]], &Default::default());
        InferenceStep::step(&model::<NdArray<f64>>(), (features, targets));
    }
}
