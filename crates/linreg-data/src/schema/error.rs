use std::fmt::Display;

use thiserror::Error;

use super::Why;
use crate::error::{list, quote};

/// Why a column cannot be what the user, or a model, wants it to be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// It is said to be numeric and categorical.
    #[error("the column {} is said to be numeric and categorical; choose one", quote(.0))]
    TwoKinds(String),
    /// It is said what it is, but it is not read.
    #[error("the model does not use the column {}, yet it is said how to take it; name it among the features, or say nothing of it", quote(.0))]
    Unused(String),
    /// It is said what it is, but its stored type is neither levels nor numbers.
    #[error("the column {} is of the type {kind}, which can be taken neither as levels nor as numbers; leave it out", quote(.column))]
    Type {
        /// The name of the column.
        column: String,
        /// Its stored type.
        kind: String,
    },
    /// The reference level is none of its levels.
    #[error("the baseline {} is no level of the column {}; its levels are {}", quote(.baseline), quote(.column), list(.levels))]
    UnknownBaseline {
        /// The name of the column.
        column: String,
        /// The reference level asked for.
        baseline: String,
        /// Its levels.
        levels: Vec<String>,
    },
    /// No row that the model is fitted to has the reference level.
    #[error("the baseline {} of the column {} is the level of no row that the model is fitted to; name another", quote(.baseline), quote(.column))]
    UnfittedBaseline {
        /// The name of the column.
        column: String,
        /// The reference level asked for.
        baseline: String,
    },
    /// Its kind does not fit its role.
    #[error(transparent)]
    Unusable(Box<Unusable>),
    /// Its powers are asked for, and its cells are levels.
    #[error("{factor}: the column {} is {why}; powers are those of numbers", quote(.column))]
    NoPowers {
        /// The factor asked for.
        factor: String,
        /// The name of the column.
        column: String,
        /// Why its cells are levels.
        why: Why,
    },
    /// Its levels are asked for, and have not been counted.
    #[error("{factor}: the levels of the column {} are not known; add it to the categorical columns", quote(.column))]
    NoLevels {
        /// The factor asked for.
        factor: String,
        /// The name of the column.
        column: String,
    },
}

/// A column whose kind does not fit its role.
#[derive(Clone, Debug, Error)]
#[error("{}", self.told(&.why))]
pub struct Unusable {
    /// The name of the column.
    pub column: String,
    /// The role that it should have.
    pub role: Role,
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// Why the column is of its kind.
    pub why: Why,
}

/// What a column is used as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// A feature, one of all columns that can be.
    Feature,
    /// A feature that the user has named.
    NamedFeature,
    /// Something that has to be numbers, such as the target, in words.
    Numbers(&'static str),
}

/// What keeps a column from a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// Its cells are of several kinds.
    Mixed,
    /// It has more levels than the limit.
    TooManyLevels,
    /// Its cells are levels.
    Levels,
    /// Its values identify the rows.
    Identifier,
    /// It is ignored for another reason.
    Ignored,
}

impl Unusable {
    /// Returns the message with the reason, which is
    /// [`why`](Self::why), in these words.
    pub fn told(&self, why: &dyn Display) -> String {
        let name = quote(&self.column);
        match (self.role, self.obstacle) {
            (Role::Numbers(what), Obstacle::Mixed) => {
                format!("{why}: the {what} {name} must be numbers; correct or remove the row")
            }
            (Role::Numbers(what), Obstacle::TooManyLevels | Obstacle::Levels) => {
                format!("the {what} {name} is {why}; it must be numbers")
            }
            (Role::Numbers(what), _) => format!("the {what} {name} is of no use: {why}"),
            (_, Obstacle::Mixed) => {
                format!("{why}: the column {name} is neither numbers nor words")
            }
            (_, Obstacle::TooManyLevels) => format!("the column {name} has {why}"),
            _ => format!("the column {name} cannot be a feature: {why}"),
        }
    }
}
