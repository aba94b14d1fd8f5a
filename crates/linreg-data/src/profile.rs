mod dates;
mod example;
mod odd_words;
mod pass;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow_array::{Array, StringArray};
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, boolean};
use crate::number_summary::NumberSummary;
use crate::random::{hash, mix};
use crate::source::Origin;
use crate::text_format::{CellReader, TextFormat};
use crate::values::{ReadNumbers, Values, text};
use crate::{Chunk, DataError};
pub(crate) use dates::SlashedDates;
pub use example::Example;
use example::keep_first;
pub(crate) use odd_words::OddWords;
pub(crate) use pass::ProfilePass;

/// A summary of the columns of a table, from which their kinds are decided.
///
/// It is learned from chunks and merged with the profiles of later rows, in
/// memory that does not grow with the number of rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TableProfile {
    /// Number of rows.
    pub num_rows: u64,
    /// The profile of each column.
    pub columns: Vec<ColumnProfile>,
    /// The format of cells that are text.
    pub format: TextFormat,
}

/// A summary of one column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// The name of the column.
    pub name: String,
    /// Whether the user says that the column is categorical: numbers are words
    /// too.
    pub(crate) words_only: bool,
    /// Whether the user says that the column is numeric, whatever its stored
    /// type.
    pub(crate) numbers_only: bool,
    /// Whether the file stores the column as levels.
    pub(crate) is_typed_levels: bool,
    /// The number of missing values.
    pub missing: u64,
    /// The first of them.
    pub first_missing: Vec<Example>,
    /// The number of cells that are finite numbers.
    pub numbers: u64,
    /// The mean, spread and range of the numbers; of days since 1970-01-01 for dates,
    /// and of 0 and 1 for booleans.
    pub(crate) summary: NumberSummary,
    /// The number of cells that are infinite numbers.
    pub infinite: u64,
    /// The first of them.
    pub first_infinite: Option<Example>,
    /// How often each word for an infinite number occurs, such as `INF`. In a
    /// column of words it is a word.
    pub(crate) infinite_words: BTreeMap<String, u64>,
    /// The number of cells that are true or false.
    pub booleans: u64,
    /// The number of cells that are dates.
    pub dates: u64,
    /// The first cell that is a number, true or false, or a date; only where
    /// cells are text.
    pub(crate) first_number: Option<Example>,
    pub(crate) first_boolean: Option<Example>,
    pub(crate) first_date: Option<Example>,
    /// The dates in which day and month may be exchanged.
    pub(crate) slashed: SlashedDates,
    /// All other words.
    pub words: Words,
    /// How those words look to a person.
    pub(crate) odd: OddWords,
    /// The type of cells that cannot be used, such as lists.
    pub other: Option<String>,
    /// A hash that is equal for columns with the same cells in the same rows.
    pub fingerprint: u64,
}

/// The words of a column.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Words {
    /// The number of cells that are words.
    pub count: u64,
    /// How often each word occurs; empty if there are more words than the
    /// limit.
    pub levels: BTreeMap<String, u64>,
    /// Whether there are more different words than the limit.
    pub too_many: bool,
    /// The first of them.
    pub first: Option<Example>,
    /// Whether one of the first words occurs twice, so that the words do not
    /// identify rows.
    pub repeated: bool,
    /// Hashes of the first different words.
    seen: BTreeSet<u64>,
}

/// The number of missing values that a message names.
const EXAMPLES: usize = 3;

/// The number of different words that are remembered to tell an identifier from
/// levels.
const SEEN: usize = 1 << 14;

/// How to read the columns of a table.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Reading {
    pub names: Vec<String>,
    /// How many of the last names are columns that are read a second time, as
    /// categorical.
    pub num_second: usize,
    /// The columns whose numbers are words too.
    pub words_only: HashSet<String>,
    /// The columns whose stored levels are numbers too.
    pub numbers_only: HashSet<String>,
    /// The largest number of different words of a column.
    pub max_levels: usize,
}

