use std::collections::HashSet;
use std::error::Error;

use serde::Deserialize;

use super::{Encoder, MOST_FEATURES, MissingPolicy, UnseenPolicy, check_distinct};
use crate::Term;
use crate::error::{StoredError, quote};
use crate::schema::{Column, Kind};

/// An [`Encoder`] as it is stored, not yet checked.
#[derive(Deserialize)]
pub(super) struct StoredEncoder {
    columns: Vec<Column>,
    terms: Vec<Term>,
    intercept: bool,
    targets: Vec<String>,
    weight: Option<String>,
    #[serde(default)]
    counts: bool,
    missing: MissingPolicy,
    unseen: UnseenPolicy,
}

impl TryFrom<StoredEncoder> for Encoder {
    type Error = Box<dyn Error>;

    fn try_from(stored: StoredEncoder) -> Result<Self, Self::Error> {
        let encoder = Self {
            columns: stored.columns,
            terms: stored.terms,
            intercept: stored.intercept,
            targets: stored.targets,
            weight: stored.weight,
            counts: stored.counts,
            missing: stored.missing,
            unseen: stored.unseen,
        };
        encoder.check_roles()?;
        encoder.check_feature_columns()?;
        encoder.check_terms()?;
        let features = encoder.num_features();
        if features > MOST_FEATURES {
            let expected = format!("at most {MOST_FEATURES}");
            return Err(StoredError::new("number of features", features, expected).into());
        }
        let names = encoder.feature_names();
        if names.is_empty() {
            return Err(StoredError::new("number of features", 0, "at least 1").into());
        }
        check_distinct(&names)?;
        Ok(encoder)
    }
}

impl Encoder {
    /// Checks that targets and the weight are the last columns, in this order,
    /// since rows are read by the positions of their columns.
    fn check_roles(&self) -> Result<(), StoredError> {
        if self.targets.is_empty() {
            return Err(StoredError::new("number of targets", 0, "at least 1"));
        }
        let roles: Vec<&String> = self.targets.iter().chain(&self.weight).collect();
        let mut seen = HashSet::new();
        if let Some(twice) = roles.iter().find(|name| !seen.insert(name.as_str())) {
            let what = format!("role of the column {}", quote(twice));
            return Err(StoredError::new(what, "there twice", "one role a column"));
        }
        if self.columns.len() <= roles.len() {
            return Err(StoredError::new(
                "number of columns",
                self.columns.len(),
                format!("more than the {} of targets and weight", roles.len()),
            ));
        }
        let columns = &self.columns[self.num_feature_columns()..];
        for (column, name) in columns.iter().zip(roles) {
            if column.name != *name {
                return Err(StoredError::new(
                    format!("place of the column {}", quote(name)),
                    format!("taken by {}", quote(&column.name)),
                    "targets and the weight after the features, in their order",
                ));
            }
            if !column.kind.is_number() {
                return Err(StoredError::new(
                    format!("kind of the column {}", quote(name)),
                    column.kind.name(),
                    "numbers, as of every target and weight",
                ));
            }
        }
        if self.counts && self.weight.is_none() {
            Err(StoredError::new(
                "weight",
                "none",
                "one, as weights are said to be counts",
            ))
        } else {
            Ok(())
        }
    }

    /// Checks the columns of features. They are found by name, so each name may
    /// occur once as the column is and then at most once by its levels.
    fn check_feature_columns(&self) -> Result<(), StoredError> {
        let columns = &self.columns[..self.num_feature_columns()];
        let targets: HashSet<&String> = self.targets.iter().collect();
        let mut seen = HashSet::new();
        for column in columns {
            let kind = || format!("kind of the column {}", quote(&column.name));
            let is_levels = matches!(column.kind, Kind::Categorical { .. });
            if targets.contains(&column.name) {
                return Err(StoredError::new(
                    format!("role of the column {}", quote(&column.name)),
                    "feature and target",
                    "one role a column",
                ));
            }
            if !is_levels && (!column.kind.is_number() || column.is_second) {
                let found = if column.is_second {
                    format!("{} a second time", column.kind.name())
                } else {
                    column.kind.name().to_string()
                };
                return Err(StoredError::new(kind(), found, "numbers or levels"));
            }
            let takes_mean = !is_levels && self.takes_means();
            if takes_mean && column.spread.is_none() {
                return Err(StoredError::new(
                    format!("mean of the column {}", quote(&column.name)),
                    "unknown",
                    "a number, which missing cells take",
                ));
            }
            let is_later = seen.contains(&(&column.name, true));
            if !seen.insert((&column.name, column.is_second)) || is_later {
                return Err(StoredError::new(
                    format!("column {}", quote(&column.name)),
                    "there twice",
                    "once as it is, and then once by its levels at most",
                ));
            }
        }
        Ok(())
    }

    /// Checks that every factor names a column that is there and can be used in
    /// that way, and that every column of features is in a term.
    fn check_terms(&self) -> Result<(), Box<dyn Error>> {
        let columns = self.feature_index();
        let mut used = HashSet::new();
        for term in &self.terms {
            for factor in &term.0 {
                let Some(column) = columns.of(factor) else {
                    return Err(StoredError::new(
                        format!("term {}", quote(&term.to_string())),
                        format!("of the column {}", quote(factor.column())),
                        "one of the columns of features",
                    )
                    .into());
                };
                self.columns[column].check_factor(factor)?;
                used.insert(column);
            }
        }
        let unused = (0..self.num_feature_columns()).find(|index| !used.contains(index));
        match unused {
            None => Ok(()),
            Some(index) => Err(StoredError::new(
                format!("column {}", quote(&self.columns[index].name)),
                "of no term",
                "a term for each column of features",
            )
            .into()),
        }
    }
}
