//! Tables for tests.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::{
    ChunkOrder, ColumnChoice, CsvOptions, DataError, Encoded, Encoder, EncoderConfig, Passes,
    Schema, Source, learn_schema, open, read,
};

/// A file in a temporary folder that is removed with it.
pub struct TestFile {
    pub folder: TempDir,
    pub path: PathBuf,
}

pub fn file(name: &str, content: impl AsRef<[u8]>) -> TestFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    TestFile { folder, path }
}

impl TestFile {
    pub fn open(&self) -> Result<Box<dyn Source>, DataError> {
        open(
            std::slice::from_ref(&self.path),
            &CsvOptions::default(),
            Passes::Several,
        )
    }

    /// Returns the message of an error without the folder of the file.
    pub fn message(&self, error: &DataError) -> String {
        let folder = format!("{}/", self.folder.path().display());
        error.to_string().replace(&folder, "")
    }
}

/// Reads the text cells of a pass, row by row.
pub fn cells(source: &dyn Source, order: ChunkOrder) -> Result<Vec<Vec<String>>, DataError> {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    let all: Vec<usize> = (0..source.schema().fields().len()).collect();
    let mut rows = Vec::new();
    for chunk in read(source, &all, order, Ok)? {
        let chunk = chunk?;
        for row in 0..chunk.num_rows() {
            let cell = |column: &arrow_array::ArrayRef| {
                let column = column.as_string::<i32>();
                let valid = column.is_valid(row);
                let cell = if valid { column.value(row) } else { "" };
                cell.to_string()
            };
            rows.push(chunk.batch.columns().iter().map(cell).collect());
        }
    }
    Ok(rows)
}

/// Learns the schema of a CSV text and encodes it with the target `y`.
pub fn encode(
    content: &str,
    choice: &ColumnChoice,
    config: &EncoderConfig,
) -> Result<(Encoder, Encoded), String> {
    let file = file("t.csv", content);
    let say = |error: DataError| file.message(&error);
    let source = file.open().map_err(say)?;
    let schema = learn_schema(source.as_ref(), choice).map_err(say)?;
    let mut config = config.clone();
    if config.targets.is_empty() {
        config.targets = vec!["y".to_string()];
    }
    let encoder = Encoder::new(&schema, &config).map_err(say)?;
    let encoded = encode_all(source.as_ref(), &encoder).map_err(say)?;
    Ok((encoder, encoded))
}

/// Encodes all rows of a source.
pub fn encode_all(source: &dyn Source, encoder: &Encoder) -> Result<Encoded, DataError> {
    let bound = encoder.bind(source, true)?;
    let columns = bound.columns().to_vec();
    let mut all = Encoded::default();
    let chunks = read(source, &columns, ChunkOrder::File, move |chunk| {
        bound.encode(&chunk, None)
    })?;
    for chunk in chunks {
        let chunk = chunk?;
        all.rows.features.extend(chunk.rows.features);
        all.rows.targets.extend(chunk.rows.targets);
        if let Some(weights) = chunk.rows.weights {
            all.rows.weights.get_or_insert_default().extend(weights);
        }
        if let Some(tails) = chunk.rows.tails {
            all.rows.tails.get_or_insert_default().extend(tails);
        }
        all.kept.extend(chunk.kept);
        all.counts.merge(&chunk.counts);
    }
    Ok(all)
}

/// Learns the schema of a CSV text.
pub fn schema(content: &str, choice: &ColumnChoice) -> Result<Schema, String> {
    let file = file("t.csv", content);
    let source = file.open().map_err(|error| file.message(&error))?;
    learn_schema(source.as_ref(), choice).map_err(|error| file.message(&error))
}
