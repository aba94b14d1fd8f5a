use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::double_double::two_sum;
use crate::{DoubleDouble, Rows};

/// The lower triangle of a symmetric matrix of [`DoubleDouble`]s, row after row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Triangle {
    size: usize,
    numbers: Vec<DoubleDouble>,
}

impl Serialize for Triangle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.numbers.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Triangle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::deserialize(deserializer)?;
        // size (size + 1) / 2 numbers.
        let size = ((numbers.len() * 2) as f64).sqrt() as usize;
        let triangle = Self::from_numbers(size, numbers);
        triangle.ok_or_else(|| serde::de::Error::custom("the numbers do not fill a triangle"))
    }
}

impl Triangle {
    pub fn zeros(size: usize) -> Self {
        Self {
            size,
            numbers: vec![DoubleDouble::ZERO; size * (size + 1) / 2],
        }
    }

    pub fn from_numbers(size: usize, numbers: Vec<DoubleDouble>) -> Option<Self> {
        (numbers.len() == size * (size + 1) / 2).then_some(Self { size, numbers })
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn numbers(&self) -> &[DoubleDouble] {
        &self.numbers
    }

    /// The numbers of a row up to the diagonal.
    pub fn row(&self, row: usize) -> &[DoubleDouble] {
        &self.numbers[row * (row + 1) / 2..][..=row]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [DoubleDouble] {
        &mut self.numbers[row * (row + 1) / 2..][..=row]
    }

    pub fn diagonal(&self, index: usize) -> DoubleDouble {
        self.row(index)[index]
    }

    /// Adds the products of the columns of two blocks of rows, `[rows, size]`, whose
    /// matrix has to be symmetric.
    pub fn add_products(&mut self, left: &[f64], right: &[f64]) {
        let size = self.size;
        if size == 0 || left.is_empty() {
            return;
        }
        let rows = left.len() / size;
        let mut products = vec![0.0; size * size];
        matmul(
            MatMut::from_row_major_slice_mut(&mut products, size, size),
            BlockStructure::TriangularLower,
            Accum::Replace,
            MatRef::from_row_major_slice(left, rows, size).transpose(),
            BlockStructure::Rectangular,
            MatRef::from_row_major_slice(right, rows, size),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        for (row, of_row) in products.chunks_exact(size).enumerate() {
            for (sum, product) in self.row_mut(row).iter_mut().zip(of_row) {
                *sum += DoubleDouble::from(*product);
            }
        }
    }
}

/// Number of rows that are multiplied at once: they fit in the cache. With more
/// rows, the bound of the rounding errors of a sum grows.
pub(crate) const BLOCK: usize = 512;

/// Weighted sums of the products of every two columns, the first of which is all
/// ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sums {
    /// Products of the columns about the centres of the [`Frame`].
    pub products: Triangle,
    /// For each column, the sum of squares about the point that the products were
    /// computed about: their rounding errors are relative to these.
    pub squares: Vec<f64>,
    /// For each column, the weights times the squared distance of that point from
    /// the mean of its rows.
    pub offsets: Vec<f64>,
    /// Largest number of terms of a sum.
    pub additions: u64,
}

impl Sums {
    pub fn zeros(size: usize) -> Self {
        Self {
            products: Triangle::zeros(size),
            squares: vec![0.0; size],
            offsets: vec![0.0; size],
            additions: 0,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.products.add(&other.products);
        let to = self.squares.iter_mut().chain(&mut self.offsets);
        for (sum, other) in to.zip(other.squares.iter().chain(&other.offsets)) {
            *sum += other;
        }
        self.additions += other.additions + 1;
    }
}

impl Triangle {
    pub fn add(&mut self, other: &Self) {
        for (sum, other) in self.numbers.iter_mut().zip(&other.numbers) {
            *sum += *other;
        }
    }

    /// Moves the point that the columns are taken about by `by`. The first number is
    /// 0, because the column of ones is not shifted.
    pub fn shift(&mut self, by: &[DoubleDouble]) {
        if by.iter().all(|number| *number == DoubleDouble::ZERO) {
            return;
        }
        let sums: Vec<DoubleDouble> = (0..self.size).map(|row| self.row(row)[0]).collect();
        for (i, of_i) in by.iter().enumerate() {
            // Sum of the column about its new centre.
            let rest = sums[i] - *of_i * sums[0];
            let row = self.row_mut(i);
            for (j, total) in row.iter_mut().enumerate() {
                *total -= *of_i * sums[j] + by[j] * rest;
            }
        }
    }
}

/// What is subtracted from the columns, and the powers of two that bring them near
/// 1, so that no product leaves the range of `f64`.
pub(crate) struct Frame<'a> {
    /// One number for the column of ones, each feature and each target; 0 for the
    /// ones.
    pub centres: &'a [f64],
    pub scales: &'a [f64],
    /// Factor of the weights.
    pub weight: f64,
}

/// Adds the products of every two columns in `f64`, about a point within the rows,
/// so that means far from zero cost no digits.
pub(crate) fn add_in_double(rows: &Rows, frame: &Frame, sums: &mut Sums) {
    let size = sums.products.size();
    let middle = middle(rows, frame);
    let mut block = vec![0.0; BLOCK.min(rows.num_rows()) * size];
    let mut weighted = vec![0.0; if rows.is_weighted() { block.len() } else { 0 }];
    let mut of_block = vec![0.0; size * size];
    // The compensated sums and their rounding errors.
    let mut products = vec![0.0; size * size];
    let mut lost = vec![0.0; size * size];
    for start in (0..rows.num_rows()).step_by(BLOCK) {
        let end = rows.num_rows().min(start + BLOCK);
        let numbers = (end - start) * size;
        let block = &mut block[..numbers];
        Arch::new().dispatch(Fill {
            rows,
            start,
            centres: &middle,
            scales: frame.scales,
            block,
        });
        let right = MatRef::from_row_major_slice(&*block, end - start, size);
        let mut left = right;
        if rows.is_weighted() {
            let weighted = &mut weighted[..numbers];
            for (row, (to, from)) in (start..).zip(
                weighted
                    .chunks_exact_mut(size)
                    .zip(block.chunks_exact(size)),
            ) {
                let weight = rows.weight(row) * frame.weight;
                for (to, from) in to.iter_mut().zip(from) {
                    *to = weight * from;
                }
            }
            left = MatRef::from_row_major_slice(&*weighted, end - start, size);
        }
        matmul(
            MatMut::from_row_major_slice_mut(&mut of_block, size, size),
            BlockStructure::TriangularLower,
            Accum::Replace,
            left.transpose(),
            BlockStructure::Rectangular,
            right,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        Arch::new().dispatch(
            #[inline(always)]
            || add_compensated(&of_block, size, &mut products, &mut lost),
        );
    }
    let weight = products[0];
    for index in 1..size {
        let sum = products[index * size];
        sums.squares[index] += products[index * size + index];
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
        || add_about(&products, &lost, &distances, &mut sums.products),
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

/// Writes rows about a point into a block: ones, features, targets.
struct Fill<'a> {
    rows: &'a Rows<'a>,
    start: usize,
    centres: &'a [f64],
    scales: &'a [f64],
    block: &'a mut [f64],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let split = 1 + self.rows.num_features();
        let (of_features, of_targets) = self.centres.split_at(split);
        let (scale_features, scale_targets) = self.scales.split_at(split);
        let size = self.centres.len();
        for (row, to) in (self.start..).zip(self.block.chunks_exact_mut(size)) {
            to[0] = 1.0;
            let (features, targets) = to.split_at_mut(split);
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

/// Adds the lower triangles of `[size, size]` matrices by compensated summation,
/// with the rounding errors in `lost`.
#[inline(always)]
fn add_compensated(numbers: &[f64], size: usize, sums: &mut [f64], lost: &mut [f64]) {
    for row in 0..size {
        let of_row = row * size..row * size + row + 1;
        let sums = sums[of_row.clone()].iter_mut();
        let lost = lost[of_row.clone()].iter_mut();
        for ((sum, lost), number) in sums.zip(lost).zip(&numbers[of_row]) {
            let (total, rest) = two_sum(*sum, *number);
            *sum = total;
            *lost += rest;
        }
    }
}

/// Adds products about a point, with their rounding errors, as products about
/// centres at these distances:
/// Σ w (z + c)(z' + d) = Σ w z z' + c Σ w z' + d (Σ w z + c Σ w).
#[inline(always)]
fn add_about(products: &[f64], lost: &[f64], distances: &[DoubleDouble], sums: &mut Triangle) {
    let size = distances.len();
    let product = |at: usize| DoubleDouble::sum_of(products[at], lost[at]);
    let sum = |index: usize| product(index * size);
    for (i, distance) in distances.iter().enumerate() {
        // Sum of the column about its centre.
        let of_i = sum(i) + *distance * sum(0);
        let row = sums.row_mut(i);
        for (j, total) in row.iter_mut().enumerate() {
            *total += product(i * size + j) + (*distance * sum(j) + distances[j] * of_i);
        }
    }
}

/// Number of rows n after which a sum is rounded to double-double. The bound of the
/// relative error of a sum is n² u², with u = 2^-53.
pub(crate) const DOUBLE_DOUBLE_BLOCK: usize = 128;

/// As [`add_in_double`], but with all products and sums in double-double, about the
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

/// Number of `f64` in the widest vector register.
const LANES: usize = 8;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn add(
        rows: &Rows,
        add: impl Fn(&Rows, &Frame, &mut Sums),
        centres: Option<&[f64]>,
    ) -> Triangle {
        let size = rows.num_features() + rows.num_targets() + 1;
        let mut sums = Sums::zeros(size);
        let zeros = vec![0.0; size];
        let frame = Frame {
            centres: centres.unwrap_or(&zeros),
            scales: &vec![1.0; size],
            weight: 1.0,
        };
        add(rows, &frame, &mut sums);
        sums.products
    }

    /// Whole numbers, whose products are exact in both arithmetics.
    #[test]
    fn sums_up_products_of_whole_numbers_exactly() {
        for (num_rows, num_features) in [(1, 1), (7, 3), (600, 9), (2049, 16), (5000, 2)] {
            let features: Vec<f64> = (0..num_rows * num_features)
                .map(|k| ((k * k) % 23) as f64 - 7.0)
                .collect();
            let targets: Vec<f64> = (0..num_rows).map(|k| (k % 5) as f64).collect();
            let weights: Vec<f64> = (0..num_rows).map(|k| (k % 3) as f64).collect();
            for weights in [None, Some(&weights[..])] {
                let rows = Rows::new(&features, &targets, num_features, 1).unwrap();
                let rows = rows.with_weights(weights).unwrap();
                let size = num_features + 2;
                let double = add(&rows, add_in_double, None);
                let twice = add(&rows, add_in_double_double, None);
                for i in 0..size {
                    for j in 0..=i {
                        let value = |row: usize, column: usize| match column {
                            0 => 1.0,
                            _ if column <= num_features => rows.features(row)[column - 1],
                            _ => rows.targets(row)[0],
                        };
                        let sum: f64 = (0..num_rows)
                            .map(|row| rows.weight(row) * value(row, i) * value(row, j))
                            .sum();
                        let twice = twice.row(i)[j];
                        assert_eq!((twice.high(), twice.low()), (sum, 0.0), "{i} {j}");
                        let double = double.row(i)[j].high();
                        let largest = 400.0 * num_rows as f64;
                        assert!(
                            (double - sum).abs() < 1e-15 * largest,
                            "{i} {j} {double} {sum}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn keeps_digits_that_64_bits_lose() {
        // Σ x² of 1 + k 2^-40 has terms down to 2^-80.
        let x: Vec<f64> = (0..1000)
            .map(|k| 1.0 + f64::from(k) * 2f64.powi(-40))
            .collect();
        let rows = Rows::new(&x, &x, 1, 1).unwrap();
        let sums = add(&rows, add_in_double_double, None);
        let expected: DoubleDouble = [1000.0, 999.0 * 1000.0 * 2f64.powi(-40)]
            .into_iter()
            .chain([332_833_500.0 * 2f64.powi(-80)])
            .map(DoubleDouble::from)
            .sum();
        assert_eq!(sums.row(1)[1], expected);
        assert_eq!(sums.row(2)[1], expected);
    }

    #[test]
    fn tails_take_part_in_the_products() {
        let (x, tail) = ([1.0, 3.0], [2f64.powi(-60), -(2f64.powi(-58))]);
        let rows = Rows::new(&x, &[1.0, 1.0], 1, 1).unwrap();
        let rows = rows.with_tails(Some(&tail)).unwrap();
        let sums = add(&rows, add_in_double_double, None);
        // (1 + e)² + (3 - 4e)² = 10 - 22 e + 17 e², and the sum is 4 - 3 e.
        let e = 2f64.powi(-60);
        let square = DoubleDouble::sum_of(10.0, -22.0 * e);
        assert_eq!(sums.row(1)[1], square);
        assert_eq!(sums.row(1)[0], DoubleDouble::sum_of(4.0, -3.0 * e));
    }

    #[test]
    fn products_about_a_centre_are_those_about_zero_shifted() {
        let features: Vec<f64> = (0..600).map(|k| f64::from(1000 + k % 7)).collect();
        let targets: Vec<f64> = (0..300).map(|k| f64::from(k % 5)).collect();
        let rows = Rows::new(&features, &targets, 2, 1).unwrap();
        let centres = [0.0, 1000.0, 1003.0, 0.0];
        let by = centres.map(DoubleDouble::from);
        for arithmetic in [add_in_double, add_in_double_double] {
            let mut shifted = add(&rows, arithmetic, None);
            shifted.shift(&by);
            let about = add(&rows, arithmetic, Some(&centres));
            for (a, b) in shifted.numbers().iter().zip(about.numbers()) {
                assert!((*a - *b).high().abs() < 1e-9, "{a:?} {b:?}");
            }
        }
    }
}
