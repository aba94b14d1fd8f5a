//! Recognises cells that people read as numbers, but that are not in the number
//! format of the table.

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::text_format::{CellReader, TextFormat, are_groups};
use crate::{Marks, Mixture, Remedy, Sign};

/// The ways in which the numbers of a column are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Writings(u16);

impl Writings {
    /// A comma that may be a decimal mark or separate thousands: `1,017`.
    const COMMA: Self = Self(1);
    /// A comma that can only be a decimal mark: `1,5`.
    const DECIMAL_COMMA: Self = Self(1 << 1);
    /// Commas that can only separate thousands: `1,234.5`.
    const THOUSANDS_COMMA: Self = Self(1 << 2);
    /// A point where the decimal mark is another: `1.5`.
    const POINT: Self = Self(1 << 3);
    /// Points that can only separate thousands: `1.234.567`.
    const THOUSANDS_POINT: Self = Self(1 << 4);
    /// Thousands separated by spaces.
    const SPACE: Self = Self(1 << 5);
    /// Thousands separated by apostrophes.
    const APOSTROPHE: Self = Self(1 << 6);
    /// The sign or the code of a currency.
    const CURRENCY: Self = Self(1 << 7);
    /// A per cent sign.
    const PERCENT: Self = Self(1 << 8);
    /// A letter or a word for thousands, millions and so on: `1.2M`.
    const MAGNITUDE: Self = Self(1 << 9);
    /// A number in parentheses, as accountants write negative ones.
    const PARENTHESES: Self = Self(1 << 10);
    /// A dash in place of a minus sign.
    const DASH: Self = Self(1 << 11);

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Says how a cell that is no number in this format is written; None if
    /// nobody would read it as a number.
    pub fn of(text: &str, format: &TextFormat) -> Option<Self> {
        const MOST_BYTES: usize = 48;
        // The first letter rules out most words.
        let is_word = text
            .bytes()
            .next()
            .is_none_or(|first| first.is_ascii_lowercase());
        let has_digit = || text.bytes().any(|byte| byte.is_ascii_digit());
        if is_word || text.len() > MOST_BYTES || !has_digit() {
            return None;
        }
        let mut found = Self::default();
        let inner = found.without_signs(text)?;
        found.add_marks(inner, format)?;
        (found != Self::default()).then_some(found)
    }

    /// Removes the signs around the digits.
    fn without_signs<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let mut inner = text.trim();
        if let Some(inside) = inner.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            self.add(Self::PARENTHESES);
            inner = inside.trim();
        }
        inner = self.without_sign(inner);
        if let Some(rest) = without_currency_before(inner) {
            self.add(Self::CURRENCY);
            inner = self.without_sign(rest.trim());
        }
        if let Some(rest) = without_currency_after(inner) {
            self.add(Self::CURRENCY);
            inner = rest.trim();
        }
        if let Some(rest) = inner.strip_suffix(['%', '\u{2030}']) {
            self.add(Self::PERCENT);
            inner = rest.trim();
        }
        if let Some(rest) = without_magnitude(inner) {
            self.add(Self::MAGNITUDE);
            inner = rest.trim();
        }
        let begins = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        inner.starts_with(begins).then_some(inner)
    }

    fn without_sign<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = text.strip_prefix(['\u{2013}', '\u{2014}', '\u{2012}', '\u{2010}']) {
            self.add(Self::DASH);
            return rest.trim_start();
        }
        let rest = text.strip_prefix(['+', '-', '\u{2212}']);
        rest.map_or(text, str::trim_start)
    }

    /// Finds out what the marks between digits mean; None if they make no
    /// number.
    fn add_marks(&mut self, text: &str, format: &TextFormat) -> Option<()> {
        let number = text.find(['e', 'E']).map_or(text, |end| &text[..end]);
        let is_exponent = |rest: &str| {
            let rest = rest.trim_start_matches(['+', '-']);
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
        };
        if number.len() < text.len() && !is_exponent(&text[number.len() + 1..]) {
            return None;
        }
        let is_space = |c: char| " \u{a0}\u{202f}\u{2009}".contains(c);
        let is_apostrophe = |c: char| "'\u{2019}".contains(c);
        let is_part = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let all = |c: char| is_part(c) || is_space(c) || is_apostrophe(c);
        if !number.chars().all(all) || !number.ends_with(is_part) {
            return None;
        }
        let mut number = number.to_string();
        for (kind, is_kind) in [
            (Self::SPACE, &is_space as &dyn Fn(char) -> bool),
            (Self::APOSTROPHE, &is_apostrophe),
        ] {
            if number.contains(is_kind) {
                let end = number.find([',', '.']).unwrap_or(number.len());
                if !are_groups(&number[..end].split(is_kind).collect::<Vec<_>>()) {
                    return None;
                }
                self.add(kind);
                number = number.replace(is_kind, "");
            }
        }
        let (commas, points) = (number.matches(',').count(), number.matches('.').count());
        let whole = |mark: char| number.rsplit_once(mark).map_or("", |(whole, _)| whole);
        let groups = |text: &str, mark: char| are_groups(&text.split(mark).collect::<Vec<_>>());
        let point_is_wrong =
            format.decimal.is_some_and(|mark| mark != '.') || format.thousands == Some('.');
        match (commas, points) {
            (0, 0) => {}
            (0, 1) if point_is_wrong => self.add(Self::POINT),
            (0, 1) => {}
            (1, 0) if groups(&number, ',') && !number.starts_with('0') => self.add(Self::COMMA),
            (1, 0) => self.add(Self::DECIMAL_COMMA),
            (_, 0) if groups(&number, ',') => self.add(Self::THOUSANDS_COMMA),
            (0, _) if groups(&number, '.') => self.add(Self::THOUSANDS_POINT),
            (_, 1) if groups(whole('.'), ',') => self.add(Self::THOUSANDS_COMMA),
            (1, _) if groups(whole(','), '.') => {
                self.add(Self::THOUSANDS_POINT);
                self.add(Self::DECIMAL_COMMA);
            }
            _ => return None,
        }
        Some(())
    }

    /// Says how such a cell becomes a number: by other marks, or by writing it
    /// in another way.
    pub fn remedy(self, cell: &str, reader: &CellReader) -> Remedy {
        let signs = [
            (Self::CURRENCY, Sign::Currency),
            (Self::PERCENT, Sign::Percent),
            (Self::MAGNITUDE, Sign::Magnitude),
            (Self::PARENTHESES, Sign::Parentheses),
            (Self::DASH, Sign::Dash),
        ];
        let signs = signs.into_iter().filter(|(sign, _)| self.has(*sign));
        let signs: Vec<Sign> = signs.map(|(_, name)| name).collect();
        if !signs.is_empty() {
            return Remedy::WriteWithout(signs);
        }
        let format = reader.format();
        let reading = |decimal: Option<char>, thousands: Option<char>| {
            let format = TextFormat {
                decimal: decimal.or(format.decimal),
                thousands: thousands.or(format.thousands),
                ..format.clone()
            };
            let reader = CellReader::new(&format).ok();
            let number = reader.and_then(|reader| match reader.parse(cell.trim()) {
                Cell::Number(number) => Some(number),
                _ => None,
            });
            Marks {
                decimal,
                thousands,
                number,
            }
        };
        let decimal_comma = self.has(Self::DECIMAL_COMMA).then_some(',');
        let thousands = [
            (Self::THOUSANDS_COMMA, ','),
            (Self::THOUSANDS_POINT, '.'),
            (Self::SPACE, ' '),
            (Self::APOSTROPHE, '\''),
        ];
        let thousands = thousands.into_iter().filter(|(kind, _)| self.has(*kind));
        let thousands: Vec<char> = thousands.map(|(_, mark)| mark).collect();
        Remedy::Marks(match (decimal_comma, &thousands[..]) {
            (Some(_), [',', ..]) => return Remedy::WriteInOneWay(Mixture::Commas),
            (_, [_, _, ..]) => return Remedy::WriteInOneWay(Mixture::Thousands),
            (None, []) if self.has(Self::COMMA) && format.thousands == Some(',') => {
                return Remedy::WriteInOneWay(Mixture::Groups);
            }
            (None, []) if self.has(Self::COMMA) => {
                vec![reading(None, Some(',')), reading(Some(','), None)]
            }
            (None, []) if self.has(Self::POINT) => {
                let not = format.decimal.unwrap_or(',');
                return Remedy::DecimalPoint { not };
            }
            (None, ['.']) => vec![reading(Some(','), Some('.'))],
            (decimal, []) => vec![reading(decimal, None)],
            (decimal, [mark, ..]) => vec![reading(decimal, Some(*mark))],
        })
    }
}

