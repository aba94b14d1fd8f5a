use super::mixed::{Order, gap, no_number, odd_one_out};
use super::{Column, ColumnChoice, ColumnError, CommonCell, Kind, Schema, Spread, Why};
use crate::profile::{ColumnProfile, ProfilePass, TableProfile};
use crate::source::{Source, column_indices};
use crate::text_format::CellReader;
use crate::{ColumnIndex, DataError, DateOrder, Engine, NoRows, Pass, Threads};

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
    learn_schema_on(&Threads::default(), source, choice)
}

/// As [`learn_schema`], on an engine of the caller's.
///
/// # Errors
///
/// As [`learn_schema`].
pub fn learn_schema_on(
    engine: &dyn Engine,
    source: &dyn Source,
    choice: &ColumnChoice,
) -> Result<Schema, DataError> {
    let reading = choice.reading(source)?;
    let indices = column_indices(source, &reading.names)?;
    let profile = ProfilePass::new(source, reading).run(engine, source, &indices)?;
    choice.schema(source, profile)
}

impl ColumnChoice {
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
                    profile.summary = *spread;
                }
                // Where cells are of several kinds, the numbers among them do
                // not describe the column.
                let spread = if matches!(kind, Kind::Mixed) {
                    None
                } else {
                    Spread::of(&profile.summary)
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
