use std::ops::Range;

use super::{AnyRowPass, RowChunk, RowNumbers, RowPass};
use crate::pass::any::taken;
use crate::pass::{Shape, Tree, part_rows};
use crate::{AnyState, DataError, Dataset, Engine};

impl Dataset {
    /// Runs a pass over the rows. The result has the same bits as that of
    /// [`EncodedSource::run`](crate::EncodedSource::run) over the file that the
    /// rows have been loaded from.
    ///
    /// # Errors
    ///
    /// The first error of the pass, in the order of the rows.
    pub fn run<P: RowPass>(&self, engine: &dyn Engine, pass: P) -> Result<P::Output, DataError> {
        let state = engine.run_rows(self, &pass)?;
        pass.finish(taken(state, P::name)?)
    }

    /// The number of rows of a part.
    pub(crate) fn part_rows(&self) -> u64 {
        part_rows(self.num_features() + self.num_targets())
    }

    /// The number of parts in which a pass goes over the rows.
    pub(crate) fn num_parts(&self) -> u64 {
        let last = self.numbers().and_then(|numbers| numbers.last());
        let end = last.map_or(self.num_rows() as u64, |last| last + 1);
        end.div_ceil(self.part_rows())
    }

    /// Updates a state with the rows of a part, if it has any.
    pub(crate) fn update_part(
        &self,
        part: u64,
        pass: &dyn AnyRowPass,
        state: &mut AnyState,
    ) -> Result<(), DataError> {
        match self.part(part) {
            None => Ok(()),
            Some(rows) => pass.update_any(state, &rows),
        }
    }

    /// Returns the rows of each part in which a pass goes over them, in order; `None`
    /// for a part without rows.
    pub fn parts(&self) -> impl Iterator<Item = Option<RowChunk<'_>>> {
        (0..self.num_parts()).map(|part| self.part(part))
    }

    /// Merges the states of all [`parts`](Self::parts), in their order, as a pass merges
    /// them; `None` if there are no states.
    pub fn merge<S>(
        &self,
        states: impl IntoIterator<Item = S>,
        merge: impl Fn(&mut S, S),
    ) -> Option<S> {
        let merge = |state: &mut S, later| {
            merge(state, later);
            Ok(())
        };
        let tree = Tree::new(1, Shape::new(self.part_rows()));
        for (part, state) in (0..).zip(states) {
            tree.deliver(part, state, merge);
        }
        tree.end(self.num_parts(), merge);
        // Merging has no errors.
        tree.finish().ok().flatten()
    }

    fn part(&self, part: u64) -> Option<RowChunk<'_>> {
        let Range { start, end } = self.rows_of_part(part);
        if start == end {
            return None;
        }
        let (num_features, num_targets) = (self.num_features(), self.num_targets());
        let numbers = match self.numbers() {
            None => RowNumbers::From(start as u64),
            Some(numbers) => RowNumbers::Listed(&numbers[start..end]),
        };
        Some(RowChunk {
            features: &self.features()[start * num_features..end * num_features],
            targets: &self.targets()[start * num_targets..end * num_targets],
            weights: self.weights().map(|weights| &weights[start..end]),
            tails: None,
            num_features,
            num_targets,
            numbers,
            origins: &[],
        })
    }

    fn rows_of_part(&self, part: u64) -> Range<usize> {
        let (first, last) = (part * self.part_rows(), (part + 1) * self.part_rows());
        let row = |number: u64| match self.numbers() {
            None => number.min(self.num_rows() as u64) as usize,
            Some(numbers) => numbers.partition_point(|found| *found < number),
        };
        row(first)..row(last)
    }
}
