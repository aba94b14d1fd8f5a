mod footer;
mod input;
mod page_header;
mod pages;
mod runs;
mod thrift;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::PageIndexPolicy;

use crate::data_file::DataFile;
use crate::input::InputFile;
use crate::repeated_text::MAX_TEXT_BYTES;
use crate::source::{ChunkOrder, Chunks, Part, Parts, Source};
use crate::unpacked;
use crate::{DataError, Limit, TableLocation, Unsupported};
use footer::Refused;
use pages::{Chunk, Pages};
use runs::{Run, runs};

/// The largest number of rows of a chunk. A column of them takes 64 KiB: larger
/// blocks are requested from and returned to the system each time, which took
/// more than half of the time.
const CHUNK_ROWS: usize = 1 << 13;

/// The largest number of cells of a chunk, which limits the rows of wide
/// tables.
const CHUNK_CELLS: usize = 1 << 20;

/// The largest size of the texts of a chunk; a single row may exceed it.
const CHUNK_BYTES: u64 = 1 << 26;

/// The bytes at the end that are fetched first of a file behind a URL.
const TAIL_BYTES: u64 = 1 << 18;

/// A Parquet file.
///
/// A column of lists or of structures, which a linear model cannot use, comes
/// with its type and without its values.
///
/// Its parts are ranges of rows in a row group, so that files of few row groups
/// are read on all cores too. A thread has in memory a chunk of rows and one
/// page of each requested column.
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
    /// The index of the leaf column with the values of each column; None if
    /// they are not read.
    stored: Vec<Option<usize>>,
    /// The pages of columns, by row group and leaf column, as far as they are
    /// known.
    pages: Mutex<HashMap<(usize, usize), Arc<Pages>>>,
}

impl ParquetFile {
    /// Opens a file and reads its metadata.
    ///
    /// # Errors
    ///
    /// A file that is not there, is cut short, is no Parquet file, or is
    /// compressed with Brotli or LZO.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        Self::of(InputFile::open(path)?)
    }

    pub(crate) fn of(input: InputFile) -> Result<Self, DataError> {
        let file = DataFile::new(input, "Parquet");
        // The footer of most files is here.
        let end = file.input().num_bytes();
        let tail = end.saturating_sub(TAIL_BYTES)..end;
        let input = file.input().holding(std::iter::once(tail));
        match file.decode(|| Ok(footer::check_file(&input)?))? {
            Ok(()) => (),
            Err(Refused::Damaged) => {
                return Err(file.damaged("its footer is none, or contradicts itself"));
            }
            Err(Refused::Large(limit)) => return Err(file.refused(limit)),
        }
        let metadata = file.decode(|| {
            // With the offset index, a part starts reading where its rows are.
            let options =
                ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
            Ok(ArrowReaderMetadata::load(&input, options)?)
        })?;
        file.check_names(metadata.schema())?;
        check_compression(&metadata)?;
        let runs = runs(metadata.metadata())
            .ok_or_else(|| file.damaged("the number of rows is not what the row groups hold"))?;
        let stored = stored(&metadata);
        let num_rows = runs.iter().map(|run| run.rows.len() as u64).sum();
        file.check_rows(num_rows, stored.iter().any(Option::is_some))?;
        Ok(Self {
            table: Arc::new(Table {
                file,
                metadata,
                stored,
                pages: Mutex::default(),
            }),
            runs,
        })
    }
}

impl Source for ParquetFile {
    fn schema(&self) -> &SchemaRef {
        self.table.metadata.schema()
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        let mut runs = self.runs.clone();
        order.arrange(&mut runs);
        self.parts_in(runs, columns)
    }

    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        let runs = self.runs.iter().filter_map(|run| run.within(&rows));
        self.parts_in(runs.collect(), columns)
    }

    fn has_values(&self, column: usize) -> bool {
        self.table.stored.get(column).is_some_and(Option::is_some)
    }

    fn location(&self) -> Option<TableLocation> {
        self.table.file.location(self.num_rows()?)
    }

    fn num_rows(&self) -> Option<u64> {
        Some(self.runs.iter().map(|run| run.rows.len() as u64).sum())
    }
}

