use crate::row_pass::{AnyRowPass, run_in_order};
use crate::{AnyState, ChunkOrder, DataError, Dataset, Engine, Rows, Threads};

/// Encoded rows that can be read again, chunk by chunk.
pub trait RowSource {
    /// Names of the features; at least one.
    fn feature_names(&self) -> &[String];

    /// Names of the targets; at least one.
    fn target_names(&self) -> &[String];

    /// The number of rows that every pass over the chunks gives.
    fn num_rows(&self) -> usize;

    /// Returns every row once; chunks come in file order, or shuffled by the
    /// seed where the source can do so.
    ///
    /// # Errors
    ///
    /// A source that cannot be read from its beginning; an error further on
    /// comes with its chunk.
    fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError>;

    /// Returns the state of a pass after all rows; see
    /// [`RowPass::run`](crate::RowPass::run). Default: reads the chunks in file
    /// order on the calling thread.
    ///
    /// # Errors
    ///
    /// As [`RowPass::run`](crate::RowPass::run), or chunks that are not finite
    /// numbers of the source's columns.
    fn run_any(&self, pass: &dyn AnyRowPass) -> Result<AnyState, DataError> {
        run_in_order(self, pass)
    }
}

/// The chunks of a [`RowSource`], to be read on any thread.
pub type RowChunks<'a> = Box<dyn Iterator<Item = Result<Rows, DataError>> + Send + 'a>;

/// The number of rows of a chunk.
const CHUNK_ROWS: usize = 8192;

impl RowSource for Dataset {
    fn feature_names(&self) -> &[String] {
        self.feature_names()
    }

    fn target_names(&self) -> &[String] {
        self.target_names()
    }

    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn run_any(&self, pass: &dyn AnyRowPass) -> Result<AnyState, DataError> {
        Threads::default().run_rows(self, pass)
    }

    /// Returns chunks of 8,192 rows; never an error.
    fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
        let mut starts: Vec<usize> = (0..self.num_rows()).step_by(CHUNK_ROWS).collect();
        order.arrange(&mut starts);
        Ok(Box::new(starts.into_iter().map(|start| {
            let end = self.num_rows().min(start + CHUNK_ROWS);
            let part = |values: &[f64], width| values[start * width..end * width].to_vec();
            Ok(Rows {
                features: part(self.features(), self.num_features()),
                targets: part(self.targets(), self.num_targets()),
                weights: self.weights().map(|weights| part(weights, 1)),
                tails: None,
            })
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize) -> Dataset {
        let targets: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let features = targets.iter().flat_map(|t| [10.0 * t, -t]).collect();
        Dataset::new(
            features,
            targets,
            vec!["a".into(), "b".into()],
            vec!["y".into()],
        )
        .unwrap()
    }

    #[test]
    fn an_epoch_names_an_order_of_chunks_and_file_order_is_left_alone() {
        let arranged = |order: ChunkOrder| {
            let mut chunks: Vec<usize> = (0..20).collect();
            order.arrange(&mut chunks);
            chunks
        };
        assert!(arranged(ChunkOrder::File).is_sorted());
        let order = |epoch, seed| arranged(ChunkOrder::of_epoch(epoch, seed));
        assert_eq!(order(3, 1), order(3, 1));
        assert_ne!(order(3, 1), order(4, 1));
        assert_ne!(order(3, 1), order(3, 2));
    }

    #[test]
    fn its_chunks_are_its_rows_in_file_order_or_with_chunks_shuffled() {
        let weights = vec![2.0; 30_000];
        let dataset = numbered(30_000).with_weights(weights).unwrap();
        let targets = |order| -> Vec<Vec<f64>> {
            let chunks = dataset.chunks(order).unwrap();
            chunks
                .map(|rows| {
                    let rows = rows.unwrap();
                    let num_rows = rows.num_rows(2, 1).unwrap();
                    assert_eq!(rows.weights, Some(vec![2.0; num_rows]));
                    rows.targets
                })
                .collect()
        };
        let in_file_order = targets(ChunkOrder::File);
        assert_eq!(in_file_order.concat(), dataset.targets());
        let mut shuffled = targets(ChunkOrder::Shuffled { seed: 1 });
        assert_ne!(shuffled, in_file_order);
        shuffled.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(shuffled, in_file_order);
    }
}
