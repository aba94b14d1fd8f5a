use crate::lower::Lower;
use crate::products::{BLOCK, DOUBLE_DOUBLE_BLOCK};
use crate::triangle::Triangle;
use crate::{Accumulator, Arithmetic, DoubleDouble};

/// The unit roundoff of `f64`, 2^-53.
pub(crate) const ROUNDING: f64 = f64::EPSILON / 2.0;

/// Error bounds of sums of products, and of what is computed from them: first-order
/// bounds times a factor for the higher orders.
///
/// The error of a sum of n rounded products Σ w x y is at most
/// n u √(Σ w x²) √(Σ w y²), by the Cauchy-Schwarz inequality, for any order of the
/// rows and any values in them. Higham, *Accuracy and Stability of Numerical
/// Algorithms* (2002), section 3.1. The squares here are about the point that the
/// products were computed about.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Relative error bounds of the sums in `f64`, 0 if there are none, and in
    /// double-double (here called `twice`).
    double: f64,
    twice: f64,
    /// Lengths of the columns that these are relative to.
    double_lengths: Vec<f64>,
    twice_lengths: Vec<f64>,
    /// For each kept column, the absolute row of the inverse times these lengths.
    double_sizes: Vec<f64>,
    twice_sizes: Vec<f64>,
    /// Square roots of the diagonal of the inverse.
    roots: Vec<f64>,
    /// Factor by which errors of second and higher order raise first-order bounds.
    growth: f64,
    /// Bound of the factor by which a step of refinement shrinks errors.
    contraction: f64,
    rows: f64,
}

/// The unit roundoff of double-double arithmetic, 2^-104, with a margin.
const DOUBLE_DOUBLE_ROUNDING: f64 = 4.93e-32;

impl Bounds {
    /// Bounds for sums that were then shifted to be about their origins.
    pub fn new(accumulator: &Accumulator, about_origins: &Triangle) -> Self {
        let sums = accumulator.sums();
        let rows = accumulator.rows() as f64;
        let is_double = accumulator.used() == Arithmetic::Double;
        // The rows of a block, the centring, the weight, and the product of two.
        let double = (BLOCK + 8) as f64 * ROUNDING;
        let block = rows.min(DOUBLE_DOUBLE_BLOCK as f64).powi(2) / 4.0;
        let columns = 0..about_origins.size();
        let double_length = |column: usize| {
            // Let L be the length of the rows about the point in their chunk, and D
            // the distance of that point from the origin. (L + D)² is at most
            // 2 (L² + D²), and L² + D² is the square about the origin if the point
            // is the mean of the chunk.
            let (square, offset) = (
                about_origins.diagonal(column).high().max(0.0),
                sums.offsets[column],
            );
            if column == 0 {
                return square.sqrt();
            }
            (2.0 * (square + 2.0 * offset + 2.0 * (square * offset).sqrt())).sqrt()
        };
        let twice_length = |column: usize| {
            // The lengths about every point that the sums have been about.
            let squares = [
                sums.squares[column],
                sums.products.diagonal(column).high(),
                about_origins.diagonal(column).high(),
            ];
            squares.map(|square| square.max(0.0).sqrt()).iter().sum()
        };
        Self {
            double: if is_double { double } else { 0.0 },
            twice: (block + sums.additions as f64 + columns.len() as f64) * DOUBLE_DOUBLE_ROUNDING,
            double_lengths: columns.clone().map(double_length).collect(),
            twice_lengths: columns.map(twice_length).collect(),
            double_sizes: Vec::new(),
            twice_sizes: Vec::new(),
            roots: Vec::new(),
            growth: 1.0,
            contraction: 0.0,
            rows,
        }
    }

    /// Sets the inverse of the products of the kept columns.
    pub fn of_inverse(&mut self, kept: &[usize], inverse: &Lower) {
        let sizes = |lengths: &[f64]| -> Vec<f64> {
            let of_row = |a: usize| {
                let numbers = kept.iter().enumerate();
                let sizes =
                    numbers.map(|(b, c)| inverse.symmetric(a, b).high().abs() * lengths[*c]);
                sizes.sum()
            };
            (0..kept.len()).map(of_row).collect()
        };
        self.double_sizes = sizes(&self.double_lengths);
        self.twice_sizes = sizes(&self.twice_lengths);
        let roots = (0..kept.len()).map(|a| inverse.symmetric(a, a).high().sqrt());
        self.roots = roots.collect();
        let most = |sizes: &[f64], lengths: &[f64]| {
            let all = kept.iter().zip(sizes);
            let all = all.map(|(column, size)| lengths[*column] * size);
            kept.len() as f64 * all.fold(0.0, f64::max)
        };
        self.contraction = self.double * most(&self.double_sizes, &self.double_lengths)
            + self.twice * most(&self.twice_sizes, &self.twice_lengths);
        self.growth = if self.contraction < 0.5 {
            1.0 / (1.0 - self.contraction)
        } else {
            f64::INFINITY
        };
    }

