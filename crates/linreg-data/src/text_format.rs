mod stored;

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::cell::{Cell, is_missing};
use crate::date::{Date, DateOrder};
use crate::decimal::plain_decimal;
use crate::error::quote;
use stored::StoredFormat;

/// How numbers, dates and missing values are written in a table whose cells are
/// text.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, try_from = "StoredFormat")]
pub struct TextFormat {
    /// The cells that mean a missing value, in addition to the empty cell and,
    /// in upper or lower case, `NA`, `N/A`, `#N/A`, `#NA`, `<NA>`, `NaN`,
    /// `-NaN`, `NULL`, `None` and `\N`. An entry that is a number, such as
    /// -999, stands for every cell with that value.
    pub missing: Vec<String>,
    /// The decimal mark. Default: a point, or a comma if a point separates
    /// thousands.
    pub decimal: Option<char>,
    /// The separator of thousands, as in `1,234,567`; a space stands for every
    /// kind of space, `'` for both apostrophes. Default: none.
    pub thousands: Option<char>,
    /// Whether the day or the month comes first in dates such as `03/04/2024`.
    /// Default: the order that the cells of the column show.
    pub dates: Option<DateOrder>,
}

/// Reads cells that are text, as a checked [`TextFormat`] says.
#[derive(Clone, Debug)]
pub struct CellReader {
    format: TextFormat,
    decimal: char,
    /// The numbers that mean a missing value.
    missing_numbers: Vec<f64>,
    /// Whether the decimal mark is a point, nothing separates thousands, and no
    /// number means a missing value.
    is_plain: bool,
}

impl Default for CellReader {
    fn default() -> Self {
        Self {
            format: TextFormat::default(),
            decimal: '.',
            missing_numbers: Vec::new(),
            is_plain: true,
        }
    }
}

impl CellReader {
    /// Checks the format.
    ///
    /// # Errors
    ///
    /// A mark that may be part of a number in another way, or the same mark for
    /// decimals and thousands.
    pub fn new(format: &TextFormat) -> Result<Self, DataError> {
        let is_mark = |mark: char| !(mark.is_alphanumeric() || "+-\u{2212}\"\r\n".contains(mark));
        let decimal = match (format.decimal, format.thousands) {
            (Some(mark), _) => mark,
            (None, Some('.')) => ',',
            (None, _) => '.',
        };
        let wrong = |name, mark: char, expected: &str| {
            Err(DataError::Setting {
                name,
                found: quote(&mark.to_string()),
                expected: expected.to_string(),
            })
        };
        if !is_mark(decimal) || decimal == ' ' {
            return wrong("decimal mark", decimal, "a mark such as , or .");
        }
        if let Some(thousands) = format.thousands {
            if !is_mark(thousands) {
                let expected = "a mark such as , or . or ' or a space";
                return wrong("separator of thousands", thousands, expected);
            }
            if thousands == decimal {
                let expected = "another one than the decimal mark";
                return wrong("separator of thousands", thousands, expected);
            }
        }
        let mut reader = Self {
            format: format.clone(),
            decimal,
            missing_numbers: Vec::new(),
            is_plain: false,
        };
        let missing = format.missing.iter();
        reader.missing_numbers = missing.filter_map(|text| reader.number(text)).collect();
        reader.is_plain =
            decimal == '.' && format.thousands.is_none() && reader.missing_numbers.is_empty();
        Ok(reader)
    }

    /// Returns the format.
    pub fn format(&self) -> &TextFormat {
        &self.format
    }

