use linreg_data::{Set, Split};

use crate::{FitError, Table};

/// Which rows are held out to judge a model on. By default, none.
#[derive(Clone, Default)]
pub struct HoldOut {
    /// Fraction of the rows for validation, from 0 to below 1; the seed and the
    /// number of a row decide.
    pub validation: f64,
    /// Fraction of the rows for a last test.
    pub test: f64,
    /// Whether the last rows are held out, not random ones.
    pub time_ordered: bool,
    /// A table of the same columns to judge the model on, in place of
    /// `validation`.
    pub validation_table: Option<Table>,
    /// Number of parts of a cross-validation, 2 or more: the model is fitted once
    /// more without each part.
    pub folds: Option<u64>,
}

impl HoldOut {
    /// Holds out a fraction of the rows, at random, for validation.
    pub fn validation(fraction: f64) -> Self {
        Self {
            validation: fraction,
            ..Self::default()
        }
    }

    /// Holds out each of this many parts of the rows in turn, which is k-fold
    /// cross-validation.
    pub fn folds(folds: u64) -> Self {
        Self {
            folds: Some(folds),
            ..Self::default()
        }
    }

    /// Whether the model is fitted to all rows.
    pub fn is_nothing(&self) -> bool {
        self.validation == 0.0 && self.test == 0.0 && !self.time_ordered
    }

    /// The split of a table of this many rows.
    ///
    /// # Errors
    ///
    /// Fractions that cannot be used, or a time order of no rows.
    pub fn split(&self, num_rows: u64, seed: u64) -> Result<Split, FitError> {
        let (validation, test) = (self.validation, self.test);
        if validation == 0.0 && test == 0.0 {
            return if self.time_ordered {
                Err(FitError::HoldsOutNothing)
            } else {
                Ok(Split::None)
            };
        }
        let split = if self.time_ordered {
            Split::TimeOrdered {
                validation,
                test,
                num_rows,
            }
        } else {
            Split::Random {
                validation,
                test,
                seed,
            }
        };
        split.check()?;
        Ok(split)
    }

    /// The splits of a cross-validation of a table of this many rows, one a fold;
    /// none where none is asked for.
    pub fn fold_splits(&self, num_rows: u64, seed: u64) -> impl Iterator<Item = Split> {
        let folds = self.folds.unwrap_or(0);
        (0..folds).map(move |held_out| Split::Fold {
            folds,
            held_out,
            seed,
            num_rows,
        })
    }

    /// Checks that a table of this many rows has that many folds.
    ///
    /// # Errors
    ///
    /// Fewer than 2 folds, or more than rows.
    pub fn check_folds(&self, num_rows: u64) -> Result<(), FitError> {
        // One is enough, since all have the same number of folds.
        for fold in self.fold_splits(num_rows, 0).take(1) {
            fold.check()?;
        }
        if self.folds == Some(0) {
            return Err(FitError::NoFolds);
        }
        Ok(())
    }

    /// Whether there are rows of this set to judge a model on.
    pub(crate) fn has(&self, split: Split, set: Set) -> bool {
        split.has(set) || (set == Set::Validation && self.validation_table.is_some())
    }
}
