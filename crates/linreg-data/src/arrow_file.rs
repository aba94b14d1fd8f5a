mod contents;
mod messages;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_schema::{DataType, SchemaRef};

use crate::data_file::DataFile;
use crate::input::InputFile;
use crate::repeated_text::{MAX_TEXT_BYTES, longest, most_rows};
use crate::source::{ChunkOrder, Chunks, Part, Parts, Source};
use crate::{DataError, Limit, TableLocation};
use contents::{Batch, Contents, scan};
use messages::{Block, check_unpacked, damaged, message, read_block, unpacked_bytes};

/// The largest number of rows of a chunk.
const CHUNK_ROWS: usize = 1 << 16;

/// A file in one of Arrow's formats: the file format, also called Feather
/// version 2, or the stream format.
///
/// Its parts are the record batches in which it was written; a thread has one
/// of them in memory.
///
/// # Example
///
/// ```
/// use linreg_data::{ArrowFile, Source};
/// # use arrow_array::record_batch;
/// # use linreg_data::{TableFormat, TableWriter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.arrow");
/// # let batch = record_batch!(("area", Float64, [50.0, 0.1]), ("sold", Int64, [1, 0]))?;
/// # let file = std::fs::File::create(&path)?;
/// # let mut writer = TableWriter::new(file, TableFormat::Arrow, batch.schema())?;
/// # writer.write(&batch)?;
/// # writer.finish()?;
/// let houses = ArrowFile::open(&path)?;
/// assert_eq!(houses.num_rows(), Some(2));
/// assert_eq!(houses.schema().field(0).name(), "area");
/// # Ok(())
/// # }
/// ```
pub struct ArrowFile {
    table: Arc<Table>,
}

struct Table {
    file: DataFile,
    contents: Contents,
}

impl ArrowFile {
    /// Opens a file and reads its metadata and its dictionaries.
    ///
    /// # Errors
    ///
    /// A file that is not there, is cut short, or is no Arrow file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        Self::of(InputFile::open(path)?)
    }

    pub(crate) fn of(input: InputFile) -> Result<Self, DataError> {
        let file = DataFile::new(input, "Arrow");
        let contents = file.decode(|| scan(&file))?;
        file.check_names(&contents.schema)?;
        let num_rows = contents.batches.iter().map(|batch| batch.num_rows).sum();
        let fields = contents.schema.fields().iter();
        let mut kinds = fields.map(|field| field.data_type());
        file.check_rows(num_rows, kinds.any(takes_bytes))?;
        Ok(Self {
            table: Arc::new(Table { file, contents }),
        })
    }
}

impl Source for ArrowFile {
    fn schema(&self) -> &SchemaRef {
        &self.table.contents.schema
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        self.schema().project(columns)?;
        self.table.file.begin_pass()?;
        let columns: Arc<[usize]> = columns.into();
        let table = self.table.clone();
        let mut batches = table.contents.batches.clone();
        order.arrange(&mut batches);
        Ok(Box::new(batches.into_iter().map(move |batch| {
            let (table, columns) = (table.clone(), columns.clone());
            Ok(Part {
                first_row: batch.first_row,
                num_rows: batch.num_rows,
                read: Box::new(move || table.read(batch, &columns)),
            })
        })))
    }

    fn location(&self) -> Option<TableLocation> {
        self.table.file.location(self.num_rows()?)
    }

    fn num_rows(&self) -> Option<u64> {
        Some(
            self.table
                .contents
                .batches
                .iter()
                .map(|batch| batch.num_rows)
                .sum(),
        )
    }
}

impl Table {
    fn read(self: Arc<Self>, batch: Batch, columns: &[usize]) -> Result<Chunks, DataError> {
        let rows = self.file.decode(|| self.decode(batch.block, columns))?;
        let mut of_all = 0;
        for (array, field) in rows.columns().iter().zip(rows.schema().fields()) {
            let longest = longest(array);
            if longest as u64 > MAX_TEXT_BYTES {
                return Err(self.file.refused(Limit::Text {
                    row_group: None,
                    column: field.name().clone(),
                    bytes: longest as u64,
                }));
            }
            of_all += longest;
        }
        let chunk_rows = most_rows(of_all, CHUNK_ROWS);
        let starts = (0..rows.num_rows()).step_by(chunk_rows);
        Ok(Box::new(starts.map(move |start| {
            let length = chunk_rows.min(rows.num_rows() - start);
            let first_row = batch.first_row + start as u64;
            Ok(self.file.chunk(rows.slice(start, length), first_row))
        })))
    }

    fn decode(&self, block: Block, columns: &[usize]) -> Result<RecordBatch, DataError> {
        let (metadata, body) = read_block(self.file.input(), block)?;
        let message = message(&metadata)?;
        let batch = message.header_as_record_batch();
        let batch = batch.ok_or_else(|| damaged("a record batch is missing"))?;
        let unpacked = unpacked_bytes(&batch, &body)?;
        check_unpacked(&self.file, "a record batch", body.len() as u64, unpacked)?;
        let Contents {
            schema,
            dictionaries,
            ..
        } = &self.contents;
        let (schema, version) = (schema.clone(), message.version());
        let decoder = RecordBatchDecoder::try_new(&body, batch, schema, dictionaries, &version)?;
        Ok(decoder.with_projection(Some(columns)).read_record_batch()?)
    }
}

