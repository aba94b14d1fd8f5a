//! Names from a file, which may hold any characters, in a form that is safe to show.

/// Returns a name with at most that many characters, without characters that would
/// break a line or change the direction of the text after it.
pub(crate) fn shorten(name: &str, most: usize) -> String {
    let shown = name.chars().filter_map(shown);
    let mut shown: Vec<char> = shown.collect();
    if shown.len() > most {
        shown.truncate(most.saturating_sub(1));
        shown.push('…');
    }
    let text: String = shown.into_iter().collect();
    if text.contains(is_right_to_left) {
        // An isolate keeps the words around it in their places.
        format!("{ISOLATE}{text}{END_OF_ISOLATE}")
    } else {
        text
    }
}

/// The character to show: a space for a line break or another control character,
/// `None` for a character that changes the direction of the text or hides in it.
fn shown(c: char) -> Option<char> {
    match c {
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Some(' '),
        c if is_direction(c) || is_hidden(c) => None,
        c => Some(c),
    }
}

/// The character as a document can hold it: as in [`shorten`], with the marks that
/// isolate a name.
pub(crate) fn in_document(c: char) -> Option<char> {
    match c {
        ISOLATE | END_OF_ISOLATE => Some(c),
        // These are not allowed in an XML document.
        '\u{fffe}' | '\u{ffff}' => Some(' '),
        c => shown(c),
    }
}

const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';

/// The text without marks of direction, such as those that isolate a name.
pub(crate) fn without_marks(text: &str) -> String {
    text.replace(is_direction, "")
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Deprecated controls, the byte order mark, and tags, which can hide text.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
        || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_in_an_ellipsis() {
        assert_eq!(shorten("price", 5), "price");
        assert_eq!(shorten(&"ü".repeat(60), 16), format!("{}…", "ü".repeat(15)));
    }

    #[test]
    fn a_name_cannot_break_a_line_or_turn_what_follows() {
        assert_eq!(shorten("a\nb\u{202e}c\0", 9), "a bc ");
        assert_eq!(shorten("a\u{9b}b\u{2028}c\u{feff}\u{e0041}", 9), "a b c");
        assert_eq!(shorten("מחיר", 9), "\u{2068}מחיר\u{2069}");
        assert_eq!(without_marks("\u{2068}מחיר\u{2069} x"), "מחיר x");
    }
}