impl TableProfile {
    /// Returns the profile of a table without rows.
    pub(crate) fn new(reading: &Reading) -> Self {
        let num_first = reading.names.len() - reading.num_second;
        let column = |(index, name): (usize, &String)| {
            let is_second = index >= num_first;
            ColumnProfile {
                words_only: is_second || reading.words_only.contains(name),
                numbers_only: !is_second && reading.numbers_only.contains(name),
                ..ColumnProfile::new(name)
            }
        };
        Self {
            num_rows: 0,
            columns: reading.names.iter().enumerate().map(column).collect(),
            format: TextFormat::default(),
        }
    }

    /// Adds the rows of a chunk, and returns the numbers of each column that
    /// were read for it.
    pub(crate) fn update(
        &mut self,
        chunk: &Chunk,
        max_levels: usize,
    ) -> Result<Vec<ReadNumbers>, DataError> {
        let num_rows = chunk.num_rows() as u64;
        self.num_rows += num_rows;
        self.format = chunk.cells.format().clone();
        let rows = chunk.first_row..chunk.first_row + num_rows;
        let context = Context {
            row_hashes: rows.map(mix).collect(),
            max_levels,
            cells: &chunk.cells,
            origin: &chunk.origin,
        };
        let mut numbers = Vec::new();
        for (column, array) in self.columns.iter_mut().zip(chunk.batch.columns()) {
            let values = if column.words_only {
                Values::words(array)?
            } else {
                Values::of(array)?
            };
            numbers.push(column.update(&values, &context));
        }
        Ok(numbers)
    }

    /// Ends a part of the table.
    pub(crate) fn settle(&mut self) {
        for column in &mut self.columns {
            column.summary.settle();
            column.slashed.settle();
        }
    }

    /// Adds the profile of later rows with the same columns. Both have been
    /// settled.
    pub(crate) fn merge(&mut self, later: Self, max_levels: usize) {
        self.num_rows += later.num_rows;
        self.format = later.format;
        for (column, later) in self.columns.iter_mut().zip(later.columns) {
            column.merge(later, max_levels);
        }
    }

    /// Finds the places of all examples.
    pub(crate) fn find_examples(&mut self) {
        self.columns
            .iter_mut()
            .for_each(ColumnProfile::find_examples);
    }
}

/// What the cells of a chunk have in common.
struct Context<'a> {
    row_hashes: Vec<u64>,
    max_levels: usize,
    cells: &'a CellReader,
    origin: &'a Arc<dyn Origin>,
}

impl Context<'_> {
    fn example(&self, row: usize, found: &str) -> Example {
        Example::new(self.origin, row, found)
    }
}

