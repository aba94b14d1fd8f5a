use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::random::mix;
use crate::{DataError, Dataset};

/// Which rows a model is trained on, and which it is evaluated on.
///
/// The set of a row depends only on its number in the table and on the fields
/// below. So a split needs no memory and no pass over the table, and a row is
/// in the same set on every pass, in any order of reading, on any machine.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Split {
    /// Every row is for training.
    None,
    /// The set of each row is drawn at random, by a hash of its number.
    Random {
        /// Share of the rows for validation, from 0 to below 1.
        validation: f64,
        /// Share of the rows for the test, from 0 to below 1.
        test: f64,
        /// The seed of the draw.
        seed: u64,
    },
    /// The last rows are for the test and those before them for validation, as
    /// is right for rows in order of time.
    TimeOrdered {
        /// Share of the rows for validation, from 0 to below 1.
        validation: f64,
        /// Share of the rows for the test, from 0 to below 1.
        test: f64,
        /// The number of rows of the table.
        num_rows: u64,
    },
    /// One of several folds is for validation. Each row is in exactly one fold,
    /// and the sizes of folds differ by at most one row.
    Fold {
        /// The number of folds, from 2 to the number of rows.
        folds: u64,
        /// The index of the fold that is for validation, from 0.
        held_out: u64,
        /// The seed of the draw.
        seed: u64,
        /// The number of rows of the table.
        num_rows: u64,
    },
}

/// What a row is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Set {
    /// To fit a model to.
    Training,
    /// To evaluate models on while one is chosen.
    Validation,
    /// To evaluate the chosen model on, once.
    Test,
}

impl Split {
    /// Checks the shares or the folds.
    ///
    /// # Errors
    ///
    /// Shares that are negative or leave nothing to train on, fewer than two
    /// folds, more folds than rows, or a `held_out` that is no fold.
    pub fn check(&self) -> Result<(), DataError> {
        let wrong = |name, found: String, expected: &str| {
            Err(DataError::Setting {
                name,
                found,
                expected: expected.to_string(),
            })
        };
        match *self {
            Self::Random {
                validation, test, ..
            }
            | Self::TimeOrdered {
                validation, test, ..
            } => {
                for (name, share) in [("validation fraction", validation), ("test fraction", test)]
                {
                    if !(0.0..1.0).contains(&share) {
                        return wrong(name, share.to_string(), "a number from 0 to below 1");
                    }
                }
                if validation + test >= 1.0 {
                    let sum = (validation + test).to_string();
                    return wrong("sum of the fractions held out", sum, "a number below 1");
                }
                Ok(())
            }
            Self::Fold {
                folds,
                held_out,
                num_rows,
                ..
            } => {
                if folds < 2 {
                    return wrong("number of folds", folds.to_string(), "at least 2");
                }
                if folds > num_rows {
                    let most = format!("at most {num_rows}, the number of rows");
                    return wrong("number of folds", folds.to_string(), &most);
                }
                if held_out >= folds {
                    return wrong("fold held out", held_out.to_string(), "one of the folds");
                }
                Ok(())
            }
            Self::None => Ok(()),
        }
    }

    /// Whether the split can put rows into this set.
    pub fn has(&self, set: Set) -> bool {
        match (*self, set) {
            (_, Set::Training) | (Self::Fold { .. }, Set::Validation) => true,
            (
                Self::Random { validation, .. } | Self::TimeOrdered { validation, .. },
                Set::Validation,
            ) => validation > 0.0,
            (Self::Random { test, .. } | Self::TimeOrdered { test, .. }, Set::Test) => test > 0.0,
            _ => false,
        }
    }

    /// Returns the set of the row with this number, from 0.
    pub fn set(&self, row: u64) -> Set {
        let (position, validation, test) = match *self {
            Self::None => return Set::Training,
            Self::Random {
                validation,
                test,
                seed,
            } => (uniform(row, seed), validation, test),
            Self::TimeOrdered {
                validation,
                test,
                num_rows,
            } => ((row as f64 + 0.5) / num_rows as f64, validation, test),
            Self::Fold {
                folds,
                held_out,
                seed,
                num_rows,
            } => {
                return if fold(row, folds, seed, num_rows) == held_out {
                    Set::Validation
                } else {
                    Set::Training
                };
            }
        };
        if position >= 1.0 - test {
            Set::Test
        } else if position >= 1.0 - test - validation {
            Set::Validation
        } else {
            Set::Training
        }
    }

    /// Says of each row of a chunk whether it is in a set.
    pub fn rows(&self, set: Set, first_row: u64, num_rows: usize) -> Vec<bool> {
        numbers(first_row, num_rows)
            .map(|row| self.set(row) == set)
            .collect()
    }
}

