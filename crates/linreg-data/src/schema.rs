mod error;
mod index;
mod mixed;
mod stored;
mod why;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::profile::{ColumnProfile, Example, Reading, TableProfile};
use crate::source::{ChunkOrder, Source, column_indices, column_names};
use crate::text_format::CellReader;
use crate::{ColumnIndex, DataError, DateOrder, Factor, Moments, NoRows, read};
pub use error::{ColumnError, Obstacle, Role, Unusable};
pub use index::SchemaIndex;
use mixed::{Order, gap, no_number, odd_one_out};
use stored::{StoredColumn, StoredKind, StoredSchema, StoredSpread};
pub use why::{CommonCell, Why};

/// What a user says about the columns of a table; the rest is found out from
/// the cells.
#[derive(Clone, Debug)]
pub struct ColumnChoice {
    /// The columns to read; None for all.
    pub columns: Option<Vec<String>>,
    /// The columns to treat as numbers; dates become days since 1970-01-01.
    pub numeric: Vec<String>,
    /// The columns to treat as categorical, even if their cells are numbers.
    pub categorical: Vec<String>,
    /// The columns to use both as they are and as categorical, for models with
    /// `C(year)` beside `year` or `poly(year, 2)`.
    pub also_categorical: Vec<String>,
    /// The columns that the user named: an index that pandas has stored is
    /// ignored unless it is one of them.
    pub named: Vec<String>,
    /// The reference level of a column, by the name of the column. Default: the
    /// first level in alphabetical order.
    pub baselines: BTreeMap<String, String>,
    /// The largest number of levels of a column. Default: 100.
    pub max_levels: usize,
}

impl Default for ColumnChoice {
    fn default() -> Self {
        Self {
            columns: None,
            numeric: Vec::new(),
            categorical: Vec::new(),
            also_categorical: Vec::new(),
            named: Vec::new(),
            baselines: BTreeMap::new(),
            max_levels: 100,
        }
    }
}

/// What kind each column of a table is, found out in one pass over it.
///
/// A deserialised schema has been checked, with its columns and their levels.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredSchema")]
pub struct Schema {
    /// Number of rows.
    pub num_rows: u64,
    /// The columns read, in file order; after them, the columns that are
    /// categorical a second time.
    pub columns: Vec<Column>,
}

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
}

/// Returns the columns of a Parquet or Arrow file that are the index of a
/// pandas data frame: they name the rows and are no measurements.
fn index_columns(source: &dyn Source) -> Vec<String> {
    let pandas = source.schema().metadata().get("pandas");
    let pandas = pandas.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let index = pandas
        .as_ref()
        .and_then(|pandas| pandas["index_columns"].as_array());
    // A range index is no column; it is stored as an object, not as a name.
    let names = index.into_iter().flatten().filter_map(|name| name.as_str());
    names.map(String::from).collect()
}

/// Finds out in one pass what kind each column of a source is.
///
/// A column of numbers is numeric, one of true and false boolean, one of words
/// categorical. Ignored are dates, words that are all different or all the
/// same, columns whose values are all missing, lists, and the index that pandas
/// stored. An infinite number is counted here and is an error only where its
/// column is used.
///
/// # Errors
///
/// A name that is no column, a column that cannot be what the user says it is,
/// no rows, or a source that cannot be read.
pub fn learn_schema(source: &dyn Source, choice: &ColumnChoice) -> Result<Schema, DataError> {
    let reading = choice.reading(source)?;
    let indices = column_indices(source, &reading.names)?;
    let mut profile = TableProfile::new(&reading);
    let max_levels = reading.max_levels;
    let profiles = read(source, &indices, ChunkOrder::File, move |chunk| {
        let (profile, _) = TableProfile::of(&chunk, &reading)?;
        Ok((profile, chunk.origin))
    })?;
    for chunk in profiles {
        let (later, origin) = chunk?;
        profile.merge(later, max_levels, Some(origin.as_ref()));
    }
    choice.schema(source, profile)
}

