use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Element, Tensor, TensorData, module::linear};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Coefficients, CoefficientsError};

/// Standard deviation of the initial weights, as in *Dive into Deep Learning*,
/// section 3.2 of the second Chinese edition and of the English edition up to
/// 0.17, section 3.4 of English 1.0.
const INITIAL_WEIGHT_STD: f64 = 0.01;

/// Configuration of a [`LinearRegression`], made with
/// [`init`](LinearRegressionConfig::init).
#[derive(Config, Debug)]
pub struct LinearRegressionConfig {
    /// Number of features of a row; at least 1.
    pub num_features: usize,
    /// Number of targets predicted at once; at least 1. Default: 1.
    #[config(default = 1)]
    pub num_targets: usize,
    /// Seed of the generator that draws the initial weights. Default: 0.
    #[config(default = 0)]
    pub seed: u64,
}

/// A linear model, `y = X w + b`.
///
/// # Example
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_ndarray::NdArray;
/// use linreg_model::LinearRegressionConfig;
///
/// # fn main() -> Result<(), linreg_model::CoefficientsError> {
/// let device = Default::default();
/// let model = LinearRegressionConfig::new(3).init::<NdArray>(&device)?;
/// let rows = Tensor::zeros([5, 3], &device);
/// assert_eq!(model.forward(rows).dims(), [5, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Module, Debug)]
pub struct LinearRegression<B: Backend> {
    /// Weights, `[num_features, num_targets]`.
    pub weight: Param<Tensor<B, 2>>,
    /// Bias, `[num_targets]`.
    pub bias: Param<Tensor<B, 1>>,
}

impl LinearRegressionConfig {
    /// Creates a model with weights drawn from N(0, 0.01²) and a bias of zero.
    ///
    /// The numbers are drawn on the host, so that one seed starts every
    /// backend from the same weights.
    ///
    /// # Errors
    ///
    /// [`CoefficientsError::Empty`] if there are no features or no targets, or
    /// [`CoefficientsError::OutOfMemory`] if there are more than the memory holds.
    pub fn init<B: Backend>(
        &self,
        device: &B::Device,
    ) -> Result<LinearRegression<B>, CoefficientsError> {
        let (features, targets) = (self.num_features, self.num_targets);
        let mut weight: Vec<f64> = Vec::new();
        let size = features.checked_mul(targets);
        let size = size.filter(|size| weight.try_reserve_exact(*size).is_ok());
        let size = size.ok_or(CoefficientsError::OutOfMemory { features, targets })?;
        if size == 0 {
            return Err(CoefficientsError::Empty {
                weights: features,
                biases: targets,
            });
        }
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        let drawn = std::iter::repeat_with(|| StandardNormal.sample(&mut generator));
        weight.extend(
            drawn
                .take(size)
                .map(|number: f64| INITIAL_WEIGHT_STD * number),
        );
        Ok(LinearRegression::from_values(
            weight,
            vec![0.0; targets],
            device,
        ))
    }
}

impl<B: Backend> LinearRegression<B> {
    /// Predicts the targets of each row.
    ///
    /// # Shapes
    ///
    /// - features: `[rows, num_features]`
    /// - output: `[rows, num_targets]`
    ///
    /// # Panics
    ///
    /// If the rows do not have `num_features` columns, as Burn's own modules and
    /// operations do for tensors whose shapes do not fit.
    pub fn forward(&self, features: Tensor<B, 2>) -> Tensor<B, 2> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if is_fused::<B>() {
            let transposed = weight.transpose().matmul(features.transpose());
            transposed.transpose() + bias.unsqueeze()
        } else {
            linear(features, weight, Some(bias))
        }
    }

    /// Creates a model with these weights and biases, rounded to the backend's
    /// float type.
    pub fn from_coefficients(coefficients: &Coefficients, device: &B::Device) -> Self {
        let weight = coefficients.weight().to_vec();
        Self::from_values(weight, coefficients.bias().to_vec(), device)
    }

    /// Returns the weights and the bias, read back from the device.
    ///
    /// # Errors
    ///
    /// A weight or bias that is NaN or infinite.
    pub fn coefficients(&self) -> Result<Coefficients, CoefficientsError> {
        let weight = self.weight.val().into_data().iter::<f64>().collect();
        let bias = self.bias.val().into_data().iter::<f64>().collect();
        Coefficients::new(weight, bias)
    }

    fn from_values(weight: Vec<f64>, bias: Vec<f64>, device: &B::Device) -> Self {
        let num_targets = bias.len();
        let num_features = weight.len() / num_targets;
        let weight = TensorData::new(weight, [num_features, num_targets]);
        let bias = TensorData::new(bias, [num_targets]);
        // The float type is named, because Burn 0.21 otherwise takes that of
        // the first backend that used the device: `NdArray<f64>` after
        // `NdArray<f32>` would quietly compute in f32.
        let options = (device, B::FloatElem::dtype());
        Self {
            weight: Param::from_tensor(Tensor::from_data(weight, options)),
            bias: Param::from_tensor(Tensor::from_data(bias, options)),
        }
    }
}

