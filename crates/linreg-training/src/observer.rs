use std::time::Duration;

/// Is told how training goes on. `()` does nothing with it.
pub trait Observer {
    /// A batch has been trained on.
    fn batch(&mut self) {}

    /// An epoch has ended.
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
    /// Number of epochs that are planned.
    pub num_epochs: usize,
    /// Mean loss over all rows, in the loss's unit (the target's, squared for the
    /// squared and the Huber loss), summed over the targets; without the penalty.
    pub loss: f64,
    /// The same over the rows held out for validation, where there are some.
    pub validation: Option<f64>,
    /// Step size of the last update; none where the optimizer finds its own.
    pub learning_rate: Option<f64>,
    /// Rows trained on in this epoch.
    pub num_rows: usize,
    /// Time of the epoch, the losses after it included.
    pub elapsed: Duration,
    /// Time of training so far, that before it was resumed included.
    pub since_start: Duration,
}

impl EpochReport {
    /// An epoch that ended with this loss, for a loop of one's own; nothing else
    /// is known of it yet.
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

    /// Rows trained on in a second.
    pub fn rows_per_second(&self) -> f64 {
        // No clock is finer.
        self.num_rows as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}
