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

/// What people and programs write where there is nothing: the words that pandas
/// reads so too, in capitals or not, and that of databases.
pub(crate) fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "null", "none", "\\n",
    ];
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
