use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use super::RowFigure;
use super::largest::Largest;
use crate::products::Triangle;
use crate::{Accumulator, Arithmetic, DoubleDouble, ExactError};

/// What rows tell of a fit, summed up: made by
/// [`DiagnosticsPass::sums`](super::DiagnosticsPass::sums), and merged with that
/// of the rows that follow.
#[derive(Clone, Debug)]
pub struct ResidualSums {
    pub(super) leverages: Largest,
    /// The first row of leverage 1, which no residual tells of.
    pub(super) determining: Option<u64>,
    pub(super) targets: Vec<TargetSums>,
    /// Of the features, and of the squared residuals as targets.
    pub(super) squares: Accumulator,
}

/// Of the residuals of a target, as parts of their standard deviation.
#[derive(Clone, Debug)]
pub(super) struct TargetSums {
    /// Their number, and the sums of them, their squares, and so on.
    pub powers: [DoubleDouble; 5],
    /// Of the squares of the differences of neighbours.
    pub differences: DoubleDouble,
    /// The first and the last residual.
    pub ends: Option<(f64, f64)>,
    /// Of the products of every two of the basis' columns, weighted.
    pub products: Triangle,
    pub cooks_distances: Largest,
}

impl ResidualSums {
    /// Of no rows; products of `size` columns.
    pub(super) fn new(
        num_features: usize,
        num_targets: usize,
        size: usize,
        largest: usize,
    ) -> Self {
        let target = TargetSums {
            powers: [DoubleDouble::ZERO; 5],
            differences: DoubleDouble::ZERO,
            ends: None,
            products: Triangle::zeros(size),
            cooks_distances: Largest::new(largest),
        };
        Self {
            leverages: Largest::new(largest),
            determining: None,
            targets: vec![target; num_targets],
            squares: Accumulator::new(num_features, num_targets, Arithmetic::DoubleDouble),
        }
    }

    /// Takes what the rows that follow have told.
    ///
    /// # Errors
    ///
    /// Rows of another shape.
    pub fn merge(&mut self, next: &Self) -> Result<(), ExactError> {
        self.leverages.merge(&next.leverages);
        self.determining = self.determining.or(next.determining);
        for (target, next) in self.targets.iter_mut().zip(&next.targets) {
            target.merge(next);
        }
        self.squares.merge(&next.squares)
    }

    /// The rows that are listed so far.
    pub fn listed(&self) -> impl Iterator<Item = RowFigure> {
        let of_targets = self.targets.iter();
        let of_targets = of_targets.flat_map(|target| target.cooks_distances.list());
        let determining = self.determining.map(|row| RowFigure { row, value: 1.0 });
        let leverages = self.leverages.list().iter();
        leverages.chain(of_targets).copied().chain(determining)
    }
}

impl TargetSums {
    /// Takes a residual that stands for `count` rows.
    pub fn push(&mut self, residual: f64, count: f64) {
        let mut power = DoubleDouble::from(count);
        for sum in &mut self.powers {
            *sum += power;
            power = power * DoubleDouble::from(residual);
        }
        self.add_difference(residual);
        let first = self.ends.map_or(residual, |(first, _)| first);
        self.ends = Some((first, residual));
    }

    fn add_difference(&mut self, next: f64) {
        if let Some((_, last)) = self.ends {
            let difference = next - last;
            self.differences += DoubleDouble::product_of(difference, difference);
        }
    }

    /// Adds the products of a block of rows, `[rows, columns]`, by factors.
    pub fn add_products(&mut self, block: &[f64], factors: &[f64], weighted: &mut Vec<f64>) {
        let size = self.products.size();
        weighted.clear();
        let rows = block.chunks_exact(size).zip(factors);
        weighted.extend(rows.flat_map(|(row, factor)| row.iter().map(move |v| v * factor)));
        let mut products = vec![0.0; size * size];
        matmul(
            MatMut::from_row_major_slice_mut(&mut products, size, size),
            BlockStructure::TriangularLower,
            Accum::Replace,
            MatRef::from_row_major_slice(weighted, factors.len(), size).transpose(),
            BlockStructure::Rectangular,
            MatRef::from_row_major_slice(block, factors.len(), size),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        for (row, of_row) in products.chunks_exact(size).enumerate() {
            for (sum, product) in self.products.row_mut(row).iter_mut().zip(of_row) {
                *sum += DoubleDouble::from(*product);
            }
        }
    }

    fn merge(&mut self, next: &Self) {
        for (sum, next) in self.powers.iter_mut().zip(&next.powers) {
            *sum += *next;
        }
        self.differences += next.differences;
        if let Some((first, last)) = next.ends {
            self.add_difference(first);
            let own = self.ends.map_or(first, |(first, _)| first);
            self.ends = Some((own, last));
        }
        for row in 0..self.products.size() {
            let of_next = next.products.row(row);
            for (sum, next) in self.products.row_mut(row).iter_mut().zip(of_next) {
                *sum += *next;
            }
        }
        self.cooks_distances.merge(&next.cooks_distances);
    }
}
