use linreg_data::{RowChunk, Scaler};
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::columns::Columns;

/// The scale that training uses. A column for the intercept follows the features
/// of each row: 1, or 0 for a model without a bias.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct RowScale {
    pub(crate) scaler: Option<Scaler>,
    pub(crate) intercept: bool,
    /// Weights are divided by it.
    pub(crate) mean_weight: Option<f64>,
}

/// A row on the scale that training uses.
#[derive(Clone, Copy)]
pub(crate) struct ScaledRow<'a> {
    /// Its position in the chunk.
    pub(crate) index: usize,
    /// The features, followed by the column for the intercept.
    pub(crate) x: &'a [f64],
    pub(crate) y: &'a [f64],
    pub(crate) weight: f64,
}

impl RowScale {
    pub(crate) fn new(columns: &Columns, intercept: bool) -> Self {
        Self {
            scaler: columns.scaler.clone(),
            intercept,
            mean_weight: columns.summary.mean_weight,
        }
    }

    /// Calls `tell` with each row.
    pub(crate) fn each(&self, rows: &RowChunk, mut tell: impl FnMut(ScaledRow)) {
        let scale = |value: f64, means: &[f64], stds: &[f64], column: usize| match stds[column] {
            0.0 => value - means[column],
            std => (value - means[column]) / std,
        };
        let width = rows.num_features;
        let mut x = vec![f64::from(u8::from(self.intercept)); width + 1];
        let mut y = vec![0.0; rows.num_targets];
        let features = rows.features.chunks_exact(width);
        let targets = rows.targets.chunks_exact(rows.num_targets);
        for (index, (features, targets)) in features.zip(targets).enumerate() {
            x[..width].copy_from_slice(features);
            y.copy_from_slice(targets);
            if let Some(s) = &self.scaler {
                for (column, value) in x[..width].iter_mut().enumerate() {
                    *value = scale(*value, &s.feature_means, &s.feature_stds, column);
                }
                for (column, value) in y.iter_mut().enumerate() {
                    *value = scale(*value, &s.target_means, &s.target_stds, column);
                }
            }
            let weight = match (rows.weights, self.mean_weight) {
                (Some(weights), Some(mean)) => weights[index] / mean,
                _ => 1.0,
            };
            tell(ScaledRow {
                index,
                x: &x,
                y: &y,
                weight,
            });
        }
    }

    /// Calls `tell` with each row whose weight is not 0.
    pub(crate) fn each_that_counts(&self, rows: &RowChunk, mut tell: impl FnMut(ScaledRow)) {
        self.each(rows, |row| {
            if row.weight > 0.0 {
                tell(row);
            }
        });
    }
}

/// Returns the weights of a target, followed by its bias.
pub(crate) fn coefficients_of(
    coefficients: &Coefficients,
    target: usize,
) -> impl Iterator<Item = f64> + '_ {
    let weights = coefficients.weight()[target..].iter();
    let bias = coefficients.bias()[target];
    weights
        .step_by(coefficients.num_targets())
        .copied()
        .chain([bias])
}

/// Returns the prediction of a target for features that are followed by the
/// column for the intercept.
pub(crate) fn predict(coefficients: &Coefficients, x: &[f64], target: usize) -> f64 {
    let coefficients = coefficients_of(coefficients, target);
    x.iter().zip(coefficients).map(|(x, w)| x * w).sum()
}

/// Adds the sums of later rows.
pub(crate) fn add_sums(sums: &mut [f64], later: &[f64]) {
    sums.iter_mut().zip(later).for_each(|(sum, x)| *sum += x);
}
