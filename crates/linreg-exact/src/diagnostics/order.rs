use serde::{Deserialize, Serialize};

use crate::DoubleDouble;
use crate::triangle::Triangle;

/// Number of rows up to which all are kept, for an exact distribution.
pub(super) const FEW_ROWS: usize = 200;

/// What the distribution of the Durbin-Watson statistic needs of the rows of the
/// [basis](super::basis::Basis), in their order.
///
/// With the orthonormal columns V of the basis and the matrix D that takes
/// differences of neighbours, A = D'D is the matrix of the statistic. The sums are
/// V'AV = (DV)'(DV), the products of the differences, and |AV|², the squares of the
/// differences of neighbouring differences.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct OrderSums {
    size: usize,
    /// Number of rows; a row with a count stands for that many equal rows, one after
    /// the other.
    #[serde(with = "crate::exact_form")]
    pub rows: f64,
    /// The first row and the last.
    #[serde(with = "crate::exact_form")]
    ends: Option<(Vec<f64>, Vec<f64>)>,
    /// The first difference of neighbours and the last.
    #[serde(with = "crate::exact_form")]
    steps: Option<(Vec<f64>, Vec<f64>)>,
    /// Sums of products of the differences of neighbours, `[size, size]`.
    pub products: Triangle,
    /// Sum of squares of the differences of neighbouring differences.
    bends: DoubleDouble,
    /// All rows, `[rows, size]`, while they are few.
    #[serde(with = "crate::exact_form")]
    pub kept: Option<Vec<f64>>,
}

impl OrderSums {
    /// Returns the sums of no rows.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            rows: 0.0,
            ends: None,
            steps: None,
            products: Triangle::zeros(size),
            bends: DoubleDouble::ZERO,
            kept: Some(Vec::new()),
        }
    }

    /// Adds the rows of a block, `[rows, size]`, each with the number of rows that
    /// it stands for.
    pub fn push(&mut self, block: &[f64], counts: &[f64]) {
        let size = self.size;
        let row = |index: usize| &block[index * size..][..size];
        let mut steps = Vec::with_capacity(block.len());
        for (index, count) in counts.iter().enumerate() {
            self.keep(row(index), *count);
            self.rows += count;
            let step = match index.checked_sub(1) {
                Some(before) => Some(difference(row(index), row(before))),
                None => self.ends.as_ref().map(|(_, last)| difference(row(0), last)),
            };
            if let Some(step) = step {
                steps.extend_from_slice(&step);
                self.add_step(step);
            }
            // The differences between equal rows are zeros, and so are the
            // differences between these zeros: one zero has the same effect as all
            // of them.
            if *count > 1.0 {
                self.add_step(vec![0.0; size]);
            }
        }
        if let Some(last) = counts.len().checked_sub(1) {
            let last = row(last).to_vec();
            match &mut self.ends {
                Some((_, end)) => *end = last,
                None => self.ends = Some((row(0).to_vec(), last)),
            }
        }
        self.products.add_products(&steps, &steps);
    }

    fn keep(&mut self, row: &[f64], count: f64) {
        let fits = self.size < FEW_ROWS && self.rows + count <= FEW_ROWS as f64;
        match &mut self.kept {
            Some(kept) if fits => {
                (0..count as usize).for_each(|_| kept.extend_from_slice(row));
            }
            kept => *kept = None,
        }
    }

    fn add_step(&mut self, step: Vec<f64>) {
        match &mut self.steps {
            Some((_, last)) => {
                self.bends += squares(&difference(&step, last));
                *last = step;
            }
            None => self.steps = Some((step.clone(), step)),
        }
    }

    /// Adds the sums of the rows that follow.
    pub fn merge(&mut self, next: &Self) {
        let Some((first, last)) = &next.ends else {
            return;
        };
        self.kept = match (self.kept.take(), &next.kept) {
            (Some(mut kept), Some(of_next))
                if kept.len() + of_next.len() <= FEW_ROWS * self.size =>
            {
                kept.extend_from_slice(of_next);
                Some(kept)
            }
            _ => None,
        };
        self.rows += next.rows;
        if let Some((_, end)) = &self.ends {
            let step = difference(first, end);
            self.products.add_products(&step, &step);
            self.add_step(step);
        }
        if let Some((first, last)) = &next.steps {
            self.add_step(first.clone());
            if let Some((_, end)) = &mut self.steps {
                end.clone_from(last);
            }
        }
        self.bends += next.bends;
        self.products.add(&next.products);
        match &mut self.ends {
            Some((_, end)) => end.clone_from(last),
            None => self.ends = next.ends.clone(),
        }
    }

    /// Whether all numbers are there that the size asks for.
    pub fn is_consistent(&self) -> bool {
        let pairs = [&self.ends, &self.steps].into_iter().flatten();
        let mut lengths = pairs.flat_map(|(first, last)| [first.len(), last.len()]);
        let of_kept = self.kept.as_ref().map_or(0, Vec::len);
        self.products.size() == self.size
            && lengths.all(|length| length == self.size)
            && of_kept.is_multiple_of(self.size.max(1))
    }

    /// |AV|², the sum of the squares of the rows of D'(DV).
    pub fn squares(&self) -> f64 {
        let Some((first, last)) = &self.steps else {
            return 0.0;
        };
        (self.bends + squares(first) + squares(last)).high()
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn squares(values: &[f64]) -> DoubleDouble {
    let squares = values.iter().map(|value| value * value).sum::<f64>();
    DoubleDouble::from(squares)
}
