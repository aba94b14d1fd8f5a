use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::cell;
use crate::{Place, Remedy};

/// A cell that is of another kind than the rest of its column, or than the
/// column should be.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OddCell {
    /// The place of its row.
    pub place: Place,
    /// The text of the cell.
    pub found: String,
    /// How it differs from the rest.
    pub oddity: Oddity,
    /// What would let it be read.
    pub remedies: Vec<Remedy>,
}

/// How a cell differs from the rest of its column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// It looks like a number, but is not written as numbers of the table are.
    NumberFormat,
    /// Most cells are of another kind.
    Minority {
        /// The number of cells of the most common kind.
        most: u64,
        /// The number of cells that are not missing.
        total: u64,
        /// The most common kind.
        kind: CellKind,
    },
    /// It is no number in a column of numbers.
    NoNumber,
    /// It is no date in a column of dates.
    NoDate,
    /// It is a date with the month first, and another has the day first.
    MonthFirst {
        /// The date with the day first.
        day_first: String,
        /// The place of that date.
        at: Place,
    },
    /// It is a date with the day or the month first, and no date of the column
    /// shows which.
    UnknownOrder,
}

/// A kind of cell.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// Any text that is none of the others.
    Word,
    /// A word for true or false.
    Boolean,
    /// A date.
    Date,
    /// A number, also an infinite one.
    Number,
}

impl OddCell {
    /// Says what was found and what was expected, without a place or a remedy.
    pub fn facts(&self) -> String {
        format!("found {}, {}", cell(&self.found), self.oddity)
    }
}

impl fmt::Display for OddCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.facts())?;
        self.remedies
            .iter()
            .try_for_each(|remedy| write!(f, "; {remedy}"))
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NumberFormat => f.write_str("where a number is written as in 1234.5"),
            Self::Minority { most, total, kind } => {
                write!(f, "where {most} of {total} cells are {kind}")
            }
            Self::NoNumber => f.write_str("expected a number"),
            Self::NoDate => f.write_str("expected a date"),
            Self::MonthFirst { day_first, at } => write!(
                f,
                "where the month comes first, and {} at {at}, where the day does; write all dates in one way",
                cell(day_first)
            ),
            Self::UnknownOrder => f.write_str(
                "and no date of the column shows whether the day or the month comes first",
            ),
        }
    }
}

impl fmt::Display for CellKind {
    /// Writes the plural.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word => "words",
            Self::Boolean => "true or false",
            Self::Date => "dates",
            Self::Number => "numbers",
        })
    }
}
