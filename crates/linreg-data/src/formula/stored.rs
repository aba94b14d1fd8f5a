//! Formulas as they are stored, checked when they are read.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Factor, Formula, HIGHEST_DEGREE, Term};
use crate::error::{StoredError, quote};

#[derive(Deserialize)]
pub(super) struct StoredFormula {
    targets: Vec<String>,
    terms: Vec<Term>,
    intercept: bool,
}

impl TryFrom<StoredFormula> for Formula {
    type Error = StoredError;

    fn try_from(stored: StoredFormula) -> Result<Self, StoredError> {
        for (what, number) in [
            ("number of targets", stored.targets.len()),
            ("number of terms", stored.terms.len()),
        ] {
            if number == 0 {
                return Err(StoredError::new(what, 0, "at least 1"));
            }
        }
        Ok(Self {
            targets: stored.targets,
            terms: stored.terms,
            intercept: stored.intercept,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct StoredTerm(Vec<Factor>);

impl TryFrom<StoredTerm> for Term {
    type Error = StoredError;

    fn try_from(StoredTerm(factors): StoredTerm) -> Result<Self, StoredError> {
        if factors.is_empty() {
            let what = "number of factors of a term";
            return Err(StoredError::new(what, 0, "at least 1"));
        }
        let mut seen = HashSet::new();
        match factors.iter().find(|factor| !seen.insert(*factor)) {
            None => Ok(Self(factors)),
            Some(twice) => Err(StoredError::new(
                format!("factor {} of a term", quote(&twice.to_string())),
                "there twice",
                "distinct factors",
            )),
        }
    }
}

/// As [`Factor`], before its degree is checked.
#[derive(Deserialize)]
pub(super) enum StoredFactor {
    Column(String),
    Categorical(String),
    Powers { column: String, degree: u32 },
}

impl TryFrom<StoredFactor> for Factor {
    type Error = StoredError;

    fn try_from(stored: StoredFactor) -> Result<Self, StoredError> {
        Ok(match stored {
            StoredFactor::Column(column) => Self::Column(column),
            StoredFactor::Categorical(column) => Self::Categorical(column),
            StoredFactor::Powers { column, degree } => {
                if !(1..=HIGHEST_DEGREE).contains(&degree) {
                    return Err(StoredError::new(
                        format!("highest power of {}", quote(&column)),
                        degree,
                        format!("a number from 1 to {HIGHEST_DEGREE}"),
                    ));
                }
                Self::Powers { column, degree }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_term_is_refused() {
        for (json, message) in [
            (
                r#"[{"Powers": {"column": "a", "degree": 4294967295}}]"#,
                "the highest power of `a` is 4294967295, expected a number from 1 to 30",
            ),
            (
                r#"[{"Powers": {"column": "a", "degree": 0}}]"#,
                "the highest power of `a` is 0, expected a number from 1 to 30",
            ),
            (
                "[]",
                "the number of factors of a term is 0, expected at least 1",
            ),
            (
                r#"[{"Column": "a"}, {"Column": "a"}]"#,
                "the factor `a` of a term is there twice, expected distinct factors",
            ),
        ] {
            let error = serde_json::from_str::<Term>(json).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        let none = r#"{"targets": ["y"], "terms": [], "intercept": true}"#;
        let error = serde_json::from_str::<Formula>(none).unwrap_err();
        let message = "the number of terms is 0, expected at least 1";
        assert!(error.to_string().starts_with(message), "{error}");
    }
}
