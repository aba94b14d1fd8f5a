use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use linreg_data::{BatchSource, MAX_TENSOR_NUMBERS};

use crate::read::read_all;

/// The losses of the batches of an epoch. They stay on the device until there are
/// many of them, so that most steps do not wait for the device.
pub(crate) struct EpochLosses<B: Backend> {
    waiting: Vec<Tensor<B, 2>>,
    num_rows_waiting: usize,
    /// Largest number of rows that wait to be read.
    max_waiting: usize,
    /// Number of rows of every batch, except a short last one.
    batch_size: usize,
    num_targets: usize,
    pub(crate) num_rows_read: usize,
    pub(crate) first_not_finite: Option<(usize, f64)>,
}

impl<B: Backend> EpochLosses<B> {
    /// Largest number of tensors that wait to be read.
    const MAX_TENSORS: usize = 4096;

    pub(crate) fn new(batches: &impl BatchSource<B>) -> Self {
        Self {
            waiting: Vec::new(),
            num_rows_waiting: 0,
            // Reading losses makes the host wait for the device. Otherwise the
            // queue of batches could fill its memory.
            max_waiting: MAX_TENSOR_NUMBERS / batches.num_features(),
            batch_size: batches.batch_size(),
            num_targets: batches.num_targets(),
            num_rows_read: 0,
            first_not_finite: None,
        }
    }

    pub(crate) fn push(&mut self, losses: Tensor<B, 2>) {
        self.num_rows_waiting += losses.dims()[0];
        self.waiting.push(losses);
        if self.num_rows_waiting >= self.max_waiting || self.waiting.len() == Self::MAX_TENSORS {
            self.read();
        }
    }

    pub(crate) fn read(&mut self) {
        self.num_rows_waiting = 0;
        for losses in read_all(std::mem::take(&mut self.waiting)) {
            if self.first_not_finite.is_none() {
                let mut losses = losses.iter::<f64>().enumerate();
                let first = losses.find(|(_, loss)| !loss.is_finite());
                self.first_not_finite = first.map(|(index, loss)| {
                    let row = self.num_rows_read + index / self.num_targets;
                    (row / self.batch_size, loss)
                });
            }
            self.num_rows_read += losses.num_elements() / self.num_targets;
        }
    }

    /// Returns the number of rows of the epoch so far.
    pub(crate) fn num_rows(&self) -> usize {
        self.num_rows_read + self.num_rows_waiting
    }

    /// Reads the remaining losses, returns the first batch with a loss that is
    /// not finite, and resets the state for the next epoch.
    pub(crate) fn end(&mut self) -> Option<(usize, f64)> {
        self.read();
        self.num_rows_read = 0;
        self.first_not_finite.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;
    use linreg_data::{Batches, SyntheticConfig};

    #[test]
    fn names_the_first_batch_with_a_loss_that_is_not_finite() {
        let device = Default::default();
        let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_num_examples(8);
        let dataset = config.generate().unwrap();
        let batches = Batches::<NdArray>::new(&dataset, 2, &device).unwrap();
        let mut losses = EpochLosses::new(&batches);
        for batch in [[0.0, 1.0], [2.0, 3.0], [4.0, f32::NAN], [f32::NAN, 0.0]] {
            let batch = Tensor::<NdArray, 1>::from_data(batch, &device);
            losses.push(batch.reshape([2, 1]));
            losses.read();
        }
        let (batch, loss) = losses.end().unwrap();
        assert_eq!(batch, 2);
        assert!(loss.is_nan());
        assert_eq!(losses.end(), None);
    }
}
