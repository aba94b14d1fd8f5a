//! Prose and tables in lines that fit a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::number::{columns_of, plain, table};

/// The columns of a line where nothing is known of the place that shows it.
pub const WIDTH: usize = 100;

/// How many columns lines have.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// Those of prose.
    pub prose: usize,
    /// Those of tables, which may be wider.
    pub table: usize,
}

impl Width {
    /// The same for prose and tables.
    pub const fn of(columns: usize) -> Self {
        Self {
            prose: columns,
            table: columns,
        }
    }
}

/// Breaks a text into lines of so many columns by the rules of Unicode (UAX 14).
/// A word that is longer has a line of its own. Lines are never broken at a hyphen
/// or a slash: most of these belong to names, paths and flags.
pub fn wrapped(text: &str, width: Width) -> String {
    filled(Options::new(width.prose), text)
}

/// A text that begins after `start`; the lines that follow are indented as far.
pub fn after(start: &str, text: &str, width: Width) -> String {
    /// The indent after a start that takes most of the line.
    const LITTLE: usize = 4;
    let columns = columns_of(start);
    let columns = if columns > width.prose / 2 {
        LITTLE
    } else {
        columns
    };
    let indent = " ".repeat(columns);
    let options = Options::new(width.prose);
    let options = options.initial_indent(start).subsequent_indent(&indent);
    filled(options, text) + "\n"
}

/// An item of a list: indented by two, and by four from the second line on.
pub fn item(text: &str, width: Width) -> String {
    let options = Options::new(width.prose);
    let options = options.initial_indent("  ").subsequent_indent("    ");
    filled(options, text) + "\n"
}

/// Texts beside their names, which take a column of their own.
pub fn beside(rows: &[(&str, String)], width: Width) -> String {
    let names = rows.iter().map(|(name, _)| columns_of(name));
    let most = names.max().unwrap_or(0);
    let row = |(name, text): &(&str, String)| {
        let space = " ".repeat(most - columns_of(name));
        after(&format!("  {name}{space}  "), text, width)
    };
    rows.iter().map(row).collect()
}

/// A table as by [`table`], in lines of so many columns: what does not fit beside the first
/// column follows below, beside the first column again, as in R and pandas. Long names are
/// broken after separators such as `_`.
pub fn table_within(rows: &[Vec<String>], width: Width) -> String {
    const FEWEST: usize = 16;
    let width = width.table;
    let whole = table(rows);
    if whole.lines().all(|line| columns_of(line) <= width) {
        return whole;
    }
    let most = (width * 2 / 5).max(FEWEST);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let names: Vec<Vec<String>> = rows
        .iter()
        .map(|row| broken(&plain(row.first().map_or("", String::as_str)), most))
        .collect();
    let of_name = names.iter().flatten().map(|line| columns_of(line)).max();
    let of_column = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        2 + cells
            .map(|cell| columns_of(&plain(cell)))
            .max()
            .unwrap_or(0)
    };
    let mut parts = Vec::new();
    let mut first = 1;
    while first < columns {
        let mut left = width.saturating_sub(2 + of_name.unwrap_or(0));
        let mut end = first;
        while end < columns && (end == first || of_column(end) <= left) {
            left = left.saturating_sub(of_column(end));
            end += 1;
        }
        let mut part = Vec::new();
        for (row, name) in rows.iter().zip(&names) {
            let cells = row.get(first..end.min(row.len())).unwrap_or_default();
            if cells.is_empty() {
                continue;
            }
            let Some((last, before)) = name.split_last() else {
                continue;
            };
            part.extend(before.iter().map(|line| vec![line.clone()]));
            part.push([std::slice::from_ref(last), cells].concat());
        }
        parts.push(table(&part));
        first = end;
    }
    parts.join("\n")
}

/// A name in lines of so many columns, broken after separators where there are any.
fn broken(name: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for part in name.split_inclusive(['_', '-', '.', '/', '=', ':', ',', ' ']) {
        if !line.is_empty() && columns_of(&line) + columns_of(part) > most {
            lines.push(std::mem::replace(&mut line, "  ".to_string()));
        }
        for character in part.chars() {
            if columns_of(&line) + columns_of(character.encode_utf8(&mut [0; 4])) > most {
                lines.push(std::mem::replace(&mut line, "  ".to_string()));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
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
    fn a_table_is_continued_below_where_it_is_too_wide() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [
            row(&["coefficient", "estimate", "std. error", "p"]),
            row(&["a", "1.5", "0.25", "0.001"]),
            row(&["number_of_rooms_above_ground", "2.5", "0.5", "0.002"]),
            row(&["left", "out"]),
        ];
        assert_eq!(table_within(&rows, Width::of(80)), table(&rows));
        assert_eq!(
            table_within(&rows, Width::of(40)),
            "  coefficient       estimate  std. error
  a                      1.5        0.25
  number_of_rooms_
    above_ground         2.5         0.5
  left                   out

  coefficient           p
  a                 0.001
  number_of_rooms_
    above_ground    0.002
"
        );
    }

    #[test]
    fn no_line_of_a_table_is_wider_than_it_may_be() {
        let names = [
            "a".repeat(100),
            "b_".repeat(50),
            "城市".repeat(30),
            String::new(),
        ];
        let rows: Vec<Vec<String>> = names
            .iter()
            .map(|name| [vec![name.clone()], vec!["-12.3456".to_string(); 9]].concat())
            .collect();
        for width in 40..120 {
            let text = table_within(&rows, Width::of(width));
            assert!(text.lines().all(|line| columns_of(line) <= width), "{text}");
            assert_eq!(text.matches("-12.3456").count(), 36, "{text}");
        }
    }

    #[test]
    fn lines_fit_and_no_flag_or_path_is_broken() {
        let text = "Larger steps, `--learning-rate 0.1`, take fewer of data/a-b/2024.csv.";
        for width in 20..60 {
            let lines = wrapped(text, Width::of(width));
            assert!(lines.lines().all(|line| line.len() <= width), "{lines}");
            for whole in ["`--learning-rate", "data/a-b/2024.csv."] {
                assert!(lines.contains(whole), "{lines}");
            }
            assert_eq!(lines.replace('\n', " "), text);
        }
    }

    #[test]
    fn wide_characters_take_two_columns_and_punctuation_ends_a_line() {
        let lines = wrapped("更新参数时，梯度不记录。", Width::of(10));
        assert_eq!(lines, "更新参数\n时，梯度不\n记录。");
    }

    #[test]
    fn what_goes_on_is_indented_under_its_text() {
        let rows = [("R²", "0.5  a share".to_string()), ("F", "2".to_string())];
        assert_eq!(
            beside(&rows, Width::of(14)),
            "  R²  0.5  a\n      share\n  F   2\n"
        );
        assert_eq!(item("a b c", Width::of(5)), "  a b\n    c\n");
        assert_eq!(
            after("Columns: ", "a b", Width::of(10)),
            "Columns: a\n    b\n"
        );
    }

    #[test]
    fn a_word_longer_than_a_line_stays_whole() {
        assert_eq!(
            wrapped("a incomprehensibilities b", Width::of(10)),
            "a\nincomprehensibilities\nb"
        );
        assert_eq!(item("", Width::of(10)), "\n");
        assert_eq!(wrapped("a b", Width::of(0)), "a\nb");
    }
}
