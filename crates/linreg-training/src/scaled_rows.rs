use linreg_data::{ChunkOrder, DataError, RowSource};
use linreg_model::Coefficients;

use crate::columns::Columns;
use crate::objective::Objective;

/// Rows on the scale that training uses. A column for the intercept follows the
/// features: 1, or 0 for a model without a bias.
pub(crate) struct ScaledRows<'a, S: ?Sized> {
    pub(crate) source: &'a S,
    pub(crate) columns: &'a Columns,
    pub(crate) coefficients: &'a Coefficients,
    pub(crate) intercept: bool,
}

impl<S: RowSource + ?Sized> ScaledRows<'_, S> {
    /// Calls `tell` with the features, targets and weight of each row whose
    /// weight is not 0. Weights are divided by their mean.
    pub(crate) fn each(&self, mut tell: impl FnMut(&[f64], &[f64], f64)) -> Result<(), DataError> {
        let (width, num_targets) = (
            self.coefficients.num_features(),
            self.coefficients.num_targets(),
        );
        let scaler = self.columns.scaler.as_ref();
        let scale = |value: f64, means: &[f64], stds: &[f64], column: usize| match stds[column] {
            0.0 => value - means[column],
            std => (value - means[column]) / std,
        };
        let mut x = vec![f64::from(u8::from(self.intercept)); width + 1];
        let mut y = vec![0.0; num_targets];
        for rows in self.source.chunks(ChunkOrder::File)? {
            let rows = rows?;
            let features = rows.features.chunks_exact(width);
            let targets = rows.targets.chunks_exact(num_targets);
            for (row, (features, targets)) in features.zip(targets).enumerate() {
                x[..width].copy_from_slice(features);
                y.copy_from_slice(targets);
                if let Some(s) = scaler {
                    for (column, value) in x[..width].iter_mut().enumerate() {
                        *value = scale(*value, &s.feature_means, &s.feature_stds, column);
                    }
                    for (column, value) in y.iter_mut().enumerate() {
                        *value = scale(*value, &s.target_means, &s.target_stds, column);
                    }
                }
                let weight = match (&rows.weights, self.columns.summary.mean_weight) {
                    (Some(weights), Some(mean)) => weights[row] / mean,
                    _ => 1.0,
                };
                if weight > 0.0 {
                    tell(&x, &y, weight);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn predict(&self, x: &[f64], target: usize) -> f64 {
        let coefficients = self.coefficients_of(target);
        x.iter().zip(coefficients).map(|(x, w)| x * w).sum()
    }

    /// Returns the weights of a target, followed by its bias.
    pub(crate) fn coefficients_of(&self, target: usize) -> impl Iterator<Item = f64> + '_ {
        let num_targets = self.coefficients.num_targets();
        let weights = self.coefficients.weight()[target..].iter();
        let bias = self.coefficients.bias()[target];
        weights.step_by(num_targets).copied().chain([bias])
    }

    /// Returns the objective of each target, on the scale that training uses.
    pub(crate) fn objectives(&self, objective: &Objective) -> Result<Vec<f64>, DataError> {
        let num_targets = self.coefficients.num_targets();
        let mut sums = vec![0.0; num_targets];
        self.each(|x, y, v| {
            for (target, sum) in sums.iter_mut().enumerate() {
                let residual = y[target] - self.predict(x, target);
                *sum += v * objective.loss_of(target, residual);
            }
        })?;
        let weights = self.coefficients.weight().iter().enumerate();
        let mut found: Vec<f64> = sums
            .iter()
            .map(|sum| sum / self.source.num_rows() as f64)
            .collect();
        for (index, w) in weights {
            let target = index % num_targets;
            found[target] += objective.l1[target] * w.abs() + objective.l2[target] * w * w;
        }
        Ok(found)
    }
}
