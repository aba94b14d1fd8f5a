mod block;
mod design;
mod error;
mod feature;
mod fitted;
mod levels;
mod missing;
mod size;
mod stored;

use std::collections::{BTreeMap, HashSet};
use std::iter::zip;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::numbers::ReadNumbers;
use crate::rows::Rows;
use crate::schema::{Column, Kind, Schema, SchemaIndex};
use crate::source::{Chunk, Source, column_indices};
use crate::{CellPlace, ColumnIndex, DataError, Factor, Term, Why};
use block::Block;
use design::{Design, Product};
pub use error::{EncoderError, NoFeatures};
pub use feature::{Feature, FeatureFactor};
pub(crate) use fitted::FittedRows;
pub use size::{MAX_FEATURES, MOST_FEATURES};
use stored::StoredEncoder;

/// What is done about missing values.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// A missing value is an error.
    #[default]
    Error,
    /// A row with a missing value is left out.
    Drop,
    /// A missing value of a feature is replaced by the mean of its column; in a
    /// categorical column, the feature of each level takes the share of the
    /// rows with that level. A row whose target or weight is missing is left
    /// out.
    Mean,
    /// As `Mean`, with one more feature that is 1 where the value is missing;
    /// in a categorical column, missing values are a level of their own
    /// instead.
    Indicator,
}

/// What is done about a new level: one that no row has that the model is fitted
/// to.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenPolicy {
    /// A new level is an error.
    #[default]
    Error,
    /// It is treated as the reference level.
    Baseline,
    /// Its row is left out and gets no prediction.
    Drop,
}

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

/// The settings with which a [`Schema`] becomes an [`Encoder`].
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// The columns to predict; at least one.
    pub targets: Vec<String>,
    /// The terms of the model. None makes every column that can be a feature a
    /// term.
    pub terms: Option<Vec<Term>>,
    /// The columns of the terms that the user did not name, such as those that
    /// a `.` in a formula stands for: a term with such a column is left out
    /// where the column cannot be a feature.
    pub implied: Vec<String>,
    /// The columns that are not to be features; used only where `terms` is
    /// None.
    pub exclude: Vec<String>,
    /// Whether the model has no intercept.
    pub no_intercept: bool,
    /// The column of row weights, if there is one. A row of weight 2 counts as
    /// two rows.
    pub weight: Option<String>,
    /// Whether a weight counts identical rows, so that it has to be a whole
    /// number.
    pub counts: bool,
    /// What is done about missing values.
    pub missing: MissingPolicy,
    /// What is done about new levels.
    pub unseen: UnseenPolicy,
    /// The largest number of features, since the terms of a model may stand for
    /// more than fit into memory. Default: [`MAX_FEATURES`]; at most
    /// [`MOST_FEATURES`].
    pub max_features: usize,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            terms: None,
            implied: Vec::new(),
            exclude: Vec::new(),
            no_intercept: false,
            weight: None,
            counts: false,
            missing: MissingPolicy::default(),
            unseen: UnseenPolicy::default(),
            max_features: MAX_FEATURES,
        }
    }
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
        let num_columns = match with_targets {
            true => self.columns.len(),
            false => self.num_feature_columns(),
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

impl EncoderConfig {
    /// The terms of the model for a table with this schema.
    pub(crate) fn terms(&self, schema: &Schema) -> Vec<Term> {
        let Some(terms) = &self.terms else {
            let targets = ColumnIndex::new(&self.targets);
            let exclude = ColumnIndex::new(&self.exclude);
            let features = schema.columns.iter().filter(|column| {
                column.kind != Kind::Ignored
                    && !column.is_second
                    && !targets.contains(&column.name)
                    && self.weight.as_ref() != Some(&column.name)
                    && !exclude.contains(&column.name)
            });
            let term = |column: &Column| Term(vec![Factor::Column(column.name.clone())]);
            return features.map(term).collect();
        };
        let (index, implied) = (SchemaIndex::new(schema), ColumnIndex::new(&self.implied));
        let is_left_out = |factor: &Factor| {
            implied.contains(factor.column())
                && index
                    .column_of(factor)
                    .is_ok_and(|column| column.kind == Kind::Ignored)
        };
        let kept = terms.iter().filter(|term| !term.0.iter().any(is_left_out));
        kept.cloned().collect()
    }
}

/// Checks that no feature occurs twice.
fn check_distinct(names: &[String]) -> Result<(), DataError> {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(twice) => Err(EncoderError::FeatureTwice(twice.clone()).into()),
    }
}

