//! A fit as a piece of HTML, to put into a page of one's own. A whole page with
//! pictures is a [`Report`](crate::Report).

use super::document::{Block, document};
use crate::Fitted;
use crate::page::html::{list, name, paragraph, prose, table, text};

impl Fitted {
    /// What there is to say of the fit, as HTML for the body of a page.
    pub fn to_html(&self) -> String {
        let blocks = document(self, ToString::to_string);
        blocks.into_iter().map(block).collect()
    }
}

fn block(block: Block) -> String {
    match block {
        Block::Heading(heading) => format!("<h3>{}</h3>\n", prose(&heading)),
        Block::Paragraph(sentence) => paragraph(&prose(&sentence)),
        Block::List(items) => list(items.iter().map(|item| prose(item))),
        Block::Table(header, rows) => {
            let cells = |row: &Vec<String>| {
                let cells = row.iter().enumerate();
                let cells = cells.map(
                    |(column, cell)| {
                        if column == 0 { name(cell) } else { text(cell) }
                    },
                );
                cells.collect()
            };
            let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            table(header.first().unwrap_or(&""), &header, 1, &rows)
        }
    }
}
