mod stored;

use burn::tensor::backend::Backend;
use burn::tensor::{Element, Tensor, TensorData};
use linreg_data::Scaler;
use serde::{Deserialize, Serialize};

use crate::loss::check_shape;
use crate::standardize::target_std;
use crate::{TrainingConfig, TrainingError};
use stored::{StoredLoss, StoredPenalty};

/// The loss function of an example with the residual `r = target - prediction`.
///
/// # The objective
///
/// Training minimises, for each target separately,
///
/// ```text
/// mean over the examples of loss(r)  +  l1 * sum of |w|  +  l2 * sum of w²
/// ```
///
/// where the residuals are in the target's unit and the mean is weighted by the
/// weights of the rows. The [`Penalty`] is on the weights `w` of the features on
/// the scale that training uses: divided by their standard deviations if the
/// configuration standardises (as glmnet does by default, and scikit-learn after
/// a `StandardScaler`), unchanged if not. The bias is never penalised. There is
/// no factor 1/2 anywhere.
///
/// With `n` rows, the parameters of other programs translate as follows:
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
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", try_from = "StoredLoss")]
pub enum Loss {
    /// `r²`, which estimates the mean of the target.
    #[default]
    Squared,
    /// `|r|`, which estimates the median.
    Absolute,
    /// `r²` up to `|r| = delta`, and `2 delta |r| - delta²` beyond, so that
    /// outliers have no larger gradient than rows at `delta` (Huber, *Robust
    /// Estimation of a Location Parameter*, 1964).
    Huber {
        /// Residual at which the loss becomes linear; above 0, in the target's
        /// unit.
        delta: f64,
    },
    /// `tau r` for targets above the prediction and `(tau - 1) r` below, which
    /// estimates the quantile `tau` (Koenker and Bassett, *Regression Quantiles*,
    /// 1978).
    Quantile {
        /// The quantile, above 0 and below 1.
        tau: f64,
    },
}

impl Loss {
    /// Returns the loss of a residual `target - prediction`.
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

    /// Whether it has a continuous derivative, as the squared and the Huber loss
    /// have.
    pub fn is_smooth(&self) -> bool {
        matches!(self, Self::Squared | Self::Huber { .. })
    }

