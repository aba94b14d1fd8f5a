use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

use crate::{DoubleDouble, Rows};

/// The lower triangle of a symmetric matrix of [`DoubleDouble`]s, row after row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Triangle {
    size: usize,
    numbers: Vec<DoubleDouble>,
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

    /// Adds the products of the columns of two blocks of rows, `[rows, size]`,
    /// which are symmetric.
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

/// Powers of two that bring columns and weights near 1, so that no product
/// leaves the range of `f64`.
pub(crate) struct Scale<'a> {
    /// One each for the intercept's column of ones, the features and the
    /// targets.
    pub columns: &'a [f64],
    pub weight: f64,
}

/// Rows that are multiplied at once: they fit a cache.
const BLOCK: usize = 2048;

/// Adds the products of every two columns, weighted, of which the first is all
/// ones; in `f64`, about a centre, so that they lose no digits to the means.
pub(crate) fn add_in_double(rows: &Rows, scale: &Scale, sums: &mut Triangle) {
    let size = sums.size();
    let centres = centres(rows, size);
    let mut block = vec![0.0; BLOCK.min(rows.num_rows()) * size];
    let mut weighted = vec![0.0; if rows.is_weighted() { block.len() } else { 0 }];
    let mut products = vec![0.0; size * size];
    for start in (0..rows.num_rows()).step_by(BLOCK) {
        let end = rows.num_rows().min(start + BLOCK);
        let numbers = (end - start) * size;
        let block = &mut block[..numbers];
        Arch::new().dispatch(Fill {
            rows,
            start,
            centres: &centres,
            scales: scale.columns,
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
                let weight = rows.weight(row) * scale.weight;
                for (to, from) in to.iter_mut().zip(from) {
                    *to = weight * from;
                }
            }
            left = MatRef::from_row_major_slice(&*weighted, end - start, size);
        }
        matmul(
            MatMut::from_row_major_slice_mut(&mut products, size, size),
            BlockStructure::TriangularLower,
            Accum::Add,
            left.transpose(),
            BlockStructure::Rectangular,
            right,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    }
    let centres: Vec<f64> = centres
        .iter()
        .zip(scale.columns)
        .map(|(centre, scale)| centre * scale)
        .collect();
    Arch::new().dispatch(|| add_uncentred(&products, &centres, sums));
}

/// A point amid the rows: of each column the mean of a few values.
fn centres(rows: &Rows, size: usize) -> Vec<f64> {
    const SAMPLE: usize = 32;
    let step = rows.num_rows().div_ceil(SAMPLE).max(1);
    let count = rows.num_rows().div_ceil(step) as f64;
    let mut centres = vec![0.0; size];
    for row in (0..rows.num_rows()).step_by(step) {
        let values = rows.features(row).iter().chain(rows.targets(row));
        for (centre, value) in centres[1..].iter_mut().zip(values) {
            *centre += value / count;
        }
    }
    centres
}

/// Writes rows about their centre into a block: ones, features, targets.
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
    // Rows are short: their end is a vector too, which has some numbers again.
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

/// Adds products about a centre as products about zero:
/// Σ w (z + c)(z + d) = Σ w z z' + c Σ w z' + d Σ w z + c d Σ w.
#[inline(always)]
fn add_uncentred(products: &[f64], centres: &[f64], sums: &mut Triangle) {
    let size = centres.len();
    let sum = |index: usize| products[index * size];
    for (i, centre) in centres.iter().enumerate() {
        // c_j S_i + c_i (S_j + c_j W), of which the first part of each product is exact.
        let sum_i = sum(i);
        let row = sums.row_mut(i);
        for (j, total) in row.iter_mut().enumerate() {
            let product = DoubleDouble::from(products[i * size + j]);
            let sum_j = DoubleDouble::product_of(centres[j], sum(0)) + DoubleDouble::from(sum(j));
            let shift =
                DoubleDouble::product_of(centres[j], sum_i) + DoubleDouble::from(*centre) * sum_j;
            *total += match (i, j) {
                (0, _) => product,
                // The column of ones has no centre.
                (_, 0) => product + DoubleDouble::product_of(*centre, sum(0)),
                _ => product + shift,
            };
        }
    }
}

/// As [`add_in_double`], with every product and every sum of twice the digits
/// of an `f64`, and nothing subtracted: dot products as of Ogita, Rump and
/// Oishi, *Accurate sum and dot product* (2005), algorithm 5.3.
pub(crate) fn add_in_double_double(rows: &Rows, scale: &Scale, sums: &mut Triangle) {
    /// Rows between which the two sums are made one number again.
    const BLOCK: usize = 512;
    let size = sums.size();
    let padded = size.next_multiple_of(LANES);
    let block = || vec![0.0; BLOCK.min(rows.num_rows()) * padded];
    let has_tails = rows.is_weighted() || (0..rows.num_rows()).any(|row| rows.tails(row).is_some());
    let tails = || if has_tails { block() } else { Vec::new() };
    let (mut left, mut left_tails) = (block(), tails());
    let (mut right, mut right_tails) = (block(), tails());
    let mut high = vec![0.0; size * padded];
    let mut low = vec![0.0; size * padded];
    for start in (0..rows.num_rows()).step_by(BLOCK) {
        let end = rows.num_rows().min(start + BLOCK);
        for row in start..end {
            let at = (row - start) * padded;
            let weight = rows.weight(row) * scale.weight;
            let features = rows.features(row).iter().enumerate();
            let tails = rows.tails(row);
            let features = features.map(|(index, value)| {
                let tail = tails.map_or(0.0, |tails| tails[index]);
                DoubleDouble::sum_of(*value, tail)
            });
            let targets = rows.targets(row).iter();
            let values = std::iter::once(DoubleDouble::from(1.0))
                .chain(features)
                .chain(targets.map(|value| DoubleDouble::from(*value)));
            for (index, (value, scale)) in values.zip(scale.columns).enumerate() {
                let value = value.scaled(*scale);
                right[at + index] = value.high();
                let product = match rows.is_weighted() {
                    true => value * DoubleDouble::from(weight),
                    false => value,
                };
                left[at + index] = product.high();
                if has_tails {
                    right_tails[at + index] = value.low();
                    left_tails[at + index] = product.low();
                }
            }
        }
        let numbers = (end - start) * padded;
        high.fill(0.0);
        low.fill(0.0);
        Arch::new().dispatch(Products {
            left: &left[..numbers],
            right: &right[..numbers],
            tails: has_tails.then(|| (&left_tails[..numbers], &right_tails[..numbers])),
            padded,
            high: &mut high,
            low: &mut low,
        });
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for i in 0..size {
                    let row = i * padded..i * padded + i + 1;
                    let of_row = high[row.clone()].iter().zip(&low[row]);
                    for (total, (high, low)) in sums.row_mut(i).iter_mut().zip(of_row) {
                        *total += DoubleDouble::sum_of(*high, *low);
                    }
                }
            },
        );
    }
}

