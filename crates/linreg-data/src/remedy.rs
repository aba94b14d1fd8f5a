use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::quote;

/// What would let a cell or a line be read that cannot be read as it is.
///
/// Each is a change of the file, or a setting of
/// [`CsvOptions`](crate::CsvOptions) and [`TextFormat`](crate::TextFormat).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Remedy {
    /// Write the cell without these signs.
    WriteWithout(Vec<Sign>),
    /// Write the numbers of the column in one way.
    WriteInOneWay(Mixture),
    /// Other marks in numbers; any one of these pairs.
    Marks(Vec<Marks>),
    /// A point as the decimal mark, and not this mark.
    DecimalPoint {
        /// The decimal mark that the text format names.
        not: char,
    },
    /// Taking this cell as a missing value.
    Missing(String),
    /// Passing over the lines that begin with this mark, as comments.
    Comment(char),
    /// Saying whether the day or the month comes first in dates.
    DateOrder,
}

/// What stands in or around the digits of a cell and is no part of a number.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// The sign or the code of a currency.
    Currency,
    /// A per cent sign.
    Percent,
    /// A letter or a word for thousands, millions and so on: `1.2M`.
    Magnitude,
    /// Parentheses around a negative number.
    Parentheses,
    /// A dash in place of a minus sign.
    Dash,
}

/// How the numbers of a column are written in several ways.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mixture {
    /// Commas are decimal marks in some cells and separate thousands in others.
    Commas,
    /// Thousands are separated by several marks.
    Thousands,
    /// The separator of thousands is where the format has none.
    Groups,
}

/// The marks in numbers with which a cell can be read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Marks {
    /// The decimal mark; None to leave it as it is.
    pub decimal: Option<char>,
    /// The separator of thousands; None to leave it as it is.
    pub thousands: Option<char>,
    /// The number that the cell is with these marks; None if it is none.
    pub number: Option<f64>,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteWithout(signs) => {
                let signs: Vec<String> = signs.iter().map(Sign::to_string).collect();
                write!(f, "write it without {}", signs.join(" and "))
            }
            Self::WriteInOneWay(mixture) => f.write_str(match mixture {
                Mixture::Commas => {
                    "commas are decimal marks in some cells and separate thousands in others; write them in one way"
                }
                Mixture::Thousands => "thousands are separated in several ways; write them in one",
                Mixture::Groups => "write it in one way",
            }),
            Self::Marks(marks) => {
                let marks: Vec<String> = marks.iter().map(Marks::to_string).collect();
                f.write_str(&marks.join(", "))
            }
            Self::DecimalPoint { not } => write!(f, "the decimal mark is said to be {not}"),
            Self::Missing(cell) => write!(f, "{} can be taken as missing", quote(cell)),
            Self::Comment(mark) => {
                write!(f, "lines that begin with {mark} can be passed over")
            }
            Self::DateOrder => f.write_str("say it in the text format"),
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Currency => "the sign of the currency",
            Self::Percent => "the per cent sign",
            Self::Magnitude => "the magnitude, such as M for millions",
            Self::Parentheses => "parentheses",
            Self::Dash => "the dash, and with a minus",
        })
    }
}

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks = [
            ("decimal mark", self.decimal),
            ("separator of thousands", self.thousands),
        ];
        let marks = marks.into_iter();
        let marks =
            marks.filter_map(|(name, mark)| Some(format!("{name} {}", quote(&mark?.to_string()))));
        let marks: Vec<String> = marks.collect();
        write!(f, "with the {}", marks.join(" and the "))?;
        match self.number {
            Some(number) => write!(f, " it is {number}"),
            None => Ok(()),
        }
    }
}
