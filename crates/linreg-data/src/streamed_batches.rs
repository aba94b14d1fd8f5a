use std::sync::mpsc::sync_channel;
use std::thread::{Builder, Scope};

use burn::tensor::backend::Backend;

use crate::ahead::send;
use crate::batch::{HostBatch, check_batch_size, max_tensor_rows};
use crate::host_batches::{Cut, HostBatches};
use crate::{
    Batch, BatchSource, ChunkOrder, DataError, RowSource, Rows, Scaler, ShuffleBuffer, Summary,
};

/// Minibatches of rows that do not fit in memory: each row comes once in an
/// epoch.
///
/// Each epoch reads the source again, its chunks in an order of its own, and
/// shuffles the rows in a [`ShuffleBuffer`]. Reading, shuffling and rounding
/// run on a thread of the given scope, at most two groups of batches ahead of
/// the consumer.
///
/// # Example
///
/// ```
/// use burn_ndarray::NdArray;
/// use linreg_data::{BatchSource, DataError, StreamedBatches, Summary, SyntheticConfig};
///
/// # fn main() -> Result<(), DataError> {
/// // A dataset stands for a source that is read from a file.
/// let source = SyntheticConfig::new(vec![1.0], 0.0).with_num_examples(25).generate()?;
/// let summary = Summary::of(&source)?;
/// let sizes: Result<Vec<usize>, DataError> = std::thread::scope(|scope| {
///     let device = Default::default();
///     let batches = StreamedBatches::<NdArray, _>::new(scope, &source, &summary, 10, &device)?;
///     let batches = batches.with_shuffle_rows(20);
///     let epoch = batches.epoch(0, 42);
///     epoch.map(|batch| Ok(batch?.targets.dims()[0])).collect()
/// });
/// assert_eq!(sizes?, [10, 10, 5]);
/// # Ok(())
/// # }
/// ```
pub struct StreamedBatches<'scope, 'env, B: Backend, S: ?Sized> {
    scope: &'scope Scope<'scope, 'env>,
    source: &'env S,
    summary: &'env Summary,
    scaler: Option<&'env Scaler>,
    batch_size: usize,
    shuffle_rows: usize,
    device: B::Device,
}

impl<'scope, 'env, B: Backend, S: RowSource + ?Sized> StreamedBatches<'scope, 'env, B, S> {
    /// Prepares batches of `batch_size` rows, or of all rows if there are
    /// fewer, from a source with this [`Summary`], in the order in which its
    /// chunks come.
    ///
    /// # Errors
    ///
    /// A batch size of 0.
    pub fn new(
        scope: &'scope Scope<'scope, 'env>,
        source: &'env S,
        summary: &'env Summary,
        batch_size: usize,
        device: &B::Device,
    ) -> Result<Self, DataError> {
        check_batch_size(batch_size)?;
        Ok(Self {
            scope,
            source,
            summary,
            scaler: None,
            batch_size: batch_size.min(summary.num_rows).max(1),
            shuffle_rows: 1,
            device: device.clone(),
        })
    }

    /// Sets the scaler that rows go through, if there is one.
    pub fn with_scaler(self, scaler: Option<&'env Scaler>) -> Self {
        Self { scaler, ..self }
    }

    /// Sets the size of the [`ShuffleBuffer`] that rows go through, in rows.
    /// Default: 1, which does not shuffle.
    pub fn with_shuffle_rows(self, shuffle_rows: usize) -> Self {
        Self {
            shuffle_rows,
            ..self
        }
    }

