use std::fmt;

use thiserror::Error;

use super::shown::{in_backticks, shortened};
use super::{HIGHEST_DEGREE, Term};
use crate::nearest::nearest;

/// What is wrong in a formula.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FormulaProblem {
    /// Nothing divides targets and features.
    #[error(
        "there is no `~`; write the target, `~` and the features, as in `price ~ area + C(town)`"
    )]
    NoTilde,
    /// No term is left on the right side.
    #[error("a model needs at least one feature; add a column, or `.` for all but the target")]
    NoFeatures,
    /// The intercept is part of a product: R drops the terms that a 1 multiplies
    /// and patsy keeps them.
    #[error("`1` and `0` stand for the intercept; add or remove them, but not in a product")]
    InterceptInProduct,
    /// A term is to be removed that is not there.
    #[error("there is no term {} before this to remove; leave it out", shortened(&.0.to_string()))]
    NothingToRemove(Term),
    /// Parentheses nest too deep.
    #[error("parentheses nest more than {limit} deep; use fewer")]
    TooDeep {
        /// The largest depth.
        limit: usize,
    },
    /// The formula is too large, written out.
    #[error(
        "written out, the formula names columns more than {limit} times; use fewer columns or fewer products"
    )]
    TooLarge {
        /// The largest number of factors in all terms.
        limit: usize,
    },
    /// A quote or backtick, this one, has no second one.
    #[error("this {0} is not closed; add {0} after the name")]
    NotClosed(char),
    /// There is no function of this name.
    #[error(
        "there is no function {}; the functions are `C`, `poly` and `Q`, and any other column can be computed in the file first",
        in_backticks(.0)
    )]
    UnknownFunction(String),
    /// This column is on both sides.
    #[error("{} is a target and cannot be a feature as well; leave it out on one side", in_backticks(.0))]
    TargetIsFeature(String),
    /// A name is not among the columns.
    #[error("there is no column {}; {}", in_backticks(.name), match .unquoted {
        Some(column) => goes_in_backticks(column),
        None => instead(.name, .columns),
    })]
    UnknownColumn {
        /// The name.
        name: String,
        /// The column whose name begins here, if it needs backticks.
        unquoted: Option<String>,
        /// The names of all columns.
        columns: Box<[String]>,
    },
    /// A column that needs backticks has none.
    #[error("found {}; {}", word(.found), goes_in_backticks(.column))]
    Unquoted {
        /// The word found; None at the end of the formula.
        found: Option<String>,
        /// The name of the column.
        column: String,
    },
    /// A word is not what can follow.
    #[error("found {}, expected {expected}{}", word(.found), advice(.found, *.is_right_side))]
    Unexpected {
        /// The word found; None at the end of the formula.
        found: Option<String>,
        /// What can follow.
        expected: Expected,
        /// Whether the word is on the right side of the `~`.
        is_right_side: bool,
    },
}

/// What can follow in a formula.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Expected {
    /// The name of a column.
    Column,
    /// The name of a column in quotes.
    QuotedColumn,
    /// Another target, or the right side.
    TargetOrTilde,
    /// An operator, or the end.
    OperatorOrEnd,
    /// A term.
    Term,
    /// The degree of `poly`.
    Degree,
    /// This sign.
    Sign(char),
    /// This word of `raw = TRUE`.
    Raw(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column => f.write_str("a column name"),
            Self::QuotedColumn => f.write_str("a column name in quotes"),
            Self::TargetOrTilde => f.write_str("`+` and another target, or `~`"),
            Self::OperatorOrEnd => f.write_str("`+`, `-`, `*`, `:` or the end of the formula"),
            Self::Term => f.write_str("a term, such as a column name"),
            Self::Degree => write!(f, "the degree, a whole number from 1 to {HIGHEST_DEGREE}"),
            Self::Sign(sign) => write!(f, "`{sign}`"),
            Self::Raw(word) => {
                write!(
                    f,
                    "`{word}`, as the powers of `poly(x, 3)` are raw: x, x², x³"
                )
            }
        }
    }
}

fn word(found: &Option<String>) -> String {
    match found {
        None => "the end of the formula".to_string(),
        Some(word) if word.starts_with('`') => shortened(word),
        Some(word) => format!("`{}`", shortened(word)),
    }
}

fn goes_in_backticks(column: &str) -> String {
    format!("the column {} goes in backticks", in_backticks(column))
}

/// Says how what is meant by a word of other notations is written.
fn advice(found: &Option<String>, is_right_side: bool) -> &'static str {
    match found.as_ref().and_then(|word| word.chars().next()) {
        Some('^') => "; powers are written `poly(x, 2)` and products `a*b`",
        Some('/' | '%') => "; a factor within another is written `a + a:b`",
        Some('|') => "; groups are not supported, but `C(group)` makes a feature of one",
        Some('~') if is_right_side => "; a formula has one `~`",
        Some('"' | '\'') => "; a name goes in backticks or in `Q(\"name\")`",
        _ => "",
    }
}

/// Suggests the nearest column, or lists the first ones.
fn instead(name: &str, columns: &[String]) -> String {
    if let Some(near) = nearest(name, columns) {
        return format!("did you mean {}?", in_backticks(near));
    }
    let first = columns.iter().take(12).map(|name| in_backticks(name));
    let first: Vec<String> = first.collect();
    let more = match columns.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the columns are {}{more}", first.join(", "))
}
