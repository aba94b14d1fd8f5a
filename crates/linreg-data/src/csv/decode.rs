use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_csv::ReaderBuilder;
use arrow_schema::SchemaRef;
use csv::ByteRecord;

use super::blocks::Block;
use super::unquoted::split;
use crate::source::Chunk;
use crate::{CellPlace, DataError, Marks, Remedy, RowProblem};

/// Turns blocks into chunks of the requested columns, as text.
#[derive(Clone)]
pub(super) struct Decoder {
    /// The columns of the file: those of the table and the others.
    schema: SchemaRef,
    /// The requested columns, then those without a name, whose cells have to be
    /// empty.
    columns: Arc<[usize]>,
    num_unnamed: usize,
    delimiter: u8,
}

impl Decoder {
    pub fn new(
        schema: &SchemaRef,
        columns: &[usize],
        unnamed: std::ops::Range<usize>,
        delimiter: u8,
    ) -> Self {
        Self {
            schema: schema.clone(),
            num_unnamed: unnamed.len(),
            columns: columns.iter().copied().chain(unnamed).collect(),
            delimiter,
        }
    }

    pub fn decode(&self, block: Block) -> Result<Chunk, DataError> {
        let records = block.records();
        let Some(batch) = self.batch(&block, &records) else {
            return Err(self.diagnose(&block, &records));
        };
        drop(records);
        Ok(Chunk {
            batch: self.without_unnamed(batch, &block)?,
            first_row: block.first_row,
            origin: Arc::new(block),
            cells: Arc::default(),
        })
    }

    /// Drops the columns without a name, which must be empty.
    fn without_unnamed(&self, batch: RecordBatch, block: &Block) -> Result<RecordBatch, DataError> {
        if self.num_unnamed == 0 {
            return Ok(batch);
        }
        let num_named = self.columns.len() - self.num_unnamed;
        for (array, column) in batch.columns().iter().zip(&*self.columns).skip(num_named) {
            let array = array.as_string::<i32>();
            let found = |row: usize| array.is_valid(row) && !array.value(row).trim().is_empty();
            if let Some(row) = (0..array.len()).find(|row| found(*row)) {
                return Err(DataError::Row {
                    place: block.place(row as u64),
                    problem: RowProblem::UnnamedCell {
                        found: array.value(row).to_string(),
                        column: column + 1,
                    },
                });
            }
        }
        let named: Vec<usize> = (0..num_named).collect();
        Ok(batch.project(&named)?)
    }

    fn batch(&self, block: &Block, records: &[u8]) -> Option<RecordBatch> {
        // Each cell takes a byte, that of the delimiter or line break after it. Where
        // there are fewer bytes, memory for all cells may be far more than the file.
        let num_cells = block
            .num_rows
            .checked_mul(self.schema.fields().len() as u64)?;
        if num_cells > records.len() as u64 + 1 {
            return None;
        }
        let batch = match self.unquoted(block, records) {
            Some(batch) => batch,
            None => self.any(block, records)?,
        };
        (batch.num_rows() as u64 == block.num_rows).then_some(batch)
    }

    fn unquoted(&self, block: &Block, records: &[u8]) -> Option<RecordBatch> {
        let num_columns = self.schema.fields().len();
        let columns = split(
            records,
            self.delimiter,
            num_columns,
            &self.columns,
            block.num_rows as usize,
        )?;
        let schema = self.schema.project(&self.columns).ok()?;
        // A batch without columns would not know its number of rows.
        let num_rows = RecordBatchOptions::new().with_row_count(Some(block.num_rows as usize));
        RecordBatch::try_new_with_options(Arc::new(schema), columns, &num_rows).ok()
    }

    fn any(&self, block: &Block, records: &[u8]) -> Option<RecordBatch> {
        // Arrow checks all cells together as one text, in which the two halves
        // of a character that a line break splits would be joined.
        std::str::from_utf8(records).ok()?;
        let mut decoder = ReaderBuilder::new(self.schema.clone())
            .with_delimiter(self.delimiter)
            .with_batch_size(block.num_rows as usize)
            .with_projection(self.columns.to_vec())
            .build_decoder();
        let mut bytes = records;
        while !bytes.is_empty() {
            let read = decoder.decode(bytes).ok()?;
            if read == 0 {
                break;
            }
            bytes = &bytes[read..];
        }
        // This ends a last record without a line break.
        decoder.decode(b"").ok()?;
        decoder.flush().ok()?
    }