    /// Cuts chunks into batches on a thread of their own.
    fn produce<I>(
        &self,
        chunks: Result<I, DataError>,
        batch_size: usize,
    ) -> impl Iterator<Item = Result<Batch<B>, DataError>> + use<'_, 'scope, 'env, I, B, S>
    where
        I: Iterator<Item = Result<Rows, DataError>> + Send + 'env,
    {
        let num_targets = self.summary.num_targets();
        let cut = Cut {
            summary: self.summary,
            scaler: self.scaler,
            batch_size,
            max_rows: max_tensor_rows(self.summary.num_features(), num_targets),
        };
        let (sender, receiver) = sync_channel(1);
        let numbers = |batch: &Result<HostBatch<B>, _>| {
            let batch = batch.as_ref();
            batch.map_or(0, |batch| batch.features.len())
        };
        let (mut failed, mut here) = (None, None);
        match chunks {
            Err(error) => failed = Some(Err(error)),
            Ok(chunks) => {
                let batches = HostBatches::<_, B>::new(chunks, cut);
                let (hand_over, handed) = sync_channel::<HostBatches<'env, I, B>>(1);
                let thread = Builder::new().name("linreg rows".to_string());
                let work = move || {
                    if let Ok(batches) = handed.recv() {
                        send(batches, numbers, &sender);
                    }
                };
                match thread.spawn_scoped(self.scope, work) {
                    // The thread waits for the batches; if it is gone, they
                    // come back here.
                    Ok(_) => here = hand_over.send(batches).err().map(|lost| lost.0),
                    // If no thread can be started, this one does the work.
                    Err(_) => here = Some(batches),
                }
            }
        }
        let batches = here.into_iter().flatten();
        let batches = batches.chain(receiver.into_iter().flatten());
        let batches = batches.map(move |batch: Result<HostBatch<B>, _>| {
            Ok(batch?.into_batch(num_targets, &self.device))
        });
        failed.into_iter().chain(batches)
    }
}

impl<B: Backend, S: RowSource + ?Sized> BatchSource<B> for StreamedBatches<'_, '_, B, S> {
    fn num_rows(&self) -> usize {
        self.summary.num_rows
    }

    fn num_features(&self) -> usize {
        self.summary.num_features()
    }

