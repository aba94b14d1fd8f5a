use std::fmt;

/// Which rows there are none of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NoRows {
    /// Rows of any kind.
    AtAll,
    /// Rows of a file.
    InFile,
    /// Rows to fit a model to.
    Fitted,
    /// Rows of the training set.
    Training,
    /// Rows of the validation set.
    Validation,
    /// Rows of the test set.
    Test,
}

impl fmt::Display for NoRows {
    /// Writes the end of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtAll => "",
            Self::InFile => " after the header",
            Self::Fitted => " left to fit a model to",
            Self::Training => " left to train on",
            Self::Validation => " left for validation",
            Self::Test => " left for the test",
        })
    }
}
