use std::fmt::Display;

use thiserror::Error;

/// Something stored is not what it should be. Serde makes its text part of an
/// error of its own.
#[derive(Debug, Error)]
#[error("the {what} is {found}, expected {expected}")]
pub(crate) struct StoredError {
    /// What was stored, in words.
    what: String,
    found: String,
    expected: String,
}

impl StoredError {
    pub fn new(what: impl Into<String>, found: impl Display, expected: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }

    /// Checks that counts of rows or cells add up to no more than a table can
    /// have, so that adding those of other parts does not overflow.
    pub fn check_counts(what: &str, counts: impl IntoIterator<Item = u64>) -> Result<(), Self> {
        /// More rows than any table has: 2^53, up to which an `f64` counts.
        const MOST: u64 = 1 << 53;
        match counts.into_iter().fold(0, u64::saturating_add) {
            sum if sum > MOST => Err(Self::new(what, sum, format!("at most {MOST}"))),
            _ => Ok(()),
        }
    }
}
