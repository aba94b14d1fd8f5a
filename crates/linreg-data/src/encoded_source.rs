use std::sync::Arc;

use crate::rows::{RowSource, Rows};
use crate::source::{ChunkOrder, Source};
use crate::{BoundEncoder, DataError, Encoder, EncodingCounts, InOrder, Set, Split, read};

/// The rows of a source that are for training, validation or the test, encoded
/// as they are read.
#[derive(Clone)]
pub struct EncodedSource {
    source: Arc<dyn Source>,
    encoder: BoundEncoder,
    split: Split,
    set: Set,
    feature_names: Vec<String>,
    num_rows: usize,
}

impl EncodedSource {
    /// Rows of a set, counted in a pass over the source.
    ///
    /// # Errors
    ///
    /// A column that the source lacks, or a row that cannot be encoded.
    pub fn new(
        source: Arc<dyn Source>,
        encoder: &Encoder,
        split: Split,
        set: Set,
    ) -> Result<(Self, EncodingCounts), DataError> {
        let mut rows = Self {
            encoder: encoder.bind(source.as_ref(), true)?,
            feature_names: encoder.feature_names(),
            source,
            split,
            set,
            num_rows: 0,
        };
        let mut counts = EncodingCounts::default();
        for chunk in rows.encoded(ChunkOrder::File)? {
            let (_, chunk) = chunk?;
            counts.merge(&chunk);
        }
        rows.num_rows = (counts.rows - counts.dropped) as usize;
        match rows.num_rows {
            0 => Err(DataError::NoRows(" left".to_string())),
            _ => Ok((rows, counts)),
        }
    }

    fn encoded(&self, order: ChunkOrder) -> Result<InOrder<(Rows, EncodingCounts)>, DataError> {
        let (encoder, split, set) = (self.encoder.clone(), self.split, self.set);
        read(
            self.source.as_ref(),
            self.encoder.columns(),
            order,
            move |chunk| {
                let wanted = split.rows(set, chunk.first_row, chunk.num_rows());
                let encoded = encoder.encode(&chunk, Some(&wanted))?;
                Ok((encoded.rows, encoded.counts))
            },
        )
    }
}

impl RowSource for EncodedSource {
    fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    fn target_names(&self) -> &[String] {
        self.encoder.encoder().targets()
    }

    fn num_rows(&self) -> usize {
        self.num_rows
    }

    fn chunks(
        &self,
        order: ChunkOrder,
    ) -> Result<Box<dyn Iterator<Item = Result<Rows, DataError>> + Send + '_>, DataError> {
        let chunks = self.encoded(order)?;
        Ok(Box::new(chunks.map(|chunk| chunk.map(|(rows, _)| rows))))
    }
}