impl ColumnProfile {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            words_only: false,
            numbers_only: false,
            is_typed_levels: false,
            missing: 0,
            first_missing: Vec::new(),
            numbers: 0,
            summary: NumberSummary::default(),
            infinite: 0,
            first_infinite: None,
            infinite_words: BTreeMap::new(),
            booleans: 0,
            dates: 0,
            first_number: None,
            first_boolean: None,
            first_date: None,
            slashed: SlashedDates::default(),
            words: Words::default(),
            odd: OddWords::default(),
            other: None,
            fingerprint: 0,
        }
    }

    /// Adds the cells of a chunk.
    fn update(&mut self, values: &Values, context: &Context) -> ReadNumbers {
        let rows = context.row_hashes.len();
        let present = |column: &Self| column.numbers + column.booleans + column.dates;
        let known = |column: &Self| column.numbers + column.missing;
        let (present_before, known_before) = (present(self), known(self));
        let mut numbers = vec![f64::NAN; rows];
        match values {
            Values::Words(array) if !self.numbers_only => {
                self.is_typed_levels |= !self.words_only;
                for row in 0..rows {
                    let word = text(array, row).and_then(|text| context.cells.word(text));
                    self.take_word(word, row, context);
                }
            }
            Values::Text(array) | Values::Words(array) => {
                for row in 0..rows {
                    let text = text(array, row).unwrap_or_default();
                    self.take(text, row, context, &mut numbers);
                }
                self.find_firsts(array, &numbers, context);
                let summary = &self.summary;
                let earlier = || summary.clone();
                self.slashed
                    .measure(array, &numbers, context.cells, earlier);
            }
            Values::Numbers(array) => {
                for row in 0..rows {
                    let number = array.is_valid(row).then(|| array.value(row));
                    match number.filter(|number| !context.cells.is_missing_number(*number)) {
                        Some(number) => self.take_number(number, row, context, &mut numbers),
                        None => self.take_missing("", row, context),
                    }
                }
            }
            Values::Days(array) => {
                for row in 0..rows {
                    match array.is_valid(row).then(|| array.value(row)) {
                        Some(days) => {
                            self.take_number(days, row, context, &mut numbers);
                            self.numbers -= 1;
                            self.dates += 1;
                        }
                        None => self.take_missing("", row, context),
                    }
                }
            }
            Values::Booleans(array) => {
                for row in 0..rows {
                    match array.is_valid(row).then(|| array.value(row)) {
                        Some(value) => self.take_boolean(value, row, context, &mut numbers),
                        None => self.take_missing("", row, context),
                    }
                }
            }
            Values::Other(kind) => self.other = Some(kind.to_string()),
        }
        if present(self) - present_before == rows as u64 {
            self.summary.update(&numbers);
        } else {
            let present = numbers.iter().filter(|number| !number.is_nan());
            self.summary.update(&present.copied().collect::<Vec<f64>>());
        }
        (known(self) - known_before == rows as u64).then_some(numbers)
    }

    /// Counts words for infinite numbers as words if all other cells are words.
    pub(crate) fn settle_infinite_words(&mut self, max_levels: usize) {
        let words = self.infinite_words.values().sum::<u64>();
        let others = self.numbers + self.booleans + self.dates;
        if self.words.count == 0 || others > 0 || words < self.infinite {
            return;
        }
        for (word, count) in std::mem::take(&mut self.infinite_words) {
            self.words.add(&word, count, max_levels);
        }
        (self.infinite, self.first_infinite) = (0, None);
    }

    fn take(&mut self, text: &str, row: usize, context: &Context, numbers: &mut [f64]) {
        let cells = context.cells;
        match cells.parse(text) {
            Cell::Number(number) => {
                self.take_number(number, row, context, numbers);
                if number.is_infinite() && !text.contains(|c: char| c.is_ascii_digit()) {
                    let word = text.trim().to_string();
                    *self.infinite_words.entry(word).or_default() += 1;
                }
            }
            Cell::Missing => self.take_missing(text, row, context),
            Cell::Text(text) => {
                if let Some(value) = boolean(text) {
                    self.take_boolean(value, row, context, numbers);
                } else if let Some(date) = cells.date(text) {
                    let days = self.slashed.take(date, text, row, context.origin);
                    self.dates += 1;
                    self.mark(row, context, days.to_bits());
                    numbers[row] = days;
                } else {
                    self.odd.take(text, row, cells, context.origin);
                    self.take_word(Some(text), row, context);
                }
            }
        }
    }

    /// Finds the first cell of each kind.
    fn find_firsts(&mut self, array: &StringArray, numbers: &[f64], context: &Context) {
        let mut wanted = [
            self.numbers > 0 && self.first_number.is_none(),
            self.booleans > 0 && self.first_boolean.is_none(),
            self.dates > 0 && self.first_date.is_none(),
        ];
        for (row, number) in numbers.iter().enumerate() {
            if wanted == [false; 3] {
                return;
            }
            if number.is_nan() {
                continue;
            }
            let found = text(array, row).unwrap_or_default();
            let (index, first) = match context.cells.parse(found) {
                Cell::Number(_) => (0, &mut self.first_number),
                Cell::Text(word) if boolean(word).is_some() => (1, &mut self.first_boolean),
                _ => (2, &mut self.first_date),
            };
            if std::mem::take(&mut wanted[index]) {
                *first = Some(context.example(row, found.trim()));
            }
        }
    }

    fn take_number(&mut self, number: f64, row: usize, context: &Context, numbers: &mut [f64]) {
        if number.is_finite() {
            self.numbers += 1;
            // Positive and negative zero are the same number.
            self.mark(row, context, (number + 0.0).to_bits());
            numbers[row] = number;
        } else if number.is_nan() {
            self.take_missing("NaN", row, context);
        } else {
            self.infinite += 1;
            self.mark(row, context, number.to_bits());
            if self.first_infinite.is_none() {
                self.first_infinite = Some(context.example(row, &number.to_string()));
            }
        }
    }

    fn take_boolean(&mut self, value: bool, row: usize, context: &Context, numbers: &mut [f64]) {
        let number = f64::from(u8::from(value));
        self.booleans += 1;
        self.mark(row, context, number.to_bits());
        numbers[row] = number;
    }

    fn take_missing(&mut self, found: &str, row: usize, context: &Context) {
        self.missing += 1;
        self.mark(row, context, u64::MAX);
        if self.first_missing.len() < EXAMPLES {
            self.first_missing.push(context.example(row, found.trim()));
        }
    }

    fn take_word(&mut self, word: Option<&str>, row: usize, context: &Context) {
        let Some(word) = word else {
            return self.take_missing("", row, context);
        };
        let hash = hash(word);
        self.mark(row, context, hash);
        let words = &mut self.words;
        words.count += 1;
        if words.first.is_none() {
            words.first = Some(context.example(row, word));
        }
        words.see(hash);
        if !words.too_many {
            match words.levels.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    words.levels.insert(word.to_string(), 1);
                    words.limit(context.max_levels);
                }
            }
        }
    }

    fn mark(&mut self, row: usize, context: &Context, cell: u64) {
        // It is a sum, so that the order of the chunks does not matter.
        self.fingerprint = self
            .fingerprint
            .wrapping_add(mix(context.row_hashes[row] ^ cell));
    }

    fn merge(&mut self, later: Self, max_levels: usize) {
        self.slashed
            .merge(later.slashed, &self.summary, &later.summary);
        self.odd.merge(later.odd);
        keep_first(&mut self.first_number, later.first_number);
        keep_first(&mut self.first_boolean, later.first_boolean);
        keep_first(&mut self.first_date, later.first_date);
        self.missing += later.missing;
        let wanted = EXAMPLES - self.first_missing.len();
        let examples = later.first_missing.into_iter().take(wanted);
        self.first_missing.extend(examples);
        self.first_missing.iter_mut().for_each(Example::find);
        self.numbers += later.numbers;
        self.summary.merge(&later.summary);
        self.infinite += later.infinite;
        keep_first(&mut self.first_infinite, later.first_infinite);
        for (word, count) in later.infinite_words {
            *self.infinite_words.entry(word).or_default() += count;
        }
        self.is_typed_levels |= later.is_typed_levels;
        self.booleans += later.booleans;
        self.dates += later.dates;
        self.words.merge(later.words, max_levels);
        self.other = self.other.take().or(later.other);
        self.fingerprint = self.fingerprint.wrapping_add(later.fingerprint);
    }

    fn find_examples(&mut self) {
        let firsts = [
            &mut self.first_infinite,
            &mut self.first_number,
            &mut self.first_boolean,
            &mut self.first_date,
            &mut self.slashed.first_either,
            &mut self.slashed.first_day_first,
            &mut self.slashed.first_month_first,
            &mut self.words.first,
            &mut self.odd.first_number,
            &mut self.odd.first_gap,
            &mut self.odd.first_other,
        ];
        firsts.into_iter().flatten().for_each(Example::find);
        self.first_missing.iter_mut().for_each(Example::find);
    }
}

impl Words {
    /// Counts `count` more occurrences of a word.
    pub(crate) fn add(&mut self, word: &str, count: u64, max_levels: usize) {
        self.count += count;
        self.repeated |= count > 1;
        if !self.too_many {
            *self.levels.entry(word.to_string()).or_default() += count;
            self.limit(max_levels);
        }
    }

    fn see(&mut self, hash: u64) {
        if !self.repeated && self.seen.len() < SEEN {
            self.repeated = !self.seen.insert(hash);
        }
    }

    fn limit(&mut self, max_levels: usize) {
        if self.levels.len() > max_levels {
            self.too_many = true;
            self.levels.clear();
        }
    }

    fn merge(&mut self, later: Self, max_levels: usize) {
        keep_first(&mut self.first, later.first);
        self.count += later.count;
        self.repeated |= later.repeated;
        for hash in later.seen {
            self.see(hash);
        }
        self.too_many |= later.too_many;
        if self.too_many {
            self.levels.clear();
            return;
        }
        for (word, count) in later.levels {
            *self.levels.entry(word).or_default() += count;
        }
        self.limit(max_levels);
    }
}
