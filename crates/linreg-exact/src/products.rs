mod double;
mod double_double;
mod narrow;
mod wide;

use crate::DoubleDouble;
use crate::triangle::Triangle;

pub(crate) use double::{BLOCK, add_in_double, is_wide};
pub(crate) use double_double::{DOUBLE_DOUBLE_BLOCK, add_in_double_double};

/// Weighted sums of the products of every two columns, the first of which is all
/// ones.
#[derive(Clone, Debug, Default, PartialEq)]
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

    /// Sums of this size; `None` if the memory cannot hold them.
    pub fn of_size(size: usize) -> Option<Self> {
        Some(Self {
            products: Triangle::of_size(size)?,
            squares: vec![0.0; size],
            offsets: vec![0.0; size],
            additions: 0,
        })
    }

    /// Sets all sums to zero.
    pub fn clear(&mut self) {
        self.products.numbers_mut().fill(DoubleDouble::ZERO);
        self.squares.fill(0.0);
        self.offsets.fill(0.0);
        self.additions = 0;
    }

    pub fn add(&mut self, other: &Self) {
        self.products.add(&other.products);
        let to = self.squares.iter_mut().chain(&mut self.offsets);
        for (sum, other) in to.zip(other.squares.iter().chain(&other.offsets)) {
            *sum += other;
        }
        self.additions = self
            .additions
            .saturating_add(other.additions)
            .saturating_add(1);
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

#[cfg(test)]
mod tests;
