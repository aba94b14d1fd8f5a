mod eliminate;
mod inverse;

use pulp::{Arch, Simd, WithSimd};

use crate::DoubleDouble;
use crate::lower::Lower;
use crate::triangle::Triangle;
use eliminate::{Eliminate, PANEL, Panel};

/// The Cholesky factor of sums of products, with columns in order, without those
/// that are linearly dependent on columns before them.
///
/// The last columns are targets: their rows of the factor are the right-hand sides,
/// and what is left of their diagonal are the residual sums of squares.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    /// The columns that are kept, in order.
    pub kept: Vec<usize>,
    /// The columns that are left out.
    pub dropped: Vec<Dropped>,
    /// The factor in the kept rows and columns, with the targets' rows below.
    lower: Lower,
    num_columns: usize,
}

/// A column that is linearly dependent on kept columns before it.
#[derive(Clone, Debug)]
pub(crate) struct Dropped {
    pub column: usize,
    /// Its factors of the kept columns before it.
    pub factors: Vec<DoubleDouble>,
    /// What is left of its square without them: the rounding of the data.
    pub left: f64,
}

/// What is left of a column's square after elimination of those before it: the
/// pivot, and what is needed to decide whether it is zero.
pub(crate) struct Rest<'a> {
    pub column: usize,
    pub left: f64,
    /// The kept columns before it, and its factors of them, which are computed only
    /// if little is left.
    pub kept: &'a [usize],
    pub factors: Vec<DoubleDouble>,
}

impl Factor {
    /// Factors the columns `first..num_columns` of the sums.
    ///
    /// A column with at most a share `suspect` of its square left is dropped if
    /// `is_nothing` says so.
    pub fn new<E>(
        sums: &Triangle,
        first: usize,
        num_columns: usize,
        suspect: f64,
        mut is_nothing: impl FnMut(&Rest) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let size = sums.size();
        let mut factor = Self {
            kept: Vec::new(),
            dropped: Vec::new(),
            lower: Lower::of(sums),
            num_columns,
        };
        let mut panel = Panel::new(size);
        for k in first..num_columns {
            if k == first || k.is_multiple_of(PANEL) {
                factor.lower.eliminate(&panel);
                panel.begin(k);
            }
            let left = factor.lower.get(k, k);
            if left.high() <= suspect * sums.diagonal(k).high() {
                let right: Vec<DoubleDouble> = factor.of_kept(k);
                let rest = Rest {
                    column: k,
                    left: left.high(),
                    kept: &factor.kept,
                    factors: factor.solve_transposed(right),
                };
                if is_nothing(&rest)? {
                    let (factors, left) = (rest.factors, rest.left);
                    factor.dropped.push(Dropped {
                        column: k,
                        factors,
                        left,
                    });
                    continue;
                }
            }
            let root = left.sqrt();
            let inverse = DoubleDouble::from(1.0) / root;
            factor.lower.set(k, k, root);
            Arch::new().dispatch(Eliminate {
                lower: &mut factor.lower,
                index: k,
                inverse,
                panel: &mut panel,
            });
            factor.kept.push(k);
        }
        factor.lower.eliminate(&panel);
        Ok(factor)
    }

    /// Number of columns, including those left out.
    pub fn num_columns(&self) -> usize {
        self.num_columns
    }

    /// The row of the factor for a column or a target, in the kept columns only.
    fn of_kept(&self, row: usize) -> Vec<DoubleDouble> {
        let kept = self.kept.iter();
        kept.map(|column| self.lower.get(row, *column)).collect()
    }

    /// An element of the factor of the kept columns.
    pub fn lower(&self, a: usize, b: usize) -> DoubleDouble {
        self.lower.get(self.kept[a], self.kept[b])
    }

    /// Solves L' x = right for as many kept columns as `right` has numbers.
    pub fn solve_transposed(&self, mut right: Vec<DoubleDouble>) -> Vec<DoubleDouble> {
        Arch::new().dispatch(SolveTransposed {
            factor: self,
            right: &mut right,
        });
        right
    }

    /// The least-squares estimates of the kept columns for a target.
    pub fn estimates(&self, target: usize) -> Vec<DoubleDouble> {
        self.solve_transposed(self.of_kept(self.num_columns + target))
    }

    /// The residual sum of squares of a target.
    pub fn residual_sum(&self, target: usize) -> DoubleDouble {
        let row = self.num_columns + target;
        self.lower.get(row, row)
    }
}

/// Solves with the vector instructions that fuse products and sums.
struct SolveTransposed<'a> {
    factor: &'a Factor,
    right: &'a mut [DoubleDouble],
}

