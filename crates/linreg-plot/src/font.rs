use std::sync::Once;

use plotters::style::{FontDesc, FontStyle, IntoFont, register_font};
use unicode_width::UnicodeWidthChar;

use crate::name::without_marks;

/// Ascent plus descent of DejaVu Sans, in ems: the measure that plotters uses for
/// the size of a font.
const LINE_HEIGHT: f64 = 1.1640625;

/// The font for text of this size, which is the em in pixels.
pub(crate) fn font(size: f64) -> FontDesc<'static> {
    register_the_font();
    ("sans-serif", size * LINE_HEIGHT).into_font()
}

/// The width of a text in the unit of its size, if other fonts provide the
/// characters that this one lacks: Chinese characters and emoji are as wide as they
/// are high.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let is_wide = |c: &char| c.width() == Some(2);
    let wide = text.chars().filter(is_wide).count();
    if wide == 0 {
        return drawn_width(text, size);
    }
    let others: String = text.chars().filter(|c| !is_wide(c)).collect();
    wide as f64 * size + drawn_width(&others, size)
}

/// The width of a text in this font.
pub(crate) fn drawn_width(text: &str, size: f64) -> f64 {
    // Widths are whole pixels, so they are measured at a large size.
    const PRECISE: f64 = 200.0;
    let found = font(PRECISE).box_size(&without_marks(text));
    let (width, _) = found.expect("the font inside the program is whole");
    f64::from(width) * size / PRECISE
}

/// Breaks a text into at most `most` lines, at spaces and between Chinese
/// characters, none of them too wide; the last line ends in an ellipsis if there is
/// more text.
pub(crate) fn wrap(text: &str, most: usize, is_too_wide: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    'words: for word in text.split(' ') {
        let mut space = if lines[0].is_empty() { "" } else { " " };
        for piece in unbroken(word) {
            let line = &mut lines[0];
            let longer = format!("{line}{space}{piece}");
            let (is_first, fits) = (line.is_empty(), !is_too_wide(&longer));
            if lines.len() == most && !fits {
                // The rest of the text is cut off.
                lines[0] = longer;
                break 'words;
            }
            if is_first || fits {
                lines[0] = longer;
            } else {
                lines.insert(0, piece.to_string());
            }
            space = "";
        }
    }
    lines.reverse();
    let mut is_open = false;
    for line in &mut lines {
        // A name that is isolated across lines needs the marks on each of them.
        if is_open {
            line.insert(0, '\u{2068}');
        }
        let last_mark = line.rfind(['\u{2068}', '\u{2069}']);
        is_open = last_mark.is_some_and(|at| line[at..].starts_with('\u{2068}'));
        if is_open {
            line.push('\u{2069}');
        }
        *line = cut(std::mem::take(line), &is_too_wide);
    }
    lines
}

/// The pieces of a word within which no line may break. Chinese and Japanese are
/// written without spaces, and a line may end between any two characters except at
/// brackets and punctuation (W3C, *Requirements for Chinese Text Layout*, section
/// 3.1).
fn unbroken(word: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "，。、；：？！）］｝〉》」』】〕〗…—·～％’”,.;:?!)]}%ー々";
    const NEVER_LAST: &str = "（［｛〈《「『【〔〖‘“([{";
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, next) in word.char_indices() {
        let may_break = before.is_some_and(|before| {
            (is_ideograph(before) || is_ideograph(next))
                && !NEVER_LAST.contains(before)
                && !NEVER_FIRST.contains(next)
                // Combining characters belong to the one before.
                && next.width() != Some(0)
        });
        if may_break {
            pieces.push(&word[start..at]);
            start = at;
        }
        before = Some(next);
    }
    pieces.push(&word[start..]);
    pieces
}

/// Whether a character is Chinese or Japanese, including punctuation.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
}

/// The text, cut with an ellipsis if it is too wide.
pub(crate) fn cut(text: String, is_too_wide: impl Fn(&str) -> bool) -> String {
    if !is_too_wide(&text) {
        return text;
    }
    let short = |end: usize| {
        let mut short = text[..end].trim_end().to_string();
        short.push('…');
        // A name that is isolated stays so.
        if short.contains('\u{2068}') && !short.contains('\u{2069}') {
            short.push('\u{2069}');
        }
        short
    };
    // Longer texts are wider, so the longest one that fits is found by bisection. At
    // least one character stays.
    let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
    let longer = ends.get(2..).unwrap_or_default();
    let fitting = longer.partition_point(|end| !is_too_wide(&short(*end)));
    let end = ends.get(1 + fitting).or(ends.first());
    end.map_or_else(String::new, |end| short(*end))
}

/// Registers DejaVu Sans from inside the program, so that no installed font is
/// needed.
fn register_the_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let font = dejavu::sans::regular();
        assert!(
            register_font("sans-serif", FontStyle::Normal, font).is_ok(),
            "the font inside the program is whole"
        );
    });
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // DejaVu Sans: a digit advances by 1303 of 2048 units of an em.
        let digits = width("0000", 12.0);
        assert!(
            (digits - 4.0 * 12.0 * 1303.0 / 2048.0).abs() < 0.2,
            "{digits}"
        );
    }

    #[test]
    fn chinese_is_as_wide_as_it_is_high() {
        let width = width("面积 0000", 12.0);
        assert!((width - 24.0 - super::width(" 0000", 12.0)).abs() < 1e-9);
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_comma() {
        let too_wide = |text: &str| text.width() > 10;
        for (text, lines) in [
            ("面积单独解释了价格", &["面积单独解", "释了价格"][..]),
            ("面积单独解，释了", &["面积单独", "解，释了"]),
            ("面积解释（价格）", &["面积解释", "（价格）"]),
            ("面积 解释 99.2 % 方差", &["面积 解释", "99.2 % 方…"]),
            ("误差为64.25，共", &["误差为", "64.25，共"]),
            ("가나다라 마바사", &["가나다라", "마바사"]),
        ] {
            assert_eq!(wrap(text, 2, too_wide), lines, "{text}");
        }
    }

    #[test]
    fn a_text_of_a_million_characters_is_cut_without_delay() {
        let too_wide = |text: &str| text.width() > 9;
        for (text, lines) in [
            ("ab ".repeat(400_000), &["ab ab ab", "ab ab ab…"][..]),
            ("abcd".repeat(250_000), &["abcdabcd…"]),
            ("面".repeat(400_000), &["面面面面", "面面面面…"]),
        ] {
            assert_eq!(wrap(&text, 2, too_wide), lines);
        }
        let accents = "\u{301}".repeat(500_000);
        let cut = cut(format!("a{accents}bcdefghijk"), too_wide);
        assert_eq!(cut, format!("a{accents}bcdefgh…"));
    }

    #[test]
    fn what_is_too_short_to_be_cut_is_an_ellipsis_or_nothing() {
        let no_room = |_: &str| true;
        for (text, expected) in [("", ""), ("a", "…"), ("ab", "a…"), ("abc", "a…")] {
            assert_eq!(cut(text.to_string(), no_room), expected);
        }
    }

    #[test]
    fn text_breaks_at_spaces_and_never_runs_over() {
        let too_wide = |text: &str| text.chars().count() > 9;
        assert_eq!(wrap("one two three", 2, too_wide), ["one two", "three"]);
        assert_eq!(
            wrap("one two three four", 2, too_wide),
            ["one two", "three fo…"]
        );
        assert_eq!(wrap("abcdefghijkl", 2, too_wide), ["abcdefgh…"]);
    }
}
