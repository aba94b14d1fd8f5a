use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, HostBatch, round, round_weights};
use crate::{Axis, DataError, NoRows, RowChunk, Rows, RowsError, Scaler, Summary};

/// Number of rows that are scaled and rounded at once.
const STRIP: usize = 64;

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
                // A few rows at a time, which stay in the cache.
                let mut strip = Rows::default();
                for start in (0..rows.num_rows()).step_by(STRIP) {
                    let end = rows.num_rows().min(start + STRIP);
                    let of =
                        |values: &[f64], width: usize| values[start * width..end * width].to_vec();
                    strip.features = of(rows.features, rows.num_features);
                    strip.targets = of(rows.targets, rows.num_targets);
                    scaler.apply(&mut strip);
                    round(&mut scaled.features, &strip.features, &self.feature_names)?;
                    round(&mut scaled.targets, &strip.targets, &self.target_names)?;
                }
            }
        }
        if let (Some(weights), Some(mean)) = (rows.weights, self.mean_weight) {
            let rounded = scaled.weights.insert(Vec::with_capacity(weights.len()));
            round_weights(rounded, weights, mean);
        }
        Ok(scaled.into_batch(rows.num_targets, device))
    }
}

#[cfg(test)]
mod tests {
    use burn_ndarray::NdArray;

    use super::*;
    use crate::{Dataset, RowPass};

    /// The scaled features and the targets of all rows, as they are on the device.
    #[derive(Clone, Deserialize, Serialize)]
    struct OnDevice(BatchScale);

    impl RowPass for OnDevice {
        type State = [Vec<f32>; 2];
        type Output = [Vec<f32>; 2];

        fn name() -> String {
            "rows on the device".to_string()
        }

        fn start(&self) -> Self::State {
            Default::default()
        }

        fn update(&self, state: &mut Self::State, rows: &RowChunk) -> Result<(), DataError> {
            let batch = self.0.batch::<NdArray>(rows, &Default::default())?;
            state[0].extend(batch.features.into_data().iter::<f32>());
            state[1].extend(batch.targets.into_data().iter::<f32>());
            Ok(())
        }

        fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
            for (numbers, later) in state.iter_mut().zip(later) {
                numbers.extend(later);
            }
            Ok(())
        }

        fn finish(self, state: Self::State) -> Result<Self::Output, DataError> {
            Ok(state)
        }
    }

    fn dataset(num_rows: u32, last: f64) -> Dataset {
        let features = (0..num_rows).flat_map(|row| [f64::from(row * row % 97), 7.0]);
        let mut features: Vec<f64> = features.collect();
        *features.last_mut().unwrap() = last;
        let targets = (0..num_rows).map(|row| f64::from(row) / 3.0).collect();
        let names = ["a", "b"].map(String::from).to_vec();
        Dataset::new(features, targets, names, vec!["y".to_string()]).unwrap()
    }

    #[test]
    fn every_row_is_scaled_and_then_rounded() {
        // One row, a strip, a strip and a row, and several.
        for num_rows in [1, 64, 65, 1000] {
            let dataset = dataset(num_rows, 7.0);
            let summary = Summary::of(&dataset).unwrap();
            let scaler = Scaler::new(&summary, true).unwrap();
            let scaled = scaler.transform(&dataset).unwrap();
            for (scaler, expected) in [(None, &dataset), (Some(&scaler), &scaled)] {
                let pass = OnDevice(BatchScale::new(&summary, scaler));
                let rounded =
                    |numbers: &[f64]| -> Vec<f32> { numbers.iter().map(|n| *n as f32).collect() };
                let expected = [expected.features(), expected.targets()].map(rounded);
                assert_eq!(pass.run(&dataset).unwrap(), expected, "{num_rows} rows");
            }
        }
    }

    #[test]
    fn a_number_beyond_the_floats_of_the_device_is_told_with_its_column() {
        let dataset = dataset(200, 1e300);
        let summary = Summary::of(&dataset).unwrap();
        let pass = OnDevice(BatchScale::new(&summary, None));
        let error = pass.run(&dataset).unwrap_err().to_string();
        assert!(error.contains("`b`") && error.contains("1e300"), "{error}");
    }
}