impl ColumnChoice {
    /// Checks the choice against a source and returns how to read it.
    pub(crate) fn reading(&self, source: &dyn Source) -> Result<Reading, DataError> {
        let all = column_names(source);
        let known: HashSet<&str> = all.iter().map(String::as_str).collect();
        let named = self.columns.iter().flatten();
        let named = named.chain(&self.numeric).chain(&self.categorical);
        let named = named.chain(&self.also_categorical);
        for name in named.chain(self.baselines.keys()) {
            if !known.contains(name.as_str()) {
                return Err(DataError::UnknownColumn {
                    name: name.clone(),
                    columns: all.clone(),
                });
            }
        }
        let categorical = ColumnIndex::new(&self.categorical);
        if let Some(both) = self.numeric.iter().find(|n| categorical.contains(n)) {
            return Err(ColumnError::TwoKinds(both.clone()).into());
        }
        let wanted: Option<HashSet<&String>> = self.columns.as_ref().map(|c| c.iter().collect());
        let read = |name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        let said = self.numeric.iter().chain(&self.categorical);
        if let Some(unread) = said.chain(self.baselines.keys()).find(|name| !read(name)) {
            return Err(ColumnError::Unused(unread.clone()).into());
        }
        let words_only = self.categorical.iter().chain(self.baselines.keys());
        let second = ColumnIndex::new(&self.also_categorical);
        let words_only = words_only.filter(|name| !second.contains(name));
        let mut names: Vec<String> = all.iter().filter(|name| read(name)).cloned().collect();
        names.extend(self.also_categorical.iter().cloned());
        Ok(Reading {
            names,
            num_second: self.also_categorical.len(),
            words_only: words_only.cloned().collect(),
            numbers_only: self.numeric.iter().cloned().collect(),
            max_levels: self.max_levels,
        })
    }

    /// Decides what kind each column of this profile is.
    pub(crate) fn schema(
        &self,
        source: &dyn Source,
        profile: TableProfile,
    ) -> Result<Schema, DataError> {
        let (index, named) = (index_columns(source), ColumnIndex::new(&self.named));
        let index = ColumnIndex::new(&index);
        let is_index = |name: &String| index.contains(name) && !named.contains(name);
        if profile.num_rows == 0 {
            return Err(DataError::NoRows(NoRows::InFile));
        }
        let cells = CellReader::new(&profile.format)?;
        let num_first = profile.columns.len() - self.also_categorical.len();
        let columns = profile.columns.into_iter().enumerate();
        let columns: Result<_, DataError> = columns
            .map(|(index, mut profile)| {
                profile.settle_infinite_words(self.max_levels);
                let (kind, why) = if is_index(&profile.name) {
                    (Kind::Ignored, Why::PandasIndex)
                } else {
                    self.kind(&profile, &cells)?
                };
                let dates = match Order::of(&profile) {
                    Order::Known(order) => order,
                    _ => None,
                };
                if let (Some(DateOrder::MonthFirst), Some(spread)) =
                    (dates, profile.slashed.month_first.take())
                {
                    profile.moments = spread.moments;
                    (profile.min, profile.max) = (spread.min, spread.max);
                }
                // Where cells are of several kinds, the numbers among them do
                // not describe the column.
                let spread = if matches!(kind, Kind::Mixed) {
                    None
                } else {
                    Spread::of(&profile.moments, profile.min, profile.max)
                };
                Ok(Column {
                    is_second: index >= num_first,
                    unfitted_levels: Vec::new(),
                    is_baseline_named: self.baselines.contains_key(&profile.name),
                    name: profile.name,
                    kind,
                    why,
                    missing: profile.missing,
                    first_missing: profile.first_missing,
                    infinite: profile.infinite,
                    first_infinite: profile.first_infinite,
                    gap: gap(&profile.odd),
                    dates,
                    spread,
                    fingerprint: profile.fingerprint,
                })
            })
            .collect();
        Ok(Schema {
            num_rows: profile.num_rows,
            columns: columns?,
        })
    }

    fn kind(&self, profile: &ColumnProfile, cells: &CellReader) -> Result<(Kind, Why), DataError> {
        let name = &profile.name;
        let words = &profile.words;
        let (booleans, dates) = (profile.booleans, profile.dates);
        let numbers = profile.numbers + profile.infinite;
        let is_numeric = profile.numbers_only;
        let is_categorical = profile.words_only;
        if let Some(kind) = &profile.other {
            if is_categorical || is_numeric {
                let (column, kind) = (name.clone(), kind.clone());
                return Err(ColumnError::Type { column, kind }.into());
            }
            return Ok((Kind::Ignored, Why::Type(kind.clone())));
        }
        if words.count == 0 && numbers + booleans + dates == 0 {
            return Ok((Kind::Ignored, Why::constant(CommonCell::Missing)));
        }
        if is_numeric && let Some(word) = &words.first {
            return Err(no_number(profile, word, cells).in_column(name));
        }
        if !is_categorical && let Some(odd) = odd_one_out(profile, cells) {
            if is_numeric {
                return Err(odd.in_column(name));
            }
            return Ok((Kind::Mixed, odd.into()));
        }
        if is_categorical || words.count > 0 {
            return self.categorical(profile, is_categorical);
        }
        if dates > 0 {
            return self.dates(profile, is_numeric);
        }
        Ok(match (numbers > 0, booleans > 0) {
            (false, true) => (Kind::Boolean, Why::Booleans),
            (true, true) => (Kind::Numeric, Why::NumbersAndBooleans),
            _ => (Kind::Numeric, Why::Numbers),
        })
    }

