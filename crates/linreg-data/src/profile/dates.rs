use std::sync::Arc;

use arrow_array::StringArray;
use serde::{Deserialize, Serialize};

use super::Example;
use super::example::keep_first;
use crate::cell::{Cell, boolean};
use crate::date::{Date, DateOrder};
use crate::number_summary::NumberSummary;
use crate::source::Origin;
use crate::text_format::CellReader;
use crate::values::text;

/// The dates of a column in which day and month may be exchanged.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct SlashedDates {
    /// The first date that can be read in both orders.
    pub first_either: Option<Example>,
    /// The first date that can only be read with the day first.
    pub first_day_first: Option<Example>,
    /// The first date that can only be read with the month first.
    pub first_month_first: Option<Example>,
    /// The numbers of the column if the month comes first; only where a date can
    /// be read so.
    pub month_first: Option<Box<NumberSummary>>,
}

impl SlashedDates {
    /// Takes a date and returns its days; the day comes first where that gives
    /// a date.
    pub fn take(&mut self, date: Date, found: &str, row: usize, origin: &Arc<dyn Origin>) -> f64 {
        let (days, first) = match date {
            Date::Known(days) => return days,
            Date::Slashed {
                day_first: Some(days),
                month_first: Some(_),
            } => (days, &mut self.first_either),
            Date::Slashed {
                day_first: Some(days),
                ..
            } => (days, &mut self.first_day_first),
            Date::Slashed { month_first, .. } => {
                (month_first.unwrap_or(f64::NAN), &mut self.first_month_first)
            }
        };
        if first.is_none() {
            *first = Some(Example::new(origin, row, found));
        }
        days
    }

    fn is_empty(&self) -> bool {
        let firsts = [
            &self.first_either,
            &self.first_day_first,
            &self.first_month_first,
        ];
        firsts.into_iter().all(Option::is_none)
    }

    /// Adds the numbers of a chunk to those that they are if the month comes
    /// first, where some date can be read so. `numbers` has NaN for cells that
    /// are none; `earlier` gives the numbers of the part before the chunk.
    pub fn measure(
        &mut self,
        array: &StringArray,
        numbers: &[f64],
        cells: &CellReader,
        earlier: impl FnOnce() -> NumberSummary,
    ) {
        if self.is_empty() {
            return;
        }
        let month_first = |(row, number): (usize, &f64)| {
            let found = text(array, row).unwrap_or_default();
            match cells.parse(found) {
                Cell::Text(word) if boolean(word).is_none() => {
                    cells.date(word)?.days(Some(DateOrder::MonthFirst))
                }
                _ => Some(*number),
            }
        };
        let present = numbers.iter().enumerate();
        let present = present.filter(|(_, number)| !number.is_nan());
        let numbers: Vec<f64> = present.filter_map(month_first).collect();
        let all = self.month_first.get_or_insert_with(|| Box::new(earlier()));
        all.update(&numbers);
    }

    pub fn settle(&mut self) {
        self.month_first.iter_mut().for_each(|all| all.settle());
    }

    /// Adds later rows. `earlier` and `of_later` are the numbers on each side
    /// where no date can be read in two orders.
    pub fn merge(&mut self, later: Self, earlier: &NumberSummary, of_later: &NumberSummary) {
        if self.month_first.is_some() || later.month_first.is_some() {
            let all = self
                .month_first
                .get_or_insert_with(|| Box::new(earlier.clone()));
            all.merge(later.month_first.as_deref().unwrap_or(of_later));
        }
        keep_first(&mut self.first_either, later.first_either);
        keep_first(&mut self.first_day_first, later.first_day_first);
        keep_first(&mut self.first_month_first, later.first_month_first);
    }
}
