use super::Kind;
use crate::DataError;
use crate::date::DateOrder;
use crate::error::{cell, quote};
use crate::lookalike::{as_missing, is_symbol_for_gap};
use crate::profile::{ColumnProfile, Example, OddWords};
use crate::text_format::CellReader;

/// A cell that is of another kind than the rest of its column.
pub(super) struct Odd {
    pub place: String,
    /// What was found, what was expected, and a remedy.
    pub problem: String,
}

impl Odd {
    fn new(example: &Example, problem: String) -> Self {
        Self {
            place: example.place.clone(),
            problem: format!("found {}, {problem}", cell(&example.found)),
        }
    }

    /// Returns it as the error for a column that the user says is numeric.
    pub fn error(self, column: &str) -> DataError {
        DataError::Row {
            place: format!("{}, column {}", self.place, quote(column)),
            problem: self.problem,
        }
    }

    /// Returns it as the reason why a column is [`Kind::Mixed`].
    pub fn kind(&self) -> (Kind, String) {
        (Kind::Mixed, format!("{}: {}", self.place, self.problem))
    }
}

/// A kind of cell: how many there are, what they are called, and the first one.
type Found<'a> = (u64, &'static str, Option<&'a Example>);

/// Returns the cell that keeps a column from being of one kind: the first cell
/// of the rarest kind.
///
/// Numbers that are not written in the table's format still look like numbers
/// to a person: where they and the other numbers are at least as many as the
/// words, the column is one of numbers, and the odd cell is the first of them.
pub(super) fn odd_one_out(profile: &ColumnProfile, cells: &CellReader) -> Option<Odd> {
    let (words, odd) = (&profile.words, &profile.odd);
    let numbers = profile.numbers + odd.numbers;
    let true_words = words.count.saturating_sub(odd.numbers + odd.gaps);
    if let Some(first) = &odd.first_number
        && numbers >= true_words.max(profile.booleans).max(profile.dates)
    {
        let mut problem = format!(
            "where a number is written as in 1234.5; {}",
            odd.writings.remedy(&first.found, cells)
        );
        if let Some(gap) = &odd.first_gap {
            problem += &format!("; {}", as_missing(&gap.found));
        }
        return Some(Odd::new(first, problem));
    }
    let word = odd.first_other.as_ref().or(words.first.as_ref());
    let word = odd
        .first_gap
        .as_ref()
        .filter(|_| odd.gaps == words.count)
        .or(word);
    let kinds: [Found; 4] = [
        (words.count, "words", word),
        (
            profile.booleans,
            "true or false",
            profile.first_boolean.as_ref(),
        ),
        (profile.dates, "dates", profile.first_date.as_ref()),
        (
            profile.numbers + profile.infinite,
            "numbers",
            profile
                .first_number
                .as_ref()
                .or(profile.first_infinite.as_ref()),
        ),
    ];
    let there = || kinds.iter().filter(|(count, ..)| *count > 0);
    let has_only_numbers = words.count + profile.dates == 0;
    if there().count() < 2 || has_only_numbers {
        return None;
    }
    // Where kinds are equally many, the first is the rarest and the last the
    // most common.
    let (_, rarest, example) = there().min_by_key(|(count, ..)| *count)?;
    let (most, others, _) = there().max_by_key(|(count, ..)| *count)?;
    let total: u64 = there().map(|(count, ..)| *count).sum();
    let mut problem = format!("where {most} of {total} cells are {others}");
    let example = (*example)?;
    if *rarest == "words" && *others == "numbers" {
        problem += &format!("; {}", as_missing(&example.found));
    }
    if example.found.starts_with('#') && odd.gaps == 0 {
        problem += "; --comment '#' passes over lines that begin with it";
    }
    Some(Odd::new(example, problem))
}

/// Returns the cell that keeps a column from being numeric, as the user says it
/// is; `word` is its first word.
pub(super) fn no_number(profile: &ColumnProfile, word: &Example, cells: &CellReader) -> Odd {
    let (example, remedy) = match &profile.odd.first_number {
        Some(number) => (number, profile.odd.writings.remedy(&number.found, cells)),
        None => (word, as_missing(&word.found)),
    };
    Odd::new(example, format!("expected a number; {remedy}"))
}

/// What the dates of a column show about the order of day and month.
pub(super) enum Order {
    /// The cells show the order; None if every date can be read in one way
    /// only.
    Known(Option<DateOrder>),
    /// Some dates can be read in both orders, and no date shows which is meant.
    Unknown(Odd),
    /// Some dates can only have one order, and others only the other.
    Both(Odd),
}

impl Order {
    pub fn of(profile: &ColumnProfile) -> Self {
        let dates = &profile.slashed;
        match (&dates.first_day_first, &dates.first_month_first) {
            (Some(day), Some(month)) => Self::Both(Odd::new(
                month,
                format!(
                    "where the month comes first, and {} at {}, where the day does; write all dates in one way",
                    cell(&day.found),
                    day.place
                ),
            )),
            (Some(_), None) => Self::Known(Some(DateOrder::DayFirst)),
            (None, Some(_)) => Self::Known(Some(DateOrder::MonthFirst)),
            (None, None) => match &dates.first_either {
                None => Self::Known(None),
                Some(either) => Self::Unknown(Odd::new(
                    either,
                    "and no date of the column shows whether the day or the month comes first; say it with --dates day-first or --dates month-first".to_string(),
                )),
            },
        }
    }
}

/// Returns a word that may stand for missing values, whatever the other words
/// are.
pub(super) fn gap(words: &OddWords) -> Option<String> {
    let found = words.first_gap.as_ref().map(|gap| gap.found.clone());
    found.filter(|found| is_symbol_for_gap(found))
}
