mod bounds;
mod relations;
mod transform;

mod refinement;

pub use refinement::{Refinement, RefinementSums};
use serde::{Deserialize, Serialize};

use crate::accumulator::Centred;
use crate::factor::{Factor, Rest, Square};
use crate::products::Triangle;
use crate::{Accumulator, Arithmetic, DoubleDouble, ExactError, Relation};
use bounds::Bounds;
pub(crate) use bounds::ROUNDING;
use transform::{Row, Transform};

/// What is done about linearly dependent features.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Collinear {
    /// An error that lists the relations between them.
    #[default]
    Error,
    /// The last feature of each relation is left out, as in R: its weight is 0.
    Drop,
    /// Smallest-norm solution: of all least-squares weights, those with the
    /// smallest sum of squares.
    MinimumNorm,
}

/// The least-squares coefficients of the rows of an [`Accumulator`], with all that
/// their statistics need.
///
/// Coefficients have the same order everywhere: the intercept, if there is one,
/// then the weights.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Solution {
    /// Whether the first coefficient is an intercept.
    pub has_intercept: bool,
    /// Number of rows with a weight above 0.
    pub rows: u64,
    /// Number of coefficients that the rows determine, without dropped ones.
    pub rank: usize,
    /// Sum of the weights; the number of rows if they have no weights.
    pub sum_of_weights: f64,
    /// Sum of the logarithms of the weights.
    pub sum_of_log_weights: f64,
    /// Condition number of the features scaled to the same length: by how much
    /// relative errors of the features can grow in the coefficients. It is the
    /// square root of the condition number, in the 1-norm, of their correlation
    /// matrix; 1 for uncorrelated features.
    pub condition: f64,
    /// How the products were computed.
    pub arithmetic: Arithmetic,
    /// Number of steps of iterative refinement done.
    pub refinements: u32,
    /// Relations between linearly dependent features.
    pub relations: Vec<Relation>,
    /// One fit per target.
    pub targets: Vec<TargetFit>,
    /// Cholesky factor of the columns about their origins.
    factor: Factor,
    /// Inverse of the sums of products of the kept columns.
    factor_inverse: Square,
    collinear: Collinear,
    /// Each column is divided by two to the power of its exponent ("in units").
    exponents: Vec<i32>,
    weight_exponent: i32,
    /// What is subtracted from each column, in the unit of the data: its mean, or
    /// 0 without an intercept.
    origins: Vec<f64>,
    transform: Transform,
    /// Sum of squares of each column about its mean, or about zero without an
    /// intercept, in its unit.
    squares: Vec<f64>,
    /// Length of each column about zero, in its unit.
    lengths: Vec<f64>,
    /// `[coefficients, coefficients]`, in the columns' units.
    inverse: Vec<f64>,
    bounds: Bounds,
}

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
    /// the data to 64-bit floats, as a [`Refinement`] finds out. Whole numbers
    /// below 2^53 are not rounded. It is always true with as many coefficients as
    /// rows. The residual sum is 0 then, and so are coefficients smaller than the
    /// effect of the rounding.
    pub is_exact: bool,
    /// Estimates of the kept columns about the origins, in units.
    basic: Vec<DoubleDouble>,
    scaled_residual_sum: DoubleDouble,
    scaled_total_sum: DoubleDouble,
    /// Error bounds, in units, of the kept coefficients, of all coefficients, of the
    /// residual sum and of the total sum.
    basic_errors: Vec<f64>,
    errors: Vec<f64>,
    residual_error: f64,
    total_error: f64,
}

/// Number of decimal digits of an `f64`.
pub(crate) const MOST_DIGITS: f64 = 15.95;

