mod dates;
mod odd_words;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow_array::{Array, StringArray};
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, boolean};
use crate::random::mix;
use crate::source::Origin;
use crate::text_format::{CellReader, TextFormat};
use crate::values::{ReadNumbers, Values, text};
use crate::{Chunk, DataError, Moments, Place};
pub(crate) use dates::{DateSpread, SlashedDates};
pub(crate) use odd_words::OddWords;

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
    /// The mean and spread of the numbers; of days since 1970-01-01 for dates,
    /// and of 0 and 1 for booleans.
    pub moments: Moments,
    /// The smallest of them; infinite if there are none.
    #[serde(with = "infinite_as_text")]
    pub min: f64,
    /// The largest of them; minus infinity if there are none.
    #[serde(with = "infinite_as_text")]
    pub max: f64,
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

/// An example of a cell, for messages.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Example {
    /// The place of the cell. It is empty while only the row in its chunk is
    /// known: most examples are dropped when chunks merge, and finding a line
    /// takes time.
    pub place: Place,
    /// The text of the cell, at most 100 characters.
    pub found: String,
    #[serde(skip)]
    row: usize,
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
#[derive(Clone, Debug, Default)]
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

    /// Returns the profile of a chunk, and the numbers of each column that were
    /// read for it.
    pub(crate) fn of(
        chunk: &Chunk,
        reading: &Reading,
    ) -> Result<(Self, Vec<ReadNumbers>), DataError> {
        let mut profile = Self::new(reading);
        profile.num_rows = chunk.num_rows() as u64;
        profile.format = chunk.cells.format().clone();
        let rows = chunk.first_row..chunk.first_row + profile.num_rows;
        let row_hashes: Vec<u64> = rows.map(mix).collect();
        let mut numbers = Vec::new();
        for (column, array) in profile.columns.iter_mut().zip(chunk.batch.columns()) {
            let values = if column.words_only {
                Values::words(array)?
            } else {
                Values::of(array)?
            };
            numbers.push(column.update(&values, &row_hashes, reading.max_levels, &chunk.cells));
        }
        Ok((profile, numbers))
    }

    /// Adds the profile of later rows with the same columns. `origin` is that
    /// of their chunk; None for a whole table.
    pub(crate) fn merge(&mut self, later: Self, max_levels: usize, origin: Option<&dyn Origin>) {
        self.num_rows += later.num_rows;
        self.format = later.format;
        for (column, later) in self.columns.iter_mut().zip(later.columns) {
            column.merge(later, max_levels, origin);
        }
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
            moments: Moments::new(1),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
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

    /// Fills a new profile from the cells of a chunk.
    fn update(
        &mut self,
        values: &Values,
        row_hashes: &[u64],
        max_levels: usize,
        cells: &CellReader,
    ) -> ReadNumbers {
        let rows = row_hashes.len();
        let mut numbers = vec![f64::NAN; rows];
        match values {
            Values::Words(array) if !self.numbers_only => {
                self.is_typed_levels |= !self.words_only;
                for row in 0..rows {
                    let word = text(array, row).and_then(|text| cells.word(text));
                    self.take_word(word, row, row_hashes, max_levels);
                }
            }
            Values::Text(array) | Values::Words(array) => {
                for row in 0..rows {
                    let text = text(array, row).unwrap_or_default();
                    self.take(text, row, row_hashes, max_levels, cells, &mut numbers);
                }
                self.find_firsts(array, &numbers, cells);
                self.slashed.measure(array, rows, cells);
            }
            Values::Numbers(array) => {
                for row in 0..rows {
                    let number = array.is_valid(row).then(|| array.value(row));
                    match number.filter(|number| !cells.is_missing_number(*number)) {
                        Some(number) => self.take_number(number, row, row_hashes, &mut numbers),
                        None => self.take_missing("", row, row_hashes),
                    }
                }
            }
            Values::Days(array) => {
                for row in 0..rows {
                    match array.is_valid(row).then(|| array.value(row)) {
                        Some(days) => {
                            self.take_number(days, row, row_hashes, &mut numbers);
                            self.numbers -= 1;
                            self.dates += 1;
                        }
                        None => self.take_missing("", row, row_hashes),
                    }
                }
            }
            Values::Booleans(array) => {
                for row in 0..rows {
                    match array.is_valid(row).then(|| array.value(row)) {
                        Some(value) => self.take_boolean(value, row, row_hashes, &mut numbers),
                        None => self.take_missing("", row, row_hashes),
                    }
                }
            }
            Values::Other(kind) => self.other = Some(kind.to_string()),
        }
        let present = self.numbers + self.booleans + self.dates;
        match present == rows as u64 {
            true => self.measure(&numbers),
            false => {
                let present = numbers.iter().filter(|number| !number.is_nan());
                self.measure(&present.copied().collect::<Vec<f64>>());
            }
        }
        (self.numbers + self.missing == rows as u64).then_some(numbers)
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

    fn measure(&mut self, numbers: &[f64]) {
        for number in numbers {
            // No number is NaN, which `f64::min` would take time to check for.
            self.min = if *number < self.min {
                *number
            } else {
                self.min
            };
            self.max = if *number > self.max {
                *number
            } else {
                self.max
            };
        }
        self.moments.update(numbers);
    }

    fn take(
        &mut self,
        text: &str,
        row: usize,
        row_hashes: &[u64],
        max_levels: usize,
        cells: &CellReader,
        numbers: &mut [f64],
    ) {
        match cells.parse(text) {
            Cell::Number(number) => {
                self.take_number(number, row, row_hashes, numbers);
                if number.is_infinite() && !text.contains(|c: char| c.is_ascii_digit()) {
                    let word = text.trim().to_string();
                    *self.infinite_words.entry(word).or_default() += 1;
                }
            }
            Cell::Missing => self.take_missing(text, row, row_hashes),
            Cell::Text(text) => {
                if let Some(value) = boolean(text) {
                    self.take_boolean(value, row, row_hashes, numbers);
                } else if let Some(date) = cells.date(text) {
                    let days = self.slashed.take(date, text, row);
                    self.dates += 1;
                    self.mark(row, row_hashes, days.to_bits());
                    numbers[row] = days;
                } else {
                    self.odd.take(text, row, cells);
                    self.take_word(Some(text), row, row_hashes, max_levels);
                }
            }
        }
    }

    /// Finds the first cell of each kind.
    fn find_firsts(&mut self, array: &StringArray, numbers: &[f64], cells: &CellReader) {
        let mut wanted = [self.numbers > 0, self.booleans > 0, self.dates > 0];
        for (row, number) in numbers.iter().enumerate() {
            if wanted == [false; 3] {
                return;
            }
            if number.is_nan() {
                continue;
            }
            let found = text(array, row).unwrap_or_default();
            let (index, first) = match cells.parse(found) {
                Cell::Number(_) => (0, &mut self.first_number),
                Cell::Text(word) if boolean(word).is_some() => (1, &mut self.first_boolean),
                _ => (2, &mut self.first_date),
            };
            if std::mem::take(&mut wanted[index]) {
                *first = Some(Example::new(row, found.trim()));
            }
        }
    }

    fn take_number(&mut self, number: f64, row: usize, row_hashes: &[u64], numbers: &mut [f64]) {
        if number.is_finite() {
            self.numbers += 1;
            // Positive and negative zero are the same number.
            self.mark(row, row_hashes, (number + 0.0).to_bits());
            numbers[row] = number;
        } else if number.is_nan() {
            self.take_missing("NaN", row, row_hashes);
        } else {
            self.infinite += 1;
            self.mark(row, row_hashes, number.to_bits());
            if self.first_infinite.is_none() {
                self.first_infinite = Some(Example::new(row, &number.to_string()));
            }
        }
    }

    fn take_boolean(&mut self, value: bool, row: usize, row_hashes: &[u64], numbers: &mut [f64]) {
        let number = f64::from(u8::from(value));
        self.booleans += 1;
        self.mark(row, row_hashes, number.to_bits());
        numbers[row] = number;
    }

    fn take_missing(&mut self, found: &str, row: usize, row_hashes: &[u64]) {
        self.missing += 1;
        self.mark(row, row_hashes, u64::MAX);
        if self.first_missing.len() < EXAMPLES {
            self.first_missing.push(Example::new(row, found.trim()));
        }
    }

    fn take_word(&mut self, word: Option<&str>, row: usize, row_hashes: &[u64], max_levels: usize) {
        let Some(word) = word else {
            return self.take_missing("", row, row_hashes);
        };
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        let hash = hasher.finish();
        self.mark(row, row_hashes, hash);
        let words = &mut self.words;
        words.count += 1;
        if words.first.is_none() {
            words.first = Some(Example::new(row, word));
        }
        words.see(hash);
        if !words.too_many {
            match words.levels.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    words.levels.insert(word.to_string(), 1);
                    words.limit(max_levels);
                }
            }
        }
    }

    fn mark(&mut self, row: usize, row_hashes: &[u64], cell: u64) {
        // It is a sum, so that the order of the chunks does not matter.
        self.fingerprint = self.fingerprint.wrapping_add(mix(row_hashes[row] ^ cell));
    }

    fn merge(&mut self, later: Self, max_levels: usize, origin: Option<&dyn Origin>) {
        self.slashed.merge(
            later.slashed,
            || DateSpread::new(&self.moments, self.min, self.max),
            || DateSpread::new(&later.moments, later.min, later.max),
            origin,
        );
        self.odd.merge(later.odd, origin);
        keep_first(&mut self.first_number, later.first_number, origin);
        keep_first(&mut self.first_boolean, later.first_boolean, origin);
        keep_first(&mut self.first_date, later.first_date, origin);
        self.missing += later.missing;
        let wanted = EXAMPLES - self.first_missing.len();
        let examples = later.first_missing.into_iter().take(wanted);
        self.first_missing
            .extend(examples.map(|example| example.placed(origin)));
        self.numbers += later.numbers;
        self.moments.merge(&later.moments);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.infinite += later.infinite;
        keep_first(&mut self.first_infinite, later.first_infinite, origin);
        for (word, count) in later.infinite_words {
            *self.infinite_words.entry(word).or_default() += count;
        }
        self.is_typed_levels |= later.is_typed_levels;
        self.booleans += later.booleans;
        self.dates += later.dates;
        keep_first(&mut self.words.first, later.words.first.clone(), origin);
        self.words.merge(later.words, max_levels);
        self.other = self.other.take().or(later.other);
        self.fingerprint = self.fingerprint.wrapping_add(later.fingerprint);
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

impl Example {
    fn new(row: usize, found: &str) -> Self {
        Self {
            place: Place::default(),
            found: found.chars().take(100).collect(),
            row,
        }
    }

    fn placed(mut self, origin: Option<&dyn Origin>) -> Self {
        if let Some(origin) = origin {
            self.place = origin.place(std::mem::take(&mut self.row));
        }
        self
    }
}

fn keep_first(first: &mut Option<Example>, later: Option<Example>, origin: Option<&dyn Origin>) {
    if first.is_none() {
        *first = later.map(|example| example.placed(origin));
    }
}

/// JSON has no infinite numbers, so they are stored as null.
mod infinite_as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        number.is_finite().then_some(*number).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        // There were no numbers. A merge ignores NaN, as `f64::min` and
        // `f64::max` do.
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}
