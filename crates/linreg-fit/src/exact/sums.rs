use std::sync::Arc;

use linreg_data::{
    ChunkFold, ChunkOrder, DataError, EncodedSource, Encoder, EncodingCounts, Fold, Rows,
};
use linreg_exact::{Accumulator, Arithmetic};

use super::fit::{FEW_FEATURES, data_error, rows_of};
use super::limits::Limits;
use crate::FitError;

/// The sums over the rows that an exact fit needs, added up chunk by chunk.
pub(crate) struct Sums {
    arithmetic: Arithmetic,
    pub limits: Limits,
    pub accumulator: Accumulator,
}

impl Sums {
    pub fn new(arithmetic: Arithmetic, limits: Limits) -> Self {
        Self {
            arithmetic,
            limits,
            accumulator: Accumulator::new(0, 1, arithmetic),
        }
    }

    /// Sums up all rows of a source.
    pub fn add(
        &mut self,
        source: &EncodedSource,
        encoder: &Encoder,
    ) -> Result<EncodingCounts, FitError> {
        let fold = self.start(encoder)?;
        let mut counts = EncodingCounts::default();
        for chunk in source.encoded(ChunkOrder::File)? {
            let (rows, of_chunk) = chunk?;
            counts.merge(&of_chunk);
            self.merge(fold(rows)?)?;
        }
        Ok(counts)
    }
}

impl Fold for Sums {
    type Chunk = Accumulator;

    fn start(&mut self, encoder: &Encoder) -> Result<ChunkFold<Accumulator>, DataError> {
        let (features, targets) = (encoder.num_features(), encoder.targets().len());
        self.limits.check(encoder)?;
        let arithmetic = if features <= FEW_FEATURES {
            Arithmetic::DoubleDouble
        } else {
            self.arithmetic
        };
        self.accumulator = Accumulator::new(features, targets, arithmetic);
        let empty = self.accumulator.clone();
        Ok(Arc::new(move |rows: Rows| {
            let mut accumulator = empty.clone();
            let exact = rows_of(&rows, features, targets).map_err(data_error)?;
            accumulator.update(&exact).map_err(data_error)?;
            Ok(accumulator)
        }))
    }

    fn start_counted(
        &mut self,
        encoder: &Encoder,
        num_rows: u64,
    ) -> Result<ChunkFold<Accumulator>, DataError> {
        self.limits = self.limits.of_rows(num_rows);
        self.start(encoder)
    }

    fn merge(&mut self, chunk: Accumulator) -> Result<(), DataError> {
        self.accumulator.merge(&chunk).map_err(data_error)
    }
}
