mod block;
mod bound;
mod config;
mod counts;
mod design;
mod error;
mod feature;
mod fitted;
mod levels;
mod missing;
mod policy;
mod size;
mod stored;

use std::collections::HashSet;
use std::iter::zip;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::schema::{Column, Kind, Schema, SchemaIndex};
use crate::source::{Source, column_indices};
use crate::{CellPlace, ColumnIndex, DataError, Factor, Term, Why};
pub(crate) use bound::Kept;
pub use bound::{BoundEncoder, Encoded};
pub use config::EncoderConfig;
pub use counts::EncodingCounts;
use design::{Design, Product};
pub use error::{EncoderError, NoFeatures};
pub use feature::{Feature, FeatureFactor};
pub(crate) use fitted::FittedRows;
pub use policy::{MissingPolicy, UnseenPolicy};
pub use size::{MAX_FEATURES, MOST_FEATURES};
use stored::StoredEncoder;

/// Turns the columns of a table into the features and targets of a model.
///
/// A numeric column is one feature. A categorical column of `k` levels is
/// `k - 1` features of 0 and 1, named as in `town=Kiel`, each of which compares
/// a level with the reference level. A product of columns is the product of
/// their features. The encoder is stored with a model, so that every later
/// prediction encodes in the same way.
///
/// # Coding
///
/// In a product, a categorical column keeps its reference level where the
/// product without the column is no term of the model, as in R (Chambers and
/// Hastie, *Statistical Models in S*, 1992, section 2.4.1). Without an
/// intercept, the first categorical column that is a term on its own keeps it
/// too.
///
/// # Storing
///
/// A deserialised encoder has been checked: its columns, terms and policies fit
/// each other, and it has at most [`MOST_FEATURES`] features.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredEncoder")]
pub struct Encoder {
    /// The columns that are used, and what they are: features first, then
    /// targets and the weight.
    columns: Vec<Column>,
    /// The terms: products of columns.
    terms: Vec<Term>,
    /// Whether the model has an intercept.
    intercept: bool,
    /// The columns to predict.
    targets: Vec<String>,
    /// The column of row weights, if there is one.
    weight: Option<String>,
    /// Whether a weight counts identical rows, so that it has to be a whole
    /// number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    counts: bool,
    /// What is done about missing values.
    missing: MissingPolicy,
    /// What is done about new levels.
    unseen: UnseenPolicy,
}

impl Encoder {
    /// Decides what each column becomes.
    ///
    /// # Errors
    ///
    /// A name that is no column, a column that cannot have the role that it is
    /// given, a duplicate feature, no features, more features than the limit,
    /// or missing values where the policy is [`MissingPolicy::Error`].
    pub fn new(schema: &Schema, config: &EncoderConfig) -> Result<Self, DataError> {
        if config.targets.is_empty() {
            return Err(EncoderError::NoTarget.into());
        }
        let index = SchemaIndex::new(schema);
        let targets = ColumnIndex::new(&config.targets);
        for target in &config.targets {
            index.column(target)?.check_number("target")?;
        }
        if let Some(weight) = &config.weight {
            let column = index.column(weight)?;
            column.check_number("weight")?;
            if targets.contains(weight) {
                return Err(EncoderError::WeightIsTarget(weight.clone()).into());
            }
        }
        for name in &config.exclude {
            index.column(name)?;
        }
        let terms = config.terms(schema);
        let mut used: Vec<&Column> = Vec::new();
        let mut positions = HashSet::new();
        for factor in terms.iter().flat_map(|term| &term.0) {
            let column = index.column_of(factor)?;
            column.check_feature(config.terms.is_some())?;
            column.check_factor(factor)?;
            if positions.insert(index.position_of(factor)) {
                used.push(column);
            }
        }
        if let Some(target) = used
            .iter()
            .map(|column| &column.name)
            .find(|name| targets.contains(name))
        {
            return Err(EncoderError::TargetIsFeature(target.clone()).into());
        }
        // A column that is used both as numbers and by its levels comes as
        // numbers first.
        used.sort_by_key(|column| column.is_second);
        let mut columns: Vec<Column> = used.into_iter().cloned().collect();
        for name in config.targets.iter().chain(&config.weight) {
            columns.push(index.column(name)?.clone());
        }
        let encoder = Self {
            columns,
            terms,
            intercept: !config.no_intercept,
            targets: config.targets.clone(),
            weight: config.weight.clone(),
            counts: config.counts,
            missing: config.missing,
            unseen: config.unseen,
        };
        encoder.check_size(config.max_features)?;
        let names = encoder.feature_names();
        if names.is_empty() {
            // Name the columns that the user did not exclude, and why each is
            // no feature.
            let exclude = ColumnIndex::new(&config.exclude);
            let ignored = schema.columns.iter().filter(|column| {
                column.kind == Kind::Ignored
                    && config.terms.is_none()
                    && !exclude.contains(&column.name)
            });
            const MOST: usize = 3;
            let why = |column: &Column| (column.name.clone(), column.why.clone());
            let error = EncoderError::NoFeatures(NoFeatures {
                targets: config.targets.clone(),
                ignored: ignored.take(MOST).map(why).collect(),
            });
            return Err(error.into());
        }
        check_distinct(&names)?;
        encoder.check_missing()?;
        Ok(encoder)
    }