/// An [`Encoder`] that knows where its columns are in one source.
#[derive(Clone)]
pub struct BoundEncoder {
    encoder: Arc<Encoder>,
    features: Vec<Product>,
    columns: Vec<usize>,
    with_targets: bool,
}

/// The encoded rows of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// The features, targets and weights of the rows that are kept; only the
    /// features where the encoder was bound without targets.
    pub rows: Rows,
    /// Whether each row of the chunk is kept.
    pub kept: Vec<bool>,
    /// How many missing values and new levels there were, and how many rows
    /// were left out.
    pub counts: EncodingCounts,
}

/// How many rows were encoded or left out, and how many missing values and new
/// levels they had.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct EncodingCounts {
    /// The number of rows, including those left out.
    pub rows: u64,
    /// The number of rows left out, for any reason.
    pub dropped: u64,
    /// How many of the rows left out were left out for a weight of 0.
    #[serde(default)]
    pub weightless: u64,
    /// How many of the rows left out were left out for a new level.
    #[serde(default)]
    pub unseen_rows: u64,
    /// The number of missing values of each column that has any. A row that an
    /// earlier column has left out is not counted again.
    pub missing: BTreeMap<String, u64>,
    /// The number of cells with a new level, for each column that has any.
    pub unseen: BTreeMap<String, u64>,
}

impl EncodingCounts {
    /// The number of rows left out for missing values.
    pub fn incomplete(&self) -> u64 {
        self.dropped - self.weightless - self.unseen_rows
    }

    /// Adds the counts of other rows.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.dropped += other.dropped;
        self.weightless += other.weightless;
        self.unseen_rows += other.unseen_rows;
        for (all, others) in [
            (&mut self.missing, &other.missing),
            (&mut self.unseen, &other.unseen),
        ] {
            for (name, count) in others {
                *all.entry(name.clone()).or_default() += count;
            }
        }
    }
}