impl Accumulator {
    /// Solves for the coefficients.
    ///
    /// # Errors
    ///
    /// [`ExactError::NoRows`]; [`ExactError::NoWeight`]; [`ExactError::Collinear`]
    /// for linearly dependent features with [`Collinear::Error`];
    /// [`ExactError::Imprecise`] where [`Arithmetic::Double`] has too few digits,
    /// and [`ExactError::NearlyCollinear`] where double-double has too few; or
    /// [`ExactError::Overflow`].
    pub fn solve(&self, intercept: bool, collinear: Collinear) -> Result<Solution, ExactError> {
        if self.all_rows() == 0 {
            return Err(ExactError::NoRows);
        }
        if self.rows() == 0 {
            return Err(ExactError::NoWeight);
        }
        let Centred { products, origins } = self.centred(intercept);
        let first = usize::from(!intercept);
        let num_columns = 1 + self.num_features();
        let weight = products.diagonal(0);
        let exponents: Vec<i32> = (0..products.size())
            .map(|column| self.exponent(column))
            .collect();
        let squares: Vec<f64> = (0..products.size())
            .map(|column| self.square(&products, column, intercept).high())
            .collect();
        let lengths: Vec<f64> = (0..products.size())
            .map(|column| {
                let origin = DoubleDouble::from(scaled(origins[column], -exponents[column]));
                let sum = products.row(column)[0];
                let square = products.diagonal(column) + origin * (sum + sum + origin * weight);
                square.high().max(0.0).sqrt()
            })
            .collect();
        let bounds = Bounds::new(self, &products);
        let is_double = self.used() == Arithmetic::Double;
        let suspect = if is_double { 1e-8 } else { 1e-18 };
        let factor_with = |margin: f64| {
            Factor::new(&products, first, num_columns, suspect, |rest: &Rest| {
                let of_weights = rest.kept.iter().zip(&rest.factors);
                let of_weights = of_weights.filter(|(column, _)| **column > 0);
                let size = |lengths: &dyn Fn(usize) -> f64| {
                    let others = of_weights.clone();
                    let others =
                        others.map(|(column, factor)| factor.high().abs() * lengths(*column));
                    lengths(rest.column) + others.sum::<f64>()
                };
                if is_double && rest.left <= bounds.double_error(size(&|c| bounds.double_length(c)))
                {
                    return Err(ExactError::Imprecise);
                }
                let least = [
                    // Rounding of a feature that was computed from others.
                    2.0 * ROUNDING * size(&|column| lengths[column]),
                    32.0 * ROUNDING * size(&|column| squares[column].max(0.0).sqrt()),
                ];
                let least = least.map(|length| length * length);
                // What rounding of the sums typically leaves, or leaves at most.
                let length = size(&|column| bounds.twice_length(column));
                let of_sums = if collinear == Collinear::Error {
                    bounds.twice_rounding(length)
                } else {
                    margin * bounds.twice_error(length)
                };
                let is_small = rest.left <= least[0].max(least[1]).max(of_sums);
                // A column that varies on its own is not dropped: the others have
                // to explain at least three quarters of its squares.
                let is_told = rest.left <= 0.25 * squares[rest.column];
                Ok(rest.left <= 0.0 || (is_small && is_told))
            })
        };
        // If features may be left out, more are until the error bounds hold.
        let mut margin = 1.0;
        let (factor, factor_inverse, bounds) = loop {
            let factor = factor_with(margin)?;
            let inverse = factor.inverse();
            let mut of_factor = bounds.clone();
            of_factor.of_inverse(&factor.kept, &inverse);
            if of_factor.holds() {
                break (factor, inverse, of_factor);
            }
            if is_double {
                return Err(ExactError::Imprecise);
            }
            if collinear == Collinear::Error || margin > 1e12 {
                return Err(ExactError::NearlyCollinear);
            }
            margin *= 100.0;
        };
        let transform =
            Transform::new(&factor, &bounds, &exponents, &origins, intercept, collinear);
        let mut solution = Solution {
            has_intercept: intercept,
            rows: self.rows(),
            rank: factor.kept.len(),
            sum_of_weights: weight.high() * 2f64.powi(self.weight_exponent()),
            sum_of_log_weights: self.sum_of_log_weights(),
            condition: 1.0,
            arithmetic: self.used(),
            refinements: 0,
            relations: Vec::new(),
            targets: Vec::new(),
            collinear,
            weight_exponent: self.weight_exponent(),
            exponents,
            origins,
            transform,
            squares,
            lengths,
            inverse: Vec::new(),
            bounds,
            factor_inverse,
            factor,
        };
        solution.relations = solution.relations();
        if collinear == Collinear::Error && !solution.relations.is_empty() {
            return Err(ExactError::Collinear(solution.relations));
        }
        let inverse = &solution.factor_inverse;
        solution.inverse = solution.expand(|a, b| inverse.symmetric(a, b));
        solution.condition = solution.condition_of(&products);
        for target in 0..self.num_targets() {
            let column = num_columns + target;
            let basic = solution.factor.estimates(target);
            let errors = solution
                .bounds
                .estimates(&solution.factor.kept, &basic, column);
            let sums = ScaledSums {
                residual: solution.factor.residual_sum(target),
                residual_error: solution.bounds.residual_sum(
                    &solution.factor.kept,
                    &basic,
                    column,
                    &errors,
                ),
                total: self.square(&products, column, intercept),
                total_error: solution.bounds.square(column),
                rounding: 0.0,
            };
            let fit = solution.target_fit(target, basic, errors, sums)?;
            solution.targets.push(fit);
        }
        Ok(solution)
    }

    /// Sum of squares of a column about its mean; about zero without an intercept.
    fn square(&self, products: &Triangle, column: usize, intercept: bool) -> DoubleDouble {
        let square = products.diagonal(column);
        if !intercept || column == 0 {
            return square;
        }
        let sum = products.row(column)[0];
        let square = square - sum * sum / products.diagonal(0);
        if square.high() > 0.0 {
            square
        } else {
            DoubleDouble::ZERO
        }
    }
}

