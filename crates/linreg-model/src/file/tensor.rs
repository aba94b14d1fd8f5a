use std::fmt;

/// A further tensor of a [`ModelFile`](crate::ModelFile).
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f64>,
}

/// The shape that a tensor has to have.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExpectedShape {
    /// Any shape of this number of values.
    Values(usize),
    /// The shape that follows from the names of features and targets.
    Names {
        /// Length of each axis.
        shape: Vec<usize>,
        /// Number of names of features.
        features: usize,
        /// Number of names of targets.
        targets: usize,
    },
}

impl fmt::Display for ExpectedShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => write!(f, "a shape of {values} values"),
            Self::Names {
                shape,
                features,
                targets,
            } => write!(
                f,
                "{shape:?} for {features} feature names and {targets} target names"
            ),
        }
    }
}
