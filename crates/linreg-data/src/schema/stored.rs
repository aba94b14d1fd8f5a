//! Schemas as they are stored, checked when they are read.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Column, Kind, Schema, Spread, Why};
use crate::DateOrder;
use crate::error::{StoredError, quote};

#[derive(Deserialize)]
pub(super) struct StoredSchema {
    num_rows: u64,
    columns: Vec<Column>,
}

impl TryFrom<StoredSchema> for Schema {
    type Error = StoredError;

    fn try_from(stored: StoredSchema) -> Result<Self, StoredError> {
        let mut seen = HashSet::new();
        for column in &stored.columns {
            if !seen.insert((&column.name, column.is_second)) {
                let what = format!("column {}", quote(&column.name));
                let expected = "once as it is, and once by its levels at most";
                return Err(StoredError::new(what, "there twice", expected));
            }
            if column.missing > stored.num_rows || column.infinite > stored.num_rows {
                return Err(StoredError::new(
                    format!(
                        "number of missing or infinite cells of the column {}",
                        quote(&column.name)
                    ),
                    column.missing.max(column.infinite),
                    format!("at most {}, the number of rows", stored.num_rows),
                ));
            }
        }
        Ok(Self {
            num_rows: stored.num_rows,
            columns: stored.columns,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct StoredColumn {
    name: String,
    kind: Kind,
    why: Why,
    missing: u64,
    #[serde(default)]
    infinite: u64,
    #[serde(default)]
    dates: Option<DateOrder>,
    spread: Option<Spread>,
    #[serde(default)]
    is_second: bool,
    #[serde(default)]
    unfitted_levels: Vec<String>,
}

impl TryFrom<StoredColumn> for Column {
    type Error = StoredError;

    fn try_from(stored: StoredColumn) -> Result<Self, StoredError> {
        if stored.name.is_empty() {
            return Err(StoredError::new("name of a column", "empty", "a name"));
        }
        let levels = match &stored.kind {
            Kind::Categorical { levels, .. } => &levels[..],
            _ => &[],
        };
        check_levels(&stored.unfitted_levels)?;
        let known: HashSet<&String> = levels.iter().collect();
        let both = stored.unfitted_levels.iter();
        if let Some(level) = both.clone().find(|level| known.contains(level)) {
            return Err(StoredError::new(
                format!(
                    "level {} of the column {}",
                    quote(level),
                    quote(&stored.name)
                ),
                "fitted to and not fitted to",
                "one of both",
            ));
        }
        Ok(Self {
            name: stored.name,
            kind: stored.kind,
            why: stored.why,
            missing: stored.missing,
            first_missing: Vec::new(),
            infinite: stored.infinite,
            first_infinite: None,
            gap: None,
            dates: stored.dates,
            spread: stored.spread,
            is_second: stored.is_second,
            unfitted_levels: stored.unfitted_levels,
            is_baseline_named: false,
            fingerprint: 0,
        })
    }
}

/// As [`Kind`], before its levels are checked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredKind {
    Numeric,
    Boolean,
    Date,
    Categorical {
        levels: Vec<String>,
        shares: Vec<f64>,
    },
    Ignored,
    Mixed,
    TooManyLevels,
}

impl TryFrom<StoredKind> for Kind {
    type Error = StoredError;

    fn try_from(stored: StoredKind) -> Result<Self, StoredError> {
        Ok(match stored {
            StoredKind::Numeric => Self::Numeric,
            StoredKind::Boolean => Self::Boolean,
            StoredKind::Date => Self::Date,
            StoredKind::Ignored => Self::Ignored,
            StoredKind::Mixed => Self::Mixed,
            StoredKind::TooManyLevels => Self::TooManyLevels,
            StoredKind::Categorical { levels, shares } => {
                check_levels(&levels)?;
                check_shares(&levels, &shares)?;
                Self::Categorical { levels, shares }
            }
        })
    }
}

fn check_levels(levels: &[String]) -> Result<(), StoredError> {
    let mut seen = HashSet::new();
    for level in levels {
        if level.is_empty() {
            return Err(StoredError::new("name of a level", "empty", "a name"));
        }
        if !seen.insert(level) {
            let what = format!("level {}", quote(level));
            return Err(StoredError::new(what, "there twice", "distinct levels"));
        }
    }
    Ok(())
}

fn check_shares(levels: &[String], shares: &[f64]) -> Result<(), StoredError> {
    /// How far rounding may move the sum of the shares of all levels from 1.
    const SLACK: f64 = 1e-6;
    if levels.is_empty() {
        let what = "number of levels of a categorical column";
        return Err(StoredError::new(what, 0, "at least 1"));
    }
    if shares.len() != levels.len() {
        return Err(StoredError::new(
            "number of shares of a categorical column",
            shares.len(),
            format!("{}, one a level", levels.len()),
        ));
    }
    if let Some(share) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(StoredError::new(
            "share of a level",
            share,
            "a number from 0 to 1",
        ));
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() <= SLACK {
        Ok(())
    } else {
        Err(StoredError::new(
            "sum of the shares of a column's levels",
            sum,
            "1",
        ))
    }
}

/// As [`Spread`], before its numbers are checked.
#[derive(Deserialize)]
pub(super) struct StoredSpread {
    mean: f64,
    std: Option<f64>,
    min: f64,
    max: f64,
}

impl TryFrom<StoredSpread> for Spread {
    type Error = StoredError;

    fn try_from(stored: StoredSpread) -> Result<Self, StoredError> {
        /// How far rounding may move a mean, relative to the largest number.
        const SLACK: f64 = 1e-9;
        let StoredSpread {
            mean,
            std,
            min,
            max,
        } = stored;
        for (what, number) in [
            ("mean", mean),
            ("least number", min),
            ("greatest number", max),
        ] {
            if !number.is_finite() {
                let what = format!("{what} of a column");
                return Err(StoredError::new(what, number, "a finite number"));
            }
        }
        let slack = SLACK * min.abs().max(max.abs());
        if min > max || mean < min - slack || mean > max + slack {
            return Err(StoredError::new(
                "mean of a column",
                format!("{mean} of numbers from {min} to {max}"),
                "a number between the least and the greatest",
            ));
        }
        if let Some(std) = std.filter(|std| !(std.is_finite() && *std >= 0.0)) {
            let what = "standard deviation of a column";
            return Err(StoredError::new(what, std, "a finite number, 0 or more"));
        }
        Ok(Self {
            mean,
            std,
            min,
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_column_is_refused() {
        let column = |kind: &str, more: &str| {
            let json = format!(
                r#"{{"name": "t", "kind": {kind}, "why": "", "missing": 0, "spread": null{more}}}"#
            );
            let column = serde_json::from_str::<Column>(&json);
            column.map(|_| ()).map_err(|error| error.to_string())
        };
        let levels = |levels: &str, shares: &str| {
            let json = format!(r#"{{"categorical": {{"levels": {levels}, "shares": {shares}}}}}"#);
            column(&json, "")
        };
        assert_eq!(column("\"numeric\"", ""), Ok(()));
        assert_eq!(levels(r#"["a", "b"]"#, "[0.25, 0.75]"), Ok(()));
        let spread = |spread: &str| column("\"numeric\"", &format!(", \"spread\": {spread}"));
        for (found, message) in [
            (
                levels("[]", "[]"),
                "the number of levels of a categorical column is 0, expected at least 1",
            ),
            (
                levels(r#"["a", "a"]"#, "[0.5, 0.5]"),
                "the level `a` is there twice, expected distinct levels",
            ),
            (
                levels(r#"["a"]"#, "[0.5, 0.5]"),
                "the number of shares of a categorical column is 2, expected 1, one a level",
            ),
            (
                levels(r#"["a", "b"]"#, "[-0.5, 1.5]"),
                "the share of a level is -0.5, expected a number from 0 to 1",
            ),
            (
                levels(r#"["a", "b"]"#, "[0.5, 0.25]"),
                "the sum of the shares of a column's levels is 0.75, expected 1",
            ),
            (spread("7"), "duplicate field `spread`"),
        ] {
            let error = found.unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        for (spread, message) in [
            (
                r#"{"mean": 5, "std": 1, "min": 1, "max": 4}"#,
                "the mean of a column is 5 of numbers from 1 to 4",
            ),
            (
                r#"{"mean": 2, "std": -1, "min": 1, "max": 4}"#,
                "the standard deviation of a column is -1",
            ),
            (
                r#"{"mean": 2, "std": null, "min": 4, "max": 1}"#,
                "the mean of a column is 2 of numbers from 4 to 1",
            ),
        ] {
            let error = serde_json::from_str::<Spread>(spread).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
