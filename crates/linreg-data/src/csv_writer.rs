use std::io::Write;

use csv::StringRecord;

use crate::{DataError, Dataset};

/// Writes numbers as CSV, with as many digits as it takes to read the same
/// numbers back.
///
/// # Example
///
/// ```
/// use linreg_data::CsvWriter;
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let mut file = Vec::new();
/// let mut writer = CsvWriter::new(&mut file, ["area", "price"])?;
/// writer.write_row([50.0, 0.1])?;
/// writer.finish()?;
/// assert_eq!(file, b"area,price\n50,0.1\n");
/// # Ok(())
/// # }
/// ```
pub struct CsvWriter<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// A name that no reader would take, or a write that fails.
    pub fn new<S: AsRef<str>>(
        output: W,
        columns: impl IntoIterator<Item = S>,
    ) -> Result<Self, DataError> {
        let mut writer = csv::Writer::from_writer(output);
        let columns = columns.into_iter();
        let cells: StringRecord = columns.map(|name| name.as_ref().to_string()).collect();
        let nameless = |name: &str| name.trim().is_empty();
        if let Some(index) = cells.iter().position(nameless) {
            return Err(DataError::Columns(format!(
                "column {} has no name; name each column",
                index + 1
            )));
        }
        writer.write_record(&cells)?;
        Ok(Self { writer })
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// Not one number a column, or a write that fails.
    pub fn write_row(&mut self, row: impl IntoIterator<Item = f64>) -> Result<(), DataError> {
        let cells = row.into_iter().map(|number| number.to_string());
        Ok(self.writer.write_record(cells)?)
    }

    /// Writes what is left in the buffer.
    ///
    /// # Errors
    ///
    /// A write that fails.
    pub fn finish(mut self) -> Result<(), DataError> {
        Ok(self.writer.flush()?)
    }
}

/// Writes a dataset as CSV, features first, targets last; weights have no
/// column.
///
/// # Errors
///
/// A write that fails.
pub fn write_csv(dataset: &Dataset, output: impl Write) -> Result<(), DataError> {
    let names = dataset.feature_names().iter().chain(dataset.target_names());
    let mut writer = CsvWriter::new(output, names.map(String::as_str))?;
    let rows = dataset.features().chunks_exact(dataset.num_features());
    for (features, targets) in rows.zip(dataset.targets().chunks_exact(dataset.num_targets())) {
        writer.write_row(features.iter().chain(targets).copied())?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChunkOrder;
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
            write_csv(&dataset, &mut written).unwrap();
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