    pub fn double_length(&self, column: usize) -> f64 {
        self.double_lengths[column]
    }

    pub fn twice_length(&self, column: usize) -> f64 {
        self.twice_lengths[column]
    }

    /// A bound of the squares of this length that errors in `f64` may hide.
    pub fn double_error(&self, length: f64) -> f64 {
        8.0 * self.double * length * length
    }

    /// A bound of the squares of this length that errors in double-double may hide.
    pub fn twice_error(&self, length: f64) -> f64 {
        8.0 * self.twice * length * length
    }

    /// Whether the errors are small enough for all bounds to hold.
    pub fn holds(&self) -> bool {
        self.growth.is_finite()
    }

    /// What rounding in double-double typically leaves of the square of this length.
    pub fn twice_rounding(&self, length: f64) -> f64 {
        16.0 * DOUBLE_DOUBLE_ROUNDING * length * length
    }

    /// The sum of the lengths of a target and of the kept columns times the
    /// estimates.
    fn lengths(&self, kept: &[usize], basic: &[DoubleDouble], target: usize) -> (f64, f64) {
        let size = |lengths: &[f64]| {
            let columns = kept.iter().zip(basic);
            let columns = columns.map(|(column, b)| b.high().abs() * lengths[*column]);
            lengths[target] + columns.sum::<f64>()
        };
        (size(&self.double_lengths), size(&self.twice_lengths))
    }

    /// Error bounds of the estimates for a target.
    pub fn estimates(&self, kept: &[usize], basic: &[DoubleDouble], target: usize) -> Vec<f64> {
        let (double, twice) = self.lengths(kept, basic, target);
        let sizes = self.double_sizes.iter().zip(&self.twice_sizes);
        let errors = sizes.map(|(of_double, of_twice)| {
            self.growth * (self.double * of_double * double + self.twice * of_twice * twice)
        });
        errors.collect()
    }

    /// An error bound of the residual sum of squares of a target.
    pub fn residual_sum(
        &self,
        kept: &[usize],
        basic: &[DoubleDouble],
        target: usize,
        errors: &[f64],
    ) -> f64 {
        let (double, twice) = self.lengths(kept, basic, target);
        let first = self.double * double * double + self.twice * twice * twice;
        first + self.of_steps(kept, errors).powi(2)
    }

    /// A bound of the length by which predictions change if the kept estimates
    /// change by `steps`.
    pub fn of_steps(&self, kept: &[usize], steps: &[f64]) -> f64 {
        let steps = kept.iter().zip(steps);
        let lengths = |column: usize| self.twice_lengths[column].max(self.double_lengths[column]);
        steps
            .map(|(column, step)| step.abs() * lengths(*column))
            .sum()
    }

    /// An error bound of the sum of squares of a column.
    pub fn square(&self, column: usize) -> f64 {
        self.double * self.double_lengths[column].powi(2)
            + self.twice * self.twice_lengths[column].powi(2)
    }

    /// An error bound of the variance factor of a coefficient, which is a quadratic
    /// form of the inverse; `size` combines the kept coefficients.
    pub fn inverse(&self, size: impl Fn(&[f64]) -> f64) -> f64 {
        let (of_double, of_twice) = (size(&self.double_sizes), size(&self.twice_sizes));
        self.growth * (self.double * of_double * of_double + self.twice * of_twice * of_twice)
    }

    /// Error bounds of the estimates after a step of refinement, and of the residual
    /// sum of squares, whose square root is `residual`.
    pub fn refined(
        &self,
        kept: &[usize],
        basic: &[DoubleDouble],
        target: usize,
        steps: &[f64],
        residual: f64,
    ) -> (Vec<f64>, f64) {
        let (_, twice) = self.lengths(kept, basic, target);
        // Residuals are differences of numbers of this length. The root of the
        // inverse multiplies their errors; the inverse multiplies the errors of
        // their products with the columns.
        let of_residual = (kept.len() + 2) as f64 * DOUBLE_DOUBLE_ROUNDING * twice;
        let of_products = self.rows * DOUBLE_DOUBLE_ROUNDING * residual;
        let size = |lengths: &[f64]| {
            let steps = kept.iter().zip(steps);
            let sizes = steps.map(|(column, step)| step.abs() * lengths[*column]);
            sizes.sum::<f64>()
        };
        let (of_double, of_twice) = (size(&self.double_lengths), size(&self.twice_lengths));
        let sizes = self.double_sizes.iter().zip(&self.twice_sizes);
        let errors = sizes.zip(&self.roots).map(|((double, twice), root)| {
            let rest = self.double * double * of_double + self.twice * twice * of_twice;
            let of_pass = root * of_residual + twice * of_products;
            self.growth * self.growth * (rest + of_pass)
        });
        let errors: Vec<f64> = errors.collect();
        let of_sum = self.rows * DOUBLE_DOUBLE_ROUNDING * residual * residual
            + of_residual * (2.0 * residual + of_residual)
            + self.of_steps(kept, &errors).powi(2);
        (errors, of_sum)
    }
}
