use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::expected::{Checked, Expected, check_numbers, wrong};
use crate::lbfgs::largest;
use crate::objective::{Objective, huber, row};
use crate::point::{Evaluate, Moved, Point};
use crate::solver::Solver;
use crate::{TrainingConfig, TrainingError};

/// Full-batch training with a loss that has a corner: it solves a sequence of
/// smooth objectives, each starting from the solution of the one before.
///
/// A loss `slope |r| + tilt r` is smoothed within a width `h` around its corner:
/// `|r|` becomes `r² / 2h` up to `h` and `|r| - h / 2` beyond, so that no row's
/// loss is changed by more than `slope h / 2` (He, Pan, Tan and Zhou, *Smoothed
/// quantile regression with large-scale inference*, 2023, with a uniform kernel).
/// The widths are divided by ten until the bound of [`slacks`] is at most a
/// millionth of the loss.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Smoothed {
    solver: Solver,
    /// The smoothing width for each target.
    widths: Vec<f64>,
    /// Number of times that the widths were made smaller.
    stage: usize,
    /// Number of updates with the current widths.
    updates: usize,
}

impl Smoothed {
    /// Share of the loss by which the last smoothed solution may be above the
    /// minimum.
    const TARGET: f64 = 1e-6;
    /// Factor by which a width is divided to get the next one.
    const FACTOR: f64 = 10.0;
    /// Largest number of updates with the same widths. Most need some tens.
    const MOST_UPDATES: usize = 1000;

    /// Starts with widths that are as large as the losses.
    pub(crate) fn new(
        config: &TrainingConfig,
        start: Point,
        num_weights: usize,
        evaluate: &Evaluate<'_>,
    ) -> Result<Self, TrainingError> {
        let width = |loss: &f64| if *loss > 0.0 { *loss } else { 1.0 };
        let widths: Vec<f64> = start.losses.iter().map(width).collect();
        let start = evaluate(start.parameters, &widths)?;
        Ok(Self {
            solver: Solver::new(config, start, num_weights),
            widths,
            stage: 0,
            updates: 0,
        })
    }

    /// Checks that a training with these settings can have this state after this
    /// number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize) -> Checked {
        /// More divisions by ten than any float allows before it is 0.
        const MOST_STAGES: usize = 400;
        self.solver.check(expected, updates, true)?;
        check_numbers("widths", &self.widths, expected.num_targets)?;
        if let Some(width) = self.widths.iter().find(|width| **width <= 0.0) {
            return wrong("width", width, "a number above 0");
        }
        let stages = updates.min(MOST_STAGES);
        if self.stage > stages {
            return wrong("stage", self.stage, format!("at most {stages}"));
        }
        let most = updates.min(Self::MOST_UPDATES);
        if self.updates <= most {
            Ok(())
        } else {
            wrong(
                "number of updates of the stage",
                self.updates,
                format!("at most {most}"),
            )
        }
    }

    pub(crate) fn point(&self) -> &Point {
        self.solver.point()
    }

    pub(crate) fn widths(&self) -> &[f64] {
        &self.widths
    }

    /// Makes one update of the parameters, and goes to smaller widths when the
    /// solution for these is found. `epsilon` is the machine epsilon of the
    /// backend's floats.
    pub(crate) fn update(
        &mut self,
        config: &TrainingConfig,
        objective: &Objective,
        num_weights: usize,
        epsilon: f64,
        evaluate: &Evaluate<'_>,
    ) -> Result<Moved, TrainingError> {
        let widths = &self.widths;
        let at = |parameters| evaluate(parameters, widths);
        let tolerance = self.tolerance(config.tolerance);
        let moved = self.solver.update(objective, tolerance, epsilon, &at)?;
        self.updates += 1;
        if moved == Moved::On && self.updates < Self::MOST_UPDATES {
            return Ok(Moved::On);
        }
        let point = self.solver.point();
        let is_coarse: Vec<bool> = point
            .slacks
            .iter()
            .zip(&point.losses)
            .map(|(slack, loss)| *slack > Self::TARGET * loss)
            .collect();
        if !is_coarse.contains(&true) {
            return Ok(moved);
        }
        // A width close to the rounding error of the residuals has no effect.
        let narrowest = Self::FACTOR.powi(self.stage as i32 + 1).recip();
        if narrowest < 4.0 * epsilon {
            return Ok(Moved::NoFurther);
        }
        for (width, is_coarse) in self.widths.iter_mut().zip(is_coarse) {
            if is_coarse {
                *width /= Self::FACTOR;
            }
        }
        self.stage += 1;
        self.updates = 0;
        let start = evaluate(self.solver.point().parameters.clone(), &self.widths)?;
        self.solver = Solver::new(config, start, num_weights);
        Ok(Moved::On)
    }

    /// Returns the tolerance of the gradient for these widths: the remaining
    /// error should be about a hundredth of the error of smoothing.
    fn tolerance(&self, least: f64) -> f64 {
        const SHARE: f64 = 0.01;
        let point = self.solver.point();
        let slack = point.slacks.iter().fold(f64::INFINITY, |a, b| a.min(*b));
        least.max(SHARE * slack / largest(&point.parameters).max(1.0))
    }
}

/// Returns the smoothed loss of each example times its weight,
/// `[rows, num_targets]`.
///
/// # Panics
///
/// For a loss without a corner.
pub(crate) fn smoothed_losses<B: Backend>(
    objective: &Objective,
    widths: &[f64],
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
    weights: Option<Tensor<B, 2>>,
) -> Tensor<B, 2> {
    let (slope, tilt) = objective.loss.corner().expect("a loss with a corner");
    let residuals = targets - predictions;
    let sizes = residuals.clone().abs();
    let factors: Vec<f64> = widths.iter().map(|width| slope / (2.0 * width)).collect();
    let factors = row(&factors, &sizes.device());
    let losses = huber(sizes, widths) * factors;
    let losses = if tilt == 0.0 {
        losses
    } else {
        losses + residuals * tilt
    };
    match weights {
        None => losses,
        Some(weights) => losses * weights,
    }
}

/// Returns by how much each example's loss is above `u r`, times its weight,
/// where `u` is the slope of its smoothed loss, `[rows, num_targets]`. Where the
/// gradient is 0, the mean of these numbers bounds how far the loss is above its
/// minimum, because the slopes are then a feasible point of the dual linear
/// program.
pub(crate) fn slacks<B: Backend>(
    objective: &Objective,
    widths: &[f64],
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
    weights: Option<Tensor<B, 2>>,
) -> Tensor<B, 2> {
    let (slope, _) = objective.loss.corner().expect("a loss with a corner");
    let sizes = (targets - predictions).abs();
    let inverse: Vec<f64> = widths.iter().map(|width| 1.0 / width).collect();
    let inverse = row(&inverse, &sizes.device());
    let within = (sizes.clone() * inverse)
        .neg()
        .add_scalar(1.0)
        .clamp_min(0.0);
    let slacks = sizes * within * slope;
    match weights {
        None => slacks,
        Some(weights) => slacks * weights,
    }
}

#[cfg(test)]
mod tests;
