use std::io;

use linreg_model::{CoefficientsError, OutputProblem};
use thiserror::Error;

/// Why a checkpoint cannot be written, read or resumed from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Io(io::Error),
    /// No file can be written to the path.
    #[error("{0}")]
    Output(OutputProblem),
    /// The file cannot be written.
    #[error("the checkpoint cannot be written: {0}")]
    NotWritten(OutputProblem),
    /// The state of the training cannot be stored.
    #[error("the checkpoint cannot be written: {0}")]
    NotStored(serde_json::Error),
    /// The state of the optimizer cannot be stored.
    #[error("{0}")]
    Record(serde_json::Error),
    /// Another training has locked the file.
    #[error("another training saves to this file; wait until it ends, or name another file")]
    InUse,
    /// There is no file to read.
    #[error("there is no such checkpoint to go on from")]
    NotFound,
    /// Another version of linreg wrote the file.
    #[error("this checkpoint is of another version of linreg")]
    OtherVersion,
    /// The file is another one.
    #[error("this is no checkpoint of linreg")]
    NoCheckpoint,
    /// The file is longer than a checkpoint can be.
    #[error("the checkpoint is longer than {} MiB", .limit >> 20)]
    TooLarge {
        /// Largest number of bytes.
        limit: u64,
    },
    /// The first line of the file is not whole.
    #[error("the checkpoint is cut short")]
    CutShort,
    /// The checksum is another.
    #[error("the checkpoint is damaged or cut short")]
    Damaged,
    /// The content is not the expected JSON. The message has the first 300 characters
    /// of what the JSON reader says.
    #[error("the checkpoint cannot be understood: {}", shortened(.0))]
    Json(serde_json::Error),
    /// The checkpoint was saved with other settings or other rows.
    #[error("this checkpoint is of another training: found {difference}")]
    OtherTraining {
        /// What was found and expected, in words.
        difference: String,
    },
    /// The state is not one that the training can reach.
    #[error("the checkpoint is damaged: found {found} as the {what}, expected {expected}")]
    State {
        /// The part of the state, in words.
        what: String,
        /// What it is.
        found: String,
        /// What it can be.
        expected: String,
    },
    /// The weight and the bias have the same identifier.
    #[error("the checkpoint is damaged: weight and bias have one name")]
    OneName,
    /// The weights and biases are not those of a model.
    #[error("{0}")]
    Coefficients(CoefficientsError),
}

/// The message of an error, which may quote a text of any length.
fn shortened(error: &serde_json::Error) -> String {
    const MOST: usize = 300;
    error.to_string().chars().take(MOST).collect()
}
