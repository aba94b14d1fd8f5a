use linreg_data::{DataError, Moments, RowsError};
use serde::{Deserialize, Serialize};

use crate::Loss;

/// Metrics of the predictions of one target, in `f64`. Where rows have weights,
/// every mean is weighted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Metrics {
    /// Number of rows, without those of weight 0.
    pub rows: u64,
    /// Mean squared error, in the target's unit squared.
    pub mse: f64,
    /// Root of the mean squared error, in the target's unit.
    pub rmse: f64,
    /// Mean absolute error, in the target's unit.
    pub mae: f64,
    /// Share of the target's variance that the predictions explain,
    /// `1 - sum of squared residuals / sum of squares about the mean`; at most
    /// 1, negative where the mean would predict better. None where the target
    /// is constant, because there is no variance to explain.
    pub r_squared: Option<f64>,
    /// Metrics of the loss function that the model was trained on; none for the
    /// squared loss, whose mean is `mse`. In JSON they are fields on the same
    /// level as the others.
    #[serde(flatten)]
    pub own: Option<OwnMetrics>,
}

/// Metrics of the loss function that a model was trained on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OwnMetrics {
    /// Metrics of the Huber loss.
    Huber {
        /// Residual at which the loss changes from quadratic to linear, in the
        /// target's unit.
        delta: f64,
        /// Mean of the loss, in the target's unit squared.
        huber_loss: f64,
        /// Share of the rows whose residual is at most delta in absolute value.
        within_delta: f64,
    },
    /// Metrics of the quantile loss.
    Quantile {
        /// The quantile that was trained on.
        tau: f64,
        /// Mean of the loss, in the target's unit.
        pinball_loss: f64,
        /// Share of the rows whose target is at or below the prediction: about
        /// tau for a good model.
        coverage: f64,
    },
    /// Metrics of the absolute loss, whose mean is `mae`.
    Absolute {
        /// Share of the rows whose target is at or below the prediction: about
        /// one half for a good model.
        coverage: f64,
    },
}

impl OwnMetrics {
    /// Returns the mean loss and the share of the rows. The mean loss is none for
    /// the absolute loss, because `mae` is that mean.
    pub fn figures(&self) -> (Option<f64>, f64) {
        match *self {
            Self::Huber {
                huber_loss,
                within_delta,
                ..
            } => (Some(huber_loss), within_delta),
            Self::Quantile {
                pinball_loss,
                coverage,
                ..
            } => (Some(pinball_loss), coverage),
            Self::Absolute { coverage } => (None, coverage),
        }
    }
}

/// Accumulates the [`Metrics`] of one target over chunks of rows. Accumulators of
/// different chunks can be merged.
///
/// # Example
///
/// ```
/// use linreg_training::MetricsAccumulator;
///
/// let mut accumulator = MetricsAccumulator::default();
/// accumulator.update(&[1.0, 2.0], &[1.0, 4.0])?;
/// let metrics = accumulator.metrics().unwrap();
/// assert_eq!((metrics.mse, metrics.mae), (2.0, 1.0));
/// # Ok::<(), linreg_data::RowsError>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MetricsAccumulator {
    loss: Loss,
    squared: f64,
    absolute: f64,
    own: f64,
    /// Sum of the weights of the rows within delta, or at or below the
    /// prediction.
    counted: f64,
    targets: Moments,
}

/// Relative rounding error that is allowed in a prediction.
const ROUNDING: f64 = 1e-12;

/// The default accumulator is for a model that was trained on the squared loss.
impl Default for MetricsAccumulator {
    fn default() -> Self {
        Self::new(Loss::Squared)
    }
}

impl MetricsAccumulator {
    /// Creates an accumulator for a model that was trained on this loss.
    pub fn new(loss: Loss) -> Self {
        Self {
            loss,
            squared: 0.0,
            absolute: 0.0,
            own: 0.0,
            counted: 0.0,
            targets: Moments::new(1),
        }
    }

    /// Adds rows of weight 1.
    ///
    /// # Errors
    ///
    /// More or fewer predictions than targets.
    pub fn update(&mut self, predictions: &[f64], targets: &[f64]) -> Result<(), RowsError> {
        check_number(predictions, targets)?;
        self.targets.update(targets)?;
        self.add_residuals(predictions, targets, |_| 1.0);
        Ok(())
    }

