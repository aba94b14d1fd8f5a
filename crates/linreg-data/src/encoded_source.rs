mod load;

use std::sync::Arc;

use crate::read::read_wide;
use crate::rows::Rows;
use crate::source::{ChunkOrder, Source};
use crate::{
    AnyRowPass, AnyState, Axis, BoundEncoder, Chunk, DataError, Dataset, Encoded, EncodedPass,
    Encoder, EncodingCounts, Engine, InOrder, NoRows, Pass, RowChunks, RowPass, RowSource,
    RowsError, Set, SplitRows, Threads,
};
pub(crate) use load::LoadPass;

/// The rows of a source for training, validation or the test, encoded as they
/// are read.
#[derive(Clone)]
pub struct EncodedSource {
    source: Arc<dyn Source>,
    encoder: BoundEncoder,
    split: SplitRows,
    set: Set,
    engine: Arc<dyn Engine>,
    feature_names: Vec<String>,
    /// 0 until the rows have been counted by [`load`](Self::load).
    num_rows: usize,
}

/// Encoded rows, in memory if there is room for them.
pub enum EncodedRows {
    /// The rows are in memory.
    Memory(Dataset),
    /// The rows are in the file, and every pass reads them.
    File(EncodedSource),
}

impl EncodedSource {
    /// Takes the rows of a set, to be read on all cores of this machine; reads
    /// none of them yet.
    ///
    /// # Errors
    ///
    /// A column that the source lacks, or an encoder without targets.
    pub fn new(
        source: Arc<dyn Source>,
        encoder: &Encoder,
        split: impl Into<SplitRows>,
        set: Set,
    ) -> Result<Self, DataError> {
        if encoder.targets().is_empty() {
            return Err(RowsError::None(Axis::Targets).into());
        }
        Ok(Self {
            encoder: encoder.bind(source.as_ref(), true)?,
            feature_names: encoder.feature_names(),
            source,
            split: split.into(),
            set,
            engine: Arc::new(Threads::default()),
            num_rows: 0,
        })
    }

    /// Returns the same rows, whose passes run on this engine.
    pub fn on(mut self, engine: Arc<dyn Engine>) -> Self {
        self.engine = engine;
        self
    }

    /// Whether other machines read the rows; see [`Engine::is_remote`].
    pub fn is_remote(&self) -> bool {
        self.engine.is_remote()
    }

    /// Reads and encodes the rows; with each chunk come the counts of its
    /// missing values and new levels.
    ///
    /// # Errors
    ///
    /// As [`read`](crate::read()).
    pub fn encoded(&self, order: ChunkOrder) -> Result<InOrder<(Rows, EncodingCounts)>, DataError> {
        self.map(order, |encoded, _| Ok((encoded.rows, encoded.counts)))
    }

    /// Reads and encodes the rows, and calls `of` with each chunk on the thread
    /// that has read it.
    ///
    /// # Errors
    ///
    /// As [`read`](crate::read()).
    pub fn map<T: Send + 'static>(
        &self,
        order: ChunkOrder,
        of: impl Fn(Encoded, &Chunk) -> Result<T, DataError> + Send + Sync + 'static,
    ) -> Result<InOrder<T>, DataError> {
        let (encoder, split, set) = (self.encoder.clone(), self.split.clone(), self.set);
        let columns = self.encoder.columns();
        let width = self.feature_names.len() + self.target_names().len();
        read_wide(self.source.as_ref(), columns, order, width, move |chunk| {
            let wanted = split.rows(set, chunk.first_row, chunk.num_rows());
            of(encoder.encode(&chunk, Some(&wanted))?, &chunk)
        })
    }

    /// Runs a pass over the rows, and counts missing values and new levels. The
    /// result has the same bits on any number of threads, from any file format.
    ///
    /// # Errors
    ///
    /// As [`RowPass::run`], or a row that cannot be encoded.
    pub fn run<P: RowPass>(&self, pass: P) -> Result<(P::Output, EncodingCounts), DataError> {
        let (encoder, split) = (self.encoder.clone(), self.split.clone());
        let pass = EncodedPass::new(encoder, split, self.set, pass);
        let (engine, source) = (self.engine.as_ref(), self.source.as_ref());
        pass.run(engine, source, self.encoder.columns())
    }

    /// Reads all rows: into memory if their features and targets are at most
    /// `max_numbers` numbers, else only to count the rows.
    ///
    /// # Errors
    ///
    /// No rows, or as [`read`](crate::read()).
    pub fn load(mut self, max_numbers: usize) -> Result<(EncodedRows, EncodingCounts), DataError> {
        let width = self.feature_names.len() + self.target_names().len();
        let (loaded, counts) = self.run(LoadPass::new(max_numbers))?;
        self.num_rows = loaded.num_rows;
        if self.num_rows == 0 {
            return Err(DataError::NoRows(match self.set {
                Set::Training => NoRows::Training,
                Set::Validation => NoRows::Validation,
                Set::Test => NoRows::Test,
            }));
        }
        let Some((all, numbers)) = loaded.rows(width, max_numbers) else {
            return Ok((EncodedRows::File(self), counts));
        };
        let dataset = Dataset::new(
            all.features,
            all.targets,
            self.feature_names.clone(),
            self.target_names().to_vec(),
        )?;
        let dataset = match all.weights {
            Some(weights) => dataset.with_weights(weights)?,
            None => dataset,
        };
        Ok((EncodedRows::Memory(dataset.with_numbers(numbers)), counts))
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

    fn run_any(&self, pass: &dyn AnyRowPass) -> Result<AnyState, DataError> {
        let (encoder, split) = (self.encoder.clone(), self.split.clone());
        let encoded = pass.encoded(encoder, split, self.set);
        let (engine, source) = (self.engine.as_ref(), self.source.as_ref());
        let state = engine.run_any(source, self.encoder.columns(), encoded.as_ref())?;
        Ok(pass.without_counts(state)?.0)
    }

    fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
        let chunks = self.encoded(order)?;
        let rounded = |(rows, _)| Rows {
            tails: None,
            ..rows
        };
        Ok(Box::new(chunks.map(move |chunk| chunk.map(rounded))))
    }
}
