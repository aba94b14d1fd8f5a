use linreg_data::{DataError, RowChunk, RowPass};
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::Loss;
use crate::lbfgs::dot;
use crate::objective::Objective;
use crate::row_scale::{RowScale, add_sums, coefficients_of};
use crate::solve::solve;

/// A point of the dual problem of one target, computed from the residuals of a
/// model.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Dual {
    target: usize,
    /// The width that a loss with a corner is smoothed by.
    width: f64,
    loss: Loss,
    delta: f64,
    /// The least slope that the loss can have; `highest` is the largest.
    lowest: f64,
    highest: f64,
    penalty: Penalties,
    num_rows: f64,
    /// The weights, followed by the bias.
    coefficients: Vec<f64>,
    /// The corrections that are subtracted from the slopes, one number per
    /// feature and for the intercept, in the order in which they apply.
    corrections: Vec<Vec<f64>>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Penalties {
    l1: f64,
    l2: f64,
    nonnegative: bool,
}

/// Sums over rows, weighted by their weights.
#[derive(Deserialize, Serialize)]
pub(crate) struct Sums {
    /// The sum of `u x`, for each feature and the intercept.
    balance: Vec<f64>,
    /// The sum of `|u x|`, for each feature and the intercept.
    sizes: Vec<f64>,
    /// The sum of `d x x'`, row-major, where `d` says how much a slope can be
    /// corrected. Only the lower triangle is computed.
    matrix: Vec<f64>,
    /// The sum of `u r`.
    products: f64,
    /// The sum of the conjugate of the loss at each slope.
    conjugates: f64,
    /// The largest factor by which a slope exceeds the slopes of the loss, at
    /// least 1.
    outside: f64,
}

impl Sums {
    fn new(size: usize) -> Self {
        Self {
            balance: vec![0.0; size],
            sizes: vec![0.0; size],
            matrix: vec![0.0; size * size],
            products: 0.0,
            conjugates: 0.0,
            outside: 1.0,
        }
    }

    fn merge(&mut self, later: &Self) {
        add_sums(&mut self.balance, &later.balance);
        add_sums(&mut self.sizes, &later.sizes);
        add_sums(&mut self.matrix, &later.matrix);
        self.products += later.products;
        self.conjugates += later.conjugates;
        self.outside = self.outside.max(later.outside);
    }
}

/// What the sums are for.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(super) enum Work {
    /// The next correction.
    Correct,
    /// The bound.
    Bound,
}

/// Adds up the sums of several points.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct DualPass {
    scale: RowScale,
    duals: Vec<Dual>,
    work: Work,
}

impl DualPass {
    pub(super) fn new(scale: &RowScale, duals: &[Dual], work: Work) -> Self {
        Self {
            scale: scale.clone(),
            duals: duals.to_vec(),
            work,
        }
    }
}

impl RowPass for DualPass {
    type State = Vec<Sums>;
    type Output = Vec<Sums>;

    fn name() -> String {
        "dual points".to_string()
    }

    fn start(&self) -> Vec<Sums> {
        let sums = |dual: &Dual| Sums::new(dual.coefficients.len());
        self.duals.iter().map(sums).collect()
    }

    fn update(&self, sums: &mut Vec<Sums>, rows: &RowChunk) -> Result<(), DataError> {
        self.scale.each_that_counts(rows, |row| {
            for (dual, sums) in self.duals.iter().zip(sums.iter_mut()) {
                match self.work {
                    Work::Correct => dual.add(sums, row.x, row.y, row.weight),
                    Work::Bound => dual.sum_up(sums, row.x, row.y, row.weight),
                }
            }
        });
        Ok(())
    }

    fn merge(&self, sums: &mut Vec<Sums>, later: Vec<Sums>) -> Result<(), DataError> {
        let sums = sums.iter_mut().zip(&later);
        sums.for_each(|(sums, later)| sums.merge(later));
        Ok(())
    }

    fn finish(self, sums: Vec<Sums>) -> Result<Vec<Sums>, DataError> {
        Ok(sums)
    }
}

impl Dual {
    /// Number of corrections. A third one brings no visible improvement.
    pub(super) const CORRECTIONS: usize = 2;

