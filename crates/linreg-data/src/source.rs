use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::random::{Purpose, generator};
use crate::{CellPlace, CellReader, ColumnIndex, DataError, NameProblem, Place, TableLocation};

/// The largest number of columns of a table.
pub(crate) const MAX_COLUMNS: usize = 1 << 18;

/// A table that can be read several times, in chunks of rows and only the
/// columns that are needed: the memory that it takes does not grow with the
/// number of rows.
///
/// Sources are opened with [`open`](crate::open) and read with
/// [`read`](crate::read), on all cores.
pub trait Source: Send + Sync {
    /// The columns in file order, with their stored types.
    fn schema(&self) -> &SchemaRef;

    /// Begins a pass over the columns at these indices.
    ///
    /// # Errors
    ///
    /// A file that is gone or has changed since it was opened, or an input that
    /// can be read only once and has been read before.
    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError>;

    /// The number of rows if it is known: from the file itself, or counted by a
    /// pass that has ended.
    fn num_rows(&self) -> Option<u64>;

    /// Begins to read some rows of columns, in the order of the table. The first
    /// and the last part may have further rows before and after them.
    ///
    /// # Errors
    ///
    /// As [`parts`](Self::parts).
    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        Ok(overlapping(self.parts(columns, ChunkOrder::File)?, rows))
    }

    /// Where the files of the table are; None if it is not in files that another
    /// program can open.
    fn location(&self) -> Option<TableLocation> {
        None
    }

    /// Whether the values of the column at this index are read, and not its type alone.
    fn has_values(&self, _column: usize) -> bool {
        true
    }

    /// What the user should know about how the table was read, one sentence
    /// each: for example which column of the file is not used, and why.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The parts of a pass. An error ends the pass.
pub type Parts = Box<dyn Iterator<Item = Result<Part, DataError>> + Send>;

/// The chunks of a part, in order.
pub type Chunks = Box<dyn Iterator<Item = Result<Chunk, DataError>> + Send>;

/// The order in which the parts of a source come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChunkOrder {
    /// The order of the file.
    File,
    /// Shuffled by a seed if the source knows its parts beforehand: a Parquet
    /// or Arrow file, or an uncompressed CSV file that has been read through
    /// once. Otherwise the order of the file.
    Shuffled {
        /// The seed of the order.
        seed: u64,
    },
}

impl ChunkOrder {
    /// Returns the shuffled order of an epoch.
    pub fn of_epoch(epoch: usize, seed: u64) -> Self {
        let seed = generator(seed, Purpose::Chunks(epoch as u64)).next_u64();
        Self::Shuffled { seed }
    }

    /// Brings chunks, or their indices, from file order into this order.
    pub fn arrange<T>(self, chunks: &mut [T]) {
        if let Self::Shuffled { seed } = self {
            chunks.shuffle(&mut generator(seed, Purpose::Chunks(0)));
        }
    }
}

/// Rows of a source that have not been decoded yet; any thread can do so.
pub struct Part {
    /// The number of the first row in the table, from 0.
    pub first_row: u64,
    /// Number of rows.
    pub num_rows: u64,
    /// Reads and decodes the rows.
    pub read: Box<dyn FnOnce() -> Result<Chunks, DataError> + Send>,
}

impl Part {
    /// Those of its rows that are in a range of the table, which has some of them.
    pub(crate) fn within(self, rows: &Range<u64>) -> Self {
        let end = self.first_row + self.num_rows;
        let first_row = self.first_row.max(rows.start);
        let num_rows = end.min(rows.end).saturating_sub(first_row);
        if num_rows == self.num_rows {
            return self;
        }
        let skipped = first_row - self.first_row;
        let read = self.read;
        Part {
            first_row,
            num_rows,
            read: Box::new(move || {
                let mut skip = skipped;
                let mut left = num_rows;
                let chunks = read()?;
                Ok(Box::new(chunks.map_while(move |chunk| {
                    if left == 0 {
                        return None;
                    }
                    let chunk = match chunk {
                        Ok(chunk) => chunk,
                        Err(error) => return Some(Err(error)),
                    };
                    let before = skip.min(chunk.num_rows() as u64);
                    let taken = left.min(chunk.num_rows() as u64 - before);
                    (skip, left) = (skip - before, left - taken);
                    Some(Ok(chunk.slice(before as usize, taken as usize)))
                })))
            }),
        }
    }
}

