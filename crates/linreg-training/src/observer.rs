use crate::EpochRecord;

/// Receives the progress of a training. `()` ignores it.
pub trait Observer {
    /// Called after each batch that was trained on, or after each full-batch
    /// update.
    fn batch(&mut self) {}

    /// Called at the end of each epoch.
    fn epoch(&mut self, _epoch: &EpochRecord) {}
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn batch(&mut self) {
        (**self).batch();
    }

    fn epoch(&mut self, epoch: &EpochRecord) {
        (**self).epoch(epoch);
    }
}
