use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BinaryArray, RecordBatch, UInt32Array, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type, UInt64Type};
use datafusion::common::{DataFusionError, Result, internal_err};

/// The most bytes of a row of a result: a message holds several times as many, and a
/// row cannot be divided.
const PIECE_BYTES: usize = 4 << 20;

/// The number of the piece that is the message of an error. Errors travel as rows: a
/// task that fails is tried again, and a wrong cell is wrong each time.
const ERROR: u32 = u32::MAX;

/// What a task has found about some rows.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// The state of the group of this number.
    State {
        /// The number of the group in the table.
        group: u64,
        /// The state in writing.
        bytes: Vec<u8>,
    },
    /// Why there is none.
    Error(String),
}

/// The columns of a result.
pub(crate) fn schema() -> SchemaRef {
    let field = |name, kind| Field::new(name, kind, false);
    Arc::new(Schema::new(vec![
        field("group", DataType::UInt64),
        field("piece", DataType::UInt32),
        field("bytes", DataType::Binary),
    ]))
}

/// Writes what was found in rows of bounded size.
pub(crate) fn write(found: &Found) -> Result<Vec<RecordBatch>> {
    match found {
        Found::Error(message) => Ok(vec![row(0, ERROR, message.as_bytes())?]),
        Found::State { group, bytes } => {
            let mut rows = Vec::new();
            let pieces = bytes.chunks(PIECE_BYTES).collect::<Vec<_>>();
            // The last piece is 0, so that the reader knows when it has all.
            for (index, piece) in pieces.iter().enumerate() {
                rows.push(row(*group, (pieces.len() - 1 - index) as u32, piece)?);
            }
            if rows.is_empty() {
                rows.push(row(*group, 0, &[])?);
            }
            Ok(rows)
        }
    }
}

fn row(group: u64, piece: u32, bytes: &[u8]) -> Result<RecordBatch> {
    let batch = RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(UInt64Array::from(vec![group])),
            Arc::new(UInt32Array::from(vec![piece])),
            Arc::new(BinaryArray::from(vec![bytes])),
        ],
    )?;
    Ok(batch)
}

fn other_columns() -> DataFusionError {
    DataFusionError::Execution("a result has other columns than ours".to_string())
}

/// Puts the rows of a result together again.
#[derive(Default)]
pub(crate) struct Reader {
    begun: Option<(u64, u32, Vec<u8>)>,
}

impl Reader {
    /// Returns what is complete with these rows.
    pub fn read(&mut self, batch: &RecordBatch) -> Result<Vec<Found>> {
        let [groups, pieces, bytes] = batch.columns() else {
            return Err(other_columns());
        };
        let groups = groups.as_primitive_opt::<UInt64Type>();
        let pieces = pieces.as_primitive_opt::<UInt32Type>();
        let bytes = bytes.as_binary_opt::<i32>();
        let (Some(groups), Some(pieces), Some(bytes)) = (groups, pieces, bytes) else {
            return Err(other_columns());
        };
        let mut found = Vec::new();
        for row in 0..batch.num_rows() {
            let (group, piece, bytes) = (groups.value(row), pieces.value(row), bytes.value(row));
            if piece == ERROR {
                let message = String::from_utf8_lossy(bytes).into_owned();
                found.push(Found::Error(message));
                continue;
            }
            let mut all = match self.begun.take() {
                None => Vec::new(),
                Some((of, before, all)) if of == group && before == piece + 1 => all,
                Some(_) => return internal_err!("the pieces of a state are not as they were sent"),
            };
            all.extend_from_slice(bytes);
            if piece == 0 {
                found.push(Found::State { group, bytes: all });
            } else {
                self.begun = Some((group, piece, all));
            }
        }
        Ok(found)
    }

    /// Checks that nothing is missing.
    pub fn end(self) -> Result<()> {
        match self.begun {
            None => Ok(()),
            Some(_) => internal_err!("the last pieces of a state are missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_any_size_come_back_in_bounded_rows() {
        for num_bytes in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let bytes: Vec<u8> = (0..num_bytes).map(|index| index as u8).collect();
            let state = Found::State { group: 7, bytes };
            let rows = write(&state).unwrap();
            assert_eq!(rows.len(), num_bytes.div_ceil(PIECE_BYTES).max(1));
            let mut reader = Reader::default();
            let read: Vec<Found> = rows
                .iter()
                .flat_map(|row| reader.read(row).unwrap())
                .collect();
            reader.end().unwrap();
            assert_eq!(read, [state]);
        }
    }

    #[test]
    fn pieces_that_are_missing_are_noticed() {
        let bytes = vec![1; 2 * PIECE_BYTES + 1];
        let rows = write(&Found::State { group: 7, bytes }).unwrap();
        let mut reader = Reader::default();
        assert_eq!(reader.read(&rows[0]).unwrap(), []);
        assert!(reader.read(&rows[2]).is_err());
        let mut reader = Reader::default();
        assert_eq!(reader.read(&rows[0]).unwrap(), []);
        assert!(reader.end().is_err());
    }
}