    /// Returns the encoder for a model that is stored without one: each feature
    /// is a numeric column of its name.
    pub fn of_numbers(features: &[String], targets: &[String]) -> Self {
        let column = |name: &String| Column {
            name: name.clone(),
            kind: Kind::Numeric,
            why: Why::Named,
            missing: 0,
            first_missing: Vec::new(),
            infinite: 0,
            first_infinite: None,
            gap: None,
            dates: None,
            spread: None,
            is_second: false,
            unfitted_levels: Vec::new(),
            is_baseline_named: false,
            fingerprint: 0,
        };
        let term = |name: &String| Term(vec![Factor::Column(name.clone())]);
        Self {
            columns: features.iter().chain(targets).map(column).collect(),
            terms: features.iter().map(term).collect(),
            intercept: true,
            targets: targets.to_vec(),
            weight: None,
            counts: false,
            missing: MissingPolicy::Error,
            unseen: UnseenPolicy::Error,
        }
    }

    /// Returns an error if there are missing values and the policy makes them
    /// one.
    fn check_missing(&self) -> Result<(), DataError> {
        let with_missing = self.columns.iter().filter(|column| column.missing > 0);
        let with_missing: Vec<&Column> = with_missing.collect();
        let (Some(first), MissingPolicy::Error) = (with_missing.first(), self.missing) else {
            return Ok(());
        };
        let cells: u64 = with_missing.iter().map(|column| column.missing).sum();
        let examples = with_missing.iter().flat_map(|column| {
            let examples = column.first_missing.iter();
            examples.map(|example| CellPlace {
                row: example.place.clone(),
                column: column.name.clone(),
            })
        });
        Err(DataError::Missing {
            cells,
            examples: examples.take(3).collect(),
            column: first.name.clone(),
        })
    }

    /// The columns that are used, and what they are.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The terms that the features are made of.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The names of the targets.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// The column of row weights, if there is one.
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }

    /// Whether the model has an intercept.
    pub fn intercept(&self) -> bool {
        self.intercept
    }

    /// What is done about missing values.
    pub fn missing(&self) -> MissingPolicy {
        self.missing
    }

    /// What is done about new levels.
    pub fn unseen(&self) -> UnseenPolicy {
        self.unseen
    }

    /// The features in order, with what each is made of.
    pub fn features(&self) -> Vec<Feature> {
        let products = self.products();
        products
            .iter()
            .map(|product| product.feature(self))
            .collect()
    }

    /// The names of the features, in order.
    pub fn feature_names(&self) -> Vec<String> {
        let features = self.features();
        features.iter().map(Feature::to_string).collect()
    }

    /// Returns whether this encoder turns every row of a table into the same
    /// numbers as `learned`, which was learned from all of that table.
    pub(crate) fn agrees_with(&self, learned: &Self) -> bool {
        let num_features = self.num_feature_columns();
        self.columns.len() == learned.columns.len()
            && self.terms == learned.terms
            && (self.targets == learned.targets && self.weight == learned.weight)
            && (self.intercept, self.missing, self.unseen)
                == (learned.intercept, learned.missing, learned.unseen)
            && zip(&self.columns, &learned.columns)
                .enumerate()
                .all(|(index, (column, learned))| {
                    // A missing target never takes the mean: its row is left
                    // out.
                    let takes_mean = index < num_features
                        && (column.missing > 0 || learned.missing > 0)
                        && self.takes_means();
                    column.is_coded_as(learned, takes_mean)
                })
    }

    /// Returns the encoder with another policy for new levels.
    pub fn with_unseen(mut self, unseen: UnseenPolicy) -> Self {
        self.unseen = unseen;
        self
    }

    /// The number of columns that features are made of; they come before the
    /// targets and the weight.
    fn num_feature_columns(&self) -> usize {
        let others = self.targets.len() + usize::from(self.weight.is_some());
        self.columns.len().saturating_sub(others)
    }

    /// Whether missing values of features are replaced by the mean.
    fn takes_means(&self) -> bool {
        matches!(self.missing, MissingPolicy::Mean | MissingPolicy::Indicator)
    }

    /// Returns an index of the columns that features are made of.
    fn feature_index(&self) -> ColumnIndex<'_> {
        let columns = &self.columns[..self.num_feature_columns()];
        ColumnIndex::new(columns.iter().map(|column| &column.name))
    }

    fn products(&self) -> Vec<Product> {
        Design::of(self).products()
    }

    /// Finds the columns of the features in a source and, with `with_targets`,
    /// those of the targets and the weight.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] for a column that the source lacks.
    pub fn bind(&self, source: &dyn Source, with_targets: bool) -> Result<BoundEncoder, DataError> {
        let num_columns = if with_targets {
            self.columns.len()
        } else {
            self.num_feature_columns()
        };
        let columns = self.columns[..num_columns].iter();
        let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        Ok(BoundEncoder {
            columns: column_indices(source, &names)?,
            features: self.products(),
            encoder: Arc::new(self.clone()),
            with_targets,
        })
    }
}

/// Checks that no feature occurs twice.
fn check_distinct(names: &[String]) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(twice) => Err(EncoderError::FeatureTwice(twice.clone()).into()),
    }
}

#[cfg(test)]
mod tests;
