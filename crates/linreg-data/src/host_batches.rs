use burn::tensor::backend::Backend;

use crate::batch::{HostBatch, round, round_weights};
use crate::{DataError, Rows, Scaler, Summary};

/// How rows become batches.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'a> {
    pub(crate) summary: &'a Summary,
    pub(crate) scaler: Option<&'a Scaler>,
    /// The number of rows of every batch except a shorter last one.
    pub(crate) batch_size: usize,
    /// The largest number of rows of a tensor: a larger batch comes in parts.
    pub(crate) max_rows: usize,
}

/// Cuts chunks of any sizes into batches on the host, scaled and rounded.
pub(crate) struct HostBatches<'a, I, B: Backend> {
    chunks: I,
    cut: Cut<'a>,
    /// The chunk that is being cut, the number of its rows, and how many of
    /// them have been cut.
    chunk: Rows,
    chunk_rows: usize,
    chunk_cut: usize,
    num_cut: usize,
    ended: bool,
    backend: std::marker::PhantomData<B>,
}

impl<'a, I: Iterator<Item = Result<Rows, DataError>>, B: Backend> HostBatches<'a, I, B> {
    pub(crate) fn new(chunks: I, cut: Cut<'a>) -> Self {
        Self {
            chunks,
            cut,
            chunk: Rows::default(),
            chunk_rows: 0,
            chunk_cut: 0,
            num_cut: 0,
            ended: false,
            backend: std::marker::PhantomData,
        }
    }

    /// Returns the next batch, or part of one; None after the last row.
    fn cut(&mut self) -> Result<Option<HostBatch<B>>, DataError> {
        let Cut {
            summary,
            batch_size,
            max_rows,
            ..
        } = self.cut;
        let (num_features, num_targets) = (summary.num_features(), summary.num_targets());
        let left_of_batch = batch_size - self.num_cut % batch_size;
        let left = summary.num_rows - self.num_cut;
        let num_rows = left.min(left_of_batch).min(max_rows);
        if num_rows == 0 {
            return self.check_end();
        }
        let mut batch = HostBatch::<B> {
            features: Vec::with_capacity(num_rows * num_features),
            targets: Vec::with_capacity(num_rows * num_targets),
            weights: summary.mean_weight.map(|_| Vec::with_capacity(num_rows)),
            more_follows: num_rows < left_of_batch && num_rows < left,
        };
        let end = self.num_cut + num_rows;
        while self.num_cut < end {
            if self.chunk_cut == self.chunk_rows {
                if !self.read_chunk()? {
                    return Err(self.changed(self.num_cut));
                }
                continue;
            }
            let rows = (end - self.num_cut).min(self.chunk_rows - self.chunk_cut);
            let range = self.chunk_cut..self.chunk_cut + rows;
            let part = |values, width| part_of(values, range.clone(), width);
            let features = part(&self.chunk.features, num_features);
            round(&mut batch.features, features, &summary.features.names)?;
            let targets = part(&self.chunk.targets, num_targets);
            round(&mut batch.targets, targets, &summary.targets.names)?;
            if let (Some(rounded), Some(weights), Some(mean)) =
                (&mut batch.weights, &self.chunk.weights, summary.mean_weight)
            {
                round_weights(rounded, part(weights, 1), mean);
            }
            self.chunk_cut += rows;
            self.num_cut += rows;
        }
        Ok(Some(batch))
    }

    /// Reads and scales the next chunk; returns false if there is none.
    fn read_chunk(&mut self) -> Result<bool, DataError> {
        let Some(chunk) = self.chunks.next().transpose()? else {
            return Ok(false);
        };
        let Cut {
            summary, scaler, ..
        } = self.cut;
        self.chunk = chunk;
        self.chunk_cut = 0;
        self.chunk_rows = self
            .chunk
            .num_rows(summary.num_features(), summary.num_targets())?;
        let weighted = self.chunk.weights.is_some();
        if self.chunk_rows > 0 && weighted != summary.mean_weight.is_some() {
            return Err(Rows::some_weighted());
        }
        if let Some(scaler) = scaler {
            scaler.check(summary.num_features(), summary.num_targets())?;
            scaler.apply(&mut self.chunk);
        }
        Ok(true)
    }

    /// Returns an error if rows are left.
    fn check_end(&mut self) -> Result<Option<HostBatch<B>>, DataError> {
        let mut found = self.num_cut + self.chunk_rows - self.chunk_cut;
        while self.read_chunk()? {
            found += self.chunk_rows;
        }
        if found == self.num_cut {
            return Ok(None);
        }
        Err(self.changed(found))
    }

