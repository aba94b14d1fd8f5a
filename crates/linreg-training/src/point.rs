use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::expected::{Checked, Expected, check_numbers};

/// Evaluates the objective at these parameters. The loss is smoothed by these
/// widths, one per target, or not smoothed if there are none.
pub(crate) type Evaluate<'a> = dyn Fn(Vec<f64>, &[f64]) -> Result<Point, TrainingError> + 'a;

/// The value and gradient of the smooth part of the objective at some parameters:
/// the losses and the L2 penalty.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    /// The row-major weights, followed by the biases.
    pub(crate) parameters: Vec<f64>,
    /// Mean loss of each target, not smoothed.
    pub(crate) losses: Vec<f64>,
    /// For each target, a bound on how far the loss is above its minimum where
    /// the gradient of the smoothed loss is 0; empty where the loss is not
    /// smoothed.
    #[serde(default)]
    pub(crate) slacks: Vec<f64>,
    pub(crate) value: f64,
    /// The derivative of `value` by each parameter.
    pub(crate) gradient: Vec<f64>,
}

/// The outcome of an update.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Moved {
    On,
    /// The gradient is within the tolerance of 0.
    Converged,
    /// No lower value was found in the precision of the backend's floats.
    NoFurther,
}

impl Point {
    /// Checks that a training with these settings can have this point. `slacks`
    /// says whether the loss is smoothed.
    pub(crate) fn check(&self, expected: &Expected, slacks: bool) -> Checked {
        let (parameters, targets) = (expected.num_parameters(), expected.num_targets);
        check_numbers("weights and biases", &self.parameters, parameters)?;
        check_numbers("gradient", &self.gradient, parameters)?;
        check_numbers("losses", &self.losses, targets)?;
        let num_slacks = if slacks { targets } else { 0 };
        check_numbers("bounds of the losses", &self.slacks, num_slacks)?;
        check_numbers("objective", &[self.value], 1)
    }
}
