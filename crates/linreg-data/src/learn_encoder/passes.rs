use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::encoder::{BoundEncoder, FittedRows};
use crate::{Chunk, DataError, Pass, Set, SplitRows};

/// Sums up the training rows.
#[derive(Deserialize, Serialize)]
pub(crate) struct FittedPass {
    pub encoder: BoundEncoder,
    pub split: SplitRows,
    pub part_rows: u64,
}

impl Pass for FittedPass {
    type State = FittedRows;
    type Output = FittedRows;

    fn name() -> String {
        "fitted rows".to_string()
    }

    fn start(&self) -> FittedRows {
        FittedRows::default()
    }

    fn update(&self, rows: &mut FittedRows, chunk: &Chunk) -> Result<(), DataError> {
        let wanted = self
            .split
            .rows(Set::Training, chunk.first_row, chunk.num_rows());
        self.encoder.add_fitted_rows(rows, chunk, &wanted)
    }

    fn end_part(&self, rows: &mut FittedRows) -> Result<(), DataError> {
        rows.settle();
        Ok(())
    }

    fn merge(&self, rows: &mut FittedRows, later: FittedRows) -> Result<(), DataError> {
        rows.merge(later);
        Ok(())
    }

    fn finish(self, rows: FittedRows) -> Result<FittedRows, DataError> {
        Ok(rows)
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}

/// Lists the rows that an encoder leaves out.
#[derive(Deserialize, Serialize)]
pub(crate) struct LeftOutPass {
    pub encoder: BoundEncoder,
    pub part_rows: u64,
}

impl Pass for LeftOutPass {
    type State = Vec<u64>;
    type Output = Arc<[u64]>;

    fn name() -> String {
        "rows left out".to_string()
    }

    fn start(&self) -> Vec<u64> {
        Vec::new()
    }

    fn update(&self, rows: &mut Vec<u64>, chunk: &Chunk) -> Result<(), DataError> {
        let kept = self.encoder.encode(chunk, None)?.kept;
        let numbers = (chunk.first_row..).zip(kept);
        rows.extend(numbers.filter_map(|(row, is_kept)| (!is_kept).then_some(row)));
        Ok(())
    }

    fn merge(&self, rows: &mut Vec<u64>, later: Vec<u64>) -> Result<(), DataError> {
        rows.extend(later);
        Ok(())
    }

    fn finish(self, rows: Vec<u64>) -> Result<Arc<[u64]>, DataError> {
        Ok(rows.into())
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}
