use crate::date::DateOrder;
use crate::lookalike::is_symbol_for_gap;
use crate::profile::{ColumnProfile, Example, OddWords};
use crate::text_format::CellReader;
use crate::{CellKind, DataError, OddCell, Oddity, Remedy};

impl OddCell {
    fn new(example: &Example, oddity: Oddity) -> Self {
        Self {
            place: example.place.clone(),
            found: example.found.clone(),
            oddity,
            remedies: Vec::new(),
        }
    }

    fn with(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    /// Returns it as the error for a column that the user says is numeric.
    pub(super) fn in_column(self, column: &str) -> DataError {
        DataError::OddCell {
            column: column.to_string(),
            cell: Box::new(self),
        }
    }
}

/// A kind of cell: how many there are, which it is, and the first one.
type Found<'a> = (u64, CellKind, Option<&'a Example>);

/// Returns the cell that keeps a column from being of one kind: the first cell
/// of the rarest kind.
///
/// Numbers that are not written in the table's format still look like numbers
/// to a person: where they and the other numbers are at least as many as the
/// words, the column is one of numbers, and the odd cell is the first of them.
pub(super) fn odd_one_out(profile: &ColumnProfile, cells: &CellReader) -> Option<OddCell> {
    let (words, odd) = (&profile.words, &profile.odd);
    let numbers = profile.numbers + odd.numbers;
    let true_words = words.count.saturating_sub(odd.numbers + odd.gaps);
    if let Some(first) = &odd.first_number
        && numbers >= true_words.max(profile.booleans).max(profile.dates)
    {
        let gap = odd.first_gap.as_ref();
        let remedies = [
            Some(odd.writings.remedy(&first.found, cells)),
            gap.map(|gap| Remedy::Missing(gap.found.clone())),
        ];
        let odd = OddCell::new(first, Oddity::NumberFormat);
        return Some(odd.with(remedies.into_iter().flatten()));
    }
    let word = odd.first_other.as_ref().or(words.first.as_ref());
    let word = odd
        .first_gap
        .as_ref()
        .filter(|_| odd.gaps == words.count)
        .or(word);
    let kinds: [Found; 4] = [
        (words.count, CellKind::Word, word),
        (
            profile.booleans,
            CellKind::Boolean,
            profile.first_boolean.as_ref(),
        ),
        (profile.dates, CellKind::Date, profile.first_date.as_ref()),
        (
            profile.numbers + profile.infinite,
            CellKind::Number,
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
    let (most, kind, _) = there().max_by_key(|(count, ..)| *count)?;
    let minority = Oddity::Minority {
        most: *most,
        total: there().map(|(count, ..)| *count).sum(),
        kind: *kind,
    };
    let found = &(*example)?.found;
    let may_be_missing = (*rarest, *kind) == (CellKind::Word, CellKind::Number);
    let may_be_comment = found.starts_with('#') && odd.gaps == 0;
    let remedies = [
        may_be_missing.then(|| Remedy::Missing(found.clone())),
        may_be_comment.then_some(Remedy::Comment('#')),
    ];
    let odd = OddCell::new((*example)?, minority);
    Some(odd.with(remedies.into_iter().flatten()))
}

/// Returns the cell that keeps a column from being numeric, as the user says it
/// is; `word` is its first word.
pub(super) fn no_number(profile: &ColumnProfile, word: &Example, cells: &CellReader) -> OddCell {
    let (example, remedy) = match &profile.odd.first_number {
        Some(number) => (number, profile.odd.writings.remedy(&number.found, cells)),
        None => (word, Remedy::Missing(word.found.clone())),
    };
    OddCell::new(example, Oddity::NoNumber).with([remedy])
}

/// What the dates of a column show about the order of day and month.
pub(super) enum Order {
    /// The cells show the order; None if every date can be read in one way
    /// only.
    Known(Option<DateOrder>),
    /// Some dates can be read in both orders, and no date shows which is meant.
    Unknown(OddCell),
    /// Some dates can only have one order, and others only the other.
    Both(OddCell),
}

impl Order {
    pub fn of(profile: &ColumnProfile) -> Self {
        let dates = &profile.slashed;
        match (&dates.first_day_first, &dates.first_month_first) {
            (Some(day), Some(month)) => {
                let (day_first, at) = (day.found.clone(), day.place.clone());
                Self::Both(OddCell::new(month, Oddity::MonthFirst { day_first, at }))
            }
            (Some(_), None) => Self::Known(Some(DateOrder::DayFirst)),
            (None, Some(_)) => Self::Known(Some(DateOrder::MonthFirst)),
            (None, None) => match &dates.first_either {
                None => Self::Known(None),
                Some(either) => {
                    let odd = OddCell::new(either, Oddity::UnknownOrder);
                    Self::Unknown(odd.with([Remedy::DateOrder]))
                }
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
