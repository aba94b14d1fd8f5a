use linreg_data::{DataError, RowsError};
use linreg_model::CoefficientsError;
use thiserror::Error;

use crate::{Advice, CheckpointProblem};

/// Why training cannot start or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting that cannot be used.
    #[error("the {name} is {found}, expected {expected}")]
    Setting {
        /// The setting, in words.
        name: &'static str,
        /// The value found.
        found: String,
        /// What can be used.
        expected: &'static str,
    },
    /// The rows cannot be scaled or batched.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The loss has become NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}, batch {batch} (both from 0): {advice}")]
    NotFinite {
        /// The loss found.
        loss: f64,
        /// Epoch, from 0.
        epoch: usize,
        /// Batch of the epoch, from 0.
        batch: usize,
        /// The likely cause and what to do.
        advice: Advice,
    },
    /// The loss is finite, but far above what it was before training.
    #[error("the loss grew from {before:.3e} to {loss:.3e} by the end of epoch {epoch}: {advice}")]
    Diverged {
        /// Mean loss before the first update.
        before: f64,
        /// Mean loss after the epoch.
        loss: f64,
        /// Epoch, from 0.
        epoch: usize,
        /// The likely cause and what to do.
        advice: Advice,
    },
    /// The loss on the rows held out is NaN or infinite.
    #[error("the loss on the rows held out is {loss}; check that they are like those trained on")]
    HeldOut {
        /// The loss found.
        loss: f64,
    },
    /// A tensor of another shape than that of the model or of the predictions.
    #[error("the {what} have the shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor, in words.
        what: &'static str,
        /// Its shape.
        found: [usize; 2],
        /// The shape that fits.
        expected: [usize; 2],
    },
    /// A checkpoint cannot be written, read or resumed from.
    #[error("{path}: {problem}", path = path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: std::path::PathBuf,
        /// What is wrong with it, and what to do.
        problem: CheckpointProblem,
    },
    /// Training was told to stop; see [`RunOptions`](crate::RunOptions).
    #[error("training was interrupted after {steps} steps, in epoch {epoch}")]
    Interrupted {
        /// Number of updates made.
        steps: usize,
        /// Epoch, from 0.
        epoch: usize,
        /// Path of the checkpoint that was saved, to resume from; none if no file
        /// was given for one, or it could not be written.
        saved: Option<std::path::PathBuf>,
        /// Why no checkpoint was saved, although a file was given for one.
        #[source]
        not_saved: Option<Box<TrainingError>>,
    },
    /// A coefficient has left the range of 64-bit floats.
    #[error(transparent)]
    Coefficients(#[from] CoefficientsError),
}

impl TrainingError {
    /// Returns the error for a setting that cannot be used.
    pub(crate) fn setting(
        name: &'static str,
        found: impl std::fmt::Display,
        expected: &'static str,
    ) -> Self {
        Self::Setting {
            name,
            found: found.to_string(),
            expected,
        }
    }
}

impl From<RowsError> for TrainingError {
    fn from(error: RowsError) -> Self {
        Self::Data(error.into())
    }
}
