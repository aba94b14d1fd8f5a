use std::collections::BTreeMap;

use crate::DataError;
use crate::source::Chunk;

/// Gathers the rows of parts, which are decoded in pieces that know nothing of
/// parts.
pub(super) struct Assembly {
    part_rows: u64,
    parts: BTreeMap<u64, Vec<Slice>>,
    /// The number of rows of the table, once it is known.
    num_rows: Option<u64>,
    /// The row at which the first error found so far stands.
    first_error: Option<u64>,
}

/// Some rows of a part, or the error that stands in their place.
struct Slice {
    first_row: u64,
    rows: Result<Chunk, DataError>,
}

/// A part whose rows are complete, up to an error if there is one.
pub(super) struct WholePart {
    pub index: u64,
    /// Its rows, in order. Nothing follows an error.
    pub rows: Vec<Result<Chunk, DataError>>,
}

impl Assembly {
    pub fn new(part_rows: u64) -> Self {
        Self {
            part_rows,
            parts: BTreeMap::new(),
            num_rows: None,
            first_error: None,
        }
    }

    /// Adds rows that are all of one part, and returns the part if they complete
    /// it.
    pub fn add(&mut self, first_row: u64, chunk: Chunk) -> Option<WholePart> {
        self.insert(first_row, Ok(chunk))
    }

    /// Adds an error that stands where a row should be.
    pub fn fail(&mut self, row: u64, error: DataError) -> Option<WholePart> {
        self.insert(row, Err(error))
    }

    /// Says how many rows the table has.
    pub fn end(&mut self, num_rows: u64) -> Option<WholePart> {
        self.num_rows = Some(num_rows);
        self.take_whole(num_rows / self.part_rows)
    }

    fn insert(&mut self, first_row: u64, rows: Result<Chunk, DataError>) -> Option<WholePart> {
        // What comes after an error is of no interest.
        if self.first_error.is_some_and(|error| error <= first_row) {
            return None;
        }
        if rows.is_err() {
            self.first_error = Some(first_row);
        }
        let index = first_row / self.part_rows;
        let slices = self.parts.entry(index).or_default();
        slices.push(Slice { first_row, rows });
        self.take_whole(index)
    }

    fn take_whole(&mut self, index: u64) -> Option<WholePart> {
        let slices = self.parts.get(&index)?;
        let first_row = index * self.part_rows;
        let errors = slices.iter().filter(|slice| slice.rows.is_err());
        let error = errors.map(|slice| slice.first_row).min();
        let end = error.unwrap_or_else(|| {
            let of_part = first_row + self.part_rows;
            self.num_rows.map_or(of_part, |rows| rows.min(of_part))
        });
        let before = slices.iter().filter(|slice| slice.first_row < end);
        let rows = before.map(|slice| slice.rows.as_ref().map_or(0, Chunk::num_rows) as u64);
        if first_row + rows.sum::<u64>() != end {
            return None;
        }
        let mut slices = self.parts.remove(&index)?;
        slices.retain(|slice| slice.first_row < end || slice.rows.is_err());
        slices.sort_by_key(|slice| slice.first_row);
        Some(WholePart {
            index,
            rows: slices.into_iter().map(|slice| slice.rows).collect(),
        })
    }
}
