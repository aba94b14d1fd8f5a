mod mixed;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::error::quote;
use crate::profile::{ColumnProfile, Example, Reading, TableProfile};
use crate::source::{ChunkOrder, Source, column_indices, column_names};
use crate::text_format::CellReader;
use crate::{DataError, DateOrder, read};
use mixed::{Order, gap, no_number, odd_one_out};

/// What a user says of the columns of a table; what is not said is found out.
#[derive(Clone, Debug)]
pub struct ColumnChoice {
    /// Columns that are read; None for all.
    pub columns: Option<Vec<String>>,
    /// Columns to take as numbers, dates as days since 1970-01-01.
    pub numeric: Vec<String>,
    /// Columns whose cells are levels, also where they are numbers.
    pub categorical: Vec<String>,
    /// The level that the others of a column are compared with. Default: the
    /// first in alphabetical order.
    pub baselines: BTreeMap<String, String>,
    /// Levels of a column at most. Default: 100.
    pub max_levels: usize,
}

impl Default for ColumnChoice {
    fn default() -> Self {
        Self {
            columns: None,
            numeric: Vec::new(),
            categorical: Vec::new(),
            baselines: BTreeMap::new(),
            max_levels: 100,
        }
    }
}

/// What the columns of a table are, found out in one pass over it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Schema {
    /// Number of rows.
    pub num_rows: u64,
    /// The columns read, in file order.
    pub columns: Vec<Column>,
}

/// What a column is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How its cells are taken.
    pub kind: Kind,
    /// Why they are taken so.
    pub why: String,
    /// Number of cells with nothing in them.
    pub missing: u64,
    /// The first of them. Not stored with a model.
    #[serde(skip)]
    pub first_missing: Vec<Example>,
    /// A level of no letters or digits, such as `?`: it may stand for missing
    /// cells. Not stored with a model.
    #[serde(skip)]
    pub gap: Option<String>,
    /// In which order the day and the month of its dates are, where that can be
    /// told from the dates only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// What its numbers are like; None for words.
    pub spread: Option<Spread>,
    /// The same, but for chance, for columns with the same cells in every row.
    /// Not stored with a model.
    #[serde(skip)]
    pub fingerprint: u64,
}

/// What the numbers of a column are like.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, dividing by their number.
    pub std: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// How the cells of a column are taken.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As numbers.
    Numeric,
    /// As 1 for true and 0 for false.
    Boolean,
    /// As days since 1970-01-01 in UTC.
    Date,
    /// As one of some levels, the baseline first.
    Categorical {
        /// The levels.
        levels: Vec<String>,
        /// The share of the rows with each, among those with any.
        shares: Vec<f64>,
    },
    /// Not at all.
    Ignored,
    /// Numbers and words: it has to be said how.
    Mixed,
    /// More levels than the limit.
    TooManyLevels,
}

impl Kind {
    /// In one word.
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

/// Finds out in one pass what the columns of a source are.
///
/// A column of numbers is numeric, one of true and false boolean, one of words
/// categorical. Dates, names that each stand in one row only, columns without
/// cells and lists are ignored.
///
/// # Errors
///
/// A name that is no column, a column that is not what it is said to be, a
/// number that is infinite, no rows, or a source that cannot be read.
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
    choice.schema(profile)
}

impl ColumnChoice {
    /// How to read a source.
    pub(crate) fn reading(&self, source: &dyn Source) -> Result<Reading, DataError> {
        let all = column_names(source);
        let known: HashSet<&str> = all.iter().map(String::as_str).collect();
        let named = self.columns.iter().flatten();
        let named = named.chain(&self.numeric).chain(&self.categorical);
        for name in named.chain(self.baselines.keys()) {
            if !known.contains(name.as_str()) {
                return Err(DataError::UnknownColumn {
                    name: name.clone(),
                    columns: all.clone(),
                });
            }
        }
        if let Some(both) = self.numeric.iter().find(|n| self.categorical.contains(n)) {
            return Err(DataError::Columns(format!(
                "the column {} is said to be numeric and categorical; choose one",
                quote(both)
            )));
        }
        let wanted: Option<HashSet<&String>> = self.columns.as_ref().map(|c| c.iter().collect());
        let read = |name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        let words_only = self.categorical.iter().chain(self.baselines.keys());
        Ok(Reading {
            names: all.iter().filter(|name| read(name)).cloned().collect(),
            words_only: words_only.cloned().collect(),
            max_levels: self.max_levels,
        })
    }