/// Whether people write this for a missing value.
pub(crate) fn is_gap(text: &str) -> bool {
    const WORDS: [&str; 24] = [
        "n.a.",
        "n.a",
        "n. a.",
        "na.",
        "(na)",
        "n/d",
        "n.d.",
        "nd",
        "n.v.",
        "k.a.",
        "k. a.",
        "missing",
        "unknown",
        "undefined",
        "(null)",
        "nil",
        "not available",
        "no data",
        "#div/0!",
        "#value!",
        "#ref!",
        "#num!",
        "#name?",
        "#null!",
    ];
    // The first letter rules out most words.
    let may_be = text
        .bytes()
        .next()
        .is_some_and(|first| b"nkmu(#".contains(&first.to_ascii_lowercase()));
    is_symbol_for_gap(text) || may_be && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the text is a symbol such as `?`, `-`, `.`, `*` or `--`, which
/// nobody would use as the name of a level.
pub(crate) fn is_symbol_for_gap(text: &str) -> bool {
    let is_word = text
        .bytes()
        .next()
        .is_none_or(|first| first.is_ascii_alphanumeric());
    if is_word || text.len() > 9 {
        return false;
    }
    let mut characters = text.chars();
    let is_symbol = |c: char| "?-.*_:\u{2013}\u{2014}\u{2212}\u{2026}".contains(c);
    let first = characters.next();
    first.is_some_and(is_symbol) && characters.all(|c| Some(c) == first)
}

const SYMBOLS: [char; 10] = ['$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₪', '¢'];
const CODES: [&str; 20] = [
    "US$", "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK",
    "DKK", "PLN", "CZK", "BRL", "MXN", "ZAR", "KRW",
];

fn without_currency_before(text: &str) -> Option<&str> {
    let code = CODES.iter().find_map(|code| text.strip_prefix(code));
    code.or_else(|| text.strip_prefix(SYMBOLS))
}

fn without_currency_after(text: &str) -> Option<&str> {
    let code = CODES.iter().find_map(|code| text.strip_suffix(code));
    code.or_else(|| text.strip_suffix(SYMBOLS))
}

fn without_magnitude(text: &str) -> Option<&str> {
    const WORDS: [&str; 10] = [
        "thousand", "million", "billion", "trillion", "mio", "mrd", "mn", "bn", "tn", "mm",
    ];
    let end = text.trim_end_matches(|c: char| c.is_alphabetic()).len();
    let (number, word) = text.split_at(end);
    let is_letter = matches!(word, "k" | "K" | "m" | "M" | "b" | "B" | "t" | "T" | "G");
    let is_word = WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    (is_letter || is_word).then_some(number)
}

#[cfg(test)]
mod tests;
