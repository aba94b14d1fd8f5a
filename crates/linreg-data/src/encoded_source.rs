use std::path::Path;
use std::sync::Arc;

use crate::read::read_wide;
use crate::rows::Rows;
use crate::source::{ChunkOrder, Source};
use crate::{
    BoundEncoder, Chunk, ColumnChoice, CsvOptions, DataError, Dataset, Encoded, Encoder,
    EncoderConfig, EncodingCounts, InOrder, NoRows, Passes, RowChunks, RowSource, Set, Split,
    SplitRows, learn_encoder, learn_schema, open,
};

/// The rows of a source for training, validation or the test, encoded as they
/// are read.
#[derive(Clone)]
pub struct EncodedSource {
    source: Arc<dyn Source>,
    encoder: BoundEncoder,
    split: SplitRows,
    set: Set,
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
    /// Takes the rows of a set; reads none of them yet.
    ///
    /// # Errors
    ///
    /// A column that the source lacks.
    pub fn new(
        source: Arc<dyn Source>,
        encoder: &Encoder,
        split: impl Into<SplitRows>,
        set: Set,
    ) -> Result<Self, DataError> {
        Ok(Self {
            encoder: encoder.bind(source.as_ref(), true)?,
            feature_names: encoder.feature_names(),
            source,
            split: split.into(),
            set,
            num_rows: 0,
        })
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

    /// Reads all rows: into memory if their features and targets are at most
    /// `max_numbers` numbers, else only to count the rows.
    ///
    /// # Errors
    ///
    /// No rows, or as [`read`](crate::read()).
    pub fn load(mut self, max_numbers: usize) -> Result<(EncodedRows, EncodingCounts), DataError> {
        let width = self.feature_names.len() + self.target_names().len();
        let mut counts = EncodingCounts::default();
        let mut all = Rows::default();
        for chunk in self.encoded(ChunkOrder::File)? {
            let (rows, of_chunk) = chunk?;
            counts.merge(&of_chunk);
            if ((counts.rows - counts.dropped) as usize).saturating_mul(width) > max_numbers {
                all = Rows::default();
                continue;
            }
            all.features.extend(rows.features);
            all.targets.extend(rows.targets);
            if let Some(weights) = rows.weights {
                all.weights.get_or_insert_default().extend(weights);
            }
        }
        self.num_rows = (counts.rows - counts.dropped) as usize;
        if self.num_rows == 0 {
            return Err(DataError::NoRows(match self.set {
                Set::Training => NoRows::Training,
                Set::Validation => NoRows::Validation,
                Set::Test => NoRows::Test,
            }));
        }
        if self.num_rows.saturating_mul(width) > max_numbers {
            return Ok((EncodedRows::File(self), counts));
        }
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
        Ok((EncodedRows::Memory(dataset), counts))
    }
}

/// Reads a file into memory, with every other column that can be a feature:
/// numbers as they are, words by their levels. For more control, see
/// [`EncodedSource`].
///
/// # Errors
///
/// A file that cannot be read, a target that it lacks, or missing values.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let path = std::env::temp_dir().join("load_dataset.csv");
/// let rows = "town,area,price\nBonn,50,210\nTrier,60,205\nBonn,70,290\n";
/// std::fs::write(&path, rows)?;
/// let dataset = linreg_data::load_dataset(&path, "price")?;
/// assert_eq!(dataset.feature_names(), ["town=Trier", "area"]);
/// assert_eq!(dataset.features(), [0.0, 50.0, 1.0, 60.0, 0.0, 70.0]);
/// assert_eq!(dataset.targets(), [210.0, 205.0, 290.0]);
/// # Ok(())
/// # }
/// ```
pub fn load_dataset(path: impl AsRef<Path>, target: &str) -> Result<Dataset, DataError> {
    let files = [path.as_ref().to_path_buf()];
    let source: Arc<dyn Source> = open(&files, &CsvOptions::default(), Passes::Several)?.into();
    let mut schema = learn_schema(source.as_ref(), &ColumnChoice::default())?;
    let config = EncoderConfig {
        targets: vec![target.to_string()],
        ..EncoderConfig::default()
    };
    let encoder = learn_encoder(source.as_ref(), &mut schema, &config, Split::None)?;
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training)?;
    match rows.load(usize::MAX)?.0 {
        EncodedRows::Memory(dataset) => Ok(dataset),
        EncodedRows::File(_) => unreachable!("nothing is more than all of memory"),
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

    fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
        let chunks = self.encoded(order)?;
        let rounded = |(rows, _)| Rows {
            tails: None,
            ..rows
        };
        Ok(Box::new(chunks.map(move |chunk| chunk.map(rounded))))
    }
}
