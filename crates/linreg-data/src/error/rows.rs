use std::fmt;

use thiserror::Error;

use super::quote;

/// Why numbers in memory are no rows of features, targets and weights.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RowsError {
    /// There are no features, or no targets.
    #[error("there are no {0}")]
    None(Axis),
    /// The targets are not whole rows.
    #[error("{found} target values are not whole rows of {targets} targets")]
    Targets {
        /// The number of target values.
        found: usize,
        /// The number of targets.
        targets: usize,
    },
    /// There are more or fewer features than rows of them.
    #[error("{found} feature values for {rows} rows of {features} features")]
    Features {
        /// The number of feature values.
        found: usize,
        /// The number of rows.
        rows: usize,
        /// The number of features.
        features: usize,
    },
    /// There are more or fewer weights than rows.
    #[error("{found} weights for {rows} rows; give one for each")]
    Weights {
        /// The number of weights.
        found: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Numbers of several columns are not whole rows.
    #[error("{found} values are not whole rows of {columns} columns")]
    NotWhole {
        /// The number of values.
        found: usize,
        /// The number of columns.
        columns: usize,
    },
    /// There are more or fewer columns than before.
    #[error("found {found} columns, expected {expected}")]
    Columns {
        /// The number found.
        found: usize,
        /// The number expected.
        expected: usize,
    },
    /// There are more or fewer predictions than targets.
    #[error("{found} predictions for {targets} targets; give one for each")]
    Predictions {
        /// The number of predictions.
        found: usize,
        /// The number of targets.
        targets: usize,
    },
    /// It is said of more or fewer rows than there are whether they are wanted.
    #[error("{found} marks of wanted rows for {rows} rows; give one for each")]
    Wanted {
        /// The number of marks.
        found: usize,
        /// The number of rows.
        rows: usize,
    },
    /// There is no row of this index.
    #[error("there is no row of index {index}; there are {rows} rows, counted from 0")]
    NoRow {
        /// The index asked for, from 0.
        index: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Some chunks have weights and others none.
    #[error("some chunks have weights and others none; give all or none of them")]
    SomeWeighted,
    /// A feature or a target is NaN or infinite.
    #[error("row {row}, column {}: found {found}, expected a finite number", quote(.column))]
    NotFinite {
        /// The number of the row, from 1.
        row: usize,
        /// The name of the column.
        column: String,
        /// The number found.
        found: f64,
    },
    /// A weight is negative, NaN or infinite.
    #[error("row {row}: the weight is {found}, expected a finite number, 0 or more")]
    Weight {
        /// The number of the row, from 1.
        row: usize,
        /// The weight found.
        found: f64,
    },
    /// No row counts.
    #[error("every weight is 0; at least one row must count")]
    NoWeight,
    /// The mean weight is too small or too large for 64-bit floats.
    #[error("the mean weight is {0:e}, beyond 64-bit floats; multiply all by one number")]
    MeanWeight(f64),
    /// There are more or fewer names than columns.
    #[error("{found} names for {columns} {axis}; give one for each")]
    Names {
        /// Of which columns.
        axis: Axis,
        /// The number of names.
        found: usize,
        /// The number of columns.
        columns: usize,
    },
    /// Two columns have the same name.
    #[error("the column name {} is there twice", quote(.0))]
    NameTwice(String),
    /// There are more or fewer columns than those of which the scale was learned.
    #[error("found {found} {axis}, expected {expected} as when the scale was learned")]
    Scaled {
        /// Of which columns.
        axis: Axis,
        /// The number found.
        found: usize,
        /// The number of which the scale was learned.
        expected: usize,
    },
    /// A number is too large for the float type of a backend.
    #[error("column {}: {found:e} is too large for the backend's floats; standardise the column or divide it by a power of ten", quote(.column))]
    TooLarge {
        /// The name of the column.
        column: String,
        /// The number.
        found: f64,
    },
}

/// The two kinds of columns of rows in memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Axis {
    /// The columns to predict from.
    Features,
    /// The columns to predict.
    Targets,
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Features => "features",
            Self::Targets => "targets",
        })
    }
}
