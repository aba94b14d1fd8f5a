use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Example;
use super::example::keep_first;

/// The words of a column.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Words {
    /// The number of cells that are words.
    pub count: u64,
    /// How often each word occurs; empty if there are more words than the
    /// limit.
    pub levels: BTreeMap<String, u64>,
    /// Whether there are more different words than the limit.
    pub too_many: bool,
    /// The first of them.
    pub first: Option<Example>,
    /// Whether one of the first words occurs twice, so that the words do not
    /// identify rows.
    pub repeated: bool,
    /// Hashes of the first different words.
    seen: BTreeSet<u64>,
}

/// The number of different words that are remembered to tell an identifier from
/// levels.
const SEEN: usize = 1 << 14;

impl Words {
    /// Counts `count` more occurrences of a word.
    pub(crate) fn add(&mut self, word: &str, count: u64, max_levels: usize) {
        self.count += count;
        self.repeated |= count > 1;
        if !self.too_many {
            *self.levels.entry(word.to_string()).or_default() += count;
            self.limit(max_levels);
        }
    }

    /// Counts a word of this hash; `example` gives its place, where it is the
    /// first.
    pub(super) fn take(
        &mut self,
        word: &str,
        hash: u64,
        max_levels: usize,
        example: impl FnOnce() -> Example,
    ) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(example());
        }
        self.see(hash);
        if self.too_many {
            return;
        }
        match self.levels.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                self.levels.insert(word.to_string(), 1);
                self.limit(max_levels);
            }
        }
    }

    fn see(&mut self, hash: u64) {
        if !self.repeated && self.seen.len() < SEEN {
            self.repeated = !self.seen.insert(hash);
        }
    }

    fn limit(&mut self, max_levels: usize) {
        if self.levels.len() > max_levels {
            self.too_many = true;
            self.levels.clear();
        }
    }

    pub(super) fn merge(&mut self, later: Self, max_levels: usize) {
        keep_first(&mut self.first, later.first);
        self.count += later.count;
        self.repeated |= later.repeated;
        for hash in later.seen {
            self.see(hash);
        }
        self.too_many |= later.too_many;
        if self.too_many {
            self.levels.clear();
            return;
        }
        for (word, count) in later.levels {
            *self.levels.entry(word).or_default() += count;
        }
        self.limit(max_levels);
    }
}
