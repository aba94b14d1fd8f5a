use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::random::mix;

/// A random sample of the rows of a table: every set of as many rows is equally
/// likely. The same seed draws the same rows, in whatever parts they come.
///
/// Each row has a random number, made of the seed and the row's own number, and
/// the rows with the smallest are kept.
///
/// # Example
///
/// ```
/// use linreg_data::RowSample;
///
/// let mut first = RowSample::new(3, 42);
/// let mut second = RowSample::new(3, 42);
/// (0..50).for_each(|row| first.add(row, || row * row));
/// (50..100).for_each(|row| second.add(row, || row * row));
/// first.merge(second);
/// let rows = first.into_rows();
/// assert_eq!(rows.len(), 3);
/// assert!(rows.iter().all(|(row, square)| row * row == *square));
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RowSample<T> {
    capacity: usize,
    seed: u64,
    rows: Vec<Sampled<T>>,
    /// Rows of a larger random number are not kept.
    largest: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Sampled<T> {
    random: u64,
    row: u64,
    value: T,
}

impl<T> RowSample<T> {
    /// Returns a sample of no rows, which will be of `capacity` rows at most.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            capacity,
            seed,
            rows: Vec::new(),
            largest: u64::MAX,
        }
    }

    /// The same sample, for a part of a table: rows that are not in the sample of the
    /// whole table, as far as other parts tell, need not be kept.
    pub fn within(mut self, limit: &SampleLimit) -> Self {
        self.largest = self.largest.min(limit.0.load(Ordering::Relaxed));
        self
    }

    /// Adds a row of this number; `value` is called if it may be kept.
    pub fn add(&mut self, row: u64, value: impl FnOnce() -> T) {
        let random = mix(mix(self.seed) ^ row);
        if random > self.largest || self.capacity == 0 {
            return;
        }
        let value = value();
        self.rows.push(Sampled { random, row, value });
        // Twice as many rows are held, so that they need not be sorted each time.
        if self.rows.len() >= self.capacity.saturating_mul(2) {
            self.shrink();
        }
    }

    /// Adds the sample of other rows.
    pub fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.shrink();
    }

    fn shrink(&mut self) {
        if self.rows.len() <= self.capacity {
            return;
        }
        let of = |sampled: &Sampled<T>| (sampled.random, sampled.row);
        self.rows.select_nth_unstable_by_key(self.capacity, of);
        self.rows.truncate(self.capacity);
        let randoms = self.rows.iter().map(|sampled| sampled.random);
        self.largest = randoms.max().unwrap_or(0);
    }

    /// Returns the rows of the sample with their numbers, in the order of the
    /// table.
    pub fn into_rows(mut self) -> Vec<(u64, T)> {
        self.shrink();
        self.rows.sort_unstable_by_key(|sampled| sampled.row);
        let rows = self.rows.into_iter();
        rows.map(|sampled| (sampled.row, sampled.value)).collect()
    }
}

/// What the parts of a table that have been read tell of the sample of all of it: a
/// pass that takes one shares it among its parts, so that these keep few rows. The
/// sample is the same without it.
///
/// # Example
///
/// ```
/// use linreg_data::{RowSample, SampleLimit};
///
/// let limit = SampleLimit::default();
/// let mut all = RowSample::new(3, 42);
/// for part in 0..10 {
///     let mut sample = RowSample::new(3, 42).within(&limit);
///     (0..50).for_each(|row| sample.add(50 * part + row, || row));
///     all.merge(sample);
///     limit.learn(&all);
/// }
/// let mut at_once = RowSample::new(3, 42);
/// (0..500).for_each(|row| at_once.add(row, || row % 50));
/// assert_eq!(all.into_rows(), at_once.into_rows());
/// ```
#[derive(Debug)]
pub struct SampleLimit(AtomicU64);

impl Default for SampleLimit {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Clone for SampleLimit {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

impl SampleLimit {
    /// Learns from the sample of some rows of the table.
    pub fn learn<T>(&self, sample: &RowSample<T>) {
        // Above this random number there are enough rows with smaller ones.
        self.0.fetch_min(sample.largest, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(parts: &[std::ops::Range<u64>], capacity: usize, seed: u64) -> Vec<u64> {
        let mut all = RowSample::new(capacity, seed);
        for part in parts {
            let mut of_part = RowSample::new(capacity, seed);
            part.clone().for_each(|row| of_part.add(row, || row));
            all.merge(of_part);
        }
        all.into_rows().into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn it_does_not_depend_on_the_parts() {
        let whole = rows(std::slice::from_ref(&(0..1000)), 50, 7);
        assert_eq!(whole.len(), 50);
        assert!(whole.is_sorted());
        assert_eq!(rows(&[0..1, 1..700, 700..1000], 50, 7), whole);
        assert_eq!(rows(&[900..1000, 0..900], 50, 7), whole);
        assert_ne!(rows(std::slice::from_ref(&(0..1000)), 50, 8), whole);
        assert_eq!(rows(std::slice::from_ref(&(0..20)), 50, 7).len(), 20);
        assert!(rows(std::slice::from_ref(&(0..20)), 0, 7).is_empty());
    }

    #[test]
    fn each_row_is_as_likely_as_another() {
        // Row i is in a sample of 10 of 40 with probability 1/4: of 4000 seeds, in
        // 1000, with a standard deviation of 27.4. Five of them are exceeded by
        // chance in one of 40 rows once in 40,000 runs; the seeds are fixed.
        let mut counts = [0; 40];
        for seed in 0..4000 {
            for row in rows(std::slice::from_ref(&(0..40)), 10, seed) {
                counts[row as usize] += 1;
            }
        }
        assert!(
            counts.iter().all(|count| (863..1137).contains(count)),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn parts_that_know_of_others_give_the_same_sample(
            order in Just((0..20u64).collect::<Vec<u64>>()).prop_shuffle(),
            capacity in 0..40usize,
            part_rows in 1..30u64,
        ) {
            let (limit, mut parts) = (SampleLimit::default(), Vec::new());
            for part in order {
                let mut sample = RowSample::new(capacity, 3).within(&limit);
                let rows = part * part_rows..(part + 1) * part_rows;
                rows.for_each(|row| sample.add(row, || row));
                parts.push((part, sample));
                // Some parts are merged only later, as on other threads.
                if part % 3 > 0 {
                    let (_, first) = parts[0].clone();
                    parts[0].1 = parts[1..].iter().fold(first, |mut all, (_, part)| {
                        all.merge(part.clone());
                        all
                    });
                    parts.truncate(1);
                    limit.learn(&parts[0].1);
                }
            }
            let mut found = RowSample::new(capacity, 3);
            parts.into_iter().for_each(|(_, part)| found.merge(part));
            let mut expected = RowSample::new(capacity, 3);
            (0..20 * part_rows).for_each(|row| expected.add(row, || row));
            prop_assert_eq!(found.into_rows(), expected.into_rows());
        }
    }
}
