use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many rows were encoded or left out, and how many missing values and new
/// levels they had.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct EncodingCounts {
    /// The number of rows, including those left out.
    pub rows: u64,
    /// The number of rows left out, for any reason.
    pub dropped: u64,
    /// How many of the rows left out were left out for a weight of 0.
    #[serde(default)]
    pub weightless: u64,
    /// How many of the rows left out were left out for a new level.
    #[serde(default)]
    pub unseen_rows: u64,
    /// The number of missing values of each column that has any. A row that an
    /// earlier column has left out is not counted again.
    pub missing: BTreeMap<String, u64>,
    /// The number of cells with a new level, for each column that has any.
    pub unseen: BTreeMap<String, u64>,
}

impl EncodingCounts {
    /// The number of rows left out for missing values.
    pub fn incomplete(&self) -> u64 {
        let others = self.weightless.saturating_add(self.unseen_rows);
        self.dropped.saturating_sub(others)
    }

    /// Adds the counts of other rows; none goes past `u64::MAX`.
    pub fn merge(&mut self, other: &Self) {
        for (all, others) in [
            (&mut self.rows, other.rows),
            (&mut self.dropped, other.dropped),
            (&mut self.weightless, other.weightless),
            (&mut self.unseen_rows, other.unseen_rows),
        ] {
            *all = all.saturating_add(others);
        }
        for (all, others) in [
            (&mut self.missing, &other.missing),
            (&mut self.unseen, &other.unseen),
        ] {
            for (name, count) in others {
                let all = all.entry(name.clone()).or_default();
                *all = all.saturating_add(*count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_any_size_are_added() {
        let most = EncodingCounts {
            rows: u64::MAX,
            weightless: u64::MAX,
            missing: [("a".to_string(), u64::MAX)].into(),
            ..EncodingCounts::default()
        };
        let mut counts = most.clone();
        counts.merge(&most);
        assert_eq!((&counts, counts.incomplete()), (&most, 0));
    }
}
