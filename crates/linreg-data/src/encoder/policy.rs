use serde::{Deserialize, Serialize};

/// What is done about missing values.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// A missing value is an error.
    #[default]
    Error,
    /// A row with a missing value is left out.
    Drop,
    /// A missing value of a feature is replaced by the mean of its column; in a
    /// categorical column, the feature of each level takes the share of the
    /// rows with that level. A row whose target or weight is missing is left
    /// out.
    Mean,
    /// As `Mean`, with one more feature that is 1 where the value is missing;
    /// in a categorical column, missing values are a level of their own
    /// instead.
    Indicator,
}

/// What is done about a new level: one that no row has that the model is fitted
/// to.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenPolicy {
    /// A new level is an error.
    #[default]
    Error,
    /// It is treated as the reference level.
    Baseline,
    /// Its row is left out and gets no prediction.
    Drop,
}
