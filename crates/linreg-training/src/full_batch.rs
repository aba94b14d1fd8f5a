use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::expected::{Checked, Expected, wrong};
use crate::point::{Evaluate, Point};
use crate::smoothing::Smoothed;
use crate::solver::Solver;
use crate::{TrainingConfig, TrainingError};

/// A full-batch optimizer between two updates.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", untagged)]
pub(crate) enum FullBatch {
    /// For a smooth loss.
    Smooth(Solver),
    /// For a loss with a corner, which is smoothed.
    Smoothed(Smoothed),
}

impl FullBatch {
    /// Checks that a training with these settings can have this state after this
    /// number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize) -> Checked {
        match (self, expected.config.loss.is_smooth()) {
            (Self::Smooth(solver), true) => solver.check(expected, updates, false),
            (Self::Smoothed(smoothed), false) => smoothed.check(expected, updates),
            _ => wrong("method", "that of another loss", "that of the settings"),
        }
    }

    pub(crate) fn new(
        config: &TrainingConfig,
        start: Point,
        num_weights: usize,
        evaluate: &Evaluate<'_>,
    ) -> Result<Self, TrainingError> {
        Ok(if config.loss.is_smooth() {
            Self::Smooth(Solver::new(config, start, num_weights))
        } else {
            Self::Smoothed(Smoothed::new(config, start, num_weights, evaluate)?)
        })
    }

    pub(crate) fn point(&self) -> &Point {
        match self {
            Self::Smooth(solver) => solver.point(),
            Self::Smoothed(smoothed) => smoothed.point(),
        }
    }

    pub(crate) fn widths(&self) -> &[f64] {
        match self {
            Self::Smooth(_) => &[],
            Self::Smoothed(smoothed) => smoothed.widths(),
        }
    }

    pub(crate) fn coefficients(&self, num_weights: usize) -> Result<Coefficients, TrainingError> {
        let (weight, bias) = self.point().parameters.split_at(num_weights);
        Ok(Coefficients::new(weight.to_vec(), bias.to_vec())?)
    }
}
