use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{ChunkFold, Fold};
use crate::encoder::FittedRows;
use crate::profile::{Reading, TableProfile};
use crate::read::WIDE;
use crate::source::{ChunkOrder, Source};
use crate::values::ReadNumbers;
use crate::{BoundEncoder, Chunk, ColumnChoice, DataError, Encoder, EncoderConfig, EncodingCounts};

/// Returns the encoder that the first chunk alone would give.
pub(super) fn first_rows(
    source: &dyn Source,
    indices: &[usize],
    reading: &Reading,
    choice: &ColumnChoice,
    config: &EncoderConfig,
) -> Result<Encoder, DataError> {
    let mut profile = TableProfile::new(reading);
    let first = source.parts(indices, ChunkOrder::File)?.next();
    if let Some(part) = first
        && let Some(chunk) = (part?.read)()?.next()
    {
        profile = TableProfile::of(&chunk?, reading)?.0;
    }
    let mut schema = choice.schema(source, profile)?;
    schema.leave_out_constants(config);
    Encoder::new(&schema, config)
}

/// An encoder that the first rows suggest, used until a later row shows that it
/// is wrong.
pub(super) struct Guess<T> {
    encoder: BoundEncoder,
    /// The positions of its columns among those that are read.
    positions: Vec<usize>,
    chunk_fold: ChunkFold<T>,
    is_wrong: AtomicBool,
}

impl<T> Guess<T> {
    pub fn new(
        source: &dyn Source,
        read: &[usize],
        encoder: Encoder,
        fold: &mut impl Fold<Chunk = T>,
    ) -> Result<Self, DataError> {
        // For wide rows, which take much work, the number of rows is to be
        // known first.
        let width = encoder.num_features() + encoder.targets().len();
        if width > WIDE {
            return Err(DataError::Other("the rows are wide".into()));
        }
        let chunk_fold = fold.start(&encoder)?;
        let encoder = encoder.bind(source, true)?;
        // A column that is read twice has the position of its first reading.
        let mut positions = HashMap::new();
        for (position, column) in read.iter().enumerate() {
            positions.entry(*column).or_insert(position);
        }
        let position = |column| positions.get(column).copied();
        Ok(Self {
            positions: encoder.columns().iter().filter_map(position).collect(),
            encoder,
            chunk_fold,
            is_wrong: AtomicBool::new(false),
        })
    }

    pub fn encoder(&self) -> &Encoder {
        self.encoder.encoder()
    }

    pub fn may_be_right(&self) -> bool {
        !self.is_wrong.load(Ordering::Relaxed)
    }

    /// Takes a result; an error marks the guess as wrong. If the guess was
    /// right, the second pass finds the same error.
    pub fn check<R>(&self, result: Result<R, DataError>) -> Option<R> {
        if result.is_err() {
            self.is_wrong.store(true, Ordering::Relaxed);
        }
        result.ok()
    }

    /// Encodes and folds a chunk; None once the guess is wrong.
    pub fn fold(
        &self,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
    ) -> Option<(T, EncodingCounts, FittedRows)> {
        if !self.may_be_right() {
            return None;
        }
        let mut fold = || {
            let chunk = Chunk {
                batch: chunk.batch.project(&self.positions)?,
                ..chunk.clone()
            };
            let positions = self.positions.iter();
            let numbers = positions.map(|position| numbers[*position].take());
            let (encoded, rows) = self.encoder.encode_read(&chunk, numbers.collect())?;
            Ok(((self.chunk_fold)(encoded.rows)?, encoded.counts, rows))
        };
        self.check(fold())
    }
}
