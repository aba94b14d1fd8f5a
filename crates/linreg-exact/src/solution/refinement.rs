use serde::{Deserialize, Serialize};

use super::{ROUNDING, ScaledSums, Solution};
use crate::{DoubleDouble, ExactError, Rows};

/// A second pass over the rows that corrects a [`Solution`]. It adds up the products
/// of the columns with the residuals, all in double-double.
///
/// This is one step of iterative refinement (Björck, *Iterative refinement of linear
/// least squares solutions I*, 1967), which shrinks the errors of the first pass by
/// about their own relative size. Passes over parts of the rows merge as
/// [`Accumulator`](crate::Accumulator)s do.
#[derive(Clone, Debug)]
pub struct Refinement<'a> {
    solution: &'a Solution,
    sums: RefinementSums,
}

/// What a [`Refinement`] has summed up; serde carries it between machines.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RefinementSums {
    /// For each target, the products of each kept column with the residuals.
    products: Vec<Vec<DoubleDouble>>,
    residual_sums: Vec<DoubleDouble>,
    /// For each target, the sum of squares of what rounding of the data may add to
    /// the residuals.
    roundings: Vec<f64>,
}

impl RefinementSums {
    /// Adds the sums of other rows for the same solution.
    pub fn merge(&mut self, other: &Self) {
        let sums = self.products.iter_mut().flatten();
        for (sum, other) in sums.zip(other.products.iter().flatten()) {
            *sum += *other;
        }
        for (sum, other) in self.residual_sums.iter_mut().zip(&other.residual_sums) {
            *sum += *other;
        }
        for (sum, other) in self.roundings.iter_mut().zip(&other.roundings) {
            *sum += other;
        }
    }
}

impl<'a> Refinement<'a> {
    /// Returns a pass that has seen no rows.
    pub fn new(solution: &'a Solution) -> Self {
        let kept = solution.factor.kept.len();
        let targets = solution.targets.len();
        let sums = RefinementSums {
            products: vec![vec![DoubleDouble::ZERO; kept]; targets],
            residual_sums: vec![DoubleDouble::ZERO; targets],
            roundings: vec![0.0; targets],
        };
        Self { solution, sums }
    }

    /// Returns a pass that goes on with these sums.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for sums of another number of targets or features.
    pub fn with_sums(solution: &'a Solution, sums: RefinementSums) -> Result<Self, ExactError> {
        let (kept, targets) = (solution.factor.kept.len(), solution.targets.len());
        let lengths = [
            sums.products.len(),
            sums.residual_sums.len(),
            sums.roundings.len(),
        ];
        if lengths != [targets; 3] || sums.products.iter().any(|sums| sums.len() != kept) {
            return Err(ExactError::Shape(format!(
                "sums of a refinement of other coefficients, expected {kept} for each of {targets} targets"
            )));
        }
        Ok(Self { solution, sums })
    }

    /// Returns what has been summed up.
    pub fn into_sums(self) -> RefinementSums {
        self.sums
    }

    /// Adds rows.
    pub fn update(&mut self, rows: &Rows) {
        let solution = self.solution;
        let of_weight = 2f64.powi(-solution.weight_exponent);
        let mut values = vec![DoubleDouble::ZERO; solution.factor.kept.len()];
        for row in (0..rows.num_rows()).filter(|row| rows.weight(*row) > 0.0) {
            let weight = DoubleDouble::from(rows.weight(row) * of_weight);
            solution.read(rows, row, &mut values);
            for (target, fit) in solution.targets.iter().enumerate() {
                let predicted = values.iter().zip(&fit.basic);
                let predicted: DoubleDouble = predicted.map(|(x, b)| *x * *b).sum();
                let residual = solution.read_target(rows, row, target) - predicted;
                let weighted = residual * weight;
                for (sum, value) in self.sums.products[target].iter_mut().zip(&values) {
                    *sum += *value * weighted;
                }
                self.sums.residual_sums[target] += residual * weighted;
                let rounding = solution.rounding(rows, row, target);
                self.sums.roundings[target] += rounding * rounding * weight.high();
            }
        }
    }

