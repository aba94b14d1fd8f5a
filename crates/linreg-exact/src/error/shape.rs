use thiserror::Error;

/// How the lengths of slices, or the sizes of sums, do not fit together.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ShapeError {
    /// The targets are not whole rows.
    #[error("{values} target values do not make rows of {targets} targets")]
    Targets {
        /// Number of values found.
        values: usize,
        /// Number of targets of a row.
        targets: usize,
    },
    /// The features are not those of so many rows.
    #[error("{values} feature values for {rows} rows of {features} features")]
    Features {
        /// Number of values found.
        values: usize,
        /// Number of rows.
        rows: usize,
        /// Number of features of a row.
        features: usize,
    },
    /// There is not one weight for each row.
    #[error("{weights} weights for {rows} rows")]
    Weights {
        /// Number of weights found.
        weights: usize,
        /// Number of rows.
        rows: usize,
    },
    /// There is not one tail for each feature value.
    #[error("{tails} tails for {values} feature values")]
    Tails {
        /// Number of tails found.
        tails: usize,
        /// Number of feature values.
        values: usize,
    },
    /// Rows of another number of features or targets.
    #[error("rows of {} features and {} targets, expected {} and {}", .found[0], .found[1], .expected[0], .expected[1])]
    Rows {
        /// Numbers of features and of targets found.
        found: [usize; 2],
        /// The numbers expected.
        expected: [usize; 2],
    },
    /// Sums of another number of features or targets.
    #[error("sums of {} features and {} targets, expected {} and {}", .found[0], .found[1], .expected[0], .expected[1])]
    Sums {
        /// Numbers of features and of targets found.
        found: [usize; 2],
        /// The numbers expected.
        expected: [usize; 2],
    },
    /// Sums of a refinement of another solution.
    #[error("sums of {found:?} products for each target, expected {expected:?}")]
    Products {
        /// Number of products of each target found.
        found: Vec<usize>,
        /// The numbers expected.
        expected: Vec<usize>,
    },
    /// Sums of the diagnostics of another solution or other settings.
    #[error("the sums of residuals are not those of the same pass")]
    OtherPass,
    /// There is no target of this index.
    #[error("the target at index {target} of a solution for {targets}")]
    Target {
        /// The index.
        target: usize,
        /// Number of targets.
        targets: usize,
    },
    /// There is no feature of this index.
    #[error("the feature at index {feature} of a solution for {features}")]
    Feature {
        /// The index.
        feature: usize,
        /// Number of features.
        features: usize,
    },
    /// A covariance of another number of coefficients.
    #[error("a covariance of {numbers} numbers for {coefficients} coefficients")]
    Covariance {
        /// Number of numbers found.
        numbers: usize,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// A solution of another number of coefficients.
    #[error("a solution of {found} coefficients, expected {expected}")]
    Coefficients {
        /// Number of coefficients found.
        found: usize,
        /// The number expected.
        expected: usize,
    },
    /// A [`Solution`](crate::Solution) with a field that was changed, so that it does
    /// not fit the others.
    #[error("a solution with {found} {part}, expected {expected}")]
    Solution {
        /// The part, in words.
        part: &'static str,
        /// How many there are.
        found: usize,
        /// The number expected.
        expected: usize,
    },
    /// A row in the basis of another solution.
    #[error("a row of {found} coordinates, expected {expected}")]
    Basis {
        /// Number of coordinates found.
        found: usize,
        /// The number expected.
        expected: usize,
    },
    /// A part of [`PredictionParts`](crate::PredictionParts) does not fit the others.
    #[error("{found} {part} for predictions, expected {expected}")]
    Part {
        /// The part, in words.
        part: &'static str,
        /// Number of its numbers found.
        found: usize,
        /// The number expected.
        expected: usize,
    },
}
