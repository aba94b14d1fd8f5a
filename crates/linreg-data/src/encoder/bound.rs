use std::sync::Arc;

use super::block::Block;
use super::design::Product;
use super::{Encoder, EncodingCounts, FittedRows};
use crate::DataError;
use crate::rows::Rows;
use crate::source::Chunk;
use crate::values::ReadNumbers;

/// An [`Encoder`] that knows where its columns are in one source.
#[derive(Clone)]
pub struct BoundEncoder {
    pub(super) encoder: Arc<Encoder>,
    pub(super) features: Vec<Product>,
    pub(super) columns: Vec<usize>,
    pub(super) with_targets: bool,
}

/// The encoded rows of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// The features, targets and weights of the rows that are kept; only the
    /// features where the encoder was bound without targets.
    pub rows: Rows,
    /// Whether each row of the chunk is kept.
    pub kept: Vec<bool>,
    /// How many missing values and new levels there were, and how many rows
    /// were left out.
    pub counts: EncodingCounts,
}

impl BoundEncoder {
    /// The positions of the columns in the source, in the order in which
    /// [`encode`](Self::encode) expects them.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.features.len()
    }

    /// Encodes a chunk whose first columns are those of
    /// [`columns`](Self::columns); `wanted` says which rows to encode, all of
    /// them if None.
    ///
    /// # Errors
    ///
    /// A cell that does not fit its column, an infinite number, a missing value
    /// or a new level where that is an error, a weight that is negative or, if
    /// weights are counts, not whole, or a product beyond 64-bit floats.
    pub fn encode(&self, chunk: &Chunk, wanted: Option<&[bool]>) -> Result<Encoded, DataError> {
        Block::read(self, chunk, wanted, &mut [])?.encode(self, chunk)
    }

    /// Sums up the rows of a chunk that are kept.
    pub(crate) fn fitted_rows(
        &self,
        chunk: &Chunk,
        wanted: Option<&[bool]>,
    ) -> Result<FittedRows, DataError> {
        Ok(Block::read(self, chunk, wanted, &mut [])?.fitted_rows(self))
    }

    /// The position of the weight among the columns.
    pub(super) fn weight_column(&self) -> Option<usize> {
        let has_weight = self.with_targets && self.encoder.weight.is_some();
        has_weight.then(|| self.columns.len() - 1)
    }

    /// Encodes every row of a chunk, using the `numbers` that have already been
    /// read from it; entry `i` belongs to column `i`.
    pub(crate) fn encode_read(
        &self,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
    ) -> Result<(Encoded, FittedRows), DataError> {
        let block = Block::read(self, chunk, None, &mut numbers)?;
        let fitted = block.fitted_rows(self);
        Ok((block.encode(self, chunk)?, fitted))
    }
}
