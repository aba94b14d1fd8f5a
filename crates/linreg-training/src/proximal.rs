use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::full_batch::{Moved, Point};
use crate::lbfgs::{difference, dot, largest};
use crate::objective::Objective;

/// The accelerated proximal gradient method in `f64`: Beck and Teboulle, *A Fast
/// Iterative Shrinkage-Thresholding Algorithm* (2009), with backtracking, and
/// restarted where the momentum points uphill (O'Donoghue and Candès, *Adaptive
/// Restart for Accelerated Gradient Schemes*, 2015).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Proximal {
    point: Point,
    /// The point that the momentum leads to, where the next gradient is taken.
    ahead: Point,
    momentum: f64,
    /// A bound on the second derivatives, learned on the way.
    bound: f64,
    num_weights: usize,
    /// The least objective so far, and the updates since.
    least: f64,
    idle: usize,
}

impl Proximal {
    pub(crate) fn new(start: Point, num_weights: usize) -> Self {
        Self {
            ahead: start.clone(),
            point: start,
            momentum: 1.0,
            bound: 1.0,
            num_weights,
            least: f64::INFINITY,
            idle: 0,
        }
    }

    pub(crate) fn point(&self) -> &Point {
        &self.point
    }

    /// `epsilon` is that of the floats that the objective is computed in.
    pub(crate) fn update(
        &mut self,
        objective: &Objective,
        tolerance: f64,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Moved, TrainingError> {
        /// Updates that gain less than the rounding of losses.
        const MOST_IDLE: usize = 100;
        const IDLE: f64 = 1e-10;
        let (found, step) = self.step(objective, epsilon, at)?;
        let mapping = self.bound * largest(&step);
        let onwards = difference(&found.parameters, &self.point.parameters);
        // Steps are from the point ahead: uphill is against them.
        let restart = dot(&step, &onwards) < 0.0;
        let value = found.value + objective.penalty_l1(&found.parameters[..self.num_weights]);
        self.point = found;
        if mapping <= tolerance {
            return Ok(Moved::Converged);
        }
        self.idle = match value < self.least - IDLE * value.abs() {
            true => 0,
            false => self.idle + 1,
        };
        self.least = self.least.min(value);
        if self.idle >= MOST_IDLE {
            return Ok(Moved::NoFurther);
        }
        if restart {
            self.momentum = 1.0;
            self.ahead = self.point.clone();
            return Ok(Moved::On);
        }
        let next = f64::midpoint(1.0, (1.0 + 4.0 * self.momentum * self.momentum).sqrt());
        let share = (self.momentum - 1.0) / next;
        self.momentum = next;
        let parameters = self.point.parameters.iter().zip(&onwards);
        self.ahead = at(parameters.map(|(x, d)| x + share * d).collect())?;
        Ok(Moved::On)
    }

    /// The proximal step from the point ahead, with a bound that holds along it.
    fn step(
        &mut self,
        objective: &Objective,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<(Point, Vec<f64>), TrainingError> {
        const LARGEST: f64 = 1e30;
        /// What rounding may make of values: some of the backend's epsilons.
        const EPSILONS: f64 = 16.0;
        let slack = (EPSILONS * epsilon).max(1e-9);
        loop {
            let ahead = &self.ahead;
            let moved = ahead.parameters.iter().zip(&ahead.gradient).enumerate();
            let moved = moved.map(|(index, (x, slope))| {
                let moved = x - slope / self.bound;
                match index < self.num_weights {
                    true => objective.proximal(index, moved, 1.0 / self.bound),
                    false => moved,
                }
            });
            let found = at(moved.collect())?;
            let step = difference(&found.parameters, &ahead.parameters);
            let square = dot(&step, &step);
            let bent = dot(&difference(&found.gradient, &ahead.gradient), &step);
            let model = ahead.value + dot(&ahead.gradient, &step) + self.bound / 2.0 * square;
            // By values and by gradients: the one or the other is lost in the
            // rounding of the backend's floats.
            let too_bent = bent > 1.001 * self.bound * square
                && found.value > model + slack * ahead.value.abs();
            if found.value.is_finite() && !too_bent || self.bound > LARGEST {
                return Ok((found, step));
            }
            self.bound *= 2.0;
        }
    }
}
