use pulp::{Simd, WithSimd};

/// Number of `f64` in the widest vector register.
pub(super) const LANES: usize = 8;

/// The products of every two columns of a few rows, which stay in registers until those
/// of all of these rows are added up.
///
/// Each sum adds the products of the rows in their order.
pub(super) struct NarrowProducts<'a> {
    /// `[rows, columns]`.
    pub left: &'a [f64],
    /// `[rows, columns]`.
    pub right: &'a [f64],
    /// Number of columns, of which the first are used.
    pub size: usize,
    /// `size` as a multiple of [`LANES`].
    pub columns: usize,
    /// `[columns, columns]`; elements right of the diagonal are not used.
    pub sums: &'a mut [f64],
}

impl WithSimd for NarrowProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // With as many columns on the left, the sums of three vectors fit into the
        // registers: 32 with AVX-512, 16 with AVX2.
        if S::F64_LANES == 8 {
            self.add::<S, 8>(simd);
        } else {
            self.add::<S, 4>(simd);
        }
    }
}

impl NarrowProducts<'_> {
    #[inline(always)]
    fn add<S: Simd, const LEFT: usize>(&mut self, simd: S) {
        for j in (0..self.size).step_by(3 * S::F64_LANES) {
            for i in (j / LEFT * LEFT..self.size).step_by(LEFT) {
                match (i + LEFT - j).div_ceil(S::F64_LANES) {
                    1 => self.add_tile::<S, LEFT, 1>(simd, i, j),
                    2 => self.add_tile::<S, LEFT, 2>(simd, i, j),
                    _ => self.add_tile::<S, LEFT, 3>(simd, i, j),
                }
            }
        }
    }

    /// Adds the products of the columns from `i` with those from `j`.
    #[inline(always)]
    fn add_tile<S: Simd, const LEFT: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        i: usize,
        j: usize,
    ) {
        let mut sums = [[simd.splat_f64s(0.0); VECTORS]; LEFT];
        let rows = self.left.chunks_exact(self.columns);
        for (left, right) in rows.zip(self.right.chunks_exact(self.columns)) {
            let left = &left[i..i + LEFT];
            let right = S::as_simd_f64s(&right[j..j + VECTORS * S::F64_LANES]).0;
            // With iterators, the sums would not stay in registers.
            for m in 0..LEFT {
                let left = simd.splat_f64s(left[m]);
                for n in 0..VECTORS {
                    sums[m][n] = simd.mul_add_f64s(left, right[n], sums[m][n]);
                }
            }
        }
        for (row, of_row) in (i..).zip(sums) {
            let totals = &mut self.sums[row * self.columns + j..][..VECTORS * S::F64_LANES];
            let totals = S::as_mut_simd_f64s(totals).0;
            for (total, sum) in totals.iter_mut().zip(of_row) {
                *total = simd.add_f64s(*total, sum);
            }
        }
    }
}
