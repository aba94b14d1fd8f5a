use serde::{Deserialize, Serialize};

use crate::{RowSample, SampleLimit, exact};

/// The seed of the sample. SplitMix64 turns it into 0, so that the rows of the
/// smallest hashes of their own numbers are kept.
const SEED: u64 = 0x61C8_8646_80B5_83EB;

/// A sample of the rows of a table while they are read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SampledRows {
    /// The number of rows seen.
    num_rows: u64,
    kept: RowSample<Numbers>,
}

/// The numbers of a row, NaN where they are missing.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Numbers(#[serde(with = "exact::list")] Vec<f64>);

impl SampledRows {
    /// Returns a sample of no rows, which will be of `capacity` rows at most.
    pub fn new(capacity: usize) -> Self {
        Self {
            num_rows: 0,
            kept: RowSample::new(capacity, SEED),
        }
    }

    /// The same, for a part of the table.
    pub fn within(mut self, limit: &SampleLimit) -> Self {
        self.kept = self.kept.within(limit);
        self
    }

    /// Tells the other parts of the table what need not be kept.
    pub fn tell(&self, limit: &SampleLimit) {
        limit.learn(&self.kept);
    }

    /// Adds rows that follow each other: the numbers of each column.
    pub fn update(&mut self, columns: &[Vec<f64>], first_row: u64, num_rows: usize) {
        self.num_rows += num_rows as u64;
        for row in 0..num_rows {
            let numbers = || Numbers(columns.iter().map(|column| column[row]).collect());
            self.kept.add(first_row + row as u64, numbers);
        }
    }

    /// Adds the sample of other rows.
    pub fn merge(&mut self, other: Self) {
        self.num_rows = self.num_rows.saturating_add(other.num_rows);
        self.kept.merge(other.kept);
    }

    /// Returns the sample, column by column.
    pub fn finish(self, num_columns: usize) -> Sample {
        let rows = self.kept.into_rows();
        let column = |column: usize| {
            let numbers = rows.iter().filter_map(|(_, row)| row.0.get(column));
            numbers.copied().collect()
        };
        Sample {
            num_table_rows: self.num_rows,
            num_rows: rows.len(),
            columns: (0..num_columns).map(column).collect(),
        }
    }
}

/// A random sample of the rows of a table in which every row is equally likely.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sample {
    /// The number of rows of the table.
    num_table_rows: u64,
    /// The number of rows of the sample.
    num_rows: usize,
    /// The numbers of each column, NaN where they are missing.
    #[serde(with = "exact::lists")]
    columns: Vec<Vec<f64>>,
}

impl Sample {
    /// The number of rows in the sample.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Whether the sample is the whole table, so that quantiles are exact.
    pub fn is_whole(&self) -> bool {
        self.num_rows as u64 == self.num_table_rows
    }

    /// The error of the rank of a quantile as a share of the rows, which is not
    /// exceeded in 19 of 20 cases: 1.96 standard deviations of a binomial share
    /// of one half.
    pub fn rank_error(&self) -> f64 {
        if self.is_whole() {
            0.0
        } else {
            1.96 * (0.25 / self.num_rows as f64).sqrt()
        }
    }

    /// Returns the quantiles of a column at shares from 0 to 1, without missing
    /// values, by linear interpolation as R's type 7 (Hyndman and Fan, *Sample
    /// Quantiles in Statistical Packages*, 1996); None if there are no numbers or
    /// no such column. A share below 0 counts as 0, and one above 1 as 1.
    pub fn quantiles(&self, column: usize, shares: &[f64]) -> Option<Vec<f64>> {
        let values = self.columns.get(column)?.iter();
        let mut values: Vec<f64> = values.copied().filter(|value| !value.is_nan()).collect();
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |share: &f64| {
            let position = share.clamp(0.0, 1.0) * (values.len() - 1) as f64;
            let below = position.floor() as usize;
            let above = (below + 1).min(values.len() - 1);
            let part = position - below as f64;
            // The difference of the two values is not used, since it may
            // overflow.
            values[below] * (1.0 - part) + values[above] * part
        };
        Some(shares.iter().map(quantile).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::mix;
    use proptest::prelude::*;

    /// Samples one column, in pieces of which every second one is of a part of
    /// its own.
    fn sample(values: &[f64], piece: usize, capacity: usize) -> Sample {
        let mut all = SampledRows::new(capacity);
        for (index, values) in values.chunks(piece).enumerate() {
            let first_row = (index * piece) as u64;
            let columns = [values.to_vec()];
            if index % 2 == 0 {
                all.update(&columns, first_row, values.len());
            } else {
                let mut part = SampledRows::new(capacity);
                part.update(&columns, first_row, values.len());
                all.merge(part);
            }
        }
        all.finish(1)
    }

    #[test]
    fn quantiles_of_no_column_and_of_no_share_are_told() {
        let whole = sample(&[3.0, 1.0, 2.0], 2, 5);
        assert_eq!(whole.quantiles(1, &[0.5]), None);
        assert_eq!(whole.quantiles(0, &[-1.0, 2.0]), Some(vec![1.0, 3.0]));
        assert!(whole.quantiles(0, &[f64::NAN]).unwrap()[0].is_nan());
    }

    proptest! {
        #[test]
        fn it_is_the_rows_of_the_smallest_hashes_in_whatever_pieces_they_come(
            values in prop::collection::vec(-1e3..1e3f64, 1..200),
            piece in 1..50usize,
            capacity in 1..60usize,
        ) {
            let found = sample(&values, piece, capacity);
            let mut rows: Vec<usize> = (0..values.len()).collect();
            rows.sort_by_key(|row| mix(*row as u64));
            rows.truncate(capacity);
            rows.sort_unstable();
            let expected: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
            prop_assert_eq!(found.is_whole(), values.len() <= capacity);
            prop_assert_eq!(found.num_rows(), expected.len());
            prop_assert_eq!(&found.columns, &[expected]);
        }
    }
}
