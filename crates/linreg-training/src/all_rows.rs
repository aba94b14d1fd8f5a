use std::cell::Cell;

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::BatchSource;
use linreg_model::{Coefficients, LinearRegression};

use crate::objective::Objective;
use crate::point::Point;
use crate::smoothing::{slacks as slacks_of, smoothed_losses};
use crate::{EVALUATION_ROWS, TrainingError};

/// Evaluates the objective on all rows. Chunks of rows are computed on the device
/// and summed in `f64` on the host.
pub(crate) struct AllRows<'a, B: AutodiffBackend, S> {
    pub(crate) batches: &'a S,
    pub(crate) objective: &'a Objective,
    intercept: bool,
    device: &'a B::Device,
    passes: Cell<u64>,
}

impl<'a, B: AutodiffBackend, S: BatchSource<B::InnerBackend>> AllRows<'a, B, S> {
    pub(crate) fn new(
        batches: &'a S,
        objective: &'a Objective,
        intercept: bool,
        device: &'a B::Device,
    ) -> Self {
        Self {
            batches,
            objective,
            intercept,
            device,
            passes: Cell::new(0),
        }
    }

    /// Returns the number of passes over all rows so far.
    pub(crate) fn num_passes(&self) -> u64 {
        self.passes.get()
    }

    /// Returns the value and gradient at these parameters, with the loss smoothed
    /// by these widths, if there are any. If the numbers overflow the backend's
    /// floats, the value is infinite or NaN and the gradient has no meaning.
    pub(crate) fn at(&self, parameters: Vec<f64>, widths: &[f64]) -> Result<Point, TrainingError> {
        self.passes.set(self.passes.get() + 1);
        let num_targets = self.batches.num_targets();
        let num_weights = self.batches.num_features() * num_targets;
        let (weight, bias) = parameters.split_at(num_weights);
        let coefficients = Coefficients::new(weight.to_vec(), bias.to_vec())?;
        let model = LinearRegression::<B>::from_coefficients(&coefficients, self.device);
        let mut minimised = vec![0.0; num_targets];
        let mut losses = vec![0.0; widths.len()];
        let mut slacks = vec![0.0; widths.len()];
        let mut gradient = vec![0.0; parameters.len()];
        for batch in self.batches.sequential(EVALUATION_ROWS) {
            let batch = batch?;
            let predictions = model.forward(Tensor::from_inner(batch.features));
            let targets = Tensor::from_inner(batch.targets.clone());
            let weights = batch.weights.clone().map(Tensor::from_inner);
            let found = if widths.is_empty() {
                self.objective.losses(predictions, targets, weights)?
            } else {
                let inner = predictions.clone().inner();
                let (y, v) = (batch.targets, batch.weights);
                let exact = self.objective.losses(inner.clone(), y.clone(), v.clone())?;
                add_rows(&mut losses, exact);
                add_rows(&mut slacks, slacks_of(self.objective, widths, inner, y, v));
                smoothed_losses(self.objective, widths, predictions, targets, weights)
            };
            let gradients = found.backward();
            add_rows(&mut minimised, found.inner());
            let (of_weight, of_bias) = gradient.split_at_mut(num_weights);
            if let Some(found) = model.weight.val().grad(&gradients) {
                add(of_weight, found.into_data().iter());
            }
            if self.intercept
                && let Some(found) = model.bias.val().grad(&gradients)
            {
                add(of_bias, found.into_data().iter());
            }
        }
        // The mean of the weights of rows is 1.
        let num_rows = self.batches.num_rows() as f64;
        for sums in [&mut minimised, &mut losses, &mut slacks] {
            sums.iter_mut().for_each(|sum| *sum /= num_rows);
        }
        let mut value: f64 = minimised.iter().sum();
        for (index, slope) in gradient.iter_mut().enumerate() {
            *slope /= num_rows;
            if index < num_weights {
                let (l2, w) = (self.objective.l2[index % num_targets], parameters[index]);
                value += l2 * w * w;
                *slope += 2.0 * l2 * w;
            }
        }
        Ok(Point {
            parameters,
            losses: if widths.is_empty() { minimised } else { losses },
            slacks,
            value,
            gradient,
        })
    }
}

/// Adds the numbers of each row, `[rows, num_targets]`, to the sum of each
/// target.
fn add_rows<B: Backend>(sums: &mut [f64], rows: Tensor<B, 2>) {
    let num_targets = sums.len();
    for (index, number) in rows.into_data().iter::<f64>().enumerate() {
        sums[index % num_targets] += number;
    }
}

fn add(sums: &mut [f64], numbers: impl Iterator<Item = f64>) {
    sums.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
}
