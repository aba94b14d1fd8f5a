mod stored;

use burn::tensor::backend::Backend;
use burn::tensor::{Element, Tensor, TensorData};
use linreg_data::Scaler;
use serde::{Deserialize, Serialize};

use crate::standardize::target_std;
use crate::{TrainingConfig, TrainingError, weighted_squared_loss};
use stored::{StoredLoss, StoredPenalty};

/// What an example costs whose target is missed by `r = target - prediction`.
///
/// # The objective
///
/// Training minimises, for each target by itself,
///
/// ```text
/// mean over the examples of loss(r)  +  l1 * sum of |w|  +  l2 * sum of w²
/// ```
///
/// with losses in the target's own unit, a mean that counts the weights of rows,
/// and the [`Penalty`] on the weights `w` of the features as they are trained
/// on: divided by their standard deviations where the configuration
/// standardises (as glmnet does by default, and scikit-learn after a
/// `StandardScaler`), as they are where it does not. The bias is never
/// penalised. There is no factor 1/2 anywhere.
///
/// With `n` rows, these parameters of others are ours:
///
/// | estimator | ours |
/// | --- | --- |
/// | scikit-learn `Ridge(alpha)` | squared, `l2 = alpha / n` |
/// | scikit-learn `Lasso(alpha)` | squared, `l1 = 2 alpha` |
/// | scikit-learn `ElasticNet(alpha, l1_ratio)` | squared, `l1 = 2 alpha l1_ratio`, `l2 = alpha (1 - l1_ratio)` |
/// | scikit-learn `HuberRegressor(epsilon, alpha)` that found `scale_` | Huber, `delta = epsilon scale_`, `l2 = alpha scale_ / n` |
/// | scikit-learn `QuantileRegressor(quantile, alpha)` | quantile, `tau = quantile`, `l1 = alpha` |
/// | R `glmnet(lambda, alpha)`, family gaussian | squared, `l1 = 2 lambda alpha`, `l2 = lambda (1 - alpha)` |
/// | R `quantreg::rq(tau)` | quantile, `tau` |
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", try_from = "StoredLoss")]
pub enum Loss {
    /// `r²`: the mean of the target is learned.
    Squared,
    /// `|r|`: the median is learned.
    Absolute,
    /// `r²` up to `|r| = delta`, and `2 delta |r| - delta²` beyond, so that far
    /// rows pull no harder than those at `delta` (Huber, *Robust Estimation of a
    /// Location Parameter*, 1964).
    Huber {
        /// Above 0, in the target's unit.
        delta: f64,
    },
    /// `tau r` for targets above the prediction and `(tau - 1) r` below: the
    /// quantile `tau` is learned (Koenker and Bassett, *Regression Quantiles*,
    /// 1978).
    Quantile {
        /// Above 0 and below 1.
        tau: f64,
    },
}

impl Loss {
    /// The loss of a residual `target - prediction`.
    pub fn of(&self, residual: f64) -> f64 {
        match *self {
            Self::Squared => residual * residual,
            Self::Absolute => residual.abs(),
            Self::Huber { delta } => {
                let within = residual.abs().min(delta);
                within * (2.0 * residual.abs() - within)
            }
            Self::Quantile { tau } => (tau * residual).max((tau - 1.0) * residual),
        }
    }

    /// Whether its gradient changes gradually: so that of the squared and the
    /// Huber loss.
    pub fn is_smooth(&self) -> bool {
        matches!(self, Self::Squared | Self::Huber { .. })
    }

    /// A loss with a corner as `slope |r| + tilt r`: both factors.
    pub(crate) fn corner(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Squared | Self::Huber { .. } => None,
            Self::Absolute => Some((1.0, 0.0)),
            Self::Quantile { tau } => Some((0.5, tau - 0.5)),
        }
    }

    /// The loss's unit where the target is divided by this.
    fn unit(&self, target_std: f64) -> f64 {
        match self.is_smooth() {
            true => target_std * target_std,
            false => target_std,
        }
    }

    fn check(&self) -> Result<(), TrainingError> {
        match *self {
            Self::Huber { delta } if !(delta.is_finite() && delta > 0.0) => {
                let expected = "a finite number above 0";
                Err(TrainingError::setting(
                    "Huber loss's delta",
                    delta,
                    expected,
                ))
            }
            Self::Quantile { tau } if !(tau > 0.0 && tau < 1.0) => {
                let expected = "a number above 0 and below 1";
                Err(TrainingError::setting("quantile", tau, expected))
            }
            _ => Ok(()),
        }
    }
}

