use burn::tensor::backend::Backend;

use crate::{Batch, Batches, DataError};

/// A source of minibatches, epoch after epoch: [`Batches`] for rows in memory,
/// [`StreamedBatches`](crate::StreamedBatches) for rows that are read again in
/// every epoch.
pub trait BatchSource<B: Backend> {
    /// Number of rows; at least 1.
    fn num_rows(&self) -> usize;

    /// Number of features of a row; at least 1.
    fn num_features(&self) -> usize;

    /// Number of targets of a row; at least 1.
    fn num_targets(&self) -> usize;

    /// Number of rows of every batch but a short last one; at least 1.
    fn batch_size(&self) -> usize;

    /// Number of batches of an epoch.
    fn num_batches(&self) -> usize {
        self.num_rows().div_ceil(self.batch_size().max(1))
    }

    /// Returns batches of every row once, in an order that depends on the seed
    /// and the number of the epoch. Nothing follows an error.
    fn epoch(
        &self,
        epoch: usize,
        seed: u64,
    ) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_;

    /// Returns every row once in the data's own order, `rows` at a time, for
    /// evaluation; 0 counts as 1. Nothing follows an error.
    fn sequential(&self, rows: usize) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_;
}

impl<B: Backend> BatchSource<B> for Batches<B> {
    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn num_features(&self) -> usize {
        self.num_features()
    }

    fn num_targets(&self) -> usize {
        self.num_targets()
    }

    fn batch_size(&self) -> usize {
        self.batch_size()
    }

    fn epoch(
        &self,
        epoch: usize,
        seed: u64,
    ) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_ {
        self.epoch(epoch, seed).map(Ok)
    }

    fn sequential(&self, rows: usize) -> impl Iterator<Item = Result<Batch<B>, DataError>> + '_ {
        self.sequential(rows).map(Ok)
    }
}