    /// Ignores dates unless the user says that they are numbers; then the order
    /// of day and month has to be known.
    fn dates(&self, profile: &ColumnProfile, is_numeric: bool) -> Result<(Kind, Why), DataError> {
        let name = &profile.name;
        match Order::of(profile) {
            Order::Both(odd) | Order::Unknown(odd) if is_numeric => Err(odd.in_column(name)),
            Order::Both(odd) => Ok((Kind::Mixed, odd.into())),
            Order::Known(_) if is_numeric => Ok((Kind::Date, Why::Days)),
            order => {
                let is_order_known = matches!(order, Order::Known(_));
                Ok((Kind::Ignored, Why::Dates { is_order_known }))
            }
        }
    }

    fn categorical(
        &self,
        profile: &ColumnProfile,
        is_said: bool,
    ) -> Result<(Kind, Why), DataError> {
        let words = &profile.words;
        if !is_said && !words.repeated && words.count > 1 {
            return Ok((Kind::Ignored, Why::Unique));
        }
        if words.too_many {
            return Ok((Kind::TooManyLevels, Why::TooManyWords(self.max_levels)));
        }
        let mut levels: Vec<&String> = words.levels.keys().collect();
        if let Some(baseline) = self.baselines.get(&profile.name) {
            let Some(index) = levels.iter().position(|level| *level == baseline) else {
                let error = ColumnError::UnknownBaseline {
                    column: profile.name.clone(),
                    baseline: baseline.clone(),
                    levels: levels.into_iter().cloned().collect(),
                };
                return Err(error.into());
            };
            let baseline = levels.remove(index);
            levels.insert(0, baseline);
        }
        if let ([only], false) = (&levels[..], is_said) {
            let word = CommonCell::Word(only.to_string());
            return Ok((Kind::Ignored, Why::constant(word)));
        }
        let count = words.count as f64;
        let shares = levels
            .iter()
            .map(|level| words.levels[*level] as f64 / count)
            .collect();
        let why = if is_said {
            Why::Chosen
        } else {
            let first = words.first.as_ref().map(|word| word.found.clone());
            Why::Words(first.unwrap_or_default())
        };
        let levels = levels.into_iter().cloned().collect();
        Ok((Kind::Categorical { levels, shares }, why))
    }
}

impl Spread {
    /// Returns the spread of numbers with these moments; None without numbers.
    pub(crate) fn of(moments: &Moments, min: f64, max: f64) -> Option<Self> {
        (moments.count() > 0).then(|| Self {
            mean: moments.mean()[0],
            std: moments.sample_std().map(|std| std[0]),
            min,
            max,
        })
    }
}

