use serde::{Deserialize, Serialize};

use crate::exact;
use crate::number_summary::BLOCK;

/// Each column together with the target.
///
/// The rows of a part may come in any pieces: they are learned from in blocks of
/// 512, so that the pieces make no difference in the last bit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Pairs {
    pub sums: Vec<Pair>,
    /// The numbers of each column after the last whole block.
    #[serde(with = "exact::lists")]
    pending: Vec<Vec<f64>>,
}

impl Pairs {
    pub fn new(num_columns: usize) -> Self {
        Self {
            sums: vec![Pair::default(); num_columns],
            pending: vec![Vec::new(); num_columns],
        }
    }

    /// Adds rows: the numbers of each column, NaN where they are missing.
    pub fn update(&mut self, columns: &[Vec<f64>], target: usize) {
        let num_rows = columns[target].len();
        let mut start = 0;
        while start < num_rows {
            let pending = self.pending[target].len();
            let end = num_rows.min(start + BLOCK - pending);
            let rows = |column: usize| &columns[column][start..end];
            if end - start == BLOCK {
                self.learn(|column| rows(column), target);
            } else {
                for (column, pending) in self.pending.iter_mut().enumerate() {
                    pending.extend_from_slice(rows(column));
                }
                if pending + end - start == BLOCK {
                    self.settle(target);
                }
            }
            start = end;
        }
    }

    /// Learns from the rows after the last whole block.
    pub fn settle(&mut self, target: usize) {
        let pending = std::mem::take(&mut self.pending);
        self.learn(|column| &pending[column], target);
        self.pending = vec![Vec::new(); pending.len()];
    }

    fn learn<'a>(&mut self, column: impl Fn(usize) -> &'a [f64], target: usize) {
        for (index, sums) in self.sums.iter_mut().enumerate() {
            sums.merge(&Pair::of(column(index), column(target)));
        }
    }

    /// Adds later rows. Both have been settled.
    pub fn merge(&mut self, later: &Self) {
        for (sums, later) in self.sums.iter_mut().zip(&later.sums) {
            sums.merge(later);
        }
    }
}

/// Sums of products of the deviations of two columns from their means, over the
/// rows in which neither is missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Pair {
    #[serde(with = "exact::number")]
    count: f64,
    #[serde(with = "exact::number")]
    mean_x: f64,
    #[serde(with = "exact::number")]
    mean_y: f64,
    #[serde(with = "exact::number")]
    xx: f64,
    #[serde(with = "exact::number")]
    yy: f64,
    #[serde(with = "exact::number")]
    xy: f64,
}

impl Pair {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let both = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
        let count = both().count() as f64;
        if count == 0.0 {
            return Self::default();
        }
        let mean_x = both().map(|(x, _)| x / count).sum();
        let mean_y = both().map(|(_, y)| y / count).sum();
        let mut pair = Self {
            count,
            mean_x,
            mean_y,
            ..Self::default()
        };
        for (x, y) in both() {
            let (dx, dy) = (x - mean_x, y - mean_y);
            pair.xx += dx * dx;
            pair.yy += dy * dy;
            pair.xy += dx * dy;
        }
        pair
    }

    /// Merges the sums by the formulas of Chan, Golub and LeVeque, *Updating
    /// Formulae and a Pairwise Algorithm for Computing Sample Variances*, 1979.
    fn merge(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let (dx, dy) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        let factor = self.count * other.count / count;
        self.xx += other.xx + dx * dx * factor;
        self.yy += other.yy + dy * dy * factor;
        self.xy += other.xy + dx * dy * factor;
        self.mean_x += dx * other.count / count;
        self.mean_y += dy * other.count / count;
        self.count = count;
    }

    /// Pearson's correlation; None where one of the columns is constant.
    pub fn correlation(&self) -> Option<f64> {
        let product = self.xx.sqrt() * self.yy.sqrt();
        let r = self.xy / product;
        (product > 0.0 && r.is_finite()).then_some(r.clamp(-1.0, 1.0))
    }
}
