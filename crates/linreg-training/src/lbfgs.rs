use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::expected::{Checked, Expected, check_numbers, wrong};
use crate::point::{Moved, Point};

/// The limited-memory BFGS method in `f64`: Nocedal and Wright, *Numerical
/// Optimization* (2006), algorithms 7.4 and 7.5.
///
/// Burn 0.21 has one too, but its state can be neither saved nor loaded, its
/// history is in the backend's floats, and each of its dot products waits for the
/// device.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Lbfgs {
    point: Point,
    /// The last changes of the parameters and of the gradient, oldest first.
    steps: Vec<Vec<f64>>,
    changes: Vec<Vec<f64>>,
    history: usize,
    /// Number of updates in a row that hardly changed the value.
    idle: usize,
}

impl Lbfgs {
    pub(crate) fn new(start: Point, history: usize) -> Self {
        Self {
            point: start,
            steps: Vec::new(),
            changes: Vec::new(),
            history,
            idle: 0,
        }
    }

    /// Checks that a training with these settings can have this state after this
    /// number of updates.
    pub(crate) fn check(
        &self,
        expected: &Expected,
        history: usize,
        updates: usize,
        slacks: bool,
    ) -> Checked {
        self.point.check(expected, slacks)?;
        if self.history != history {
            return wrong("number of remembered updates", self.history, history);
        }
        let most = history.min(updates);
        if self.steps.len() != self.changes.len() || self.steps.len() > most {
            let found = format!("{} and {}", self.steps.len(), self.changes.len());
            let expected = format!("as many of both, at most {most}");
            return wrong("number of steps and changes", found, expected);
        }
        for (step, change) in self.steps.iter().zip(&self.changes) {
            check_numbers("remembered step", step, expected.num_parameters())?;
            check_numbers("remembered change", change, expected.num_parameters())?;
            let curvature = dot(step, change);
            if !(curvature.is_finite() && curvature > 0.0) {
                let what = "curvature of a remembered step";
                return wrong(what, curvature, "a number above 0");
            }
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

    pub(crate) fn update(
        &mut self,
        tolerance: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Moved, TrainingError> {
        /// Number of updates in a row without progress after which the method
        /// stops.
        const MOST_IDLE: usize = 10;
        const IDLE: f64 = 1e-9;
        if largest(&self.point.gradient) <= tolerance {
            return Ok(Moved::Converged);
        }
        let Some(found) = self.search(at)? else {
            if self.steps.is_empty() {
                return Ok(Moved::NoFurther);
            }
            // The history may be spoilt by rounding, so it is cleared.
            self.steps.clear();
            self.changes.clear();
            return Ok(Moved::On);
        };
        let step = difference(&found.parameters, &self.point.parameters);
        let change = difference(&found.gradient, &self.point.gradient);
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            self.steps.push(step);
            self.changes.push(change);
            if self.steps.len() > self.history {
                self.steps.remove(0);
                self.changes.remove(0);
            }
        }
        let gain = self.point.value - found.value;
        self.idle = if gain <= IDLE * found.value.abs() {
            self.idle + 1
        } else {
            0
        };
        self.point = found;
        if largest(&self.point.gradient) <= tolerance {
            return Ok(Moved::Converged);
        }
        Ok(if self.idle >= MOST_IDLE {
            Moved::NoFurther
        } else {
            Moved::On
        })
    }

    /// Line search: returns a point along the direction where the slope has
    /// become small enough (the curvature condition of the strong Wolfe
    /// conditions); none if there is none. The objective is convex, so the slopes
    /// are enough to bracket the minimum. Near the optimum, differences of values
    /// would be lost in the rounding of the backend's floats.
    fn search(
        &self,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Option<Point>, TrainingError> {
        const MOST_EVALUATIONS: usize = 30;
        /// Largest share of the slope that may be left. The search is nearly
        /// exact, because on a quadratic function an exact one makes the
        /// directions conjugate.
        const SLOPE_LEFT: f64 = 0.3;
        /// Relative rounding error that is allowed in a value.
        const SLACK: f64 = 1e-6;
        let direction = self.direction();
        let slope = dot(&self.point.gradient, &direction);
        if slope >= 0.0 || !slope.is_finite() {
            return Ok(None);
        }
        let mut length = if self.steps.is_empty() {
            1.0 / largest(&direction).max(1.0)
        } else {
            1.0
        };
        let (mut low, mut low_slope) = (0.0, slope);
        let mut high: Option<(f64, f64)> = None;
        for _ in 0..MOST_EVALUATIONS {
            let parameters = self.point.parameters.iter().zip(&direction);
            let found = at(parameters.map(|(x, d)| x + length * d).collect())?;
            if !found.value.is_finite() {
                high = Some((length, f64::INFINITY));
                length = low + 0.1 * (length - low);
                continue;
            }
            let found_slope = dot(&found.gradient, &direction);
            let allowed = self.point.value + SLACK * self.point.value.abs();
            if found_slope.abs() <= SLOPE_LEFT * -slope && found.value <= allowed {
                return Ok(Some(found));
            }
            if found_slope > 0.0 {
                high = Some((length, found_slope))
            } else {
                (low, low_slope) = (length, found_slope)
            }
            // The secant method: where the slope would be 0 if it were linear,
            // kept within the bracket.
            length = match high {
                Some((high, high_slope)) => {
                    let width = high - low;
                    let zero = if high_slope.is_finite() {
                        low + width * low_slope / (low_slope - high_slope)
                    } else {
                        low + 0.1 * width
                    };
                    zero.clamp(low + 0.05 * width, high - 0.05 * width)
                }
                None => {
                    let zero = length * slope / (slope - found_slope);
                    if zero > 1.1 * length {
                        zero.min(10.0 * length)
                    } else {
                        10.0 * length
                    }
                }
            };
        }
        Ok(None)
    }

    /// Returns minus the approximate inverse Hessian times the gradient, by the
    /// two-loop recursion.
    fn direction(&self) -> Vec<f64> {
        let mut direction: Vec<f64> = self.point.gradient.iter().map(|g| -g).collect();
        let mut factors = vec![0.0; self.steps.len()];
        for index in (0..self.steps.len()).rev() {
            let (step, change) = (&self.steps[index], &self.changes[index]);
            factors[index] = dot(step, &direction) / dot(step, change);
            add(&mut direction, -factors[index], change);
        }
        if let (Some(step), Some(change)) = (self.steps.last(), self.changes.last()) {
            let scale = dot(step, change) / dot(change, change);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (index, factor) in factors.iter().enumerate() {
            let (step, change) = (&self.steps[index], &self.changes[index]);
            let back = dot(change, &direction) / dot(step, change);
            add(&mut direction, factor - back, step);
        }
        direction
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Returns the largest absolute value.
pub(crate) fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

fn add(sum: &mut [f64], factor: f64, numbers: &[f64]) {
    for (sum, x) in sum.iter_mut().zip(numbers) {
        *sum += factor * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns half the sum of `scale (x - 1)²`, and infinity far from the
    /// minimum.
    fn bowl(scales: &[f64], parameters: Vec<f64>) -> Point {
        let value = scales.iter().zip(&parameters);
        let value = value.map(|(s, x)| s * (x - 1.0).powi(2) / 2.0).sum();
        let gradient = scales.iter().zip(&parameters);
        Point {
            gradient: gradient.map(|(s, x)| s * (x - 1.0)).collect(),
            value: if largest(&parameters) > 1e6 {
                f64::INFINITY
            } else {
                value
            },
            losses: vec![value],
            slacks: Vec::new(),
            parameters,
        }
    }

    #[test]
    fn finds_the_bottom_of_a_long_valley() {
        let scales: Vec<f64> = (0..20).map(|i| 10f64.powf(f64::from(-i) / 4.0)).collect();
        let at = |parameters| Ok(bowl(&scales, parameters));
        let mut lbfgs = Lbfgs::new(bowl(&scales, vec![0.0; 20]), 100);
        let updates = (0..200).find(|_| lbfgs.update(1e-10, &at).unwrap() == Moved::Converged);
        // With exact arithmetic and exact line searches, there would be one
        // update for each of the 20 directions.
        assert!(updates.is_some_and(|updates| updates < 60), "{updates:?}");
        for x in &lbfgs.point().parameters {
            assert!((x - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn steps_back_from_where_the_value_is_infinite() {
        let scales = [1e-9];
        let at = |parameters| Ok(bowl(&scales, parameters));
        let mut lbfgs = Lbfgs::new(bowl(&scales, vec![-9e5]), 5);
        for _ in 0..100 {
            lbfgs.update(1e-14, &at).unwrap();
        }
        assert!((lbfgs.point().parameters[0] - 1.0).abs() < 1e-4);
    }

    #[test]
    fn does_nothing_at_the_optimum() {
        let at = |parameters| Ok(bowl(&[2.0], parameters));
        let mut lbfgs = Lbfgs::new(bowl(&[2.0], vec![1.0]), 5);
        assert!(lbfgs.update(1e-9, &at).unwrap() == Moved::Converged);
        assert_eq!(lbfgs.point().parameters, [1.0]);
    }
}
