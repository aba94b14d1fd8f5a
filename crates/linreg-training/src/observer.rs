use std::time::Duration;

/// Receives the progress of a training. `()` ignores it.
pub trait Observer {
    /// Called after each batch that was trained on, or after each full-batch
    /// update.
    fn batch(&mut self) {}

    /// Called at the end of each epoch.
    fn epoch(&mut self, _report: &EpochReport) {}
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn batch(&mut self) {
        (**self).batch();
    }

    fn epoch(&mut self, report: &EpochReport) {
        (**self).epoch(report);
    }
}

/// What is known at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EpochReport {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Largest number of epochs, as configured.
    pub num_epochs: usize,
    /// Mean loss over all rows, in the loss's unit (the target's, squared for the
    /// squared and the Huber loss), summed over the targets; without the penalty.
    pub loss: f64,
    /// Mean loss over the validation rows, if there are any.
    pub validation: Option<f64>,
    /// Learning rate of the last update; none for a full-batch optimizer, which
    /// has no learning rate.
    pub learning_rate: Option<f64>,
    /// Number of rows of the training data, also where a limit ended the epoch
    /// early.
    pub num_rows: usize,
    /// Time of the epoch, including the computation of the losses at its end.
    pub elapsed: Duration,
    /// Time of training so far, including the time before it was resumed.
    pub since_start: Duration,
}

impl EpochReport {
    /// Returns a report with this loss, for a training loop of your own. The
    /// other fields are none or 0.
    pub fn new(epoch: usize, num_epochs: usize, loss: f64) -> Self {
        Self {
            epoch,
            num_epochs,
            loss,
            validation: None,
            learning_rate: None,
            num_rows: 0,
            elapsed: Duration::ZERO,
            since_start: Duration::ZERO,
        }
    }

    /// Number of rows trained on per second.
    pub fn rows_per_second(&self) -> f64 {
        // At least a nanosecond, so that there is no division by 0.
        self.num_rows as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}
