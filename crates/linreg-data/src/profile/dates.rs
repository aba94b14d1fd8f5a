use arrow_array::StringArray;
use serde::{Deserialize, Serialize};

use super::{Example, infinite_as_text, keep_first};
use crate::Moments;
use crate::date::{Date, DateOrder};
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
    /// The spread of all dates if the month comes first; only where some can be
    /// read so.
    pub month_first: Option<Box<DateSpread>>,
}

/// The mean, spread and range of dates, in days since 1970-01-01.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct DateSpread {
    pub moments: Moments,
    #[serde(with = "infinite_as_text")]
    pub min: f64,
    #[serde(with = "infinite_as_text")]
    pub max: f64,
}

impl DateSpread {
    pub fn new(moments: &Moments, min: f64, max: f64) -> Self {
        Self {
            moments: moments.clone(),
            min,
            max,
        }
    }
}

impl SlashedDates {
    /// Takes a date and returns its days; the day comes first where that gives
    /// a date.
    pub fn take(&mut self, date: Date, found: &str, row: usize) -> f64 {
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
            *first = Some(Example::new(row, found));
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

    /// Computes the spread of the dates of a chunk if the month comes first.
    pub fn measure(&mut self, array: &StringArray, rows: usize, cells: &CellReader) {
        if self.is_empty() {
            return;
        }
        let dates = (0..rows).filter_map(|row| cells.date(text(array, row)?.trim()));
        let days: Vec<f64> = dates
            .filter_map(|date| date.days(Some(DateOrder::MonthFirst)))
            .collect();
        let mut moments = Moments::new(1);
        moments.update(&days);
        self.month_first = Some(Box::new(DateSpread {
            moments,
            min: days.iter().copied().fold(f64::INFINITY, f64::min),
            max: days.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }));
    }

    /// Adds later rows. `earlier` and `of_later` give the spread of the dates
    /// on each side where no date can be read in two orders.
    pub fn merge(
        &mut self,
        later: Self,
        earlier: impl Fn() -> DateSpread,
        of_later: impl Fn() -> DateSpread,
        origin: Option<&dyn Origin>,
    ) {
        if self.month_first.is_some() || later.month_first.is_some() {
            let mut all = self.month_first.take().map_or_else(earlier, |all| *all);
            let later = later.month_first.map_or_else(of_later, |later| *later);
            all.moments.merge(&later.moments);
            all.min = all.min.min(later.min);
            all.max = all.max.max(later.max);
            self.month_first = Some(Box::new(all));
        }
        keep_first(&mut self.first_either, later.first_either, origin);
        keep_first(&mut self.first_day_first, later.first_day_first, origin);
        keep_first(&mut self.first_month_first, later.first_month_first, origin);
    }
}
