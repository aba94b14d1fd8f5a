mod block;
mod design;
mod missing;

use std::collections::{BTreeMap, HashMap};
use std::iter::zip;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{list, quote};
use crate::numbers::ReadNumbers;
use crate::rows::Rows;
use crate::schema::{Column, Kind, Schema};
use crate::source::{Chunk, Source, column_indices};
use crate::{DataError, Factor, Term};
use block::Block;
use design::Feature;

/// What is done about cells with nothing in them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// They are an error.
    #[default]
    Error,
    /// Their row is left out.
    Drop,
    /// They take the column's mean; a level takes its share.
    Mean,
    /// As `Mean`, and a further feature tells which they were; in a categorical
    /// column they are a level of their own.
    Indicator,
}

/// What is done about a level that was not there when the columns were learned.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenPolicy {
    /// It is an error.
    #[default]
    Error,
    /// It is taken as the baseline.
    Baseline,
}

/// Turns the columns of a table into the features and targets of a model.
///
/// A numeric column is one feature; a categorical one of `k` levels is `k - 1`
/// features of 0 and 1, named `town=Kiel`, each compared with the baseline
/// level; a product of columns is the product of their features. It is stored
/// with a model, so that every later prediction does the same.
///
/// # Coding
///
/// In a product, a categorical column keeps its baseline level where the
/// product without it is no term of the model, as in R (Chambers and Hastie,
/// *Statistical Models in S*, 1992, section 2.4.1). Without an intercept that
/// goes for the first categorical column too.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Encoder {
    /// The columns that are used, and what they are.
    /// Features first, then targets and the weight.
    columns: Vec<Column>,
    /// Products of columns.
    terms: Vec<Term>,
    /// Whether the model has an intercept.
    intercept: bool,
    /// Columns to predict.
    targets: Vec<String>,
    /// The column of row weights.
    weight: Option<String>,
    /// What is done about missing cells.
    missing: MissingPolicy,
    /// What is done about new levels.
    unseen: UnseenPolicy,
}

/// What makes an [`Encoder`] of a [`Schema`].
#[derive(Clone, Debug, Default)]
pub struct EncoderConfig {
    /// Columns to predict; at least one.
    pub targets: Vec<String>,
    /// The terms of the model; None for every column that can be a feature.
    pub terms: Option<Vec<Term>>,
    /// Columns that are no features, where there are no terms.
    pub exclude: Vec<String>,
    /// Whether the model has no intercept.
    pub no_intercept: bool,
    /// The column of row weights. A row of weight 2 counts as two rows.
    pub weight: Option<String>,
    /// What is done about missing cells.
    pub missing: MissingPolicy,
    /// What is done about new levels.
    pub unseen: UnseenPolicy,
}

impl Encoder {
    /// Settles what each column becomes.
    ///
    /// # Errors
    ///
    /// A name that is no column, a column that cannot be what it is chosen for,
    /// a feature there twice, no features, or missing cells where the policy is
    /// [`MissingPolicy::Error`].
    pub fn new(schema: &Schema, config: &EncoderConfig) -> Result<Self, DataError> {
        if config.targets.is_empty() {
            return Err(DataError::Columns("there is no target".to_string()));
        }
        for target in &config.targets {
            schema.column(target)?.check_number("target")?;
        }
        if let Some(weight) = &config.weight {
            let column = schema.column(weight)?;
            column.check_number("weight")?;
            if column.spread.is_some_and(|spread| spread.min < 0.0) {
                return Err(DataError::Columns(format!(
                    "the weight {} is negative in some rows, expected 0 or more",
                    quote(weight)
                )));
            }
            if config.targets.contains(weight) {
                return Err(DataError::Columns(format!(
                    "the column {} is a target; it cannot be the weight",
                    quote(weight)
                )));
            }
        }
        let no_feature = |name: &String| {
            config.targets.contains(name)
                || config.weight.as_ref() == Some(name)
                || config.exclude.contains(name)
        };
        for name in &config.exclude {
            schema.column(name)?;
        }
        let terms = match &config.terms {
            Some(terms) => terms.clone(),
            None => {
                let mut terms = Vec::new();
                for column in &schema.columns {
                    if no_feature(&column.name) || column.kind == Kind::Ignored {
                        continue;
                    }
                    terms.push(Term(vec![Factor::Column(column.name.clone())]));
                }
                terms
            }
        };
        let mut used: Vec<String> = Vec::new();
        for factor in terms.iter().flat_map(|term| &term.0) {
            let column = schema.column(factor.column())?;
            column.check_feature()?;
            if !used.contains(&column.name) {
                used.push(column.name.clone());
            }
        }
        if let Some(target) = used.iter().find(|name| config.targets.contains(name)) {
            return Err(DataError::Columns(format!(
                "the target {} is among the features; a column cannot be both",
                quote(target)
            )));
        }
        let mut columns = Vec::new();
        let others = config.targets.iter().chain(&config.weight);
        for name in used.iter().chain(others) {
            columns.push(schema.column(name)?.clone());
        }
        let encoder = Self {
            columns,
            terms,
            intercept: !config.no_intercept,
            targets: config.targets.clone(),
            weight: config.weight.clone(),
            missing: config.missing,
            unseen: config.unseen,
        };
        let names = encoder.feature_names();
        if names.is_empty() {
            return Err(DataError::Columns(format!(
                "there are no features to predict {} from",
                list(&config.targets)
            )));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(DataError::Columns(format!(
                "the feature {} is there twice; leave one of them out",
                quote(twice)
            )));
        }
        encoder.check_missing()?;
        Ok(encoder)
    }

