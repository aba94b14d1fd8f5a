mod runs;

use std::path::Path;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::PageIndexPolicy;

use crate::data_file::DataFile;
use crate::source::{ChunkOrder, Chunks, Part, Parts, Source};
use crate::{DataError, error::quote};
use runs::{Run, runs};

/// Rows of a chunk at most. A column of them is 64 KiB: larger blocks the
/// allocator gets from the system and gives back each time, which took more than
/// half of the time.
const CHUNK_ROWS: usize = 1 << 13;

/// Cells of a chunk at most, in wide tables.
const CHUNK_CELLS: usize = 1 << 20;

/// A Parquet file.
///
/// Its parts are runs of rows in a row group, so that files of few row groups are
/// read on all cores too. A thread has in memory a chunk of rows and, of each
/// column asked for, a page.
///
/// # Example
///
/// ```
/// use linreg_data::{ParquetFile, Source};
/// # use arrow_array::record_batch;
/// # use linreg_data::{TableFormat, TableWriter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.parquet");
/// # let batch = record_batch!(("area", Float64, [50.0, 0.1]), ("sold", Int64, [1, 0]))?;
/// # let file = std::fs::File::create(&path)?;
/// # let mut writer = TableWriter::new(file, TableFormat::Parquet, batch.schema())?;
/// # writer.write(&batch)?;
/// # writer.finish()?;
/// let houses = ParquetFile::open(&path)?;
/// assert_eq!(houses.num_rows(), Some(2));
/// assert_eq!(houses.schema().field(0).name(), "area");
/// # Ok(())
/// # }
/// ```
pub struct ParquetFile {
    table: Arc<Table>,
    runs: Vec<Run>,
}

struct Table {
    file: DataFile,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    /// Reads what the file says about itself.
    ///
    /// # Errors
    ///
    /// A file that is not there, is cut short or no Parquet file, or is compressed
    /// with Brotli or LZO.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = DataFile::new(path, "Parquet")?;
        let metadata = file.decode(|| {
            // With it, a part begins to read where its rows are.
            let options =
                ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
            Ok(ArrowReaderMetadata::load(&file.open()?, options)?)
        })?;
        check_compression(&metadata)?;
        let runs = runs(metadata.metadata())
            .ok_or_else(|| file.damaged("the number of rows is not what the row groups hold"))?;
        Ok(Self {
            table: Arc::new(Table { file, metadata }),
            runs,
        })
    }
}

impl Source for ParquetFile {
    fn schema(&self) -> &SchemaRef {
        self.table.metadata.schema()
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        self.schema().project(columns)?;
        self.table.file.open()?;
        let columns: Arc<[usize]> = columns.into();
        let table = self.table.clone();
        let mut runs = self.runs.clone();
        order.arrange(&mut runs);
        Ok(Box::new(runs.into_iter().map(move |run| {
            let (table, columns) = (table.clone(), columns.clone());
            Ok(Part {
                first_row: run.first_row,
                num_rows: run.rows.len() as u64,
                read: Box::new(move || table.read(run, &columns)),
            })
        })))
    }

    fn num_rows(&self) -> Option<u64> {
        Some(self.runs.iter().map(|run| run.rows.len() as u64).sum())
    }
}

impl Table {
    fn read(self: Arc<Self>, run: Run, columns: &[usize]) -> Result<Chunks, DataError> {
        // The reader gives each column once, in file order.
        let mut stored = columns.to_vec();
        stored.sort_unstable();
        stored.dedup();
        let places: Vec<usize> = columns
            .iter()
            .filter_map(|column| stored.binary_search(column).ok())
            .collect();
        let mut batches = self.file.decode(|| self.batches(&run, &stored))?;
        let mut first_row = run.first_row;
        let mut next = move || -> Result<Option<_>, DataError> {
            let batch = self.file.decode(|| Ok(batches.next().transpose()?))?;
            let Some(batch) = batch else {
                return Ok(None);
            };
            let chunk = self.file.chunk(batch.project(&places)?, first_row);
            first_row += batch.num_rows() as u64;
            Ok(Some(chunk))
        };
        Ok(Box::new(std::iter::from_fn(move || next().transpose())))
    }

