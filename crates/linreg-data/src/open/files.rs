use std::ops::Range;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::changed;
use crate::source::{ChunkOrder, Part, Parts, Source, overlapping};
use crate::{DataError, TableLocation};

/// Several files as one table.
pub(super) struct Files {
    pub sources: Vec<Arc<dyn Source>>,
    /// The number of the first row in the table, from 0.
    pub first_row: u64,
}

impl Source for Files {
    fn schema(&self) -> &SchemaRef {
        self.sources[0].schema()
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        // Rows are numbered through all files, so any order other than theirs
        // needs the number of rows of each file.
        let known: Option<Vec<u64>> = self.sources.iter().map(|s| s.num_rows()).collect();
        if let (ChunkOrder::Shuffled { .. }, Some(num_rows)) = (order, known) {
            let mut first_row = self.first_row;
            let mut all = Vec::new();
            for (source, num_rows) in self.sources.iter().zip(num_rows) {
                for part in source.parts(columns, order)? {
                    all.push(part.map(|part| moved(part, first_row)));
                }
                first_row += num_rows;
            }
            order.arrange(&mut all);
            return Ok(Box::new(all.into_iter()));
        }
        let (mut sources, columns) = (self.sources.clone().into_iter(), columns.to_vec());
        let mut current: Option<Parts> = None;
        let (mut first_row, mut next_row) = (self.first_row, self.first_row);
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                if let Some(part) = current.as_mut().and_then(Iterator::next) {
                    return Some(part.map(|part| {
                        next_row = first_row + part.first_row + part.num_rows;
                        moved(part, first_row)
                    }));
                }
                first_row = next_row;
                match sources.next()?.parts(&columns, ChunkOrder::File) {
                    Ok(parts) => current = Some(parts),
                    Err(error) => return Some(Err(error)),
                }
            }
        })))
    }

    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        let mut first_row = self.first_row;
        let mut readers = Vec::new();
        for source in &self.sources {
            let Some(num_rows) = source.num_rows() else {
                return Ok(overlapping(self.parts(columns, ChunkOrder::File)?, rows));
            };
            let end = first_row.saturating_add(num_rows);
            let of_file = rows.start.clamp(first_row, end)..rows.end.clamp(first_row, end);
            if !of_file.is_empty() {
                let of_file = of_file.start - first_row..of_file.end - first_row;
                let parts = source.parts_of(columns, of_file)?;
                readers.push(parts.map(move |part| part.map(|part| moved(part, first_row))));
            }
            first_row = end;
        }
        Ok(Box::new(readers.into_iter().flatten()))
    }

    fn location(&self) -> Option<TableLocation> {
        let mut sources = self.sources.iter();
        let mut all = sources.next()?.location()?;
        for source in sources {
            all.files.extend(source.location()?.files);
        }
        all.first_row = self.first_row;
        Some(all)
    }

    fn has_values(&self, column: usize) -> bool {
        let mut sources = self.sources.iter();
        sources.all(|source| source.has_values(column))
    }

    fn num_rows(&self) -> Option<u64> {
        self.sources.iter().map(|source| source.num_rows()).sum()
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.sources.iter();
        notes.flat_map(|source| source.notes()).collect()
    }
}

/// Returns a part with its rows numbered from a later row on.
fn moved(part: Part, rows: u64) -> Part {
    Part {
        first_row: part.first_row + rows,
        ..changed(part, move |chunk| chunk.first_row += rows)
    }
}
