use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::target_fit::{ScaledSums, TargetFit};
use super::{ROUNDING, Solution};
use crate::{DoubleDouble, ExactError, Rows, ShapeError};

/// A second pass over the rows that corrects a [`Solution`]. It adds up the products
/// of the columns with the residuals, all in double-double.
///
/// This is one step of iterative refinement (Björck, *Iterative refinement of linear
/// least squares solutions I*, 1967), which shrinks the errors of the first pass by
/// about their own relative size.
///
/// # Example
///
/// ```
/// use linreg_exact::{Accumulator, Arithmetic, Collinear, RefinementPass, Rows};
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// let rows = Rows::new(&[1.0, 2.0, 3.0], &[1.1, 1.9, 3.2], 1, 1)?;
/// let mut products = Accumulator::new(1, 1, Arithmetic::DoubleDouble);
/// products.update(&rows)?;
///
/// let pass = RefinementPass::new(products.solve(true, Collinear::Error)?);
/// let mut sums = pass.start();
/// pass.update(&mut sums, &rows)?;
/// let refined = pass.solution(&sums)?;
/// assert!(refined.fewest_digits() >= pass.unrefined().fewest_digits());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RefinementPass {
    solution: Solution,
}

/// The sums of a [`RefinementPass`] over any number of rows. They merge as
/// [`Accumulator`](crate::Accumulator)s do, and serde carries them between machines.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RefinementSums {
    targets: Vec<TargetSums>,
}

/// The sums of a target, in its unit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct TargetSums {
    /// Products of each kept column with the residuals.
    products: Vec<DoubleDouble>,
    residual_sum: DoubleDouble,
    /// Sum of squares of what rounding of the data may add to the residuals.
    #[serde(with = "crate::exact_form")]
    rounding: f64,
}

impl RefinementPass {
    /// Returns a pass over the rows that the solution was computed from.
    pub fn new(solution: Solution) -> Self {
        Self { solution }
    }

    /// The solution that the pass corrects.
    pub fn unrefined(&self) -> &Solution {
        &self.solution
    }

    /// Returns the sums of no rows.
    pub fn start(&self) -> RefinementSums {
        let target = TargetSums {
            products: vec![DoubleDouble::ZERO; self.solution.factor.kept.len()],
            residual_sum: DoubleDouble::ZERO,
            rounding: 0.0,
        };
        RefinementSums {
            targets: vec![target; self.solution.targets.len()],
        }
    }

    /// Adds rows to the sums. Rows of weight 0 are skipped.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for rows or sums of another shape, or if the solution was
    /// changed.
    pub fn update(&self, sums: &mut RefinementSums, rows: &Rows) -> Result<(), ExactError> {
        self.solution.check_shape(rows)?;
        self.start().check_same(sums)?;
        let pass = self;
        Arch::new().dispatch(AddRows { pass, sums, rows });
        Ok(())
    }

    #[inline(always)]
    fn add(&self, sums: &mut RefinementSums, rows: &Rows) {
        let solution = &self.solution;
        let of_weight = 2f64.powi(-solution.weight_exponent);
        let mut values = vec![DoubleDouble::ZERO; solution.factor.kept.len()];
        for row in (0..rows.num_rows()).filter(|row| rows.weight(*row) > 0.0) {
            let weight = DoubleDouble::from(rows.weight(row) * of_weight);
            solution.read(rows, row, &mut values);
            for (target, fit) in solution.targets.iter().enumerate() {
                let of_target = &mut sums.targets[target];
                let mut predicted = DoubleDouble::ZERO;
                for (value, estimate) in values.iter().zip(&fit.basic) {
                    predicted += *value * *estimate;
                }
                let residual = solution.read_target(rows, row, target) - predicted;
                let weighted = residual * weight;
                for (sum, value) in of_target.products.iter_mut().zip(&values) {
                    *sum += *value * weighted;
                }
                of_target.residual_sum += residual * weighted;
                let rounding = solution.rounding(rows, row, target);
                of_target.rounding += rounding * rounding * weight.high();
            }
        }
    }

