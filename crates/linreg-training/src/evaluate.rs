use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use linreg_data::{BatchSource, Batches, DataError, Dataset, MAX_TENSOR_NUMBERS, NoRows};
use linreg_model::LinearRegression;

use crate::objective::Objective;
use crate::read::read_all;
use crate::{Metrics, MetricsAccumulator, TrainingConfig, TrainingError};

/// Number of rows that are evaluated as one tensor. It is large enough to keep a
/// device busy, and far below the 65,536 past which reductions of Burn 0.21 on
/// wgpu are wrong.
pub const EVALUATION_ROWS: usize = 8192;

/// Returns the weighted mean over all rows of the squared loss, summed over the
/// targets: the sum of [`mean_losses`].
///
/// # Errors
///
/// Batches with other numbers of features or targets than the model, or rows that
/// cannot be read. The latter never happens with [`Batches`].
pub fn mean_loss<B: Backend>(
    model: &LinearRegression<B>,
    batches: &impl BatchSource<B>,
) -> Result<f64, TrainingError> {
    Ok(mean_losses(model, batches)?.iter().sum())
}

/// Returns the weighted mean over all rows of the squared loss of each target.
/// The losses are computed on the device in chunks, and summed in `f64` on the
/// host.
///
/// Call it with the model that `valid()` returns, on the inner backend. On the
/// autodiff backend the result is the same, but a graph of every operation is
/// built and thrown away.
///
/// # Errors
///
/// Batches with other numbers of features or targets than the model, or rows that
/// cannot be read. The latter never happens with [`Batches`].
pub fn mean_losses<B: Backend>(
    model: &LinearRegression<B>,
    batches: &impl BatchSource<B>,
) -> Result<Vec<f64>, TrainingError> {
    check_widths(
        model.weight.dims(),
        [batches.num_features(), batches.num_targets()],
    )?;
    let squared = TrainingConfig::new();
    let objective = Objective::new(&squared, None, batches.num_targets());
    mean_losses_of(model, batches, &objective)
}

/// Does the same as [`mean_losses`] for the loss of the objective.
pub(crate) fn mean_losses_of<B: Backend>(
    model: &LinearRegression<B>,
    batches: &impl BatchSource<B>,
    objective: &Objective,
) -> Result<Vec<f64>, TrainingError> {
    // Reading results makes the host wait for the device. Otherwise the queue of
    // rows could fill its memory.
    let max_waiting = (MAX_TENSOR_NUMBERS / batches.num_features().max(1) / EVALUATION_ROWS).max(1);
    let mut waiting = Vec::new();
    let mut sums = vec![0.0; batches.num_targets()];
    let mut read = |losses: &mut Vec<Tensor<B, 2>>| {
        for losses in read_all(std::mem::take(losses)) {
            for (target, sum) in sums.iter_mut().enumerate() {
                let losses = losses.iter::<f64>().skip(target);
                *sum += losses.step_by(batches.num_targets()).sum::<f64>();
            }
        }
    };
    for batch in batches.sequential(EVALUATION_ROWS) {
        let batch = batch?;
        let predictions = model.forward(batch.features);
        waiting.push(objective.losses(predictions, batch.targets, batch.weights)?);
        if waiting.len() == max_waiting {
            read(&mut waiting);
        }
    }
    read(&mut waiting);
    // The mean of the weights is 1.
    let num_rows = batches.num_rows() as f64;
    Ok(sums.into_iter().map(|sum| sum / num_rows).collect())
}

/// Returns the metrics of a model on a dataset, for each target. Predictions are
/// computed on the device, residuals and sums in `f64` on the host.
///
/// # Errors
///
/// A dataset with other numbers of features or targets than the model, or a number
/// too large for the backend's float type.
pub fn evaluate<B: Backend>(
    model: &LinearRegression<B>,
    dataset: &Dataset,
    device: &B::Device,
) -> Result<Vec<Metrics>, TrainingError> {
    check_widths(
        model.weight.dims(),
        [dataset.num_features(), dataset.num_targets()],
    )?;
    let batches = Batches::<B>::new(dataset, EVALUATION_ROWS, device)?;
    let num_targets = dataset.num_targets();
    let mut accumulators = vec![MetricsAccumulator::default(); num_targets];
    let mut start = 0;
    for batch in batches.sequential(EVALUATION_ROWS) {
        let predictions: Vec<f64> = model.forward(batch.features).into_data().iter().collect();
        let end = start + predictions.len() / num_targets;
        let targets = &dataset.targets()[start * num_targets..end * num_targets];
        let weights = dataset.weights().map(|weights| &weights[start..end]);
        for (target, accumulator) in accumulators.iter_mut().enumerate() {
            let column = |values: &[f64]| -> Vec<f64> {
                let values = values.iter().skip(target).step_by(num_targets);
                values.copied().collect()
            };
            let (predictions, targets) = (column(&predictions), column(targets));
            match weights {
                None => accumulator.update(&predictions, &targets)?,
                Some(weights) => accumulator.update_weighted(&predictions, &targets, weights)?,
            }
        }
        start = end;
    }
    let metrics = accumulators.iter().map(MetricsAccumulator::metrics);
    let metrics: Option<Vec<Metrics>> = metrics.collect();
    Ok(metrics.ok_or(DataError::NoRows(NoRows::AtAll))?)
}

