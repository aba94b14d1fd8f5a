use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array, StringArray};
use serde::{Deserialize, Serialize};

use super::example::keep_first;
use super::{Example, OddWords, SlashedDates, Words};
use crate::cell::{Cell, boolean};
use crate::number_summary::NumberSummary;
use crate::random::{hash, mix};
use crate::source::Origin;
use crate::text_format::CellReader;
use crate::values::{ReadNumbers, Values, text};

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

/// The number of missing values that a message names.
const EXAMPLES: usize = 3;

/// What the cells of a chunk have in common.
pub(super) struct Context<'a> {
    pub row_hashes: Vec<u64>,
    pub max_levels: usize,
    pub cells: &'a CellReader,
    pub origin: &'a Arc<dyn Origin>,
}

impl Context<'_> {
    fn example(&self, row: usize, found: &str) -> Example {
        Example::new(self.origin, row, found)
    }
}

impl ColumnProfile {
    pub(super) fn new(name: &str) -> Self {
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
    pub(super) fn update(&mut self, values: &Values, context: &Context) -> ReadNumbers {
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
        self.words.take(word, hash, context.max_levels, || {
            context.example(row, word)
        });
    }

    fn mark(&mut self, row: usize, context: &Context, cell: u64) {
        // It is a sum, so that the order of the chunks does not matter.
        self.fingerprint = self
            .fingerprint
            .wrapping_add(mix(context.row_hashes[row] ^ cell));
    }

    pub(super) fn merge(&mut self, later: Self, max_levels: usize) {
        self.slashed
            .merge(later.slashed, &self.summary, &later.summary);
        self.odd.merge(later.odd);
        keep_first(&mut self.first_number, later.first_number);
        keep_first(&mut self.first_boolean, later.first_boolean);
        keep_first(&mut self.first_date, later.first_date);
        self.missing += later.missing;
        let wanted = EXAMPLES.saturating_sub(self.first_missing.len());
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

    pub(super) fn find_examples(&mut self) {
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
