use std::sync::atomic::AtomicBool;
use std::time::Duration;

use linreg_backend::Outcome;
use linreg_data::{Encoder, EncodingCounts, Schema};
use linreg_training::{Checkpoint, Checkpointing, Observer};

use crate::{FitError, Fitted};

/// Is told how a fit goes on, and can stop it with an error. `()` ignores it all.
pub trait FitObserver {
    /// The columns are known, and the fit begins.
    ///
    /// # Errors
    ///
    /// Any, which ends the fit.
    fn columns(&mut self, _schema: &Schema, _encoder: &Encoder) -> Result<(), FitError> {
        Ok(())
    }

    /// A training begins, of this many batches and epochs at most. Returns who watches it,
    /// and what it is given.
    ///
    /// # Errors
    ///
    /// Any, which ends the fit.
    fn training_begins(
        &mut self,
        _batches: u64,
        _epochs: usize,
    ) -> Result<TrainingHooks<'_>, FitError> {
        Ok(TrainingHooks::default())
    }

    /// The training has ended.
    ///
    /// # Errors
    ///
    /// Any, which ends the fit.
    fn training_ends(&mut self, _trained: &Outcome, _elapsed: Duration) -> Result<(), FitError> {
        Ok(())
    }

    /// The model is fitted, and can be saved: nothing that fails later can lose
    /// it then. An exact fit is judged on the rows held out by now, a trained
    /// model not yet.
    ///
    /// # Errors
    ///
    /// Any, which ends the fit.
    fn fitted(&mut self, _fitted: &Fitted) -> Result<(), FitError> {
        Ok(())
    }

    /// The model was judged on rows, of which some may have been left out.
    ///
    /// # Errors
    ///
    /// Any, which ends the fit.
    fn judged(&mut self, _counts: &EncodingCounts, _on: Judged<'_>) -> Result<(), FitError> {
        Ok(())
    }
}

impl FitObserver for () {}

/// The rows that a model was judged on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judged<'a> {
    /// Rows held out of the table.
    HeldOut,
    /// The rows of another table, of this name.
    Table(&'a str),
    /// The parts of a cross-validation.
    Folds,
}

/// What a training is given besides its settings.
#[derive(Default)]
pub struct TrainingHooks<'a> {
    /// Who is told of each batch and epoch.
    pub observer: Option<Box<dyn Observer + 'a>>,
    /// Where and how often to save the training.
    pub checkpoint: Option<Checkpointing>,
    /// The checkpoint to go on from.
    pub resume: Option<Checkpoint>,
    /// Training stops once this is true.
    pub interrupted: Option<&'a AtomicBool>,
}
