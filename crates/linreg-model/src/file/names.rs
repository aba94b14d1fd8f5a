use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::ModelFile;

/// What is wrong with the names in a model file.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NamesError {
    /// There is not one name for each feature or target.
    #[error("{found} {kind} names for {expected} {kind}s")]
    Count {
        /// What the names are of.
        kind: NameKind,
        /// Number of names found.
        found: usize,
        /// Number of features or targets.
        expected: usize,
    },
    /// A name is empty.
    #[error("a {0} name is empty")]
    Empty(NameKind),
    /// A name occurs twice.
    #[error("the {kind} name `{name}` is there twice")]
    Twice {
        /// What the name is of.
        kind: NameKind,
        /// The name.
        name: String,
    },
    /// A further tensor has the name of one of the model's own.
    #[error("a further tensor is named `{name}`, which is the model's own")]
    OwnTensor {
        /// The name.
        name: String,
    },
}

/// What a name is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameKind {
    /// A feature.
    Feature,
    /// A target.
    Target,
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feature => "feature",
            Self::Target => "target",
        })
    }
}

impl ModelFile {
    /// Checks that there is one distinct, non-empty name for each feature and each
    /// target.
    pub(super) fn check_names(&self) -> Result<(), NamesError> {
        let model = &self.coefficients;
        check(NameKind::Feature, &self.feature_names, model.num_features())?;
        check(NameKind::Target, &self.target_names, model.num_targets())
    }
}

fn check(kind: NameKind, names: &[String], expected: usize) -> Result<(), NamesError> {
    let found = names.len();
    if found != expected {
        return Err(NamesError::Count {
            kind,
            found,
            expected,
        });
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err(NamesError::Empty(kind));
        }
        if !seen.insert(name) {
            let name = name.clone();
            return Err(NamesError::Twice { kind, name });
        }
    }
    Ok(())
}