/// The sums of squares of a target, in units, and their error bounds.
struct ScaledSums {
    residual: DoubleDouble,
    residual_error: f64,
    total: DoubleDouble,
    total_error: f64,
    /// Length of the residuals that the rounding of the data may cause, as a second
    /// pass has found; 0 before it.
    rounding: f64,
}

impl Solution {
    fn first(&self) -> usize {
        usize::from(!self.has_intercept)
    }

    /// Number of columns of ones and of features.
    fn num_columns(&self) -> usize {
        self.squares.len() - self.num_targets()
    }

    fn num_targets(&self) -> usize {
        self.squares.len() - self.num_coefficients() - self.first()
    }

    /// Number of coefficients.
    pub fn num_coefficients(&self) -> usize {
        self.transform.num_coefficients()
    }

    /// Number of rows less the number of coefficients that they determine.
    pub fn degrees_of_freedom(&self) -> u64 {
        self.rows - (self.rank as u64).min(self.rows)
    }

    /// The smallest number of digits that can be trusted among all coefficients and
    /// residual sums of squares.
    pub fn fewest_digits(&self) -> f64 {
        let fits = self.targets.iter();
        fits.flat_map(|fit| fit.digits.iter().chain([&fit.residual_digits]))
            .fold(MOST_DIGITS, |fewest, digits| fewest.min(*digits))
    }

    /// Whether a coefficient was left out because its feature is linearly dependent
    /// on others.
    pub fn is_dropped(&self, coefficient: usize) -> bool {
        let column = coefficient + self.first();
        let mut dropped = self.factor.dropped.iter();
        self.collinear == Collinear::Drop && dropped.any(|dropped| dropped.column == column)
    }

    /// An element of (X'WX)^-1, the inverse of the sums of weighted products, which
    /// times the residual variance is the covariance of two coefficients. It is
    /// scaled by two to the power of [`unit`](Self::unit)`(a) + unit(b)`, because
    /// columns of 1e±300 would leave the range of 64-bit floats, and by the power of
    /// two that the weights are divided by (1 without weights).
    pub fn inverse(&self, a: usize, b: usize) -> f64 {
        self.inverse[a * self.num_coefficients() + b]
    }

    /// An error bound of a diagonal element of the [`inverse`](Self::inverse).
    pub(crate) fn inverse_error(&self, coefficient: usize) -> f64 {
        self.bounds
            .inverse(|of_kept| self.transform.size(coefficient, of_kept))
    }

    /// The exponent of the power of two that a coefficient's column is divided by.
    pub fn unit(&self, coefficient: usize) -> i32 {
        self.exponents[coefficient + self.first()]
    }

    /// The exponent of the power of two that a target is divided by.
    pub(crate) fn target_unit(&self, target: usize) -> i32 {
        self.exponents[self.num_columns() + target]
    }

    /// The residual sum of squares in the unit of the target and of the
    /// weights, and its error bound.
    pub(crate) fn scaled_residual_sum(&self, target: usize) -> (DoubleDouble, f64) {
        let fit = &self.targets[target];
        (fit.scaled_residual_sum, fit.residual_error)
    }

    pub(crate) fn scaled_total_sum(&self, target: usize) -> (DoubleDouble, f64) {
        let fit = &self.targets[target];
        (fit.scaled_total_sum, fit.total_error)
    }

    /// An error bound of an estimate, in units.
    pub(crate) fn estimate_error(&self, target: usize, coefficient: usize) -> f64 {
        self.targets[target].errors[coefficient]
    }

    /// A bound of the length of the vector of errors of a target's predictions, in
    /// units.
    pub(crate) fn predictions_error(&self, target: usize) -> f64 {
        let errors = &self.targets[target].basic_errors;
        self.bounds.of_steps(&self.factor.kept, errors)
    }

    /// Error bounds of the estimates of the kept columns, in units.
    pub(crate) fn basic_errors(&self, target: usize) -> &[f64] {
        &self.targets[target].basic_errors
    }

    /// The largest size of a coefficient if the kept ones have these sizes.
    pub(crate) fn size(&self, coefficient: usize, of_kept: &[f64]) -> f64 {
        self.transform.size(coefficient, of_kept)
    }

    /// The factor of the sums of products about the origins, in units.
    pub(crate) fn factor(&self) -> &Factor {
        &self.factor
    }

    /// What is subtracted from a target, in the unit of the data.
    pub(crate) fn target_origin(&self, target: usize) -> f64 {
        self.origins[self.num_columns() + target]
    }