    fn changed(&self, found: usize) -> DataError {
        DataError::Changed {
            found,
            expected: self.cut.summary.num_rows,
        }
    }
}

impl<I: Iterator<Item = Result<Rows, DataError>>, B: Backend> Iterator for HostBatches<'_, I, B> {
    type Item = Result<HostBatch<B>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.cut().transpose();
        self.ended = !matches!(batch, Some(Ok(_)));
        batch
    }
}

/// Returns some rows of a row-major block.
fn part_of(values: &[f64], rows: std::ops::Range<usize>, width: usize) -> &[f64] {
    &values[rows.start * width..rows.end * width]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoRows;
    use crate::{Dataset, RowSource};
    use burn_ndarray::NdArray;
    use proptest::prelude::*;

    type B = NdArray<f64>;

    /// Row `i` is `[i]` with target `-i`.
    fn rows(range: std::ops::Range<usize>) -> Rows {
        Rows {
            features: range.clone().map(|row| row as f64).collect(),
            targets: range.map(|row| -(row as f64)).collect(),
            ..Rows::default()
        }
    }

    fn summary(num_rows: usize) -> Summary {
        let rows = rows(0..num_rows);
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(rows.features, rows.targets, names("x"), names("y"));
        let dataset = dataset.unwrap();
        assert_eq!(dataset.chunks(crate::ChunkOrder::File).unwrap().count(), 1);
        Summary::of(&dataset).unwrap()
    }

    fn cut(
        chunks: Vec<Result<Rows, DataError>>,
        summary: &Summary,
        [batch_size, max_rows]: [usize; 2],
    ) -> Vec<Result<HostBatch<B>, DataError>> {
        let cut = Cut {
            summary,
            scaler: None,
            batch_size,
            max_rows,
        };
        HostBatches::new(chunks.into_iter(), cut).collect()
    }

    #[test]
    fn a_batch_too_large_for_a_tensor_comes_in_parts() {
        let chunks = vec![Ok(rows(0..4)), Ok(rows(4..4)), Ok(rows(4..12))];
        let parts: Vec<(usize, bool)> = cut(chunks, &summary(12), [7, 3])
            .into_iter()
            .map(|part| part.map(|part| (part.targets.len(), part.more_follows)))
            .collect::<Result<_, _>>()
            .unwrap();
        let expected = [(3, true), (3, true), (1, false), (3, true), (2, false)];
        assert_eq!(parts, expected);
    }

    #[test]
    fn rows_that_come_or_go_while_they_are_read_are_errors() {
        for (num_rows, found) in [(9, 10), (11, 10)] {
            let chunks = vec![Ok(rows(0..4)), Ok(rows(4..10))];
            let batches = cut(chunks, &summary(num_rows), [100, 100]);
            let error = batches.into_iter().find_map(Result::err).unwrap();
            assert_eq!(
                error.to_string(),
                format!(
                    "found {found} rows, expected {num_rows} as counted before; leave the data as it is while it is read"
                )
            );
        }
    }

    #[test]
    fn an_error_of_a_chunk_is_the_last_that_comes() {
        let chunks = vec![
            Ok(rows(0..4)),
            Err(DataError::NoRows(NoRows::AtAll)),
            Ok(rows(4..10)),
        ];
        let batches = cut(chunks, &summary(10), [2, 2]);
        assert_eq!(batches.len(), 3);
        assert!(matches!(batches[2], Err(DataError::NoRows(_))));
    }

    proptest! {
        #[test]
        fn any_chunks_give_the_same_batches(
            sizes in prop::collection::vec(0usize..20, 1..20),
            batch_size in 1usize..50, max_rows in 1usize..50,
        ) {
            let num_rows = sizes.iter().sum::<usize>();
            prop_assume!(num_rows > 0);
            let mut start = 0;
            let chunks = sizes.iter().map(|size| {
                start += size;
                Ok(rows(start - size..start))
            });
            let summary = summary(num_rows);
            let in_chunks = cut(chunks.collect(), &summary, [batch_size, max_rows]);
            let whole = cut(vec![Ok(rows(0..num_rows))], &summary, [batch_size, max_rows]);
            prop_assert_eq!(in_chunks.len(), whole.len());
            for (a, b) in in_chunks.into_iter().zip(whole) {
                let (a, b) = (a.unwrap(), b.unwrap());
                prop_assert_eq!(a.features, b.features);
                prop_assert_eq!(a.targets, b.targets);
                prop_assert_eq!(a.more_follows, b.more_follows);
            }
        }
    }
}
