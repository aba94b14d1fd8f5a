use crate::factor::{Factor, Rest, Square};
use crate::{Accumulator, Arithmetic, DoubleDouble, ExactError, Relation};

/// What is done about a feature that others make up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Collinear {
    /// It is an error that says how.
    #[default]
    Error,
    /// It is left out: its weight is 0. Of the features of a relation the last
    /// is, as in R.
    Drop,
    /// Of all least-squares weights, those of the least sum of squares.
    MinimumNorm,
}

/// The least-squares coefficients of an [`Accumulator`]'s rows, and all that
/// their statistics need.
///
/// Coefficients stand in one order everywhere: the intercept, if there is one,
/// then the weights.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Solution {
    /// Whether the first coefficient is an intercept.
    pub has_intercept: bool,
    /// Number of rows of a weight above 0.
    pub rows: u64,
    /// Number of coefficients that the rows determine: all but those left out.
    pub rank: usize,
    /// Sum of the weights; the number of rows where they have none.
    pub sum_of_weights: f64,
    /// Sum of the logarithms of the weights.
    pub sum_of_log_weights: f64,
    /// How much relative errors of the features, scaled to the same length,
    /// can grow in the coefficients: 1 for uncorrelated features. The square root
    /// of the condition number of their correlations in the 1-norm.
    pub condition: f64,
    /// How the products were computed.
    pub arithmetic: Arithmetic,
    /// How often the residuals of another pass have corrected the coefficients.
    pub refinements: u32,
    /// Features that others make up.
    pub relations: Vec<Relation>,
    /// One fit a target.
    pub targets: Vec<TargetFit>,
    factor: Factor,
    /// Of the kept columns.
    factor_inverse: Square,
    collinear: Collinear,
    /// Columns are in units of two to the power of these.
    exponents: Vec<i32>,
    weight_exponent: i32,
    /// Of each coefficient, its column's squares about the mean, in its unit.
    centred_squares: Vec<f64>,
    /// Of each coefficient, the length of its column, in its unit.
    lengths: Vec<f64>,
    /// `[coefficients, coefficients]`, in the columns' units.
    inverse: Vec<f64>,
    /// Bounds of the error of each kept coefficient of each target, in units.
    errors: Vec<Vec<f64>>,
}

/// The fit of one target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetFit {
    /// The coefficients.
    pub estimates: Vec<f64>,
    /// How many decimal digits of each can be trusted, up to 15.9; of one that
    /// is small against its standard error, how many of that.
    pub digits: Vec<f64>,
    /// Weighted sum of the squared residuals.
    pub residual_sum: f64,
    /// How many decimal digits of it can be trusted; of one below 1e-20 of the
    /// total sum, how many of that.
    pub residual_digits: f64,
    /// Weighted sum of the squares of the target, about its mean if there is an
    /// intercept.
    pub total_sum: f64,
    /// In units: the estimates of the kept columns, and the sums.
    basic: Vec<DoubleDouble>,
    scaled_residual_sum: DoubleDouble,
    scaled_total_sum: f64,
}

/// Most digits of an `f64`.
const MOST_DIGITS: f64 = 15.95;

/// A bound, with a margin, of the relative error of a sum of products in
/// [`Arithmetic::Double`]: the square root of the rows of a chunk times the unit
/// of rounding, half of which measure at most a third.
const DOUBLE_ERROR: f64 = 1e-14;

/// The same in [`Arithmetic::DoubleDouble`]: 2^-98.
const DOUBLE_DOUBLE_ERROR: f64 = 3e-30;

/// The unit of rounding of the data.
const ROUNDING: f64 = f64::EPSILON / 2.0;

