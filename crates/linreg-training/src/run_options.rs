use std::sync::atomic::AtomicBool;
use std::time::Duration;

use linreg_data::RowSource;

use crate::{Checkpoint, CheckpointFile};

/// What a run of training is given besides its configuration; none of it by
/// default.
#[derive(Default)]
pub struct RunOptions<'a> {
    /// Rows held out, in the units of the rows trained on: the loss on them is
    /// taken after each epoch, and is what patience goes by.
    pub validation: Option<&'a dyn RowSource>,
    /// Where and how often to save what training needs to go on: at its
    /// beginning, on the way, and at its end. If that fails on the way, training
    /// goes on, see [`Trained::not_saved`](crate::Trained::not_saved).
    pub checkpoint: Option<Checkpointing>,
    /// Where to go on from. On the same CPU backend, data and configuration the
    /// model is that of a training that was never interrupted, bit for bit.
    pub resume: Option<Checkpoint>,
    /// Once true, training ends after the update it is in, saves a checkpoint if
    /// there is a file for one, and is a
    /// [`TrainingError::Interrupted`](crate::TrainingError).
    pub interrupted: Option<&'a AtomicBool>,
    /// Whether to find out how far the objective may be above the least, which
    /// reads the rows four times more at least, see
    /// [`Trained::optimality`](crate::Trained::optimality).
    pub bound_objective: bool,
}

/// Where and how often to save a [`Checkpoint`].
#[derive(Debug)]
pub struct Checkpointing {
    /// The file.
    pub file: CheckpointFile,
    /// When to save.
    pub every: Every,
}

/// How often something is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After so many updates; at least 1.
    Steps(usize),
    /// After the update in which so much time has passed.
    Time(Duration),
}
