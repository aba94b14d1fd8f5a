use std::fmt;

use super::quote;
use crate::Place;

/// The place of a cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CellPlace {
    /// The place of its row.
    pub row: Place,
    /// The name of its column.
    pub column: String,
}

impl fmt::Display for CellPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, column {}", self.row, quote(&self.column))
    }
}

/// Names the places of the first cells, and says how many more there are.
pub(super) fn first_of(examples: &[CellPlace], cells: u64) -> String {
    let places: Vec<String> = examples.iter().map(CellPlace::to_string).collect();
    let places = places.join("; ");
    match cells.saturating_sub(examples.len() as u64) {
        0 => places,
        more => format!("{places} and {more} more"),
    }
}