impl Accumulator {
    /// Solves for the coefficients.
    ///
    /// # Errors
    ///
    /// No rows, weights that are all 0, features that others make up where that
    /// is [`Collinear::Error`], [`ExactError::Imprecise`] where
    /// [`Arithmetic::Double`] cannot tell, or coefficients beyond 64-bit floats.
    pub fn solve(&self, intercept: bool, collinear: Collinear) -> Result<Solution, ExactError> {
        if self.all_rows() == 0 {
            return Err(ExactError::NoRows);
        }
        if self.rows() == 0 {
            return Err(ExactError::NoWeight);
        }
        let sums = self.sums();
        let first = usize::from(!intercept);
        let num_columns = 1 + self.num_features();
        // Lengths about zero, and about the mean.
        let lengths: Vec<f64> = (0..sums.size())
            .map(|column| sums.diagonal(column).high().max(0.0).sqrt())
            .collect();
        let weight = sums.diagonal(0);
        let centred: Vec<f64> = (0..sums.size())
            .map(|column| {
                let sum = sums.row(column)[0];
                let square = sums.diagonal(column) - sum * sum / weight;
                square.high().max(0.0)
            })
            .collect();
        let is_double = self.used() == Arithmetic::Double;
        let suspect = if is_double { 1e-8 } else { 1e-18 };
        let factor = Factor::new(sums, first, num_columns, suspect, |rest: &Rest| {
            let of = |lengths: &dyn Fn(usize) -> f64| {
                let others = rest.kept.iter().zip(&rest.factors);
                let others = others.map(|(column, factor)| factor.high().abs() * lengths(*column));
                lengths(rest.column) + others.sum::<f64>()
            };
            let size = of(&|column| lengths[column]);
            let centred_size = of(&|column| centred[column].sqrt());
            if is_double && rest.left <= 1e3 * DOUBLE_ERROR * centred_size.powi(2) {
                return Err(ExactError::Imprecise);
            }
            // The rounding of the columns themselves.
            Ok(rest.left <= (32.0 * ROUNDING * size).powi(2))
        })?;
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
            exponents: (0..sums.size())
                .map(|column| self.exponent(column))
                .collect(),
            weight_exponent: self.weight_exponent(),
            centred_squares: centred[first..num_columns].to_vec(),
            lengths: lengths[first..num_columns].to_vec(),
            inverse: Vec::new(),
            errors: Vec::new(),
            factor_inverse: factor.inverse(),
            factor,
        };
        solution.relations = solution.relations(&lengths);
        if collinear == Collinear::Error && !solution.relations.is_empty() {
            return Err(ExactError::Collinear(solution.relations));
        }
        let inverse = &solution.factor_inverse;
        solution.inverse = solution.expand(|a, b| inverse.symmetric(a, b).high());
        solution.condition = solution.condition_of(self, &centred);
        for target in 0..self.num_targets() {
            let basic = solution.factor.estimates(target);
            let column = num_columns + target;
            let total = match intercept {
                true => centred[column],
                false => sums.diagonal(column).high(),
            };
            let residual_sum = solution.factor.residual_sum(target);
            let errors = Errors {
                lengths: &lengths,
                centred: &centred,
                means: (0..sums.size()).map(|c| (sums.row(c)[0] / weight).high().abs()),
                weight: weight.high(),
            };
            let (errors, of_sum) = solution.errors(&basic, column, errors, is_double);
            solution.errors.push(errors.clone());
            let fit = solution.target_fit(target, basic, residual_sum, total, &errors, of_sum)?;
            solution.targets.push(fit);
        }
        Ok(solution)
    }
}

/// What bounds of errors are made of.
struct Errors<'a, M> {
    lengths: &'a [f64],
    centred: &'a [f64],
    means: M,
    weight: f64,
}

impl Solution {
    fn first(&self) -> usize {
        usize::from(!self.has_intercept)
    }

    fn num_columns(&self) -> usize {
        self.first() + self.centred_squares.len()
    }

    /// Number of coefficients.
    pub fn num_coefficients(&self) -> usize {
        self.centred_squares.len()
    }

    /// Rows less the coefficients that they determine.
    pub fn degrees_of_freedom(&self) -> u64 {
        self.rows - (self.rank as u64).min(self.rows)
    }

    /// The least number of digits that can be trusted, of all coefficients and
    /// sums of squared residuals.
    pub fn fewest_digits(&self) -> f64 {
        let fits = self.targets.iter();
        fits.flat_map(|fit| fit.digits.iter().chain([&fit.residual_digits]))
            .fold(MOST_DIGITS, |fewest, digits| fewest.min(*digits))
    }

    /// Whether a coefficient was left out, since others make up its feature.
    pub fn is_dropped(&self, coefficient: usize) -> bool {
        let column = coefficient + self.first();
        self.collinear == Collinear::Drop
            && self
                .factor
                .dropped
                .iter()
                .any(|(dropped, _)| *dropped == column)
    }

