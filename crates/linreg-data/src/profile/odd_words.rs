use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Example;
use super::example::keep_first;
use crate::lookalike::{Writings, is_gap};
use crate::source::Origin;
use crate::text_format::CellReader;

/// How the words of a column look to a person.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct OddWords {
    /// The number of cells that are numbers, written in another format.
    pub numbers: u64,
    pub first_number: Option<Example>,
    /// The ways in which they are written.
    pub writings: Writings,
    /// The number of cells that may stand for a missing value.
    pub gaps: u64,
    pub first_gap: Option<Example>,
    /// The first word that is neither.
    pub first_other: Option<Example>,
}

impl OddWords {
    pub fn take(&mut self, word: &str, row: usize, cells: &CellReader, origin: &Arc<dyn Origin>) {
        let first = if let Some(writing) = Writings::of(word, cells.format()) {
            self.numbers += 1;
            self.writings.add(writing);
            &mut self.first_number
        } else if is_gap(word) {
            self.gaps += 1;
            &mut self.first_gap
        } else {
            &mut self.first_other
        };
        if first.is_none() {
            *first = Some(Example::new(origin, row, word));
        }
    }

    pub fn merge(&mut self, later: Self) {
        self.numbers += later.numbers;
        self.gaps += later.gaps;
        self.writings.add(later.writings);
        keep_first(&mut self.first_number, later.first_number);
        keep_first(&mut self.first_gap, later.first_gap);
        keep_first(&mut self.first_other, later.first_other);
    }
}
