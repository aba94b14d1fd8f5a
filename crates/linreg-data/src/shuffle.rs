use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, generator};
use crate::{DataError, Rows};

/// Shuffles rows that do not fit in memory, within the reach of a buffer.
///
/// First the buffer fills. From then on, each new row replaces a row of the
/// buffer that is drawn at random and goes out. At the end the buffer is
/// emptied in random order. This is the scheme of `tf.data.Dataset.shuffle`.
///
/// With a buffer of `k` rows and a long stream, the time that a row waits in
/// the buffer is geometric with a mean of `k` rows. Its distance from its
/// original place is `2 k (1 - 1/k)^k` on average, about `0.74 k`. In a random
/// permutation of all `n` rows it is `n / 3`: for a sorted file, read the
/// chunks in [shuffled order](crate::ChunkOrder::Shuffled) as well. A buffer
/// that holds all rows draws from all permutations.
///
/// Once the buffer is full, chunks go out as large as they came in, in the same
/// memory.
pub struct ShuffleBuffer<I> {
    chunks: I,
    num_features: usize,
    num_targets: usize,
    capacity: usize,
    random: ChaCha8Rng,
    buffer: Rows,
    num_buffered: usize,
    at_end: bool,
}

impl<I: Iterator<Item = Result<Rows, DataError>>> ShuffleBuffer<I> {
    /// Shuffles rows of this many features and targets in a buffer of
    /// `capacity` rows; 0 and 1 keep their order. The order depends on the seed
    /// and the epoch.
    pub fn new(
        chunks: I,
        [num_features, num_targets]: [usize; 2],
        capacity: usize,
        epoch: usize,
        seed: u64,
    ) -> Self {
        Self {
            chunks,
            num_features,
            num_targets,
            capacity: capacity.max(1),
            random: generator(seed, Purpose::Shuffle(epoch as u64)),
            buffer: Rows::default(),
            num_buffered: 0,
            at_end: false,
        }
    }

    /// Fills the buffer from a chunk, then swaps the other rows of the chunk
    /// for rows of the buffer; the result is empty if the buffer took all rows.
    fn trade(&mut self, mut chunk: Rows) -> Result<Rows, DataError> {
        let num_rows = chunk.num_rows(self.num_features, self.num_targets)?;
        if num_rows == 0 {
            return Ok(Rows::default());
        }
        let buffered = self.num_buffered > 0;
        if buffered && chunk.weights.is_some() != self.buffer.weights.is_some() {
            return Err(Rows::some_weighted());
        }
        let taken = num_rows.min(self.capacity - self.num_buffered);
        self.num_buffered += taken;
        let (width, height) = (self.num_features, self.num_targets);
        let buffer = &mut self.buffer;
        buffer
            .features
            .extend(chunk.features.drain(..taken * width));
        buffer.targets.extend(chunk.targets.drain(..taken * height));
        if let Some(weights) = &mut chunk.weights {
            let buffered = buffer.weights.get_or_insert_default();
            buffered.extend(weights.drain(..taken));
        }
        for row in 0..num_rows - taken {
            let drawn = self.random.random_range(0..self.capacity);
            swap(&mut chunk.features, row, &mut buffer.features, drawn, width);
            swap(&mut chunk.targets, row, &mut buffer.targets, drawn, height);
            if let (Some(weights), Some(buffered)) = (&mut chunk.weights, &mut buffer.weights) {
                std::mem::swap(&mut weights[row], &mut buffered[drawn]);
            }
        }
        Ok(chunk)
    }

    /// Returns what is left in the buffer in random order, by the shuffle of
    /// Fisher and Yates, in place.
    fn drain(&mut self) -> Rows {
        let mut rows = std::mem::take(&mut self.buffer);
        for last in (1..std::mem::take(&mut self.num_buffered)).rev() {
            let drawn = self.random.random_range(0..=last);
            if drawn == last {
                continue;
            }
            swap_within(&mut rows.features, drawn, last, self.num_features);
            swap_within(&mut rows.targets, drawn, last, self.num_targets);
            if let Some(weights) = &mut rows.weights {
                weights.swap(drawn, last);
            }
        }
        rows
    }
}

