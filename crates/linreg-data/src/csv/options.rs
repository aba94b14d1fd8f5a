use serde::{Deserialize, Serialize};

use crate::text_format::TextFormat;

/// How to read a CSV file, and the text cells of a table of any format.
///
/// It can be stored, so that other files are read in the same way.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct CsvOptions {
    /// What separates cells; a space stands for one or more of them. None finds
    /// it in the first lines: comma, semicolon, tab, `|`, or spaces between
    /// numbers.
    pub delimiter: Option<u8>,
    /// Whether the first line is a row and columns are named `column_1`,
    /// `column_2` and so on.
    pub no_header: bool,
    /// Lines before the header that are passed over. Default: 0.
    pub skip: u64,
    /// What lines that are no rows begin with, such as `#`. Default: none do.
    pub comment: Option<u8>,
    /// How cells are written, in a file of any format.
    pub text: TextFormat,
}
