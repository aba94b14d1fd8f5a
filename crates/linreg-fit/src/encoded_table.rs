use std::sync::Arc;

use linreg_data::{
    EncodedRows, EncodedSource, Encoder, EncoderConfig, EncodingCounts, RowSource, Schema, Set,
    Split, SplitRows, UnseenPolicy, learn_encoder_on, learn_schema_on,
};

use crate::{FitConfig, FitError, Table};

/// A table whose columns are known, of which a model is made.
pub(crate) struct EncodedTable {
    pub table: Table,
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
        let (engine, source) = (table.engine(), table.source().as_ref());
        let (choice, encoding) = config.encoding(source)?;
        let mut schema = learn_schema_on(engine, source, &choice)?;
        let split = config.hold_out.split(schema.num_rows, config.seed)?;
        // Checked before a long fit, though there may be fewer rows to fit to.
        config.hold_out.check_folds(schema.num_rows)?;
        let encoder = learn_encoder_on(engine, source, &mut schema, &encoding, split)?;
        Ok(Self {
            passes: 1 + usize::from(split != Split::None),
            table: table.clone(),
            schema,
            encoder,
            config: encoding,
            split,
            left_out: Arc::new([]),
        })
    }

    /// The same table with an encoder learned from the training rows of a fold.
    pub fn of_fold(&self, fold: Split, left_out: &Arc<[u64]>) -> Result<Self, FitError> {
        let (engine, source) = (self.table.engine(), self.table.source().as_ref());
        let mut schema = self.schema.clone();
        let rows = SplitRows::new(fold, left_out.clone());
        let encoder = learn_encoder_on(engine, source, &mut schema, &self.config, rows)?;
        Ok(Self {
            table: self.table.clone(),
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
        Ok(self.table.rows(&encoder, split, set)?)
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
        Ok(table.rows(&encoder, Split::None, Set::Training)?)
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