    /// Reads a cell; `1e999` and `inf` are infinite numbers.
    pub(crate) fn parse<'a>(&self, text: &'a str) -> Cell<'a> {
        // Most cells are plain numbers; this is the fast path for them.
        if self.is_plain {
            let number = plain_decimal(text).or_else(|| text.parse().ok());
            if let Some(number) = number.filter(|number| !number.is_nan()) {
                return Cell::Number(number);
            }
        }
        let num_bytes = text.len();
        let text = text.trim();
        if self.is_missing(text) {
            return Cell::Missing;
        }
        // In the plain format most words need no further check.
        if self.is_plain && text.len() == num_bytes && !text.starts_with('\u{2212}') {
            return Cell::Text(text);
        }
        match self.number(text) {
            Some(number) if self.is_missing_number(number) => Cell::Missing,
            Some(number) => Cell::Number(number),
            None => Cell::Text(text),
        }
    }

    /// Reads a cell of a categorical column, in which numbers are words too;
    /// None for a missing value.
    pub(crate) fn word<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = text.trim();
        (!self.is_missing(text)).then_some(text)
    }

    /// Whether this number, in a column that is stored as numbers, means a
    /// missing value.
    pub(crate) fn is_missing_number(&self, number: f64) -> bool {
        self.missing_numbers.contains(&number)
    }

    /// Reads a date. If the format names the order of day and month, the date
    /// has only one meaning.
    pub(crate) fn date(&self, text: &str) -> Option<Date> {
        let date = Date::parse(text)?;
        match self.format.dates {
            None => Some(date),
            order => date.days(order).map(Date::Known),
        }
    }

    fn is_missing(&self, text: &str) -> bool {
        is_missing(text) || self.format.missing.iter().any(|word| word == text)
    }

    fn number(&self, text: &str) -> Option<f64> {
        let number = match text.strip_prefix('\u{2212}') {
            // This is the minus sign of typesetting. No other sign may follow
            // it.
            Some(unsigned) if unsigned.starts_with(['+', '-']) => return None,
            Some(unsigned) => -self.unsigned(unsigned)?,
            None => self.unsigned(text)?,
        };
        (!number.is_nan()).then_some(number)
    }

    fn unsigned(&self, text: &str) -> Option<f64> {
        if self.decimal == '.' && self.format.thousands.is_none() {
            return plain_decimal(text).or_else(|| text.parse().ok());
        }
        // The number as Rust writes it.
        let mut plain = String::with_capacity(text.len());
        let end = text.find([self.decimal, 'e', 'E']).unwrap_or(text.len());
        let (whole, rest) = text.split_at(end);
        self.join_thousands(whole, &mut plain)?;
        if rest.contains('.') && self.decimal != '.' {
            return None;
        }
        plain.extend(
            rest.chars()
                .map(|c| if c == self.decimal { '.' } else { c }),
        );
        plain_decimal(&plain).or_else(|| plain.parse().ok())
    }

    /// Appends a whole number without its separators of thousands. Groups have
    /// three digits or, as in India, two digits before the last group.
    fn join_thousands(&self, whole: &str, plain: &mut String) -> Option<()> {
        let is_separator = |c: char| self.format.thousands.is_some_and(|mark| is_same(mark, c));
        if !whole.contains(is_separator) {
            plain.push_str(whole);
            return (!whole.contains('.')).then_some(());
        }
        let unsigned = whole.trim_start_matches(['+', '-']);
        plain.push_str(&whole[..whole.len() - unsigned.len()]);
        let groups: Vec<&str> = unsigned.split(is_separator).collect();
        if !are_groups(&groups) {
            return None;
        }
        groups.iter().for_each(|group| plain.push_str(group));
        Some(())
    }
}

/// Whether digits are grouped as thousands.
pub(crate) fn are_groups(groups: &[&str]) -> bool {
    let [first, between @ .., last] = groups else {
        return false;
    };
    let are_digits = groups
        .iter()
        .all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let of = |length: usize| between.iter().all(|group| group.len() == length);
    are_digits
        && last.len() == 3
        && ((1..=3).contains(&first.len()) && of(3) || (1..=2).contains(&first.len()) && of(2))
}

