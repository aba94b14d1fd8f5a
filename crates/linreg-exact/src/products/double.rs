use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

use super::narrow::{LANES, NarrowProducts};
use super::{Frame, Sums};
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

/// Adds the products of every two columns in `f64`, about a point within the rows,
/// so that means far from zero cost no digits.
pub(crate) fn add_in_double(rows: &Rows, frame: &Frame, sums: &mut Sums) {
    let size = sums.products.size();
    let middle = middle(rows, frame);
    // Without vector instructions, a fused product and sum is a function call.
    let is_narrow = size <= NARROW && !matches!(Arch::new(), Arch::Scalar);
    let (columns, strip) = if is_narrow {
        (size.next_multiple_of(LANES), STRIP)
    } else {
        (size, BLOCK)
    };
    let mut values = vec![0.0; strip.min(rows.num_rows()) * columns];
    let mut weighted = vec![0.0; if rows.is_weighted() { values.len() } else { 0 }];
    let mut of_block = vec![0.0; columns * columns];
    // The compensated sums and their rounding errors.
    let mut products = vec![0.0; columns * columns];
    let mut lost = vec![0.0; columns * columns];
    for block in (0..rows.num_rows()).step_by(BLOCK) {
        let end_of_block = rows.num_rows().min(block + BLOCK);
        of_block.fill(0.0);
        for start in (block..end_of_block).step_by(strip) {
            let end = end_of_block.min(start + strip);
            let values = &mut values[..(end - start) * columns];
            Arch::new().dispatch(Fill {
                rows,
                start,
                centres: &middle,
                scales: frame.scales,
                columns,
                values,
            });
            let right = &*values;
            let mut left = right;
            if rows.is_weighted() {
                let weighted = &mut weighted[..right.len()];
                let of_rows = weighted
                    .chunks_exact_mut(columns)
                    .zip(right.chunks_exact(columns));
                for (row, (to, from)) in (start..).zip(of_rows) {
                    let weight = rows.weight(row) * frame.weight;
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = weight * from;
                    }
                }
                left = weighted;
            }
            if is_narrow {
                Arch::new().dispatch(NarrowProducts {
                    left,
                    right,
                    size,
                    columns,
                    sums: &mut of_block,
                });
            } else {
                add_wide(left, right, columns, &mut of_block);
            }
        }
        Arch::new().dispatch(
            #[inline(always)]
            || add_compensated(&of_block, size, columns, &mut products, &mut lost),
        );
    }
    let weight = products[0];
    for index in 1..size {
        let sum = products[index * columns];
        sums.squares[index] += products[index * columns + index];
        sums.offsets[index] += sum / weight * sum;
    }
    sums.squares[0] += weight;
    sums.additions += 1;
    let distances = middle.iter().zip(frame.centres).zip(frame.scales);
    let distances: Vec<DoubleDouble> = distances
        .map(|((middle, centre), scale)| DoubleDouble::sum_of(*middle, -centre).scaled(*scale))
        .collect();
    Arch::new().dispatch(
        #[inline(always)]
        || add_about(&products, &lost, columns, &distances, &mut sums.products),
    );
}

/// Adds the products of every two columns of rows, `[rows, columns]`, to the lower
/// triangle of `[columns, columns]`.
fn add_wide(left: &[f64], right: &[f64], columns: usize, sums: &mut [f64]) {
    let rows = left.len() / columns;
    matmul(
        MatMut::from_row_major_slice_mut(sums, columns, columns),
        BlockStructure::TriangularLower,
        Accum::Add,
        MatRef::from_row_major_slice(left, rows, columns).transpose(),
        BlockStructure::Rectangular,
        MatRef::from_row_major_slice(right, rows, columns),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
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
struct Fill<'a> {
    rows: &'a Rows<'a>,
    start: usize,
    centres: &'a [f64],
    scales: &'a [f64],
    columns: usize,
    values: &'a mut [f64],
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

/// Adds products about a point, `[size, columns]`, with their rounding errors, as products
/// about centres at these distances:
/// Σ w (z + c)(z' + d) = Σ w z z' + c Σ w z' + d (Σ w z + c Σ w).
#[inline(always)]
fn add_about(
    products: &[f64],
    lost: &[f64],
    columns: usize,
    distances: &[DoubleDouble],
    sums: &mut Triangle,
) {
    let product = |at: usize| DoubleDouble::sum_of(products[at], lost[at]);
    let sum = |index: usize| product(index * columns);
    for (i, distance) in distances.iter().enumerate() {
        // Sum of the column about its centre.
        let of_i = sum(i) + *distance * sum(0);
        let row = sums.row_mut(i);
        for (j, total) in row.iter_mut().enumerate() {
            *total += product(i * columns + j) + (*distance * sum(j) + distances[j] * of_i);
        }
    }
}