/// Rows of some columns of a table, in memory.
#[derive(Clone)]
pub struct Chunk {
    /// The columns asked for.
    pub batch: RecordBatch,
    /// The number of the first row in the table, from 0.
    pub first_row: u64,
    /// Where the rows come from, for messages.
    pub origin: Arc<dyn Origin>,
    /// The reader of cells that are text.
    pub cells: Arc<CellReader>,
}

/// Knows the places of rows in a file, for messages.
pub trait Origin: Send + Sync {
    /// Returns the place of a row of the chunk as a person finds it:
    /// `houses.csv: line 17`.
    fn place(&self, row: usize) -> Place;
}

impl Chunk {
    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Divides it into pieces of at most this many rows.
    pub(crate) fn slices(self, most_rows: usize) -> impl Iterator<Item = Self> {
        let (num_rows, most_rows) = (self.num_rows(), most_rows.max(1));
        // A chunk without rows is one piece, so that it is not skipped.
        let starts = (0..num_rows.max(1)).step_by(most_rows);
        starts.map(move |start| self.slice(start, most_rows.min(num_rows - start)))
    }

    /// Returns some of its rows, without copying them.
    pub(crate) fn slice(&self, start: usize, num_rows: usize) -> Self {
        if num_rows == self.num_rows() {
            return self.clone();
        }
        Self {
            batch: self.batch.slice(start, num_rows),
            first_row: self.first_row + start as u64,
            origin: Arc::new(Later {
                origin: self.origin.clone(),
                start,
            }),
            cells: self.cells.clone(),
        }
    }

    /// Returns the error that a cell is not what it should be.
    pub(crate) fn wrong_cell(
        &self,
        row: usize,
        column: &str,
        found: &str,
        expected: &'static str,
    ) -> DataError {
        DataError::Cell {
            at: Box::new(CellPlace {
                row: self.origin.place(row),
                column: column.to_string(),
            }),
            found: found.to_string(),
            expected,
        }
    }
}

/// The origin of a piece of a chunk.
struct Later {
    origin: Arc<dyn Origin>,
    /// The position of the first row of the piece in the chunk.
    start: usize,
}

impl Origin for Later {
    fn place(&self, row: usize) -> Place {
        self.origin.place(self.start + row)
    }
}

/// Those of the parts, which are in the order of the table, that have rows of a
/// range.
pub(crate) fn overlapping(parts: Parts, rows: Range<u64>) -> Parts {
    let Range { start, end } = rows;
    let begins_before = move |part: &Result<Part, DataError>| {
        part.as_ref().map_or(true, |part| part.first_row < end)
    };
    let ends_after = move |part: &Result<Part, DataError>| {
        let part = part.as_ref();
        part.map_or(true, |part| part.first_row + part.num_rows > start)
    };
    Box::new(parts.take_while(begins_before).filter(ends_after))
}

/// Names of the columns of a source.
pub fn column_names(source: &dyn Source) -> Vec<String> {
    let fields = source.schema().fields();
    fields.iter().map(|field| field.name().clone()).collect()
}

/// Returns the positions of the columns with these names.
///
/// # Errors
///
/// [`DataError::UnknownColumn`] for the first name that is not there.
pub fn column_indices<S: AsRef<str>>(
    source: &dyn Source,
    names: &[S],
) -> Result<Vec<usize>, DataError> {
    let fields = source.schema().fields();
    let known = ColumnIndex::new(fields.iter().map(|field| field.name()));
    let index = |name: &S| {
        let found = known.get(name.as_ref());
        found.ok_or_else(|| DataError::UnknownColumn {
            name: name.as_ref().to_string(),
            columns: column_names(source),
        })
    };
    names.iter().map(index).collect()
}

/// Checks that every column has a name, that names are distinct, and that there
/// are no more than [`MAX_COLUMNS`].
pub(crate) fn check_names<S: AsRef<str>>(names: &[S]) -> Result<(), NameProblem> {
    if names.len() > MAX_COLUMNS {
        return Err(NameProblem::TooMany(names.len()));
    }
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let name = name.as_ref();
        if name.trim().is_empty() {
            return Err(NameProblem::Unnamed(index + 1));
        }
        if !seen.insert(name) {
            return Err(NameProblem::Twice(name.to_string()));
        }
    }
    Ok(())
}
