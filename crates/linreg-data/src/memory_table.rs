mod column_values;
mod error;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};

use crate::numbered_rows::NumberedRows;
use crate::other_column::OtherColumn;
use crate::repeated_text::{MAX_TEXT_BYTES, longest, most_rows};
use crate::source::{Chunk, ChunkOrder, Part, Parts, Source, check_names};
use crate::{CellReader, DataError, Place, TextFormat};
pub use column_values::ColumnValues;
pub use error::MemoryTableError;

/// The largest number of rows of a part.
const PART_ROWS: usize = 1 << 13;

/// A table in memory, of Arrow record batches or of vectors.
///
/// Cells mean what the same cells mean in a Parquet file: NaN is a missing
/// value, an infinite number is an error where it is used, an empty text is
/// missing, and a column of texts that are all numbers is numeric.
///
/// Its parts are slices of its batches, of at most 8192 rows, and nothing is
/// copied. Messages give the place of a row as `the table: row 5`, counted from
/// 1, or with the name that [`named`](Self::named) sets.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use linreg_data::{
///     ColumnChoice, EncodedRows, EncodedSource, EncoderConfig, MemoryTable, Set, Split,
///     learn_encoder, learn_schema,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let houses = Arc::new(MemoryTable::from_columns([
///     ("area", vec![50.0, 70.0, 60.0, 90.0].into()),
///     ("town", vec!["Bonn", "Kiel", "Bonn", "Kiel"].into()),
///     ("price", vec![200.0, 260.0, 230.0, 310.0].into()),
/// ])?);
/// let mut schema = learn_schema(houses.as_ref(), &ColumnChoice::default())?;
/// let config = EncoderConfig {
///     targets: vec!["price".to_string()],
///     ..EncoderConfig::default()
/// };
/// let encoder = learn_encoder(houses.as_ref(), &mut schema, &config, Split::None)?;
/// let rows = EncodedSource::new(houses, &encoder, Split::None, Set::Training)?;
/// let (EncodedRows::Memory(dataset), _) = rows.load(usize::MAX)? else {
///     unreachable!("nothing is more than all of memory");
/// };
/// assert_eq!(dataset.feature_names(), ["area", "town=Kiel"]);
/// assert_eq!(dataset.features()[..4], [50.0, 0.0, 70.0, 1.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryTable {
    name: Arc<str>,
    schema: SchemaRef,
    batches: Vec<Batch>,
    cells: Arc<CellReader>,
}

#[derive(Clone)]
struct Batch {
    rows: RecordBatch,
    /// The largest number of rows of a part.
    part_rows: usize,
}

impl MemoryTable {
    /// Takes batches with the same columns, one after the other. Columns may
    /// allow nulls in some batches only; the metadata of the schema are those of
    /// the first batch.
    ///
    /// # Errors
    ///
    /// [`DataError::MemoryTable`] for no batches, no columns, different columns,
    /// or a text of more than 16 MiB that many rows may repeat, in a dictionary
    /// or a column of views. [`DataError::Header`] for columns without a name or
    /// with the same name.
    pub fn from_batches(batches: Vec<RecordBatch>) -> Result<Self, DataError> {
        let name: Arc<str> = "the table".into();
        let schema = common_schema(&batches)?;
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        check_names(&names).map_err(|problem| DataError::Header {
            place: Place::of_file(&*name),
            problem: problem.into(),
        })?;
        let batches = batches.into_iter().map(|rows| Batch::new(rows, &schema));
        Ok(Self {
            name,
            batches: batches.collect::<Result<_, _>>()?,
            schema,
            cells: Arc::default(),
        })
    }

