use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::{DataError, RowChunk, RowPass, Rows};

/// Takes rows into memory, if there are not too many.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LoadPass {
    /// The largest number of features and targets to keep.
    max_numbers: usize,
    /// The number of those found so far, so that rows are not kept that will be
    /// given up.
    #[serde(skip)]
    found: Arc<AtomicUsize>,
}

/// Rows in memory.
#[derive(Deserialize, Serialize)]
pub(crate) struct Loaded {
    pub num_rows: usize,
    /// The rows and their numbers in the table, None if there are too many.
    kept: Option<(Rows, Vec<u64>)>,
}

impl LoadPass {
    pub fn new(max_numbers: usize) -> Self {
        Self {
            max_numbers,
            found: Arc::default(),
        }
    }
}

impl RowPass for LoadPass {
    type State = Loaded;
    type Output = Loaded;

    fn name() -> String {
        "load".to_string()
    }

    fn start(&self) -> Loaded {
        Loaded {
            num_rows: 0,
            kept: Some((Rows::default(), Vec::new())),
        }
    }

    fn update(&self, loaded: &mut Loaded, rows: &RowChunk) -> Result<(), DataError> {
        let numbers = rows.features.len() + rows.targets.len();
        let before = self.found.fetch_add(numbers, Ordering::Relaxed);
        loaded.num_rows += rows.num_rows();
        loaded.kept = (before.saturating_add(numbers) <= self.max_numbers).then(|| {
            let kept = Rows {
                features: rows.features.to_vec(),
                targets: rows.targets.to_vec(),
                weights: rows.weights.map(<[f64]>::to_vec),
                tails: None,
            };
            let numbers = (0..rows.num_rows()).map(|row| rows.row_number(row));
            (kept, numbers.collect())
        });
        Ok(())
    }

    /// Appends the later rows. If all parts were joined at the end, the rows would be in
    /// memory twice: small parts that are freed stay with the program.
    fn merge(&self, loaded: &mut Loaded, later: Loaded) -> Result<(), DataError> {
        loaded.num_rows += later.num_rows;
        let both = loaded.kept.take().zip(later.kept);
        loaded.kept = both.map(|((mut rows, mut numbers), (mut later, later_numbers))| {
            rows.features.append(&mut later.features);
            rows.targets.append(&mut later.targets);
            if let Some(mut weights) = later.weights {
                rows.weights.get_or_insert_default().append(&mut weights);
            }
            numbers.extend(later_numbers);
            (rows, numbers)
        });
        Ok(())
    }

    fn finish(self, loaded: Loaded) -> Result<Loaded, DataError> {
        Ok(loaded)
    }
}

impl Loaded {
    /// The rows and their numbers in the table; None if there are more than
    /// `max_numbers` numbers.
    pub fn rows(self, width: usize, max_numbers: usize) -> Option<(Rows, Vec<u64>)> {
        let is_too_much = self.num_rows.saturating_mul(width) > max_numbers;
        self.kept.filter(|_| !is_too_much)
    }
}