/// Whether Burn fuses operations, as its GPU backends do by default.
///
/// Burn 0.21 fuses the product of a matrix and a single column with what follows,
/// and silently gives wrong numbers where the matrix has an odd number of columns
/// (tracel-ai/burn, issue 5122). The product of a single row and a matrix is
/// correct, also in the backward pass, but a third slower on CPU backends.
fn is_fused<B: Backend>() -> bool {
    std::any::type_name::<B>().contains("Fusion<")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;
    use burn_ndarray::NdArray;

    #[test]
    fn starts_near_zero_with_the_same_weights_on_every_float_type() {
        let config = LinearRegressionConfig::new(1000)
            .with_num_targets(2)
            .with_seed(7);
        let double = config.init::<NdArray<f64>>(&Default::default()).unwrap();
        let single = config.init::<NdArray<f32>>(&Default::default()).unwrap();
        let double = double.coefficients().unwrap();
        let single = single.coefficients().unwrap();
        for (a, b) in double.weight().iter().zip(single.weight()) {
            assert_eq!(*a as f32, *b as f32);
        }
        assert_eq!(double.bias(), [0.0, 0.0]);
        let squares: f64 = double.weight().iter().map(|w| w * w).sum();
        let std = (squares / 2000.0).sqrt();
        // The standard error of this estimate is 0.01 / sqrt(2 * 2000).
        assert!((std - 0.01).abs() < 6.0 * 0.01 / 4000f64.sqrt(), "{std}");
    }

    #[test]
    fn another_seed_gives_other_weights() {
        let weights = |seed| {
            let config = LinearRegressionConfig::new(3).with_seed(seed);
            let model = config.init::<NdArray>(&Default::default()).unwrap();
            model.coefficients().unwrap()
        };
        assert_eq!(weights(1), weights(1));
        assert_ne!(weights(1), weights(2));
    }

    #[test]
    fn computes_the_same_as_the_host() {
        let coefficients =
            Coefficients::new(vec![2.0, 0.5, -3.4, 1.5, 0.0, 9.0], vec![4.2, -1.0]).unwrap();
        let device = Default::default();
        let model = LinearRegression::<NdArray<f64>>::from_coefficients(&coefficients, &device);
        let rows = [1.0, 2.0, 3.0, -4.0, 5.0, 0.5];
        let features = Tensor::from_data(
            TensorData::new(rows.to_vec(), [2, 3]),
            (&device, DType::F64),
        );
        let predictions = model.forward(features);
        assert_eq!(predictions.dims(), [2, 2]);
        let predictions: Vec<f64> = predictions.into_data().to_vec().unwrap();
        for (a, b) in predictions.iter().zip(coefficients.predict(&rows).unwrap()) {
            assert!((a - b).abs() < 1e-14);
        }
        assert_eq!(model.coefficients().unwrap(), coefficients);
    }

    #[test]
    fn says_which_coefficient_is_not_finite() {
        let mut model = LinearRegressionConfig::new(2)
            .init::<NdArray>(&Default::default())
            .unwrap();
        model.bias = Param::from_data([f32::INFINITY], &Default::default());
        let error = model.coefficients().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the bias at index 0 is inf, expected a finite number"
        );
    }
}
