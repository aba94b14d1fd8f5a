use serde::{Deserialize, Serialize};

use crate::error::StoredError;
use crate::{RowsError, exact};

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
/// moments.update(&[1.0, 10.0, 3.0, 10.0])?;
/// assert_eq!(moments.mean(), [2.0, 10.0]);
/// assert_eq!(moments.std(), [1.0, 0.0]);
/// # Ok::<(), linreg_data::RowsError>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredMoments")]
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

/// [`Moments`] as they are stored, not yet checked.
#[derive(Deserialize)]
struct StoredMoments {
    count: u64,
    #[serde(with = "exact::number")]
    weight_sum: f64,
    #[serde(with = "exact::list")]
    mean: Vec<f64>,
    #[serde(with = "exact::list")]
    squares: Vec<f64>,
}

impl TryFrom<StoredMoments> for Moments {
    type Error = StoredError;

    fn try_from(stored: StoredMoments) -> Result<Self, StoredError> {
        StoredError::check_counts("number of rows of moments", [stored.count])?;
        let (found, expected) = (stored.squares.len(), stored.mean.len());
        if found != expected {
            let expected = format!("{expected}, one a mean");
            return Err(StoredError::new("number of spreads", found, expected));
        }
        Ok(Self {
            count: stored.count,
            weight_sum: stored.weight_sum,
            mean: stored.mean,
            squares: stored.squares,
        })
    }
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

    /// The moments of the values of one column, each of weight 1.
    pub fn of(values: &[f64]) -> Self {
        let mut moments = Self::new(1);
        moments.learn_column(values);
        moments
    }

    /// Learns from rows of weight 1, row-major `[rows, num_columns]`.
    ///
    /// # Errors
    ///
    /// Numbers that are not whole rows.
    pub fn update(&mut self, rows: &[f64]) -> Result<(), RowsError> {
        let columns = self.mean.len();
        if !rows.len().is_multiple_of(columns) {
            let found = rows.len();
            return Err(RowsError::NotWhole { found, columns });
        }
        match columns {
            1 => self.learn_column(rows),
            _ => self.learn(rows, |_| 1.0),
        }
        Ok(())
    }

    /// Learns from rows, row-major `[rows, num_columns]`, of these weights,
    /// each finite and 0 or more: a row of weight 2 counts as two rows of
    /// weight 1, and a row of weight 0 does not count.
    ///
    /// # Errors
    ///
    /// Numbers that are not one whole row for each weight.
    pub fn update_weighted(&mut self, rows: &[f64], weights: &[f64]) -> Result<(), RowsError> {
        let columns = self.mean.len();
        if !rows.len().is_multiple_of(columns) {
            let found = rows.len();
            return Err(RowsError::NotWhole { found, columns });
        }
        let num_rows = rows.len().checked_div(columns).unwrap_or(0);
        if weights.len() != num_rows {
            let (found, rows) = (weights.len(), num_rows);
            return Err(RowsError::Weights { found, rows });
        }
        self.learn(rows, |row| weights[row]);
        Ok(())
    }

    /// As [`learn`](Self::learn) for a single column without weights, in a
    /// fraction of the time.
    pub(crate) fn learn_column(&mut self, values: &[f64]) {
        let Some(first) = values.first() else {
            return;
        };
        let weight_sum = values.len() as f64;
        let mean = first + sum(values, |value| value - first) / weight_sum;
        let squares = sum(values, |value| (value - mean).powi(2));
        self.add(&Self {
            count: values.len() as u64,
            weight_sum,
            mean: vec![mean],
            squares: vec![squares],
        });
    }

    fn learn(&mut self, rows: &[f64], weight: impl Fn(usize) -> f64) {
        let num_columns = self.mean.len();
        if num_columns == 0 {
            return;
        }
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
        self.add(&Self {
            count,
            weight_sum,
            mean,
            squares,
        });
    }

    /// Adds what another state has learned from other rows.
    ///
    /// # Errors
    ///
    /// A state of another number of columns.
    pub fn merge(&mut self, other: &Self) -> Result<(), RowsError> {
        let (found, expected) = (other.mean.len(), self.mean.len());
        if found != expected {
            return Err(RowsError::Columns { found, expected });
        }
        self.add(other);
        Ok(())
    }

    /// As [`merge`](Self::merge), of a state of the same number of columns.
    pub(crate) fn add(&mut self, other: &Self) {
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
mod tests;
