use pulp::{Arch, Simd, WithSimd};

use super::narrow::{LANES, NarrowProducts};
use super::{Frame, Sums, wide};
use crate::double_double::two_sum;
use crate::triangle::Triangle;
use crate::{DoubleDouble, Rows};

/// Number of rows whose products are added up in `f64` before they are added to the
/// rest by compensated summation. With more rows, the bound of the rounding errors of a
/// sum grows.
pub(crate) const BLOCK: usize = 512;

/// Up to this many columns, [`NarrowProducts`] takes less time than a general product
/// of matrices, which is for matrices that do not fit into the cache.
const NARROW: usize = 384;

/// Number of rows of a block that are centred and multiplied at once where there are few
/// columns: with 100, they fit into the first-level cache.
const STRIP: usize = 32;

/// Whether the products of this many columns are computed on all threads at once.
pub(crate) fn is_wide(size: usize) -> bool {
    size > NARROW
}

/// Computes the sums of the products of every two columns in `f64`, about a point within
/// the rows, so that means far from zero cost no digits. The sums have to be zero.
pub(crate) fn add_in_double(rows: &Rows, frame: &Frame, sums: &mut Sums) {
    let size = sums.products.size();
    let middle = middle(rows, frame);
    // Without vector instructions, a fused product and sum is a function call.
    if is_wide(size) || matches!(Arch::new(), Arch::Scalar) {
        wide::add_about(rows, frame, &middle, &mut sums.products);
    } else {
        add_narrow(rows, frame, &middle, &mut sums.products);
    }
    let products = &sums.products;
    let weight = products.diagonal(0).high();
    for index in 1..size {
        let sum = products.row(index)[0].high();
        sums.squares[index] += products.diagonal(index).high();
        sums.offsets[index] += sum / weight * sum;
    }
    sums.squares[0] += weight;
    sums.additions += 1;
    let distances = middle.iter().zip(frame.centres).zip(frame.scales);
    let distances: Vec<DoubleDouble> = distances
        .map(|((middle, centre), scale)| DoubleDouble::sum_of(*centre, -middle).scaled(*scale))
        .collect();
    sums.products.shift(&distances);
}

/// Adds the products about a point in registers, for few columns.
fn add_narrow(rows: &Rows, frame: &Frame, middle: &[f64], sums: &mut Triangle) {
    let size = sums.size();
    let columns = size.next_multiple_of(LANES);
    let mut values = vec![0.0; STRIP.min(rows.num_rows()) * columns];
    let mut weighted = vec![0.0; if rows.is_weighted() { values.len() } else { 0 }];
    let mut of_block = vec![0.0; columns * columns];
    // The compensated sums and their rounding errors.
    let mut products = vec![0.0; columns * columns];
    let mut lost = vec![0.0; columns * columns];
    for block in (0..rows.num_rows()).step_by(BLOCK) {
        let end_of_block = rows.num_rows().min(block + BLOCK);
        of_block.fill(0.0);
        for start in (block..end_of_block).step_by(STRIP) {
            let end = end_of_block.min(start + STRIP);
            let values = &mut values[..(end - start) * columns];
            Arch::new().dispatch(Fill {
                rows,
                start,
                centres: middle,
                scales: frame.scales,
                columns,
                values,
            });
            let right = &*values;
            let mut left = right;
            if rows.is_weighted() {
                let weighted = &mut weighted[..right.len()];
                weigh(rows, start, frame, columns, right, weighted);
                left = weighted;
            }
            Arch::new().dispatch(NarrowProducts {
                left,
                right,
                size,
                columns,
                sums: &mut of_block,
            });
        }
        Arch::new().dispatch(
            #[inline(always)]
            || add_compensated(&of_block, size, columns, &mut products, &mut lost),
        );
    }
    for row in 0..size {
        let numbers = products[row * columns..].iter().zip(&lost[row * columns..]);
        for (sum, (product, lost)) in sums.row_mut(row).iter_mut().zip(numbers) {
            *sum = DoubleDouble::sum_of(*product, *lost);
        }
    }
}

/// Writes rows, `[rows, columns]`, times their weights.
pub(super) fn weigh(
    rows: &Rows,
    start: usize,
    frame: &Frame,
    columns: usize,
    from: &[f64],
    to: &mut [f64],
) {
    let of_rows = to.chunks_exact_mut(columns).zip(from.chunks_exact(columns));
    for (row, (to, from)) in (start..).zip(of_rows) {
        let weight = rows.weight(row) * frame.weight;
        for (to, from) in to.iter_mut().zip(from) {
            *to = weight * from;
        }
    }
}

