use std::time::Duration;

use linreg_backend::Outcome;
use linreg_data::{Encoder, EncodingCounts, Schema};
use linreg_fit::{FitError, FitObserver, Fitted, How, Judged, TableWarning, TrainingHooks};

use super::Outputs;
use crate::columns::{warn_of_counts, warn_of_unseen};
use crate::commands::Backend;
use crate::fit_advice::carried;
use crate::interrupt::Deferred;
use crate::progress::TrainingProgress;
use crate::terminal;

/// Prints warnings and progress while a model is fitted, and saves it.
pub struct Watch<'a> {
    backend: Option<&'a Backend>,
    outputs: &'a mut Outputs,
    /// Delays a signal to end until a trained model is saved.
    deferred: Option<Deferred>,
}

impl<'a> Watch<'a> {
    pub fn new(backend: Option<&'a Backend>, outputs: &'a mut Outputs) -> Self {
        Self {
            backend,
            outputs,
            deferred: None,
        }
    }
}

impl FitObserver for Watch<'_> {
    fn columns(&mut self, schema: &Schema, encoder: &Encoder) -> Result<(), FitError> {
        let mut stderr = terminal::stderr();
        for warning in TableWarning::of(schema, encoder) {
            stderr.warning(warning).map_err(carried)?;
        }
        Ok(())
    }

    fn training_begins(
        &mut self,
        batches: u64,
        epochs: usize,
    ) -> Result<TrainingHooks<'_>, FitError> {
        let run = &mut self.outputs.run;
        if let Some(log) = &mut run.log {
            log.start()?;
        }
        let deferred = self.deferred.insert(Deferred::new());
        let verbose = self.backend.is_some_and(Backend::is_verbose);
        let progress = TrainingProgress::new(batches, epochs, verbose, run.log.as_mut());
        Ok(TrainingHooks {
            observer: Some(Box::new(progress)),
            checkpoint: run.checkpoint.take(),
            resume: run.resume.take(),
            interrupted: Some(deferred.flag()),
        })
    }

    fn training_ends(&mut self, trained: &Outcome, elapsed: Duration) -> Result<(), FitError> {
        if let Some(backend) = self.backend {
            // Nobody may read it, but the model must not be lost for that.
            backend.report(&trained.transfer, elapsed).ok();
        }
        let not_saved = trained.not_saved.as_ref();
        let not_saved = not_saved.map(|error| anyhow::anyhow!("{error}"));
        self.outputs.problems.extend(not_saved);
        Ok(())
    }

    fn fitted(&mut self, fitted: &Fitted) -> Result<(), FitError> {
        self.outputs.save(&fitted.model)?;
        if let How::Trained(trained) = &fitted.how {
            self.outputs.write_history(&trained.history);
        }
        match self.deferred.take() {
            Some(deferred) => deferred.end().map_err(carried),
            None => Ok(()),
        }
    }

    fn judged(&mut self, counts: &EncodingCounts, on: Judged<'_>) -> Result<(), FitError> {
        let warned = match on {
            Judged::HeldOut => warn_of_unseen(counts, " of held-out rows"),
            Judged::Table(name) => warn_of_counts(counts, &format!(" in {name}")),
            Judged::Folds => warn_of_unseen(counts, " of held-out folds"),
        };
        warned.map_err(carried)
    }
}
