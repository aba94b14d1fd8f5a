use crate::factor::Square;
use crate::products::{BLOCK, DOUBLE_DOUBLE_BLOCK, Triangle};
use crate::{Accumulator, Arithmetic, DoubleDouble};

/// The unit of rounding of an `f64`, 2^-53.
pub(crate) const ROUNDING: f64 = f64::EPSILON / 2.0;

/// Bounds of the errors of sums of products, and of what is computed from them,
/// to first order times a factor for the rest.
///
/// The sum of n products Σ w x y, each rounded, is off by at most
/// n u √(Σ w x²) √(Σ w y²), by the inequality of Cauchy and Schwarz: whatever
/// the order of the rows and the values in them. Higham, *Accuracy and
/// Stability of Numerical Algorithms* (2002), section 3.1. Here the squares are
/// about the point that the products were computed about.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Relative errors of sums in `f64`, 0 where there are none, and in
    /// double-double.
    double: f64,
    twice: f64,
    /// The lengths of the columns that they are relative to.
    double_lengths: Vec<f64>,
    twice_lengths: Vec<f64>,
    /// Of each kept column, the row of the inverse times those lengths.
    double_sizes: Vec<f64>,
    twice_sizes: Vec<f64>,
    /// The root of its diagonal.
    roots: Vec<f64>,
    /// What errors of second and higher order make of those of first.
    growth: f64,
    /// By how much a step of refinement shrinks errors, at least.
    contraction: f64,
    rows: f64,
}

/// The unit of rounding of double-double arithmetic, 2^-104, with a margin.
const DOUBLE_DOUBLE_ROUNDING: f64 = 4.93e-32;

impl Bounds {
    /// Of sums that were then taken about their origins.
    pub fn new(accumulator: &Accumulator, about_origins: &Triangle) -> Self {
        let sums = accumulator.sums();
        let rows = accumulator.rows() as f64;
        let is_double = accumulator.used() == Arithmetic::Double;
        // The rows of a block, the centring, the weight, and the product of two.
        let double = (BLOCK + 8) as f64 * ROUNDING;
        let block = rows.min(DOUBLE_DOUBLE_BLOCK as f64).powi(2) / 4.0;
        let columns = 0..about_origins.size();
        let double_length = |column: usize| {
            // Distances of the rows from the point amid their chunk, and of that
            // from the origin: (L + D)² <= 2 (L² + D²), of which L² + D² would be
            // the square about the origin if the point were the chunk's mean.
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
            // About every point that they have been taken about.
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

    /// Learns the inverse of the products of the kept columns.
    pub fn of_inverse(&mut self, kept: &[usize], inverse: &Square) {
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

    /// What is as good as lost among products of columns of this length.
    pub fn double_error(&self, length: f64) -> f64 {
        8.0 * self.double * length * length
    }

    /// The same in double-double.
    pub fn twice_error(&self, length: f64) -> f64 {
        8.0 * self.twice * length * length
    }

    /// Whether errors are so small that all bounds hold.
    pub fn holds(&self) -> bool {
        self.growth.is_finite()
    }

    /// What rounding in double-double typically leaves of columns of this length.
    pub fn twice_rounding(&self, length: f64) -> f64 {
        16.0 * DOUBLE_DOUBLE_ROUNDING * length * length
    }

    /// How long a target and the kept columns times the estimates are together.
    fn lengths(&self, kept: &[usize], basic: &[DoubleDouble], target: usize) -> (f64, f64) {
        let size = |lengths: &[f64]| {
            let columns = kept.iter().zip(basic);
            let columns = columns.map(|(column, b)| b.high().abs() * lengths[*column]);
            lengths[target] + columns.sum::<f64>()
        };
        (size(&self.double_lengths), size(&self.twice_lengths))
    }

    /// Of the estimates for a target.
    pub fn estimates(&self, kept: &[usize], basic: &[DoubleDouble], target: usize) -> Vec<f64> {
        let (double, twice) = self.lengths(kept, basic, target);
        let sizes = self.double_sizes.iter().zip(&self.twice_sizes);
        let errors = sizes.map(|(of_double, of_twice)| {
            self.growth * (self.double * of_double * double + self.twice * of_twice * twice)
        });
        errors.collect()
    }

    /// Of the residual sum for a target.
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

    /// The length of what changes of the kept estimates change in predictions.
    pub fn of_steps(&self, kept: &[usize], steps: &[f64]) -> f64 {
        let steps = kept.iter().zip(steps);
        let lengths = |column: usize| self.twice_lengths[column].max(self.double_lengths[column]);
        steps
            .map(|(column, step)| step.abs() * lengths(*column))
            .sum()
    }

    /// Of the squares of a column.
    pub fn square(&self, column: usize) -> f64 {
        self.double * self.double_lengths[column].powi(2)
            + self.twice * self.twice_lengths[column].powi(2)
    }

    /// Of a quadratic form of the inverse, of a coefficient that is made of the
    /// kept ones as `size` tells.
    pub fn inverse(&self, size: impl Fn(&[f64]) -> f64) -> f64 {
        let (of_double, of_twice) = (size(&self.double_sizes), size(&self.twice_sizes));
        self.growth * (self.double * of_double * of_double + self.twice * of_twice * of_twice)
    }

    /// Of estimates after a step of refinement, and of the residual sum of this
    /// length.
    pub fn refined(
        &self,
        kept: &[usize],
        basic: &[DoubleDouble],
        target: usize,
        steps: &[f64],
        residual: f64,
    ) -> (Vec<f64>, f64) {
        let (_, twice) = self.lengths(kept, basic, target);
        // Residuals are differences of numbers of this length. What they are off
        // by is multiplied by the root of the inverse, their products with the
        // columns by the inverse.
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
