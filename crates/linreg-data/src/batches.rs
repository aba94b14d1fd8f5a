use burn::tensor::backend::Backend;
use burn::tensor::{Element, ElementConversion, Tensor, TensorData};
use rand::seq::SliceRandom;

use crate::error::quote;
use crate::random::{Purpose, generator};
use crate::{DataError, Dataset};

/// Some rows as tensors.
#[derive(Clone, Debug)]
pub struct Batch<B: Backend> {
    /// Features, `[batch, num_features]`.
    pub features: Tensor<B, 2>,
    /// Targets, `[batch, 1]`.
    pub targets: Tensor<B, 2>,
}

/// A dataset in minibatches: each row once an epoch, the last batch short
/// where the rows do not divide.
///
/// Rows are rounded to the backend's float type once. A batch is gathered on
/// the host and moved to the device whole, which is several times faster than
/// slicing a tensor of all rows.
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
    features: Vec<B::FloatElem>,
    targets: Vec<B::FloatElem>,
    batch_size: usize,
    device: B::Device,
}

impl<B: Backend> Batches<B> {
    /// Prepares batches of `batch_size` rows, or of all rows if there are
    /// fewer.
    ///
    /// # Errors
    ///
    /// A batch size of 0, or a number too large for the backend's float type.
    pub fn new(
        dataset: &Dataset,
        batch_size: usize,
        device: &B::Device,
    ) -> Result<Self, DataError> {
        if batch_size == 0 {
            return Err(DataError::Setting {
                name: "batch size",
                found: "0".to_string(),
                expected: "at least 1".to_string(),
            });
        }
        let column = |index: usize| dataset.feature_names()[index % dataset.num_features()].clone();
        Ok(Self {
            features: round::<B>(dataset.features(), column)?,
            targets: round::<B>(dataset.targets(), |_| dataset.target_name().to_string())?,
            batch_size: batch_size.min(dataset.num_rows()),
            device: device.clone(),
        })
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.targets.len()
    }

    /// Number of batches of an epoch.
    pub fn num_batches(&self) -> usize {
        self.num_rows().div_ceil(self.batch_size)
    }

    /// Number of rows of every batch but a short last one.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Every row once, in an order that the seed and the number of the epoch
    /// decide.
    pub fn epoch(&self, epoch: usize, seed: u64) -> impl ExactSizeIterator<Item = Batch<B>> + '_ {
        let mut order: Vec<usize> = (0..self.num_rows()).collect();
        order.shuffle(&mut generator(seed, Purpose::Epoch(epoch as u64)));
        self.in_order(order)
    }

    /// The rows of these indices in this order, to replay another program's
    /// epoch.
    ///
    /// # Panics
    ///
    /// If an index is past the last row (when its batch is taken).
    pub fn in_order(&self, order: Vec<usize>) -> impl ExactSizeIterator<Item = Batch<B>> + '_ {
        let num_features = self.features.len() / self.num_rows();
        (0..order.len().div_ceil(self.batch_size)).map(move |index| {
            let start = index * self.batch_size;
            let rows = &order[start..order.len().min(start + self.batch_size)];
            let mut features = Vec::with_capacity(rows.len() * num_features);
            for row in rows {
                let start = row * num_features;
                features.extend_from_slice(&self.features[start..start + num_features]);
            }
            self.batch(
                features,
                rows.iter().map(|row| self.targets[*row]).collect(),
            )
        })
    }

    /// Every row once in the dataset's order, `rows` at a time, as evaluation
    /// wants them.
    ///
    /// # Panics
    ///
    /// If `rows` is 0.
    pub fn sequential(&self, rows: usize) -> impl ExactSizeIterator<Item = Batch<B>> + '_ {
        let rows = rows.min(self.num_rows());
        let num_features = self.features.len() / self.num_rows();
        let features = self.features.chunks(rows * num_features);
        let targets = self.targets.chunks(rows);
        features
            .zip(targets)
            .map(|(features, targets)| self.batch(features.to_vec(), targets.to_vec()))
    }

    fn batch(&self, features: Vec<B::FloatElem>, targets: Vec<B::FloatElem>) -> Batch<B> {
        let rows = targets.len();
        let num_features = features.len() / rows;
        // The float type is named, because Burn 0.21 otherwise takes that of
        // the first backend that used the device.
        let options = (&self.device, B::FloatElem::dtype());
        let features = TensorData::new(features, [rows, num_features]);
        let targets = TensorData::new(targets, [rows, 1]);
        Batch {
            features: Tensor::from_data(features, options),
            targets: Tensor::from_data(targets, options),
        }
    }
}

fn round<B: Backend>(
    values: &[f64],
    column: impl Fn(usize) -> String,
) -> Result<Vec<B::FloatElem>, DataError> {
    let rounded: Vec<B::FloatElem> = values.iter().map(|value| value.elem()).collect();
    let too_large = |value: &B::FloatElem| !value.elem::<f64>().is_finite();
    match rounded.iter().position(too_large) {
        None => Ok(rounded),
        Some(index) => Err(DataError::Columns(format!(
            "column {}: {:e} is too large for the backend's floats; standardise the column or divide it by a power of ten",
            quote(&column(index)),
            values[index]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;
    use proptest::prelude::*;

    type B = NdArray<f64>;

    /// Row `i` is `[i, -i]` with target `10 i`.
    fn batches(rows: usize, batch_size: usize) -> Batches<B> {
        let features = (0..rows).flat_map(|i| [i as f64, -(i as f64)]).collect();
        let targets = (0..rows).map(|i| 10.0 * i as f64).collect();
        let names = vec!["a".to_string(), "b".to_string()];
        let dataset = Dataset::new(features, targets, names, "y".to_string()).unwrap();
        Batches::new(&dataset, batch_size, &Default::default()).unwrap()
    }

    /// The row numbers of each batch, having checked that rows are whole.
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
        let batches = batches(100, 10);
        let order = |epoch, seed| rows(batches.epoch(epoch, seed)).concat();
        assert_eq!(order(0, 1), order(0, 1));
        assert_ne!(order(0, 1), order(1, 1));
        assert_ne!(order(0, 1), order(0, 2));
    }

    #[test]
    fn replays_a_given_order() {
        let order = vec![4, 0, 3, 3, 1];
        let batches = batches(5, 2);
        assert_eq!(
            rows(batches.in_order(order)),
            [vec![4, 0], vec![3, 3], vec![1]]
        );
        assert_eq!(
            rows(batches.sequential(2)),
            [vec![0, 1], vec![2, 3], vec![4]]
        );
    }

    #[test]
    fn refuses_a_batch_size_of_0_and_numbers_that_do_not_fit() {
        let dataset = |x| Dataset::new(vec![x], vec![0.0], vec!["x".into()], "y".into()).unwrap();
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
        ) {
            let batches = batches(num_rows, batch_size);
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
