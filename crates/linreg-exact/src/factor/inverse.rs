use pulp::{Arch, Simd, WithSimd};

use super::Factor;
use crate::DoubleDouble;
use crate::lower::{Above, Group, Lower, subtract_multiple, width};
use crate::threads::for_each;

/// Number of rows that are worked on side by side.
const PANEL: usize = 64;

/// Number of columns of these rows that stay in the first-level cache.
const TILE: usize = 128;

impl Factor {
    /// The inverse of the factor of the kept columns, `[kept, kept]`.
    pub fn inverse_factor(&self) -> Lower {
        let size = self.kept.len();
        let mut inverse = Lower::zeros(size);
        for first in (0..size).step_by(PANEL) {
            let end = size.min(first + PANEL);
            let products = first * first / 2 * (end - first);
            let (above, groups) = inverse.split(first, end);
            for_each(products, groups, |group| {
                Arch::new().dispatch(SubtractAbove {
                    factor: self,
                    above,
                    num_above: first,
                    group,
                });
            });
            Arch::new().dispatch(Finish {
                factor: self,
                inverse: &mut inverse,
                first,
                end,
            });
        }
        inverse
    }

    /// The inverse of the sums of products of the kept columns: its lower triangle,
    /// `[kept, kept]`.
    pub fn inverse(&self) -> Lower {
        let inverse = &self.inverse_factor();
        let size = inverse.size();
        let mut product = Lower::zeros(size);
        let (_, groups) = product.split(0, size);
        for_each(size.pow(3) / 6, groups, |group| {
            Arch::new().dispatch(Multiply { inverse, group });
        });
        product
    }
}

/// Subtracts from rows of the inverse of a factor L their multiples of the rows above
/// them.
struct SubtractAbove<'a, 'b> {
    factor: &'a Factor,
    above: Above<'a>,
    num_above: usize,
    group: Group<'b>,
}

impl WithSimd for SubtractAbove<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut group = self.group;
        for first in (0..self.num_above).step_by(TILE) {
            // Rows above are 0 right of their diagonal.
            for k in first..self.num_above {
                let end = width(k).min(first + TILE);
                let (high, low) = self.above.row(k);
                let from = (&high[first..end], &low[first..end]);
                for row in 0..group.num_rows {
                    let factor = self.factor.lower(group.first + row, k);
                    let (high, low) = group.row_mut(row);
                    let to = (&mut high[first..end], &mut low[first..end]);
                    subtract_multiple(simd, factor, from, to);
                }
            }
        }
    }
}

/// Does the same among rows `first..end`, one after the other, and divides them by the
/// diagonal of L.
struct Finish<'a> {
    factor: &'a Factor,
    inverse: &'a mut Lower,
    first: usize,
    end: usize,
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for row in self.first..self.end {
            for k in self.first..row {
                let factor = self.factor.lower(row, k);
                let (from, to) = self.inverse.two_rows(k, row);
                let to = (&mut to.0[..from.0.len()], &mut to.1[..from.1.len()]);
                subtract_multiple(simd, factor, from, to);
            }
            let diagonal = DoubleDouble::from(1.0) / self.factor.lower(row, row);
            for column in 0..row {
                let number = self.inverse.get(row, column) * diagonal;
                self.inverse.set(row, column, number);
            }
            self.inverse.set(row, row, diagonal);
        }
    }
}

/// Computes rows of the lower triangle of (L L')^-1 from L^-1.
struct Multiply<'a, 'b> {
    inverse: &'a Lower,
    group: Group<'b>,
}

impl WithSimd for Multiply<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { inverse, mut group } = self;
        let width = group.width();
        for first in (0..width).step_by(TILE) {
            let end = width.min(first + TILE);
            for i in group.first..inverse.size() {
                let (high, low) = inverse.row(i);
                let from = (&high[first..end], &low[first..end]);
                for row in 0..group.num_rows.min(i + 1 - group.first) {
                    let factor = -inverse.get(i, group.first + row);
                    let (high, low) = group.row_mut(row);
                    let to = (&mut high[first..end], &mut low[first..end]);
                    subtract_multiple(simd, factor, from, to);
                }
            }
        }
    }
}
