use serde::{Deserialize, Serialize};

use crate::error::{StoredError, quote};
use crate::text_format::TextFormat;

/// How to read a CSV file, and the text cells of a table of any format.
///
/// It can be stored, so that other files are read in the same way; deserialised
/// options have been checked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, try_from = "StoredOptions")]
pub struct CsvOptions {
    /// The delimiter; a space stands for one or more spaces. If it is None, the
    /// first lines decide: comma, semicolon, tab, `|`, or spaces between
    /// numbers.
    pub delimiter: Option<u8>,
    /// Whether there is no header row. The columns are then named `column_1`,
    /// `column_2` and so on.
    pub no_header: bool,
    /// The number of lines to skip before the header row. Default: 0.
    pub skip: u64,
    /// The first character of comment lines, such as `#`. Default: there are
    /// none.
    pub comment: Option<u8>,
    /// How text cells are written, in a file of any format.
    pub text: TextFormat,
}

/// [`CsvOptions`] as they are stored, not yet checked.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredOptions {
    delimiter: Option<u8>,
    no_header: bool,
    skip: u64,
    comment: Option<u8>,
    text: TextFormat,
}

impl TryFrom<StoredOptions> for CsvOptions {
    type Error = StoredError;

    fn try_from(stored: StoredOptions) -> Result<Self, StoredError> {
        let is_mark = |byte: &u8| byte.is_ascii_punctuation() && *byte != b'"';
        let is_delimiter = |byte: &u8| byte.is_ascii() && !b"\"\r\n".contains(byte);
        let wrong = |what, byte: u8, expected| {
            let found = quote(&char::from(byte).to_string());
            Err(StoredError::new(what, found, expected))
        };
        if let Some(byte) = stored.delimiter.filter(|byte| !is_delimiter(byte)) {
            return wrong("delimiter", byte, "one character, such as ;");
        }
        if let Some(byte) = stored.comment.filter(|byte| !is_mark(byte)) {
            return wrong("mark of comments", byte, "a mark, such as #");
        }
        Ok(Self {
            delimiter: stored.delimiter,
            no_header: stored.no_header,
            skip: stored.skip,
            comment: stored.comment,
            text: stored.text,
        })
    }
}