    /// An element of the inverse of the sums of weighted products (X'WX)^-1,
    /// whose product with the residual variance is the covariance of two
    /// coefficients, times two to the power of
    /// [`unit`](Self::unit)`(a) + unit(b)`: columns of 1e±300 would leave the
    /// range of 64-bit floats.
    pub fn inverse(&self, a: usize, b: usize) -> f64 {
        self.inverse[a * self.num_coefficients() + b]
    }

    /// The power of two in whose unit a coefficient's column is kept.
    pub fn unit(&self, coefficient: usize) -> i32 {
        self.exponents[coefficient + self.first()]
    }

    /// The power of two in whose unit a target is kept.
    pub(crate) fn target_unit(&self, target: usize) -> i32 {
        self.exponents[self.num_columns() + target]
    }

    /// The residual sum of squares in the unit of the target and of the
    /// weights.
    pub(crate) fn scaled_residual_sum(&self, target: usize) -> f64 {
        self.targets[target].scaled_residual_sum.high()
    }

    pub(crate) fn scaled_total_sum(&self, target: usize) -> f64 {
        self.targets[target].scaled_total_sum
    }

    /// The factor of the sums of products, in units.
    pub(crate) fn factor(&self) -> &Factor {
        &self.factor
    }

    /// The power of two in whose unit a column of the factor is kept; 0 is the
    /// one of ones.
    pub(crate) fn column_unit(&self, column: usize) -> i32 {
        self.exponents[column]
    }

    /// The estimates of the kept columns for a target, in units.
    pub(crate) fn basic(&self, target: usize) -> &[DoubleDouble] {
        &self.targets[target].basic
    }

    pub(crate) fn weight_unit(&self) -> i32 {
        self.weight_exponent
    }

    /// The squares of a coefficient's column about its mean, in units.
    pub(crate) fn centred_square(&self, coefficient: usize) -> f64 {
        self.centred_squares[coefficient]
    }

    fn relations(&self, lengths: &[f64]) -> Vec<Relation> {
        let dropped = self.factor.dropped.iter();
        let relation = |(column, factors): &(usize, Vec<DoubleDouble>)| {
            /// Factors that add less than this part are rounding.
            const PART: f64 = 1e-9;
            let mut constant = 0.0;
            let mut terms = Vec::new();
            for (other, factor) in self.factor.kept.iter().zip(factors) {
                let shift = self.exponents[*column] - self.exponents[*other];
                let part = factor.high().abs() * lengths[*other];
                if part <= PART * lengths[*column] {
                    continue;
                }
                let factor = scaled(factor.high(), shift);
                match other {
                    0 => constant = factor,
                    _ => terms.push((other - 1, factor)),
                }
            }
            Relation {
                feature: column - 1,
                constant,
                terms,
            }
        };
        dropped.map(relation).collect()
    }

    /// The rows that turn kept coefficients into all, in units.
    fn spread(&self) -> Vec<Vec<f64>> {
        let kept = &self.factor.kept;
        let position = |column: usize| kept.iter().position(|other| *other == column);
        let identity = |column: usize| {
            let mut row = vec![0.0; kept.len()];
            if let Some(position) = position(column) {
                row[position] = 1.0;
            }
            row
        };
        let columns = self.first()..self.num_columns();
        let mut rows: Vec<Vec<f64>> = columns.map(identity).collect();
        if self.collinear != Collinear::MinimumNorm || self.factor.dropped.is_empty() {
            return rows;
        }
        // x_d = Σ t_kd x_k + c_d, so of all weights with b_k + Σ t_kd b_d = b*_k
        // those of the least norm have b_d = (I + T'T)^-1 T' b*.
        let dropped = &self.factor.dropped;
        let t = |d: usize, k: usize| {
            let (column, factors) = &dropped[d];
            let shift = self.exponents[*column] - self.exponents[kept[k]];
            factors.get(k).map_or(0.0, |f| scaled(f.high(), shift))
        };
        let weights: Vec<usize> = (0..kept.len()).filter(|k| kept[*k] != 0).collect();
        let size = dropped.len();
        let mut system = crate::products::Triangle::zeros(size + kept.len());
        for d in 0..size {
            for e in 0..=d {
                let products = weights
                    .iter()
                    .map(|k| DoubleDouble::product_of(t(d, *k), t(e, *k)));
                let one = f64::from(u8::from(d == e));
                system.row_mut(d)[e] = products.sum::<DoubleDouble>() + DoubleDouble::from(one);
            }
        }
        for (target, k) in (0..kept.len()).enumerate() {
            for d in 0..size {
                let factor = if kept[k] == 0 { 0.0 } else { t(d, k) };
                system.row_mut(size + target)[d] = DoubleDouble::from(factor);
            }
        }
        let Ok(solved) = Factor::new(&system, 0, size, 0.0, |_| Ok::<_, ()>(false)) else {
            return rows;
        };
        let first = self.first();
        let unit = |column: usize| self.exponents[column];
        for k in 0..kept.len() {
            let of_dropped = solved.estimates(k);
            for (d, (column, _)) in dropped.iter().enumerate() {
                let share = of_dropped[d].high();
                // From units of the data to those of the columns.
                let in_units = |column: usize| scaled(share, unit(column) - unit(kept[k]));
                rows[column - first][k] += in_units(*column);
                for other in 0..kept.len() {
                    let back = scaled(share * t(d, other), unit(kept[other]) - unit(kept[k]));
                    rows[kept[other] - first][k] -= back;
                }
            }
        }
        rows
    }

