mod column;
mod dates;
mod example;
mod odd_words;
mod pass;
mod reading;
mod stored;
mod words;

use serde::{Deserialize, Serialize};

use crate::random::mix;
use crate::text_format::TextFormat;
use crate::values::{ReadNumbers, Values};
use crate::{Chunk, DataError};
pub use column::ColumnProfile;
use column::Context;
pub(crate) use dates::SlashedDates;
pub use example::Example;
pub(crate) use odd_words::OddWords;
pub(crate) use pass::ProfilePass;
pub(crate) use reading::Reading;
use stored::StoredProfile;
pub use words::Words;

/// A summary of the columns of a table, from which their kinds are decided.
///
/// It is learned from chunks and merged with the profiles of later rows, in
/// memory that does not grow with the number of rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredProfile")]
pub struct TableProfile {
    /// Number of rows.
    pub num_rows: u64,
    /// The profile of each column.
    pub columns: Vec<ColumnProfile>,
    /// The format of cells that are text.
    pub format: TextFormat,
}

impl TableProfile {
    /// Returns the profile of a table without rows.
    pub(crate) fn new(reading: &Reading) -> Self {
        let num_first = reading.names.len().saturating_sub(reading.num_second);
        let column = |(index, name): (usize, &String)| {
            let is_second = index >= num_first;
            ColumnProfile {
                words_only: is_second || reading.words_only.contains(name),
                numbers_only: !is_second && reading.numbers_only.contains(name),
                ..ColumnProfile::new(name)
            }
        };
        Self {
            num_rows: 0,
            columns: reading.names.iter().enumerate().map(column).collect(),
            format: TextFormat::default(),
        }
    }

    /// Adds the rows of a chunk, and returns the numbers of each column that
    /// were read for it.
    pub(crate) fn update(
        &mut self,
        chunk: &Chunk,
        max_levels: usize,
    ) -> Result<Vec<ReadNumbers>, DataError> {
        let num_rows = chunk.num_rows() as u64;
        self.num_rows += num_rows;
        self.format = chunk.cells.format().clone();
        let rows = chunk.first_row..chunk.first_row + num_rows;
        let context = Context {
            row_hashes: rows.map(mix).collect(),
            max_levels,
            cells: &chunk.cells,
            origin: &chunk.origin,
        };
        let mut numbers = Vec::new();
        for (column, array) in self.columns.iter_mut().zip(chunk.batch.columns()) {
            let values = if column.words_only {
                Values::words(array)?
            } else {
                Values::of(array)?
            };
            numbers.push(column.update(&values, &context));
        }
        Ok(numbers)
    }

    /// Ends a part of the table.
    pub(crate) fn settle(&mut self) {
        for column in &mut self.columns {
            column.summary.settle();
            column.slashed.settle();
        }
    }

    /// Adds the profile of later rows with the same columns. Both have been
    /// settled.
    pub(crate) fn merge(&mut self, later: Self, max_levels: usize) {
        self.num_rows += later.num_rows;
        self.format = later.format;
        for (column, later) in self.columns.iter_mut().zip(later.columns) {
            column.merge(later, max_levels);
        }
    }

    /// Finds the places of all examples.
    pub(crate) fn find_examples(&mut self) {
        self.columns
            .iter_mut()
            .for_each(ColumnProfile::find_examples);
    }
}