/// A point within the rows: the weighted mean of a few values of each column. They
/// lie at irregular distances, so that they do not follow a period of the data.
fn middle(rows: &Rows, frame: &Frame) -> Vec<f64> {
    const SAMPLE: usize = 32;
    let num_rows = rows.num_rows();
    let count = num_rows.min(SAMPLE);
    let sample = (0..count).map(|k| {
        let (start, end) = (k * num_rows / count, (k + 1) * num_rows / count);
        // A multiplicative hash (Knuth): its high bits look random.
        let hash = (k as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        start + hash as usize % (end - start)
    });
    let sample: Vec<usize> = sample.collect();
    let total: f64 = sample
        .iter()
        .map(|row| rows.weight(*row) * frame.weight)
        .sum();
    let mut middle = frame.centres.to_vec();
    for row in sample {
        let share = rows.weight(row) * frame.weight / total;
        if !share.is_finite() {
            // The weights are too small to add up: any point will do.
            break;
        }
        let values = rows.features(row).iter().chain(rows.targets(row));
        let columns = middle[1..].iter_mut().zip(&frame.centres[1..]);
        for ((middle, centre), value) in columns.zip(values) {
            // The centre of a constant column is its value, and so is the mean.
            *middle += (value - centre) * share;
        }
    }
    middle
}

/// Writes rows about a point, `[rows, columns]`: ones, features, targets. Further columns
/// stay as they are.
pub(super) struct Fill<'a> {
    pub rows: &'a Rows<'a>,
    pub start: usize,
    pub centres: &'a [f64],
    pub scales: &'a [f64],
    pub columns: usize,
    pub values: &'a mut [f64],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let split = 1 + self.rows.num_features();
        let (of_features, of_targets) = self.centres.split_at(split);
        let (scale_features, scale_targets) = self.scales.split_at(split);
        let size = self.centres.len();
        for (row, to) in (self.start..).zip(self.values.chunks_exact_mut(self.columns)) {
            to[0] = 1.0;
            let (features, targets) = to[..size].split_at_mut(split);
            let from = self.rows.features(row);
            centre(
                simd,
                from,
                &of_features[1..],
                &scale_features[1..],
                &mut features[1..],
            );
            let from = self.rows.targets(row);
            centre(simd, from, of_targets, scale_targets, targets);
        }
    }
}

/// `(from - centre) * scale`.
#[inline(always)]
fn centre<S: Simd>(simd: S, from: &[f64], centres: &[f64], scales: &[f64], to: &mut [f64]) {
    let length = from.len();
    if length < S::F64_LANES {
        for (index, to) in to.iter_mut().enumerate() {
            *to = (from[index] - centres[index]) * scales[index];
        }
        return;
    }
    centre_vectors(simd, from, centres, scales, to);
    // The last vector overlaps the one before, so that short rows need no scalar
    // loop.
    if !length.is_multiple_of(S::F64_LANES) {
        let end = length - S::F64_LANES;
        let (centres, scales) = (&centres[end..], &scales[end..]);
        centre_vectors(simd, &from[end..], centres, scales, &mut to[end..]);
    }
}

#[inline(always)]
fn centre_vectors<S: Simd>(simd: S, from: &[f64], centres: &[f64], scales: &[f64], to: &mut [f64]) {
    let (from, _) = S::as_simd_f64s(from);
    let (centres, _) = S::as_simd_f64s(centres);
    let (scales, _) = S::as_simd_f64s(scales);
    let (to, _) = S::as_mut_simd_f64s(to);
    let numbers = from.iter().zip(centres).zip(scales);
    for (((from, centre), scale), to) in numbers.zip(to) {
        *to = simd.mul_f64s(simd.sub_f64s(*from, *centre), *scale);
    }
}

/// Adds the lower triangles of `[size, columns]` matrices by compensated summation,
/// with the rounding errors in `lost`.
#[inline(always)]
fn add_compensated(
    numbers: &[f64],
    size: usize,
    columns: usize,
    sums: &mut [f64],
    lost: &mut [f64],
) {
    for row in 0..size {
        let of_row = row * columns..row * columns + row + 1;
        let sums = sums[of_row.clone()].iter_mut();
        let lost = lost[of_row.clone()].iter_mut();
        for ((sum, lost), number) in sums.zip(lost).zip(&numbers[of_row]) {
            let (total, rest) = two_sum(*sum, *number);
            *sum = total;
            *lost += rest;
        }
    }
}
