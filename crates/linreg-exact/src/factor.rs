use pulp::{Arch, Simd, WithSimd};

use crate::DoubleDouble;
use crate::triangle::Triangle;

/// A square matrix of double-doubles, row-major, with high and low parts in separate
/// vectors for vector registers.
#[derive(Clone, Debug)]
pub(crate) struct Square {
    size: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Square {
    fn zeros(size: usize) -> Self {
        Self {
            size,
            high: vec![0.0; size * size],
            low: vec![0.0; size * size],
        }
    }

    #[inline(always)]
    pub fn get(&self, row: usize, column: usize) -> DoubleDouble {
        let at = row * self.size + column;
        DoubleDouble::sum_of(self.high[at], self.low[at])
    }

    #[inline(always)]
    fn set(&mut self, row: usize, column: usize, number: DoubleDouble) {
        let at = row * self.size + column;
        self.high[at] = number.high();
        self.low[at] = number.low();
    }
}

/// High and low parts of some numbers of a [`Square`].
pub(crate) type Numbers<'a> = (&'a [f64], &'a [f64]);
pub(crate) type NumbersMut<'a> = (&'a mut [f64], &'a mut [f64]);

/// Subtracts a multiple of some numbers from as many others.
#[inline(always)]
pub(crate) fn subtract_multiple<S: Simd>(
    simd: S,
    factor: DoubleDouble,
    from: Numbers,
    to: NumbersMut,
) {
    let (from_high, from_high_rest) = S::as_simd_f64s(from.0);
    let (from_low, from_low_rest) = S::as_simd_f64s(from.1);
    let (to_high, to_high_rest) = S::as_mut_simd_f64s(to.0);
    let (to_low, to_low_rest) = S::as_mut_simd_f64s(to.1);
    let high = simd.splat_f64s(factor.high());
    let low = simd.splat_f64s(factor.low());
    let from = from_high.iter().zip(from_low);
    for ((a, b), to) in from.zip(to_high.iter_mut().zip(to_low)) {
        let product = simd.mul_f64s(high, *a);
        let rest = simd.mul_add_f64s(high, *a, simd.neg_f64s(product));
        let rest = simd.mul_add_f64s(high, *b, rest);
        let rest = simd.mul_add_f64s(low, *a, rest);
        let difference = simd.sub_f64s(*to.0, product);
        let of_product = simd.sub_f64s(difference, *to.0);
        let lost = simd.sub_f64s(
            simd.sub_f64s(*to.0, simd.sub_f64s(difference, of_product)),
            simd.add_f64s(product, of_product),
        );
        let lost = simd.add_f64s(lost, simd.sub_f64s(*to.1, rest));
        let sum = simd.add_f64s(difference, lost);
        *to.1 = simd.sub_f64s(lost, simd.sub_f64s(sum, difference));
        *to.0 = sum;
    }
    let from = from_high_rest.iter().zip(from_low_rest);
    for ((high, low), to) in from.zip(to_high_rest.iter_mut().zip(to_low_rest)) {
        let product = factor * DoubleDouble::sum_of(*high, *low);
        let rest = DoubleDouble::sum_of(*to.0, *to.1) - product;
        *to.0 = rest.high();
        *to.1 = rest.low();
    }
}

/// One step of the elimination: divides the column below a pivot by it, and
/// subtracts the products of that column from the rest of the lower triangle.
struct Eliminate<'a> {
    lower: &'a mut Square,
    index: usize,
    /// Inverse of the pivot.
    inverse: DoubleDouble,
    /// Working space for the column, `[size]` each.
    column: NumbersMut<'a>,
}