/// Whether each row of a column of this type takes some of the bytes of a file.
fn takes_bytes(kind: &DataType) -> bool {
    match kind {
        DataType::Null | DataType::RunEndEncoded(..) | DataType::FixedSizeBinary(0) => false,
        DataType::FixedSizeList(_, 0) => false,
        DataType::FixedSizeList(values, _) => takes_bytes(values.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| takes_bytes(field.data_type())),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::TableFormat;
    use crate::test_table::{any_table, check_shuffled, damage, numbered, read, write};
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, DictionaryArray, StructArray};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
    use proptest::prelude::*;
    use tempfile::tempdir;

    fn write_stream(path: &Path, batches: &[RecordBatch]) {
        let file = fs::File::create(path).unwrap();
        let mut writer = StreamWriter::try_new(file, &batches[0].schema()).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.finish().unwrap();
    }

    proptest! {
        #[test]
        fn any_table_is_read_as_it_was_written(table in any_table(), stream: bool) {
            let folder = tempdir().unwrap();
            let path = folder.path().join("table.arrow");
            let half = table.slice(0, table.num_rows() / 2);
            if stream {write_stream(&path, &[table.clone(), half])} else {write(&path, TableFormat::Arrow, &[table.clone(), half])}
            let file = ArrowFile::open(&path).unwrap();
            let rows = read(&file, &[0, 1, 2, 3], ChunkOrder::File).unwrap();
            prop_assert_eq!(rows.slice(0, table.num_rows()), table.clone());
            prop_assert_eq!(rows.num_rows(), table.num_rows() + table.num_rows() / 2);
            prop_assert_eq!(file.schema(), &table.schema());
        }
    }

    /// Returns a table with a dictionary.
    fn with_dictionary(num_rows: usize) -> RecordBatch {
        let table = numbered(num_rows);
        let words = (0..num_rows).map(|row| ["low", "high"][row % 2]);
        let words: DictionaryArray<Int32Type> = words.collect();
        let columns = table.schema_ref().fields().iter().zip(table.columns());
        let columns = columns.map(|(field, column)| (field.name().as_str(), column.clone()));
        RecordBatch::try_from_iter(columns.chain([("word", Arc::new(words) as ArrayRef)])).unwrap()
    }

    fn write_compressed(path: &Path, table: &RecordBatch, codec: Option<CompressionType>) {
        let options = IpcWriteOptions::default()
            .try_with_compression(codec)
            .unwrap();
        let file = fs::File::create(path).unwrap();
        let mut writer = FileWriter::try_new_with_options(file, &table.schema(), options).unwrap();
        writer.write(table).unwrap();
        writer.finish().unwrap();
    }

    const CODECS: [Option<CompressionType>; 3] = [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ];

    #[test]
    fn columns_come_in_the_order_asked_for_in_chunks_of_bounded_length() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.feather");
        let table = with_dictionary(100_000);
        for codec in CODECS {
            write_compressed(&path, &table, codec);
            let file = ArrowFile::open(&path).unwrap();
            for columns in [&[4, 3, 0][..], &[1, 1], &[]] {
                let rows = read(&file, columns, ChunkOrder::File).unwrap();
                assert_eq!(rows, table.project(columns).unwrap());
            }
            assert!(file.parts(&[5], ChunkOrder::File).is_err());
        }
    }

    #[test]
    fn a_shuffled_pass_has_every_row_once_in_the_order_of_its_seed() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.arrow");
        let table = numbered(1000);
        let batches: Vec<RecordBatch> = (0..20).map(|part| table.slice(50 * part, 50)).collect();
        for write in [write_stream, |path: &Path, batches: &[RecordBatch]| {
            write(path, TableFormat::Arrow, batches)
        }] {
            write(&path, &batches);
            let file = ArrowFile::open(&path).unwrap();
            check_shuffled(&file);
        }
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.arrow");
        let table = with_dictionary(60);
        for codec in CODECS {
            write_compressed(&path, &table, codec);
            damage(&path, ArrowFile::open);
        }
        write_stream(&path, &[table]);
        damage(&path, ArrowFile::open);
    }

    #[test]
    fn rows_that_nothing_is_stored_of_are_not_counted_for_ever() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.arrow");
        for (num_rows, is_refused) in [(1 << 20, false), (1 << 33, true)] {
            let nothing: ArrayRef = Arc::new(arrow_array::NullArray::new(num_rows));
            let field = Arc::new(arrow_schema::Field::new("a", DataType::Null, true));
            let within: ArrayRef = Arc::new(StructArray::from(vec![(field, nothing.clone())]));
            for column in [nothing, within] {
                let table = RecordBatch::try_from_iter([("a", column)]).unwrap();
                write_stream(&path, &[table]);
                let opened = ArrowFile::open(&path);
                assert_eq!(opened.is_err(), is_refused);
                if let Err(error) = opened {
                    let expected = "said to have 8589934592 rows without a value";
                    assert!(error.to_string().contains(expected), "{error}");
                }
            }
        }
    }
}
