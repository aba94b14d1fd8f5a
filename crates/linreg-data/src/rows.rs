use crate::DataError;
use crate::source::ChunkOrder;

/// Encoded rows in memory: a chunk of a larger table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Features, row-major `[rows, num_features]`.
    pub features: Vec<f64>,
    /// Targets, row-major `[rows, num_targets]`.
    pub targets: Vec<f64>,
    /// Weight of each row, where rows have weights.
    pub weights: Option<Vec<f64>>,
}

/// Encoded rows that can be read again, chunk by chunk.
pub trait RowSource {
    /// Names of the features.
    fn feature_names(&self) -> &[String];
    /// Names of the targets.
    fn target_names(&self) -> &[String];
    /// Number of rows.
    fn num_rows(&self) -> usize;
    /// Every row once; chunks in file order, or shuffled by the seed where the
    /// source can.
    fn chunks(
        &self,
        order: ChunkOrder,
    ) -> Result<Box<dyn Iterator<Item = Result<Rows, DataError>> + Send + '_>, DataError>;
}
