use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use linreg_model::{Coefficients, CoefficientsError};

use crate::checkpoint::{Best, Method, Progress, Setting, State};
use crate::columns::Columns;
use crate::held_out_loss::held_out_loss;
use crate::{
    CheckpointProblem, EpochRecord, Every, Observer, RunOptions, StopReason, TrainingConfig,
    TrainingError,
};

/// Tracks a training run: its history, when to stop, and what to save.
pub(crate) struct Watch<'a> {
    config: &'a TrainingConfig,
    columns: &'a Columns,
    options: &'a RunOptions<'a>,
    /// The setting that checkpoints are for; none where no checkpoint is read or
    /// written.
    setting: Option<Setting>,
    pub(crate) progress: Progress,
    start: Instant,
    /// Seconds of training before it was resumed.
    seconds_before: f64,
    last_saved: Instant,
    last_saved_step: usize,
    /// Why the last checkpoint could not be saved, if so.
    pub(crate) not_saved: Option<TrainingError>,
}

/// What an optimizer says of an epoch that it has done.
pub(crate) struct EpochDone {
    /// Number of updates by its end.
    pub(crate) steps: usize,
    /// Number of rows trained on.
    pub(crate) rows: usize,
    /// Mean loss over all rows, in the units of the data.
    pub(crate) loss: f64,
    /// Learning rate of its last update; none for a full-batch optimizer.
    pub(crate) learning_rate: Option<f64>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        config: &'a TrainingConfig,
        columns: &'a Columns,
        options: &'a RunOptions<'a>,
        setting: Option<Setting>,
        progress: Progress,
        steps: usize,
    ) -> Self {
        Self {
            config,
            columns,
            options,
            setting,
            start: Instant::now(),
            seconds_before: progress.seconds,
            progress,
            last_saved: Instant::now(),
            last_saved_step: steps,
            not_saved: None,
        }
    }

    pub(crate) fn columns(&self) -> &'a Columns {
        self.columns
    }

    /// Returns the error for an optimizer whose state cannot be saved.
    pub(crate) fn not_saved(&self, problem: CheckpointProblem) -> TrainingError {
        let file = self.options.checkpoint.as_ref().map(|to| to.file.path());
        TrainingError::Checkpoint {
            path: file.unwrap_or(Path::new("")).to_path_buf(),
            problem,
        }
    }

    /// Whether checkpoints are saved.
    pub(crate) fn saves(&self) -> bool {
        self.options.checkpoint.is_some()
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.start.elapsed().as_secs_f64()
    }

    /// Returns the reason to stop if a limit on updates or time is reached.
    pub(crate) fn limit_reached(&self, steps: usize) -> Option<StopReason> {
        if self.config.max_steps.is_some_and(|most| steps >= most) {
            return Some(StopReason::Steps);
        }
        let over = |most: f64| self.seconds() >= most;
        self.config
            .max_seconds
            .is_some_and(over)
            .then_some(StopReason::Time)
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        let flag = self.options.interrupted;
        flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    pub(crate) fn is_save_due(&self, steps: usize) -> bool {
        match self.options.checkpoint.as_ref().map(|to| to.every) {
            None => false,
            Some(Every::Steps(every)) => steps - self.last_saved_step >= every,
            Some(Every::Time(every)) => self.last_saved.elapsed() >= every,
        }
    }

    /// Saves a checkpoint, if there is a file for it. A failure is kept in
    /// `not_saved` and does not stop training.
    pub(crate) fn save(&mut self, epoch: usize, batches: usize, steps: usize, method: Method) {
        let (Some(to), Some(setting)) = (&self.options.checkpoint, &self.setting) else {
            return;
        };
        let progress = Progress {
            epoch,
            batches,
            seconds: self.seconds(),
            ..self.progress.clone()
        };
        let state = State {
            setting: setting.clone(),
            progress,
            method,
        };
        self.not_saved = to.file.write(&state).err();
        self.last_saved = Instant::now();
        self.last_saved_step = steps;
    }

    /// Saves a checkpoint before the first update, which also locks the file for
    /// this run. A failure is an error here, because no work is lost yet.
    pub(crate) fn save_start(&mut self, steps: usize, method: Method) -> Result<(), TrainingError> {
        let Progress { epoch, batches, .. } = self.progress;
        self.save(epoch, batches, steps, method);
        self.not_saved.take().map_or(Ok(()), Err)
    }

    /// Returns the error of a run that was told to stop. Call it after the
    /// checkpoint was saved.
    pub(crate) fn interruption(&mut self, epoch: usize, steps: usize) -> TrainingError {
        let not_saved = self.not_saved.take().map(Box::new);
        let file = self.options.checkpoint.as_ref().map(|to| to.file.path());
        TrainingError::Interrupted {
            steps,
            epoch,
            saved: file.filter(|_| not_saved.is_none()).map(Path::to_path_buf),
            not_saved,
        }
    }

    /// Adds an epoch to the history, and returns the reason to stop if early
    /// stopping asks for it.
    pub(crate) fn end_epoch(
        &mut self,
        done: EpochDone,
        coefficients: &Coefficients,
        observer: &mut dyn Observer,
    ) -> Result<Option<StopReason>, TrainingError> {
        let validation_loss = match self.options.validation {
            None => None,
            Some(source) => {
                let in_units = self.in_units(coefficients)?;
                Some(held_out_loss(source, &in_units, self.config.loss)?)
            }
        };
        let history = &self.progress.history;
        let (epoch, seconds) = (history.len(), self.seconds());
        let elapsed = seconds - history.last().map_or(0.0, |last| last.seconds);
        let record = EpochRecord {
            epoch,
            steps: done.steps,
            loss: done.loss,
            validation_loss,
            learning_rate: done.learning_rate,
            seconds,
            // At least a nanosecond, so that there is no division by 0.
            rows_per_second: done.rows as f64 / elapsed.max(1e-9),
        };
        self.progress.history.push(record);
        observer.epoch(&record);
        let Some(patience) = self.config.patience else {
            return Ok(None);
        };
        let Some(loss) = validation_loss else {
            let expected = "rows held out to judge by";
            return Err(TrainingError::setting("patience", patience, expected));
        };
        let best = &mut self.progress.best;
        if best.as_ref().is_none_or(|best| loss < best.loss) {
            *best = Some(Best {
                loss,
                epoch,
                weight: coefficients.weight().to_vec(),
                bias: coefficients.bias().to_vec(),
            });
        }
        let waited = best.as_ref().map_or(0, |best| epoch - best.epoch);
        Ok((waited >= patience).then_some(StopReason::Patience))
    }

    /// Returns the coefficients of the model, on the scale that training uses:
    /// with early stopping those of the best epoch, otherwise the last ones.
    pub(crate) fn kept(&self, last: Coefficients) -> Result<Coefficients, CoefficientsError> {
        match &self.progress.best {
            Some(best) => Coefficients::new(best.weight.clone(), best.bias.clone()),
            None => Ok(last),
        }
    }

    /// Converts coefficients from the scale that training uses to the units of
    /// the data.
    pub(crate) fn in_units(
        &self,
        coefficients: &Coefficients,
    ) -> Result<Coefficients, CoefficientsError> {
        match &self.columns.scaler {
            Some(scaler) => crate::standardize::fold_scale(coefficients, scaler),
            None => Ok(coefficients.clone()),
        }
    }
}
