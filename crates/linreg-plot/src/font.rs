use std::sync::Once;

use plotters::style::{FontDesc, FontStyle, IntoFont, register_font};

use crate::name::without_marks;

/// Ascent and descent of DejaVu Sans together, in ems: what plotters takes a
/// size for.
const LINE_HEIGHT: f64 = 1.1640625;

/// The font for text of this size, in pixels of an em.
pub(crate) fn font(size: f64) -> FontDesc<'static> {
    register_the_font();
    ("sans-serif", size * LINE_HEIGHT).into_font()
}

/// How wide a text is, in the unit of its size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // Widths are whole pixels: those of a large text are precise.
    const PRECISE: f64 = 200.0;
    let found = font(PRECISE).box_size(&without_marks(text));
    let (width, _) = found.expect("the font inside the program is whole");
    f64::from(width) * size / PRECISE
}

/// A text in lines, broken at spaces, each no wider than there is room for; the
/// last that is allowed ends in an ellipsis if there is more.
pub(crate) fn wrap(text: &str, most: usize, is_too_wide: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = &mut lines[0];
        let longer = match line.is_empty() {
            true => word.to_string(),
            false => format!("{line} {word}"),
        };
        if line.is_empty() || !is_too_wide(&longer) || lines.len() == most {
            lines[0] = longer;
        } else {
            lines.insert(0, word.to_string());
        }
    }
    lines.reverse();
    let mut is_open = false;
    for line in &mut lines {
        // A name that is set apart is so on each of its lines.
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

/// A text, cut with an ellipsis where there is no more room.
pub(crate) fn cut(text: String, is_too_wide: impl Fn(&str) -> bool) -> String {
    if !is_too_wide(&text) {
        return text;
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let mut short: String = kept.iter().collect::<String>().trim_end().to_string();
        short.push('…');
        // A name that is set apart stays so.
        if short.contains('\u{2068}') && !short.contains('\u{2069}') {
            short.push('\u{2069}');
        }
        if kept.len() < 2 || !is_too_wide(&short) {
            return short;
        }
    }
    text
}

/// DejaVu Sans, inside the program: no font of the machine is looked for.
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