    /// What the columns with this profile are.
    pub(crate) fn schema(&self, profile: TableProfile) -> Result<Schema, DataError> {
        if profile.num_rows == 0 {
            return Err(DataError::NoRows(" after the header".to_string()));
        }
        let cells = CellReader::new(&profile.format)?;
        let columns = profile.columns.into_iter();
        let columns: Result<_, DataError> = columns
            .map(|mut profile| {
                let (kind, why) = self.kind(&profile, &cells)?;
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
                // The numbers among cells of several kinds are not those of the
                // column.
                let is_whole = !matches!(kind, Kind::Mixed);
                let spread = (is_whole && profile.moments.count() > 0).then(|| Spread {
                    mean: profile.moments.mean()[0],
                    std: profile.moments.std()[0],
                    min: profile.min,
                    max: profile.max,
                });
                Ok(Column {
                    name: profile.name,
                    kind,
                    why,
                    missing: profile.missing,
                    first_missing: profile.first_missing,
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

    fn kind(
        &self,
        profile: &ColumnProfile,
        cells: &CellReader,
    ) -> Result<(Kind, String), DataError> {
        let name = &profile.name;
        let words = &profile.words;
        let (numbers, booleans, dates) = (profile.numbers, profile.booleans, profile.dates);
        let is_numeric = self.numeric.contains(name);
        let is_categorical = self.categorical.contains(name) || self.baselines.contains_key(name);
        let ignored = |why: String| Ok((Kind::Ignored, why));
        if let Some(kind) = &profile.other {
            return ignored(format!("its type is {kind}"));
        }
        if words.count == 0 && numbers + booleans + dates == 0 {
            if let Some(found) = &profile.first_infinite {
                return Err(infinite(name, found));
            }
            return ignored("every cell is missing".to_string());
        }
        if is_numeric && let Some(word) = &words.first {
            return Err(no_number(profile, word, cells).error(name));
        }
        if !is_categorical && let Some(odd) = odd_one_out(profile, cells) {
            return match is_numeric {
                true => Err(odd.error(name)),
                false => Ok(odd.kind()),
            };
        }
        if is_categorical || words.count > 0 {
            return self.categorical(profile, is_categorical);
        }
        if let Some(found) = &profile.first_infinite {
            return Err(infinite(name, found));
        }
        if dates > 0 {
            return self.dates(profile, is_numeric);
        }
        Ok(match (numbers > 0, booleans > 0) {
            (false, true) => (Kind::Boolean, "true is 1, false is 0".to_string()),
            (true, true) => (Kind::Numeric, "numbers; true is 1, false is 0".to_string()),
            _ => (Kind::Numeric, "every cell is a number".to_string()),
        })
    }

    /// Dates are left out unless somebody says that they are numbers: then their
    /// order has to be known.
    fn dates(
        &self,
        profile: &ColumnProfile,
        is_numeric: bool,
    ) -> Result<(Kind, String), DataError> {
        let name = &profile.name;
        match Order::of(profile) {
            Order::Both(odd) if is_numeric => Err(odd.error(name)),
            Order::Both(odd) => Ok(odd.kind()),
            Order::Unknown(odd) if is_numeric => Err(odd.error(name)),
            Order::Known(_) if is_numeric => {
                Ok((Kind::Date, "dates, as days since 1970-01-01".to_string()))
            }
            order => {
                let more = match order {
                    Order::Unknown(_) => ", with --dates day-first or month-first",
                    _ => "",
                };
                let name = quote(name);
                let why = format!("dates; --numeric {name} takes them as days{more}");
                Ok((Kind::Ignored, why))
            }
        }
    }

    fn categorical(
        &self,
        profile: &ColumnProfile,
        is_said: bool,
    ) -> Result<(Kind, String), DataError> {
        let words = &profile.words;
        if words.too_many {
            if !is_said && !words.repeated {
                let why = "every cell is another word: names of rows, not levels".to_string();
                return Ok((Kind::Ignored, why));
            }
            let why = format!("more than {} different words", self.max_levels);
            return Ok((Kind::TooManyLevels, why));
        }
        let mut levels: Vec<&String> = words.levels.keys().collect();
        if let Some(baseline) = self.baselines.get(&profile.name) {
            let Some(index) = levels.iter().position(|level| *level == baseline) else {
                let names: Vec<String> = levels.into_iter().cloned().collect();
                return Err(DataError::Columns(format!(
                    "the baseline {} is no level of the column {}; its levels are {}",
                    quote(baseline),
                    quote(&profile.name),
                    crate::error::list(&names)
                )));
            };
            let baseline = levels.remove(index);
            levels.insert(0, baseline);
        }
        if let ([only], false) = (&levels[..], is_said) {
            return Ok((Kind::Ignored, format!("every cell is {}", quote(only))));
        }
        let count = words.count as f64;
        let shares = levels
            .iter()
            .map(|level| words.levels[*level] as f64 / count)
            .collect();
        let why = match is_said {
            true => "as asked for".to_string(),
            false => {
                let example = words.first.as_ref().map(|word| quote(&word.found));
                format!("words, such as {}", example.unwrap_or_default())
            }
        };
        let levels = levels.into_iter().cloned().collect();
        Ok((Kind::Categorical { levels, shares }, why))
    }
}

fn infinite(name: &str, found: &Example) -> DataError {
    DataError::Cell {
        place: found.place.clone(),
        column: name.to_string(),
        found: found.found.clone(),
        expected: "a finite number; correct the cell or remove the row",
    }
}

impl Schema {
    /// The column of this name.
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

    /// Pairs of columns with the same cells in every row, the earlier first.
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
    /// Whether every number is the same.
    pub fn is_constant(&self) -> bool {
        self.spread.is_some_and(|spread| spread.min == spread.max)
    }

    /// Whether its cells become the same numbers as those of another column; of
    /// missing cells, too, if they are to take the mean.
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

    /// An error if it cannot be a feature, with what to do.
    pub fn check_feature(&self) -> Result<(), DataError> {
        let name = quote(&self.name);
        Err(DataError::Columns(match &self.kind {
            Kind::Mixed => {
                return Err(self.mixed(&format!(
                    "the column {name} is neither numbers nor words; correct the cell, take every cell as a level with --categorical, or leave the column out with --exclude"
                )));
            }
            Kind::TooManyLevels => format!(
                "the column {name} has {}; leave it out with --exclude, or allow more with --max-levels",
                self.why
            ),
            Kind::Ignored => format!("the column {name} cannot be a feature: {}", self.why),
            _ => return Ok(()),
        }))
    }

    /// An error if it cannot be a target or a weight.
    pub fn check_number(&self, what: &str) -> Result<(), DataError> {
        let name = quote(&self.name);
        Err(DataError::Columns(match &self.kind {
            Kind::Numeric | Kind::Boolean | Kind::Date => return Ok(()),
            Kind::Mixed => {
                return Err(self.mixed(&format!(
                    "the {what} {name} must be numbers; correct or remove the row"
                )));
            }
            Kind::Categorical { .. } | Kind::TooManyLevels => {
                format!("the {what} {name} is {}; it must be numbers", self.why)
            }
            Kind::Ignored => format!("the {what} {name} is of no use: {}", self.why),
        }))
    }

    /// What the cell that is no number, whose place is the reason, means.
    fn mixed(&self, problem: &str) -> DataError {
        DataError::Row {
            place: self.why.clone(),
            problem: problem.to_string(),
        }
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
            .map(|column| (column.name, column.kind.name(), column.why))
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
                ("d", "ignored", "dates; --numeric `d` takes them as days"),
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
        let places: Vec<_> = places
            .map(|e| e.place.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(
            places,
            [
                "t.csv: line 3 (byte 8)",
                "t.csv: line 4 (byte 11)",
                "t.csv: line 5 (byte 14)"
            ]
        );
    }

    #[test]
    fn names_of_rows_are_no_levels_but_too_many_levels_are_said() {
        let names: String = (0..150)
            .map(|row| format!("person {row},{}\n", row % 3))
            .collect();
        let found = &kinds(&format!("name,y\n{names}"), &choice())[0];
        assert_eq!(
            (found.1, found.2.as_str()),
            (
                "ignored",
                "every cell is another word: names of rows, not levels"
            )
        );

        let towns: String = (0..300)
            .map(|row| format!("town {},1\n", row % 120))
            .collect();
        let schema_of =
            |choice: &ColumnChoice| schema(&format!("town,y\n{towns}"), choice).unwrap();
        let found = schema_of(&choice());
        assert_eq!(
            found.columns[0].check_feature().unwrap_err().to_string(),
            "the column `town` has more than 100 different words; leave it out with --exclude, or allow more with --max-levels"
        );
        let more = ColumnChoice {
            max_levels: 120,
            ..choice()
        };
        assert!(schema_of(&more).columns[0].check_feature().is_ok());
    }

    #[test]
    fn numbers_and_words_together_are_not_guessed_at() {
        let found = schema("a,y\n1,2\n2,3\nfour,5\n", &choice()).unwrap();
        let message = found.columns[0].check_feature().unwrap_err().to_string();
        assert!(
            message
                .contains("t.csv: line 4 (byte 12): found `four`, where 2 of 3 cells are numbers"),
            "{message}"
        );
        assert!(message.ends_with("correct the cell, take every cell as a level with --categorical, or leave the column out with --exclude"));
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
                "t.csv: line 3 (byte 8), column `a`: found `x`, expected a number; --na x takes `x` as missing",
            ),
            (
                "a,y\n1,2\n1e999,2\n",
                choice(),
                "t.csv: line 3 (byte 8), column `a`: found `inf`, expected a finite number; correct the cell or remove the row",
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
            ("1,5", "--decimal , reads it as 1.5"),
            ("$5", "write it without the sign of the currency"),
            ("12 %", "write it without the per cent sign"),
            (
                "1.2M",
                "write it without the magnitude, such as M for millions",
            ),
            ("1 234", "--thousands space reads it as 1234"),
            ("-1'000.5", "--thousands \"'\" reads it as -1000.5"),
        ] {
            let table = format!("a,y\n\"{found}\",2\n\"{found}\",3\n7.5,3\n");
            let schema = schema(&table, &choice()).unwrap();
            let message = schema.columns[0].check_feature().unwrap_err().to_string();
            let expected = format!(
                "t.csv: line 2 (byte 4): found `{found}`, where a number is written as in 1234.5; {remedy}: the column `a` is neither numbers nor words; correct the cell, take every cell as a level with --categorical"
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
            let schema = schema(&format!("a,y\n{found},2\nx,3\n"), &choice()).unwrap();
            assert_eq!(schema.columns[0].kind.name(), "categorical", "{found}");
        }
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
    fn a_schema_survives_json() {
        let schema = schema("a,w,e\n1,x,\n2,z,\n", &choice()).unwrap();
        let json = serde_json::to_string(&schema).unwrap();
        assert!(!json.contains("t.csv"), "a model tells where its rows were");
        let read: Schema = serde_json::from_str(&json).unwrap();
        assert_eq!(read.columns[2].missing, 2);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}