/// Whether a character is this separator of thousands, or another form of it.
fn is_same(mark: char, found: char) -> bool {
    const SPACES: [char; 4] = [' ', '\u{a0}', '\u{202f}', '\u{2009}'];
    const APOSTROPHES: [char; 2] = ['\'', '\u{2019}'];
    mark == found
        || SPACES.contains(&mark) && SPACES.contains(&found)
        || APOSTROPHES.contains(&mark) && APOSTROPHES.contains(&found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(decimal: Option<char>, thousands: Option<char>, missing: &[&str]) -> CellReader {
        let format = TextFormat {
            missing: missing.iter().map(|word| word.to_string()).collect(),
            decimal,
            thousands,
            dates: None,
        };
        CellReader::new(&format).unwrap()
    }

    #[test]
    fn reads_numbers_as_people_write_them() {
        for (text, number) in [
            ("1", 1.0),
            (" -0.5 ", -0.5),
            ("+7", 7.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("\u{2212}3.5", -3.5),
            ("1e999", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
        ] {
            let found = CellReader::default().parse(text);
            assert_eq!(found, Cell::Number(number), "{text}");
        }
        for text in ["1,5", "12 000", "0x10", "1e", "--1", "\u{2212}-1", " Bonn "] {
            assert_eq!(CellReader::default().parse(text), Cell::Text(text.trim()));
        }
    }

    #[test]
    fn reads_decimal_commas_and_separated_thousands() {
        for (decimal, thousands, text, number) in [
            (Some(','), None, "\u{2212}3,5", -3.5),
            (Some(','), None, "1500", 1500.0),
            (Some(','), None, "1,5e-3", 0.0015),
            (None, Some(','), "1,234,567.25", 1_234_567.25),
            (None, Some(','), "-1,017", -1017.0),
            (None, Some(','), "12,34,567", 1_234_567.0),
            (None, Some(','), "1017.5", 1017.5),
            (None, Some('.'), "1.234,5", 1234.5),
            (Some(','), Some('.'), "1.234.567", 1_234_567.0),
            (None, Some(' '), "1\u{202f}234 567.5", 1_234_567.5),
            (None, Some('\''), "1\u{2019}000", 1000.0),
            (None, Some(','), "inf", f64::INFINITY),
        ] {
            let found = reader(decimal, thousands, &[]).parse(text);
            assert_eq!(found, Cell::Number(number), "{text}");
        }
        // What is not in the format is text, and never another number.
        for (decimal, thousands, text) in [
            (Some(','), None, "1.5"),
            (Some(','), None, "1.234,5"),
            (None, Some(','), "1,5"),
            (None, Some(','), "1,5000"),
            (None, Some(','), "1.5,000"),
            (None, Some(','), ",500"),
            (None, Some('.'), "1.5"),
            (None, Some(' '), "1 2"),
        ] {
            let found = reader(decimal, thousands, &[]).parse(text);
            assert_eq!(found, Cell::Text(text), "{text}");
        }
    }

    #[test]
    fn knows_the_words_for_nothing_and_those_that_it_is_told() {
        let default = CellReader::default();
        for text in [
            "", "  ", "NA", "n/a", "NaN", "-nan", "null", "None", "<NA>", "#NA", "\\N",
        ] {
            assert_eq!(default.parse(text), Cell::Missing, "{text}");
            assert_eq!(default.word(text), None);
        }
        assert_eq!(default.word(" 12 "), Some("12"));
        let told = reader(None, None, &["?", "-999"]);
        for text in ["?", " ? ", "-999", "-999.0", "NA"] {
            assert_eq!(told.parse(text), Cell::Missing, "{text}");
        }
        assert_eq!(told.parse("999"), Cell::Number(999.0));
        assert_eq!(told.word("?"), None);
        assert!(told.is_missing_number(-999.0));
        let comma = reader(Some(','), None, &["-9,9"]);
        assert_eq!(comma.parse("-9,90"), Cell::Missing);
    }

    #[test]
    fn refuses_marks_that_cannot_be() {
        for (decimal, thousands, message) in [
            (
                Some(','),
                Some(','),
                "the separator of thousands is `,`, expected another one than the decimal mark",
            ),
            (
                Some('5'),
                None,
                "the decimal mark is `5`, expected a mark such as , or .",
            ),
            (
                None,
                Some('-'),
                "the separator of thousands is `-`, expected a mark such as , or . or ' or a space",
            ),
        ] {
            let format = TextFormat {
                decimal,
                thousands,
                ..TextFormat::default()
            };
            assert_eq!(CellReader::new(&format).unwrap_err().to_string(), message);
        }
    }
}
