use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// Which rows of a chunk were kept when it was encoded.
pub(crate) struct Kept {
    /// Whether each row of the chunk is kept.
    pub kept: Vec<bool>,
    /// As [`Encoded::counts`].
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
    /// A chunk of fewer columns, a `wanted` of more or fewer rows,
    /// a cell that does not fit its column, an infinite number, a missing value
    /// or a new level where that is an error, a weight that is negative or, if
    /// weights are counts, not whole, or a product beyond 64-bit floats.
    pub fn encode(&self, chunk: &Chunk, wanted: Option<&[bool]>) -> Result<Encoded, DataError> {
        let mut rows = Rows::default();
        let Kept { kept, counts } = self.encode_onto(&mut rows, chunk, wanted)?;
        Ok(Encoded { rows, kept, counts })
    }

    /// Does the same, and adds the rows to those before them. After an error, `rows` is of
    /// no use.
    pub(crate) fn encode_onto(
        &self,
        rows: &mut Rows,
        chunk: &Chunk,
        wanted: Option<&[bool]>,
    ) -> Result<Kept, DataError> {
        Block::read(self, chunk, wanted, &mut [])?.encode(self, chunk, rows)
    }

    /// Adds the rows of a chunk that are kept to a summary.
    pub(crate) fn add_fitted_rows(
        &self,
        summary: &mut FittedRows,
        chunk: &Chunk,
        wanted: &[bool],
    ) -> Result<(), DataError> {
        Block::read(self, chunk, Some(wanted), &mut [])?.add_to(summary, self);
        Ok(())
    }

    /// The number of numbers of a row: features and targets.
    pub(crate) fn width(&self) -> usize {
        self.num_features() + self.encoder.targets().len()
    }

    /// The position of the weight among the columns.
    pub(super) fn weight_column(&self) -> Option<usize> {
        let has_weight = self.with_targets && self.encoder.weight.is_some();
        has_weight.then(|| self.columns.len() - 1)
    }

    /// Encodes every row of a chunk, using the `numbers` that have already been
    /// read from it; entry `i` belongs to column `i`. Adds the rows that are kept
    /// to those before them, and to a summary.
    pub(crate) fn encode_read(
        &self,
        rows: &mut Rows,
        chunk: &Chunk,
        mut numbers: Vec<ReadNumbers>,
        summary: &mut FittedRows,
    ) -> Result<Kept, DataError> {
        let block = Block::read(self, chunk, None, &mut numbers)?;
        block.add_to(summary, self);
        block.encode(self, chunk, rows)
    }
}

/// A [`BoundEncoder`] without what can be computed from its encoder.
#[derive(Deserialize)]
struct Stored {
    encoder: Encoder,
    columns: Vec<usize>,
    with_targets: bool,
}

/// The same, with a reference to the encoder.
#[derive(Serialize)]
struct Storing<'a> {
    encoder: &'a Encoder,
    columns: &'a [usize],
    with_targets: bool,
}

impl Serialize for BoundEncoder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Storing {
            encoder: &self.encoder,
            columns: &self.columns,
            with_targets: self.with_targets,
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BoundEncoder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let expected = if stored.with_targets {
            stored.encoder.columns.len()
        } else {
            stored.encoder.num_feature_columns()
        };
        if stored.columns.len() != expected {
            return Err(D::Error::custom(format!(
                "found the positions of {} columns, expected {expected}",
                stored.columns.len()
            )));
        }
        Ok(Self {
            features: stored.encoder.products(),
            columns: stored.columns,
            with_targets: stored.with_targets,
            encoder: Arc::new(stored.encoder),
        })
    }
}