/// Numbers of the longest vector register there is.
const LANES: usize = 8;

/// Sums over rows of the products of two columns, for every two.
struct Products<'a> {
    /// `[rows, padded]`.
    left: &'a [f64],
    /// `[rows, padded]`.
    right: &'a [f64],
    /// What the columns lack as `f64`.
    tails: Option<(&'a [f64], &'a [f64])>,
    padded: usize,
    /// `[columns, padded]`; what is right of the diagonal is of no use.
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
    /// Two columns of one side by two vectors of the other: all sums stay in
    /// registers over all rows.
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

    fn scale(size: usize) -> Vec<f64> {
        vec![1.0; size]
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
                let columns = scale(size);
                let scale = Scale {
                    columns: &columns,
                    weight: 1.0,
                };
                let mut double = Triangle::zeros(size);
                add_in_double(&rows, &scale, &mut double);
                let mut twice = Triangle::zeros(size);
                add_in_double_double(&rows, &scale, &mut twice);
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
        let columns = scale(3);
        let scale = Scale {
            columns: &columns,
            weight: 1.0,
        };
        let mut sums = Triangle::zeros(3);
        add_in_double_double(&rows, &scale, &mut sums);
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
        let columns = scale(3);
        let scale = Scale {
            columns: &columns,
            weight: 1.0,
        };
        let mut sums = Triangle::zeros(3);
        add_in_double_double(&rows, &scale, &mut sums);
        // (1 + e)² + (3 - 4e)² = 10 - 22 e + 17 e², and the sum is 4 - 3 e.
        let e = 2f64.powi(-60);
        let square = DoubleDouble::sum_of(10.0, -22.0 * e);
        assert_eq!(sums.row(1)[1], square);
        assert_eq!(sums.row(1)[0], DoubleDouble::sum_of(4.0, -3.0 * e));
    }
}
