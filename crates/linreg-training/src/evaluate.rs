use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use linreg_data::{Batches, DataError, Dataset, MAX_TENSOR_NUMBERS};
use linreg_model::LinearRegression;

use crate::read::read_all;
use crate::{Metrics, MetricsAccumulator, squared_loss};

/// Rows that are evaluated as one tensor. Large enough to keep a device busy,
/// and far below the 65,536 past which reductions of Burn 0.21 on wgpu are
/// wrong.
pub const EVALUATION_ROWS: usize = 8192;

/// The mean squared loss over all rows: computed on the device in chunks, and
/// summed in `f64` on the host.
///
/// Call it with the model's `valid()` form, on the inner backend: on the
/// autodiff backend the result is the same, but a graph of every operation is
/// built and thrown away.
pub fn mean_loss<B: Backend>(model: &LinearRegression<B>, batches: &Batches<B>) -> f64 {
    // Reading is what keeps the host from running so far ahead of the device
    // that the queue of rows fills its memory.
    let max_waiting = (MAX_TENSOR_NUMBERS / batches.num_features() / EVALUATION_ROWS).max(1);
    let mut waiting = Vec::new();
    let mut sum = 0.0;
    let mut read = |losses: &mut Vec<Tensor<B, 2>>| {
        for losses in read_all(std::mem::take(losses)) {
            sum += losses.iter::<f64>().sum::<f64>();
        }
    };
    for batch in batches.sequential(EVALUATION_ROWS) {
        waiting.push(squared_loss(model.forward(batch.features), batch.targets));
        if waiting.len() == max_waiting {
            read(&mut waiting);
        }
    }
    read(&mut waiting);
    sum / batches.num_rows() as f64
}

/// The metrics of a model on a dataset: predictions from the device, residuals
/// and sums in `f64` on the host.
///
/// # Errors
///
/// A number too large for the backend's float type.
///
/// # Panics
///
/// If the dataset does not have the model's number of features.
pub fn evaluate<B: Backend>(
    model: &LinearRegression<B>,
    dataset: &Dataset,
    device: &B::Device,
) -> Result<Metrics, DataError> {
    let batches = Batches::<B>::new(dataset, EVALUATION_ROWS, device)?;
    let mut accumulator = MetricsAccumulator::default();
    let chunks = batches.sequential(EVALUATION_ROWS);
    for (batch, targets) in chunks.zip(dataset.targets().chunks(EVALUATION_ROWS)) {
        let predictions = model.forward(batch.features).into_data();
        accumulator.update(&predictions.iter().collect::<Vec<f64>>(), targets);
    }
    Ok(accumulator.metrics().expect("a dataset has rows"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::SyntheticConfig;
    use linreg_model::Coefficients;

    #[test]
    fn loss_and_metrics_agree_with_a_plain_loop_over_several_chunks() {
        let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2)
            .with_num_examples(2 * EVALUATION_ROWS + 77)
            .with_noise_std(0.5)
            .generate()
            .unwrap();
        let coefficients = Coefficients::new(vec![1.9, -3.0], vec![4.0]).unwrap();
        let residuals: Vec<f64> = coefficients
            .predict(dataset.features())
            .iter()
            .zip(dataset.targets())
            .map(|(prediction, target)| target - prediction)
            .collect();
        let rows = residuals.len() as f64;
        let mse = residuals.iter().map(|r| r * r).sum::<f64>() / rows;
        let mae = residuals.iter().map(|r| r.abs()).sum::<f64>() / rows;

        let device = Default::default();
        let model = LinearRegression::<NdArray<f64>>::from_coefficients(&coefficients, &device);
        let batches = Batches::new(&dataset, 10, &device).unwrap();
        assert!((mean_loss(&model, &batches) - mse).abs() < 1e-12);
        let metrics = evaluate(&model, &dataset, &device).unwrap();
        assert_eq!(metrics.rows, dataset.num_rows() as u64);
        assert!((metrics.mse - mse).abs() < 1e-12);
        assert!((metrics.mae - mae).abs() < 1e-12);
    }

    #[test]
    fn tracking_gradients_does_not_change_the_loss() {
        let dataset = SyntheticConfig::new(vec![2.0], 1.0).generate().unwrap();
        let coefficients = Coefficients::new(vec![1.0], vec![0.0]).unwrap();
        let device = Default::default();
        let tracked =
            LinearRegression::<Autodiff<NdArray>>::from_coefficients(&coefficients, &device);
        let plain = LinearRegression::<NdArray>::from_coefficients(&coefficients, &device);
        assert_eq!(
            mean_loss(&tracked, &Batches::new(&dataset, 10, &device).unwrap()),
            mean_loss(&plain, &Batches::new(&dataset, 10, &device).unwrap()),
        );
    }
}
