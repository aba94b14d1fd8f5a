use serde::{Deserialize, Serialize};

use crate::expected::{Checked, Expected, wrong};
use crate::lbfgs::Lbfgs;
use crate::objective::Objective;
use crate::point::{Moved, Point};
use crate::proximal::Proximal;
use crate::{OptimizerConfig, TrainingConfig, TrainingError};

/// A full-batch optimizer for a smooth loss.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Solver {
    Lbfgs(Lbfgs),
    Proximal(Proximal),
}

impl Solver {
    pub(crate) fn new(config: &TrainingConfig, start: Point, num_weights: usize) -> Self {
        match config.optimizer {
            OptimizerConfig::Lbfgs { history } => Self::Lbfgs(Lbfgs::new(start, history)),
            _ => Self::Proximal(Proximal::new(start, num_weights)),
        }
    }

    pub(crate) fn point(&self) -> &Point {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.point(),
            Self::Proximal(proximal) => proximal.point(),
        }
    }

    /// Makes one update. `epsilon` is the machine epsilon of the backend's
    /// floats.
    pub(crate) fn update(
        &mut self,
        objective: &Objective,
        tolerance: f64,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Moved, TrainingError> {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.update(tolerance, at),
            Self::Proximal(proximal) => proximal.update(objective, tolerance, epsilon, at),
        }
    }

    /// Checks that a training with these settings can have this state after at
    /// most this number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize, slacks: bool) -> Checked {
        match (self, expected.config.optimizer) {
            (Self::Lbfgs(lbfgs), OptimizerConfig::Lbfgs { history }) => {
                lbfgs.check(expected, history, updates, slacks)
            }
            (Self::Proximal(proximal), OptimizerConfig::Proximal) => {
                proximal.check(expected, updates, slacks)
            }
            (_, optimizer) => wrong("optimizer", "another", optimizer.name()),
        }
    }
}
