use std::sync::Arc;

use crate::{Origin, Place};

/// The places of rows by their numbers in the table, from 1.
pub(crate) struct NumberedRows {
    table: Arc<str>,
    first_row: u64,
}

impl NumberedRows {
    /// Returns the origin of rows of a table; `first_row` is counted from 0.
    pub fn origin(table: &Arc<str>, first_row: u64) -> Arc<dyn Origin> {
        let table = table.clone();
        Arc::new(Self { table, first_row })
    }
}

impl Origin for NumberedRows {
    fn place(&self, row: usize) -> Place {
        Place::of_row(&*self.table, self.first_row + row as u64 + 1)
    }
}