/// What weights cost and which are allowed; the bias is free. See [`Loss`] for
/// the objective and what the parameters of other programs are here.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredPenalty")]
pub struct Penalty {
    /// Factor of the sum of `|w|`, 0 or more: makes weights exactly 0 (Tibshirani,
    /// *Regression Shrinkage and Selection via the Lasso*, 1996). Default: 0.
    pub l1: f64,
    /// Factor of the sum of `w²`, 0 or more. With `l1` it is the elastic net.
    /// Default: 0.
    pub l2: f64,
    /// Whether weights are kept at 0 or above. Default: false.
    pub nonnegative: bool,
}

impl Penalty {
    /// Whether it has corners or bounds, which need a proximal step.
    pub fn is_smooth(&self) -> bool {
        self.l1 == 0.0 && !self.nonnegative
    }

    fn check(&self) -> Result<(), TrainingError> {
        for (name, factor) in [("L1 penalty", self.l1), ("L2 penalty", self.l2)] {
            if !(factor.is_finite() && factor >= 0.0) {
                let expected = "a finite number, 0 or more";
                return Err(TrainingError::setting(name, factor, expected));
            }
        }
        Ok(())
    }
}

/// The objective in the units of the rows that are trained on.
///
/// A target divided by `s` has losses smaller by `s²` (by `s` where they are
/// not squares), and weights smaller by `s`: dividing the objective by the
/// loss's factor leaves `l1 s / s²` and `l2 s² / s²` (or `l1` and `l2 s`).
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    pub(crate) loss: Loss,
    pub(crate) nonnegative: bool,
    /// The Huber loss's delta for each target; 1 for other losses.
    deltas: Vec<f64>,
    pub(crate) l1: Vec<f64>,
    pub(crate) l2: Vec<f64>,
    units: Vec<f64>,
}

impl Objective {
    pub(crate) fn new(
        config: &TrainingConfig,
        scaler: Option<&Scaler>,
        num_targets: usize,
    ) -> Self {
        let (loss, penalty) = (config.loss, config.penalty);
        let std = |target| scaler.map_or(1.0, |scaler| target_std(scaler, target));
        let each = |of: &dyn Fn(f64) -> f64| (0..num_targets).map(|t| of(std(t))).collect();
        Self {
            loss,
            nonnegative: penalty.nonnegative,
            deltas: each(&|std| match loss {
                Loss::Huber { delta } => delta / std,
                _ => 1.0,
            }),
            l1: each(&|std| penalty.l1 * std / loss.unit(std)),
            l2: each(&|std| penalty.l2 * std * std / loss.unit(std)),
            units: each(&|std| loss.unit(std)),
        }
    }

    pub(crate) fn check(config: &TrainingConfig) -> Result<(), TrainingError> {
        config.loss.check()?;
        config.penalty.check()
    }

    /// The loss of each example times its weight, `[rows, num_targets]`.
    pub(crate) fn losses<B: Backend>(
        &self,
        predictions: Tensor<B, 2>,
        targets: Tensor<B, 2>,
        weights: Option<Tensor<B, 2>>,
    ) -> Tensor<B, 2> {
        if self.loss == Loss::Squared {
            return weighted_squared_loss(predictions, targets, weights);
        }
        assert_eq!(predictions.dims(), targets.dims(), "not one target each");
        let losses = match self.loss {
            Loss::Squared => unreachable!("computed above"),
            Loss::Absolute => (predictions - targets).abs(),
            Loss::Huber { .. } => huber((predictions - targets).abs(), &self.deltas),
            Loss::Quantile { tau } => {
                let below = burn::tensor::activation::relu(predictions.clone() - targets.clone());
                (targets - predictions) * tau + below
            }
        };
        match weights {
            None => losses,
            Some(weights) => losses * weights,
        }
    }

