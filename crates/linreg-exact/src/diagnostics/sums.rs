use serde::{Deserialize, Serialize};

use super::RowFigure;
use super::largest::Largest;
use super::order::OrderSums;
use crate::triangle::Triangle;
use crate::{Accumulator, Arithmetic, DoubleDouble, ExactError, ShapeError};

/// The sums of the diagnostics over rows, made by
/// [`DiagnosticsPass::sums`](super::DiagnosticsPass::sums) and merged with those of
/// the rows that follow. Serde carries them between machines, with every bit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ResidualSums {
    pub(super) leverages: Largest,
    /// The first row of leverage 1, whose residual is 0 whatever its target.
    pub(super) determining: Option<u64>,
    pub(super) targets: Vec<TargetSums>,
    /// Sums over the rows of the basis, in their order.
    pub(super) order: OrderSums,
    /// Whether a row stands for more than one.
    pub(super) is_counted: bool,
    /// Sums of products of the features, with the squared residuals as targets.
    pub(super) squares: Accumulator,
}

/// Sums over the residuals of a target, divided by their standard deviation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct TargetSums {
    /// The number of residuals, and the sums of their powers 1 to 4.
    pub powers: [DoubleDouble; 5],
    /// Sum of squares of the differences of neighbours.
    pub differences: DoubleDouble,
    /// The first and the last residual.
    #[serde(with = "crate::exact_form")]
    pub ends: Option<(f64, f64)>,
    /// Sums of products of every two columns of the basis, weighted as the robust
    /// covariance needs them.
    pub products: Triangle,
    pub cooks_distances: Largest,
}

impl ResidualSums {
    /// Returns the sums of no rows with `rank` kept columns; products are summed up
    /// if `is_robust`.
    pub(super) fn new(
        num_features: usize,
        num_targets: usize,
        rank: usize,
        is_robust: bool,
        largest: usize,
    ) -> Self {
        let target = TargetSums {
            powers: [DoubleDouble::ZERO; 5],
            differences: DoubleDouble::ZERO,
            ends: None,
            products: Triangle::zeros(if is_robust { rank } else { 0 }),
            cooks_distances: Largest::new(largest),
        };
        Self {
            leverages: Largest::new(largest),
            determining: None,
            targets: vec![target; num_targets],
            order: OrderSums::new(rank),
            is_counted: false,
            squares: Accumulator::new(num_features, num_targets, Arithmetic::DoubleDouble),
        }
    }

    /// Adds the sums of the rows that follow.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for the sums of another pass, or
    /// [`ExactError::Overflow`]. Nothing is added then.
    pub fn merge(&mut self, next: &Self) -> Result<(), ExactError> {
        self.check_same(next)?;
        // The only step that can fail comes first.
        self.squares.merge(&next.squares)?;
        self.leverages.merge(&next.leverages);
        self.determining = self.determining.or(next.determining);
        for (target, next) in self.targets.iter_mut().zip(&next.targets) {
            target.merge(next);
        }
        self.order.merge(&next.order);
        self.is_counted |= next.is_counted;
        Ok(())
    }

    /// Checks that other sums are those of the same pass over other rows.
    pub(super) fn check_same(&self, other: &Self) -> Result<(), ExactError> {
        match (self.sizes(), other.sizes()) {
            (Some(own), Some(others)) if own == others => Ok(()),
            _ => Err(ShapeError::OtherPass.into()),
        }
    }

    /// The sizes that the sums of a pass share: of features, of targets, of the basis
    /// and of the products of each target. `None` if the sums contradict them.
    fn sizes(&self) -> Option<[usize; 4]> {
        let num_targets = self.targets.len();
        let of_products = self.targets.first()?.products.size();
        let mut targets = self.targets.iter();
        let is_consistent = self.squares.num_targets() == num_targets
            && targets.all(|target| target.products.size() == of_products)
            && self.order.is_consistent();
        let size = self.order.products.size();
        let sizes = [self.squares.num_features(), num_targets, size, of_products];
        is_consistent.then_some(sizes)
    }

    /// The rows listed so far.
    pub fn listed(&self) -> impl Iterator<Item = RowFigure> {
        let of_targets = self.targets.iter();
        let of_targets = of_targets.flat_map(|target| target.cooks_distances.list());
        let determining = self.determining.map(|row| RowFigure { row, value: 1.0 });
        let leverages = self.leverages.list().iter();
        leverages.chain(of_targets).copied().chain(determining)
    }
}

impl TargetSums {
    /// Adds a residual that stands for `count` rows.
    #[inline(always)]
    pub fn push(&mut self, residual: f64, count: f64) {
        add_powers(&mut self.powers, residual, count);
        self.add_difference(residual);
        let first = self.ends.map_or(residual, |(first, _)| first);
        self.ends = Some((first, residual));
    }

    #[inline(always)]
    fn add_difference(&mut self, next: f64) {
        if let Some((_, last)) = self.ends {
            let difference = next - last;
            self.differences += DoubleDouble::product_of(difference, difference);
        }
    }

    /// Adds the products of a block of rows, `[rows, columns]`, times a factor for
    /// each row.
    pub fn add_products(&mut self, block: &[f64], factors: &[f64], weighted: &mut Vec<f64>) {
        let size = self.products.size();
        weighted.clear();
        let rows = block.chunks_exact(size.max(1)).zip(factors);
        weighted.extend(rows.flat_map(|(row, factor)| row.iter().map(move |v| v * factor)));
        self.products.add_products(weighted, block);
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
        self.products.add(&next.products);
        self.cooks_distances.merge(&next.cooks_distances);
    }
}

/// Adds a residual that stands for `count` rows to the sums of its powers.
#[inline(always)]
pub(super) fn add_powers(powers: &mut [DoubleDouble; 5], residual: f64, count: f64) {
    let mut power = DoubleDouble::from(count);
    for sum in powers {
        *sum += power;
        power = power * DoubleDouble::from(residual);
    }
}