impl ParquetFile {
    fn parts_in(&self, runs: Vec<Run>, columns: &[usize]) -> Result<Parts, DataError> {
        self.schema().project(columns)?;
        self.table.file.begin_pass()?;
        let columns: Arc<[usize]> = columns.into();
        let table = self.table.clone();
        Ok(Box::new(runs.into_iter().map(move |run| {
            let (table, columns) = (table.clone(), columns.clone());
            Ok(Part {
                first_row: run.first_row,
                num_rows: run.rows.len() as u64,
                read: Box::new(move || table.read(run, &columns)),
            })
        })))
    }
}

impl Table {
    fn read(self: Arc<Self>, run: Run, columns: &[usize]) -> Result<Chunks, DataError> {
        // The reader returns each column once, in file order.
        let has_values = |column: &usize| self.stored[*column].is_some();
        let mut stored: Vec<usize> = columns.iter().copied().filter(has_values).collect();
        stored.sort_unstable();
        stored.dedup();
        let places = columns
            .iter()
            .map(|column| stored.binary_search(column).ok());
        let places: Vec<Option<usize>> = places.collect();
        let schema = self.schema_of(columns)?;
        let mut batches = self.file.decode(|| {
            let input = self.file.input().holding(self.ranges(&run, &stored));
            self.batches(&input, &run, &stored)
        })?;
        let mut first_row = run.first_row;
        let mut next = move || -> Result<Option<_>, DataError> {
            let batch = self.file.decode(|| Ok(batches.next().transpose()?))?;
            let Some(batch) = batch else {
                return Ok(None);
            };
            let num_rows = batch.num_rows();
            let fields = schema.fields().iter();
            let columns = places.iter().zip(fields).map(|(place, field)| match place {
                Some(place) => batch.column(*place).clone(),
                None => new_null_array(field.data_type(), num_rows),
            });
            let columns: Vec<ArrayRef> = columns.collect();
            // A batch without columns would not know its number of rows.
            let options = RecordBatchOptions::new().with_row_count(Some(num_rows));
            let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
            let chunk = self.file.chunk(batch, first_row);
            first_row += num_rows as u64;
            Ok(Some(chunk))
        };
        Ok(Box::new(std::iter::from_fn(move || next().transpose())))
    }

    /// The columns of a chunk; those whose values are not read are null.
    fn schema_of(&self, columns: &[usize]) -> Result<SchemaRef, DataError> {
        let schema = self.metadata.schema();
        let fields = columns.iter().map(|column| {
            let field = schema.field(*column);
            match self.stored[*column] {
                Some(_) => field.clone(),
                None => field.clone().with_nullable(true),
            }
        });
        Ok(Arc::new(Schema::new(fields.collect::<Vec<Field>>())))
    }