/// A split of the rows of a table without those that are left out for a missing
/// value, a new level or a weight of 0. The other rows are divided as if they
/// were the whole table, so that folds have equal sizes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "(Split, Vec<u64>)", into = "(Split, Vec<u64>)")]
pub struct SplitRows {
    split: Split,
    /// The numbers of the rows left out, in order.
    left_out: Arc<[u64]>,
}

impl SplitRows {
    /// Divides the rows that are not in `left_out`, which holds row numbers,
    /// from 0.
    pub fn new(split: Split, mut left_out: Arc<[u64]>) -> Self {
        if !left_out.is_sorted_by(|row, next| row < next) {
            let distinct: BTreeSet<u64> = left_out.iter().copied().collect();
            left_out = distinct.into_iter().collect();
        }
        Self { split, left_out }
    }

    /// How the rows are divided.
    pub fn split(&self) -> Split {
        self.split
    }

    /// Says of each row of a chunk whether it is in a set; a row left out is in
    /// none.
    pub fn rows(&self, set: Set, first_row: u64, num_rows: usize) -> Vec<bool> {
        if self.left_out.is_empty() {
            return self.split.rows(set, first_row, num_rows);
        }
        let mut before = self.left_out.partition_point(|row| *row < first_row);
        let is_of_set = |row: u64| {
            if self.left_out.get(before) == Some(&row) {
                before += 1;
                false
            } else {
                self.split.set(row - before as u64) == set
            }
        };
        numbers(first_row, num_rows).map(is_of_set).collect()
    }
}

impl From<(Split, Vec<u64>)> for SplitRows {
    fn from((split, left_out): (Split, Vec<u64>)) -> Self {
        Self::new(split, left_out.into())
    }
}

impl From<SplitRows> for (Split, Vec<u64>) {
    fn from(rows: SplitRows) -> Self {
        (rows.split, rows.left_out.to_vec())
    }
}

impl From<Split> for SplitRows {
    /// Divides all rows.
    fn from(split: Split) -> Self {
        Self::new(split, Arc::new([]))
    }
}

impl Dataset {
    /// Returns the rows of a set, in order.
    ///
    /// # Errors
    ///
    /// A split that [`Split::check`] refuses, or a set without rows.
    pub fn rows_of(&self, split: &Split, set: Set) -> Result<Self, DataError> {
        split.check()?;
        let rows = split.rows(set, 0, self.num_rows());
        let rows: Vec<usize> = (0..self.num_rows()).filter(|row| rows[*row]).collect();
        self.select(&rows)
    }
}

/// The numbers of rows that follow each other.
fn numbers(first_row: u64, num_rows: usize) -> impl Iterator<Item = u64> {
    (0..num_rows as u64).map(move |row| first_row.saturating_add(row))
}

/// Returns the fold of a row: the rows are put into a random order, which the
/// folds divide evenly.
fn fold(row: u64, folds: u64, seed: u64, num_rows: u64) -> u64 {
    let place = place(row, num_rows, seed);
    (u128::from(place) * u128::from(folds) / u128::from(num_rows.max(1))) as u64
}

/// Returns the place of a row in a random order of all rows, without computing
/// the places of the others. It is a permutation of all numbers of an even
/// number of bits, as in Luby and Rackoff, *How to Construct Pseudorandom
/// Permutations from Pseudorandom Functions* (1988), applied until the result
/// is the number of a row.
fn place(row: u64, num_rows: u64, seed: u64) -> u64 {
    /// Four rounds make the permutation look random.
    const ROUNDS: u64 = 4;
    let num_bits = u64::BITS - num_rows.saturating_sub(1).leading_zeros();
    let half_bits = num_bits.div_ceil(2).max(1);
    let mask = u64::MAX >> (u64::BITS - half_bits);
    let mut place = row;
    loop {
        let (mut left, mut right) = (place >> half_bits, place & mask);
        for round in 0..ROUNDS {
            let other = left ^ (hash(right, seed ^ mix(round + 1)) & mask);
            (left, right) = (right, other);
        }
        place = left << half_bits | right;
        // The place of a row beyond the table, in a file that grew, does not
        // matter.
        if place < num_rows || row >= num_rows {
            return place.min(num_rows.saturating_sub(1));
        }
    }
}

/// Returns a pseudorandom number from 0 to below 1.
fn uniform(row: u64, seed: u64) -> f64 {
    (hash(row, seed) >> 11) as f64 / (1u64 << 53) as f64
}

fn hash(row: u64, seed: u64) -> u64 {
    // It mixes twice, so that neither close rows nor close seeds give similar
    // numbers.
    mix(mix(seed) ^ row)
}

#[cfg(test)]
mod tests;
