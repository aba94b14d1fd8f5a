use serde::{Deserialize, Serialize};

/// What an epoch of training came to.
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
    /// The same over the rows held out.
    pub validation_loss: Option<f64>,
    /// Learning rate of its last update; none where the optimizer finds its own.
    pub learning_rate: Option<f64>,
    /// Seconds of training by its end, those before it was resumed counted.
    pub seconds: f64,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All epochs were done.
    Epochs,
    /// The most updates were made.
    Steps,
    /// The longest time was over.
    Time,
    /// The rows held out were predicted no better for as many epochs as patience
    /// allows; the model is that of the best.
    Patience,
    /// The gradient was within the tolerance of 0.
    Converged,
    /// Updates no longer changed the objective in the backend's floats.
    Precision,
}
