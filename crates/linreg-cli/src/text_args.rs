use linreg_data::{CsvOptions, DateOrder, TextFormat};

use crate::command::quoted;
use crate::names::{Names, all};

/// How the text of a table is read: what is not said is found in the file, or, by
/// commands that apply a model, as its table was read.
#[derive(Clone, clap::Args)]
pub struct TextArgs {
    /// Separator of the cells of a CSV file: one character, tab, or space for
    /// one or more spaces [default: found in the file]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, hide_short_help = true)]
    delimiter: Option<u8>,

    /// The first line of a CSV file is a row; columns are named column_1,
    /// column_2 and so on
    #[arg(long, hide_short_help = true)]
    no_header: bool,

    /// Number of lines to skip before the header of a CSV file
    #[arg(long, value_name = "NUMBER", hide_short_help = true)]
    skip: Option<u64>,

    /// Skip the lines of a CSV file that begin with this character, such as '#'
    #[arg(long, value_name = "CHARACTER", value_parser = comment, hide_short_help = true)]
    comment: Option<Byte>,

    // No doc comment: rustdoc would take one of the cells for HTML.
    #[arg(
        long,
        value_name = "VALUES",
        allow_hyphen_values = true,
        hide_short_help = true,
        help = "Cells to take as missing, such as '?,-,-999', besides empty ones and NA, N/A, #N/A, #NA, <NA>, NaN, NULL, None and \\N in upper or lower case"
    )]
    na: Vec<Names>,

    /// Decimal mark of numbers [default: .]
    #[arg(long, value_name = "CHARACTER", hide_short_help = true)]
    decimal: Option<char>,

    /// Thousands separator of numbers: , or . or ' or the word space [default:
    /// none]
    #[arg(long, value_name = "CHARACTER", value_parser = thousands, hide_short_help = true)]
    thousands: Option<Mark>,

    /// Order of dates such as 03/04/2024: day-first or month-first [default:
    /// found in the column]
    #[arg(long, value_name = "ORDER", value_parser = dates, hide_short_help = true)]
    dates: Option<DateOrder>,
}

/// The first character of comment lines; `None` for the word `none`.
#[derive(Clone, Copy)]
struct Byte(Option<u8>);

/// The separator of thousands; `None` for the word `none`.
#[derive(Clone, Copy)]
struct Mark(Option<char>);

impl TextArgs {
    /// The options given here, and those of `others` where none is given.
    pub fn options(&self, others: CsvOptions) -> CsvOptions {
        let missing = if self.na.is_empty() {
            others.text.missing
        } else {
            all(&self.na)
        };
        CsvOptions {
            delimiter: self.delimiter.or(others.delimiter),
            no_header: self.no_header || others.no_header,
            skip: self.skip.unwrap_or(others.skip),
            comment: self.comment.map_or(others.comment, |byte| byte.0),
            text: TextFormat {
                missing,
                decimal: self.decimal.or(others.text.decimal),
                thousands: self.thousands.map_or(others.text.thousands, |mark| mark.0),
                dates: self.dates.or(others.text.dates),
            },
        }
    }
}

/// The command line arguments that give these options.
pub fn arguments(options: &CsvOptions) -> String {
    let mark = |mark: char| match mark {
        ' ' => "space".to_string(),
        '\t' => "tab".to_string(),
        mark => quoted(&mark.to_string()),
    };
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        arguments.extend(value.map(|value| format!("{name} {value}")));
    };
    let text = &options.text;
    add(
        "--delimiter",
        options.delimiter.map(|byte| mark(byte.into())),
    );
    add(
        "--skip",
        (options.skip > 0).then(|| options.skip.to_string()),
    );
    add("--comment", options.comment.map(|byte| mark(byte.into())));
    let missing = text.missing.join(",");
    add("--na", (!missing.is_empty()).then(|| quoted(&missing)));
    add("--decimal", text.decimal.map(mark));
    add("--thousands", text.thousands.map(mark));
    let dates = text.dates.map(|order| match order {
        DateOrder::DayFirst => "day-first".to_string(),
        DateOrder::MonthFirst => "month-first".to_string(),
    });
    add("--dates", dates);
    if options.no_header {
        arguments.push("--no-header".to_string());
    }
    arguments.join(" ")
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        _ if text == "space" => Ok(b' '),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("expected one character, such as ; or the word tab or space".to_string()),
    }
}

fn comment(text: &str) -> Result<Byte, String> {
    match text.as_bytes() {
        _ if text == "none" => Ok(Byte(None)),
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Byte(Some(*byte))),
        _ => Err("expected one mark, such as #, or the word none".to_string()),
    }
}

fn thousands(text: &str) -> Result<Mark, String> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        _ if text == "none" => Ok(Mark(None)),
        _ if text == "space" => Ok(Mark(Some(' '))),
        (Some(mark), None) => Ok(Mark(Some(mark))),
        _ => Err("expected one mark, such as , or the word space or none".to_string()),
    }
}

fn dates(text: &str) -> Result<DateOrder, String> {
    match text {
        "day-first" => Ok(DateOrder::DayFirst),
        "month-first" => Ok(DateOrder::MonthFirst),
        _ => Err("expected day-first or month-first".to_string()),
    }
}
