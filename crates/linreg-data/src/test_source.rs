//! Tables in memory that tests divide, damage and read through JSON.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::source::{Chunk, ChunkOrder, Chunks, Origin, Part, Parts, Source};
use crate::{CellReader, DataError, Engine, Pass, Place, TextFormat, Threads};

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

/// An engine that sends passes and states through JSON, as between machines.
pub(crate) struct ThroughJson(pub Threads);

/// A pass whose states go through JSON.
#[derive(Deserialize, Serialize)]
struct Sent<P>(P);

fn sent<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    let read = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    read
}

impl Engine for ThroughJson {
    fn run<P: Pass>(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: P,
    ) -> Result<P::Output, DataError> {
        let read = serde_json::from_str(&serde_json::to_string(&pass).unwrap());
        self.0.run(table, columns, Sent::<P>(read.unwrap()))
    }
}

impl<P: Pass> Pass for Sent<P> {
    type State = P::State;
    type Output = P::Output;

    fn name() -> String {
        P::name()
    }

    fn start(&self) -> P::State {
        sent(&self.0.start())
    }

    fn update(&self, state: &mut P::State, chunk: &Chunk) -> Result<(), DataError> {
        self.0.update(state, chunk)
    }

    fn end_part(&self, state: &mut P::State) -> Result<(), DataError> {
        self.0.end_part(state)?;
        *state = sent(state);
        Ok(())
    }

    fn merge(&self, state: &mut P::State, later: P::State) -> Result<(), DataError> {
        self.0.merge(state, sent(&later))?;
        *state = sent(state);
        Ok(())
    }

    fn finish(self, state: P::State) -> Result<P::Output, DataError> {
        self.0.finish(sent(&state))
    }

    fn part_rows(&self) -> u64 {
        self.0.part_rows()
    }
}
