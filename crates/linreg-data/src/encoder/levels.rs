use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Marks a missing value in place of the index of a level.
pub(super) const MISSING: u32 = u32::MAX;

/// Marks a level that the encoder does not know.
pub(super) const UNSEEN: u32 = u32::MAX - 1;

/// Finds the index of a level by the text of a cell.
///
/// A cell has the level with the same text. Where there is none, it has the
/// only level that differs in nothing but the way in which file formats write a
/// value: `1` and `1.0`, `true` and `True`, `2024-02-29` and
/// `2024-02-29T00:00:00`.
pub(super) struct LevelIndex<'a> {
    levels: &'a [String],
    exact: HashMap<&'a str, u32>,
    /// The levels by their text as [`without_format`] returns it; None where
    /// two levels have the same.
    loose: OnceCell<HashMap<Cow<'a, str>, Option<u32>>>,
}

impl<'a> LevelIndex<'a> {
    pub fn new(levels: &'a [String]) -> Self {
        Self {
            levels,
            exact: levels.iter().map(String::as_str).zip(0..).collect(),
            loose: OnceCell::new(),
        }
    }

    pub fn get(&self, word: &str) -> Option<u32> {
        if let Some(index) = self.exact.get(word) {
            return Some(*index);
        }
        let loose = self.loose.get_or_init(|| {
            let mut loose = HashMap::new();
            for (level, index) in self.levels.iter().zip(0..) {
                let of_key = loose.entry(without_format(level));
                of_key
                    .and_modify(|index| *index = None)
                    .or_insert(Some(index));
            }
            loose
        });
        loose.get(&without_format(word)).copied().flatten()
    }
}

/// Returns the text of a cell without what formats write differently: zeros at
/// the end of the decimals, capitals of `true` and `false`, and midnight after
/// a date.
fn without_format(word: &str) -> Cow<'_, str> {
    if let Some((whole, part)) = word.split_once('.') {
        let digits = whole.trim_start_matches(['+', '-']);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits.is_empty() && is_number(digits) && is_number(part) {
            return match part.trim_end_matches('0') {
                "" => Cow::Borrowed(whole),
                part => Cow::Owned(format!("{whole}.{part}")),
            };
        }
    }
    if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    // A date has ten characters; what follows is a time.
    if let Some((date, time)) = word.split_at_checked(10)
        && matches!(date.as_bytes(), [b'0'..=b'9', .., b'-', _, _, b'-', _, _])
        && let Some(time) = time.strip_prefix(['T', ' '])
    {
        let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
        return match (seconds, fraction.trim_end_matches('0')) {
            ("00:00:00" | "00:00", "") => Cow::Borrowed(date),
            (seconds, "") => Cow::Owned(format!("{date} {seconds}")),
            _ => Cow::Owned(format!("{date} {time}")),
        };
    }
    Cow::Borrowed(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(levels: &[&str], word: &str) -> Option<u32> {
        let levels: Vec<String> = levels.iter().map(|level| level.to_string()).collect();
        LevelIndex::new(&levels).get(word)
    }

    #[test]
    fn a_cell_is_of_the_level_with_its_text_before_any_other() {
        assert_eq!(index(&["1", "1.0"], "1.0"), Some(1));
        assert_eq!(index(&["1.10", "1.1"], "1.1"), Some(1));
        // Two levels differ only in zeros at the end, so the cell has neither.
        assert_eq!(index(&["1.10", "1.1"], "1.100"), None);
    }

    #[test]
    fn the_same_value_written_by_another_format_is_the_same_level() {
        for (level, word) in [
            ("1", "1.0"),
            ("2.50", "2.5"),
            ("-3", "-3.000"),
            ("True", "true"),
            ("2024-02-29", "2024-02-29T00:00:00"),
            ("2024-02-29 12:30:00", "2024-02-29T12:30:00"),
        ] {
            assert_eq!(index(&["a", level], word), Some(1), "{level} {word}");
            assert_eq!(index(&["a", word], level), Some(1), "{word} {level}");
        }
    }

    #[test]
    fn other_text_is_another_level() {
        for (level, word) in [
            ("01234", "1234"),
            ("1", "1."),
            ("a.0", "a"),
            ("a", "A"),
            ("1e3", "1000"),
            ("9007199254740993", "9007199254740992"),
        ] {
            let found = index(&[level], word);
            assert_eq!(
                found.is_some(),
                (level, word) == ("1", "1."),
                "{level} {word}"
            );
        }
    }
}