    /// Returns `slope` and `tilt` of a loss with a corner, which is
    /// `slope |r| + tilt r`; none for a smooth loss.
    pub(crate) fn corner(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Squared | Self::Huber { .. } => None,
            Self::Absolute => Some((1.0, 0.0)),
            Self::Quantile { tau } => Some((0.5, tau - 0.5)),
        }
    }

    /// Returns the factor by which the loss becomes smaller when the target is
    /// divided by `target_std`.
    fn unit(&self, target_std: f64) -> f64 {
        if self.is_smooth() {
            target_std * target_std
        } else {
            target_std
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

/// The penalty and constraints on the weights; the bias has none. See [`Loss`]
/// for the objective and for the parameters of other programs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredPenalty")]
pub struct Penalty {
    /// Factor of the sum of `|w|`, 0 or more. It makes some weights exactly 0
    /// (Tibshirani, *Regression Shrinkage and Selection via the Lasso*, 1996).
    /// Default: 0.
    pub l1: f64,
    /// Factor of the sum of `w²`, 0 or more. With `l1` it is the elastic net.
    /// Default: 0.
    pub l2: f64,
    /// Whether weights are constrained to be 0 or more. Default: false.
    pub nonnegative: bool,
}

impl Penalty {
    /// Whether it is differentiable. An L1 penalty and the constraint to
    /// non-negative weights are not, and need a proximal operator.
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

/// The objective on the scale that training uses.
///
/// If a target is divided by `s`, its weights become smaller by the factor `s`,
/// and its losses by `s²` (absolute and quantile loss: by `s`). Dividing the
/// objective by the factor of the loss gives the penalties `l1 s / s²` and
/// `l2 s² / s²` (absolute and quantile loss: `l1` and `l2 s`).
#[derive(Clone, Debug, Deserialize, Serialize)]
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

    pub(crate) fn num_targets(&self) -> usize {
        self.deltas.len()
    }

    /// Returns the loss of each example times its weight, `[rows, num_targets]`.
    pub(crate) fn losses<B: Backend>(
        &self,
        predictions: Tensor<B, 2>,
        targets: Tensor<B, 2>,
        weights: Option<Tensor<B, 2>>,
    ) -> Result<Tensor<B, 2>, TrainingError> {
        let [rows, num_targets] = predictions.dims();
        check_shape("targets", targets.dims(), [rows, num_targets])?;
        if let Some(weights) = &weights {
            check_shape("weights", weights.dims(), [rows, 1])?;
        }
        let losses = match self.loss {
            Loss::Squared => (predictions - targets).square(),
            Loss::Absolute => (predictions - targets).abs(),
            Loss::Huber { .. } => huber((predictions - targets).abs(), &self.deltas),
            Loss::Quantile { tau } => {
                let below = burn::tensor::activation::relu(predictions.clone() - targets.clone());
                (targets - predictions) * tau + below
            }
        };
        Ok(match weights {
            None => losses,
            Some(weights) => losses * weights,
        })
    }

    /// Returns the loss of a residual of a target.
    pub(crate) fn loss_of(&self, target: usize, residual: f64) -> f64 {
        match self.loss {
            Loss::Huber { .. } => {
                let delta = self.deltas[target];
                Loss::Huber { delta }.of(residual)
            }
            loss => loss.of(residual),
        }
    }

    /// Returns the Huber loss's delta for a target; 1 for other losses.
    pub(crate) fn delta(&self, target: usize) -> f64 {
        self.deltas[target]
    }

    /// Returns the factor that converts a loss of a target to the units of the
    /// data.
    pub(crate) fn unit(&self, target: usize) -> f64 {
        self.units[target]
    }

    /// Returns the sum over the targets of their losses, in the units of the
    /// data.
    pub(crate) fn in_units(&self, losses: &[f64]) -> f64 {
        let losses = losses.iter().zip(&self.units);
        losses.map(|(loss, unit)| loss * unit).sum()
    }

    /// Returns the L1 penalty of row-major weights.
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

    /// Applies to a weight the proximal operator of `step` times the L1 penalty
    /// and of the constraint to non-negative weights (Parikh and Boyd, *Proximal
    /// Algorithms*, 2014, section 6.5.2).
    pub(crate) fn proximal(&self, index: usize, weight: f64, step: f64) -> f64 {
        let threshold = step * self.l1[index % self.l1.len()];
        let shrunk = if self.nonnegative {
            (weight - threshold).max(0.0)
        } else {
            weight.signum() * (weight.abs() - threshold).max(0.0)
        };
        // Avoids the negative zero.
        if shrunk == 0.0 { 0.0 } else { shrunk }
    }

    /// Does the same for weights on the device, `[num_features, num_targets]`.
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

/// Returns the Huber loss of absolute residuals, with a delta for each target.
pub(crate) fn huber<B: Backend>(sizes: Tensor<B, 2>, deltas: &[f64]) -> Tensor<B, 2> {
    let deltas = row(deltas, &sizes.device()).expand(sizes.dims());
    let within = sizes.clone().min_pair(deltas);
    within.clone() * (sizes * 2.0 - within)
}

/// Returns a tensor with a number for each target, `[1, num_targets]`.
pub(crate) fn row<B: Backend>(numbers: &[f64], device: &B::Device) -> Tensor<B, 2> {
    let data = TensorData::new(numbers.to_vec(), [1, numbers.len()]);
    // The float type is named, because Burn 0.21 otherwise takes that of the
    // first backend that used the device.
    Tensor::from_data(data, (device, B::FloatElem::dtype()))
}

#[cfg(test)]
mod tests;
