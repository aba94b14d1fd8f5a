use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Schema};

use crate::{DataError, TableFormat};

/// The bytes that are collected before they are written.
const BUFFER_BYTES: usize = 1 << 16;

/// Writes rows as in RFC 4180, except that lines end in LF.
///
/// A null is an empty cell, and an empty text is a quoted empty cell. Numbers
/// have the fewest digits that read back as the same number: `50`, `0.1`,
/// `1e+300`.
pub(crate) struct CsvRows<W> {
    output: W,
    buffer: Vec<u8>,
    num_columns: usize,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header row.
    pub(crate) fn new(output: W, schema: &Schema) -> Result<Self, DataError> {
        let mut buffer = Vec::with_capacity(2 * BUFFER_BYTES);
        for (index, field) in schema.fields().iter().enumerate() {
            if field.data_type().is_nested() {
                return Err(DataError::NotStorable {
                    format: TableFormat::Csv,
                    column: field.name().clone(),
                    kind: field.data_type().to_string(),
                });
            }
            if index > 0 {
                buffer.push(b',');
            }
            push_text(&mut buffer, field.name());
        }
        buffer.push(b'\n');
        Ok(Self {
            output,
            buffer,
            num_columns: schema.fields().len(),
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        let options = FormatOptions::default();
        let columns = batch.columns().iter();
        let columns: Vec<Cells> = columns
            .map(|column| Cells::new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let start = self.buffer.len();
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.buffer.push(b',');
                }
                column.push(row, &mut self.buffer, &mut text)?;
            }
            // A blank line would not be read as a row.
            if self.num_columns == 1 && self.buffer.len() == start {
                self.buffer.extend_from_slice(b"\"\"");
            }
            self.buffer.push(b'\n');
            if self.buffer.len() >= BUFFER_BYTES {
                self.write_buffer()?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), DataError> {
        self.write_buffer()?;
        Ok(self.output.flush()?)
    }

    fn write_buffer(&mut self) -> Result<(), DataError> {
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

enum Cells<'a> {
    /// Most columns; this takes half of the time of a formatter.
    Numbers(&'a Float64Array),
    Others(&'a dyn Array, ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    fn new(column: &'a dyn Array, options: &FormatOptions<'a>) -> Result<Self, DataError> {
        Ok(match column.data_type() {
            DataType::Float64 => Self::Numbers(column.as_primitive::<Float64Type>()),
            _ => Self::Others(column, ArrayFormatter::try_new(column, options)?),
        })
    }

    /// Writes the cell of a row; `text` is a buffer that is reused.
    fn push(&self, row: usize, buffer: &mut Vec<u8>, text: &mut String) -> Result<(), DataError> {
        match self {
            Self::Numbers(numbers) if numbers.is_valid(row) => {
                let mut digits = zmij::Buffer::new();
                let digits = digits.format(numbers.value(row));
                let digits = digits.strip_suffix(".0").unwrap_or(digits);
                buffer.extend_from_slice(digits.as_bytes());
            }
            Self::Others(column, formatter) if column.is_valid(row) => {
                text.clear();
                formatter.value(row).write(text)?;
                push_text(buffer, text);
            }
            _ => {}
        }
        Ok(())
    }
}

fn push_text(buffer: &mut Vec<u8>, text: &str) {
    let special = |byte| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    // An empty text is quoted, so that it differs from a null.
    if !text.is_empty() && !text.bytes().any(special) {
        return buffer.extend_from_slice(text.as_bytes());
    }
    buffer.push(b'"');
    buffer.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    buffer.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::{ArrayRef, StringArray};
    use arrow_csv::ReaderBuilder;
    use proptest::prelude::*;

    fn written(batch: &RecordBatch) -> Vec<u8> {
        let mut file = Vec::new();
        let mut rows = CsvRows::new(&mut file, batch.schema_ref()).unwrap();
        rows.write(batch).unwrap();
        rows.finish().unwrap();
        file
    }

    proptest! {
        #[test]
        fn csv_reads_back_bit_for_bit(
            rows in prop::collection::vec((prop::option::of(prop::num::f64::ANY), "(\\PC|[\",\n\r]){1,6}"), 0..30)
        ) {
            let numbers: Float64Array = rows.iter().map(|row| row.0.filter(|number| !number.is_nan())).collect();
            let texts: StringArray = rows.iter().map(|row| Some(row.1.as_str())).collect();
            let columns = [("x, \"1\"", Arc::new(numbers) as ArrayRef, true), ("text", Arc::new(texts), true)];
            let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
            let file = written(&batch);
            let reader = ReaderBuilder::new(batch.schema()).with_header(true);
            for read in reader.build(&file[..]).unwrap() {
                prop_assert_eq!(&read.unwrap(), &batch);
            }
        }
    }

    #[test]
    fn csv_has_the_fewest_digits_and_tells_null_from_empty() {
        let numbers = Float64Array::from(vec![Some(50.0), None, Some(0.1), Some(1e300)]);
        let texts = StringArray::from(vec![Some(""), Some("a \"b\""), None, Some("c")]);
        let columns = [
            ("x", Arc::new(numbers) as ArrayRef),
            ("text", Arc::new(texts)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let expected = "x,text\n50,\"\"\n,\"a \"\"b\"\"\"\n0.1,\n1e+300,c\n";
        assert_eq!(written(&batch), expected.as_bytes());
        // A blank line would not be read as a row.
        let alone = batch.project(&[0]).unwrap();
        let expected = "x\n50\n\"\"\n0.1\n1e+300\n";
        assert_eq!(written(&alone), expected.as_bytes());
    }
}
