use std::fmt::Display;

use thiserror::Error;

use crate::Why;
use crate::error::{list, quote};

/// Why columns cannot become the features, targets and weights of a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// There is nothing to predict.
    #[error("there is no target")]
    NoTarget,
    /// The weight of the rows is also a target.
    #[error("the column {} is a target; it cannot be the weight", quote(.0))]
    WeightIsTarget(String),
    /// A target is also among the features.
    #[error("the target {} is among the features; a column cannot be both", quote(.0))]
    TargetIsFeature(String),
    /// A feature occurs twice.
    #[error("the feature {} is there twice; leave one of them out", quote(.0))]
    FeatureTwice(String),
    /// Nothing is left to predict from.
    #[error(transparent)]
    NoFeatures(NoFeatures),
    /// The policy for missing values would change the features.
    #[error(
        "the model has features that tell which cells are missing, so that what is done about them cannot be changed"
    )]
    MarksMissing,
    /// The mean that missing values would take is not known.
    #[error("the model does not know the mean of the column {}, so that missing cells cannot take it", quote(.0))]
    NoMean(String),
}

/// No column is left that can be a feature.
#[derive(Clone, Debug, Error)]
#[error("{}", self.told(|_, why| why.to_string()))]
pub struct NoFeatures {
    /// The names of the targets.
    pub targets: Vec<String>,
    /// The first columns that cannot be features, and why.
    pub ignored: Vec<(String, Why)>,
}

impl NoFeatures {
    /// Returns the message with the reason for each column in the words that
    /// `why` gives for its name and reason.
    pub fn told<T: Display>(&self, why: impl Fn(&str, &Why) -> T) -> String {
        let ignored = self.ignored.iter();
        let ignored =
            ignored.map(|(name, reason)| format!("; {}: {}", quote(name), why(name, reason)));
        format!(
            "there are no features to predict {} from{}",
            list(&self.targets),
            ignored.collect::<String>()
        )
    }
}
