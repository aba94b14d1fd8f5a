use serde::{Deserialize, Serialize};

/// Mean and spread of each column, learned from chunks of rows in one pass.
///
/// A state that is updated with a chunk and merged with another state, so that
/// threads and files can share the work. The merge is that of Chan, Golub and
/// LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances* (1979), equation 2.1.
///
/// # Example
///
/// ```
/// use linreg_data::Moments;
///
/// let mut moments = Moments::new(2);
/// moments.update(&[1.0, 10.0, 3.0, 10.0]);
/// assert_eq!(moments.mean(), [2.0, 10.0]);
/// assert_eq!(moments.std(), [1.0, 0.0]);
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    /// Sum of the squared differences from the mean.
    squares: Vec<f64>,
}

impl Moments {
    /// The state before any row.
    pub fn new(num_columns: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; num_columns],
            squares: vec![0.0; num_columns],
        }
    }

    /// Learns from rows, row-major `[rows, num_columns]`.
    ///
    /// # Panics
    ///
    /// If these are not whole rows.
    pub fn update(&mut self, rows: &[f64]) {
        let num_columns = self.mean.len();
        assert!(rows.len().is_multiple_of(num_columns), "not whole rows");
        let count = (rows.len() / num_columns) as u64;
        let Some(first) = rows.get(..num_columns) else {
            return;
        };
        // Differences from the first row, so that a constant column has a
        // spread of exactly zero and a large offset costs no digits.
        let mut mean = vec![0.0; num_columns];
        for row in rows.chunks_exact(num_columns) {
            for column in 0..num_columns {
                mean[column] += row[column] - first[column];
            }
        }
        for column in 0..num_columns {
            mean[column] = first[column] + mean[column] / count as f64;
        }
        let mut squares = vec![0.0; num_columns];
        for row in rows.chunks_exact(num_columns) {
            for column in 0..num_columns {
                squares[column] += (row[column] - mean[column]).powi(2);
            }
        }
        self.merge(&Self {
            count,
            mean,
            squares,
        });
    }

    /// Learns what another state has learned from other rows.
    ///
    /// # Panics
    ///
    /// If the states are of different numbers of columns.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.mean.len(), other.mean.len(), "other columns");
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            // Not by the formula: the square of a large mean times 0 is NaN.
            *self = other.clone();
            return;
        }
        let count = self.count + other.count;
        let share = other.count as f64 / count as f64;
        for column in 0..self.mean.len() {
            let difference = other.mean[column] - self.mean[column];
            self.mean[column] += difference * share;
            self.squares[column] +=
                other.squares[column] + difference * difference * self.count as f64 * share;
        }
        self.count = count;
    }

    /// Number of rows seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean of each column; 0 before any row.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Standard deviation of each column, dividing by the number of rows;
    /// exactly 0 for a constant column.
    pub fn std(&self) -> Vec<f64> {
        let count = self.count.max(1) as f64;
        self.squares.iter().map(|s| (s / count).sqrt()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn two_pass(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (mean, (squares / n).sqrt())
    }

    #[test]
    fn a_constant_column_has_no_spread_at_all() {
        let mut moments = Moments::new(1);
        for _ in 0..10 {
            moments.update(&[0.1; 333]);
        }
        assert_eq!((moments.mean(), moments.std()[0]), (&[0.1][..], 0.0));
    }

    #[test]
    fn a_constant_whose_square_overflows_has_no_spread() {
        let mut moments = Moments::new(1);
        moments.update(&[1e200; 3]);
        moments.update(&[1e200; 2]);
        assert_eq!((moments.mean(), moments.std()[0]), (&[1e200][..], 0.0));
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        // 1e9 + {1, 2, 3, 4}: every step is exact in f64.
        let mut moments = Moments::new(1);
        moments.update(&[1e9 + 1.0, 1e9 + 2.0]);
        moments.update(&[1e9 + 3.0, 1e9 + 4.0]);
        assert_eq!(moments.mean(), [1e9 + 2.5]);
        assert_eq!(moments.std(), [1.25f64.sqrt()]);
    }

    proptest! {
        #[test]
        fn any_division_into_chunks_gives_the_moments_of_the_whole(
            values in prop::collection::vec(-1e3..1e3f64, 1..200),
            cut in 0usize..200,
        ) {
            let cut = cut.min(values.len());
            let mut first = Moments::new(1);
            first.update(&values[..cut]);
            let mut second = Moments::new(1);
            for chunk in values[cut..].chunks(7) {
                second.update(chunk);
            }
            first.merge(&second);
            let (mean, std) = two_pass(&values);
            prop_assert_eq!(first.count(), values.len() as u64);
            prop_assert!((first.mean()[0] - mean).abs() < 1e-10);
            prop_assert!((first.std()[0] - std).abs() < 1e-10);
        }
    }
}
