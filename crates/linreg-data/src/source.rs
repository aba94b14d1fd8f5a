use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::error::quote;
use crate::random::{Purpose, generator};
use crate::unpacked::MAX_COLUMNS;
use crate::{CellReader, ColumnIndex, DataError};

/// A table that can be read again and again, column by column, in chunks of
/// rows: what is in memory at a time does not grow with the number of rows.
///
/// Sources are opened with [`open`](crate::open) and read with
/// [`read`](crate::read), on all cores.
pub trait Source: Send + Sync {
    /// The columns in file order, with the types they are stored as.
    fn schema(&self) -> &SchemaRef;

    /// Begins a pass over the columns of these indices.
    ///
    /// # Errors
    ///
    /// A file that is gone or has changed since it was opened, or standard
    /// input that has been read before.
    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError>;

    /// Number of rows, where it is known: stored in the file, or counted by a
    /// pass that has ended.
    fn num_rows(&self) -> Option<u64>;

    /// What a reader of the table should know of how it was read, a sentence
    /// each: a column of the file that is none of the table, and why.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The parts of a pass. An error ends it.
pub type Parts = Box<dyn Iterator<Item = Result<Part, DataError>> + Send>;

/// The chunks of a part, in order.
pub type Chunks = Box<dyn Iterator<Item = Result<Chunk, DataError>> + Send>;

/// In which order the parts of a source come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChunkOrder {
    /// As they stand in the file.
    File,
    /// Shuffled by a seed, where the source knows its parts: a Parquet file, or
    /// an uncompressed CSV file that has been read through once. Otherwise as in
    /// the file.
    Shuffled {
        /// The seed of the order.
        seed: u64,
    },
}

impl ChunkOrder {
    /// The shuffled order of an epoch.
    pub fn of_epoch(epoch: usize, seed: u64) -> Self {
        let seed = generator(seed, Purpose::Chunks(epoch as u64)).next_u64();
        Self::Shuffled { seed }
    }

    /// Brings chunks, or what names them, from file order into this order.
    pub fn arrange<T>(self, chunks: &mut [T]) {
        if let Self::Shuffled { seed } = self {
            chunks.shuffle(&mut generator(seed, Purpose::Chunks(0)));
        }
    }
}

/// Rows of a source that are yet to be decoded, on whichever thread has time.
pub struct Part {
    /// Number of the first row in the table, from 0.
    pub first_row: u64,
    /// Number of rows.
    pub num_rows: u64,
    /// Reads and decodes them.
    pub read: Box<dyn FnOnce() -> Result<Chunks, DataError> + Send>,
}

/// Rows in memory, some columns of a table.
#[derive(Clone)]
pub struct Chunk {
    /// The columns asked for.
    pub batch: RecordBatch,
    /// Number of the first row in the table, from 0.
    pub first_row: u64,
    /// Where the rows come from.
    pub origin: Arc<dyn Origin>,
    /// How cells that are text are read.
    pub cells: Arc<CellReader>,
}

/// Knows where rows stand in a file, for messages.
pub trait Origin: Send + Sync {
    /// Where a row of the chunk stands, as a person finds it:
    /// `houses.csv: line 17`.
    fn place(&self, row: usize) -> String;
}

impl Chunk {
    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Its rows in pieces of at most this many.
    pub(crate) fn slices(self, most_rows: usize) -> impl Iterator<Item = Self> {
        let (num_rows, most_rows) = (self.num_rows(), most_rows.max(1));
        // One without rows is a piece of its own: it may carry an error.
        let starts = (0..num_rows.max(1)).step_by(most_rows);
        starts.map(move |start| match num_rows <= most_rows {
            true => self.clone(),
            false => Self {
                batch: self.batch.slice(start, most_rows.min(num_rows - start)),
                first_row: self.first_row + start as u64,
                origin: Arc::new(Later {
                    origin: self.origin.clone(),
                    start,
                }),
                cells: self.cells.clone(),
            },
        })
    }

    /// The error that a cell is not what it should be.
    pub(crate) fn wrong_cell(
        &self,
        row: usize,
        column: &str,
        found: &str,
        expected: &'static str,
    ) -> DataError {
        DataError::Cell {
            place: self.origin.place(row),
            column: column.to_string(),
            found: found.to_string(),
            expected,
        }
    }
}

/// Where the rows of a piece of a chunk stand.
struct Later {
    origin: Arc<dyn Origin>,
    /// Number of the first in the chunk.
    start: usize,
}

impl Origin for Later {
    fn place(&self, row: usize) -> String {
        self.origin.place(self.start + row)
    }
}

/// Names of the columns of a source.
pub fn column_names(source: &dyn Source) -> Vec<String> {
    let fields = source.schema().fields();
    fields.iter().map(|field| field.name().clone()).collect()
}

/// Where the columns of these names stand in a source.
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

/// An error unless each column has a name of its own, and there are no more than
/// can be used.
pub(crate) fn check_names<S: AsRef<str>>(names: &[S]) -> Result<(), String> {
    if names.len() > MAX_COLUMNS {
        return Err(format!(
            "there are {} columns, and the limit is {MAX_COLUMNS}; is this a table?",
            names.len()
        ));
    }
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let name = name.as_ref();
        if name.trim().is_empty() {
            let number = index + 1;
            return Err(format!("column {number} has no name; name each column"));
        }
        if !seen.insert(name) {
            return Err(format!(
                "the column name {} is there twice; rename one of them",
                quote(name)
            ));
        }
    }
    Ok(())
}
