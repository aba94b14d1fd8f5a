use pulp::{Arch, Simd, WithSimd};

use super::narrow::LANES;
use super::{Frame, Sums};
use crate::double_double::two_sum;
use crate::{DoubleDouble, Rows};

/// Number of rows n after which a sum is rounded to double-double. The bound of the
/// relative error of a sum is n² u², with u = 2^-53.
pub(crate) const DOUBLE_DOUBLE_BLOCK: usize = 128;

/// As [`add_in_double`](super::add_in_double), but with all products and sums in double-double, about the
/// centres: dot products of Ogita, Rump and Oishi, *Accurate sum and dot product*
/// (2005), algorithm 5.3.
pub(crate) fn add_in_double_double(rows: &Rows, frame: &Frame, sums: &mut Sums) {
    const BLOCK: usize = DOUBLE_DOUBLE_BLOCK;
    let size = sums.products.size();
    let padded = size.next_multiple_of(LANES);
    let block = || vec![0.0; BLOCK.min(rows.num_rows()) * padded];
    let (mut values, mut value_tails) = (block(), block());
    let weighted = || {
        if rows.is_weighted() {
            block()
        } else {
            Vec::new()
        }
    };
    let (mut products, mut product_tails) = (weighted(), weighted());
    let mut high = vec![0.0; size * padded];
    let mut low = vec![0.0; size * padded];
    for start in (0..rows.num_rows()).step_by(BLOCK) {
        let end = rows.num_rows().min(start + BLOCK);
        let part = rows.slice(start..end);
        let is_exact = Arch::new().dispatch(
            #[inline(always)]
            || fill_exactly(&part, frame, padded, &mut values),
        );
        let has_tails = !is_exact || rows.is_weighted() || rows.has_tails();
        if has_tails {
            fill_with_tails(&part, frame, padded, &mut values, &mut value_tails);
        }
        if rows.is_weighted() {
            for row in 0..part.num_rows() {
                let weight = DoubleDouble::from(part.weight(row) * frame.weight);
                for index in row * padded..row * padded + size {
                    let value = DoubleDouble::sum_of(values[index], value_tails[index]);
                    let product = value * weight;
                    (products[index], product_tails[index]) = (product.high(), product.low());
                }
            }
        }
        let numbers = ..(end - start) * padded;
        let (left, left_tails) = if rows.is_weighted() {
            (&products[numbers], &product_tails[numbers])
        } else {
            (&values[numbers], &value_tails[numbers])
        };
        high.fill(0.0);
        low.fill(0.0);
        Arch::new().dispatch(Products {
            left,
            right: &values[numbers],
            tails: has_tails.then_some((left_tails, &value_tails[numbers])),
            padded,
            high: &mut high,
            low: &mut low,
        });
        for index in 0..size {
            sums.squares[index] += high[index * padded + index];
        }
        sums.additions += 1;
        let products = &mut sums.products;
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for i in 0..size {
                    let row = i * padded..i * padded + i + 1;
                    let of_row = high[row.clone()].iter().zip(&low[row]);
                    for (total, (high, low)) in products.row_mut(i).iter_mut().zip(of_row) {
                        *total += DoubleDouble::sum_of(*high, *low);
                    }
                }
            },
        );
    }
}

/// Writes rows about the centres into a block, `[rows, padded]`, and returns whether
/// no number was rounded.
#[inline(always)]
fn fill_exactly(rows: &Rows, frame: &Frame, padded: usize, block: &mut [f64]) -> bool {
    let split = 1 + rows.num_features();
    let mut lost = 0.0;
    for (row, to) in block
        .chunks_exact_mut(padded)
        .take(rows.num_rows())
        .enumerate()
    {
        to[0] = 1.0;
        for (values, first) in [(rows.features(row), 1), (rows.targets(row), split)] {
            let to = to[first..].iter_mut();
            let columns = frame.centres[first..].iter().zip(&frame.scales[first..]);
            for ((value, to), (centre, scale)) in values.iter().zip(to).zip(columns) {
                let (difference, rest) = two_sum(*value, -centre);
                *to = difference * scale;
                lost += rest.abs();
            }
        }
    }
    lost == 0.0
}