    /// Takes columns with their names, each with a value in every row.
    ///
    /// # Errors
    ///
    /// [`DataError::MemoryTable`] for no columns or columns of different
    /// lengths, else as [`from_batches`](Self::from_batches).
    pub fn from_columns<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, ColumnValues)>,
    ) -> Result<Self, DataError> {
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (name, values) in columns {
            let array = values.0?;
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let (Some(first), Some(expected)) = (fields.first(), arrays.first().map(|a| a.len()))
        else {
            return Err(MemoryTableError::NoColumns.into());
        };
        if let Some(other) = arrays.iter().position(|array| array.len() != expected) {
            return Err(DataError::MemoryTable(MemoryTableError::Length {
                column: fields[other].name().clone(),
                found: arrays[other].len(),
                first: first.name().clone(),
                expected,
            }));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Self::from_batches(vec![batch])
    }

    /// Sets what messages call the table.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how numbers, dates and missing values are written in cells that are
    /// text.
    ///
    /// # Errors
    ///
    /// As [`CellReader::new`].
    pub fn with_text_format(mut self, format: &TextFormat) -> Result<Self, DataError> {
        self.cells = Arc::new(CellReader::new(format)?);
        Ok(self)
    }
}

/// Returns the columns that all batches have.
fn common_schema(batches: &[RecordBatch]) -> Result<SchemaRef, MemoryTableError> {
    let first = batches.first().ok_or(MemoryTableError::NoBatches)?;
    let schema = first.schema();
    let all = || batches.iter().map(RecordBatch::schema_ref);
    for (index, other) in all().enumerate() {
        if let Some(column) = OtherColumn::find(other, &schema) {
            let (batch, column) = (index + 1, Box::new(column));
            return Err(MemoryTableError::OtherColumn { batch, column });
        }
    }
    if schema.fields().is_empty() {
        return Err(MemoryTableError::NoColumns);
    }
    let fields = schema.fields().iter().enumerate().map(|(column, field)| {
        let allows_null = all().any(|other| other.field(column).is_nullable());
        field.as_ref().clone().with_nullable(allows_null)
    });
    let fields: Vec<Field> = fields.collect();
    let metadata = schema.metadata().clone();
    Ok(Arc::new(Schema::new_with_metadata(fields, metadata)))
}

impl Batch {
    /// Takes rows, and checks their longest texts.
    fn new(rows: RecordBatch, schema: &SchemaRef) -> Result<Self, DataError> {
        let mut of_all = 0usize;
        for (array, field) in rows.columns().iter().zip(schema.fields()) {
            let longest = longest(array);
            if longest as u64 > MAX_TEXT_BYTES {
                return Err(DataError::MemoryTable(MemoryTableError::LongText {
                    column: field.name().clone(),
                    bytes: longest as u64,
                }));
            }
            of_all = of_all.saturating_add(longest);
        }
        Ok(Self {
            rows: RecordBatch::try_new(schema.clone(), rows.columns().to_vec())?,
            // There are fewer rows if they repeat long texts.
            part_rows: most_rows(of_all, PART_ROWS),
        })
    }

    /// Keeps only the columns at these indices.
    fn project(&self, columns: &[usize]) -> Result<Self, DataError> {
        Ok(Self {
            rows: self.rows.project(columns)?,
            part_rows: self.part_rows,
        })
    }

    /// Returns the positions at which parts start.
    fn starts(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.num_rows()).step_by(self.part_rows)
    }

    /// Returns the rows of the part that starts here.
    fn part(&self, start: usize) -> RecordBatch {
        let num_rows = self.part_rows.min(self.rows.num_rows() - start);
        self.rows.slice(start, num_rows)
    }
}

impl Source for MemoryTable {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        let batches = self.batches.iter().map(|batch| batch.project(columns));
        let batches: Vec<Batch> = batches.collect::<Result<_, _>>()?;
        // The number of the first row of each part, its batch, and its start
        // there.
        let mut parts = Vec::new();
        let mut before = 0;
        for (index, batch) in batches.iter().enumerate() {
            let starts = batch.starts();
            parts.extend(starts.map(|start| (before + start as u64, index, start)));
            before += batch.rows.num_rows() as u64;
        }
        order.arrange(&mut parts);
        let (name, cells) = (self.name.clone(), self.cells.clone());
        Ok(Box::new(parts.into_iter().map(
            move |(first_row, index, start)| {
                let chunk = Chunk {
                    batch: batches[index].part(start),
                    first_row,
                    origin: NumberedRows::origin(&name, first_row),
                    cells: cells.clone(),
                };
                Ok(Part {
                    first_row,
                    num_rows: chunk.num_rows() as u64,
                    read: Box::new(move || Ok(Box::new(std::iter::once(Ok(chunk))))),
                })
            },
        )))
    }

    fn num_rows(&self) -> Option<u64> {
        let rows = self.batches.iter();
        Some(rows.map(|batch| batch.rows.num_rows() as u64).sum())
    }
}
