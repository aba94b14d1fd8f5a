use serde::{Deserialize, Serialize};

use crate::exact;

/// Mean and spread of each column, learned from chunks of rows in one pass.
///
/// It is a state that is updated with chunks and merged with other states, so
/// that threads and files can share the work. The merge is that of Chan, Golub
/// and LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing
/// Sample Variances* (1979), equation 2.1, with sums of weights in place of
/// counts as in West, *Updating Mean and Variance Estimates: An Improved
/// Method* (1979).
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
    #[serde(with = "exact::number")]
    weight_sum: f64,
    #[serde(with = "exact::list")]
    mean: Vec<f64>,
    /// Weighted sum of the squared differences from the mean.
    #[serde(with = "exact::list")]
    squares: Vec<f64>,
}

impl Moments {
    /// The state before any row.
    pub fn new(num_columns: usize) -> Self {
        Self {
            count: 0,
            weight_sum: 0.0,
            mean: vec![0.0; num_columns],
            squares: vec![0.0; num_columns],
        }
    }

    /// Learns from rows of weight 1, row-major `[rows, num_columns]`.
    ///
    /// # Panics
    ///
    /// If the numbers are not whole rows.
    pub fn update(&mut self, rows: &[f64]) {
        match self.mean.len() {
            1 => self.learn_column(rows),
            _ => self.learn(rows, |_| 1.0),
        }
    }

    /// Learns from rows, row-major `[rows, num_columns]`, of these weights,
    /// each finite and 0 or more: a row of weight 2 counts as two rows of
    /// weight 1, and a row of weight 0 does not count.
    ///
    /// # Panics
    ///
    /// If the numbers are not one whole row for each weight.
    pub fn update_weighted(&mut self, rows: &[f64], weights: &[f64]) {
        let num_values = weights.len() * self.mean.len();
        assert_eq!(rows.len(), num_values, "not one weight for each row");
        self.learn(rows, |row| weights[row]);
    }

    /// As [`learn`](Self::learn) for a single column without weights, in a
    /// fraction of the time.
    fn learn_column(&mut self, values: &[f64]) {
        let Some(first) = values.first() else {
            return;
        };
        let weight_sum = values.len() as f64;
        let mean = first + sum(values, |value| value - first) / weight_sum;
        let squares = sum(values, |value| (value - mean).powi(2));
        self.merge(&Self {
            count: values.len() as u64,
            weight_sum,
            mean: vec![mean],
            squares: vec![squares],
        });
    }

    fn learn(&mut self, rows: &[f64], weight: impl Fn(usize) -> f64) {
        let num_columns = self.mean.len();
        assert!(rows.len().is_multiple_of(num_columns), "not whole rows");
        let weighted = || {
            let rows = rows.chunks_exact(num_columns).enumerate();
            rows.map(|(row, values)| (values, weight(row)))
                .filter(|(_, weight)| *weight > 0.0)
        };
        let Some((first, _)) = weighted().next() else {
            return;
        };
        // Sums are of differences from the first row, so that a constant column
        // has a spread of exactly 0 and a large offset costs no digits.
        let (mut count, mut weight_sum) = (0, 0.0);
        let mut mean = vec![0.0; num_columns];
        for (row, weight) in weighted() {
            count += 1;
            weight_sum += weight;
            for column in 0..num_columns {
                mean[column] += weight * (row[column] - first[column]);
            }
        }
        for column in 0..num_columns {
            mean[column] = first[column] + mean[column] / weight_sum;
        }
        let mut squares = vec![0.0; num_columns];
        for (row, weight) in weighted() {
            for column in 0..num_columns {
                squares[column] += weight * (row[column] - mean[column]).powi(2);
            }
        }
        self.merge(&Self {
            count,
            weight_sum,
            mean,
            squares,
        });
    }

