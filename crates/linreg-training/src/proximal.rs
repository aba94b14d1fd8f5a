use serde::{Deserialize, Deserializer, Serialize};

use crate::TrainingError;
use crate::expected::{Checked, Expected, wrong};
use crate::lbfgs::{difference, dot, largest};
use crate::objective::Objective;
use crate::point::{Moved, Point};

/// The accelerated proximal gradient method in `f64`: Beck and Teboulle, *A Fast
/// Iterative Shrinkage-Thresholding Algorithm* (2009), with backtracking, and
/// with a restart where the momentum increases the objective (O'Donoghue and
/// Candès, *Adaptive Restart for Accelerated Gradient Schemes*, 2015).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Proximal {
    point: Point,
    /// The extrapolated point, where the next gradient is computed.
    ahead: Point,
    momentum: f64,
    /// Bound on the second derivatives, found by backtracking.
    bound: f64,
    num_weights: usize,
    /// The least objective so far. It is infinite before the first update, which
    /// JSON stores as null. `idle` is the number of updates since it fell.
    #[serde(deserialize_with = "infinite_if_null")]
    least: f64,
    idle: usize,
}

/// Backtracking ends when the bound exceeds this one.
const LARGEST_BOUND: f64 = 1e30;

fn infinite_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
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

    /// Checks that a training with these settings can have this state after this
    /// number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize, slacks: bool) -> Checked {
        self.point.check(expected, slacks)?;
        self.ahead.check(expected, slacks)?;
        if self.num_weights != expected.num_weights() {
            let expected = expected.num_weights();
            return wrong("number of weights", self.num_weights, expected);
        }
        if !(self.momentum >= 1.0 && self.momentum.is_finite()) {
            return wrong("momentum", self.momentum, "a finite number from 1");
        }
        // A bound that is not above the largest one may be doubled once more.
        let most = 2.0 * LARGEST_BOUND;
        if !(1.0..=most).contains(&self.bound) {
            let expected = format!("a number from 1 to {most:e}");
            return wrong("bound on the second derivatives", self.bound, expected);
        }
        if self.least.is_nan() {
            return wrong("least objective", self.least, "a number");
        }
        if self.idle <= updates {
            Ok(())
        } else {
            wrong(
                "number of idle updates",
                self.idle,
                format!("at most {updates}"),
            )
        }
    }

    pub(crate) fn point(&self) -> &Point {
        &self.point
    }

    /// Makes one update. `epsilon` is the machine epsilon of the floats that the
    /// objective is computed in.
    pub(crate) fn update(
        &mut self,
        objective: &Objective,
        tolerance: f64,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Moved, TrainingError> {
        /// Number of updates in a row without progress after which the method
        /// stops.
        const MOST_IDLE: usize = 100;
        const IDLE: f64 = 1e-10;
        let (found, step) = self.step(objective, epsilon, at)?;
        let mapping = self.bound * largest(&step);
        let onwards = difference(&found.parameters, &self.point.parameters);
        // The step starts at the extrapolated point. The objective rises where it
        // is opposite to the change of the parameters.
        let restart = dot(&step, &onwards) < 0.0;
        let value = found.value + objective.penalty_l1(&found.parameters[..self.num_weights]);
        self.point = found;
        if mapping <= tolerance {
            return Ok(Moved::Converged);
        }
        self.idle = if value < self.least - IDLE * value.abs() {
            0
        } else {
            self.idle + 1
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

    /// Makes the proximal step from the extrapolated point, with a bound that
    /// holds along it.
    fn step(
        &mut self,
        objective: &Objective,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<(Point, Vec<f64>), TrainingError> {
        /// Allowed rounding error of a value, in multiples of the machine
        /// epsilon.
        const EPSILONS: f64 = 16.0;
        let slack = (EPSILONS * epsilon).max(1e-9);
        loop {
            let ahead = &self.ahead;
            let moved = ahead.parameters.iter().zip(&ahead.gradient).enumerate();
            let moved = moved.map(|(index, (x, slope))| {
                let moved = x - slope / self.bound;
                if index < self.num_weights {
                    objective.proximal(index, moved, 1.0 / self.bound)
                } else {
                    moved
                }
            });
            let found = at(moved.collect())?;
            let step = difference(&found.parameters, &ahead.parameters);
            let square = dot(&step, &step);
            let bent = dot(&difference(&found.gradient, &ahead.gradient), &step);
            let model = ahead.value + dot(&ahead.gradient, &step) + self.bound / 2.0 * square;
            // Both the values and the gradients have to show it, because rounding
            // in the backend's floats can spoil either of them.
            let too_bent = bent > 1.001 * self.bound * square
                && found.value > model + slack * ahead.value.abs();
            if found.value.is_finite() && !too_bent || self.bound > LARGEST_BOUND {
                return Ok((found, step));
            }
            self.bound *= 2.0;
        }
    }
}
