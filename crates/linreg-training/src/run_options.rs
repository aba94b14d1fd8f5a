use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use linreg_data::RowSource;

use crate::{Checkpoint, CheckpointFile};

/// What a training run is given besides its configuration. By default, nothing.
#[derive(Default)]
pub struct RunOptions<'a> {
    /// Validation rows, in the units of the training rows. The loss on them is
    /// computed after each epoch, and early stopping uses it.
    pub validation: Option<&'a dyn RowSource>,
    /// Where and how often to save checkpoints. One is saved before the first
    /// update, others during training, and one at its end. If the first cannot be
    /// saved, training does not start; if a later one cannot, training continues,
    /// see [`Trained::not_saved`](crate::Trained::not_saved).
    pub checkpoint: Option<Checkpointing>,
    /// The checkpoint to resume from. With the same CPU backend, data and
    /// configuration, the model is bit for bit that of a training that was never
    /// interrupted. The limits
    /// [`max_seconds`](crate::TrainingConfig::max_seconds) and
    /// [`max_steps`](crate::TrainingConfig::max_steps) may be others; a schedule, and
    /// a learning rate computed from the data, that depend on the number of updates
    /// are then those of the new limit.
    pub resume: Option<Checkpoint>,
    /// Once this is true, training stops after the current update, saves a
    /// checkpoint if there is a file for one, and returns
    /// [`TrainingError::Interrupted`](crate::TrainingError).
    pub interrupted: Option<&'a AtomicBool>,
    /// Whether to bound how far the objective is above its minimum. This takes at
    /// least four more passes over the rows, see
    /// [`Trained::optimality`](crate::Trained::optimality).
    pub bound_objective: bool,
    /// The number of threads on which a full-batch optimizer goes over rows in memory.
    /// The model has the same bits on any number. Default: all cores.
    pub num_threads: Option<NonZeroUsize>,
}

/// Where and how often to save a [`Checkpoint`].
#[derive(Debug)]
pub struct Checkpointing {
    /// The file to save to.
    pub file: CheckpointFile,
    /// When to save.
    pub every: Every,
}

/// How often checkpoints are saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After this number of updates since the last one, at least 1.
    Steps(usize),
    /// After the first update that ends at least this long after the last one was
    /// saved.
    Time(Duration),
}
