#[cfg(feature = "csv")]
mod csv_rows;
#[cfg(feature = "parquet")]
mod parquet_rows;

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::source::check_names;
use crate::{DataError, TableFormat};

/// Writes a table to a file, one batch after the other, in memory that does not
/// grow with its length.
///
/// The file is complete only after [`finish`](Self::finish): write it under
/// another name until then.
///
/// # Example
///
/// ```
/// use arrow_array::record_batch;
/// use linreg_data::{TableFormat, TableWriter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let batch = record_batch!(("area", Float64, [50.0, 0.1]), ("sold", Int64, [1, 0]))?;
/// let mut file = Vec::new();
/// let mut writer = TableWriter::new(&mut file, TableFormat::Csv, batch.schema())?;
/// writer.write(&batch)?;
/// writer.finish()?;
/// assert_eq!(file, b"area,sold\n50,1\n0.1,0\n");
/// # Ok(())
/// # }
/// ```
pub struct TableWriter<W: Write + Send> {
    schema: SchemaRef,
    rows: Rows<W>,
}

enum Rows<W: Write + Send> {
    #[cfg(feature = "csv")]
    Csv(csv_rows::CsvRows<W>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::arrow::ArrowWriter<W>>),
    #[cfg(feature = "arrow-ipc")]
    Arrow(Box<arrow_ipc::writer::FileWriter<std::io::BufWriter<W>>>),
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table with these columns.
    ///
    /// # Errors
    ///
    /// Columns without a name or with the same name, columns of a type that the
    /// format cannot store, a format whose feature is not enabled, or a write
    /// that fails.
    pub fn new(output: W, format: TableFormat, schema: SchemaRef) -> Result<Self, DataError> {
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        check_names(&names)?;
        let rows = match format {
            #[cfg(feature = "csv")]
            TableFormat::Csv => Rows::Csv(csv_rows::CsvRows::new(output, &schema)?),
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => {
                Rows::Parquet(Box::new(parquet_rows::begin(output, schema.clone())?))
            }
            #[cfg(feature = "arrow-ipc")]
            TableFormat::Arrow => {
                let rows = arrow_ipc::writer::FileWriter::try_new_buffered(output, &schema)?;
                Rows::Arrow(Box::new(rows))
            }
            #[cfg(not(all(feature = "arrow-ipc", feature = "csv", feature = "parquet")))]
            format => return Err(DataError::FormatLeftOut { file: None, format }),
        };
        Ok(Self { schema, rows })
    }

    /// Writes rows.
    ///
    /// # Errors
    ///
    /// Columns of other types than the table's, nulls in a column that does not
    /// allow them, or a write that fails.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        // This checks the types, which not every format does.
        let batch = RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec())?;
        match &mut self.rows {
            #[cfg(feature = "csv")]
            Rows::Csv(rows) => rows.write(&batch)?,
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => rows.write(&batch)?,
            #[cfg(feature = "arrow-ipc")]
            Rows::Arrow(rows) => rows.write(&batch)?,
        }
        Ok(())
    }

    /// Writes what is needed to complete the file.
    ///
    /// # Errors
    ///
    /// A write that fails.
    pub fn finish(self) -> Result<(), DataError> {
        match self.rows {
            #[cfg(feature = "csv")]
            Rows::Csv(rows) => rows.finish()?,
            #[cfg(feature = "parquet")]
            Rows::Parquet(mut rows) => {
                rows.finish()?;
            }
            #[cfg(feature = "arrow-ipc")]
            Rows::Arrow(mut rows) => rows.finish()?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    use arrow_array::{ArrayRef, Float64Array, Int64Array, record_batch};
    use arrow_schema::DataType;
    use std::sync::Arc;

    const FORMATS: [TableFormat; 3] = [TableFormat::Csv, TableFormat::Parquet, TableFormat::Arrow];

    fn written(batch: &RecordBatch, format: TableFormat) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = TableWriter::new(&mut file, format, batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn columns_without_a_name_of_their_own_are_refused() {
        let twice = record_batch!(("a", Int64, [1]), ("a", Int64, [2])).unwrap();
        let nameless = record_batch!(("", Int64, [1])).unwrap();
        for format in FORMATS {
            let error = |schema| TableWriter::new(Vec::new(), format, schema).err().unwrap();
            let message = error(nameless.schema()).to_string();
            assert_eq!(message, "column 1 has no name; name each column");
            let message = error(twice.schema()).to_string();
            assert!(message.contains("`a` is there twice"), "{message}");
        }
    }

    #[test]
    fn columns_of_another_type_are_refused() {
        let numbers = record_batch!(("a", Float64, [1.0])).unwrap();
        let integers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let integers = RecordBatch::try_from_iter([("a", integers)]).unwrap();
        for format in FORMATS {
            let mut writer = TableWriter::new(Vec::new(), format, numbers.schema()).unwrap();
            assert!(writer.write(&integers).is_err());
        }
    }

    /// A pipe whose reader is gone after some bytes.
    struct Pipe(usize);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            match taken {
                0 => Err(Error::from(ErrorKind::BrokenPipe)),
                _ => Ok(taken),
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_is_one_wherever_it_breaks() {
        let numbers: ArrayRef =
            Arc::new(Float64Array::from_iter_values((0..20_000).map(f64::from)));
        let batch = RecordBatch::try_from_iter([("a", numbers)]).unwrap();
        for format in FORMATS {
            for room in (0..written(&batch, format).len()).step_by(1009) {
                let result = TableWriter::new(Pipe(room), format, batch.schema());
                let result = result.and_then(|mut writer| {
                    writer.write(&batch)?;
                    writer.finish()
                });
                assert!(
                    matches!(&result, Err(DataError::Io(error)) if error.kind() == ErrorKind::BrokenPipe),
                    "{format:?} {room} {result:?}"
                );
            }
        }
    }

    #[test]
    fn a_column_that_a_format_cannot_store_is_named() {
        let int = std::sync::Arc::new(arrow_schema::Field::new("i", DataType::Int64, true));
        let union = arrow_schema::UnionFields::from_fields([int.clone()]);
        let union = DataType::Union(union, arrow_schema::UnionMode::Sparse);
        for (kind, format) in [
            (DataType::List(int), TableFormat::Csv),
            (union.clone(), TableFormat::Csv),
            (union.clone(), TableFormat::Parquet),
            (
                DataType::Struct(vec![arrow_schema::Field::new("u", union, true)].into()),
                TableFormat::Parquet,
            ),
        ] {
            let field = arrow_schema::Field::new("a", kind, true);
            let schema = Arc::new(arrow_schema::Schema::new(vec![field]));
            let error = TableWriter::new(Vec::new(), format, schema).err().unwrap();
            let message = error.to_string();
            assert!(message.starts_with("column `a` is "), "{message}");
            let expected = format!("which {format} cannot store");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
