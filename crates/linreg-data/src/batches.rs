use std::sync::Arc;

use burn::config::Config;
use burn::tensor::backend::Backend;
use burn::tensor::{Element, ElementConversion, Int, Tensor, TensorData, s};
use rand::seq::SliceRandom;

use crate::ahead::Ahead;
use crate::batch::{
    Batch, HostBatch, MAX_TENSOR_NUMBERS, check_batch_size, max_tensor_rows, round, round_weights,
};
use crate::dataset::check_indices;
use crate::random::{Purpose, generator};
use crate::rows::mean_weight;
use crate::{DataError, Dataset};

/// The memory that holds the rows from which batches are gathered.
#[derive(Config, Copy, Debug, PartialEq)]
pub enum Placement {
    /// In the host's memory: each batch is gathered there and moved to the
    /// device as a whole, while the device computes on the batch before it.
    /// This is the faster way on CPU backends.
    Host,
    /// In the device's memory: all rows are moved once, and batches are
    /// gathered there. Rows with more numbers than
    /// [`MAX_TENSOR_NUMBERS`](crate::MAX_TENSOR_NUMBERS) stay in the host's
    /// memory.
    Device,
}

/// A dataset in minibatches: each row comes once in an epoch, and the last
/// batch is shorter if the batch size does not divide the number of rows.
///
/// Rows are rounded to the backend's float type once, when the batches are
/// made.
///
/// # Example
///
/// ```
/// use burn_ndarray::NdArray;
/// use linreg_data::{Batches, SyntheticConfig};
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let dataset = SyntheticConfig::new(vec![1.0], 0.0).with_num_examples(25).generate()?;
/// let batches = Batches::<NdArray>::new(&dataset, 10, &Default::default())?;
/// let sizes: Vec<usize> = batches.epoch(0, 42).map(|batch| batch.targets.dims()[0]).collect();
/// assert_eq!(sizes, [10, 10, 5]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Batches<B: Backend> {
    rows: Kept<B>,
    num_rows: usize,
    num_features: usize,
    num_targets: usize,
    batch_size: usize,
    device: B::Device,
}

/// All rows, from which batches are gathered.
#[derive(Clone, Debug)]
enum Kept<B: Backend> {
    /// In the host's memory, shared with the thread that gathers.
    Host(Arc<HostBatch<B>>),
    Device(Batch<B>),
}

impl<B: Backend> Batches<B> {
    /// Prepares batches of `batch_size` rows, or of all rows if there are
    /// fewer; the rows stay in the host's memory.
    ///
    /// # Errors
    ///
    /// A batch size of 0, or a number too large for the backend's float type.
    pub fn new(
        dataset: &Dataset,
        batch_size: usize,
        device: &B::Device,
    ) -> Result<Self, DataError> {
        check_batch_size(batch_size)?;
        let num_rows = dataset.num_rows();
        let mut rows = HostBatch {
            features: Vec::with_capacity(dataset.features().len()),
            targets: Vec::with_capacity(dataset.targets().len()),
            weights: None,
            more_follows: false,
        };
        round(
            &mut rows.features,
            dataset.features(),
            dataset.feature_names(),
        )?;
        round(&mut rows.targets, dataset.targets(), dataset.target_names())?;
        if let Some(weights) = dataset.weights() {
            let mean = mean_weight(weights.iter().sum(), num_rows)?;
            let rounded = rows.weights.insert(Vec::with_capacity(num_rows));
            round_weights(rounded, weights, mean);
        }
        Ok(Self {
            rows: Kept::Host(Arc::new(rows)),
            num_rows,
            num_features: dataset.num_features(),
            num_targets: dataset.num_targets(),
            batch_size: batch_size.min(num_rows),
            device: device.clone(),
        })
    }

    /// Moves the rows to the device, if that is the placement and they fit into
    /// one tensor; otherwise they stay where they are.
    pub fn place(mut self, placement: Placement) -> Self {
        let width = self.num_features.max(self.num_targets);
        let fits = self.num_rows * width <= MAX_TENSOR_NUMBERS;
        self.rows = match (placement, self.rows) {
            (Placement::Device, Kept::Host(rows)) if fits => {
                Kept::Device(Arc::unwrap_or_clone(rows).into_batch(self.num_targets, &self.device))
            }
            (_, rows) => rows,
        };
        self
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.num_features
    }

    /// Number of targets of a row.
    pub fn num_targets(&self) -> usize {
        self.num_targets
    }

    /// Number of batches of an epoch.
    pub fn num_batches(&self) -> usize {
        self.num_rows.div_ceil(self.batch_size)
    }

    /// Number of rows of every batch but a short last one.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The memory that holds the rows.
    pub fn placement(&self) -> Placement {
        match self.rows {
            Kept::Host(_) => Placement::Host,
            Kept::Device(_) => Placement::Device,
        }
    }

