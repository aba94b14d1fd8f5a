use std::ops::Range;

use parquet::file::metadata::ParquetMetaData;

/// The rows of a part: few enough to take little memory, and enough that few
/// pages are shared by two parts.
const PART_ROWS: usize = 1 << 16;

/// The largest number of parts of a row group: each may have to read the
/// headers of all pages before it.
const MOST_PARTS: usize = 64;

/// A range of rows of a row group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) row_group: usize,
    pub(crate) rows: Range<usize>,
    /// The number of the first row in the table.
    pub(crate) first_row: u64,
}

impl Run {
    /// Those of its rows that are in a range of rows of the table; None if there
    /// are none.
    pub(crate) fn within(&self, rows: &Range<u64>) -> Option<Self> {
        let end = self.first_row + self.rows.len() as u64;
        let first_row = rows.start.max(self.first_row);
        let num_rows = rows.end.min(end).checked_sub(first_row)?;
        // Both are at most the number of rows of the run.
        let start = self.rows.start + (first_row - self.first_row) as usize;
        (num_rows > 0).then(|| Self {
            row_group: self.row_group,
            rows: start..start + num_rows as usize,
            first_row,
        })
    }
}

/// Returns the ranges of rows of all parts; None if the file contradicts
/// itself.
pub(crate) fn runs(metadata: &ParquetMetaData) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    let mut first_row = 0u64;
    for (row_group, group) in metadata.row_groups().iter().enumerate() {
        let num_rows = usize::try_from(group.num_rows()).ok()?;
        let next_row = first_row.checked_add(num_rows as u64)?;
        let part_rows = num_rows.div_ceil(MOST_PARTS).max(PART_ROWS);
        for start in (0..num_rows).step_by(part_rows) {
            runs.push(Run {
                row_group,
                rows: start..num_rows.min(start + part_rows),
                first_row: first_row + start as u64,
            });
        }
        first_row = next_row;
    }
    let told = u64::try_from(metadata.file_metadata().num_rows()).ok()?;
    (told == first_row).then_some(runs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use parquet::file::metadata::{FileMetaData, RowGroupMetaData};
    use parquet::schema::types::{SchemaDescriptor, Type};

    fn metadata(num_rows: i64, row_groups: &[i64]) -> ParquetMetaData {
        let root = Type::group_type_builder("schema").build().unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(root)));
        let file = FileMetaData::new(1, num_rows, None, None, schema.clone(), None);
        let group = |&num_rows: &i64| {
            let group = RowGroupMetaData::builder(schema.clone());
            group.set_num_rows(num_rows).build().unwrap()
        };
        ParquetMetaData::new(file, row_groups.iter().map(group).collect())
    }

    #[test]
    fn runs_divide_the_row_groups_in_order() {
        let runs = runs(&metadata(100_010, &[100_000, 0, 10])).unwrap();
        let expected = [
            (0, 0..65_536, 0),
            (0, 65_536..100_000, 65_536),
            (2, 0..10, 100_000),
        ];
        let expected = expected.map(|(row_group, rows, first_row)| Run {
            row_group,
            rows,
            first_row,
        });
        assert_eq!(runs, expected);
    }

    #[test]
    fn numbers_of_rows_that_cannot_be_are_refused() {
        assert_eq!(runs(&metadata(10, &[11])), None);
        assert_eq!(runs(&metadata(-10, &[-10])), None);
        assert_eq!(
            runs(&metadata(i64::MAX, &[i64::MAX])).unwrap().len(),
            MOST_PARTS
        );
    }
}
