use linreg_model::ModelFileError;
use thiserror::Error;

use crate::number::plain;

/// Why a model cannot be used as asked, or what is wrong with its file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// The file cannot be read or written, or is no model file.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// A part of the metadata cannot be read.
    #[error("the {part} is damaged in the model: {}", shortened(.error))]
    Damaged {
        /// The part, in words.
        part: &'static str,
        /// What the JSON reader says. The message has its first 300 characters.
        error: serde_json::Error,
    },
    /// The encoder has other features or targets than the model.
    #[error("the encoder in the file is that of another model")]
    OtherEncoder,
    /// The schema lacks a column that the encoder needs.
    #[error("the schema in the model lacks the column {}, which the encoder has", quoted(.column))]
    LacksColumn {
        /// The name of the column.
        column: String,
    },
    /// The metadata says something else of the row weights than they can be.
    #[error("the weights of the model are {}, expected counts", quoted(.found))]
    Weights {
        /// What it says.
        found: String,
    },
    /// The kind of the standard errors is unknown.
    #[error("the standard errors of the model are not hc0, hc1, hc2 or hc3")]
    StdErrors,
    /// The degrees of freedom are not a number above 0.
    #[error("the degrees of freedom in the model file are not a number above 0")]
    DegreesOfFreedom,
    /// Some of what intervals need is missing.
    #[error("the model file has degrees of freedom, but not all that intervals need with them")]
    IntervalParts,
    /// The covariance has the shape of another model.
    #[error("the covariance in the model file is that of another model")]
    OtherCovariance,
    /// A number of a tensor that intervals need is out of range.
    #[error("the tensor `{tensor}` in the model file has {found}, expected {expected}")]
    Number {
        /// The name of the tensor.
        tensor: &'static str,
        /// The number found.
        found: f64,
        /// The numbers that can be there.
        expected: &'static str,
    },
    /// There are no intervals, because ridge regression biases the weights.
    #[error("the weights of the model are shrunk, so there are no intervals")]
    Shrunken,
    /// There are no intervals, because the file has no covariance.
    #[error(
        "the model file has no covariance of the coefficients: intervals need an exact fit with more rows than coefficients"
    )]
    NoCovariance,
}

/// The message of an error, which may quote a text of any length.
fn shortened(error: &serde_json::Error) -> String {
    const MOST: usize = 300;
    let message = plain(&error.to_string());
    let mut reason: String = message.chars().take(MOST).collect();
    if reason.len() < message.len() {
        reason.push('…');
    }
    reason
}

/// A text of the file as a message quotes it.
fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let shown: String = text.chars().take(MOST).collect();
    format!("`{}`", plain(&shown))
}
