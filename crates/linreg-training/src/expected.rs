//! What the parts of a checkpoint are checked against.

use std::fmt::Display;

use linreg_data::{MAX_TENSOR_NUMBERS, MAX_TENSOR_ROWS};

use crate::{CheckpointProblem, TrainingConfig};

/// The settings and sizes that a saved training has to match.
pub(crate) struct Expected<'a> {
    pub(crate) config: &'a TrainingConfig,
    pub(crate) num_features: usize,
    pub(crate) num_targets: usize,
    pub(crate) num_rows: usize,
    /// Whether there are validation rows.
    pub(crate) validation: bool,
}

impl Expected<'_> {
    pub(crate) fn num_weights(&self) -> usize {
        self.num_features.saturating_mul(self.num_targets)
    }

    pub(crate) fn num_parameters(&self) -> usize {
        self.num_weights().saturating_add(self.num_targets)
    }

    pub(crate) fn num_batches(&self) -> usize {
        self.num_rows.div_ceil(self.config.batch_size.max(1))
    }

    /// Returns the number of batches of an update.
    pub(crate) fn accumulate(&self) -> usize {
        self.config.accumulate.min(self.num_batches()).max(1)
    }

    /// Returns the number of updates of an epoch.
    pub(crate) fn updates(&self) -> usize {
        if self.config.optimizer.is_full_batch() {
            1
        } else {
            self.num_batches().div_ceil(self.accumulate())
        }
    }

    /// Whether every batch comes as one part.
    pub(crate) fn has_whole_batches(&self) -> bool {
        let width = self.num_features.max(self.num_targets).max(1);
        self.config.batch_size <= MAX_TENSOR_ROWS.min(MAX_TENSOR_NUMBERS / width)
    }
}

/// The result of a check.
pub(crate) type Checked = Result<(), CheckpointProblem>;

pub(crate) fn wrong(what: impl Display, found: impl Display, expected: impl Display) -> Checked {
    Err(CheckpointProblem::State {
        what: what.to_string(),
        found: found.to_string(),
        expected: expected.to_string(),
    })
}

/// Returns an error unless there are exactly `length` numbers, all of them
/// finite.
pub(crate) fn check_numbers(what: impl Display, numbers: &[f64], length: usize) -> Checked {
    if numbers.len() != length {
        let what = format!("number of values of the {what}");
        return wrong(what, numbers.len(), length);
    }
    match numbers.iter().find(|number| !number.is_finite()) {
        None => Ok(()),
        Some(found) => wrong(what, found, "finite numbers"),
    }
}

/// Returns an error unless a number is finite and 0 or more.
pub(crate) fn check_size(what: impl Display, number: f64) -> Checked {
    if number.is_finite() && number >= 0.0 {
        Ok(())
    } else {
        wrong(what, number, "a finite number, 0 or more")
    }
}
