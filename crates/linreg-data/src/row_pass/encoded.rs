use serde::{Deserialize, Serialize};

use super::{RowChunk, RowNumbers, RowPass, SliceOrigin};
use crate::encoder::{BoundEncoder, EncodingCounts, Kept};
use crate::pass::{Pass, part_rows};
use crate::{Chunk, DataError, Rows, Set, SplitRows};

/// A [`RowPass`] over the rows of a set, encoded from the chunks of a table: the
/// [`Pass`] that [`EncodedSource::run`](crate::EncodedSource::run) runs.
#[derive(Deserialize, Serialize)]
pub struct EncodedPass<P> {
    encoder: BoundEncoder,
    split: SplitRows,
    set: Set,
    pass: P,
    part_rows: u64,
}

/// The state of a row pass, and the rows of the part that it has not seen yet.
#[derive(Deserialize, Serialize)]
pub struct EncodedState<S> {
    pub(crate) state: S,
    pub(crate) counts: EncodingCounts,
    rows: Rows,
    numbers: Vec<u64>,
    /// The first row of the part, and the row after its last.
    range: Option<(u64, u64)>,
    #[serde(skip)]
    origins: Vec<SliceOrigin>,
}

impl<P: RowPass> EncodedPass<P> {
    /// Returns a pass over the rows of a set, for an encoder that is bound with
    /// targets.
    pub(crate) fn new(encoder: BoundEncoder, split: SplitRows, set: Set, pass: P) -> Self {
        Self {
            part_rows: part_rows(encoder.width()),
            encoder,
            split,
            set,
            pass,
        }
    }

    /// Returns the same pass over parts of at most this many rows.
    pub(crate) fn with_part_rows(mut self, part_rows: u64) -> Self {
        self.part_rows = self.part_rows.min(part_rows);
        self
    }
}

impl<P: RowPass> Pass for EncodedPass<P> {
    type State = EncodedState<P::State>;
    type Output = (P::Output, EncodingCounts);

    fn name() -> String {
        format!("encoded {}", P::name())
    }

    fn start(&self) -> Self::State {
        EncodedState::new(&self.pass)
    }

    fn update(&self, state: &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let wanted = self.split.rows(self.set, chunk.first_row, chunk.num_rows());
        let width = self.encoder.num_features();
        let encode = |rows: &mut Rows| self.encoder.encode_onto(rows, chunk, Some(&wanted));
        state.add(chunk, self.part_rows, width, encode)
    }

    fn end_part(&self, state: &mut Self::State) -> Result<(), DataError> {
        state.end_part(&self.pass, &self.encoder, self.part_rows)
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        state.merge(&self.pass, later)
    }

    fn finish(self, state: Self::State) -> Result<Self::Output, DataError> {
        Ok((self.pass.finish(state.state)?, state.counts))
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}

impl<S> EncodedState<S> {
    pub(crate) fn new<P: RowPass<State = S>>(pass: &P) -> Self {
        Self {
            state: pass.start(),
            counts: EncodingCounts::default(),
            rows: Rows::default(),
            numbers: Vec::new(),
            range: None,
            origins: Vec::new(),
        }
    }

    /// Encodes the rows of a chunk after those before it, in parts of this many rows of
    /// so many features.
    pub(crate) fn add(
        &mut self,
        chunk: &Chunk,
        part_rows: u64,
        num_features: usize,
        encode: impl FnOnce(&mut Rows) -> Result<Kept, DataError>,
    ) -> Result<(), DataError> {
        let end = chunk.first_row + chunk.num_rows() as u64;
        if self.range.is_none() && !end.is_multiple_of(part_rows) {
            // More chunks follow, unless the table ends.
            self.rows
                .features
                .reserve(part_rows as usize * num_features);
        }
        let Kept { kept, counts } = encode(&mut self.rows)?;
        self.counts.merge(&counts);
        let numbers = (chunk.first_row..).zip(kept);
        let kept = numbers.filter_map(|(number, is_kept)| is_kept.then_some(number));
        self.numbers.extend(kept);
        self.origins.push(SliceOrigin {
            first_row: chunk.first_row,
            origin: chunk.origin.clone(),
        });
        let first = self.range.map_or(chunk.first_row, |(first, _)| first);
        self.range = Some((first, end));
        Ok(())
    }

    /// Gives the rows of the part to the pass, as if its parts had only
    /// `update_rows` rows.
    pub(crate) fn end_part<P: RowPass<State = S>>(
        &mut self,
        pass: &P,
        encoder: &BoundEncoder,
        update_rows: u64,
    ) -> Result<(), DataError> {
        let Some((first, end)) = self.range.take() else {
            return Ok(());
        };
        let rows = std::mem::take(&mut self.rows);
        let numbers = std::mem::take(&mut self.numbers);
        let origins = std::mem::take(&mut self.origins);
        let (num_features, num_targets) =
            (encoder.num_features(), encoder.encoder().targets().len());
        let mut start = 0;
        for part in first / update_rows..end.div_ceil(update_rows) {
            let is_before = |number: &u64| *number < (part + 1) * update_rows;
            let kept = start..numbers.partition_point(is_before);
            start = kept.end;
            let features = kept.start * num_features..kept.end * num_features;
            let rows = RowChunk {
                features: &rows.features[features.clone()],
                targets: &rows.targets[kept.start * num_targets..kept.end * num_targets],
                weights: rows.weights.as_ref().map(|weights| &weights[kept.clone()]),
                tails: rows.tails.as_ref().map(|tails| &tails[features]),
                num_features,
                num_targets,
                numbers: RowNumbers::Listed(&numbers[kept.clone()]),
                origins: &origins,
            };
            let update = |state: &mut S| {
                if kept.is_empty() {
                    return Ok(());
                }
                pass.update(state, &rows)
            };
            if part == first / update_rows {
                update(&mut self.state)?;
            } else {
                let mut later = pass.start();
                update(&mut later)?;
                pass.merge(&mut self.state, later)?;
            }
        }
        Ok(())
    }

    pub(crate) fn merge<P: RowPass<State = S>>(
        &mut self,
        pass: &P,
        later: Self,
    ) -> Result<(), DataError> {
        self.counts.merge(&later.counts);
        pass.merge(&mut self.state, later.state)
    }
}