    /// The bytes of these columns in the row group of a run; asking for those of a
    /// damaged file may panic.
    fn ranges<'a>(
        &'a self,
        run: &Run,
        columns: &'a [usize],
    ) -> impl Iterator<Item = Range<u64>> + use<'a> {
        let group = self.metadata.metadata().row_group(run.row_group);
        let leaves = columns.iter().filter_map(|column| self.stored[*column]);
        leaves.map(|leaf| {
            let (start, length) = group.column(leaf).byte_range();
            start..start.saturating_add(length)
        })
    }

    fn batches(
        &self,
        input: &InputFile,
        run: &Run,
        columns: &[usize],
    ) -> Result<ParquetRecordBatchReader, DataError> {
        let roots = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
            input.clone(),
            self.metadata.clone(),
        )
        .with_row_groups(vec![run.row_group])
        .with_projection(roots)
        .with_offset(run.rows.start)
        .with_limit(run.rows.len())
        .with_batch_size(self.chunk_rows(input, run.row_group, columns)?);
        Ok(reader.build()?)
    }

    /// Returns the rows of a chunk, fewer if their texts may be long; an error
    /// if their pages take too much memory.
    fn chunk_rows(
        &self,
        input: &InputFile,
        row_group: usize,
        columns: &[usize],
    ) -> Result<usize, DataError> {
        let mut pages = Vec::new();
        for column in columns {
            if let Some(leaf) = self.stored[*column] {
                pages.push((self.pages(input, row_group, leaf)?, *column));
            }
        }
        let sum = |of: fn(&Pages) -> u64| {
            let all = pages.iter().map(|(pages, _)| of(pages));
            all.fold(0, u64::saturating_add)
        };
        let unpacked = sum(|pages| pages.unpacked);
        if let Err(sizes) = unpacked::check(sum(|pages| pages.packed), unpacked)
            && let Some((_, column)) = pages.iter().max_by_key(|(pages, _)| pages.unpacked)
        {
            return Err(self.file.refused(Limit::Pages {
                row_group: row_group + 1,
                column: self.metadata.schema().field(*column).name().clone(),
                sizes,
            }));
        }
        let longest = sum(|pages| pages.longest);
        let most_of_pages = CHUNK_BYTES.max(unpacked.saturating_mul(2));
        let most = (CHUNK_CELLS / columns.len().max(1)).clamp(1 << 7, CHUNK_ROWS);
        let fewer = std::iter::successors(Some(most), |rows| Some((rows / 2).max(1)));
        let fits = |rows: &usize| {
            let rows = *rows as u64;
            let of_pages = pages.iter().map(|(pages, _)| pages.texts_of(rows));
            rows == 1
                || longest.saturating_mul(rows) <= CHUNK_BYTES
                    && of_pages.fold(0, u64::saturating_add) <= most_of_pages
        };
        Ok(fewer.into_iter().find(fits).unwrap_or(1))
    }

    /// Returns the sizes of the pages of a column, which are determined only
    /// once.
    fn pages(
        &self,
        input: &InputFile,
        row_group: usize,
        leaf: usize,
    ) -> Result<Arc<Pages>, DataError> {
        let lock = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pages) = lock().get(&(row_group, leaf)) {
            return Ok(pages.clone());
        }
        let metadata = self.metadata.metadata();
        let group = metadata.row_group(row_group);
        let locations = metadata.offset_index().map(|index| {
            let of_column = &index[row_group][leaf];
            of_column.page_locations().as_slice()
        });
        let chunk = Chunk {
            file: input,
            column: group.column(leaf),
            num_rows: usize::try_from(group.num_rows()).unwrap_or(0),
            locations,
        };
        let mut pages = chunk.pages()?;
        // A dictionary that is too large is refused later and not read here.
        if unpacked::check(pages.packed, pages.unpacked).is_ok() {
            let longest = chunk.longest_of_dictionary()?;
            if longest > MAX_TEXT_BYTES {
                return Err(self.file.refused(Limit::Text {
                    row_group: Some(row_group + 1),
                    column: group.column(leaf).column_path().string(),
                    bytes: longest,
                }));
            }
            pages.longest = pages.longest.max(longest);
        }
        let pages = Arc::new(pages);
        lock().insert((row_group, leaf), pages.clone());
        Ok(pages)
    }
}

/// Returns the leaf column with the values of each column; None for a nested
/// column, of which a row may have any number of values.
fn stored(metadata: &ArrowReaderMetadata) -> Vec<Option<usize>> {
    let leaves = metadata.parquet_schema();
    let mut first = HashMap::new();
    for leaf in 0..leaves.num_columns() {
        first
            .entry(leaves.get_column_root_idx(leaf))
            .or_insert(leaf);
    }
    let fields = metadata.schema().fields().iter().enumerate();
    let fields = fields.map(|(root, field)| {
        if is_nested(field.data_type()) {
            None
        } else {
            first.get(&root).copied()
        }
    });
    fields.collect()
}

fn is_nested(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => values.is_nested(),
        kind => kind.is_nested(),
    }
}

/// Checks the compression: the two codecs that are not supported take long to
/// build and are rare.
fn check_compression(metadata: &ArrowReaderMetadata) -> Result<(), DataError> {
    let groups = metadata.metadata().row_groups().iter();
    for column in groups.flat_map(|group| group.columns()) {
        let codec = match column.compression() {
            Compression::BROTLI(_) => "Brotli",
            Compression::LZO => "LZO",
            _ => continue,
        };
        let column = column.column_path().string();
        return Err(Unsupported::Codec { column, codec }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