    /// The matrix `[coefficients, coefficients]` of one of the kept
    /// coefficients, in units, as of a covariance.
    pub(crate) fn expand(&self, of_kept: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let (size, kept) = (self.num_coefficients(), self.factor.kept.len());
        let mut full = vec![0.0; size * size];
        let first = self.first();
        if self.collinear != Collinear::MinimumNorm || self.factor.dropped.is_empty() {
            for (a, row) in self.factor.kept.iter().enumerate() {
                for (b, column) in self.factor.kept.iter().enumerate() {
                    full[(row - first) * size + column - first] = of_kept(a, b);
                }
            }
            return full;
        }
        let rows = self.spread();
        let half: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                let of = |b: usize| (0..kept).map(|a| row[a] * of_kept(a, b)).sum();
                (0..kept).map(of).collect()
            })
            .collect();
        for (a, half) in half.iter().enumerate() {
            for (b, row) in rows.iter().enumerate() {
                full[a * size + b] = half.iter().zip(row).map(|(x, y)| x * y).sum();
            }
        }
        full
    }

    /// √(‖C‖ ‖C^-1‖) of the correlations C of the kept features; about zero
    /// without an intercept.
    fn condition_of(&self, accumulator: &Accumulator, centred: &[f64]) -> f64 {
        let sums = accumulator.sums();
        let kept: Vec<usize> = self
            .factor
            .kept
            .iter()
            .copied()
            .filter(|c| *c > 0)
            .collect();
        let first = self.first();
        let weight = sums.diagonal(0).high();
        let length = |column: usize| match self.has_intercept {
            true => centred[column].sqrt(),
            false => sums.diagonal(column).high().sqrt(),
        };
        let product = |a: usize, b: usize| {
            let (a, b) = (a.max(b), a.min(b));
            let product = sums.row(a)[b];
            match self.has_intercept {
                true => product - sums.row(a)[0] * sums.row(b)[0] / DoubleDouble::from(weight),
                false => product,
            }
        };
        let (mut norm, mut of_inverse) = (0.0_f64, 0.0_f64);
        for a in &kept {
            let (mut sum, mut inverse) = (0.0, 0.0);
            for b in &kept {
                let lengths = length(*a) * length(*b);
                sum += (product(*a, *b).high() / lengths).abs();
                let factor = self.inverse(a - first, b - first);
                inverse += (factor * lengths).abs();
            }
            norm = norm.max(sum);
            of_inverse = of_inverse.max(inverse);
        }
        (norm * of_inverse).sqrt().max(1.0)
    }

    /// Bounds of the errors of the kept coefficients and of the residual sum of
    /// squares, in units, to first order: those of the sums of products, taken
    /// through the inverse.
    fn errors(
        &self,
        basic: &[DoubleDouble],
        target: usize,
        errors: Errors<impl Iterator<Item = f64>>,
        is_double: bool,
    ) -> (Vec<f64>, f64) {
        let Errors {
            lengths,
            centred,
            means,
            weight,
        } = errors;
        let kept = &self.factor.kept;
        let inverse = &self.factor_inverse;
        let size = |of: &dyn Fn(usize) -> f64| {
            let sum = kept.iter().zip(basic).map(|(c, b)| b.high().abs() * of(*c));
            of(target) + sum.sum::<f64>()
        };
        let of_centred = |column: usize| centred[column].sqrt();
        let of_length = |column: usize| lengths[column];
        let (double, twice) = (size(&of_centred), size(&of_length));
        let mut bounds: Vec<f64> = (0..kept.len())
            .map(|a| {
                let mut bound = 0.0;
                for (b, column) in kept.iter().enumerate() {
                    let factor = inverse.symmetric(a, b).high().abs();
                    bound += factor * DOUBLE_DOUBLE_ERROR * of_length(*column) * twice;
                    if is_double && *column > 0 {
                        bound += factor * DOUBLE_ERROR * of_centred(*column) * double;
                    }
                }
                bound
            })
            .collect();
        if is_double && self.has_intercept {
            // The intercept is the target's mean less those of the features.
            let means: Vec<f64> = means.collect();
            let of_means = kept.iter().zip(&bounds).skip(1);
            let of_means: f64 = of_means.map(|(column, bound)| means[*column] * bound).sum();
            bounds[0] = DOUBLE_ERROR * double / weight.sqrt() + of_means;
        }
        let of_sum = DOUBLE_DOUBLE_ERROR * twice * twice
            + if is_double {
                DOUBLE_ERROR * double * double
            } else {
                0.0
            };
        (bounds, of_sum)
    }

    /// What the coefficients of the kept columns mean for all, in the units of
    /// the data.
    fn target_fit(
        &self,
        target: usize,
        basic: Vec<DoubleDouble>,
        residual_sum: DoubleDouble,
        total_sum: f64,
        errors: &[f64],
        error_of_sum: f64,
    ) -> Result<TargetFit, ExactError> {
        let (first, size) = (self.first(), self.num_coefficients());
        let unit = self.target_unit(target);
        let residual_sum = match residual_sum.high() > 0.0 {
            true => residual_sum,
            false => DoubleDouble::ZERO,
        };
        let rows = match self.factor.dropped.is_empty() {
            true => None,
            false => Some(self.spread()),
        };
        let freedom = self.degrees_of_freedom().max(1) as f64;
        let variance = residual_sum.high() / freedom;
        // Below this, in the target's unit, errors are the rounding of the data.
        let floor = ROUNDING * total_sum.sqrt();
        let mut estimates = Vec::with_capacity(size);
        let mut digits = Vec::with_capacity(size);
        for index in 0..size {
            let column = index + first;
            let (estimate, error) = match &rows {
                None => (basic[index].high(), errors[index]),
                Some(rows) => {
                    let row = rows[index].iter();
                    let sum = row.clone().zip(&basic).map(|(f, b)| f * b.high()).sum();
                    (sum, row.zip(errors).map(|(f, e)| f.abs() * e).sum())
                }
            };
            let std_error = (variance * self.inverse(index, index)).max(0.0).sqrt();
            let least = floor / self.lengths[index].max(f64::MIN_POSITIVE);
            let size = estimate.abs().max(std_error).max(least.min(f64::MAX));
            digits.push(digits_of(error, size));
            let estimate = scaled(estimate, unit - self.exponents[column]);
            if !estimate.is_finite() {
                let what = match index + first {
                    0 => "the intercept".to_string(),
                    column => format!("the weight at index {}", column - 1),
                };
                return Err(ExactError::Overflow { what });
            }
            estimates.push(estimate);
        }
        let of_weight = self.weight_exponent;
        // Residuals below a part in 10^10 are as good as none.
        let rounding = 1e-20 * total_sum;
        Ok(TargetFit {
            estimates,
            digits,
            residual_digits: digits_of(error_of_sum, residual_sum.high().max(rounding)),
            residual_sum: scaled(scaled(residual_sum.high(), unit), unit + of_weight),
            total_sum: scaled(scaled(total_sum, unit), unit + of_weight),
            basic,
            scaled_residual_sum: residual_sum,
            scaled_total_sum: total_sum,
        })
    }
}

fn digits_of(error: f64, size: f64) -> f64 {
    match error / size {
        relative if relative > 0.0 => (-relative.log10()).clamp(0.0, MOST_DIGITS),
        _ => MOST_DIGITS,
    }
}

/// Times two to the power of `shift`, also where that is beyond `f64`.
pub(crate) fn scaled(number: f64, shift: i32) -> f64 {
    let half = shift / 2;
    number * 2f64.powi(half) * 2f64.powi(shift - half)
}

mod refinement;

pub use refinement::Refinement;
