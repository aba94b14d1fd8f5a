use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_csv::ReaderBuilder;
use arrow_schema::SchemaRef;
use csv::ByteRecord;

use super::blocks::Block;
use super::unquoted::split;
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
        let batch = match self.unquoted(block) {
            Some(batch) => batch,
            None => self.any(block)?,
        };
        (batch.num_rows() as u64 == block.num_rows).then_some(batch)
    }

    fn unquoted(&self, block: &Block) -> Option<RecordBatch> {
        let num_columns = self.schema.fields().len();
        let columns = split(&block.bytes, self.delimiter, num_columns, &self.columns)?;
        let schema = self.schema.project(&self.columns).ok()?;
        // Without columns the batch would not know its rows.
        let num_rows = RecordBatchOptions::new().with_row_count(Some(block.num_rows as usize));
        RecordBatch::try_new_with_options(Arc::new(schema), columns, &num_rows).ok()
    }

    fn any(&self, block: &Block) -> Option<RecordBatch> {
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
        decoder.flush().ok()?
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::blocks::Start;
    use crate::csv::records::find_records;
    use arrow_schema::{DataType, Field, Schema};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_without_quotes_are_those_of_any_csv(
            bytes in prop_oneof!["([a0é ]{0,2}(,|,|\n|\r\n|\n\n|;)){0,20}[a,\r]?", "([ab]?,[ab]?,[ab]?\r?\n){1,9}(,b,)?"],
            num_columns in 1..4usize,
            columns in prop::collection::vec(0..4usize, 0..5),
        ) {
            let bytes = bytes.into_bytes();
            let fields = ["a", "b", "c", "d"].map(|name| Field::new(name, DataType::Utf8, true));
            let schema = Arc::new(Schema::new(fields[..num_columns].to_vec()));
            let columns: Vec<usize> = columns.into_iter().filter(|column| *column < num_columns).collect();
            let num_rows = find_records(&bytes, b',', true).unwrap().count;
            prop_assume!(num_rows > 0);
            let block = Block::new(bytes, 0..num_rows, Start::default(), "t.csv".into(), b',');
            let decoder = Decoder::new(&schema, &columns, b',');
            // What one of them cannot read is told by what comes after.
            if let Some(batch) = decoder.unquoted(&block) {
                prop_assert_eq!(Some(batch), decoder.any(&block));
            } else if let Some(batch) = decoder.any(&block) {
                let single_cr = block.bytes.ends_with(b"\r");
                prop_assert!(single_cr || batch.num_rows() as u64 != num_rows);
            }
        }
    }
}