    /// Adds the rows that another pass has seen.
    pub fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
    }

    /// Returns the corrected solution.
    ///
    /// # Errors
    ///
    /// [`ExactError::Overflow`] for coefficients beyond 64-bit floats.
    pub fn solution(&self) -> Result<Solution, ExactError> {
        let mut solution = self.solution.clone();
        solution.refinements += 1;
        let inverse = &self.solution.factor_inverse;
        let kept = &self.solution.factor.kept;
        for target in 0..self.sums.products.len() {
            let products = &self.sums.products[target];
            let old = self.solution.targets[target].clone();
            let mut basic = old.basic;
            let mut residual_sum = self.sums.residual_sums[target];
            let mut steps = Vec::with_capacity(kept.len());
            for (a, (estimate, product)) in basic.iter_mut().zip(products).enumerate() {
                let step = products.iter().enumerate();
                let step: DoubleDouble = step.map(|(b, p)| inverse.symmetric(a, b) * *p).sum();
                *estimate += step;
                residual_sum -= step * *product;
                steps.push(step.high());
            }
            let residual = residual_sum.high().max(0.0).sqrt();
            let column = self.solution.num_columns() + target;
            let bounds = &self.solution.bounds;
            let (errors, of_sum) = bounds.refined(kept, &basic, column, &steps, residual);
            let errors = errors.iter().zip(&old.basic_errors).map(|(a, b)| a.min(*b));
            let sums = ScaledSums {
                residual: residual_sum,
                residual_error: of_sum.min(old.residual_error),
                total: old.scaled_total_sum,
                total_error: old.total_error,
                rounding: self.sums.roundings[target].sqrt(),
            };
            solution.targets[target] =
                solution.target_fit(target, basic, errors.collect(), sums)?;
        }
        Ok(solution)
    }
}

impl Solution {
    /// Reads the kept columns of a row about their origins, in units.
    pub(crate) fn read(&self, rows: &Rows, row: usize, to: &mut [DoubleDouble]) {
        let (features, tails) = (rows.features(row), rows.tails(row));
        for (value, column) in to.iter_mut().zip(&self.factor.kept) {
            *value = match column {
                0 => DoubleDouble::from(1.0),
                _ => {
                    let mut value =
                        DoubleDouble::sum_of(features[column - 1], -self.origins[*column]);
                    if let Some(tails) = tails {
                        value += DoubleDouble::from(tails[column - 1]);
                    }
                    value.scaled(2f64.powi(-self.exponents[*column]))
                }
            };
        }
    }

    /// The largest change of a target's residual, in its unit, from the rounding of
    /// a row's numbers to `f64`. Whole numbers and features with tails add nothing.
    fn rounding(&self, rows: &Rows, row: usize, target: usize) -> f64 {
        const WHOLE: f64 = 9_007_199_254_740_992.0;
        let of = |value: f64| {
            // Roundings of the number: one if it is whole, and three if it is not,
            // because it may have been computed.
            let units = if value.fract() != 0.0 {
                3.0
            } else if value.abs() > WHOLE {
                1.0
            } else {
                0.0
            };
            units * ROUNDING * value.abs()
        };
        let scaled = |value: f64, column: usize| value * 2f64.powi(-self.exponents[column]);
        let column = self.num_columns() + target;
        let mut sum = scaled(of(rows.targets(row)[target]), column);
        let features = rows.features(row);
        let columns = self.factor.kept.iter().zip(&self.targets[target].basic);
        for (column, estimate) in columns.filter(|(column, _)| **column > 0) {
            if rows.tails(row).is_none_or(|tails| tails[column - 1] == 0.0) {
                sum += scaled(of(features[column - 1]), *column) * estimate.high().abs();
            }
        }
        sum
    }

    /// Reads a target of a row about its origin, in units.
    pub(crate) fn read_target(&self, rows: &Rows, row: usize, target: usize) -> DoubleDouble {
        let column = self.num_columns() + target;
        let value = DoubleDouble::sum_of(rows.targets(row)[target], -self.origins[column]);
        value.scaled(2f64.powi(-self.exponents[column]))
    }
}
