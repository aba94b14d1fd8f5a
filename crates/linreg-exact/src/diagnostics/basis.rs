use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, MatMut, Par};

use crate::{DoubleDouble, Solution};

/// Turns the kept columns x of a row into v = L^-1 x, where L is the factor of
/// the sums of products. These are orthonormal over all weighted rows: v'v is the
/// leverage, and sums of their products lose no digits.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    /// 1 with an intercept, because the column of ones is then a constant; else 0.
    first: usize,
    constant: f64,
    /// Means of the kept columns, if there is an intercept.
    means: Vec<DoubleDouble>,
    lower: Lower,
    growth: f64,
}

#[derive(Clone, Debug)]
enum Lower {
    /// 64-bit floats, whose rounding errors the condition number of the features
    /// multiplies.
    Double(Mat<f64>),
    /// `[kept, kept]`, row-major.
    DoubleDouble(Vec<DoubleDouble>),
}

impl Basis {
    pub fn new(solution: &Solution) -> Self {
        /// Condition number up to which 64-bit floats keep about eleven digits.
        const MUCH: f64 = 1e4;
        let factor = solution.factor();
        let size = factor.kept.len();
        let first = usize::from(solution.has_intercept);
        let corner = if size == 0 {
            DoubleDouble::from(1.0)
        } else {
            factor.lower(0, 0)
        };
        let means = (0..size * first).map(|a| factor.lower(a, 0) / corner);
        let lower = if solution.condition > MUCH {
            let all = (0..size * size).map(|at| factor.lower(at / size, at % size));
            Lower::DoubleDouble(all.collect())
        } else {
            Lower::Double(Mat::from_fn(size, size, |a, b| {
                if a >= b {
                    factor.lower(a, b).high()
                } else {
                    0.0
                }
            }))
        };
        Self {
            first,
            constant: (DoubleDouble::from(1.0) / corner).high(),
            means: means.collect(),
            growth: match &lower {
                Lower::Double(_) => solution.condition * (size + 2) as f64,
                Lower::DoubleDouble(_) => 1.0,
            },
            lower,
        }
    }

    /// The largest factor by which it multiplies the rounding errors of 64-bit
    /// floats.
    pub fn growth(&self) -> f64 {
        self.growth
    }

    /// Transforms a row in part, and overwrites it.
    #[inline(always)]
    pub fn start(&self, row: &mut [DoubleDouble], to: &mut [f64]) {
        for (value, mean) in row.iter_mut().zip(&self.means) {
            *value -= *mean;
        }
        if let Lower::DoubleDouble(lower) = &self.lower {
            let size = row.len();
            for a in self.first..size {
                let numbers = &lower[a * size..][..=a];
                for (b, number) in numbers[..a].iter().enumerate().skip(self.first) {
                    let product = *number * row[b];
                    row[a] -= product;
                }
                row[a] = row[a] / numbers[a];
            }
        }
        for (to, value) in to.iter_mut().zip(row) {
            *to = value.high();
        }
        if self.first == 1 {
            to[0] = self.constant;
        }
    }

    /// Completes the transformation of all rows of a block, `[rows, kept]`.
    pub fn finish(&self, block: &mut [f64]) {
        let Lower::Double(lower) = &self.lower else {
            return;
        };
        let (first, size) = (self.first, lower.nrows());
        if size == first {
            return;
        }
        let rows = block.len() / size;
        let columns = MatMut::from_column_major_slice_mut(block, size, rows);
        solve_lower_triangular_in_place(
            lower
                .as_ref()
                .submatrix(first, first, size - first, size - first),
            columns.submatrix_mut(first, 0, size - first, rows),
            Par::Seq,
        );
    }
}
