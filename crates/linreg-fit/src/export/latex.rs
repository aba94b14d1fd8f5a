//! A fit as LaTeX, with tables of the package `booktabs`.

use super::document::{Block, document};
use crate::Fitted;
use crate::number::plain;

impl Fitted {
    /// What there is to say of the fit, as LaTeX for the body of a document that
    /// uses the package `booktabs`.
    pub fn to_latex(&self) -> String {
        let blocks = document(self, ToString::to_string).into_iter().map(block);
        blocks.collect::<Vec<_>>().join("\n")
    }
}

fn block(block: Block) -> String {
    match block {
        Block::Heading(text) => format!("\\paragraph{{{}}}\n", prose(&text)),
        Block::Paragraph(text) => format!("{}\n", prose(&text)),
        Block::List(items) => {
            let items = items.iter().map(|item| format!("\\item {}\n", prose(item)));
            let items: String = items.collect();
            format!("\\begin{{itemize}}\n{items}\\end{{itemize}}\n")
        }
        Block::Table(header, rows) => {
            let line = |cells: &[String]| {
                let cells: Vec<String> = cells.iter().map(|cell| cell_text(cell)).collect();
                format!("{} \\\\\n", cells.join(" & "))
            };
            let numbers = "r".repeat(header.len().saturating_sub(1));
            let rows: String = rows.iter().map(|row| line(row)).collect();
            format!(
                "\\begin{{tabular}}{{l{numbers}}}\n\\toprule\n{}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n",
                line(&header)
            )
        }
    }
}

/// A number in math mode, so that its sign is a minus; any other text escaped.
fn cell_text(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    match cell.split_once('e') {
        Some((digits, power)) if number => {
            format!("${digits} \\times 10^{{{power}}}$")
        }
        _ if number => format!("${cell}$"),
        _ => escaped(cell),
    }
}

/// Names between backticks are typewriter text.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| {
        let part = escaped(part);
        if index % 2 == 0 {
            part
        } else {
            format!("\\texttt{{{part}}}")
        }
    });
    parts.collect()
}

/// A text in which nothing is a command.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in plain(text).chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '²' => escaped += "\\textsuperscript{2}",
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_a_command() {
        assert_eq!(
            escaped("a_b & 50% \\input{x}"),
            "a\\_b \\& 50\\% \\textbackslash{}input\\{x\\}"
        );
        assert_eq!(prose("1 more of `a_b`"), "1 more of \\texttt{a\\_b}");
    }

    #[test]
    fn numbers_are_set_as_numbers() {
        assert_eq!(cell_text("-3.40"), "$-3.40$");
        assert_eq!(cell_text("2.1e-5"), "$2.1 \\times 10^{-5}$");
        assert_eq!(cell_text("-"), "-");
        assert_eq!(cell_text("inf"), "inf");
    }
}
