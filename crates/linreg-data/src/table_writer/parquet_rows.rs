use std::io::Write;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::{DataError, TableFormat};

/// The largest size of a Parquet row group, in rows and in bytes: it is in
/// memory until it is written. It has twice the rows of a part that a thread
/// reads.
const ROW_GROUP_ROWS: usize = 1 << 17;
const ROW_GROUP_BYTES: usize = 32 << 20;

/// The rows of a Parquet page, the smallest unit that a reader decodes: a
/// divisor of the rows that it reads at a time.
const PAGE_ROWS: usize = 1 << 13;

/// The largest size of a Parquet dictionary in bytes, 1024 numbers. With a
/// dictionary, columns of more values take five times as long to write and are
/// no smaller.
const DICTIONARY_BYTES: usize = 8 << 10;

/// Whether a column is a union, or has one within.
fn has_union(field: &Field) -> bool {
    let within = Schema::new(vec![field.clone()]);
    let mut fields = within.flattened_fields().into_iter();
    fields.any(|field| matches!(field.data_type(), DataType::Union(..)))
}

/// Begins a Parquet file.
///
/// The compression is Snappy: most tables contain full-precision numbers, which
/// no codec makes much smaller, and Snappy takes the least time.
pub(super) fn begin<W: Write + Send>(
    output: W,
    schema: SchemaRef,
) -> Result<ArrowWriter<W>, DataError> {
    for field in schema.fields() {
        if has_union(field) {
            return Err(DataError::NotStorable {
                format: TableFormat::Parquet,
                column: field.name().clone(),
                kind: "a union of types".to_string(),
            });
        }
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    Ok(ArrowWriter::try_new(output, schema, Some(properties))?)
}
