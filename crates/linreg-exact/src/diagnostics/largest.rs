use serde::{Deserialize, Serialize};

/// A figure of a row, such as its leverage.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RowFigure {
    /// Number of the row, as the caller of
    /// [`DiagnosticsPass::sums`](super::DiagnosticsPass::sums) counts.
    pub row: u64,
    /// The figure.
    #[serde(with = "crate::exact_form")]
    pub value: f64,
}

/// The rows with the largest figures, the largest first; among equal figures, the
/// row with the lowest number first.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Largest {
    most: usize,
    list: Vec<RowFigure>,
}

impl Largest {
    pub fn new(most: usize) -> Self {
        let list = Vec::new();
        Self { most, list }
    }

    pub fn push(&mut self, row: u64, value: f64) {
        let is_full = self.list.len() >= self.most;
        // This is the end for most rows.
        if is_full && self.list.last().is_none_or(|last| last.value > value) {
            return;
        }
        let is_before =
            |other: &RowFigure| (other.value > value) || (other.value == value && other.row < row);
        let place = self.list.partition_point(is_before);
        self.list.insert(place, RowFigure { row, value });
        self.list.truncate(self.most);
    }

    pub fn merge(&mut self, other: &Self) {
        for figure in &other.list {
            self.push(figure.row, figure.value);
        }
    }

    pub fn list(&self) -> &[RowFigure] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_those_of_a_sort_in_any_parts() {
        let values: Vec<f64> = (0..200_u32).map(|k| f64::from(k * k % 37)).collect();
        let mut sorted: Vec<(u64, f64)> = (0..).zip(values.iter().copied()).collect();
        sorted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        for most in [0, 1, 5, 300] {
            let (mut first, mut second) = (Largest::new(most), Largest::new(most));
            for (row, value) in (0..).zip(&values) {
                let part = if row < 77 { &mut first } else { &mut second };
                part.push(row, *value);
            }
            second.merge(&first);
            let found: Vec<(u64, f64)> = second.list().iter().map(|f| (f.row, f.value)).collect();
            assert_eq!(found, sorted[..most.min(200)]);
        }
    }
}