impl Schema {
    /// Returns the column of this name. For several names, [`SchemaIndex`] goes
    /// over the columns only once.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] if there is none.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| DataError::UnknownColumn {
            name: name.to_string(),
            columns: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }

    /// Returns the pairs of columns with the same cells in every row, the
    /// earlier column first.
    pub fn duplicates(&self) -> Vec<(&str, &str)> {
        let mut first = BTreeMap::new();
        let mut pairs = Vec::new();
        for column in &self.columns {
            if column.is_constant() || column.kind == Kind::Ignored {
                continue;
            }
            match first.get(&column.fingerprint) {
                Some(earlier) => pairs.push((*earlier, column.name.as_str())),
                None => {
                    first.insert(column.fingerprint, column.name.as_str());
                }
            }
        }
        pairs
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
        let role = match is_named {
            true => Role::NamedFeature,
            false => Role::Feature,
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
                place: found.place.clone(),
                column: self.name.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::schema;

    fn kinds(content: &str, choice: &ColumnChoice) -> Vec<(String, &'static str, String)> {
        let schema = schema(content, choice).unwrap();
        let columns = schema.columns.into_iter();
        columns
            .map(|column| (column.name, column.kind.name(), column.why.to_string()))
            .collect()
    }

    fn choice() -> ColumnChoice {
        ColumnChoice::default()
    }

    #[test]
    fn finds_out_what_each_column_is() {
        let found = kinds(
            "n,b,w,d,e,one\n1,true,x,2024-01-01,,k\n-2e3,FALSE,y,2024-02-29,NA,k\n,NA,x,,,k\n",
            &choice(),
        );
        let found: Vec<_> = found
            .iter()
            .map(|(name, kind, why)| (name.as_str(), *kind, why.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("n", "numeric", "every cell is a number"),
                ("b", "boolean", "true is 1, false is 0"),
                ("w", "categorical", "words, such as `x`"),
                ("d", "ignored", "dates"),
                ("e", "ignored", "every cell is missing"),
                ("one", "ignored", "every cell is `k`"),
            ]
        );
    }

    #[test]
    fn takes_columns_as_it_is_told() {
        let choice = ColumnChoice {
            numeric: vec!["d".to_string()],
            categorical: vec!["n".to_string()],
            baselines: BTreeMap::from([("w".to_string(), "y".to_string())]),
            ..choice()
        };
        let schema = schema("n,w,d\n2,x,1970-01-03\n1,y,1970-01-01\n2,x,\n", &choice).unwrap();
        assert_eq!(
            schema.columns[0].kind,
            Kind::Categorical {
                levels: vec!["1".to_string(), "2".to_string()],
                shares: vec![1.0 / 3.0, 2.0 / 3.0],
            }
        );
        let Kind::Categorical { levels, .. } = &schema.columns[1].kind else {
            panic!("not categorical");
        };
        assert_eq!(levels, &["y", "x"]);
        let date = &schema.columns[2];
        assert_eq!(date.kind, Kind::Date);
        assert_eq!(date.missing, 1);
        let spread = date.spread.unwrap();
        assert_eq!((spread.mean, spread.min, spread.max), (1.0, 0.0, 2.0));
    }

    #[test]
    fn counts_missing_cells_and_says_where_the_first_are() {
        let rows: String = (0..100).map(|row| format!("{row},\n")).collect();
        let schema = schema(&format!("a,b\n1,2\n{rows}"), &choice()).unwrap();
        assert_eq!(schema.num_rows, 101);
        assert_eq!(schema.columns[1].missing, 100);
        let places = schema.columns[1].first_missing.iter();
        let places: Vec<_> = places.map(|e| (e.place.line, e.place.byte)).collect();
        assert_eq!(
            places,
            [(Some(3), Some(8)), (Some(4), Some(11)), (Some(5), Some(14))]
        );
    }

    #[test]
    fn unique_words_are_an_identifier_however_many_rows_there_are() {
        for num_rows in [2, 3, 20, 150] {
            let names: String = (0..num_rows)
                .map(|row| format!("person {row},{}\n", row % 3))
                .collect();
            let found = &kinds(&format!("name,y\n{names}"), &choice())[0];
            let why = "unique values, treated as an identifier";
            assert_eq!((found.1, found.2.as_str()), ("ignored", why));
            // With one of them twice they are levels, as far as the limit
            // allows.
            let again = format!("name,y\n{names}person 0,1\n");
            assert_eq!(kinds(&again, &choice())[0].1, "categorical");
            let said = ColumnChoice {
                categorical: vec!["name".to_string()],
                max_levels: 200,
                ..choice()
            };
            let said = kinds(&format!("name,y\n{names}"), &said);
            assert_eq!(said[0].1, "categorical");
        }
    }

    #[test]
    fn too_many_levels_are_said() {
        let towns: String = (0..300)
            .map(|row| format!("town {},1\n", row % 120))
            .collect();
        let schema_of =
            |choice: &ColumnChoice| schema(&format!("town,y\n{towns}"), choice).unwrap();
        let found = schema_of(&choice());
        assert_eq!(
            found.columns[0]
                .check_feature(false)
                .unwrap_err()
                .to_string(),
            "the column `town` has more than 100 different words"
        );
        let more = ColumnChoice {
            max_levels: 120,
            ..choice()
        };
        assert!(schema_of(&more).columns[0].check_feature(false).is_ok());
    }

    #[test]
    fn numbers_and_words_together_are_not_guessed_at() {
        let found = schema("a,y\n1,2\n2,3\nfour,5\n", &choice()).unwrap();
        let message = found.columns[0]
            .check_feature(false)
            .unwrap_err()
            .to_string();
        assert!(
            message
                .contains("t.csv: line 4 (byte 12): found `four`, where 2 of 3 cells are numbers"),
            "{message}"
        );
        assert!(message.ends_with("is neither numbers nor words"));
    }

    #[test]
    fn refuses_what_cannot_be() {
        for (content, choice, message) in [
            ("a,y\n", choice(), "there are no rows after the header"),
            (
                "a,y\n1,2\n",
                ColumnChoice {
                    numeric: vec!["b".to_string()],
                    ..choice()
                },
                "there is no column `b`; the columns are `a`, `y`",
            ),
            (
                "a,y\n1,2\nx,2\n",
                ColumnChoice {
                    numeric: vec!["a".to_string()],
                    ..choice()
                },
                "t.csv: line 3 (byte 8), column `a`: found `x`, expected a number; `x` can be taken as missing",
            ),
            (
                "a,y\nx,2\nz,2\n",
                ColumnChoice {
                    baselines: BTreeMap::from([("a".to_string(), "w".to_string())]),
                    ..choice()
                },
                "the baseline `w` is no level of the column `a`; its levels are `x`, `z`",
            ),
        ] {
            assert_eq!(
                schema(content, &choice).unwrap_err(),
                message,
                "{content:?}"
            );
        }
    }

    #[test]
    fn what_looks_like_a_number_is_no_level_unless_it_is_said() {
        for (found, remedy) in [
            ("1,5", "with the decimal mark `,` it is 1.5"),
            ("$5", "write it without the sign of the currency"),
            ("12 %", "write it without the per cent sign"),
            (
                "1.2M",
                "write it without the magnitude, such as M for millions",
            ),
            ("1 234", "with the separator of thousands ` ` it is 1234"),
            (
                "-1'000.5",
                "with the separator of thousands `'` it is -1000.5",
            ),
        ] {
            let table = format!("a,y\n\"{found}\",2\n\"{found}\",3\n7.5,3\n");
            let schema = schema(&table, &choice()).unwrap();
            let message = schema.columns[0]
                .check_feature(false)
                .unwrap_err()
                .to_string();
            let expected = format!(
                "t.csv: line 2 (byte 4): found `{found}`, where a number is written as in 1234.5; {remedy}: the column `a` is neither numbers nor words"
            );
            assert!(message.contains(&expected), "{message}");
            let said = ColumnChoice {
                categorical: vec!["a".to_string()],
                ..choice()
            };
            let schema = crate::testing::schema(&table, &said).unwrap();
            assert_eq!(schema.columns[0].kind.name(), "categorical");
        }
        for found in ["10-20", "1/2", "A1", "+", "555-1234"] {
            let schema = schema(&format!("a,y\n{found},2\nx,3\nx,4\n"), &choice()).unwrap();
            assert_eq!(schema.columns[0].kind.name(), "categorical", "{found}");
        }
    }

    #[test]
    fn infinite_numbers_are_counted_and_no_feature() {
        let schema = schema("a,y\n1,2\n1e999,2\n3,4\n-inf,1\n", &choice()).unwrap();
        let column = &schema.columns[0];
        assert_eq!((column.kind.name(), column.infinite), ("numeric", 2));
        // numpy 2: np.mean([1, 3]), np.std([1, 3], ddof=1).
        let spread = column.spread.unwrap();
        assert_eq!((spread.mean, spread.std), (2.0, Some(2f64.sqrt())));
        let message = column.check_feature(false).unwrap_err().to_string();
        let end = "line 3 (byte 8), column `a`: found `inf`, expected a finite number; correct the cell or remove the row";
        assert!(message.ends_with(end), "{message}");
    }

    #[test]
    fn words_for_infinite_numbers_are_words_among_words() {
        let words = "a,y\nOF,1\nINF,2\nOF,3\nInfinity,4\nINF,5\n-inf,1\n";
        let found = schema(words, &choice()).unwrap();
        let Kind::Categorical { levels, shares } = &found.columns[0].kind else {
            panic!("not categorical");
        };
        assert_eq!(levels, &["-inf", "INF", "Infinity", "OF"]);
        assert_eq!(shares, &[1. / 6., 1. / 3., 1. / 6., 1. / 3.]);
        assert_eq!(found.columns[0].infinite, 0);
        // Among numbers they are numbers, and digits that are too large are
        // always a number.
        assert_eq!(kinds("a,y\n1,1\nINF,2\n", &choice())[0].1, "numeric");
        let mixed = kinds("a,y\nOF,1\n1e999,2\nOF,3\n", &choice());
        assert_eq!(mixed[0].1, "mixed");
    }

    #[test]
    fn what_is_said_of_a_column_that_is_not_read_is_an_error() {
        let choice = ColumnChoice {
            columns: Some(vec!["y".to_string()]),
            categorical: vec!["a".to_string()],
            ..choice()
        };
        let error = schema("a,y\n1,2\n2,3\n", &choice).unwrap_err();
        assert!(
            error.starts_with("the model does not use the column `a`"),
            "{error}"
        );
    }

    #[test]
    fn text_in_files_of_every_format_is_read_as_it_is_said() {
        use crate::test_table::write;
        use crate::{CsvOptions, Passes, TableFormat, TextFormat, open};
        use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
        use std::sync::Arc;

        let text = |cells: [&str; 4]| Arc::new(StringArray::from(cells.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter([
            ("a", text(["1,5", "?", "2.000,0", "3"])),
            (
                "d",
                text(["1/2/2020", "13/2/2020", "2020-02-03", "4.2.2020"]),
            ),
            ("n", Arc::new(Int64Array::from(vec![1, 2, -999, 3]))),
        ])
        .unwrap();
        let options = CsvOptions {
            text: TextFormat {
                missing: vec!["?".to_string(), "-999".to_string()],
                decimal: Some(','),
                thousands: Some('.'),
                dates: None,
            },
            ..CsvOptions::default()
        };
        let choice = ColumnChoice {
            numeric: vec!["d".to_string()],
            ..choice()
        };
        for (name, format) in [
            ("t.csv", TableFormat::Csv),
            ("t.parquet", TableFormat::Parquet),
            ("t.arrow", TableFormat::Arrow),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            write(&path, format, std::slice::from_ref(&batch));
            let source = open(&[path], &options, Passes::Several).unwrap();
            let schema = learn_schema(source.as_ref(), &choice).unwrap();
            let found = schema.columns.iter().map(|column| {
                let spread = column.spread.unwrap();
                (column.missing, spread.min, spread.max)
            });
            // 2020-02-01 and 2020-02-13 are the days 18293 and 18305 (Python 3.13).
            let expected = [(1, 1.5, 2000.0), (0, 18293.0, 18305.0), (1, 1.0, 3.0)];
            assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
            assert_eq!(schema.columns[1].dates, Some(DateOrder::DayFirst));
        }
    }

    #[test]
    fn columns_with_the_same_cells_are_found() {
        let schema = schema("a,b,c,d\n1,1.0,1,x\n2,2,2,z\n3,3e0,4,x\n", &choice()).unwrap();
        assert_eq!(schema.duplicates(), [("a", "b")]);
    }

    #[test]
    fn the_index_of_pandas_is_found_in_parquet_and_arrow() {
        use arrow_array::record_batch;

        let table = record_batch!(("row", Int64, [3, 1, 2]), ("y", Float64, [1.0, 5.0, 2.0]));
        let table = table.unwrap();
        // As pandas writes it; a range is an object and no column.
        let pandas = r#"{"index_columns": ["row", {"kind": "range"}], "columns": []}"#;
        let metadata = [("pandas".to_string(), pandas.to_string())].into();
        let schema = table.schema().as_ref().clone().with_metadata(metadata);
        let table = table.with_schema(std::sync::Arc::new(schema)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, format) in [
            ("t.parquet", crate::TableFormat::Parquet),
            ("t.arrow", crate::TableFormat::Arrow),
        ] {
            let path = folder.path().join(name);
            crate::test_table::write(&path, format, std::slice::from_ref(&table));
            let options = crate::CsvOptions::default();
            let source = crate::open(&[path], &options, crate::Passes::Several).unwrap();
            let kind = |choice: &ColumnChoice| {
                let schema = learn_schema(source.as_ref(), choice).unwrap();
                schema.columns[0].kind.name()
            };
            let named = ColumnChoice {
                named: vec!["row".to_string()],
                ..choice()
            };
            assert_eq!(
                (kind(&choice()), kind(&named)),
                ("ignored", "numeric"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_schema_survives_json() {
        let schema = schema("a,w,e\n1,x,\n2,z,\n", &choice()).unwrap();
        let json = serde_json::to_string(&schema).unwrap();
        assert!(!json.contains("t.csv"), "a model tells where its rows were");
        let read: Schema = serde_json::from_str(&json).unwrap();
        assert_eq!(read.columns[2].missing, 2);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}
