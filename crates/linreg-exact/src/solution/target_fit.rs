use super::{MOST_DIGITS, Solution, digits_of, scaled};
use crate::{DoubleDouble, ExactError, Figure};

/// The fit of one target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetFit {
    /// The coefficients.
    pub estimates: Vec<f64>,
    /// How many decimal digits of each coefficient can be trusted, up to 15.95:
    /// relative to the largest of its size, its standard error and, in a fit that
    /// [is exact](Self::is_exact), the effect of the rounding of the data.
    pub digits: Vec<f64>,
    /// Weighted sum of the squared residuals.
    pub residual_sum: f64,
    /// How many decimal digits of the residual sum can be trusted; for one that is
    /// zero within the rounding of the data, relative to that rounding.
    pub residual_digits: f64,
    /// Weighted sum of the squares of the target, about its mean if there is an
    /// intercept.
    pub total_sum: f64,
    /// Whether the features give the target in every row, within the rounding of
    /// the data to 64-bit floats, as a [`RefinementPass`](crate::RefinementPass) finds out. Whole numbers
    /// below 2^53 are not rounded. It is always true with as many coefficients as
    /// rows. The residual sum is 0 then, and so are coefficients smaller than the
    /// effect of the rounding.
    pub is_exact: bool,
    /// Estimates of the kept columns about the origins, in units.
    pub(super) basic: Vec<DoubleDouble>,
    pub(super) scaled_residual_sum: DoubleDouble,
    pub(super) scaled_total_sum: DoubleDouble,
    /// Error bounds, in units, of the kept coefficients, of all coefficients, of the
    /// residual sum and of the total sum.
    pub(super) basic_errors: Vec<f64>,
    pub(super) errors: Vec<f64>,
    pub(super) residual_error: f64,
    pub(super) total_error: f64,
}

/// The sums of squares of a target, in units, and their error bounds.
pub(super) struct ScaledSums {
    pub residual: DoubleDouble,
    pub residual_error: f64,
    pub total: DoubleDouble,
    pub total_error: f64,
    /// Length of the residuals that the rounding of the data may cause, as a second
    /// pass has found; 0 before it.
    pub rounding: f64,
}

impl Solution {
    /// The estimates of all coefficients in the units of the data, with their
    /// digits, from those of the kept columns.
    pub(super) fn target_fit(
        &self,
        target: usize,
        basic: Vec<DoubleDouble>,
        basic_errors: Vec<f64>,
        sums: ScaledSums,
    ) -> Result<TargetFit, ExactError> {
        let unit = self.target_unit(target);
        let column = self.num_columns() + target;
        let rounding = sums.rounding;
        let least = rounding * rounding;
        let freedom = self.degrees_of_freedom();
        // A residual sum that a second pass cannot distinguish from zero.
        let is_hidden = self.refinements > 0
            && sums.residual.high() <= sums.residual_error
            && sums.residual_error <= 1e-28 * sums.total.high();
        let is_exact = freedom == 0 || sums.residual.high() <= least || is_hidden;
        let residual_error = sums.residual_error;
        let residual_sum = if is_exact {
            DoubleDouble::ZERO
        } else {
            sums.residual
        };
        let residual_digits = if freedom == 0 || is_hidden {
            MOST_DIGITS
        } else {
            digits_of(residual_error, sums.residual.high().max(least))
        };
        // The smallest variance that the error bound allows.
        let variance = (residual_sum.high() - residual_error).max(0.0) / freedom.max(1) as f64;
        let origin = DoubleDouble::from(scaled(self.origins[column], -unit));
        let size = self.num_coefficients();
        let mut fit = TargetFit {
            estimates: Vec::with_capacity(size),
            digits: Vec::with_capacity(size),
            residual_digits,
            residual_sum: self.in_units(residual_sum.high(), unit),
            total_sum: self.in_units(sums.total.high(), unit),
            is_exact,
            errors: Vec::with_capacity(size),
            residual_error,
            total_error: sums.total_error,
            scaled_residual_sum: residual_sum,
            scaled_total_sum: sums.total,
            basic,
            basic_errors,
        };
        for index in 0..size {
            let column = index + self.first();
            let mut estimate = self.transform.estimate(index, &fit.basic);
            if column == 0 {
                estimate += origin;
            }
            let mut error = self.transform.error(index, &fit.basic, &fit.basic_errors);
            let spread = self.inverse(index, index).max(0.0).sqrt();
            // The effect of the rounding of the data, where there is no noise.
            let of_data = if is_exact { rounding * spread } else { 0.0 };
            let mut estimate = estimate.high();
            if estimate.abs() <= error.max(of_data) {
                // It cannot be distinguished from zero.
                error += estimate.abs().min(error);
                estimate = 0.0;
            }
            let std_error = variance.sqrt() * spread;
            let relative_to = estimate.abs().max(std_error).max(of_data);
            fit.digits.push(digits_of(error, relative_to));
            fit.errors.push(error);
            let estimate = scaled(estimate, unit - self.exponents[column]);
            if !estimate.is_finite() {
                let what = match column {
                    0 => Figure::Intercept,
                    column => Figure::Weight(column - 1),
                };
                return Err(ExactError::Overflow { what });
            }
            fit.estimates.push(estimate);
        }
        Ok(fit)
    }

    /// A sum of squares of a target, in the unit of the data.
    fn in_units(&self, square: f64, unit: i32) -> f64 {
        scaled(scaled(square, unit), unit + self.weight_exponent)
    }
}