    /// Returns what is wrong with the first record that cannot be read.
    fn diagnose(&self, block: &Block, records: &[u8]) -> DataError {
        let mut reader = reader(records, self.delimiter);
        let mut record = ByteRecord::new();
        let expected = self.schema.fields().len();
        let mut number = 0;
        while let Ok(true) = reader.read_byte_record(&mut record) {
            if record.len() != expected {
                let first = record.get(0).unwrap_or_default();
                let remedy = match (expected, self.delimiter) {
                    (1, b',') => Some(Remedy::Marks(vec![Marks {
                        decimal: Some(','),
                        thousands: None,
                        number: None,
                    }])),
                    _ => comment_mark(first).map(Remedy::Comment),
                };
                return DataError::Row {
                    place: block.place(number),
                    problem: RowProblem::CellCount {
                        found: record.len(),
                        expected,
                        remedy,
                    },
                };
            }
            let cell = record
                .iter()
                .position(|cell| std::str::from_utf8(cell).is_err());
            if let Some(column) = cell {
                return DataError::Cell {
                    at: Box::new(CellPlace {
                        row: block.place(number),
                        column: self.schema.field(column).name().clone(),
                    }),
                    found: String::from_utf8_lossy(&record[column]).into_owned(),
                    expected: "UTF-8 text; save the file as UTF-8",
                };
            }
            number += 1;
        }
        DataError::Row {
            place: block.place(0),
            problem: RowProblem::NoCsv,
        }
    }
}

/// Returns the mark with which a line begins that looks like a comment.
pub(super) fn comment_mark(line: &[u8]) -> Option<char> {
    let first = line.trim_ascii_start().first()?;
    b"#%!*".contains(first).then_some(char::from(*first))
}

/// The cells of the first record.
pub(super) fn cells(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let end = record.iter().rposition(|byte| !b"\r\n".contains(byte));
    let text = &record[..end.map_or(0, |last| last + 1)];
    let is_plain = memchr::memchr3(b'"', b'\r', b'\n', text).is_none();
    if is_plain && !text.is_empty() && !text.starts_with(b"\xEF\xBB\xBF") {
        // To make a CSV reader takes far longer.
        return text
            .split(|byte| *byte == delimiter)
            .map(<[u8]>::to_vec)
            .collect();
    }
    any_cells(record, delimiter)
}

fn any_cells(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
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
    use crate::csv::dialect::Dialect;
    use crate::csv::records::find_records;
    use arrow_schema::{DataType, Field, Schema};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_cells_are_those_of_a_csv_reader(record in "[ab;\" \u{feff}]{0,8}(\n|\r|\r\n|\n\n)?[ab;]{0,3}") {
            let record = record.as_bytes();
            prop_assert_eq!(cells(record, b';'), any_cells(record, b';'));
        }

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
            let dialect = Dialect::of(b',');
            let records = find_records(&bytes, dialect, true).unwrap();
            let num_rows = records.count;
            prop_assume!(num_rows > 0);
            let mut block = Block::new(bytes, 0..num_rows, Start::default(), "t.csv".into(), dialect);
            block.needs_cleaning = records.has_others;
            let bytes = block.records();
            let decoder = Decoder::new(&schema, &columns, 0..0, b',');
            // What `unquoted` cannot read is left to `any`.
            if let Some(batch) = decoder.unquoted(&block, &bytes) {
                prop_assert_eq!(Some(batch), decoder.any(&block, &bytes));
            } else if let Some(batch) = decoder.any(&block, &bytes) {
                let single_cr = block.bytes.ends_with(b"\r");
                prop_assert!(single_cr || batch.num_rows() as u64 != num_rows);
            }
        }
    }
}