/// Checks that rows have the numbers of features and targets of a model.
pub(crate) fn check_widths(model: [usize; 2], rows: [usize; 2]) -> Result<(), DataError> {
    for (name, model, rows) in [
        ("number of features of these rows", model[0], rows[0]),
        ("number of targets of these rows", model[1], rows[1]),
    ] {
        if model != rows {
            return Err(DataError::Setting {
                name,
                found: rows.to_string(),
                expected: model.to_string(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::SyntheticConfig;
    use linreg_model::Coefficients;

    #[test]
    fn rows_of_another_width_are_an_error() {
        let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2)
            .generate()
            .unwrap();
        let device = Default::default();
        for (weights, biases, expected) in [
            (
                vec![1.0],
                vec![0.0],
                "the number of features of these rows is 2, expected 1",
            ),
            (
                vec![1.0; 4],
                vec![0.0; 2],
                "the number of targets of these rows is 1, expected 2",
            ),
        ] {
            let coefficients = Coefficients::new(weights, biases).unwrap();
            let model = LinearRegression::<NdArray>::from_coefficients(&coefficients, &device);
            let error = evaluate(&model, &dataset, &device).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

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
            .unwrap()
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
        assert!((mean_loss(&model, &batches).unwrap() - mse).abs() < 1e-12);
        let metrics = evaluate(&model, &dataset, &device).unwrap()[0];
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
            mean_losses(&tracked, &Batches::new(&dataset, 10, &device).unwrap()).unwrap(),
            mean_losses(&plain, &Batches::new(&dataset, 10, &device).unwrap()).unwrap(),
        );
    }

    #[test]
    fn each_target_has_its_own_loss_and_metrics_and_weights_count_rows() {
        let names = |names: [&str; 2]| names.map(String::from).to_vec();
        let num_rows = EVALUATION_ROWS + 5;
        let rows = || (0..num_rows).map(|row| row as f64 / num_rows as f64);
        let dataset = Dataset::new(
            rows().flat_map(|x| [x, 1.0 - x]).collect(),
            rows().flat_map(|x| [3.0 * x, x * x]).collect(),
            names(["a", "b"]),
            names(["y", "z"]),
        );
        let weights: Vec<f64> = (0..num_rows).map(|row| (row % 3) as f64).collect();
        let dataset = dataset.unwrap().with_weights(weights.clone()).unwrap();
        // y is predicted as 2 x and z as x.
        let coefficients = Coefficients::new(vec![2.0, 1.0, 0.0, 0.0], vec![0.0; 2]).unwrap();
        let mean = |value: fn(f64) -> f64| {
            let sum: f64 = rows().zip(&weights).map(|(x, w)| w * value(x)).sum();
            sum / weights.iter().sum::<f64>()
        };
        let expected = [mean(|x| x * x), mean(|x| (x * x - x).powi(2))];

        let device = Default::default();
        let model = LinearRegression::<NdArray<f64>>::from_coefficients(&coefficients, &device);
        let batches = Batches::new(&dataset, 10, &device).unwrap();
        let losses = mean_losses(&model, &batches).unwrap();
        let metrics = evaluate(&model, &dataset, &device).unwrap();
        for target in 0..2 {
            assert!((losses[target] - expected[target]).abs() < 1e-12);
            assert!((metrics[target].mse - expected[target]).abs() < 1e-12);
        }
        assert!((metrics[0].mae - mean(|x| x)).abs() < 1e-12);
        assert!((metrics[1].mae - mean(|x| x - x * x)).abs() < 1e-12);
    }
}
