//! Checks that the contents of a checkpoint are a state that its training can
//! reach. The checksum detects damage, but not files that were made to do harm.

use super::{Best, Method, Progress, State};
use crate::StopReason;
use crate::expected::{Checked, Expected, check_numbers, check_size, wrong};
use crate::step::SavedTraining;

/// The longest training, in seconds: three hundred years.
const MOST_SECONDS: f64 = 1e10;

impl State {
    /// Checks that a training with these settings can reach this state.
    pub(super) fn check(&self, expected: &Expected) -> Checked {
        self.progress.check(expected)?;
        match &self.method {
            Method::Minibatches(saved) if !expected.config.optimizer.is_full_batch() => {
                saved.check(expected)?;
                self.progress.check_minibatches(saved, expected)
            }
            Method::FullBatch(saved) if expected.config.optimizer.is_full_batch() => {
                if self.progress.batches != 0 {
                    return wrong("number of batches", self.progress.batches, 0);
                }
                saved.check(expected, self.progress.epoch)
            }
            _ => wrong(
                "method",
                "that of another optimizer",
                expected.config.optimizer.name(),
            ),
        }
    }
}

impl Progress {
    fn check(&self, expected: &Expected) -> Checked {
        let most = expected.config.num_epochs;
        if self.epoch > most {
            return wrong("epoch", self.epoch, format!("at most {most}"));
        }
        if self.history.len() != self.epoch {
            let what = "number of epochs of the history";
            return wrong(what, self.history.len(), self.epoch);
        }
        check_size("loss before training", self.loss_before)?;
        check_size("time", self.seconds)?;
        if self.seconds > MOST_SECONDS {
            let expected = format!("at most {MOST_SECONDS} seconds");
            return wrong("time", self.seconds, expected);
        }
        self.check_history(expected)?;
        self.check_best(expected)?;
        self.check_end(expected)
    }

    /// Checks that a training that has ended had the stated reason to end.
    fn check_end(&self, expected: &Expected) -> Checked {
        use StopReason::{Converged, Epochs, Patience, Precision, Steps, Time};
        let config = expected.config;
        let waited = self.best.as_ref().map_or(0, |best| {
            let last = self.epoch.saturating_sub(1);
            last.saturating_sub(best.epoch)
        });
        let is_right = match self.ended {
            None => true,
            Some(Epochs) => self.epoch == config.num_epochs,
            Some(Patience) => config.patience.is_some_and(|patience| waited >= patience),
            Some(Converged | Precision) => config.optimizer.is_full_batch() && self.epoch > 0,
            // Training that stopped at a limit can be resumed, so it is not saved
            // as ended.
            Some(Steps | Time) => false,
        };
        match (is_right, self.ended) {
            (false, Some(found)) => wrong(
                "reason for its end",
                format!("{found:?}").to_lowercase(),
                format!("another at epoch {}", self.epoch),
            ),
            _ => Ok(()),
        }
    }

    fn check_history(&self, expected: &Expected) -> Checked {
        let (mut steps, mut seconds) = (0, 0.0);
        for (index, epoch) in self.history.iter().enumerate() {
            let of = |what: &str| format!("{what} of epoch {index}");
            if epoch.epoch != index {
                return wrong(of("number"), epoch.epoch, index);
            }
            let whole = expected.updates().saturating_mul(index + 1);
            // A limit may have ended the last epoch early.
            let is_last = index + 1 == self.history.len();
            let is_right = if is_last {
                (steps..=whole).contains(&epoch.steps)
            } else {
                epoch.steps == whole
            };
            if !is_right {
                return wrong(of("number of updates by the end"), epoch.steps, whole);
            }
            check_size(of("loss"), epoch.loss)?;
            if epoch.validation_loss.is_some() != expected.validation {
                let found = epoch.validation_loss.map_or("none", |_| "a number");
                let what = of("loss on the rows held out");
                return wrong(what, found, "one if there are such rows");
            }
            check_size(
                of("loss on the rows held out"),
                epoch.validation_loss.unwrap_or(0.0),
            )?;
            let has_rate = !expected.config.optimizer.is_full_batch();
            if epoch.learning_rate.is_some() != has_rate {
                let found = epoch.learning_rate.map_or("none", |_| "a number");
                return wrong(of("learning rate"), found, "one for minibatches");
            }
            check_size(of("learning rate"), epoch.learning_rate.unwrap_or(0.0))?;
            check_size(of("rows per second"), epoch.rows_per_second)?;
            if !(seconds..=self.seconds).contains(&epoch.seconds) {
                let expected = format!("a number from {seconds} to {}", self.seconds);
                return wrong(of("time by the end"), epoch.seconds, expected);
            }
            (steps, seconds) = (epoch.steps, epoch.seconds);
        }
        Ok(())
    }

    /// Checks that the best epoch is the one with the least validation loss in
    /// the history.
    fn check_best(&self, expected: &Expected) -> Checked {
        let mut best: Option<(usize, f64)> = None;
        for epoch in &self.history {
            if let Some(loss) = epoch.validation_loss
                && best.is_none_or(|(_, least)| loss < least)
            {
                best = Some((epoch.epoch, loss));
            }
        }
        let best = best.filter(|_| expected.config.patience.is_some());
        let found = self.best.as_ref().map(|best| (best.epoch, best.loss));
        if found != best {
            let name = |best: Option<(usize, f64)>| match best {
                None => "none".to_string(),
                Some((epoch, loss)) => format!("epoch {epoch} with a loss of {loss}"),
            };
            return wrong("best epoch", name(found), name(best));
        }
        match &self.best {
            None => Ok(()),
            Some(Best { weight, bias, .. }) => {
                check_numbers("weights of the best epoch", weight, expected.num_weights())?;
                check_numbers("biases of the best epoch", bias, expected.num_targets)
            }
        }
    }

    /// Checks that the numbers of updates, batches and rows agree on the position
    /// in the epoch.
    fn check_minibatches(&self, saved: &SavedTraining, expected: &Expected) -> Checked {
        let before = self.history.last().map_or(0, |epoch| epoch.steps);
        let most = expected.updates();
        let Some(updates) = saved.update.checked_sub(before).filter(|n| *n <= most) else {
            let expected = format!("a number from {before} to {}", before.saturating_add(most));
            return wrong("number of updates", saved.update, expected);
        };
        let batches = updates
            .saturating_mul(expected.accumulate())
            .min(expected.num_batches());
        let is_right = if expected.has_whole_batches() {
            self.batches == batches
        } else {
            // Each part of a batch has at least one row.
            (batches..=expected.num_rows).contains(&self.batches)
        };
        if !is_right {
            return wrong("number of batches", self.batches, batches);
        }
        let rows = batches.saturating_mul(expected.config.batch_size);
        let rows = rows.min(expected.num_rows);
        if saved.rows_read == rows {
            Ok(())
        } else {
            wrong("number of rows of the epoch", saved.rows_read, rows)
        }
    }
}

impl SavedTraining {
    fn check(&self, expected: &Expected) -> Checked {
        check_numbers("weights", &self.weight, expected.num_weights())?;
        check_numbers("biases", &self.bias, expected.num_targets)?;
        check_size("learning rate", self.learning_rate)
    }
}
