/// The meaning of a text in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// A missing value: an empty text, or a word for it.
    Missing,
    /// A number, which may be infinite.
    Number(f64),
    /// Anything else, without the spaces around it.
    Text(&'a str),
}

/// Whether people and programs write this text for a missing value: the words
/// that pandas reads so too, in upper or lower case, and `\N` of databases.
pub(crate) fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "null", "none", "\\n",
    ];
    text.len() <= 4 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.eq_ignore_ascii_case("-nan")
}

/// Reads a word for true or false.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
