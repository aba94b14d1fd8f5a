use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::StoredError;
use crate::{Moments, exact};

/// The number of numbers that are learned from at once.
pub(crate) const BLOCK: usize = 512;

/// The mean, spread and range of a column of numbers.
///
/// The numbers of a part may come in any pieces: they are learned from in blocks
/// of 512, so that the pieces make no difference in the last bit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct NumberSummary {
    /// Mean and spread of the numbers that have been learned from.
    #[serde(deserialize_with = "of_one_column")]
    pub moments: Moments,
    /// The smallest number; infinite if there are none.
    #[serde(with = "exact::number")]
    pub min: f64,
    /// The largest number; minus infinity if there are none.
    #[serde(with = "exact::number")]
    pub max: f64,
    /// The numbers after the last whole block.
    pending: Vec<f64>,
}

impl Default for NumberSummary {
    fn default() -> Self {
        Self {
            moments: Moments::new(1),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            pending: Vec::new(),
        }
    }
}

impl NumberSummary {
    /// Adds numbers, none of them NaN.
    pub fn update(&mut self, mut numbers: &[f64]) {
        for number in numbers {
            // No number is NaN, which `f64::min` would take time to check for.
            self.min = if *number < self.min {
                *number
            } else {
                self.min
            };
            self.max = if *number > self.max {
                *number
            } else {
                self.max
            };
        }
        if !self.pending.is_empty() {
            let (first, rest) = numbers.split_at(numbers.len().min(BLOCK - self.pending.len()));
            self.pending.extend_from_slice(first);
            if self.pending.len() < BLOCK {
                return;
            }
            self.moments.learn_column(&self.pending);
            self.pending.clear();
            numbers = rest;
        }
        let blocks = numbers.chunks_exact(BLOCK);
        self.pending.extend_from_slice(blocks.remainder());
        blocks.for_each(|block| self.moments.learn_column(block));
    }

    /// Learns from the numbers after the last whole block.
    pub fn settle(&mut self) {
        self.moments
            .learn_column(&std::mem::take(&mut self.pending));
    }

    /// Adds the numbers of later rows. Both summaries have been settled, so that
    /// nothing is pending.
    pub fn merge(&mut self, later: &Self) {
        self.settle();
        self.moments.add(&later.moments);
        self.moments.learn_column(&later.pending);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
    }
}

/// Reads moments that are of one column.
fn of_one_column<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moments, D::Error> {
    let moments = Moments::deserialize(deserializer)?;
    match moments.mean().len() {
        1 => Ok(moments),
        found => Err(D::Error::custom(StoredError::new(
            "number of columns of a summary of numbers",
            found,
            "1",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stored_summary_of_several_columns_is_refused() {
        let mut stored = serde_json::to_value(NumberSummary::default()).unwrap();
        stored["moments"] = serde_json::to_value(Moments::new(2)).unwrap();
        let error = serde_json::from_value::<NumberSummary>(stored).unwrap_err();
        let message = "the number of columns of a summary of numbers is 2, expected 1";
        assert_eq!(error.to_string(), message);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference_and_every_state_survives_json(
            numbers in prop::collection::vec(-1e3..1e3f64, 0..3000),
            cuts in prop::collection::vec(1..900usize, 1..10),
        ) {
            let mut whole = NumberSummary::default();
            whole.update(&numbers);
            let mut pieces = NumberSummary::default();
            let (mut rest, mut cuts) = (&numbers[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                pieces.update(piece);
                let stored = serde_json::to_string(&pieces).unwrap();
                let read: NumberSummary = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(&read, &pieces);
                pieces = read;
                rest = after;
            }
            whole.settle();
            pieces.settle();
            prop_assert_eq!(&whole, &pieces);
            let smallest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert_eq!((whole.min, whole.moments.count()), (smallest, numbers.len() as u64));
        }
    }
}
