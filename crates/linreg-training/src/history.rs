use serde::{Deserialize, Serialize};

/// Results of one epoch of training.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Number of updates made by its end.
    pub steps: usize,
    /// Mean loss over all rows trained on, in the loss's unit (the target's,
    /// squared for the squared and the Huber loss), summed over the targets;
    /// without the penalty.
    pub loss: f64,
    /// Mean loss over the validation rows, if there are any.
    pub validation_loss: Option<f64>,
    /// Learning rate of its last update; none for a full-batch optimizer.
    pub learning_rate: Option<f64>,
    /// Seconds of training by its end, including the time before it was resumed.
    pub seconds: f64,
    /// Number of rows trained on per second, including the time of the losses at its
    /// end; 0 for an epoch read from a checkpoint that did not have it.
    #[serde(default)]
    pub rows_per_second: f64,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All configured epochs were done.
    Epochs,
    /// The largest number of updates was reached.
    Steps,
    /// The largest time was reached.
    Time,
    /// Early stopping: the validation loss did not improve for as many epochs as
    /// patience allows. The model is that of the best epoch.
    Patience,
    /// The gradient was within the tolerance of 0.
    Converged,
    /// Further updates would not lower the objective in the precision of the
    /// backend's floats.
    Precision,
}