impl WithSimd for SolveTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Factor { kept, lower, .. } = self.factor;
        for k in (0..self.right.len()).rev() {
            let (before, from) = self.right.split_at_mut(k);
            let row = kept[k];
            from[0] = from[0] / lower.get(row, row);
            let (high, low) = lower.row(row);
            for (number, column) in before.iter_mut().zip(kept) {
                *number -= DoubleDouble::sum_of(high[*column], low[*column]) * from[0];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triangle(size: usize, of: impl Fn(usize, usize) -> f64) -> Triangle {
        let mut sums = Triangle::zeros(size);
        for i in 0..size {
            for j in 0..=i {
                sums.row_mut(i)[j] = DoubleDouble::from(of(i, j));
            }
        }
        sums
    }

    #[test]
    fn inverts_a_hilbert_matrix_to_thirty_two_digits_less_its_condition() {
        // The inverse of the Hilbert matrix has whole numbers: the first is n², and
        // the condition number for n = 8 is 1.5e10. The scaling makes its entries
        // exact.
        let n = 8;
        let multiple = 360_360.0;
        let sums = triangle(n + 1, |i, j| match i {
            _ if i == n && j == n => 1e12,
            _ if i == n => 1.0,
            _ => multiple / (i + j + 1) as f64,
        });
        let factor = Factor::new(&sums, 0, n, 0.0, |_| Ok::<_, ()>(false)).unwrap();
        let inverse = factor.inverse();
        let first = inverse.get(0, 0) * DoubleDouble::from(multiple);
        assert!((first.high() - 64.0).abs() < 1e-14, "{first:?}");
        // The last: 1 / ((2n - 1) ... )², in closed form (2n-1) C(2n-2, n-1)².
        let last = inverse.get(n - 1, n - 1) * DoubleDouble::from(multiple);
        let expected = 15.0 * 3432.0 * 3432.0;
        assert!((last.high() / expected - 1.0).abs() < 1e-14);
        // The estimates for a right-hand side of ones are the row sums of the
        // inverse.
        let estimates = factor.estimates(0);
        for (row, estimate) in estimates.iter().enumerate() {
            let sum: DoubleDouble = (0..n).map(|k| inverse.symmetric(row, k)).sum();
            let size = (0..n).map(|k| inverse.symmetric(row, k).high().abs());
            let size: f64 = size.sum();
            assert!((*estimate - sum).high().abs() < 1e-15 * size);
        }
    }

    #[test]
    fn many_columns_and_those_left_out_multiply_to_the_sums() {
        // Whole numbers: 150 columns of 200 rows, one of which is made up of two others,
        // and two targets.
        let (rows, columns, targets) = (200, 150, 2);
        let of_its_own = |row: usize, column: usize| {
            let large = if row == column { 300 } else { 0 };
            ((row * 37 + column * column * 11) % 23 + large) as f64
        };
        let value = |row: usize, column: usize| match column {
            100 => of_its_own(row, 3) - 2.0 * of_its_own(row, 70),
            _ => of_its_own(row, column),
        };
        let sums = triangle(columns + targets, |i, j| {
            (0..rows).map(|row| value(row, i) * value(row, j)).sum()
        });
        let is_nothing = |rest: &Rest| Ok::<_, ()>(rest.left < 1e-15);
        for first in [0, 1] {
            let factor = Factor::new(&sums, first, columns, 1e-20, is_nothing).unwrap();
            let kept: Vec<usize> = (first..columns).filter(|column| *column != 100).collect();
            assert_eq!(factor.kept, kept);
            assert_eq!(factor.dropped[0].column, 100);
            let inverse = factor.inverse();
            let of_factor = factor.inverse_factor();
            let largest = 200.0 * 320.0 * 320.0;
            for (a, column) in kept.iter().enumerate() {
                for (b, other) in kept[..=a].iter().enumerate() {
                    let product: DoubleDouble = (0..=b)
                        .map(|k| factor.lower(a, k) * factor.lower(b, k))
                        .sum();
                    let error = (product - sums.row(*column)[*other]).high().abs();
                    assert!(error < 1e-28 * largest, "{column} {other}: {error}");
                    let one = DoubleDouble::from(f64::from(u8::from(a == b)));
                    let product: DoubleDouble = (b..=a)
                        .map(|k| of_factor.get(a, k) * factor.lower(k, b))
                        .sum();
                    let error = (product - one).high().abs();
                    assert!(error < 1e-26, "{column} {other}: {error}");
                    let product: DoubleDouble = (0..kept.len())
                        .map(|k| {
                            let (larger, smaller) = (kept[k].max(*other), kept[k].min(*other));
                            inverse.symmetric(a, k) * sums.row(larger)[smaller]
                        })
                        .sum();
                    let error = (product - one).high().abs();
                    assert!(error < 1e-24, "{column} {other}: {error}");
                }
            }
            // Every estimate's column is orthogonal to what is left of the target.
            for target in 0..targets {
                let estimates = factor.estimates(target);
                for column in &kept {
                    let of_column = |other: usize| sums.row(other.max(*column))[other.min(*column)];
                    let explained = kept.iter().zip(&estimates);
                    let explained: DoubleDouble = explained.map(|(k, b)| of_column(*k) * *b).sum();
                    let rest = of_column(columns + target) - explained;
                    assert!(rest.high().abs() < 1e-24 * largest, "{rest:?}");
                }
            }
        }
    }

    #[test]
    fn leaves_out_what_is_made_up_of_others() {
        // Columns a, b, a - 2 b, of unit a and b; the target is a + b.
        let columns = [[1.0, 0.0], [0.0, 1.0], [1.0, -2.0], [1.0, 1.0]];
        let sums = triangle(4, |i, j| {
            columns[i][0] * columns[j][0] + columns[i][1] * columns[j][1]
        });
        let is_nothing = |rest: &Rest| Ok::<_, ()>(rest.left < 1e-20);
        let factor = Factor::new(&sums, 0, 3, 1e-10, is_nothing).unwrap();
        assert_eq!(factor.kept, [0, 1]);
        let dropped = &factor.dropped[0];
        let factors: Vec<f64> = dropped.factors.iter().map(|number| number.high()).collect();
        assert_eq!((dropped.column, factors), (2, vec![1.0, -2.0]));
        let estimates: Vec<f64> = factor.estimates(0).iter().map(|e| e.high()).collect();
        assert_eq!(estimates, [1.0, 1.0]);
        assert_eq!(factor.residual_sum(0).high(), 0.0);
    }
}
