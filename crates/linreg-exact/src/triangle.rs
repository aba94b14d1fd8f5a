use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::DoubleDouble;

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

    /// A triangle of zeros; `None` if the memory cannot hold it.
    pub fn of_size(size: usize) -> Option<Self> {
        let length = size.checked_add(1)?.checked_mul(size)? / 2;
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(length).ok()?;
        numbers.resize(length, DoubleDouble::ZERO);
        Some(Self { size, numbers })
    }

    pub fn from_numbers(size: usize, numbers: Vec<DoubleDouble>) -> Option<Self> {
        (Some(numbers.len())
            == size
                .checked_add(1)?
                .checked_mul(size)
                .map(|twice| twice / 2))
        .then_some(Self { size, numbers })
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn numbers(&self) -> &[DoubleDouble] {
        &self.numbers
    }

    pub fn numbers_mut(&mut self) -> &mut [DoubleDouble] {
        &mut self.numbers
    }

    /// Groups of rows, `count` in each but a short last one.
    pub fn rows_mut(&mut self, count: usize) -> Vec<TriangleRows<'_>> {
        let mut groups = Vec::with_capacity(self.size.div_ceil(count));
        let mut numbers = self.numbers.as_mut_slice();
        for first in (0..self.size).step_by(count) {
            let count = count.min(self.size - first);
            let length = count * first + count * (count + 1) / 2;
            let (of_rows, rest) = numbers.split_at_mut(length);
            numbers = rest;
            groups.push(TriangleRows {
                first,
                count,
                numbers: of_rows,
            });
        }
        groups
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
        let triangle = self;
        Arch::new().dispatch(Shift { triangle, by });
    }

    #[inline(always)]
    fn shift_by(&mut self, by: &[DoubleDouble]) {
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

/// Moves the point with the vector instructions that fuse products and sums.
struct Shift<'a> {
    triangle: &'a mut Triangle,
    by: &'a [DoubleDouble],
}

impl WithSimd for Shift<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.triangle.shift_by(self.by);
    }
}

/// Some rows of a [`Triangle`], one after the other.
pub(crate) struct TriangleRows<'a> {
    /// Index of the first row.
    pub first: usize,
    /// Number of rows.
    pub count: usize,
    numbers: &'a mut [DoubleDouble],
}

impl TriangleRows<'_> {
    /// The numbers of a row, by its place among these rows, up to the diagonal.
    pub fn row_mut(&mut self, row: usize) -> &mut [DoubleDouble] {
        let start = row * self.first + row * (row + 1) / 2;
        &mut self.numbers[start..][..=self.first + row]
    }
}
