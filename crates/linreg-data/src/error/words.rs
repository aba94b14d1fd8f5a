//! How names and cells are written in messages.

use crate::nearest::nearest;
use crate::printable;

/// Writes a number that is capped at `u64::MAX`.
pub(super) fn amount(number: u64) -> String {
    match number {
        u64::MAX => "more than 10^19".to_string(),
        number => number.to_string(),
    }
}

/// Returns a word in the singular or the plural.
pub(crate) fn plural(count: u64, word: &str) -> String {
    match count {
        1 => word.to_string(),
        _ => format!("{word}s"),
    }
}

/// Suggests the nearest column for a name that is unknown, or lists all
/// columns.
pub(super) fn instead(name: &str, columns: &[String]) -> String {
    match nearest(name, columns) {
        Some(near) => format!("did you mean {}?", quote(near)),
        None => format!("the columns are {}", list(columns)),
    }
}

/// Lists quoted names, at most the first 12.
pub(crate) fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut text = names
        .iter()
        .take(MOST)
        .map(|name| quote(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}

/// Quotes a cell of a file.
pub(crate) fn cell(text: &str) -> String {
    if text.is_empty() {
        return "an empty cell".to_string();
    }
    quote(text)
}

/// Quotes a text from a file, on one line and at most 40 characters of it.
pub fn quote(text: &str) -> String {
    const MOST: usize = 40;
    let start: String = text.chars().take(MOST).collect();
    let mut shown = printable(&start).into_owned();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataError;

    #[test]
    fn quotes_on_one_line_and_never_at_length() {
        assert_eq!(quote("\u{1b}[31m"), r"`\u{1b}[31m`");
        assert_eq!(quote("a\nb"), r"`a\nb`");
        assert_eq!(quote("it's \\ \"it\""), "`it's \\ \"it\"`");
        assert_eq!(quote(&"é".repeat(1000)), format!("`{}…`", "é".repeat(40)));
        assert_eq!((quote(""), cell("")), ("``".into(), "an empty cell".into()));
    }

    #[test]
    fn a_column_that_is_not_there_suggests_the_nearest() {
        let columns = ["area", "town", "price"].map(String::from).to_vec();
        for (name, expected) in [
            ("Area", "there is no column `Area`; did you mean `area`?"),
            ("pirce", "there is no column `pirce`; did you mean `price`?"),
            (
                "x",
                "there is no column `x`; the columns are `area`, `town`, `price`",
            ),
        ] {
            let error = DataError::UnknownColumn {
                name: name.to_string(),
                columns: columns.clone(),
            };
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn lists_the_first_names_of_many() {
        let names: Vec<String> = (0..100).map(|i| format!("x{i}")).collect();
        assert_eq!(list(&names[..2]), "`x0`, `x1`");
        assert!(list(&names).ends_with("`x11` and 88 more"));
    }
}
