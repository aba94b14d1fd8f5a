use serde::{Deserialize, Serialize};

use super::stored::{StoredColumn, StoredKind, StoredSpread};
use super::{ColumnError, Obstacle, Role, Unusable, Why};
use crate::number_summary::NumberSummary;
use crate::profile::Example;
use crate::{CellPlace, DataError, DateOrder, Factor};

/// What is known about a column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredColumn")]
pub struct Column {
    /// The name of the column.
    pub name: String,
    /// How its cells are used.
    pub kind: Kind,
    /// Why they are used in this way.
    pub why: Why,
    /// The number of missing values.
    pub missing: u64,
    /// The first of them; not stored with a model.
    #[serde(skip)]
    pub first_missing: Vec<Example>,
    /// The number of infinite numbers: a column that has one cannot be a
    /// feature.
    #[serde(default)]
    pub infinite: u64,
    /// The first of them; not stored with a model.
    #[serde(skip)]
    pub first_infinite: Option<Example>,
    /// A level without letters or digits, such as `?`, which may stand for a
    /// missing value; not stored with a model.
    #[serde(skip)]
    pub gap: Option<String>,
    /// Whether the day or the month comes first in its dates; None where dates
    /// can be read in one way only, or where the cells do not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// The mean, spread and range of its finite numbers; None if it has none,
    /// or cells of several kinds.
    pub spread: Option<Spread>,
    /// Whether it is a column that also comes earlier in the schema and is used
    /// here as categorical.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_second: bool,
    /// The levels that no row has that the model is fitted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfitted_levels: Vec<String>,
    /// Whether the user named the reference level; not stored with a model.
    #[serde(skip)]
    pub is_baseline_named: bool,
    /// A hash that is equal for columns with the same cells in every row; not
    /// stored with a model.
    #[serde(skip)]
    pub fingerprint: u64,
}

/// The mean, spread and range of the numbers of a column.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredSpread")]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation with the divisor n - 1, as in R, pandas and
    /// polars; None for a single number.
    pub std: Option<f64>,
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
}

/// How the cells of a column are used.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", try_from = "StoredKind")]
pub enum Kind {
    /// The cells are numbers.
    Numeric,
    /// The cells become 1 for true and 0 for false.
    Boolean,
    /// The cells become days since 1970-01-01 in UTC.
    Date,
    /// Each cell is one of several levels.
    Categorical {
        /// The levels, the reference level first.
        levels: Vec<String>,
        /// The share of each level among the rows whose value is not missing.
        shares: Vec<f64>,
    },
    /// The column is not used.
    Ignored,
    /// The cells are of several kinds, such as numbers and words: the user has
    /// to say how to use them.
    Mixed,
    /// The cells are levels, of which there are more than the limit.
    TooManyLevels,
}

impl Kind {
    /// Names the kind in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Categorical { .. } => "categorical",
            Self::Ignored => "ignored",
            Self::Mixed => "mixed",
            Self::TooManyLevels => "categorical",
        }
    }

    /// Whether each cell becomes a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Numeric | Self::Boolean | Self::Date)
    }
}

impl Spread {
    /// Returns the spread of numbers; None without numbers, and where their mean is
    /// beyond 64-bit floats.
    pub(crate) fn of(numbers: &NumberSummary) -> Option<Self> {
        let moments = &numbers.moments;
        let is_known = moments.count() > 0 && moments.mean()[0].is_finite();
        is_known.then(|| Self {
            mean: moments.mean()[0],
            std: moments
                .sample_std()
                .map(|std| std[0])
                .filter(|std| std.is_finite()),
            min: numbers.min,
            max: numbers.max,
        })
    }
}

impl Column {
    /// Whether all its numbers are equal.
    pub fn is_constant(&self) -> bool {
        self.spread.is_some_and(|spread| spread.min == spread.max)
    }

    /// Whether its cells become the same numbers as those of another column;
    /// with `with_missing`, also its missing values, which take the mean.
    pub(crate) fn is_coded_as(&self, other: &Self, with_missing: bool) -> bool {
        let is_alike = match (&self.kind, &other.kind) {
            (Kind::Categorical { levels, .. }, Kind::Categorical { levels: others, .. }) => {
                levels == others
            }
            (kind, other) => kind == other,
        };
        let has_same_mean = || {
            let mean = |column: &Self| column.spread.map(|spread| spread.mean);
            self.kind == other.kind
                && mean(self) == mean(other)
                && (self.missing > 0) == (other.missing > 0)
        };
        self.name == other.name
            && is_alike
            && self.dates == other.dates
            && (!with_missing || has_same_mean())
    }

    /// Returns an error, with a remedy, if it cannot be a feature; `is_named`
    /// says whether the user named the features one by one.
    ///
    /// # Errors
    ///
    /// A column that is ignored, of several kinds or of too many levels, or
    /// that has infinite numbers.
    pub fn check_feature(&self, is_named: bool) -> Result<(), DataError> {
        let role = if is_named {
            Role::NamedFeature
        } else {
            Role::Feature
        };
        match self.kind {
            Kind::Mixed | Kind::TooManyLevels | Kind::Ignored => Err(self.unusable(role)),
            _ => self.check_finite(),
        }
    }

    /// Returns an error if it cannot be used as this factor.
    pub(crate) fn check_factor(&self, factor: &Factor) -> Result<(), DataError> {
        let is_levels = matches!(self.kind, Kind::Categorical { .. });
        let (column, said) = (self.name.clone(), factor.to_string());
        Err(match factor {
            Factor::Powers { .. } if is_levels => ColumnError::NoPowers {
                factor: said,
                column,
                why: self.why.clone(),
            },
            Factor::Categorical(_) if !is_levels => ColumnError::NoLevels {
                factor: said,
                column,
            },
            _ => return Ok(()),
        }
        .into())
    }

    fn check_finite(&self) -> Result<(), DataError> {
        match &self.first_infinite {
            Some(found) if !matches!(self.kind, Kind::Categorical { .. }) => Err(DataError::Cell {
                at: Box::new(CellPlace {
                    row: found.place.clone(),
                    column: self.name.clone(),
                }),
                found: found.found.clone(),
                expected: "a finite number; correct the cell or remove the row",
            }),
            _ => Ok(()),
        }
    }

    /// Returns an error if it cannot be a target or a weight; `what` names
    /// which.
    ///
    /// # Errors
    ///
    /// A column that is not numeric, boolean or a date, or that has infinite
    /// numbers.
    pub fn check_number(&self, what: &'static str) -> Result<(), DataError> {
        match self.kind {
            Kind::Numeric | Kind::Boolean | Kind::Date => self.check_finite(),
            _ => Err(self.unusable(Role::Numbers(what))),
        }
    }

    fn unusable(&self, role: Role) -> DataError {
        let obstacle = match self.kind {
            Kind::Mixed => Obstacle::Mixed,
            Kind::TooManyLevels => Obstacle::TooManyLevels,
            Kind::Categorical { .. } => Obstacle::Levels,
            _ if self.why == Why::Unique => Obstacle::Identifier,
            _ => Obstacle::Ignored,
        };
        ColumnError::Unusable(Box::new(Unusable {
            column: self.name.clone(),
            role,
            obstacle,
            why: self.why.clone(),
        }))
        .into()
    }
}
