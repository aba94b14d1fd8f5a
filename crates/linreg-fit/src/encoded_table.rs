use std::sync::Arc;

use linreg_data::{
    EncodedRows, EncodedSource, Encoder, EncoderConfig, EncodingCounts, RowSource, Schema, Set,
    Source, Split, SplitRows, UnseenPolicy, learn_encoder, learn_schema,
};

use crate::{FitConfig, FitError, Table};

/// A table whose columns are known, of which a model is made.
pub(crate) struct EncodedTable {
    pub source: Arc<dyn Source>,
    pub schema: Schema,
    pub encoder: Encoder,
    /// The settings that the encoder was made with.
    pub config: EncoderConfig,
    /// How often the rows were read to learn the columns.
    pub passes: usize,
    pub split: Split,
    /// In a fold, the rows that the fit to the whole table leaves out as well.
    pub left_out: Arc<[u64]>,
}

impl EncodedTable {
    /// Learns what the columns are, and which rows a model is to be fitted to.
    pub fn learn(table: &Table, config: &FitConfig) -> Result<Self, FitError> {
        let source = table.source().clone();
        let (choice, encoding) = config.encoding(source.as_ref())?;
        let mut schema = learn_schema(source.as_ref(), &choice)?;
        let split = config.hold_out.split(schema.num_rows, config.seed)?;
        // Checked before a long fit, though there may be fewer rows to fit to.
        config.hold_out.check_folds(schema.num_rows)?;
        let encoder = learn_encoder(source.as_ref(), &mut schema, &encoding, split)?;
        Ok(Self {
            passes: 1 + usize::from(split != Split::None),
            source,
            schema,
            encoder,
            config: encoding,
            split,
            left_out: Arc::new([]),
        })
    }

    /// The same table with an encoder learned from the training rows of a fold.
    pub fn of_fold(&self, fold: Split, left_out: &Arc<[u64]>) -> Result<Self, FitError> {
        let source = self.source.clone();
        let mut schema = self.schema.clone();
        let rows = SplitRows::new(fold, left_out.clone());
        let encoder = learn_encoder(source.as_ref(), &mut schema, &self.config, rows)?;
        Ok(Self {
            source,
            schema,
            encoder,
            config: self.config.clone(),
            passes: self.passes + 1,
            split: fold,
            left_out: left_out.clone(),
        })
    }

    /// The rows of a set, not read yet.
    pub fn rows(&self, set: Set) -> Result<EncodedSource, FitError> {
        let split = SplitRows::new(self.split, self.left_out.clone());
        let encoder = self.judging_encoder(set);
        Ok(EncodedSource::new(
            self.source.clone(),
            &encoder,
            split,
            set,
        )?)
    }

    /// The encoder for the rows of a set. The model would refuse held-out rows
    /// with a level that it does not know, but this must not stop its evaluation:
    /// such rows are dropped.
    pub fn judging_encoder(&self, set: Set) -> Encoder {
        let encoder = self.encoder.clone();
        match (set, encoder.unseen()) {
            (Set::Validation | Set::Test, UnseenPolicy::Error) => {
                encoder.with_unseen(UnseenPolicy::Drop)
            }
            _ => encoder,
        }
    }

    /// The rows of another table, encoded like those that a model is judged on.
    pub fn rows_of(&self, table: &Table, set: Set) -> Result<EncodedSource, FitError> {
        let encoder = self.judging_encoder(set);
        // Without a split, all rows belong to the training set.
        let rows =
            EncodedSource::new(table.source().clone(), &encoder, Split::None, Set::Training)?;
        Ok(rows)
    }
}

/// Encoded rows, wherever they are.
pub(crate) fn as_source(rows: &EncodedRows) -> &dyn RowSource {
    match rows {
        EncodedRows::Memory(dataset) => dataset,
        EncodedRows::File(source) => source,
    }
}

/// The number of rows that a model is fitted to.
pub(crate) fn fitted_rows(counts: &EncodingCounts) -> usize {
    (counts.rows - counts.dropped) as usize
}
