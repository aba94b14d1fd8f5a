use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Whether the day or the month comes first in dates such as `03/04/2024`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `31/12/2024`.
    DayFirst,
    /// `12/31/2024`.
    MonthFirst,
}

/// The date of a cell, in days since 1970-01-01 in UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Date {
    /// A date that can be read in one way only, such as `2024-02-29` or
    /// `29.2.2024`.
    Known(f64),
    /// A date in which day and month may be exchanged; an order that gives no
    /// date is None.
    Slashed {
        day_first: Option<f64>,
        month_first: Option<f64>,
    },
}

impl Date {
    /// Reads a date, with or without a time and a zone:
    ///
    /// - the year first (ISO 8601): `2024-02-29T12:30:00+01:00`, `2024/2/29`;
    /// - the year last: `29/02/2024`, `2-29-2024 9:30 PM`, `1/2/24`;
    /// - with points the day comes first: `29.02.2024`.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, rest) = digits(text)?;
        let separator = rest.chars().next()?;
        if !matches!(separator, '-' | '/' | '.') {
            return None;
        }
        let (second, rest) = digits(&rest[1..])?;
        let (third, rest) = digits(rest.strip_prefix(separator)?)?;
        let short = |text: &str| matches!(text.len(), 1 | 2);
        let seconds = time(rest)?;
        let days = |year: i32, month: &str, day: &str| {
            let date = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)?;
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            // Microseconds are whole numbers, so only the division rounds.
            let microseconds = days as f64 * 86_400e6 + (seconds * 1e6).round();
            Some(microseconds / 86_400e6)
        };
        if first.len() == 4 && short(second) && short(third) {
            return days(year(first)?, second, third).map(Self::Known);
        }
        let has_year = third.len() == 4 || (third.len() == 2 && separator == '/');
        if !(short(first) && short(second) && has_year) {
            return None;
        }
        let year = year(third)?;
        let day_first = days(year, second, first);
        let month_first = days(year, first, second);
        if separator == '.' || day_first == month_first {
            return day_first.map(Self::Known);
        }
        Some(Self::Slashed {
            day_first,
            month_first,
        })
    }

    /// Returns the days if the date has this order; None if it cannot, or if it
    /// needs an order and none is given.
    pub fn days(self, order: Option<DateOrder>) -> Option<f64> {
        match (self, order) {
            (Self::Known(days), _) => Some(days),
            (Self::Slashed { day_first, .. }, Some(DateOrder::DayFirst)) => day_first,
            (Self::Slashed { month_first, .. }, Some(DateOrder::MonthFirst)) => month_first,
            (Self::Slashed { .. }, None) => None,
        }
    }
}

/// Splits a text into the digits at its beginning and the rest.
fn digits(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    (length > 0).then(|| text.split_at(length))
}

/// Reads a year of four digits, or of two: then the one from 1969 to 2068, as
/// in POSIX.
fn year(digits: &str) -> Option<i32> {
    let year: i32 = digits.parse().ok()?;
    Some(match (digits.len(), year) {
        (2, 69..) => 1900 + year,
        (2, _) => 2000 + year,
        _ => year,
    })
}

/// Reads the time after a date as seconds after midnight in UTC; 0 for an empty
/// text.
fn time(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let text = text.strip_prefix(['T', 't', ' '])?.trim_start();
    let (hour, minute, second, rest) = match digits(text)? {
        (all, rest) if all.len() == 6 => (&all[..2], &all[2..4], &all[4..], rest),
        (hour, rest) if hour.len() <= 2 => {
            let (minute, rest) = digits(rest.strip_prefix(':')?)?;
            let (second, rest) = match rest.strip_prefix(':') {
                Some(rest) => digits(rest)?,
                None => ("00", rest),
            };
            (hour, minute, second, rest)
        }
        _ => return None,
    };
    if minute.len() != 2 || second.len() != 2 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest)?,
        None => ("0", rest),
    };
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    let number = |digits: &str| digits.parse::<u32>().ok();
    let (mut hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    let mut rest = rest.trim_start();
    for (half, hours) in [("am", 0), ("pm", 12)] {
        let word = rest.get(..2);
        if word.is_some_and(|word| word.eq_ignore_ascii_case(half)) {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + hours;
            rest = rest[2..].trim_start();
            break;
        }
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(f64::from(hour * 3600 + minute * 60 + second) + fraction - zone(rest)?)
}

/// Reads a time zone such as `Z`, `+01:00` or `-08` as the seconds that it is
/// ahead of UTC.
fn zone(text: &str) -> Option<f64> {
    if ["", "z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(0.0);
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let (all, rest) = digits(text.strip_prefix(['+', '-'])?)?;
    let (hours, minutes) = match (all.len(), rest) {
        (2, "") => (all, "00"),
        (4, "") => all.split_at(2),
        (2, rest) => (all, digits(rest.strip_prefix(':')?)?.0),
        _ => return None,
    };
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let is_whole = rest.is_empty() || rest.len() == 3;
    (is_whole && hours < 24 && minutes < 60).then(|| sign * f64::from(hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Option<f64> {
        match Date::parse(text) {
            Some(Date::Known(days)) => Some(days),
            _ => None,
        }
    }

    #[test]
    fn counts_days_from_1970() {
        // Python 3.13: datetime.fromisoformat(text).timestamp() / 86400.
        for (text, days) in [
            ("1970-01-02", 1.0),
            ("1969-12-31T12:00:00", -0.5),
            ("2024-02-29 06:00:00Z", 19782.25),
            ("2024-02-29T06:00", 19782.25),
            ("2024-02-29T07:00+01:00", 19782.25),
            ("2024-02-28 22:00:00-0800", 19782.25),
            ("2024-02-29 060000 UTC", 19782.25),
            ("2024-02-29 06:00:00.000000+00", 19782.25),
            ("2024/2/29 6:00 am", 19782.25),
            ("29.2.2024 06:00", 19782.25),
            ("05/05/2024", 19848.0),
            ("1970-01-01 00:00:00.5", 0.5 / 86_400.0),
        ] {
            assert_eq!(known(text), Some(days), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2024-02-30",
            "24-02-01",
            "2024",
            "1234-Bonn",
            "13/13/2024",
            "31.4.2024",
            "1.2.3",
            "2024-02-29x",
            "2024-02-29T25:00",
            "2024-02-29 13:00 PM",
            "2024-02-29 6:00 +1",
            "2024-02-29 06:00+01:00x",
            "1/2",
            "10-20",
            "555-1234",
            "1/2-2024",
            "192.168.1.1",
            "2024-02-29 é",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_above_12_shows_the_order() {
        let of = |text: &str| {
            let date = Date::parse(text).unwrap();
            (
                date.days(Some(DateOrder::DayFirst)),
                date.days(Some(DateOrder::MonthFirst)),
                date.days(None),
            )
        };
        assert_eq!(of("31/12/2023"), (Some(19722.0), None, None));
        assert_eq!(of("12-31-2023"), (None, Some(19722.0), None));
        assert_eq!(of("2/1/1970"), (Some(1.0), Some(31.0), None));
        assert_eq!(of("2/1/70 12:00 PM"), (Some(1.5), Some(31.5), None));
        assert_eq!(of("1970-01-02"), (Some(1.0), Some(1.0), Some(1.0)));
    }
}
