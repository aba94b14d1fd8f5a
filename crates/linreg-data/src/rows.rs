use serde::{Deserialize, Serialize};

use crate::{Axis, DataError, RowsError};

/// Encoded rows in memory, such as a chunk of a larger table; see
/// [`RowSource`](crate::RowSource).
///
/// # Shapes
///
/// - features: row-major `[rows, num_features]`
/// - targets: row-major `[rows, num_targets]`
/// - weights: `[rows]`
/// - tails: the same as the features
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Rows {
    /// The features, from which to predict.
    pub features: Vec<f64>,
    /// The targets, which are to be predicted.
    pub targets: Vec<f64>,
    /// The weight of each row, 0 or more; None where all rows count the same.
    pub weights: Option<Vec<f64>>,
    /// The rounding errors of powers and products among the features, if there
    /// are any: the sum of a feature and its tail has twice the digits of an
    /// `f64`. An exact fit uses them; a [`RowSource`](crate::RowSource) gives
    /// none.
    pub tails: Option<Vec<f64>>,
}

impl Rows {
    /// Adds later rows of the same table.
    pub(crate) fn append(&mut self, mut later: Self) {
        if self.targets.is_empty() && self.features.is_empty() {
            *self = later;
            return;
        }
        self.features.append(&mut later.features);
        self.targets.append(&mut later.targets);
        for (all, later) in [
            (&mut self.weights, later.weights),
            (&mut self.tails, later.tails),
        ] {
            if let Some(mut later) = later {
                all.get_or_insert_default().append(&mut later);
            }
        }
    }

    /// Removes the first rows. Tails are not kept.
    pub(crate) fn remove_first(
        &mut self,
        num_rows: usize,
        num_features: usize,
        num_targets: usize,
    ) {
        self.features.drain(..num_rows * num_features);
        self.targets.drain(..num_rows * num_targets);
        if let Some(weights) = &mut self.weights {
            weights.drain(..num_rows);
        }
        self.tails = None;
    }

    /// The number of rows, for this many features and targets.
    ///
    /// # Errors
    ///
    /// No features, no targets, or lengths that do not fit.
    pub fn num_rows(&self, num_features: usize, num_targets: usize) -> Result<usize, DataError> {
        if num_features == 0 {
            return Err(RowsError::None(Axis::Features).into());
        }
        if num_targets == 0 {
            return Err(RowsError::None(Axis::Targets).into());
        }
        if !self.targets.len().is_multiple_of(num_targets) {
            let (found, targets) = (self.targets.len(), num_targets);
            return Err(RowsError::Targets { found, targets }.into());
        }
        let rows = self.targets.len() / num_targets;
        if rows.checked_mul(num_features) != Some(self.features.len()) {
            let error = RowsError::Features {
                found: self.features.len(),
                rows,
                features: num_features,
            };
            return Err(error.into());
        }
        match &self.weights {
            Some(weights) if weights.len() != rows => {
                let found = weights.len();
                Err(RowsError::Weights { found, rows }.into())
            }
            _ => Ok(rows),
        }
    }

    /// The error for chunks of which only some have weights.
    pub(crate) fn some_weighted() -> DataError {
        RowsError::SomeWeighted.into()
    }

    /// Checks the lengths, that every number is finite, and that no weight is
    /// negative. Returns the number of rows; `first_row` is the
    /// number of the first of them, from 0.
    pub(crate) fn check(
        &self,
        feature_names: &[String],
        target_names: &[String],
        first_row: usize,
    ) -> Result<usize, DataError> {
        let num_rows = self.num_rows(feature_names.len(), target_names.len())?;
        for (values, names) in [
            (&self.features, feature_names),
            (&self.targets, target_names),
        ] {
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                let error = RowsError::NotFinite {
                    row: first_row + index / names.len() + 1,
                    column: names[index % names.len()].clone(),
                    found: values[index],
                };
                return Err(error.into());
            }
        }
        let weights = self.weights.as_deref().unwrap_or_default();
        let usable = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        match weights.iter().position(|weight| !usable(weight)) {
            None => Ok(num_rows),
            Some(row) => Err(RowsError::Weight {
                row: first_row + row + 1,
                found: weights[row],
            }
            .into()),
        }
    }
}

/// The mean weight of rows.
///
/// # Errors
///
/// Weights that are all 0, or whose mean is beyond 64-bit floats.
pub(crate) fn mean_weight(weight_sum: f64, num_rows: usize) -> Result<f64, DataError> {
    let mean = weight_sum / num_rows as f64;
    if mean.is_normal() {
        return Ok(mean);
    }
    Err(if weight_sum == 0.0 {
        RowsError::NoWeight
    } else {
        RowsError::MeanWeight(mean)
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_errors() {
        let rows = |features: usize, targets: usize, weights: Option<usize>| Rows {
            features: vec![0.0; features],
            targets: vec![0.0; targets],
            weights: weights.map(|rows| vec![1.0; rows]),
            tails: None,
        };
        assert_eq!(rows(6, 4, Some(2)).num_rows(3, 2).unwrap(), 2);
        for (rows, message) in [
            (
                rows(6, 3, None),
                "3 target values are not whole rows of 2 targets",
            ),
            (
                rows(5, 4, None),
                "5 feature values for 2 rows of 3 features",
            ),
            (
                rows(6, 4, Some(1)),
                "1 weights for 2 rows; give one for each",
            ),
        ] {
            assert_eq!(rows.num_rows(3, 2).unwrap_err().to_string(), message);
        }
        // Twice this many features are 0 in 64 bits.
        assert!(rows(0, 2, None).num_rows(1 << 63, 1).is_err());
    }
}
