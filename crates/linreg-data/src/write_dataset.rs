use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use crate::{ChunkOrder, DataError, RowSource, TableFormat, TableWriter};

/// Writes rows as a table, chunk by chunk, features first and targets last;
/// weights are not written. Numbers read back bit for bit.
///
/// # Errors
///
/// Columns without a name or with the same name, an error of the source,
/// numbers that are not finite, a number of rows that is not what the source
/// said, or a write that fails.
///
/// # Example
///
/// ```
/// use linreg_data::{Dataset, TableFormat, write_dataset};
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let names = |name: &str| vec![name.to_string()];
/// let dataset = Dataset::new(vec![50.0, 0.1], vec![3.0, 4.0], names("area"), names("price"))?;
/// let mut file = Vec::new();
/// write_dataset(&dataset, &mut file, TableFormat::Csv)?;
/// assert_eq!(file, b"area,price\n50,3\n0.1,4\n");
/// # Ok(())
/// # }
/// ```
pub fn write_dataset(
    source: &(impl RowSource + ?Sized),
    output: impl Write + Send,
    format: TableFormat,
) -> Result<(), DataError> {
    let (feature_names, target_names) = (source.feature_names(), source.target_names());
    let names = feature_names.iter().chain(target_names);
    let fields = names.map(|name| Field::new(name, DataType::Float64, false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut writer = TableWriter::new(output, format, schema.clone())?;
    let mut num_rows = 0;
    for rows in source.chunks(ChunkOrder::File)? {
        let rows = rows?;
        num_rows += rows.check(feature_names, target_names, num_rows)?;
        let features = columns(&rows.features, feature_names.len());
        let columns = features.chain(columns(&rows.targets, target_names.len()));
        writer.write(&RecordBatch::try_new(schema.clone(), columns.collect())?)?;
    }
    if num_rows != source.num_rows() {
        return Err(DataError::Changed {
            found: num_rows,
            expected: source.num_rows(),
        });
    }
    writer.finish()
}

/// Returns the columns of row-major numbers.
fn columns(rows: &[f64], num_columns: usize) -> impl Iterator<Item = ArrayRef> + '_ {
    (0..num_columns).map(move |column| {
        let values = rows[column..].iter().step_by(num_columns).copied();
        Arc::new(Float64Array::from_iter_values(values)) as ArrayRef
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;
    use crate::testing::{cells, file};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_dataset_reads_back_bit_for_bit(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 2..60),
            name in "[^\\s\\p{C}](\\PC{0,8}[^\\s\\p{C}])?",
        ) {
            let rows = values.len() / 2;
            let dataset = Dataset::new(
                values[..rows].to_vec(),
                values[rows..2 * rows].to_vec(),
                vec![name.clone()],
                vec![format!("{name} target")],
            ).unwrap();
            let mut written = Vec::new();
            write_dataset(&dataset, &mut written, TableFormat::Csv).unwrap();
            let file = file("t.csv", written);
            let source = file.open().unwrap();
            prop_assert_eq!(crate::column_names(source.as_ref()), [name.clone(), format!("{name} target")]);
            let cells = cells(source.as_ref(), ChunkOrder::File).unwrap();
            let column = |index: usize| -> Vec<f64> {
                cells.iter().map(|row| row[index].parse().unwrap()).collect()
            };
            prop_assert_eq!(&column(0), dataset.features());
            prop_assert_eq!(&column(1), dataset.targets());
        }
    }
}