    /// Returns the corrected solution.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for the sums of another shape, or if the solution was
    /// changed, or [`ExactError::Overflow`] for coefficients beyond 64-bit floats.
    pub fn solution(&self, sums: &RefinementSums) -> Result<Solution, ExactError> {
        self.solution.check()?;
        self.start().check_same(sums)?;
        let mut solution = self.solution.clone();
        solution.refinements = solution.refinements.saturating_add(1);
        let inverse = &self.solution.factor_inverse;
        let kept = &self.solution.factor.kept;
        for (target, of_target) in sums.targets.iter().enumerate() {
            let products = &of_target.products;
            let old = self.solution.targets[target].clone();
            let mut basic = old.basic;
            let mut residual_sum = of_target.residual_sum;
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
            let scaled = ScaledSums {
                residual: residual_sum,
                residual_error: of_sum.min(old.residual_error),
                total: old.scaled_total_sum,
                total_error: old.total_error,
                rounding: of_target.rounding.sqrt(),
            };
            solution.targets[target] =
                solution.target_fit(target, basic, errors.collect(), scaled)?;
        }
        Ok(solution)
    }
}

/// Adds rows to sums with the processor's vector instructions, without which each product
/// in double-double is a function call. (A closure that could be called twice, as pulp
/// takes too, is compiled as a function without them.)
struct AddRows<'a, 'b> {
    pass: &'a RefinementPass,
    sums: &'a mut RefinementSums,
    rows: &'a Rows<'b>,
}

impl WithSimd for AddRows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.pass.add(self.sums, self.rows);
    }
}

impl RefinementSums {
    /// Adds the sums of other rows.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for the sums of another shape; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), ExactError> {
        self.check_same(other)?;
        for (target, other) in self.targets.iter_mut().zip(&other.targets) {
            for (sum, other) in target.products.iter_mut().zip(&other.products) {
                *sum += *other;
            }
            target.residual_sum += other.residual_sum;
            target.rounding += other.rounding;
        }
        Ok(())
    }

    fn check_same(&self, other: &Self) -> Result<(), ExactError> {
        let sizes = |sums: &Self| -> Vec<usize> {
            let targets = sums.targets.iter();
            targets.map(|target| target.products.len()).collect()
        };
        let (expected, found) = (sizes(self), sizes(other));
        if expected == found {
            return Ok(());
        }
        Err(ShapeError::Products { found, expected }.into())
    }
}

impl Solution {
    /// The fits with the error bounds that a [`RefinementPass`] is sure to leave.
    pub(crate) fn promised_fits(&self) -> Result<Vec<TargetFit>, ExactError> {
        let kept = &self.factor.kept;
        let promised = self.targets.iter().enumerate().map(|(target, fit)| {
            let residual = fit.scaled_residual_sum.high() + fit.residual_error;
            // No step is longer than the error bounds of what it corrects.
            let (errors, of_sum) = self.bounds.refined(
                kept,
                &fit.basic,
                self.num_columns() + target,
                &fit.basic_errors,
                residual.sqrt(),
            );
            let scaled = ScaledSums {
                residual: fit.scaled_residual_sum,
                residual_error: of_sum.min(fit.residual_error),
                total: fit.scaled_total_sum,
                total_error: fit.total_error,
                rounding: 0.0,
            };
            let errors = errors.iter().zip(&fit.basic_errors).map(|(a, b)| a.min(*b));
            self.target_fit(target, fit.basic.clone(), errors.collect(), scaled)
        });
        promised.collect()
    }

    /// Reads the kept columns of a row about their origins, in units.
    #[inline(always)]
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
                    value.scaled(self.scales[*column])
                }
            };
        }
    }

    /// The largest change of a target's residual, in its unit, from the rounding of
    /// a row's numbers to `f64`. Whole numbers and features with tails add nothing.
    #[inline(always)]
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
        let scaled = |value: f64, column: usize| value * self.scales[column];
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
    #[inline(always)]
    pub(crate) fn read_target(&self, rows: &Rows, row: usize, target: usize) -> DoubleDouble {
        let column = self.num_columns() + target;
        let value = DoubleDouble::sum_of(rows.targets(row)[target], -self.origins[column]);
        value.scaled(self.scales[column])
    }
}
