//! Pieces of HTML. Whatever comes from a file or the command line goes through
//! [`text`], which is all that keeps it from being read as HTML.

use std::fmt::Display;

use linreg_data::printable;

use crate::wrap::Width;

/// The most characters of a name that are shown.
const MOST: usize = 80;

/// Escapes a text for use between tags and in quoted attributes.
pub fn text(text: impl Display) -> String {
    let mut escaped = String::new();
    for character in printable(&text.to_string()).chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A name, shortened to as many characters as people read.
pub fn shorten(name: &str) -> String {
    match name.char_indices().nth(MOST) {
        None => name.to_string(),
        Some(_) => name.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

/// The name of a column or a level, which keeps its own direction of writing and may be
/// broken after separators such as `_` where there is no room.
pub fn name(name: &str) -> String {
    let short = shorten(name);
    let parts: Vec<String> = short.split_inclusive(SEPARATORS).map(text).collect();
    format!("<bdi>{}</bdi>", parts.join("<wbr>"))
}

/// What names of columns are made of parts with.
const SEPARATORS: [char; 7] = ['_', '-', '.', '/', '=', ':', ','];

/// Several names.
pub fn names(list: &[String]) -> String {
    let list: Vec<String> = list.iter().map(|one| name(one)).collect();
    list.join(", ")
}

/// A sentence as in the terminal, in which names stand between backticks, and options
/// begin with two dashes.
pub fn prose(sentence: &str) -> String {
    let lines = sentence.split('\n').map(|line| {
        let parts = line.split('`').enumerate();
        let parts = parts.map(|(index, part)| match index % 2 {
            0 => with_options(part),
            _ => format!("<b>{}</b>", name(part)),
        });
        parts.collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn with_options(part: &str) -> String {
    let words = part.split(' ').map(|word| {
        let is_option = word.strip_prefix("--").is_some_and(|name| !name.is_empty());
        if is_option {
            format!("<code>{}</code>", text(word))
        } else {
            text(word)
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A paragraph of HTML.
pub fn paragraph(html: &str) -> String {
    format!("<p>{html}</p>\n")
}

/// The width of text for [`lines`], which the browser breaks.
pub const UNBROKEN: Width = Width::of(usize::MAX);

/// Lines as in the terminal, but no more than people read.
pub fn lines(text_lines: &str) -> String {
    const MOST_LINES: usize = 200;
    const MOST_CHARACTERS: usize = 300;
    let shown = text_lines.trim_end().lines().take(MOST_LINES);
    let line = |line: &str| text(line.chars().take(MOST_CHARACTERS).collect::<String>());
    let shown: Vec<String> = shown.map(line).collect();
    format!(
        "<pre class=\"lines\" tabindex=\"0\">{}</pre>\n",
        shown.join("\n")
    )
}

/// A list of items of HTML; nothing without items.
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: String = items
        .into_iter()
        .map(|item| format!("<li>{item}</li>\n"))
        .collect();
    if items.is_empty() {
        items
    } else {
        format!("<ul>\n{items}</ul>\n")
    }
}

/// Terms and what they are, as HTML.
pub fn definitions(items: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let items: String = items
        .into_iter()
        .map(|(term, html)| format!("<div><dt>{}</dt><dd>{html}</dd></div>\n", text(term)))
        .collect();
    format!("<dl>\n{items}</dl>\n")
}

/// The most rows of a table of which all are shown at first.
const MOST_ROWS: usize = 15;

/// A table of HTML cells, wide ones to be scrolled sideways; of long ones a browser shows
/// the first rows until it is asked for all. The first column names the row, the columns
/// from `first_number` on hold numbers.
pub fn table(caption: &str, header: &[&str], first_number: usize, rows: &[Vec<String>]) -> String {
    let class = |column: usize| {
        if column >= first_number {
            " class=\"number\""
        } else {
            ""
        }
    };
    let header = header.iter().enumerate();
    let header: String = header
        .map(|(column, cell)| format!("<th scope=\"col\"{}>{}</th>", class(column), text(cell)))
        .collect();
    let row = |cells: &Vec<String>| {
        let cells = cells.iter().enumerate();
        let cells: String = cells
            .map(|(column, cell)| match column {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td{}>{cell}</td>", class(column)),
            })
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let class = if rows.len() > MOST_ROWS {
        " class=\"long\""
    } else {
        ""
    };
    let rows: String = rows.iter().map(row).collect();
    let label = text(caption);
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table{class}>\n\
         <caption>{label}</caption>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table></div>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_text_breaks_out() {
        assert_eq!(
            text("</p><script>alert(\"1\" & '2')</script>"),
            "&lt;/p&gt;&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"
        );
        assert_eq!(text("a\u{0}b\n"), "a\\u{0}b\\n");
        assert_eq!(text("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_name_keeps_its_direction_and_its_length_is_bounded() {
        assert_eq!(name("גיל"), "<bdi>גיל</bdi>");
        let long = shorten(&"é".repeat(1000));
        assert_eq!(long.chars().count(), 80);
        assert!(long.ends_with("é…"));
        assert_eq!(shorten(&"é".repeat(80)), "é".repeat(80));
    }

    #[test]
    fn a_name_is_broken_after_separators_and_still_escaped() {
        assert_eq!(
            name("living_area=<b>"),
            "<bdi>living_<wbr>area=<wbr>&lt;b&gt;</bdi>"
        );
    }

    #[test]
    fn only_long_tables_are_folded() {
        let rows = |count| vec![vec!["a".to_string(), "1".to_string()]; count];
        let is_long = |count| table("t", &["x", "y"], 1, &rows(count)).contains("\"long\"");
        assert!(!is_long(MOST_ROWS) && is_long(MOST_ROWS + 1));
    }

    #[test]
    fn names_between_backticks_stand_out() {
        assert_eq!(
            prose("1 more of `a<b`: lower\nand `c`"),
            "1 more of <b><bdi>a&lt;b</bdi></b>: lower\nand <b><bdi>c</bdi></b>"
        );
    }

    proptest! {
        #[test]
        fn what_is_escaped_has_no_markup(any in ".*") {
            let ours = ["<b><bdi>", "</bdi></b>", "<wbr>", "<code>", "</code>"];
            let prose = ours.iter().fold(prose(&any), |html, tag| html.replace(tag, ""));
            for html in [text(&any), prose] {
                prop_assert!(!html.contains(['<', '>', '"', '\'']), "{}", html);
            }
        }
    }
}
