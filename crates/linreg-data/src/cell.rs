use arrow_cast::parse::string_to_datetime;
use chrono::Utc;

use crate::decimal::plain_decimal;

/// What a text in a table stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Nothing, or a word for it.
    Missing,
    /// A number, which may be infinite.
    Number(f64),
    /// Anything else, without the spaces around it.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// Reads a cell; `1e999` and `inf` are infinite numbers.
    pub fn parse(text: &'a str) -> Self {
        // Most cells are numbers as they are.
        if let Some(number) = plain_decimal(text) {
            return Self::Number(number);
        }
        match text.parse::<f64>() {
            Ok(number) if !number.is_nan() => return Self::Number(number),
            _ => {}
        }
        let text = text.trim();
        if is_missing(text) {
            return Self::Missing;
        }
        match text.parse::<f64>() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Text(text),
        }
    }

    /// Reads a cell of a column of words, in which numbers are words too.
    pub fn word(text: &'a str) -> Option<&'a str> {
        let text = text.trim();
        (!is_missing(text)).then_some(text)
    }
}

/// What people and programs write where there is nothing: the words that pandas
/// reads so too, in capitals or not.
fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 8] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"];
    text.len() <= 4 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.eq_ignore_ascii_case("-nan")
}

/// A word for true or false.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A date or a time of ISO 8601, `2024-02-29` or `2024-02-29T12:30:00`, as days
/// since 1970-01-01 in UTC.
pub(crate) fn days(text: &str) -> Option<f64> {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    let looks_like_a_date = matches!(text.as_bytes(), [b'0'..=b'9', _, _, b'0'..=b'9', b'-', ..]);
    if !looks_like_a_date {
        return None;
    }
    let time = string_to_datetime(&Utc, text).ok()?;
    let seconds = time.timestamp() as f64 + f64::from(time.timestamp_subsec_micros()) * 1e-6;
    Some(seconds / SECONDS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_people_write_them() {
        for (text, number) in [
            ("1", 1.0),
            (" -0.5 ", -0.5),
            ("+7", 7.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("1e999", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(Cell::parse(text), Cell::Number(number), "{text}");
        }
        for text in ["1,5", "12 000", "0x10", "1e", "--1", " Bonn "] {
            assert_eq!(Cell::parse(text), Cell::Text(text.trim()));
        }
    }

    #[test]
    fn knows_the_words_for_nothing() {
        for text in ["", "  ", "NA", "n/a", "NaN", "-nan", "null", "None", "<NA>"] {
            assert_eq!(Cell::parse(text), Cell::Missing, "{text}");
            assert_eq!(Cell::word(text), None);
        }
        assert_eq!(Cell::word(" 12 "), Some("12"));
    }

    #[test]
    fn counts_days_from_1970() {
        assert_eq!(days("1970-01-02"), Some(1.0));
        assert_eq!(days("1969-12-31T12:00:00"), Some(-0.5));
        assert_eq!(days("2024-02-29 06:00:00Z"), Some(19782.25));
        for text in ["2024-02-30", "24-02-01", "2024", "5-1-2024", "1234-Bonn"] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}
