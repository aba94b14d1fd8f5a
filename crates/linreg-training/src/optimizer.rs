use serde::{Deserialize, Serialize};

use crate::{TrainingConfig, TrainingError};

/// The optimizer: how gradients become updates.
///
/// The first five are Burn's optimizers and work on minibatches. The last two are
/// full-batch: they compute each update from all rows, in 64-bit floats on the
/// host, with gradients from the device.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd {
        /// Momentum coefficient, from 0 to below 1.
        momentum: f64,
        /// Whether the momentum is Nesterov's; classical momentum if not.
        nesterov: bool,
    },
    /// Adam (Kingma and Ba, 2015), with its usual decays of 0.9 and 0.999.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    AdamW,
    /// RMSProp (Tieleman and Hinton, 2012), with a decay of 0.99 and this
    /// momentum.
    RmsProp {
        /// Momentum coefficient, from 0 to below 1.
        momentum: f64,
    },
    /// AdaGrad (Duchi, Hazan and Singer, 2011).
    AdaGrad,
    /// The limited-memory BFGS method on all rows, see
    /// [`TrainingConfig::full_batch`]. For any loss, but without an L1 penalty or
    /// non-negative weights.
    Lbfgs {
        /// Number of updates that are remembered, at least 1.
        history: usize,
    },
    /// The accelerated proximal gradient method on all rows (Beck and Teboulle,
    /// *FISTA*, 2009). For any loss and penalty. Weights that the penalty sets to
    /// 0 are exactly 0.
    Proximal,
}

/// Gradient clipping. As in Burn, the gradients of weight and bias are clipped
/// separately.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// The largest norm, above 0. Gradients with a larger norm are scaled to it.
    Norm(f64),
    /// The largest absolute value of each component, above 0.
    Value(f64),
}

impl OptimizerConfig {
    /// Plain stochastic gradient descent.
    pub const SGD: Self = Self::Sgd {
        momentum: 0.0,
        nesterov: false,
    };

    /// Returns its name, such as `sgd`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
            Self::RmsProp { .. } => "rmsprop",
            Self::AdaGrad => "adagrad",
            Self::Lbfgs { .. } => "lbfgs",
            Self::Proximal => "proximal",
        }
    }

    /// Whether it is full-batch: each update uses all rows.
    pub fn is_full_batch(&self) -> bool {
        matches!(self, Self::Lbfgs { .. } | Self::Proximal)
    }

    /// Returns how far one of many equal gradients moves a parameter in the end,
    /// in multiples of learning rate times gradient.
    pub(crate) fn amplification(&self) -> f64 {
        match self {
            Self::Sgd { momentum, .. } => 1.0 / (1.0 - momentum),
            _ => 1.0,
        }
    }

    pub(crate) fn check(config: &TrainingConfig) -> Result<(), TrainingError> {
        let wrong = |name, found: &dyn std::fmt::Display, expected| {
            Err(TrainingError::setting(name, found, expected))
        };
        let optimizer = &config.optimizer;
        match *optimizer {
            Self::Sgd { momentum, .. } | Self::RmsProp { momentum }
                if !(0.0..1.0).contains(&momentum) =>
            {
                return wrong("momentum", &momentum, "a number from 0 to below 1");
            }
            Self::Lbfgs { history: 0 } => {
                return wrong("number of remembered updates", &0, "at least 1");
            }
            _ => {}
        }
        if let Some(Clipping::Norm(limit) | Clipping::Value(limit)) = config.clipping
            && !(limit as f32 > 0.0 && (limit as f32).is_finite())
        {
            let expected = "a number above 0 that a 32-bit float can hold";
            return wrong("limit of gradients", &limit, expected);
        }
        let decay = config.weight_decay;
        if !(decay.is_finite() && decay >= 0.0) {
            return wrong("weight decay", &decay, "a finite number, 0 or more");
        }
        if optimizer.is_full_batch() && (decay > 0.0 || config.clipping.is_some()) {
            let expected =
                "sgd or another that goes by minibatches, for weight decay and limits of gradients";
            return wrong("optimizer", &optimizer.name(), expected);
        }
        let takes_l1 = matches!(optimizer, Self::Sgd { .. } | Self::Proximal);
        if config.penalty.l1 > 0.0 && !takes_l1 {
            let expected = "proximal or sgd, whose zeros are right under an L1 penalty";
            return wrong("optimizer", &optimizer.name(), expected);
        }
        if config.penalty.nonnegative && matches!(optimizer, Self::Lbfgs { .. }) {
            let expected = "proximal or sgd, which keep weights at 0 or above";
            return wrong("optimizer", &optimizer.name(), expected);
        }
        Ok(())
    }
}
