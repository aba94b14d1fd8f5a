use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, HostBatch, round, round_weights};
use crate::{Axis, DataError, NoRows, RowChunk, Rows, RowsError, Scaler, Summary};

/// How encoded rows become tensors: scaled, and with weights whose mean is 1.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BatchScale {
    feature_names: Vec<String>,
    target_names: Vec<String>,
    scaler: Option<Scaler>,
    /// Weights are divided by it.
    mean_weight: Option<f64>,
}

impl BatchScale {
    /// The scale of rows with these columns, which stay as they are without a scaler.
    pub fn new(summary: &Summary, scaler: Option<&Scaler>) -> Self {
        Self {
            feature_names: summary.features.names.clone(),
            target_names: summary.targets.names.clone(),
            scaler: scaler.cloned(),
            mean_weight: summary.mean_weight,
        }
    }

    /// Returns rows as one batch on a device, rounded to the backend's float type.
    ///
    /// # Errors
    ///
    /// No rows, rows that have other columns than the summary, or weights where it has none or
    /// none where it has them, or a number too large for the backend's floats.
    pub fn batch<B: Backend>(
        &self,
        rows: &RowChunk,
        device: &B::Device,
    ) -> Result<Batch<B>, DataError> {
        if rows.weights.is_some() != self.mean_weight.is_some() {
            return Err(Rows::some_weighted());
        }
        for (axis, found, names) in [
            (Axis::Features, rows.num_features, &self.feature_names),
            (Axis::Targets, rows.num_targets, &self.target_names),
        ] {
            if found != names.len() {
                let expected = names.len();
                return Err(RowsError::Scaled {
                    axis,
                    found,
                    expected,
                }
                .into());
            }
        }
        if rows.num_rows() == 0 {
            return Err(DataError::NoRows(NoRows::AtAll));
        }
        let mut scaled = HostBatch::<B> {
            features: Vec::with_capacity(rows.features.len()),
            targets: Vec::with_capacity(rows.targets.len()),
            weights: None,
            more_follows: false,
        };
        match &self.scaler {
            None => {
                round(&mut scaled.features, rows.features, &self.feature_names)?;
                round(&mut scaled.targets, rows.targets, &self.target_names)?;
            }
            Some(scaler) => {
                scaler.check(rows.num_features, rows.num_targets)?;
                let mut numbers = Rows {
                    features: rows.features.to_vec(),
                    targets: rows.targets.to_vec(),
                    ..Rows::default()
                };
                scaler.apply(&mut numbers);
                round(&mut scaled.features, &numbers.features, &self.feature_names)?;
                round(&mut scaled.targets, &numbers.targets, &self.target_names)?;
            }
        }
        if let (Some(weights), Some(mean)) = (rows.weights, self.mean_weight) {
            let rounded = scaled.weights.insert(Vec::with_capacity(weights.len()));
            round_weights(rounded, weights, mean);
        }
        Ok(scaled.into_batch(rows.num_targets, device))
    }
}
