//! A section of the lesson, for the terminal or for a page.

use linreg_plot::Picture;

use crate::language::Language;
use crate::number::four_digits;

/// One question and its answer.
pub struct Section {
    /// The `id` of the section in the HTML of a page.
    pub id: &'static str,
    pub heading: &'static str,
    pub blocks: Vec<Block>,
}

/// A part of a section. Code in its texts stands between backticks.
pub enum Block {
    Paragraph(String),
    /// Lines that are shown as they are.
    Code(String),
    Table(Table),
    /// Pictures, and how many of them a terminal has room for.
    Pictures {
        pictures: Vec<Picture>,
        in_terminal: usize,
    },
}

/// A table whose first row is its header.
pub struct Table {
    pub caption: &'static str,
    pub rows: Vec<Vec<String>>,
    /// The first column that holds numbers.
    pub first_number: usize,
}

/// A loss as text. It may be infinite or NaN.
pub fn loss(loss: f64, language: Language) -> String {
    if loss.is_finite() {
        four_digits(loss)
    } else {
        language.choose("not finite", "不是有限数").to_string()
    }
}

/// A row of a table.
pub fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_string).to_vec()
}