impl BoundEncoder {
    /// The positions of the columns in the source, in the order in which
    /// [`encode`](Self::encode) expects them.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.features.len()
    }

    /// Encodes a chunk whose first columns are those of
    /// [`columns`](Self::columns); `wanted` says which rows to encode, all of
    /// them if None.
    ///
    /// # Errors
    ///
    /// A cell that does not fit its column, an infinite number, a missing value
    /// or a new level where that is an error, a weight that is negative or, if
    /// weights are counts, not whole, or a product beyond 64-bit floats.
    pub fn encode(&self, chunk: &Chunk, wanted: Option<&[bool]>) -> Result<Encoded, DataError> {
        Block::read(self, chunk, wanted, &mut [])?.encode(self, chunk)
    }

    /// Sums up the rows of a chunk that are kept.
    pub(crate) fn fitted_rows(
        &self,
        chunk: &Chunk,
        wanted: Option<&[bool]>,
    ) -> Result<FittedRows, DataError> {
        Ok(Block::read(self, chunk, wanted, &mut [])?.fitted_rows(self))
    }

    /// The position of the weight among the columns.
    fn weight_column(&self) -> Option<usize> {
        let has_weight = self.with_targets && self.encoder.weight.is_some();
        has_weight.then(|| self.columns.len() - 1)
    }

    /// Encodes every row of a chunk, using the `numbers` that have already been
    /// read from it; entry `i` belongs to column `i`.
    pub(crate) fn encode_read(
        &self,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
    ) -> Result<(Encoded, FittedRows), DataError> {
        let block = Block::read(self, chunk, None, &mut numbers)?;
        let fitted = block.fitted_rows(self);
        Ok((block.encode(self, chunk)?, fitted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::encode;
    use crate::{ColumnChoice, Formula};
    use proptest::prelude::*;

    const HOUSES: &str =
        "area,town,new,y\n50,Kiel,true,1\n70,Bonn,false,2\n90,Ulm,true,3\n30,Ulm,false,4\n";

    fn config() -> EncoderConfig {
        EncoderConfig::default()
    }

    fn plain(content: &str, config: &EncoderConfig) -> Result<(Vec<String>, Encoded), String> {
        let (encoder, encoded) = encode(content, &ColumnChoice::default(), config)?;
        Ok((encoder.feature_names(), encoded))
    }

    /// Encodes a table as a formula says; returns the names and the features.
    fn formula(content: &str, formula: &str) -> Result<(Vec<String>, Vec<f64>), String> {
        let header = content.lines().next().unwrap();
        let columns: Vec<String> = header.split(',').map(String::from).collect();
        let formula = Formula::parse(formula, &columns).unwrap();
        let factors = formula.terms.iter().flat_map(|term| &term.0);
        let categorical = factors.filter_map(|factor| match factor {
            Factor::Categorical(name) => Some(name.clone()),
            _ => None,
        });
        let choice = ColumnChoice {
            categorical: categorical.collect(),
            ..ColumnChoice::default()
        };
        let config = EncoderConfig {
            targets: formula.targets,
            terms: Some(formula.terms),
            no_intercept: !formula.intercept,
            ..config()
        };
        let (encoder, encoded) = encode(content, &choice, &config)?;
        Ok((encoder.feature_names(), encoded.rows.features))
    }

    #[test]
    fn every_column_but_the_target_becomes_features() {
        let (names, encoded) = plain(HOUSES, &config()).unwrap();
        assert_eq!(names, ["area", "town=Kiel", "town=Ulm", "new"]);
        #[rustfmt::skip]
        let expected = [
            50.0, 1.0, 0.0, 1.0,
            70.0, 0.0, 0.0, 0.0,
            90.0, 0.0, 1.0, 1.0,
            30.0, 0.0, 1.0, 0.0,
        ];
        assert_eq!(encoded.rows.features, expected);
        assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn takes_several_targets_and_weights() {
        let config = EncoderConfig {
            targets: vec!["y".to_string(), "area".to_string()],
            weight: Some("w".to_string()),
            exclude: vec!["town".to_string()],
            ..config()
        };
        let text = "area,town,w,x,y\n50,a,1,5,1\n70,b,0,6,2\n90,b,3,7,4\n";
        let (names, encoded) = plain(text, &config).unwrap();
        assert_eq!(names, ["x"]);
        // The row of weight 0 is left out.
        assert_eq!(encoded.rows.targets, [1.0, 50.0, 4.0, 90.0]);
        assert_eq!(encoded.rows.weights, Some(vec![1.0, 3.0]));
        let counts = encoded.counts;
        assert_eq!((counts.rows, counts.dropped, counts.weightless), (3, 1, 1));
        let negative = text.replace("b,0", "b,-1");
        assert_eq!(
            plain(&negative, &config).unwrap_err(),
            "t.csv: line 3 (byte 27), column `w`: found `-1`, expected a weight of 0 or more"
        );
    }

    // Names and figures as R 4 and patsy code them: treatment contrasts, and all
    // levels where the product without the factor is no term.
    #[test]
    fn products_are_coded_as_in_r() {
        let text = "a,t,u,y\n2,k,p,1\n3,l,q,1\n5,k,q,1\n";
        for (text_formula, names, features) in [
            (
                "y ~ a:t",
                vec!["a:t=k", "a:t=l"],
                vec![2.0, 0.0, 0.0, 3.0, 5.0, 0.0],
            ),
            (
                "y ~ a*t",
                vec!["a", "t=l", "a:t=l"],
                vec![2., 0., 0., 3., 1., 3., 5., 0., 0.],
            ),
            (
                "y ~ 0 + t",
                vec!["t=k", "t=l"],
                vec![1., 0., 0., 1., 1., 0.],
            ),
            (
                "y ~ 0 + a + t",
                vec!["a", "t=k", "t=l"],
                vec![2., 1., 0., 3., 0., 1., 5., 1., 0.],
            ),
            (
                "y ~ 0 + t + u",
                vec!["t=k", "t=l", "u=q"],
                vec![1., 0., 0., 0., 1., 1., 1., 0., 1.],
            ),
            (
                "y ~ t*u",
                vec!["t=l", "u=q", "t=l:u=q"],
                vec![0., 0., 0., 1., 1., 1., 0., 1., 0.],
            ),
            (
                "y ~ poly(a, 3)",
                vec!["a", "a^2", "a^3"],
                vec![2., 4., 8., 3., 9., 27., 5., 25., 125.],
            ),
            ("y ~ C(a)", vec!["a=3", "a=5"], vec![0., 0., 1., 0., 0., 1.]),
        ] {
            let names: Vec<String> = names.into_iter().map(String::from).collect();
            assert_eq!(
                formula(text, text_formula),
                Ok((names, features)),
                "{text_formula}"
            );
        }
    }

    #[test]
    fn what_a_feature_is_comes_from_its_encoder() {
        // Names and levels that contain the characters `:`, `^` and `=`.
        let text = "t,a:b,c^2,y\n10:20,1,k=1,1\n11:30,2,l=2,2\n10:20,4,k=1,3\n11:30,3,k=1,5\n";
        let config = EncoderConfig::default();
        let (encoder, _) = encode(text, &ColumnChoice::default(), &config).unwrap();
        let level = |column: &str, level: &str, baseline: &str| FeatureFactor::Level {
            column: column.to_string(),
            level: level.to_string(),
            baseline: Some(baseline.to_string()),
        };
        let number = FeatureFactor::Number {
            column: "a:b".to_string(),
            power: 1,
        };
        let features = encoder.features();
        let factors: Vec<_> = features.iter().map(|f| f.factors.clone()).collect();
        let expected = [
            vec![level("t", "11:30", "10:20")],
            vec![number],
            vec![level("c^2", "l=2", "k=1")],
        ];
        assert_eq!(factors, expected);
        assert!(features.iter().all(Feature::is_single));
        let names = ["t=11:30", "a:b", "c^2=l=2"];
        assert_eq!(encoder.feature_names(), names);
    }

    #[test]
    fn without_an_intercept_no_level_is_compared_with_another() {
        let text = "t,y\nk,1\nl,2\nk,3\n";
        let formula = Formula::parse("y ~ 0 + t", &["t", "y"].map(String::from)).unwrap();
        let config = EncoderConfig {
            targets: formula.targets,
            terms: Some(formula.terms),
            no_intercept: true,
            ..config()
        };
        let (encoder, _) = encode(text, &ColumnChoice::default(), &config).unwrap();
        let features = encoder.features();
        assert!(features.iter().all(|feature| matches!(
            &feature.factors[..],
            [FeatureFactor::Level { baseline: None, .. }]
        )));
    }

    #[test]
    fn a_level_called_missing_is_not_that_of_missing_cells() {
        let text = "t,y\nmissing,1\n,2\nb,3\nmissing,4\nb,5\n,6\n";
        let config = EncoderConfig {
            missing: MissingPolicy::Indicator,
            ..config()
        };
        let (names, encoded) = plain(text, &config).unwrap();
        assert_eq!(names, ["t=missing", "t=(missing)"]);
        #[rustfmt::skip]
        let expected = [1., 0.,  0., 1.,  0., 0.,  1., 0.,  0., 0.,  0., 1.];
        assert_eq!(encoded.rows.features, expected);
    }

    // R 4: model.matrix(~ C(year):x + poly(year, 2, raw = TRUE)); patsy likewise.
    #[test]
    fn a_column_is_numbers_in_one_term_and_levels_in_another() {
        let text = "year,x,y\n1,2,1\n2,3,4\n1,5,2\n2,7,5\n3,1,0\n3,4,2\n";
        let columns = ["year", "x", "y"].map(String::from);
        let formula = Formula::parse("y ~ C(year):x + poly(year, 2)", &columns).unwrap();
        let config = EncoderConfig {
            targets: formula.targets,
            terms: Some(formula.terms),
            ..config()
        };
        let choice = ColumnChoice {
            also_categorical: vec!["year".to_string()],
            ..ColumnChoice::default()
        };
        let (encoder, encoded) = encode(text, &choice, &config).unwrap();
        assert_eq!(
            encoder.feature_names(),
            ["year", "year^2", "year=1:x", "year=2:x", "year=3:x"]
        );
        #[rustfmt::skip]
        let expected = [
            1., 1., 2., 0., 0.,
            2., 4., 0., 3., 0.,
            1., 1., 5., 0., 0.,
            2., 4., 0., 7., 0.,
            3., 9., 0., 0., 1.,
            3., 9., 0., 0., 4.,
        ];
        assert_eq!(encoded.rows.features, expected);
        let json = serde_json::to_string(&encoder).unwrap();
        let read: Encoder = serde_json::from_str(&json).unwrap();
        assert_eq!(read.features(), encoder.features());
    }

    #[test]
    fn powers_of_words_are_an_error() {
        assert_eq!(
            formula("t,y\nk,1\nl,2\nk,3\n", "y ~ poly(t, 2)").unwrap_err(),
            "poly(t, 2): the column `t` is words, such as `k`; powers are those of numbers"
        );
    }

    const GAPS: &str = "x,t,y\n1,a,1\n,b,2\n3,,3\n4,a,NA\n6,b,5\n";

    fn with(missing: MissingPolicy) -> Result<(Vec<String>, Encoded), String> {
        plain(
            GAPS,
            &EncoderConfig {
                missing,
                ..config()
            },
        )
    }

    #[test]
    fn missing_cells_are_an_error_that_says_where_and_what_to_do() {
        assert_eq!(
            with(MissingPolicy::Error).unwrap_err(),
            "3 missing cells: t.csv: line 3 (byte 12), column `x`; t.csv: line 4 (byte 17), column `t`; t.csv: line 5 (byte 22), column `y`"
        );
    }

    #[test]
    fn rows_with_missing_cells_are_dropped_and_counted() {
        let (_, encoded) = with(MissingPolicy::Drop).unwrap();
        assert_eq!(encoded.rows.features, [1.0, 0.0, 6.0, 1.0]);
        assert_eq!(encoded.kept, [true, false, false, false, true]);
        assert_eq!((encoded.counts.rows, encoded.counts.dropped), (5, 3));
        let missing = encoded.counts.missing;
        assert_eq!(
            missing,
            ["t", "x", "y"].map(|name| (name.to_string(), 1)).into()
        );
    }

    #[test]
    fn missing_cells_take_the_mean_and_targets_are_never_made_up() {
        let (names, encoded) = with(MissingPolicy::Mean).unwrap();
        assert_eq!(names, ["x", "t=b"]);
        // The mean of 1, 3, 4 and 6; the share of b among a, b, a, b.
        assert_eq!(
            encoded.rows.features,
            [1.0, 0.0, 3.5, 1.0, 3.0, 0.5, 6.0, 1.0]
        );
        assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0, 5.0]);
        assert_eq!(encoded.counts.dropped, 1);
    }

    #[test]
    fn an_indicator_tells_which_cells_were_missing() {
        let (names, encoded) = with(MissingPolicy::Indicator).unwrap();
        assert_eq!(names, ["x", "t=b", "t=missing", "x=missing"]);
        #[rustfmt::skip]
        let expected = [
            1.0, 0.0, 0.0, 0.0,
            3.5, 1.0, 0.0, 1.0,
            3.0, 0.0, 1.0, 0.0,
            6.0, 1.0, 0.0, 0.0,
        ];
        assert_eq!(encoded.rows.features, expected);
    }

    #[test]
    fn new_levels_are_an_error_or_the_baseline() {
        let (encoder, _) = encode(HOUSES, &ColumnChoice::default(), &config()).unwrap();
        let file = crate::testing::file("new.csv", "town,new,area\nBonn,true,1\nTrier,true,2\n");
        let source = file.open().unwrap();
        let encode = |encoder: &Encoder| {
            let bound = encoder.bind(source.as_ref(), false).unwrap();
            let columns = bound.columns().to_vec();
            let mut chunks = crate::read(
                source.as_ref(),
                &columns,
                crate::ChunkOrder::File,
                move |chunk| bound.encode(&chunk, None),
            )
            .unwrap();
            chunks.next().unwrap()
        };
        let error = encode(&encoder).unwrap_err();
        assert_eq!(
            file.message(&error),
            "new.csv: line 3 (byte 26), column `town`: found `Trier`, a level that the model does not know; it knows `Bonn`, `Kiel`, `Ulm`"
        );
        let encoded = encode(&encoder.clone().with_unseen(UnseenPolicy::Drop)).unwrap();
        assert_eq!(encoded.rows.features, [1.0, 0.0, 0.0, 1.0]);
        assert_eq!((encoded.counts.dropped, encoded.counts.unseen_rows), (1, 1));
        let encoded = encode(&encoder.with_unseen(UnseenPolicy::Baseline)).unwrap();
        assert_eq!(
            encoded.rows.features,
            [1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(encoded.counts.unseen, [("town".to_string(), 1)].into());
    }

    #[test]
    fn refuses_choices_that_make_no_sense() {
        let targets = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        for (config, message) in [
            (
                EncoderConfig {
                    targets: targets(&["town"]),
                    ..config()
                },
                "the target `town` is words, such as `Kiel`; it must be numbers",
            ),
            (
                EncoderConfig {
                    targets: targets(&["z"]),
                    ..config()
                },
                "there is no column `z`; the columns are `area`, `town`, `new`, `y`",
            ),
            (
                EncoderConfig {
                    exclude: targets(&["area", "town", "new"]),
                    ..config()
                },
                "there are no features to predict `y` from",
            ),
            (
                EncoderConfig {
                    weight: Some("y".to_string()),
                    ..config()
                },
                "the column `y` is a target; it cannot be the weight",
            ),
            (
                EncoderConfig {
                    terms: Some(vec![Term(vec![Factor::Column("y".to_string())])]),
                    ..config()
                },
                "the target `y` is among the features; a column cannot be both",
            ),
        ] {
            assert_eq!(plain(HOUSES, &config).unwrap_err(), message);
        }
        assert_eq!(
            formula("a,y\n1,2\n", "y ~ a + poly(a, 2)").unwrap_err(),
            "the feature `a` is there twice; leave one of them out"
        );
        assert!(
            formula("a,y\n1e200,2\n", "y ~ poly(a, 2)")
                .unwrap_err()
                .contains("the feature `a^2` is beyond 64-bit floats")
        );
    }

    #[test]
    fn powers_and_products_keep_the_digits_that_64_bits_lose() {
        // (2^30 + 1)² and its product with 3^20 have more than 53 bits.
        let (a, b) = (1_i128 << 30 | 1, 3_i128.pow(20));
        let content = format!("a,b,t,y\n{a},{b},u,1\n{b},{a},v,2\n{a},{b},u,3\n");
        let choice = ColumnChoice::default();
        let columns = ["a", "b", "t", "y"].map(String::from);
        let of = |formula: &str| {
            let formula = Formula::parse(formula, &columns).unwrap();
            let config = EncoderConfig {
                targets: formula.targets,
                terms: Some(formula.terms),
                ..config()
            };
            encode(&content, &choice, &config).unwrap().1.rows
        };
        let rows = of("y ~ poly(a, 3) + a:b + t:a");
        let tails = rows.tails.unwrap();
        let found = rows.features.iter().zip(&tails);
        let found: Vec<i128> = found
            .map(|(high, low)| *high as i128 + *low as i128)
            .collect();
        let exact =
            |a: i128, b: i128, is_u: i128| [a, a * a, a * a * a, a * b, is_u * a, (1 - is_u) * a];
        let rows_of = [exact(a, b, 1), exact(b, a, 0), exact(a, b, 1)];
        assert_eq!(found, rows_of.concat());
        assert!(tails[1] != 0.0 && rows.features[1] == (a * a) as f64);
        // There are no tails where 64 bits hold every feature exactly.
        assert_eq!(of("y ~ a + b + t + t:a").tails, None);
    }

    #[test]
    fn an_encoder_survives_json() {
        let (encoder, _) = encode(HOUSES, &ColumnChoice::default(), &config()).unwrap();
        let json = serde_json::to_string(&encoder).unwrap();
        let read: Encoder = serde_json::from_str(&json).unwrap();
        assert_eq!(read.feature_names(), encoder.feature_names());
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    proptest! {
        #[test]
        fn encoded_levels_tell_the_levels(levels in prop::collection::vec("[a-e]", 2..40)) {
            let rows: String = levels.iter().map(|level| format!("{level},1\n")).collect();
            let Ok((encoder, encoded)) = encode(&format!("t,y\n{rows}"), &ColumnChoice::default(), &config()) else {
                // A column of one level or of unique words is no feature.
                let different = levels.iter().collect::<std::collections::HashSet<_>>().len();
                prop_assert!(different == 1 || different == levels.len());
                return Ok(());
            };
            let Kind::Categorical { levels: known, .. } = &encoder.columns()[0].kind else {
                panic!("not categorical");
            };
            let width = known.len() - 1;
            for (row, level) in encoded.rows.features.chunks(width).zip(&levels) {
                let index = row.iter().position(|value| *value == 1.0).map_or(0, |index| index + 1);
                prop_assert_eq!(&known[index], level);
                prop_assert!(row.iter().sum::<f64>() <= 1.0);
            }
        }
    }
}
