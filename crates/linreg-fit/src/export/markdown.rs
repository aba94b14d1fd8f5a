//! A fit as Markdown, with the tables of GitHub.

use super::document::{Block, document};
use crate::Fitted;
use crate::number::plain;

impl Fitted {
    /// What there is to say of the fit, as Markdown.
    pub fn to_markdown(&self) -> String {
        let blocks = document(self, ToString::to_string).into_iter().map(block);
        blocks.collect::<Vec<_>>().join("\n")
    }
}

fn block(block: Block) -> String {
    match block {
        Block::Heading(text) => format!("### {}\n", prose(&text)),
        Block::Paragraph(text) => format!("{}\n", prose(&text)),
        Block::List(items) => items
            .iter()
            .map(|item| format!("- {}\n", prose(item)))
            .collect(),
        Block::Table(header, rows) => {
            let line = |cells: &[String]| {
                let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
                format!("| {} |\n", cells.join(" | "))
            };
            let numbers = header.len().saturating_sub(1);
            let rule = format!("| --- |{}\n", " ---: |".repeat(numbers));
            let rows: String = rows.iter().map(|row| line(row)).collect();
            format!("{}{rule}{rows}", line(&header))
        }
    }
}

/// Names between backticks stay code, and everything else is escaped.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| {
        if index % 2 == 0 {
            escaped(part)
        } else {
            format!("`{}`", plain(part))
        }
    });
    parts.collect()
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in plain(text).chars() {
        if "\\`*_{}[]<>#|~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_markup() {
        let table = Block::Table(
            ["coefficient", "estimate"].map(String::from).to_vec(),
            vec![["a|b*c_<d>", "1"].map(String::from).to_vec()],
        );
        assert_eq!(
            block(table),
            "| coefficient | estimate |\n| --- | ---: |\n| a\\|b\\*c\\_\\<d\\> | 1 |\n"
        );
        assert_eq!(prose("1 more of `a_b`: x_1"), "1 more of `a_b`: x\\_1");
    }
}
