//! Parameters as raw tensors, for the experiments that a model does not allow.

use burn::module::Param;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{Batch, Batches};
use linreg_model::LinearRegression;
use linreg_training::mean_loss;

/// Weights `[num_features, 1]` and bias `[1]`, or their gradients.
#[derive(Clone)]
pub struct Parameters<B: Backend> {
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
}

impl<B: Backend> Parameters<B> {
    pub fn of(model: &LinearRegression<B>) -> Self {
        Self {
            weight: model.weight.val(),
            bias: model.bias.val(),
        }
    }

    /// The gradients of the sum of a batch's losses.
    pub fn gradients_of<A: AutodiffBackend<InnerBackend = B>>(&self, batch: Batch<B>) -> Self {
        let leaf = Parameters::<A>::leaf(self.clone());
        let all = leaf.losses(batch).sum().backward();
        leaf.gradients(&all).expect("a leaf has a gradient")
    }

    /// Adds other numbers, times a factor.
    pub fn plus(self, other: Self, factor: f64) -> Self {
        Self {
            weight: self.weight + other.weight * factor,
            bias: self.bias + other.bias * factor,
        }
    }

    /// The mean squared loss over all rows.
    pub fn mean_loss(&self, batches: &Batches<B>) -> f64 {
        let model = LinearRegression {
            weight: Param::from_tensor(self.weight.clone()),
            bias: Param::from_tensor(self.bias.clone()),
        };
        mean_loss(&model, batches).expect("rows in memory can be read")
    }

    /// All numbers, the bias last. This waits for the device.
    pub fn numbers(self) -> Vec<f64> {
        let weight = self.weight.into_data();
        let bias = self.bias.into_data();
        weight.iter::<f64>().chain(bias.iter::<f64>()).collect()
    }
}

impl<B: AutodiffBackend> Parameters<B> {
    /// Parameters that gradients are computed for.
    pub fn leaf(start: Parameters<B::InnerBackend>) -> Self {
        let start = Self::from_inner(start);
        Self {
            weight: start.weight.require_grad(),
            bias: start.bias.require_grad(),
        }
    }

    /// Numbers that are constants of the graph.
    pub fn from_inner(numbers: Parameters<B::InnerBackend>) -> Self {
        Self {
            weight: Tensor::from_inner(numbers.weight),
            bias: Tensor::from_inner(numbers.bias),
        }
    }

    /// The squared loss of each row, `[rows, 1]`.
    pub fn losses(&self, batch: Batch<B::InnerBackend>) -> Tensor<B, 2> {
        let (features, targets) = (
            Tensor::from_inner(batch.features),
            Tensor::from_inner(batch.targets),
        );
        let predictions = Tensor::matmul(features, self.weight.clone());
        (predictions + self.bias.clone().unsqueeze() - targets).square()
    }

    /// The gradients of these parameters, if there are any.
    pub fn gradients(&self, all: &B::Gradients) -> Option<Parameters<B::InnerBackend>> {
        Some(Parameters {
            weight: self.weight.grad(all)?,
            bias: self.bias.grad(all)?,
        })
    }
}

/// The largest difference of two lists of numbers.
pub fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