    fn batches(&self, run: &Run, columns: &[usize]) -> Result<ParquetRecordBatchReader, DataError> {
        let file = self.file.open()?;
        let roots = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        let chunk_rows = (CHUNK_CELLS / columns.len().max(1)).clamp(1 << 7, CHUNK_ROWS);
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![run.row_group])
                .with_projection(roots)
                .with_offset(run.rows.start)
                .with_limit(run.rows.len())
                .with_batch_size(chunk_rows);
        Ok(reader.build()?)
    }
}

/// The codecs that are left out take long to build and are rare.
fn check_compression(metadata: &ArrowReaderMetadata) -> Result<(), DataError> {
    let groups = metadata.metadata().row_groups().iter();
    for column in groups.flat_map(|group| group.columns()) {
        let codec = match column.compression() {
            Compression::BROTLI(_) => "Brotli",
            Compression::LZO => "LZO",
            _ => continue,
        };
        let column = quote(&column.column_path().string());
        return Err(DataError::Columns(format!(
            "column {column} is compressed with {codec}, which is not read; write the file with zstd"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::TableFormat;
    use crate::test_table::{any_table, check_shuffled, damage, numbered, read, write};
    use arrow_array::RecordBatch;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use proptest::prelude::*;
    use tempfile::tempdir;

    proptest! {
        #[test]
        fn any_table_is_read_as_it_was_written(table in any_table()) {
            let folder = tempdir().unwrap();
            let path = folder.path().join("table.parquet");
            write(&path, TableFormat::Parquet, &[table.clone(), table.slice(0, table.num_rows() / 2)]);
            let file = ParquetFile::open(&path).unwrap();
            let rows = read(&file, &[0, 1, 2, 3], ChunkOrder::File).unwrap();
            prop_assert_eq!(rows.slice(0, table.num_rows()), table.clone());
            prop_assert_eq!(rows.num_rows(), table.num_rows() + table.num_rows() / 2);
            prop_assert_eq!(file.schema(), &table.schema());
        }
    }

    /// Row groups and pages that no part ends with.
    fn write_unaligned(path: &Path, table: &RecordBatch, index: bool) {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(100_000))
            .set_data_page_row_count_limit(30_000)
            .set_offset_index_disabled(!index)
            .build();
        let file = fs::File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties)).unwrap();
        writer.write(table).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn parts_hold_the_rows_of_the_table_wherever_pages_end() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let table = numbered(250_000);
        for index in [true, false] {
            write_unaligned(&path, &table, index);
            let file = ParquetFile::open(&path).unwrap();
            assert_eq!(file.parts(&[0], ChunkOrder::File).unwrap().count(), 5);
            let rows = read(&file, &[0, 1, 2, 3], ChunkOrder::File).unwrap();
            assert_eq!(rows, table);
        }
    }

    #[test]
    fn columns_come_in_the_order_asked_for() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let table = numbered(1000);
        write(&path, TableFormat::Parquet, std::slice::from_ref(&table));
        let file = ParquetFile::open(&path).unwrap();
        for columns in [&[3, 0][..], &[1, 1], &[]] {
            let rows = read(&file, columns, ChunkOrder::File).unwrap();
            assert_eq!(rows, table.project(columns).unwrap());
        }
        assert!(file.parts(&[4], ChunkOrder::File).is_err());
    }

    #[test]
    fn a_shuffled_pass_has_every_row_once_in_the_order_of_its_seed() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let table = numbered(1_000_000).project(&[0]).unwrap();
        write(&path, TableFormat::Parquet, std::slice::from_ref(&table));
        let file = ParquetFile::open(&path).unwrap();
        check_shuffled(&file);
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        write(&path, TableFormat::Parquet, &[numbered(300)]);
        damage(&path, ParquetFile::open);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_told_of() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        write(&path, TableFormat::Parquet, &[numbered(100_000)]);
        let file = ParquetFile::open(&path).unwrap();
        let mut parts = file.parts(&[0], ChunkOrder::File).unwrap();
        let mut chunks = (parts.next().unwrap().unwrap().read)().unwrap();
        chunks.next().unwrap().unwrap();
        write(&path, TableFormat::Parquet, &[numbered(10)]);
        let changed = |result: Result<(), DataError>| {
            let message = result.unwrap_err().to_string();
            message.contains("the file changed while it was read")
        };
        assert!(changed(chunks.next().unwrap().map(|_| ())));
        assert!(changed((parts.next().unwrap().unwrap().read)().map(|_| ())));
        assert!(changed(file.parts(&[0], ChunkOrder::File).map(|_| ())));
    }
}