    /// The loss of a residual of a target.
    pub(crate) fn loss_of(&self, target: usize, residual: f64) -> f64 {
        match self.loss {
            Loss::Huber { .. } => {
                let delta = self.deltas[target];
                Loss::Huber { delta }.of(residual)
            }
            loss => loss.of(residual),
        }
    }

    /// The Huber loss's delta for a target; 1 for other losses.
    pub(crate) fn delta(&self, target: usize) -> f64 {
        self.deltas[target]
    }

    /// What a loss of a target is multiplied with to be in the units of the data.
    pub(crate) fn unit(&self, target: usize) -> f64 {
        self.units[target]
    }

    /// Losses in the units of the data, summed over the targets.
    pub(crate) fn in_units(&self, losses: &[f64]) -> f64 {
        let losses = losses.iter().zip(&self.units);
        losses.map(|(loss, unit)| loss * unit).sum()
    }

    /// The L1 penalty of row-major weights.
    pub(crate) fn penalty_l1(&self, weight: &[f64]) -> f64 {
        let num_targets = self.l1.len();
        let weights = weight.iter().enumerate();
        weights
            .map(|(index, w)| self.l1[index % num_targets] * w.abs())
            .sum()
    }

    pub(crate) fn has_l1(&self) -> bool {
        self.l1.iter().any(|l1| *l1 > 0.0)
    }

    pub(crate) fn has_l2(&self) -> bool {
        self.l2.iter().any(|l2| *l2 > 0.0)
    }

    /// The weights nearest to these, by the proximal operator of `step` times
    /// the L1 penalty and the bounds (Parikh and Boyd, *Proximal Algorithms*,
    /// 2014, section 6.5.2).
    pub(crate) fn proximal(&self, index: usize, weight: f64, step: f64) -> f64 {
        let threshold = step * self.l1[index % self.l1.len()];
        let shrunk = match self.nonnegative {
            true => (weight - threshold).max(0.0),
            false => weight.signum() * (weight.abs() - threshold).max(0.0),
        };
        // Never the zero with a sign.
        if shrunk == 0.0 { 0.0 } else { shrunk }
    }

    /// The same for weights on the device, `[num_features, num_targets]`.
    pub(crate) fn proximal_tensor<B: Backend>(
        &self,
        weight: Tensor<B, 2>,
        step: f64,
    ) -> Tensor<B, 2> {
        let thresholds: Vec<f64> = self.l1.iter().map(|l1| step * l1).collect();
        match (self.nonnegative, self.has_l1()) {
            (true, false) => weight.clamp_min(0.0),
            (true, true) => {
                let thresholds = row(&thresholds, &weight.device());
                (weight - thresholds).clamp_min(0.0)
            }
            (false, _) => {
                let thresholds = row(&thresholds, &weight.device());
                let size = (weight.clone().abs() - thresholds).clamp_min(0.0);
                weight.sign() * size
            }
        }
    }
}

/// The Huber loss of sizes of residuals, with a delta for each target.
pub(crate) fn huber<B: Backend>(sizes: Tensor<B, 2>, deltas: &[f64]) -> Tensor<B, 2> {
    let deltas = row(deltas, &sizes.device()).expand(sizes.dims());
    let within = sizes.clone().min_pair(deltas);
    within.clone() * (sizes * 2.0 - within)
}

/// A number for each target, `[1, num_targets]`.
pub(crate) fn row<B: Backend>(numbers: &[f64], device: &B::Device) -> Tensor<B, 2> {
    let data = TensorData::new(numbers.to_vec(), [1, numbers.len()]);
    // The float type is named, because Burn 0.21 otherwise takes that of the
    // first backend that used the device.
    Tensor::from_data(data, (device, B::FloatElem::dtype()))
}

#[cfg(test)]
mod tests;
