use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_csv::ReaderBuilder;
use arrow_schema::SchemaRef;
use csv::ByteRecord;

use super::blocks::Block;
use crate::DataError;
use crate::source::Chunk;

/// Turns blocks into chunks: the columns asked for, as text.
#[derive(Clone)]
pub(super) struct Decoder {
    schema: SchemaRef,
    columns: Arc<[usize]>,
    delimiter: u8,
}

impl Decoder {
    pub fn new(schema: &SchemaRef, columns: &[usize], delimiter: u8) -> Self {
        Self {
            schema: schema.clone(),
            columns: columns.into(),
            delimiter,
        }
    }

    pub fn decode(&self, block: Block) -> Result<Chunk, DataError> {
        let Some(batch) = self.batch(&block) else {
            return Err(self.diagnose(&block));
        };
        Ok(Chunk {
            batch,
            first_row: block.first_row,
            origin: Arc::new(block),
        })
    }

    fn batch(&self, block: &Block) -> Option<RecordBatch> {
        // Arrow looks at the cells of all rows as one text, in which the halves
        // of a character that a line break splits are whole again.
        std::str::from_utf8(&block.bytes).ok()?;
        let mut decoder = ReaderBuilder::new(self.schema.clone())
            .with_delimiter(self.delimiter)
            .with_batch_size(block.num_rows as usize)
            .with_projection(self.columns.to_vec())
            .build_decoder();
        let mut bytes = &block.bytes[..];
        while !bytes.is_empty() {
            let read = decoder.decode(bytes).ok()?;
            if read == 0 {
                break;
            }
            bytes = &bytes[read..];
        }
        // Without a line break after it, the last record ends here.
        decoder.decode(b"").ok()?;
        let batch = decoder.flush().ok()??;
        (batch.num_rows() as u64 == block.num_rows).then_some(batch)
    }

    /// What is wrong with the first record that cannot be read.
    fn diagnose(&self, block: &Block) -> DataError {
        let mut reader = reader(&block.bytes, self.delimiter);
        let mut record = ByteRecord::new();
        let expected = self.schema.fields().len();
        let mut number = 0;
        while let Ok(true) = reader.read_byte_record(&mut record) {
            if record.len() != expected {
                return DataError::Row {
                    place: block.place(number),
                    problem: format!(
                        "found {} cells, expected {expected} as in the header",
                        record.len()
                    ),
                };
            }
            let cell = record
                .iter()
                .position(|cell| std::str::from_utf8(cell).is_err());
            if let Some(column) = cell {
                return DataError::Cell {
                    place: block.place(number),
                    column: self.schema.field(column).name().clone(),
                    found: String::from_utf8_lossy(&record[column]).into_owned(),
                    expected: "UTF-8 text; save the file as UTF-8",
                };
            }
            number += 1;
        }
        DataError::Row {
            place: block.place(0),
            problem: "the rows from here on cannot be read as CSV".to_string(),
        }
    }
}

/// The cells of the first record.
pub(super) fn cells(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut reader = reader(record, delimiter);
    let mut cells = ByteRecord::new();
    match reader.read_byte_record(&mut cells) {
        Ok(true) => cells.iter().map(<[u8]>::to_vec).collect(),
        _ => Vec::new(),
    }
}

fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes)
}