    /// The estimates of the kept columns about the origins, in units.
    pub(crate) fn basic(&self, target: usize) -> &[DoubleDouble] {
        &self.targets[target].basic
    }

    pub(crate) fn weight_unit(&self) -> i32 {
        self.weight_exponent
    }

    /// The sum of squares of a coefficient's column about its mean, in units, and
    /// its error bound.
    pub(crate) fn centred_square(&self, coefficient: usize) -> (f64, f64) {
        let column = coefficient + self.first();
        (self.squares[column], self.bounds.square(column))
    }

    /// Whether a target is the same in every row; without an intercept, whether it
    /// is 0.
    pub fn is_constant_target(&self, target: usize) -> bool {
        // A constant column is its own centre, so all its distances are 0.
        self.targets[target].scaled_total_sum.high() <= 0.0
    }

    /// The covariance-like matrix `[coefficients, coefficients]` that follows from
    /// one of the kept coefficients about the origins, in units.
    pub(crate) fn expand(&self, of_kept: impl Fn(usize, usize) -> DoubleDouble) -> Vec<f64> {
        self.transform.expand(self.factor.kept.len(), of_kept)
    }

    /// What is subtracted from a coefficient's column, in the unit of the data.
    pub(crate) fn coefficient_origin(&self, coefficient: usize) -> f64 {
        self.origins[coefficient + self.first()]
    }

    /// The matrix `[rank, coefficients]` that turns the columns of a row about their
    /// origins, in units, into columns that are orthonormal over all rows.
    pub(crate) fn basis(&self) -> Vec<DoubleDouble> {
        let inverse = self.factor.inverse_factor();
        let size = self.num_coefficients();
        // The unit of the weights; its exponent is even.
        let of_weight = 2f64.powi(-self.weight_exponent / 2);
        let number = |row: usize, index: usize| match self.transform.column(index) {
            Row::Nothing => DoubleDouble::ZERO,
            Row::Kept(kept) => inverse.get(row, *kept),
            Row::Sum(factors) => {
                let factors = factors[..=row].iter().enumerate();
                factors.map(|(k, f)| inverse.get(row, k) * *f).sum()
            }
        };
        let all = (0..self.rank).flat_map(|row| (0..size).map(move |index| (row, index)));
        all.map(|(row, index)| number(row, index).scaled(of_weight))
            .collect()
    }

    /// The estimates for a target as coefficients of the basis, in the target's
    /// unit.
    pub(crate) fn coordinates(&self, target: usize) -> Vec<f64> {
        let basic = self.basic(target);
        let of_weight = 2f64.powi(self.weight_exponent / 2);
        let number = |a: usize| {
            let products = (a..basic.len()).map(|b| self.factor.lower(b, a) * basic[b]);
            products.sum::<DoubleDouble>().high() * of_weight
        };
        (0..basic.len()).map(number).collect()
    }

    /// √(‖C‖ ‖C^-1‖) in the 1-norm of the correlation matrix C of the kept features;
    /// about zero without an intercept.
    fn condition_of(&self, products: &Triangle) -> f64 {
        let kept = self.factor.kept.iter().enumerate();
        let kept: Vec<(usize, usize)> = kept
            .filter(|(_, column)| **column > 0)
            .map(|(index, column)| (index, *column))
            .collect();
        let length = |column: usize| self.squares[column].sqrt();
        let (mut norm, mut of_inverse) = (0.0_f64, 0.0_f64);
        for (a, column) in &kept {
            let (mut sum, mut inverse) = (0.0, 0.0);
            for (b, other) in &kept {
                let lengths = length(*column) * length(*other);
                let product = products.row(*column.max(other))[*column.min(other)];
                sum += (product.high() / lengths).abs();
                inverse += (self.factor_inverse.symmetric(*a, *b).high() * lengths).abs();
            }
            norm = norm.max(sum);
            of_inverse = of_inverse.max(inverse);
        }
        (norm * of_inverse).sqrt().max(1.0)
    }

    /// The estimates of all coefficients in the units of the data, with their
    /// digits, from those of the kept columns.
    fn target_fit(
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
                    0 => "the intercept".to_string(),
                    column => format!("the weight at index {}", column - 1),
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

/// Number of digits that are right in a number of this size and error.
pub(crate) fn digits_of(error: f64, size: f64) -> f64 {
    if error == 0.0 {
        return MOST_DIGITS;
    }
    let digits = -(error / size).log10();
    if digits.is_nan() {
        0.0
    } else {
        digits.clamp(0.0, MOST_DIGITS)
    }
}

/// Multiplies by two to the power of `shift`, even if that power is beyond `f64`.
pub(crate) fn scaled(number: f64, shift: i32) -> f64 {
    let half = shift / 2;
    number * 2f64.powi(half) * 2f64.powi(shift - half)
}
