use std::ops::Range;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::changed;
use crate::source::{ChunkOrder, Parts, Source};
use crate::{CellReader, DataError, TableLocation, TextFormat};

/// Reads the text cells of a source in this way.
pub(super) fn with_text(
    source: Box<dyn Source>,
    text: &TextFormat,
) -> Result<Box<dyn Source>, DataError> {
    if *text == TextFormat::default() {
        return Ok(source);
    }
    Ok(Box::new(WithText {
        cells: Arc::new(CellReader::new(text)?),
        text: text.clone(),
        source,
    }))
}

/// A source whose text cells are read with the [`TextFormat`] of the user.
struct WithText {
    source: Box<dyn Source>,
    cells: Arc<CellReader>,
    text: TextFormat,
}

impl WithText {
    fn with_cells(&self, parts: Parts) -> Parts {
        let cells = self.cells.clone();
        Box::new(parts.map(move |part| {
            let cells = cells.clone();
            part.map(|part| {
                changed(part, move |chunk| {
                    chunk.cells = cells.clone();
                })
            })
        }))
    }
}

impl Source for WithText {
    fn schema(&self) -> &SchemaRef {
        self.source.schema()
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        Ok(self.with_cells(self.source.parts(columns, order)?))
    }

    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        Ok(self.with_cells(self.source.parts_of(columns, rows)?))
    }

    fn location(&self) -> Option<TableLocation> {
        let mut location = self.source.location()?;
        location.reading.text = self.text.clone();
        Some(location)
    }

    fn has_values(&self, column: usize) -> bool {
        self.source.has_values(column)
    }

    fn num_rows(&self) -> Option<u64> {
        self.source.num_rows()
    }

    fn notes(&self) -> Vec<String> {
        self.source.notes()
    }
}