/// As [`fill_exactly`], with the low parts of the numbers.
fn fill_with_tails(
    rows: &Rows,
    frame: &Frame,
    padded: usize,
    block: &mut [f64],
    block_tails: &mut [f64],
) {
    let split = 1 + rows.num_features();
    for row in 0..rows.num_rows() {
        let at = row * padded;
        (block[at], block_tails[at]) = (1.0, 0.0);
        let tails = rows.tails(row).unwrap_or_default();
        let values = rows.features(row).iter().chain(rows.targets(row));
        for (index, value) in values.enumerate() {
            let index = index + 1;
            let mut value = DoubleDouble::sum_of(*value, -frame.centres[index]);
            if index < split && !tails.is_empty() {
                value += DoubleDouble::from(tails[index - 1]);
            }
            let value = value.scaled(frame.scales[index]);
            (block[at + index], block_tails[at + index]) = (value.high(), value.low());
        }
    }
}

/// Sums over rows of the products of every two columns.
struct Products<'a> {
    /// `[rows, padded]`.
    left: &'a [f64],
    /// `[rows, padded]`.
    right: &'a [f64],
    /// Low parts of the columns.
    tails: Option<(&'a [f64], &'a [f64])>,
    padded: usize,
    /// `[columns, padded]`; elements right of the diagonal are not used.
    high: &'a mut [f64],
    low: &'a mut [f64],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tails {
            None => self.compute::<S, false>(simd),
            Some(_) => self.compute::<S, true>(simd),
        }
    }
}

impl Products<'_> {
    /// Computes blocks of two columns by two vectors, whose sums stay in registers
    /// over all rows.
    #[inline(always)]
    fn compute<S: Simd, const TAILS: bool>(self, simd: S) {
        let size = self.high.len() / self.padded;
        let vectors = self.padded / S::F64_LANES;
        let (left_tails, right_tails) = self.tails.unwrap_or((self.left, self.right));
        let right = S::as_simd_f64s(self.right).0;
        let right_tails = S::as_simd_f64s(right_tails).0;
        let rows = self.left.len() / self.padded;
        let high = S::as_mut_simd_f64s(self.high).0;
        let low = S::as_mut_simd_f64s(self.low).0;
        let zero = simd.splat_f64s(0.0);
        for i in (0..size).step_by(2) {
            let columns = [i, (i + 1).min(size - 1)];
            let needed = columns[1] / S::F64_LANES + 1;
            for v in (0..needed).step_by(2) {
                let at = [v, (v + 1).min(vectors - 1)];
                let mut totals = [[(zero, zero); 2]; 2];
                for row in 0..rows {
                    let of_row = &self.left[row * self.padded..][..self.padded];
                    let tails_of_row = &left_tails[row * self.padded..][..self.padded];
                    let b = [right[row * vectors + at[0]], right[row * vectors + at[1]]];
                    let b_tail = [
                        right_tails[row * vectors + at[0]],
                        right_tails[row * vectors + at[1]],
                    ];
                    for (column, totals) in columns.iter().zip(&mut totals) {
                        let a = simd.splat_f64s(of_row[*column]);
                        let a_tail = simd.splat_f64s(tails_of_row[*column]);
                        for (k, (high, low)) in totals.iter_mut().enumerate() {
                            let product = simd.mul_f64s(a, b[k]);
                            let mut rest = simd.mul_add_f64s(a, b[k], simd.neg_f64s(product));
                            let sum = simd.add_f64s(*high, product);
                            let of_product = simd.sub_f64s(sum, *high);
                            let of_high = simd.sub_f64s(sum, of_product);
                            let lost = simd.add_f64s(
                                simd.sub_f64s(*high, of_high),
                                simd.sub_f64s(product, of_product),
                            );
                            if TAILS {
                                rest = simd.mul_add_f64s(a_tail, b[k], rest);
                                rest = simd.mul_add_f64s(a, b_tail[k], rest);
                            }
                            *high = sum;
                            *low = simd.add_f64s(*low, simd.add_f64s(rest, lost));
                        }
                    }
                }
                for (column, totals) in columns.iter().zip(totals) {
                    for (at, (of_high, of_low)) in at.iter().zip(totals) {
                        high[column * vectors + at] = of_high;
                        low[column * vectors + at] = of_low;
                    }
                }
            }
        }
    }
}