    /// The encoder of a model that came without one: each feature is a numeric
    /// column of its name.
    pub fn of_numbers(features: &[String], targets: &[String]) -> Self {
        let column = |name: &String| Column {
            name: name.clone(),
            kind: Kind::Numeric,
            why: "as the model names it".to_string(),
            missing: 0,
            first_missing: Vec::new(),
            gap: None,
            dates: None,
            spread: None,
            fingerprint: 0,
        };
        let term = |name: &String| Term(vec![Factor::Column(name.clone())]);
        Self {
            columns: features.iter().chain(targets).map(column).collect(),
            terms: features.iter().map(term).collect(),
            intercept: true,
            targets: targets.to_vec(),
            weight: None,
            missing: MissingPolicy::Error,
            unseen: UnseenPolicy::Error,
        }
    }

    /// An error for missing cells, if that is what they are.
    fn check_missing(&self) -> Result<(), DataError> {
        let with_missing = self.columns.iter().filter(|column| column.missing > 0);
        let with_missing: Vec<&Column> = with_missing.collect();
        let (Some(first), MissingPolicy::Error) = (with_missing.first(), self.missing) else {
            return Ok(());
        };
        let cells: u64 = with_missing.iter().map(|column| column.missing).sum();
        let examples = with_missing.iter().flat_map(|column| {
            let name = quote(&column.name);
            let examples = column.first_missing.iter();
            examples.map(move |example| format!("{}, column {name}", example.place))
        });
        let examples: Vec<String> = examples.take(3).collect();
        let more = cells - examples.len() as u64;
        let and_more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Err(DataError::Missing {
            cells,
            examples: format!("{}{and_more}", examples.join("; ")),
            column: first.name.clone(),
        })
    }

    /// The columns that are used, and what they are.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The names of the targets.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// The column of row weights.
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }

    /// Whether the model has an intercept.
    pub fn intercept(&self) -> bool {
        self.intercept
    }

    /// What is done about missing cells.
    pub fn missing(&self) -> MissingPolicy {
        self.missing
    }

    /// The names of the features, in order.
    pub fn feature_names(&self) -> Vec<String> {
        let features = self.features();
        features.iter().map(|feature| feature.name(self)).collect()
    }

    /// Whether every row of a table becomes the same with this encoder as with
    /// another, learned from all of that table.
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
                    // A missing target drops its row, whatever the others are.
                    let takes_mean = index < num_features
                        && learned.missing > 0
                        && matches!(self.missing, MissingPolicy::Mean | MissingPolicy::Indicator);
                    column.is_coded_as(learned, takes_mean)
                })
    }

    /// Another policy for levels that were not there when the columns were
    /// learned.
    pub fn with_unseen(mut self, unseen: UnseenPolicy) -> Self {
        self.unseen = unseen;
        self
    }

    /// The columns of features come first, then targets and weight.
    fn num_feature_columns(&self) -> usize {
        self.columns.len() - self.targets.len() - usize::from(self.weight.is_some())
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn features(&self) -> Vec<Feature> {
        design::features(self)
    }

    /// Finds the columns in a source: those of the features and, with
    /// `with_targets`, of the targets and the weight.
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
            features: self.features(),
            encoder: Arc::new(self.clone()),
            with_targets,
        })
    }
}