    fn num_targets(&self) -> usize {
        self.summary.num_targets()
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn epoch(
        &self,
        epoch: usize,
        seed: u64,
    ) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_ {
        let widths = [self.num_features(), self.num_targets()];
        let chunks = self.source.chunks(ChunkOrder::of_epoch(epoch, seed));
        let rows =
            chunks.map(|chunks| ShuffleBuffer::new(chunks, widths, self.shuffle_rows, epoch, seed));
        self.produce(rows, self.batch_size)
    }

    fn sequential(&self, rows: usize) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_ {
        self.produce(self.source.chunks(ChunkOrder::File), rows.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoRows;
    use crate::row_source::RowChunks;
    use crate::{Batches, Dataset};
    use burn::tensor::Tensor;
    use burn_ndarray::NdArray;

    type B = NdArray<f64>;

    /// Row `i` is `[i, -i]` with the targets `10 i` and `-i` and weight `i`.
    fn dataset(num_rows: usize) -> Dataset {
        let rows: Vec<f64> = (0..num_rows).map(|row| row as f64).collect();
        Dataset::new(
            rows.iter().flat_map(|i| [*i, -i]).collect(),
            rows.iter().flat_map(|i| [10.0 * i, -i]).collect(),
            vec!["a".into(), "b".into()],
            vec!["y".into(), "z".into()],
        )
        .unwrap()
        .with_weights(rows)
        .unwrap()
    }

    fn numbers<B: Backend>(tensor: Tensor<B, 2>) -> Vec<f64> {
        tensor.into_data().iter().collect()
    }

    /// Calls `call` with a function that returns an epoch's rows in streamed
    /// batches of 10.
    fn streamed<T>(
        source: &impl RowSource,
        shuffle_rows: usize,
        call: impl FnOnce(&dyn Fn(usize) -> Result<Vec<Vec<f64>>, DataError>) -> T,
    ) -> T {
        let summary = Summary::of(source).unwrap();
        std::thread::scope(|scope| {
            let device = Default::default();
            let batches = StreamedBatches::<B, _>::new(scope, source, &summary, 10, &device);
            let batches = batches.unwrap().with_shuffle_rows(shuffle_rows);
            call(&|epoch| {
                let batches = batches.epoch(epoch, 5);
                batches
                    .map(|batch| {
                        let batch = batch?;
                        let features = numbers(batch.features);
                        let targets = numbers(batch.targets);
                        let weights = numbers(batch.weights.unwrap());
                        for (row, x) in features.chunks(2).enumerate() {
                            assert_eq!(x[1], -x[0]);
                            assert_eq!(targets[2 * row..2 * row + 2], [10.0 * x[0], -x[0]]);
                            let mean = (source.num_rows() - 1) as f64 / 2.0;
                            assert!((weights[row] * mean - x[0]).abs() < 1e-9);
                        }
                        Ok(features.into_iter().step_by(2).collect())
                    })
                    .collect()
            })
        })
    }

    #[test]
    fn an_epoch_visits_every_row_once_in_an_order_of_its_own() {
        let source = dataset(20_005);
        streamed(&source, 1000, |epoch| {
            let first = epoch(0).unwrap();
            assert_eq!(first.len(), 2001);
            assert!(first[..2000].iter().all(|batch| batch.len() == 10));
            assert_eq!(epoch(0).unwrap(), first);
            assert_ne!(epoch(1).unwrap(), first);
            let mut rows = first.concat();
            assert!(!rows.is_sorted());
            rows.sort_by(f64::total_cmp);
            assert!(rows.into_iter().eq((0..20_005).map(f64::from)));
        });
    }

    #[test]
    fn in_sequence_the_batches_are_those_of_memory() {
        let dataset = dataset(10_000);
        let summary = Summary::of(&dataset).unwrap();
        let scaler = Scaler::fit(&dataset).unwrap();
        let device = Default::default();
        let scaled = scaler.transform(&dataset).unwrap();
        let in_memory = Batches::<B>::new(&scaled, 10, &device).unwrap();
        std::thread::scope(|scope| {
            let batches = StreamedBatches::<B, _>::new(scope, &dataset, &summary, 10, &device);
            let batches = batches.unwrap().with_scaler(Some(&scaler));
            let pairs = batches.sequential(3000).zip(in_memory.sequential(3000));
            let mut count = 0;
            for (streamed, expected) in pairs {
                let streamed = streamed.unwrap();
                assert_eq!(numbers(streamed.features), numbers(expected.features));
                assert_eq!(numbers(streamed.targets), numbers(expected.targets));
                let weights = [streamed.weights, expected.weights].map(Option::unwrap);
                let [a, b] = weights.map(numbers);
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12));
                count += 1;
            }
            assert_eq!(count, 4);
        });
    }

    /// Rows of which a later pass cannot be read to the end; the number counts
    /// the passes before it.
    struct Failing(Dataset, std::sync::atomic::AtomicUsize);

    impl RowSource for Failing {
        fn feature_names(&self) -> &[String] {
            self.0.feature_names()
        }

        fn target_names(&self) -> &[String] {
            self.0.target_names()
        }

        fn num_rows(&self) -> usize {
            self.0.num_rows()
        }

        fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
            let chunks = self.0.chunks(order)?;
            match self.1.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Ok(Box::new(
                    chunks
                        .take(1)
                        .chain([Err(DataError::NoRows(NoRows::AtAll))]),
                )),
                usize::MAX => Err(DataError::Overflow("x".into())),
                _ => Ok(chunks),
            }
        }
    }

    #[test]
    fn an_error_in_any_chunk_comes_with_the_batches() {
        streamed(&Failing(dataset(20_000), 2.into()), 50, |epoch| {
            assert_eq!(epoch(0).unwrap().len(), 2000);
            assert!(matches!(epoch(1), Err(DataError::NoRows(_))));
            assert!(matches!(epoch(2), Err(DataError::Overflow(_))));
        });
    }

    #[test]
    fn whoever_takes_no_more_batches_is_not_waited_for() {
        let dataset = dataset(300_000);
        let summary = Summary::of(&dataset).unwrap();
        std::thread::scope(|scope| {
            let device = Default::default();
            let batches = StreamedBatches::<B, _>::new(scope, &dataset, &summary, 10, &device);
            assert!(batches.unwrap().epoch(0, 0).next().unwrap().is_ok());
        });
    }

    #[test]
    fn a_number_too_large_for_the_backend_names_its_column() {
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(vec![1e39], vec![0.0], names("x"), names("y")).unwrap();
        let summary = Summary::of(&dataset).unwrap();
        std::thread::scope(|scope| {
            let device = Default::default();
            let batches = StreamedBatches::<NdArray, _>::new(scope, &dataset, &summary, 1, &device);
            let error = batches.unwrap().epoch(0, 0).next().unwrap().unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("column `x`: 1e39 is too large")
            );
        });
    }
}