    pub(super) fn new(
        objective: &Objective,
        target: usize,
        width: f64,
        coefficients: &Coefficients,
        num_rows: usize,
    ) -> Self {
        let coefficients: Vec<f64> = coefficients_of(coefficients, target).collect();
        let delta = objective.delta(target);
        let (lowest, highest) = match (objective.loss, objective.loss.corner()) {
            (_, Some((slope, tilt))) => (tilt - slope, tilt + slope),
            (Loss::Huber { .. }, _) => (-2.0 * delta, 2.0 * delta),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        Self {
            target,
            width,
            loss: objective.loss,
            delta,
            lowest,
            highest,
            penalty: Penalties {
                l1: objective.l1[target],
                l2: objective.l2[target],
                nonnegative: objective.nonnegative,
            },
            num_rows: num_rows as f64,
            coefficients,
            corrections: Vec::new(),
        }
    }

    pub(super) fn target(&self) -> usize {
        self.target
    }

    /// Adds a row to the sums for the next correction.
    fn add(&self, sums: &mut Sums, x: &[f64], y: &[f64], weight: f64) {
        let residual = self.residual(x, y);
        let u = self.slope(x, residual).clamp(self.lowest, self.highest);
        for (sum, x) in sums.balance.iter_mut().zip(x) {
            *sum += weight * u * x;
        }
        let freedom = weight * self.freedom(u, residual);
        if freedom > 0.0 {
            let size = x.len();
            for (i, a) in x.iter().enumerate() {
                let row = &mut sums.matrix[i * size..=i * size + i];
                let factor = freedom * a;
                row.iter_mut()
                    .zip(x)
                    .for_each(|(sum, b)| *sum += factor * b);
            }
        }
    }

    /// Computes the next correction, which moves the mean of `u x` of each
    /// feature to a value that the penalty allows.
    pub(super) fn correct(&mut self, sums: Sums) {
        let size = self.coefficients.len();
        let mut excess = vec![0.0; size];
        let mut is_free = vec![false; size];
        for (index, found) in sums.balance.iter().enumerate() {
            let wanted = self.num_rows * self.wanted(index, found / self.num_rows);
            excess[index] = found - wanted;
            is_free[index] = self.coefficients[index] != 0.0 || *found != wanted;
        }
        self.corrections.push(solve(sums.matrix, excess, &is_free));
    }

    /// Adds a row to the sums for the bound.
    fn sum_up(&self, sums: &mut Sums, x: &[f64], y: &[f64], weight: f64) {
        let residual = self.residual(x, y);
        let u = self.slope(x, residual);
        for ((sum, size), x) in sums.balance.iter_mut().zip(&mut sums.sizes).zip(x) {
            *sum += weight * u * x;
            *size += weight * (u * x).abs();
        }
        sums.products += weight * u * residual;
        if self.loss.is_smooth() {
            // The conjugate of the squared loss and, for slopes that it can have,
            // of the Huber loss.
            sums.conjugates += weight * u * u / 4.0;
        }
        let allowed = if u > 0.0 { self.highest } else { self.lowest };
        sums.outside = sums.outside.max(u / allowed);
    }

    /// Returns a lower bound of the objective of any coefficients. It is 0 where
    /// the slopes cannot be scaled to satisfy the dual constraints.
    pub(super) fn lower_bound(&self, sums: &Sums) -> f64 {
        /// Relative rounding error that is allowed in a sum.
        const ROUNDING: f64 = 1e-9;
        let Sums {
            balance,
            sizes,
            products,
            conjugates,
            outside,
            ..
        } = sums;
        let Penalties {
            l1,
            l2,
            nonnegative,
        } = self.penalty;
        // Scaled down, they are still slopes of the loss, and they may then
        // satisfy the constraints.
        let mut factor = 1.0 / outside;
        let last = balance.len() - 1;
        for (index, (sum, size)) in balance.iter().zip(sizes).enumerate() {
            let allowed = if index < last { l1 } else { 0.0 };
            let beyond = if nonnegative && index < last {
                sum.max(0.0)
            } else {
                sum.abs()
            };
            if (index < last && l2 > 0.0) || beyond <= ROUNDING * size {
                continue;
            }
            factor = f64::min(factor, allowed * self.num_rows / beyond);
        }
        if !(factor.is_finite() && factor > 0.0) {
            return 0.0;
        }
        let at_targets: f64 = balance
            .iter()
            .zip(&self.coefficients)
            .map(|(c, w)| c * w)
            .sum();
        let means = factor * (products + at_targets) - factor * factor * conjugates;
        let penalties: f64 = balance[..last]
            .iter()
            .filter(|_| l2 > 0.0)
            .map(|sum| {
                let mean = factor * sum / self.num_rows;
                let size = if nonnegative { mean } else { mean.abs() };
                (size - l1).max(0.0).powi(2) / (4.0 * l2)
            })
            .sum();
        let bound = means / self.num_rows - penalties;
        if bound.is_finite() { bound } else { 0.0 }
    }

    fn residual(&self, x: &[f64], y: &[f64]) -> f64 {
        y[self.target] - dot(x, &self.coefficients)
    }

    /// Returns the slope of a row's loss after all corrections. The last
    /// correction may leave the range of slopes of the loss.
    fn slope(&self, x: &[f64], residual: f64) -> f64 {
        let mut u = match (self.loss.corner(), self.loss) {
            (Some((slope, tilt)), _) => tilt + slope * (residual / self.width).clamp(-1.0, 1.0),
            (None, Loss::Huber { .. }) => 2.0 * residual.clamp(-self.delta, self.delta),
            (None, _) => 2.0 * residual,
        };
        for correction in &self.corrections {
            u = u.clamp(self.lowest, self.highest);
            u -= self.freedom(u, residual) * dot(x, correction);
        }
        u
    }

    /// Returns how much a row's slope can be corrected. For a loss with a corner
    /// it is larger where the slope is far from the ends of its range, and where
    /// a correction costs little because the residual is near the corner.
    fn freedom(&self, u: f64, residual: f64) -> f64 {
        /// Smaller numbers count as 0.
        const NOTHING: f64 = 1e-7;
        let room = (self.highest - u).min(u - self.lowest);
        let freedom = match self.loss.corner() {
            Some((slope, _)) => {
                let near = 1.0 + (residual / self.width).powi(2);
                room + 0.2 * slope / (near * near)
            }
            None if room > 0.0 => 2.0,
            None => 0.0,
        };
        if freedom < NOTHING { 0.0 } else { freedom }
    }

    /// Returns the value that the mean of `u x` should have for this coefficient
    /// to be optimal; if a range is allowed, the value in it that is nearest to
    /// `found`.
    fn wanted(&self, index: usize, found: f64) -> f64 {
        if index + 1 == self.coefficients.len() {
            return 0.0;
        }
        let Penalties {
            l1,
            l2,
            nonnegative,
        } = self.penalty;
        match self.coefficients[index] {
            0.0 if nonnegative => found.min(l1),
            0.0 => found.clamp(-l1, l1),
            w => l1 * w.signum() + 2.0 * l2 * w,
        }
    }
}
