use super::bounds::{Bounds, ROUNDING};
use super::target_fit::ScaledSums;
use super::transform::Transform;
use super::{Collinear, Solution, scaled};
use crate::accumulator::Centred;
use crate::factor::{Factor, Rest};
use crate::triangle::Triangle;
use crate::{Accumulator, Arithmetic, DoubleDouble, ExactError};

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
            scales: exponents.iter().map(|e| 2f64.powi(-e)).collect(),
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

impl Solution {
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
}