/// An [`Encoder`] for the columns of one source.
#[derive(Clone)]
pub struct BoundEncoder {
    encoder: Arc<Encoder>,
    features: Vec<Feature>,
    columns: Vec<usize>,
    with_targets: bool,
}

/// The rows of a chunk, encoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// Features, targets and weights of the rows that are kept; without targets
    /// where only features were asked for.
    pub rows: Rows,
    /// Whether each row of the chunk is kept.
    pub kept: Vec<bool>,
    /// What was done about missing cells and new levels.
    pub counts: EncodingCounts,
}

/// How many cells the policies for missing cells and new levels were used on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct EncodingCounts {
    /// Number of rows, those left out included.
    pub rows: u64,
    /// Rows left out.
    pub dropped: u64,
    /// Missing cells of each column that has any.
    pub missing: BTreeMap<String, u64>,
    /// Cells with new levels of each column that has any.
    pub unseen: BTreeMap<String, u64>,
}

impl EncodingCounts {
    /// Adds the counts of other rows.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.dropped += other.dropped;
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
    /// Where the columns stand in the source, in the order in which
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
    /// [`columns`](Self::columns); `wanted` tells which rows, all if None.
    ///
    /// # Errors
    ///
    /// A cell that is not what its column is, missing or of a new level where
    /// that is an error, a negative weight, or a product beyond 64-bit floats.
    pub fn encode(&self, chunk: &Chunk, wanted: Option<&[bool]>) -> Result<Encoded, DataError> {
        Block::read(self, chunk, wanted, &mut [])?.encode(self, chunk)
    }

    /// Encodes every row of a chunk whose columns have been read as numbers
    /// before, where they could be: the first of `numbers` belongs to the first
    /// column.
    pub(crate) fn encode_read(
        &self,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
    ) -> Result<Encoded, DataError> {
        Block::read(self, chunk, None, &mut numbers)?.encode(self, chunk)
    }
}

/// A lookup from level to its index.
fn level_indices(levels: &[String]) -> HashMap<&str, u32> {
    let levels = levels.iter().map(String::as_str);
    levels.zip(0..).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::encode;
    use crate::{ColumnChoice, Formula};
    use proptest::prelude::*;

    const HOUSES: &str = "area,town,new,y\n50,Kiel,true,1\n70,Bonn,false,2\n90,Ulm,true,3\n";

    fn config() -> EncoderConfig {
        EncoderConfig::default()
    }

    fn plain(content: &str, config: &EncoderConfig) -> Result<(Vec<String>, Encoded), String> {
        let (encoder, encoded) = encode(content, &ColumnChoice::default(), config)?;
        Ok((encoder.feature_names(), encoded))
    }

    /// Encodes what a formula says.
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
        ];
        assert_eq!(encoded.rows.features, expected);
        assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn takes_several_targets_and_weights() {
        let config = EncoderConfig {
            targets: vec!["y".to_string(), "area".to_string()],
            weight: Some("w".to_string()),
            exclude: vec!["town".to_string()],
            ..config()
        };
        let text = "area,town,w,x,y\n50,a,1,5,1\n70,b,0,6,2\n";
        let (names, encoded) = plain(text, &config).unwrap();
        assert_eq!(names, ["x"]);
        assert_eq!(encoded.rows.targets, [1.0, 50.0, 2.0, 70.0]);
        assert_eq!(encoded.rows.weights, Some(vec![1.0, 0.0]));
        let negative = text.replace("b,0", "b,-1");
        assert_eq!(
            plain(&negative, &config).unwrap_err(),
            "the weight `w` is negative in some rows, expected 0 or more"
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
            "3 missing cells: t.csv: line 3 (byte 12), column `x`; t.csv: line 4 (byte 17), column `t`; t.csv: line 5 (byte 22), column `y`; leave their rows out with --missing drop, or use the column's mean with --missing mean or indicator"
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
            "new.csv: line 3 (byte 26), column `town`: found `Trier`, a level that the model does not know; it knows `Bonn`, `Kiel`, `Ulm`; take new levels as the baseline with --unseen baseline"
        );
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
        let content = format!("a,b,t,y\n{a},{b},u,1\n{b},{a},v,2\n");
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
        assert_eq!(found, [exact(a, b, 1), exact(b, a, 0)].concat());
        assert!(tails[1] != 0.0 && rows.features[1] == (a * a) as f64);
        // Nothing is kept of what 64 bits hold.
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
                // A column of one level is no feature.
                prop_assert!(levels.iter().all(|level| *level == levels[0]));
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
