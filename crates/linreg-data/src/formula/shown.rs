//! Texts of a formula as errors show them.

/// The largest number of characters of a name or a formula that an error shows.
pub const WINDOW: usize = 60;

/// Returns a name as an error shows it.
pub fn in_backticks(name: &str) -> String {
    format!("`{}`", shortened(name).replace('`', "``"))
}

pub fn shortened(text: &str) -> String {
    let escaped = escaped(text);
    match escaped.char_indices().nth(WINDOW) {
        None => escaped,
        Some(_) => escaped.chars().take(WINDOW - 1).chain(['…']).collect(),
    }
}

/// Returns the text with all invisible characters written as escapes, also
/// those that control nothing, so that a caret is below the character that it
/// means.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => escaped.push(character),
            _ => escaped.extend(character.escape_debug()),
        }
    }
    escaped
}
