//! Prose in lines that fit a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::number::columns_of;

/// The columns of a line where nothing is known of the place that shows it.
pub const WIDTH: usize = 100;

/// Breaks a text into lines of so many columns by the rules of Unicode (UAX 14).
/// A word that is longer has a line of its own. Lines are never broken at a hyphen
/// or a slash: most of these belong to names, paths and flags.
pub fn wrapped(text: &str, width: usize) -> String {
    filled(Options::new(width), text)
}

/// A text that begins after `start`; the lines that follow are indented as far.
pub fn after(start: &str, text: &str, width: usize) -> String {
    /// The indent after a start that takes most of the line.
    const LITTLE: usize = 4;
    let columns = columns_of(start);
    let columns = if columns > width / 2 { LITTLE } else { columns };
    let indent = " ".repeat(columns);
    let options = Options::new(width);
    let options = options.initial_indent(start).subsequent_indent(&indent);
    filled(options, text) + "\n"
}

/// An item of a list: indented by two, and by four from the second line on.
pub fn item(text: &str, width: usize) -> String {
    let options = Options::new(width);
    let options = options.initial_indent("  ").subsequent_indent("    ");
    filled(options, text) + "\n"
}

/// Texts beside their names, which take a column of their own.
pub fn beside(rows: &[(&str, String)], width: usize) -> String {
    let names = rows.iter().map(|(name, _)| columns_of(name));
    let most = names.max().unwrap_or(0);
    let row = |(name, text): &(&str, String)| {
        let space = " ".repeat(most - columns_of(name));
        after(&format!("  {name}{space}  "), text, width)
    };
    rows.iter().map(row).collect()
}

fn filled(options: Options<'_>, text: &str) -> String {
    // A word joiner forbids a break, and takes no column.
    const KEPT: &str = "/\u{2060}";
    let options = options
        .word_separator(WordSeparator::UnicodeBreakProperties)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::fill(&text.replace('/', KEPT), options).replace(KEPT, "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_no_flag_or_path_is_broken() {
        let text = "Larger steps, `--learning-rate 0.1`, take fewer of data/a-b/2024.csv.";
        for width in 20..60 {
            let lines = wrapped(text, width);
            assert!(lines.lines().all(|line| line.len() <= width), "{lines}");
            for whole in ["`--learning-rate", "data/a-b/2024.csv."] {
                assert!(lines.contains(whole), "{lines}");
            }
            assert_eq!(lines.replace('\n', " "), text);
        }
    }

    #[test]
    fn wide_characters_take_two_columns_and_punctuation_ends_a_line() {
        let lines = wrapped("更新参数时，梯度不记录。", 10);
        assert_eq!(lines, "更新参数\n时，梯度不\n记录。");
    }

    #[test]
    fn what_goes_on_is_indented_under_its_text() {
        let rows = [("R²", "0.5  a share".to_string()), ("F", "2".to_string())];
        assert_eq!(beside(&rows, 14), "  R²  0.5  a\n      share\n  F   2\n");
        assert_eq!(item("a b c", 5), "  a b\n    c\n");
        assert_eq!(after("Columns: ", "a b", 10), "Columns: a\n    b\n");
    }

    #[test]
    fn a_word_longer_than_a_line_stays_whole() {
        assert_eq!(
            wrapped("a incomprehensibilities b", 10),
            "a\nincomprehensibilities\nb"
        );
        assert_eq!(item("", 10), "\n");
        assert_eq!(wrapped("a b", 0), "a\nb");
    }
}
