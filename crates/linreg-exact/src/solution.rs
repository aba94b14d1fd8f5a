mod bounds;
mod refinement;
mod relations;
mod solve;
mod target_fit;
mod transform;

pub use refinement::{RefinementPass, RefinementSums};
pub use target_fit::TargetFit;

use serde::{Deserialize, Serialize};

use crate::factor::Factor;
use crate::lower::Lower;
use crate::{Arithmetic, DoubleDouble, ExactError, Relation, Rows, ShapeError};
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

/// The least-squares coefficients of the rows of an [`Accumulator`](crate::Accumulator), with all that
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
    factor_inverse: Lower,
    collinear: Collinear,
    /// Each column is divided by two to the power of its exponent ("in units").
    exponents: Vec<i32>,
    /// What the columns are multiplied by for that.
    scales: Vec<f64>,
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

/// Number of decimal digits of an `f64`.
pub(crate) const MOST_DIGITS: f64 = 15.95;

impl Solution {
    fn first(&self) -> usize {
        usize::from(!self.has_intercept)
    }

    /// Number of columns of ones and of features.
    fn num_columns(&self) -> usize {
        self.factor.num_columns()
    }

    fn num_targets(&self) -> usize {
        self.squares.len() - self.num_columns()
    }

    /// Checks that the public fields, which a caller may have changed, still fit the
    /// others.
    pub(crate) fn check(&self) -> Result<(), ExactError> {
        let (size, rank) = (self.num_coefficients(), self.factor.kept.len());
        let of_intercept = usize::from(self.has_intercept);
        let of_solution = [
            ("coefficients", self.num_features() + of_intercept, size),
            ("determined coefficients", self.rank, rank),
            ("targets", self.targets.len(), self.num_targets()),
        ];
        let of_target = |fit: &TargetFit| {
            [
                ("estimates of a target", fit.estimates.len(), size),
                ("digits of a target", fit.digits.len(), size),
                ("errors of a target", fit.errors.len(), size),
                ("errors of kept estimates", fit.basic_errors.len(), rank),
                ("kept estimates of a target", fit.basic.len(), rank),
            ]
        };
        let of_targets = self.targets.iter().flat_map(of_target);
        for (part, found, expected) in of_solution.into_iter().chain(of_targets) {
            if found != expected {
                return Err(ShapeError::Solution {
                    part,
                    found,
                    expected,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Checks that rows have as many features and targets as those of the solution,
    /// and that the solution [is whole](Self::check).
    pub(crate) fn check_shape(&self, rows: &Rows) -> Result<(), ExactError> {
        self.check()?;
        rows.check_shape(self.num_features(), self.num_targets())
    }

    /// Number of features.
    pub(crate) fn num_features(&self) -> usize {
        self.num_columns() - 1
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
    pub(crate) fn is_dropped(&self, coefficient: usize) -> bool {
        let column = coefficient + self.first();
        let mut dropped = self.factor.dropped.iter();
        self.collinear == Collinear::Drop && dropped.any(|dropped| dropped.column == column)
    }

    /// An element of (X'WX)^-1, the inverse of the sums of weighted products, which
    /// times the residual variance is the covariance of two coefficients. It is
    /// scaled by two to the power of [`unit`](Self::unit)`(a) + unit(b)`, because
    /// columns of 1e±300 would leave the range of 64-bit floats, and by two to the
    /// power of [`weight_unit`](Self::weight_unit).
    pub(crate) fn inverse(&self, a: usize, b: usize) -> f64 {
        self.inverse[a * self.num_coefficients() + b]
    }

    /// An error bound of a diagonal element of the [`inverse`](Self::inverse).
    pub(crate) fn inverse_error(&self, coefficient: usize) -> f64 {
        self.bounds
            .inverse(|of_kept| self.transform.size(coefficient, of_kept))
    }

    /// The exponent of the power of two that a coefficient's column is divided by.
    pub(crate) fn unit(&self, coefficient: usize) -> i32 {
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

    /// The exponent of the power of two that the weights are divided by; 0 without
    /// weights. It is even.
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
    pub(crate) fn is_constant_target(&self, target: usize) -> bool {
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