    /// Adds what another state has learned from other rows.
    ///
    /// # Panics
    ///
    /// If the states have different numbers of columns.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.mean.len(), other.mean.len(), "other columns");
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            // The formula does not work here: the square of a large mean
            // overflows, and infinity times 0 is NaN.
            *self = other.clone();
            return;
        }
        let weight_sum = self.weight_sum + other.weight_sum;
        let share = other.weight_sum / weight_sum;
        for column in 0..self.mean.len() {
            let difference = other.mean[column] - self.mean[column];
            self.mean[column] += difference * share;
            self.squares[column] +=
                other.squares[column] + difference * difference * self.weight_sum * share;
        }
        self.count += other.count;
        self.weight_sum = weight_sum;
    }

    /// The number of rows seen, without those of weight 0.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the weights of the rows seen; their number where they had no
    /// weights.
    pub fn weight_sum(&self) -> f64 {
        self.weight_sum
    }

    /// Mean of each column; 0 before any row.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Standard deviation of each column with the sum of weights as the
    /// divisor; exactly 0 for a constant column and before any row.
    pub fn std(&self) -> Vec<f64> {
        if self.count == 0 {
            return self.squares.clone();
        }
        let variances = self.squares.iter().map(|s| s / self.weight_sum);
        variances.map(f64::sqrt).collect()
    }
}

impl Moments {
    /// Standard deviation of each column as a sample of a larger population,
    /// with the sum of weights less 1 as the divisor, as in R, pandas and
    /// polars; exactly 0 for a constant column, and None where the sum of
    /// weights is 1 or less.
    pub fn sample_std(&self) -> Option<Vec<f64>> {
        let freedom = self.weight_sum - 1.0;
        let variances = self.squares.iter().map(|squares| squares / freedom);
        (freedom > 0.0).then(|| variances.map(f64::sqrt).collect())
    }
}

/// Sums `term` over the values, in several partial sums that the processor can
/// add in parallel.
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let groups = values.chunks_exact(sums.len());
    let rest: f64 = groups.remainder().iter().map(|value| term(*value)).sum();
    for group in groups {
        for (sum, value) in sums.iter_mut().zip(group) {
            *sum += term(*value);
        }
    }
    rest + sums.iter().sum::<f64>()
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

    #[test]
    fn a_sample_divides_by_one_less() {
        // pandas 2.2: pd.Series([1, 2, 4]).std(); R: sd(c(1, 2, 4)).
        let mut moments = Moments::new(1);
        moments.update(&[1.0, 2.0]);
        moments.update(&[4.0]);
        let std = moments.sample_std().unwrap()[0];
        assert!((std - 1.5275252316519468).abs() < 1e-15, "{std}");
        let mut one = Moments::new(1);
        one.update(&[3.0]);
        assert_eq!(one.sample_std(), None);
    }

    #[test]
    fn a_row_of_weight_0_changes_nothing() {
        let mut moments = Moments::new(1);
        moments.update_weighted(&[f64::MAX, 1.0], &[0.0, 0.5]);
        let before = moments.clone();
        moments.update_weighted(&[f64::MAX, -f64::MAX], &[0.0, 0.0]);
        assert_eq!(moments, before);
        assert_eq!((moments.count(), moments.weight_sum()), (1, 0.5));
        assert_eq!((moments.mean(), moments.std()[0]), (&[1.0][..], 0.0));
    }

    proptest! {
        #[test]
        fn a_weight_counts_as_that_many_rows(
            rows in prop::collection::vec((-1e3..1e3f64, 0u32..5), 1..100),
            chunk in 1usize..20,
            unit in 1e-3..1e3f64,
        ) {
            let mut weighted = Moments::new(1);
            let mut repeated = Moments::new(1);
            for rows in rows.chunks(chunk) {
                let values: Vec<f64> = rows.iter().map(|row| row.0).collect();
                let weights: Vec<f64> = rows.iter().map(|row| unit * f64::from(row.1)).collect();
                weighted.update_weighted(&values, &weights);
                for (value, times) in rows {
                    repeated.update(&vec![*value; *times as usize]);
                }
            }
            let ratio = weighted.weight_sum() / unit - repeated.weight_sum();
            prop_assert!(ratio.abs() < 1e-9);
            prop_assert!((weighted.mean()[0] - repeated.mean()[0]).abs() < 1e-9);
            prop_assert!((weighted.std()[0] - repeated.std()[0]).abs() < 1e-9);
        }

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
