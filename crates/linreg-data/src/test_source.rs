//! Tables in memory that tests divide, damage and read through JSON.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::source::{Chunk, ChunkOrder, Chunks, Origin, Part, Parts, Source};
use crate::{CellReader, DataError, Place, TextFormat};

/// A table in pieces of chunks of these sizes.
pub(crate) struct Divided {
    pub rows: RecordBatch,
    pub pieces: Vec<Vec<usize>>,
    /// What is wrong with a piece, if something is.
    pub damage: Option<(usize, Damage)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Damage {
    /// It cannot be found.
    Lost,
    /// It cannot be read.
    Unreadable,
    /// It cannot be decoded after its first chunk.
    Undecodable,
    /// It says that it has so many more rows than it has.
    Short(i64),
    /// It does not follow the piece before it.
    Elsewhere,
    Panics,
}

/// The number of the first row of a chunk.
struct FirstRow(u64);

impl Origin for FirstRow {
    fn place(&self, row: usize) -> Place {
        Place::of_row("", self.0 + row as u64)
    }
}

impl Divided {
    pub fn new(rows: RecordBatch, pieces: Vec<Vec<usize>>) -> Self {
        assert_eq!(rows.num_rows(), pieces.iter().flatten().sum::<usize>());
        Self {
            rows,
            pieces,
            damage: None,
        }
    }

    pub fn damaged(mut self, piece: usize, damage: Damage) -> Self {
        self.damage = Some((piece, damage));
        self
    }
}

pub(crate) fn broken(what: &str, row: usize) -> DataError {
    DataError::Other(format!("{what} at row {row}").into())
}

impl Source for Divided {
    fn schema(&self) -> &SchemaRef {
        self.rows.schema_ref()
    }

    fn num_rows(&self) -> Option<u64> {
        None
    }

    fn parts(&self, columns: &[usize], _: ChunkOrder) -> Result<Parts, DataError> {
        let cells = Arc::new(CellReader::new(&TextFormat::default())?);
        let rows = self.rows.project(columns)?;
        let mut first = 0;
        let mut parts = Vec::new();
        for (index, sizes) in self.pieces.iter().enumerate() {
            let damage = self.damage.filter(|(piece, _)| *piece == index);
            let damage = damage.map(|(_, damage)| damage);
            let start = first;
            let mut chunks = Vec::new();
            for size in sizes {
                chunks.push(Ok(Chunk {
                    batch: rows.slice(first, *size),
                    first_row: first as u64,
                    origin: Arc::new(FirstRow(first as u64)),
                    cells: cells.clone(),
                }));
                first += size;
            }
            let more = match damage {
                Some(Damage::Short(rows)) => rows,
                _ => 0,
            };
            let moved = u64::from(matches!(damage, Some(Damage::Elsewhere)));
            let read = move || {
                match damage {
                    Some(Damage::Unreadable) => return Err(broken("unreadable", start)),
                    Some(Damage::Undecodable) => {
                        chunks.truncate(1);
                        chunks.push(Err(broken("undecodable", start)));
                    }
                    Some(Damage::Panics) => panic!("decoding panicked"),
                    _ => (),
                }
                let chunks: Chunks = Box::new(chunks.into_iter());
                Ok(chunks)
            };
            parts.push(match damage {
                Some(Damage::Lost) => Err(broken("lost", start)),
                _ => Ok(Part {
                    first_row: start as u64 + moved,
                    num_rows: ((first - start) as i64 + more) as u64,
                    read: Box::new(read),
                }),
            });
        }
        Ok(Box::new(parts.into_iter()))
    }
}
