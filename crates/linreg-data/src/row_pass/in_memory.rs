use super::{RowChunk, RowNumbers, RowPass};
use crate::pass::part_rows;
use crate::{DataError, Dataset, Engine};

impl Dataset {
    /// Runs a pass over the rows. The result has the same bits as that of
    /// [`EncodedSource::run`](crate::EncodedSource::run) over a file of the same
    /// rows.
    ///
    /// # Errors
    ///
    /// The first error of the pass, in the order of the rows.
    pub fn run<P: RowPass>(&self, engine: &impl Engine, pass: P) -> Result<P::Output, DataError> {
        engine.run_rows(self, pass)
    }

    /// The number of rows of a part.
    pub(crate) fn part_rows(&self) -> usize {
        part_rows(self.num_features() + self.num_targets()) as usize
    }

    /// The number of parts in which a pass goes over the rows.
    pub(crate) fn num_parts(&self) -> u64 {
        self.num_rows().div_ceil(self.part_rows()) as u64
    }

    /// Updates a state with the rows of a part.
    pub(crate) fn update_part<P: RowPass>(
        &self,
        part: u64,
        pass: &P,
        state: &mut P::State,
    ) -> Result<(), DataError> {
        let start = part as usize * self.part_rows();
        let end = self.num_rows().min(start + self.part_rows());
        let (num_features, num_targets) = (self.num_features(), self.num_targets());
        let rows = RowChunk {
            features: &self.features()[start * num_features..end * num_features],
            targets: &self.targets()[start * num_targets..end * num_targets],
            weights: self.weights().map(|weights| &weights[start..end]),
            tails: None,
            num_features,
            num_targets,
            numbers: RowNumbers::From(start as u64),
            origins: &[],
        };
        pass.update(state, &rows)
    }
}