impl WithSimd for Eliminate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (size, k) = (self.lower.size, self.index);
        for row in k + 1..size {
            let number = self.lower.get(row, k) * self.inverse;
            self.lower.set(row, k, number);
            self.column.0[row] = number.high();
            self.column.1[row] = number.low();
        }
        for row in k + 1..size {
            let factor = DoubleDouble::sum_of(self.column.0[row], self.column.1[row]);
            let numbers = row * size + k + 1..row * size + row + 1;
            let from = (&self.column.0[k + 1..=row], &self.column.1[k + 1..=row]);
            let (high, low) = (&mut self.lower.high, &mut self.lower.low);
            let to = (&mut high[numbers.clone()], &mut low[numbers]);
            subtract_multiple(simd, factor, from, to);
        }
    }
}

/// Computes L^-1 for the kept rows and columns of L.
struct Invert<'a>(&'a Factor);

impl WithSimd for Invert<'_> {
    type Output = Square;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Square {
        let (kept, lower) = (&self.0.kept, &self.0.lower);
        let size = kept.len();
        let mut inverse = Square::zeros(size);
        // Rows of L^-1, each a combination of those above.
        for i in 0..size {
            let (above_high, row_high) = inverse.high.split_at_mut(i * size);
            let (above_low, row_low) = inverse.low.split_at_mut(i * size);
            for k in 0..i {
                let above = k * size..k * size + k + 1;
                let from = (&above_high[above.clone()], &above_low[above]);
                let to = (&mut row_high[..=k], &mut row_low[..=k]);
                subtract_multiple(simd, lower.get(kept[i], kept[k]), from, to);
            }
            let diagonal = DoubleDouble::from(1.0) / lower.get(kept[i], kept[i]);
            for column in 0..i {
                let number = inverse.get(i, column) * diagonal;
                inverse.set(i, column, number);
            }
            inverse.set(i, i, diagonal);
        }
        inverse
    }
}

/// Computes the lower triangle of (L L')^-1 from L^-1.
struct Multiply<'a>(&'a Square);

impl WithSimd for Multiply<'_> {
    type Output = Square;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Square {
        let inverse = self.0;
        let size = inverse.size;
        let mut product = Square::zeros(size);
        for i in 0..size {
            for a in 0..=i {
                let row = i * size..i * size + a + 1;
                let from = (&inverse.high[row.clone()], &inverse.low[row]);
                let numbers = a * size..a * size + a + 1;
                let (high, low) = (&mut product.high, &mut product.low);
                let to = (&mut high[numbers.clone()], &mut low[numbers]);
                subtract_multiple(simd, -inverse.get(i, a), from, to);
            }
        }
        product
    }
}

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
    lower: Square,
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
        let mut lower = Square::zeros(size);
        for row in 0..size {
            for (column, number) in sums.row(row).iter().enumerate() {
                lower.set(row, column, *number);
            }
        }
        let mut factor = Self {
            kept: Vec::new(),
            dropped: Vec::new(),
            lower,
            num_columns,
        };
        let mut column_high = vec![0.0; size];
        let mut column_low = vec![0.0; size];
        for k in first..num_columns {
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
                column: (&mut column_high, &mut column_low),
            });
            factor.kept.push(k);
        }
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
        for k in (0..right.len()).rev() {
            let row = self.kept[k];
            right[k] = right[k] / self.lower.get(row, row);
            for j in 0..k {
                let product = self.lower.get(row, self.kept[j]) * right[k];
                right[j] -= product;
            }
        }
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

    /// The inverse of the factor of the kept columns, row-major `[kept, kept]`.
    pub fn inverse_factor(&self) -> Square {
        Arch::new().dispatch(Invert(self))
    }

    /// The inverse of the sums of products of the kept columns: its lower triangle,
    /// row-major `[kept, kept]`.
    pub fn inverse(&self) -> Square {
        Arch::new().dispatch(Multiply(&self.inverse_factor()))
    }
}

impl Square {
    /// An element of the symmetric matrix of which this is the lower triangle.
    pub fn symmetric(&self, a: usize, b: usize) -> DoubleDouble {
        self.get(a.max(b), a.min(b))
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