impl<I: Iterator<Item = Result<Rows, DataError>>> Iterator for ShuffleBuffer<I> {
    type Item = Result<Rows, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.at_end {
            let rows = match self.chunks.next() {
                Some(chunk) => chunk.and_then(|chunk| self.trade(chunk)),
                None => {
                    self.at_end = true;
                    Ok(self.drain())
                }
            };
            match rows {
                Ok(rows) if rows.targets.is_empty() => {}
                Ok(rows) => return Some(Ok(rows)),
                Err(error) => {
                    self.at_end = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Swaps a row of one row-major block with a row of another.
fn swap(a: &mut [f64], row_a: usize, b: &mut [f64], row_b: usize, width: usize) {
    let a = &mut a[row_a * width..(row_a + 1) * width];
    a.swap_with_slice(&mut b[row_b * width..(row_b + 1) * width]);
}

/// Swaps a row of a row-major block with a later one.
fn swap_within(values: &mut [f64], row: usize, later: usize, width: usize) {
    let (before, from) = values.split_at_mut(later * width);
    swap(before, row, from, 0, width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChunkOrder;
    use crate::NoRows;
    use proptest::prelude::*;

    /// Rows `[i, -i]` with target `10 i` and weight `i + 0.5`, in chunks.
    fn chunks(num_rows: usize, chunk_rows: usize) -> Vec<Rows> {
        let rows: Vec<f64> = (0..num_rows).map(|row| row as f64).collect();
        let chunks = rows.chunks(chunk_rows);
        chunks
            .map(|rows| Rows {
                features: rows.iter().flat_map(|i| [*i, -i]).collect(),
                targets: rows.iter().map(|i| 10.0 * i).collect(),
                weights: Some(rows.iter().map(|i| i + 0.5).collect()),
                tails: None,
            })
            .collect()
    }

    /// Returns the numbers of the rows in the order in which they go out, after
    /// checking that rows are whole.
    fn shuffled(chunks: Vec<Rows>, capacity: usize, epoch: usize, seed: u64) -> Vec<usize> {
        let chunks = chunks.into_iter().map(Ok);
        let mut order = Vec::new();
        for rows in ShuffleBuffer::new(chunks, [2, 1], capacity, epoch, seed) {
            let rows = rows.unwrap();
            let weights = rows.weights.unwrap();
            assert_eq!(weights.len(), rows.targets.len());
            for (row, x) in rows.features.chunks_exact(2).enumerate() {
                assert_eq!((x[1], rows.targets[row]), (-x[0], 10.0 * x[0]));
                assert_eq!(weights[row], x[0] + 0.5);
                order.push(x[0] as usize);
            }
        }
        order
    }

    fn mean_distance(order: &[usize]) -> f64 {
        let distances = order.iter().enumerate().map(|(to, from)| from.abs_diff(to));
        distances.sum::<usize>() as f64 / order.len() as f64
    }

    #[test]
    fn seed_and_epoch_name_an_order() {
        let order = |epoch, seed| shuffled(chunks(1000, 64), 100, epoch, seed);
        assert_eq!(order(0, 1), order(0, 1));
        assert_ne!(order(0, 1), order(1, 1));
        assert_ne!(order(0, 1), order(0, 2));
    }

    #[test]
    fn a_buffer_of_one_row_keeps_the_order() {
        for capacity in [0, 1] {
            let order = shuffled(chunks(100, 7), capacity, 0, 0);
            assert!(order.into_iter().eq(0..100));
        }
    }

    #[test]
    fn a_row_goes_as_far_as_the_geometric_wait_says() {
        let capacity = 500.0f64;
        let order = shuffled(chunks(100_000, 8192), 500, 0, 4);
        // The standard errors are 0.3 % of the wait and 0.5 % of the distance,
        // and the first and last rows differ from the formula.
        let expected = 2.0 * capacity * (1.0 - 1.0 / capacity).powf(capacity);
        let distance = mean_distance(&order);
        assert!(
            (distance / expected - 1.0).abs() < 0.02,
            "{distance} {expected}"
        );
        // Row i goes out at place i + wait - capacity.
        let middle = order
            .iter()
            .enumerate()
            .filter(|(_, row)| (5000..95_000).contains(*row));
        let waits = middle.map(|(place, row)| place as f64 + capacity - *row as f64);
        let wait = waits.sum::<f64>() / 90_000.0;
        assert!((wait / capacity - 1.0).abs() < 0.02, "{wait}");
    }

    #[test]
    fn with_shuffled_chunks_a_row_goes_a_third_of_the_file() {
        // Within 6 standard errors: 0.63 / sqrt(200 chunks * 5 epochs), the
        // variance 2 m³ / 45 of Spearman's footrule for m chunks.
        let num_rows = 100_000;
        let distances = (0..5).map(|epoch| {
            let mut chunks = chunks(num_rows, 500);
            ChunkOrder::of_epoch(epoch, 9).arrange(&mut chunks);
            mean_distance(&shuffled(chunks, 1000, epoch, 9))
        });
        let share = distances.sum::<f64>() / 5.0 / num_rows as f64;
        assert!((3.0 * share - 1.0).abs() < 0.12, "{share}");
    }

    #[test]
    fn an_error_and_chunks_that_do_not_match_end_the_rows() {
        let mut weightless = chunks(10, 10);
        weightless[0].weights = None;
        let lame = chunks(10, 5).into_iter().chain(weightless).map(Ok);
        let mut rows = ShuffleBuffer::new(lame, [2, 1], 7, 0, 0);
        assert_eq!(rows.next().unwrap().unwrap().targets.len(), 3);
        let error = rows.next().unwrap().unwrap_err().to_string();
        assert!(error.starts_with("some chunks have weights"), "{error}");
        assert!(rows.next().is_none());

        let failing = chunks(10, 5).into_iter().map(Ok);
        let failing = failing.chain([Err(DataError::NoRows(NoRows::AtAll))]);
        let mut rows = ShuffleBuffer::new(failing, [2, 1], 100, 0, 0);
        assert!(matches!(rows.next(), Some(Err(DataError::NoRows(_)))));
        assert!(rows.next().is_none());
    }

    #[test]
    fn a_buffer_of_all_rows_draws_from_all_permutations() {
        // 6 permutations of 3 rows, 6,000 draws: 5 degrees of freedom, and the
        // statistic is above 25.7 once in 10,000 such tests.
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            *counts
                .entry(shuffled(chunks(3, 2), 3, 0, seed))
                .or_insert(0) += 1;
        }
        let square = |count: &i32| (f64::from(*count) - 1000.0).powi(2) / 1000.0;
        let statistic: f64 = counts.values().map(square).sum();
        assert!(counts.len() == 6 && statistic < 25.7, "{statistic}");
    }

    proptest! {
        #[test]
        fn any_buffer_gives_every_row_once(
            num_rows in 0usize..200, chunk_rows in 1usize..50, capacity in 0usize..250,
            epoch in 0usize..3, seed: u64,
        ) {
            let mut order = shuffled(chunks(num_rows, chunk_rows), capacity, epoch, seed);
            order.sort_unstable();
            prop_assert!(order.into_iter().eq(0..num_rows));
        }
    }

    #[test]
    fn chunks_without_rows_change_nothing() {
        let empty = Rows {
            weights: Some(Vec::new()),
            ..Rows::default()
        };
        let without_weights = |chunk| Rows {
            weights: None,
            ..chunk
        };
        let chunks = chunks(6, 3).into_iter().map(without_weights);
        let chunks = std::iter::once(empty).chain(chunks).map(Ok);
        let rows = ShuffleBuffer::new(chunks, [2, 1], 4, 0, 0).map(Result::unwrap);
        assert_eq!(rows.map(|rows| rows.targets.len()).sum::<usize>(), 6);
    }
}
