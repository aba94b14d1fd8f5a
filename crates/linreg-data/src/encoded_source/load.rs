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
    /// The rows of each part and their numbers in the table, None if there are
    /// too many. They are joined at the end, so that each number is moved only
    /// once.
    parts: Option<Vec<(Rows, Vec<u64>)>>,
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
            parts: Some(Vec::new()),
        }
    }

    fn update(&self, loaded: &mut Loaded, rows: &RowChunk) -> Result<(), DataError> {
        let numbers = rows.features.len() + rows.targets.len();
        let before = self.found.fetch_add(numbers, Ordering::Relaxed);
        loaded.num_rows += rows.num_rows();
        loaded.parts = (before.saturating_add(numbers) <= self.max_numbers).then(|| {
            let kept = Rows {
                features: rows.features.to_vec(),
                targets: rows.targets.to_vec(),
                weights: rows.weights.map(<[f64]>::to_vec),
                tails: None,
            };
            let numbers = (0..rows.num_rows()).map(|row| rows.row_number(row));
            vec![(kept, numbers.collect())]
        });
        Ok(())
    }

    fn merge(&self, loaded: &mut Loaded, later: Loaded) -> Result<(), DataError> {
        loaded.num_rows += later.num_rows;
        loaded.parts = loaded
            .parts
            .take()
            .zip(later.parts)
            .map(|(mut all, later)| {
                all.extend(later);
                all
            });
        Ok(())
    }

    fn finish(self, loaded: Loaded) -> Result<Loaded, DataError> {
        Ok(loaded)
    }
}

impl Loaded {
    /// Joins the rows, and their numbers in the table; None if there are more
    /// than `max_numbers` numbers.
    pub fn rows(self, width: usize, max_numbers: usize) -> Option<(Rows, Vec<u64>)> {
        let is_too_much = self.num_rows.saturating_mul(width) > max_numbers;
        let parts = self.parts.filter(|_| !is_too_much)?;
        let (mut all, mut all_numbers) = (Rows::default(), Vec::with_capacity(self.num_rows));
        let length = |of: fn(&Rows) -> usize| parts.iter().map(|(rows, _)| of(rows)).sum();
        all.features
            .reserve_exact(length(|rows| rows.features.len()));
        all.targets.reserve_exact(length(|rows| rows.targets.len()));
        for (mut rows, numbers) in parts {
            all_numbers.extend(numbers);
            all.features.append(&mut rows.features);
            all.targets.append(&mut rows.targets);
            if let Some(mut weights) = rows.weights {
                all.weights.get_or_insert_default().append(&mut weights);
            }
        }
        Some((all, all_numbers))
    }
}
