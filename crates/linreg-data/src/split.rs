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
                return match fold(row, folds, seed, num_rows) == held_out {
                    true => Set::Validation,
                    false => Set::Training,
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
        let rows = first_row..first_row + num_rows as u64;
        rows.map(|row| self.set(row) == set).collect()
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
    /// from 0 and in order.
    pub fn new(split: Split, left_out: Arc<[u64]>) -> Self {
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
        let is_of_set = |row: u64| match self.left_out.get(before) == Some(&row) {
            true => {
                before += 1;
                false
            }
            false => self.split.set(row - before as u64) == set,
        };
        let rows = first_row..first_row + num_rows as u64;
        rows.map(is_of_set).collect()
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

/// Returns the fold of a row: the rows are put into a random order, which the
/// folds divide evenly.
fn fold(row: u64, folds: u64, seed: u64, num_rows: u64) -> u64 {
    let place = place(row, num_rows, seed);
    (u128::from(place) * u128::from(folds) / u128::from(num_rows)) as u64
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETS: [Set; 3] = [Set::Training, Set::Validation, Set::Test];

    proptest! {
        #[test]
        fn every_split_is_a_partition(
            validation in 0.0..0.49f64, test in 0.0..0.5f64, seed: u64, rows in 1u64..300,
            folds in 2u64..10, cut in 0u64..300,
        ) {
            let rows = rows.max(folds);
            for split in [
                Split::None,
                Split::Random { validation, test, seed },
                Split::TimeOrdered { validation, test, num_rows: rows },
                Split::Fold { folds, held_out: seed % folds, seed, num_rows: rows },
            ] {
                split.check().unwrap();
                let cut = cut.min(rows);
                let mut times = vec![0; rows as usize];
                for set in SETS {
                    let mut all = split.rows(set, 0, cut as usize);
                    all.extend(split.rows(set, cut, (rows - cut) as usize));
                    for (times, is_in) in times.iter_mut().zip(all) {
                        *times += usize::from(is_in);
                    }
                }
                prop_assert!(times.iter().all(|times| *times == 1));
            }
            let held_out = |row| {
                (0..folds).filter(|held_out| {
                    let split = Split::Fold { folds, held_out: *held_out, seed, num_rows: rows };
                    split.set(row) == Set::Validation
                }).count()
            };
            prop_assert!((0..rows).all(|row| held_out(row) == 1));
        }
    }

    #[test]
    fn the_shares_are_those_asked_for() {
        // Five standard deviations of a binomial count.
        let rows = 100_000;
        for seed in 0..5 {
            let split = Split::Random {
                validation: 0.2,
                test: 0.1,
                seed,
            };
            for (set, share) in SETS.into_iter().zip([0.7, 0.2, 0.1]) {
                let count = (0..rows).filter(|row| split.set(*row) == set).count() as f64;
                let expected = share * rows as f64;
                let std = (expected * (1.0 - share)).sqrt();
                assert!((count - expected).abs() < 5.0 * std, "{set:?} {count}");
            }
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let split = |seed| Split::Random {
            validation: 0.5,
            test: 0.0,
            seed,
        };
        let same = (0..1000).filter(|row| split(1).set(*row) == split(2).set(*row));
        assert!((400..600).contains(&same.count()));
    }

    #[test]
    fn a_dataset_is_divided_whole() {
        let targets: Vec<f64> = (0..100).map(f64::from).collect();
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(targets.clone(), targets, names("x"), names("y")).unwrap();
        let split = Split::Random {
            validation: 0.3,
            test: 0.0,
            seed: 1,
        };
        let of = |set| dataset.rows_of(&split, set).unwrap();
        let mut all = [of(Set::Training).targets(), of(Set::Validation).targets()].concat();
        all.sort_by(f64::total_cmp);
        assert_eq!(all, dataset.targets());
        let error = dataset.rows_of(&split, Set::Test).unwrap_err();
        assert_eq!(error.to_string(), "there are no rows");
    }

    #[test]
    fn time_goes_on_from_training_to_the_test() {
        let split = Split::TimeOrdered {
            validation: 0.25,
            test: 0.25,
            num_rows: 8,
        };
        let sets: Vec<Set> = (0..8).map(|row| split.set(row)).collect();
        assert!(sets[..4].iter().all(|set| *set == Set::Training));
        assert_eq!(sets[4..6], [Set::Validation; 2]);
        assert_eq!(sets[6..], [Set::Test; 2]);
    }

    #[test]
    fn refuses_shares_that_leave_nothing_to_train_on() {
        for (validation, test, message) in [
            (
                1.0,
                0.0,
                "the validation fraction is 1, expected a number from 0 to below 1",
            ),
            (
                0.0,
                -0.1,
                "the test fraction is -0.1, expected a number from 0 to below 1",
            ),
            (
                0.5,
                0.5,
                "the sum of the fractions held out is 1, expected a number below 1",
            ),
        ] {
            let split = Split::Random {
                validation,
                test,
                seed: 0,
            };
            assert_eq!(split.check().unwrap_err().to_string(), message);
        }
        for (folds, message) in [
            (1, "the number of folds is 1, expected at least 2"),
            (
                21,
                "the number of folds is 21, expected at most 20, the number of rows",
            ),
            (
                u64::MAX,
                "the number of folds is 18446744073709551615, expected at most 20, the number of rows",
            ),
        ] {
            let fold = Split::Fold {
                folds,
                held_out: 0,
                seed: 0,
                num_rows: 20,
            };
            assert_eq!(fold.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn folds_have_the_same_number_of_rows_but_for_one() {
        for num_rows in (1..70).chain([1000, 4097]) {
            for folds in (2..=num_rows).filter(|folds| *folds < 30 || *folds == num_rows) {
                let mut sizes = vec![0u64; folds as usize];
                for row in 0..num_rows {
                    sizes[fold(row, folds, num_rows + 7, num_rows) as usize] += 1;
                }
                let least = num_rows / folds;
                let is_even = |size: &u64| (least..=least + 1).contains(size);
                assert!(sizes.iter().all(is_even), "{num_rows} {folds} {sizes:?}");
            }
        }
    }

    #[test]
    fn rows_left_out_are_in_no_set_and_the_others_are_divided_evenly() {
        let left_out: Arc<[u64]> = [0, 3, 4, 9].into();
        let times = |set| {
            let mut sizes = Vec::new();
            let mut all = [0; 10];
            for held_out in 0..3 {
                let split = Split::Fold {
                    folds: 3,
                    held_out,
                    seed: 1,
                    num_rows: 6,
                };
                let rows = SplitRows::new(split, left_out.clone());
                // In two chunks.
                let is_in = [rows.rows(set, 0, 4), rows.rows(set, 4, 6)].concat();
                sizes.push(is_in.iter().filter(|is_in| **is_in).count());
                for (times, is_in) in all.iter_mut().zip(is_in) {
                    *times += i32::from(is_in);
                }
            }
            (sizes, all)
        };
        let once = [0, 1, 1, 0, 0, 1, 1, 1, 1, 0];
        assert_eq!(times(Set::Validation), (vec![2; 3], once));
        let twice = once.map(|times| 2 * times);
        assert_eq!(times(Set::Training), (vec![4; 3], twice));
    }

    #[test]
    fn every_row_is_as_likely_in_a_fold_as_every_other() {
        // Each of 20 rows is in the first of 4 folds for a quarter of the seeds,
        // within five standard deviations of a binomial count.
        let seeds = 4000;
        for row in 0..20 {
            let count = (0..seeds)
                .filter(|seed| fold(row, 4, *seed, 20) == 0)
                .count() as f64;
            let (expected, std) = (f64::from(seeds as u32) / 4.0, 27.4);
            assert!((count - expected).abs() < 5.0 * std, "{row} {count}");
        }
    }
}