    /// Adds rows with these weights, each finite and 0 or more. A row of weight 2
    /// counts as two rows of weight 1, and a row of weight 0 does not count.
    ///
    /// # Errors
    ///
    /// More or fewer predictions or weights than targets.
    pub fn update_weighted(
        &mut self,
        predictions: &[f64],
        targets: &[f64],
        weights: &[f64],
    ) -> Result<(), RowsError> {
        check_number(predictions, targets)?;
        self.targets.update_weighted(targets, weights)?;
        self.add_residuals(predictions, targets, |row| weights[row]);
        Ok(())
    }

    fn add_residuals(
        &mut self,
        predictions: &[f64],
        targets: &[f64],
        weight: impl Fn(usize) -> f64,
    ) {
        for (row, (prediction, target)) in predictions.iter().zip(targets).enumerate() {
            let (residual, weight) = (target - prediction, weight(row));
            if weight > 0.0 {
                self.squared += weight * residual * residual;
                self.absolute += weight * residual.abs();
                self.own += weight * self.loss.of(residual);
                let counts = match self.loss {
                    Loss::Huber { delta } => residual.abs() <= delta,
                    // A row on the fitted line must not count as above it because
                    // of rounding.
                    _ => residual <= ROUNDING * (prediction.abs() + target.abs()),
                };
                if counts {
                    self.counted += weight;
                }
            }
        }
    }

    /// Adds the rows of another accumulator.
    ///
    /// # Errors
    ///
    /// An accumulator for another loss.
    pub fn merge(&mut self, other: &Self) -> Result<(), DataError> {
        if self.loss != other.loss {
            return Err(DataError::Setting {
                name: "loss of the metrics",
                found: format!("{:?}", other.loss),
                expected: format!("{:?}", self.loss),
            });
        }
        self.targets.merge(&other.targets)?;
        self.squared += other.squared;
        self.absolute += other.absolute;
        self.own += other.own;
        self.counted += other.counted;
        Ok(())
    }

    /// Returns the metrics of all rows so far; none before the first row.
    pub fn metrics(&self) -> Option<Metrics> {
        let rows = self.targets.count();
        if rows == 0 {
            return None;
        }
        let weight_sum = self.targets.weight_sum();
        let mse = self.squared / weight_sum;
        let std = self.targets.std()[0];
        let (own, share) = (self.own / weight_sum, self.counted / weight_sum);
        let own = match self.loss {
            Loss::Squared => None,
            Loss::Absolute => Some(OwnMetrics::Absolute { coverage: share }),
            Loss::Huber { delta } => Some(OwnMetrics::Huber {
                delta,
                huber_loss: own,
                within_delta: share,
            }),
            Loss::Quantile { tau } => Some(OwnMetrics::Quantile {
                tau,
                pinball_loss: own,
                coverage: share,
            }),
        };
        Some(Metrics {
            rows,
            mse,
            rmse: mse.sqrt(),
            mae: self.absolute / weight_sum,
            r_squared: (std > 0.0).then(|| 1.0 - (mse.sqrt() / std).powi(2)),
            own,
        })
    }
}