    /// Returns batches of every row once, in an order that depends on the seed
    /// and the number of the epoch.
    pub fn epoch(&self, epoch: usize, seed: u64) -> impl ExactSizeIterator<Item = Batch<B>> + '_ {
        let mut order: Vec<usize> = (0..self.num_rows).collect();
        order.shuffle(&mut generator(seed, Purpose::Epoch(epoch as u64)));
        self.gathered(order)
    }

    /// Returns batches of the rows at these indices, in this order; for example
    /// to replay another program's epoch.
    ///
    /// # Errors
    ///
    /// [`RowsError::NoRow`](crate::RowsError::NoRow) for an index past the last
    /// row.
    pub fn in_order(
        &self,
        order: Vec<usize>,
    ) -> Result<Box<dyn ExactSizeIterator<Item = Batch<B>> + '_>, DataError> {
        check_indices(&order, self.num_rows)?;
        Ok(self.gathered(order))
    }

    /// As [`in_order`](Self::in_order), of indices of rows.
    fn gathered(&self, order: Vec<usize>) -> Box<dyn ExactSizeIterator<Item = Batch<B>> + '_> {
        let part_size = max_tensor_rows(self.num_features, self.num_targets);
        let mut parts = Vec::with_capacity(self.num_batches());
        for start in (0..order.len()).step_by(self.batch_size) {
            let end = order.len().min(start + self.batch_size);
            for start in (start..end).step_by(part_size) {
                parts.push((start..end.min(start + part_size), start + part_size < end));
            }
        }
        match &self.rows {
            Kept::Host(rows) => {
                let (rows, widths) = (Arc::clone(rows), self.widths());
                let (order, parts) = (Arc::new(order), Arc::new(parts));
                self.made_on_host(parts.len(), self.batch_size.min(part_size), move |part| {
                    let (range, more_follows) = parts[part].clone();
                    HostBatch {
                        more_follows,
                        ..rows.gather(&order[range], widths)
                    }
                })
            }
            Kept::Device(rows) => Box::new(parts.into_iter().map(move |(range, more_follows)| {
                let order = self.indices(&order[range]);
                let gather = |rows: &Tensor<B, 2>| rows.clone().select(0, order.clone());
                Batch {
                    features: gather(&rows.features),
                    targets: gather(&rows.targets),
                    weights: rows.weights.as_ref().map(gather),
                    more_follows,
                }
            })),
        }
    }

    /// Returns every row once in the dataset's order, `rows` at a time, for
    /// evaluation. 0 counts as 1.
    pub fn sequential(&self, rows: usize) -> Box<dyn ExactSizeIterator<Item = Batch<B>> + '_> {
        let rows = rows.max(1);
        let (num_rows, num_batches) = (self.num_rows, self.num_rows.div_ceil(rows));
        let range = move |index: usize| index * rows..num_rows.min((index + 1) * rows);
        match &self.rows {
            Kept::Host(kept) => {
                let (kept, widths) = (Arc::clone(kept), self.widths());
                self.made_on_host(num_batches, rows.min(num_rows), move |index| {
                    kept.part(range(index), widths)
                })
            }
            Kept::Device(kept) => Box::new((0..num_batches).map(move |index| {
                let part = |rows: &Tensor<B, 2>| rows.clone().slice(s![range(index), ..]);
                Batch {
                    features: part(&kept.features),
                    targets: part(&kept.targets),
                    weights: kept.weights.as_ref().map(part),
                    more_follows: false,
                }
            })),
        }
    }

    /// Returns batches that are made on the host, ahead of the device;
    /// `num_rows` is about the number of rows of each.
    fn made_on_host(
        &self,
        num_batches: usize,
        num_rows: usize,
        make: impl Fn(usize) -> HostBatch<B> + Clone + Send + 'static,
    ) -> Box<dyn ExactSizeIterator<Item = Batch<B>> + '_> {
        let batches = Ahead::new(num_batches, num_rows * self.num_features, make);
        Box::new(batches.map(|batch| batch.into_batch(self.num_targets, &self.device)))
    }

    fn widths(&self) -> [usize; 2] {
        [self.num_features, self.num_targets]
    }

    /// Returns indices of rows as a tensor on the device.
    fn indices(&self, order: &[usize]) -> Tensor<B, 1, Int> {
        let indices = order.iter().map(|row| (*row as i64).elem::<B::IntElem>());
        let order = TensorData::new(indices.collect(), [order.len()]);
        Tensor::from_data(order, (&self.device, B::IntElem::dtype()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;
    use proptest::prelude::*;

    type B = NdArray<f64>;

    /// Row `i` is `[i, -i]` with target `10 i`.
    fn batches(rows: usize, batch_size: usize, placement: Placement) -> Batches<B> {
        let features = (0..rows).flat_map(|i| [i as f64, -(i as f64)]).collect();
        let targets = (0..rows).map(|i| 10.0 * i as f64).collect();
        let names = vec!["a".to_string(), "b".to_string()];
        let dataset = Dataset::new(features, targets, names, vec!["y".to_string()]).unwrap();
        Batches::new(&dataset, batch_size, &Default::default())
            .unwrap()
            .place(placement)
    }

    /// Returns the row numbers of each batch, after checking that rows are
    /// whole.
    fn rows(batches: impl Iterator<Item = Batch<B>>) -> Vec<Vec<usize>> {
        batches
            .map(|batch| {
                let size = batch.targets.dims()[0];
                assert_eq!(batch.features.dims(), [size, 2]);
                assert_eq!(batch.targets.dims(), [size, 1]);
                let features: Vec<f64> = batch.features.into_data().to_vec().unwrap();
                let targets: Vec<f64> = batch.targets.into_data().to_vec().unwrap();
                for (row, target) in features.chunks(2).zip(&targets) {
                    assert_eq!((row[1], *target), (-row[0], 10.0 * row[0]));
                }
                features.iter().step_by(2).map(|x| *x as usize).collect()
            })
            .collect()
    }

    #[test]
    fn each_epoch_has_its_own_order_and_a_seed_names_it() {
        let batches = batches(100, 10, Placement::Host);
        let order = |epoch, seed| rows(batches.epoch(epoch, seed)).concat();
        assert_eq!(order(0, 1), order(0, 1));
        assert_ne!(order(0, 1), order(1, 1));
        assert_ne!(order(0, 1), order(0, 2));
    }

    #[test]
    fn replays_a_given_order() {
        for placement in [Placement::Host, Placement::Device] {
            let batches = batches(5, 2, placement);
            assert_eq!(batches.placement(), placement);
            let replayed = rows(batches.in_order(vec![4, 0, 3, 3, 1]).unwrap());
            assert_eq!(replayed, [vec![4, 0], vec![3, 3], vec![1]]);
            let in_file_order = rows(batches.sequential(2));
            assert_eq!(in_file_order, [vec![0, 1], vec![2, 3], vec![4]]);
            assert_eq!(rows(batches.sequential(0)).len(), 5);
            let error = batches.in_order(vec![0, 5]).err().unwrap();
            assert_eq!(
                error.to_string(),
                "there is no row of index 5; there are 5 rows, counted from 0"
            );
        }
    }

    #[test]
    fn a_batch_too_large_for_a_tensor_comes_in_parts() {
        let batches = batches(100_000, 70_000, Placement::Host);
        assert_eq!(batches.num_batches(), 2);
        let parts: Vec<(usize, bool)> = batches
            .in_order((0..100_000).collect())
            .unwrap()
            .map(|part| (part.targets.dims()[0], part.more_follows))
            .collect();
        let expected = [
            (32_768, true),
            (32_768, true),
            (4464, false),
            (30_000, false),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn rows_too_many_for_a_tensor_stay_with_the_host() {
        let wide = |num_rows| {
            let names = (0..1024).map(|i| format!("x{i}")).collect();
            let features = vec![0.0; num_rows * 1024];
            let dataset =
                Dataset::new(features, vec![0.0; num_rows], names, vec!["y".into()]).unwrap();
            let batches = Batches::<NdArray>::new(&dataset, 20_000, &Default::default());
            let batches = batches.unwrap().place(Placement::Device);
            let sizes = batches.epoch(0, 0).map(|batch| batch.targets.dims()[0]);
            (batches.placement(), sizes.collect::<Vec<_>>())
        };
        assert_eq!(wide(16_384), (Placement::Device, vec![16_384]));
        assert_eq!(wide(16_385), (Placement::Host, vec![16_384, 1]));
    }

    #[test]
    fn refuses_a_batch_size_of_0_and_numbers_that_do_not_fit() {
        let dataset =
            |x| Dataset::new(vec![x], vec![0.0], vec!["x".into()], vec!["y".into()]).unwrap();
        let error = Batches::<B>::new(&dataset(0.0), 0, &Default::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the batch size is 0, expected at least 1"
        );
        let large = dataset(1e39);
        assert!(Batches::<B>::new(&large, 1, &Default::default()).is_ok());
        let error = Batches::<NdArray<f32>>::new(&large, 1, &Default::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `x`: 1e39 is too large for the backend's floats; \
             standardise the column or divide it by a power of ten"
        );
    }

    proptest! {
        #[test]
        fn an_epoch_visits_every_row_once(
            num_rows in 1usize..60, batch_size in 1usize..70, epoch in 0usize..5, seed: u64,
            on_device: bool,
        ) {
            let placement = if on_device { Placement::Device } else { Placement::Host };
            let batches = batches(num_rows, batch_size, placement);
            let visited = rows(batches.epoch(epoch, seed));
            prop_assert_eq!(visited.len(), batches.num_batches());
            for batch in &visited[..visited.len() - 1] {
                prop_assert_eq!(batch.len(), batch_size);
            }
            let mut all = visited.concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..num_rows));
        }
    }
}
