use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::encoder::FittedRows;
use crate::pass::{MOST_PART_ROWS, part_rows, part_rows_of};
use crate::profile::{Reading, TableProfile};
use crate::read::WIDE;
use crate::row_pass::EncodedState;
use crate::source::{ChunkOrder, Source};
use crate::values::ReadNumbers;
use crate::{
    BoundEncoder, Chunk, ColumnChoice, DataError, Encoder, EncoderConfig, Pass, RowPass, Rows,
};

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
        profile.update(&chunk?, reading.max_levels)?;
        profile.settle();
    }
    let mut schema = choice.schema(source, profile)?;
    schema.leave_out_constants(config);
    Encoder::new(&schema, config)
}

/// Finds the profile of a table and, with an encoder that the first rows
/// suggest, runs a pass over the encoded rows until a row shows that the encoder
/// is wrong.
///
/// It is not a pair of two passes, since both need the numbers in the cells, and
/// reading them takes most of the time.
#[derive(Deserialize, Serialize)]
pub(crate) struct GuessPass<P> {
    reading: Reading,
    encoder: BoundEncoder,
    /// The positions of the encoder's columns among those that are read.
    positions: Vec<usize>,
    pass: P,
    /// The number of rows of a part of the profile, and of the pass.
    part_rows: u64,
    update_rows: u64,
    /// Whether some rows have shown that the encoder is wrong: then the others
    /// need not be encoded.
    #[serde(skip)]
    is_wrong: AtomicBool,
}

/// What is known of some rows.
#[derive(Deserialize, Serialize)]
pub(crate) struct GuessState<S> {
    profile: TableProfile,
    /// None if the encoder is wrong.
    encoded: Option<(EncodedState<S>, FittedRows)>,
}

/// The result for an encoder that fits all rows, as far as encoding them shows.
pub(crate) struct Guessed<P: RowPass> {
    pub encoder: Encoder,
    pub pass: P,
    pub encoded: EncodedState<P::State>,
    pub fitted: FittedRows,
}

impl<P: RowPass> GuessPass<P> {
    /// Returns the pass; None for wide rows.
    pub fn new(
        source: &dyn Source,
        read: &[usize],
        encoder: Encoder,
        reading: Reading,
        pass: P,
    ) -> Result<Option<Self>, DataError> {
        let encoder = encoder.bind(source, true)?;
        // For wide rows, which take much work, the number of rows is to be
        // known first. Parts must not depend on a guess, which may depend on the
        // file format: those of the pass may be smaller than those of the profile
        // only within a block.
        let (part_rows, of_pass) = (part_rows_of(source), part_rows(encoder.width()));
        let may_be_smaller = part_rows == MOST_PART_ROWS;
        if encoder.width() > WIDE || of_pass < part_rows && !may_be_smaller {
            return Ok(None);
        }
        // A column that is read twice has the position of its first reading.
        let mut positions = HashMap::new();
        for (position, column) in read.iter().enumerate() {
            positions.entry(*column).or_insert(position);
        }
        let position = |column| positions.get(column).copied();
        Ok(Some(Self {
            reading,
            positions: encoder.columns().iter().filter_map(position).collect(),
            encoder,
            pass,
            part_rows,
            update_rows: of_pass.min(part_rows),
            is_wrong: AtomicBool::new(false),
        }))
    }

    /// Does work with the encoded rows, unless the encoder is known to be wrong;
    /// an error shows that it is. If it is right all the same, a second reading
    /// finds the same error.
    fn try_with(
        &self,
        state: &mut GuessState<P::State>,
        work: impl FnOnce(&mut EncodedState<P::State>, &mut FittedRows) -> Result<(), DataError>,
    ) {
        if let Some((encoded, fitted)) = &mut state.encoded
            && (self.is_wrong.load(Ordering::Relaxed) || work(encoded, fitted).is_err())
        {
            self.is_wrong.store(true, Ordering::Relaxed);
            state.encoded = None;
        }
    }

    fn encode(
        &self,
        encoded: &mut EncodedState<P::State>,
        fitted: &mut FittedRows,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
    ) -> Result<(), DataError> {
        let chunk = Chunk {
            batch: chunk.batch.project(&self.positions)?,
            ..chunk.clone()
        };
        let positions = self.positions.iter();
        let numbers = positions.map(|position| numbers[*position].take());
        let numbers = numbers.collect();
        let width = self.encoder.num_features();
        let encode = |rows: &mut Rows| self.encoder.encode_read(rows, &chunk, numbers, fitted);
        encoded.add(&chunk, self.part_rows, width, encode)
    }
}

impl<P: RowPass> Pass for GuessPass<P> {
    type State = GuessState<P::State>;
    type Output = (TableProfile, Option<Guessed<P>>);

    fn name() -> String {
        format!("profile and {}", P::name())
    }

    fn start(&self) -> Self::State {
        GuessState {
            profile: TableProfile::new(&self.reading),
            encoded: Some((EncodedState::new(&self.pass), FittedRows::default())),
        }
    }

    fn update(&self, state: &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let numbers = state.profile.update(chunk, self.reading.max_levels)?;
        self.try_with(state, |encoded, fitted| {
            self.encode(encoded, fitted, chunk, numbers)
        });
        Ok(())
    }

    fn end_part(&self, state: &mut Self::State) -> Result<(), DataError> {
        state.profile.settle();
        self.try_with(state, |encoded, fitted| {
            fitted.settle();
            encoded.end_part(&self.pass, &self.encoder, self.update_rows)
        });
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        state.profile.merge(later.profile, self.reading.max_levels);
        match later.encoded {
            None => state.encoded = None,
            Some((later, of_later)) => self.try_with(state, |encoded, fitted| {
                fitted.merge(of_later);
                encoded.merge(&self.pass, later)
            }),
        }
        Ok(())
    }

    fn finish(self, mut state: Self::State) -> Result<Self::Output, DataError> {
        state.profile.find_examples();
        let guessed = state.encoded.map(|(encoded, fitted)| Guessed {
            encoder: self.encoder.encoder().clone(),
            pass: self.pass,
            encoded,
            fitted,
        });
        Ok((state.profile, guessed))
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}
