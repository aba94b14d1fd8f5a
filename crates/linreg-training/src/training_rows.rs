use linreg_data::{Dataset, EncodedRows, RowSource};

/// The rows that a model is trained on. A `&Dataset` or `&EncodedRows` converts into
/// them.
///
/// Rows of a stream are read again in each epoch, because they do not fit in memory.
/// With minibatches, they are read once for the scale of the columns, once for the
/// loss before training, and twice in each epoch: for training and for the loss
/// after it. An automatic learning rate takes one more pass, and so do checkpoints.
/// They are shuffled in a buffer, see
/// [`TrainingConfig::shuffle_rows`](crate::TrainingConfig::shuffle_rows), and so in
/// another order than rows in memory.
#[derive(Clone, Copy)]
pub enum TrainingRows<'a> {
    /// Rows in memory.
    Memory(&'a Dataset),
    /// Rows that are read again in each epoch.
    Stream(&'a dyn RowSource),
}

impl<'a> TrainingRows<'a> {
    /// The rows as a source that is read chunk by chunk.
    pub fn source(self) -> &'a dyn RowSource {
        match self {
            Self::Memory(dataset) => dataset,
            Self::Stream(source) => source,
        }
    }
}

impl<'a> From<&'a Dataset> for TrainingRows<'a> {
    fn from(dataset: &'a Dataset) -> Self {
        Self::Memory(dataset)
    }
}

impl<'a> From<&'a EncodedRows> for TrainingRows<'a> {
    fn from(rows: &'a EncodedRows) -> Self {
        match rows {
            EncodedRows::Memory(dataset) => Self::Memory(dataset),
            EncodedRows::File(source) => Self::Stream(source),
        }
    }
}