/// Checks that there is a prediction for each target.
fn check_number(predictions: &[f64], targets: &[f64]) -> Result<(), RowsError> {
    let (found, targets) = (predictions.len(), targets.len());
    if found == targets {
        return Ok(());
    }
    Err(RowsError::Predictions { found, targets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9.1: mean_squared_error, mean_absolute_error and
        // r2_score of these lists, the example in its documentation.
        let mut accumulator = MetricsAccumulator::default();
        accumulator
            .update(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0])
            .unwrap();
        let metrics = accumulator.metrics().unwrap();
        assert_eq!((metrics.rows, metrics.mse, metrics.mae), (4, 0.375, 0.5));
        assert_eq!(metrics.rmse, 0.375f64.sqrt());
        assert!((metrics.r_squared.unwrap() - 0.9486081370449679).abs() < 1e-15);
    }

    #[test]
    fn weights_agree_with_scikit_learn() {
        // scikit-learn 1.9.1 with sample_weight=[1, 2, 3, 4].
        let mut accumulator = MetricsAccumulator::default();
        accumulator
            .update_weighted(&[2.5, 0.0], &[3.0, -0.5], &[1.0, 2.0])
            .unwrap();
        accumulator
            .update_weighted(&[2.0, 8.0, 9e200], &[2.0, 7.0, -9e200], &[3.0, 4.0, 0.0])
            .unwrap();
        let metrics = accumulator.metrics().unwrap();
        assert_eq!(metrics.rows, 4);
        assert!((metrics.mse - 0.475).abs() < 1e-15);
        assert!((metrics.mae - 0.55).abs() < 1e-15);
        assert!((metrics.r_squared.unwrap() - 0.9459613196814562).abs() < 1e-15);
    }

    #[test]
    fn each_loss_has_its_own_metrics() {
        // By hand, of the residuals 0.5, -0.5, 0 and -1: pinball losses 0.45,
        // 0.05, 0 and 0.1, Huber losses 0.25, 0.25, 0 and 0.75.
        let of = |loss, weights: [f64; 4]| {
            let mut accumulator = MetricsAccumulator::new(loss);
            let (predictions, targets) = ([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]);
            accumulator
                .update_weighted(&predictions, &targets, &weights)
                .unwrap();
            let (own, share) = accumulator.metrics().unwrap().own.unwrap().figures();
            (own.map(|own| (own * 1e9).round() / 1e9), share)
        };
        let quantile = Loss::Quantile { tau: 0.9 };
        assert_eq!(of(quantile, [1.0; 4]), (Some(0.15), 0.75));
        assert_eq!(of(quantile, [1.0, 2.0, 3.0, 4.0]), (Some(0.095), 0.9));
        let huber = Loss::Huber { delta: 0.5 };
        assert_eq!(of(huber, [1.0; 4]), (Some(0.3125), 0.75));
        assert_eq!(of(Loss::Absolute, [1.0, 0.0, 0.0, 1.0]), (None, 0.5));
        assert_eq!(MetricsAccumulator::default().loss, Loss::Squared);
    }

    #[test]
    fn own_metrics_stand_beside_the_others_in_json_and_can_be_read_again() {
        for loss in [
            Loss::Squared,
            Loss::Absolute,
            Loss::Huber { delta: 2.0 },
            Loss::Quantile { tau: 0.25 },
        ] {
            let mut accumulator = MetricsAccumulator::new(loss);
            accumulator.update(&[1.0, 2.0], &[1.5, 1.0]).unwrap();
            let metrics = accumulator.metrics().unwrap();
            let json = serde_json::to_value(metrics).unwrap();
            assert_eq!(
                json.get("pinball_loss").is_some(),
                matches!(loss, Loss::Quantile { .. })
            );
            assert_eq!(serde_json::from_value::<Metrics>(json).unwrap(), metrics);
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut accumulator = MetricsAccumulator::default();
        assert!(accumulator.update(&[1.0], &[1.0, 2.0]).is_err());
        assert!(accumulator.update_weighted(&[1.0], &[1.0], &[]).is_err());
        let other = MetricsAccumulator::new(Loss::Absolute);
        let error = accumulator.merge(&other).unwrap_err().to_string();
        assert_eq!(
            error,
            "the loss of the metrics is Absolute, expected Squared"
        );
    }

    #[test]
    fn chunks_merge_to_the_whole() {
        let predictions: Vec<f64> = (0..100).map(|i| f64::from(i).sin()).collect();
        let targets: Vec<f64> = (0..100).map(|i| f64::from(i).cos()).collect();
        let of = |range: std::ops::Range<usize>| {
            let mut accumulator = MetricsAccumulator::default();
            accumulator
                .update(&predictions[range.clone()], &targets[range])
                .unwrap();
            accumulator
        };
        let mut parts = of(0..37);
        parts.merge(&of(37..100)).unwrap();
        let (parts, whole) = (parts.metrics().unwrap(), of(0..100).metrics().unwrap());
        assert!((parts.mse - whole.mse).abs() < 1e-14);
        assert!((parts.mae - whole.mae).abs() < 1e-14);
        assert!((parts.r_squared.unwrap() - whole.r_squared.unwrap()).abs() < 1e-14);
    }

    #[test]
    fn a_constant_target_has_no_variance_to_explain() {
        let mut accumulator = MetricsAccumulator::default();
        assert_eq!(accumulator.metrics(), None);
        accumulator.update(&[1.0, 2.0], &[0.1, 0.1]).unwrap();
        assert_eq!(accumulator.metrics().unwrap().r_squared, None);
    }
}
