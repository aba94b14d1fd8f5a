use std::borrow::Cow;

/// Whether a character controls the display of a text rather than being shown:
/// a terminal obeys it, it changes the direction of the text around it, it
/// breaks the line, or it is always invisible.
///
/// These are the control characters (C0, delete and C1), the controls of
/// bidirectional text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
/// U+206F), the separators of lines and paragraphs (U+2028, U+2029), the byte
/// order mark (U+FEFF) and tags (U+E0000 to U+E007F), in which a text can be
/// hidden. Letters of every script, combining marks, and the joiners that some
/// scripts and emoji need are no controls.
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns a text from a file, a name or the command line on one line, with
/// every [control](is_control) written as an escape such as `\n` or `\u{1b}`.
///
/// A backslash stays as it is. So doing this twice changes nothing more, and
/// code that prints a text need not know whether it has been done before.
///
/// ```
/// use linreg_data::printable;
///
/// let name = "area\u{1b}[31m\u{202e}";
/// assert_eq!(printable(name), r"area\u{1b}[31m\u{202e}");
/// assert_eq!(printable(&printable(name)), printable(name));
/// assert_eq!(printable("größe מחיר"), "größe מחיר");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    spelt_out(text, is_control)
}

/// As [`printable`], for a text of several lines: line feeds stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    spelt_out(text, |character| character != '\n' && is_control(character))
}

fn spelt_out(text: &str, is_spelt: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_spelt) {
        return Cow::Borrowed(text);
    }
    let mut spelt = String::with_capacity(2 * text.len());
    for character in text.chars() {
        if is_spelt(character) {
            spelt.extend(character.escape_default())
        } else {
            spelt.push(character)
        }
    }
    Cow::Owned(spelt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_a_terminal_or_the_text_around_it_is_spelt_out() {
        for (text, expected) in [
            ("\u{1b}]0;x\u{7}", r"\u{1b}]0;x\u{7}"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("a\r\n\tb", r"a\r\n\tb"),
            ("\u{202e}x\u{2069}\u{61c}", r"\u{202e}x\u{2069}\u{61c}"),
            (
                "a\u{2028}\u{feff}b\u{e0041}",
                r"a\u{2028}\u{feff}b\u{e0041}",
            ),
        ] {
            assert_eq!(printable(text), expected);
        }
        assert_eq!(printable_lines("a\n\r\u{85}b\n"), "a\n\\r\\u{85}b\n");
    }

    #[test]
    fn letters_marks_joiners_and_backslashes_stay() {
        for text in [
            "it's \\ \"it\" \\u{1b}",
            "e\u{301} हिन्दी क्\u{200d}ष می\u{200c}خواهم",
            "👩\u{200d}🔬 ❤\u{fe0f}",
            "עברית العربية",
        ] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left_and_a_second_time_changes_nothing(text in any::<String>()) {
            let once = printable(&text).into_owned();
            prop_assert!(!once.contains(is_control));
            prop_assert_eq!(printable(&once), once.as_str());
        }
    }
}
