use burn::config::Config;
use burn::optim::SgdConfig;
use linreg_data::Placement;

use crate::TrainingError;

/// How to train; the defaults are those of the lesson (*Dive into Deep
/// Learning*, section 3.4). All of it is saved with a model.
#[derive(Config, Debug)]
pub struct TrainingConfig {
    /// How often every row is visited; at least 1. Default: 3.
    #[config(default = 3)]
    pub num_epochs: usize,
    /// Rows of a batch; at least 1. Default: 10.
    #[config(default = 10)]
    pub batch_size: usize,
    /// Step size, above 0 and finite. Default: 0.03.
    #[config(default = 0.03)]
    pub learning_rate: f64,
    /// How the learning rate changes from update to update. Default: it does
    /// not.
    #[config(default = "LearningRateSchedule::Constant")]
    pub schedule: LearningRateSchedule,
    /// Number of batches whose gradients are added up for one update; at least
    /// one. `k` batches of `m` rows give the update of one batch of `k m` rows.
    /// Default: 1.
    #[config(default = 1)]
    pub accumulate: usize,
    /// Whether features and targets are brought to mean 0 and standard
    /// deviation 1 during training (without an intercept: to mean square 1
    /// about 0); the model speaks the data's units either way. Default: false.
    #[config(default = false)]
    pub standardize: bool,
    /// Whether the model has a bias; without one it is exactly 0. Default:
    /// true.
    #[config(default = true)]
    pub intercept: bool,
    /// Seed of the initial weights and of each epoch's order. Default: 0.
    #[config(default = 0)]
    pub seed: u64,
    /// Rows of the buffer that shuffles a stream, see
    /// [`ShuffleBuffer`](linreg_data::ShuffleBuffer); rows in memory are
    /// shuffled without one. Default: 65,536.
    #[config(default = 65_536)]
    pub shuffle_rows: usize,
    /// Where the rows are kept, which changes the time that training takes and
    /// nothing else; a stream is with the host. Default: with the host.
    #[config(default = "Placement::Host")]
    pub placement: Placement,
    /// Burn's stochastic gradient descent: momentum, weight decay, gradient
    /// clipping. Default: none of them.
    #[config(default = "SgdConfig::new()")]
    pub optimizer: SgdConfig,
}

/// How the learning rate changes from update to update.
#[derive(Config, Copy, Debug, PartialEq)]
pub enum LearningRateSchedule {
    /// The same for every update.
    Constant,
    /// In equal steps from the learning rate down towards 0 after the last
    /// update, which averages out the noise of minibatches.
    Linear,
}

impl TrainingConfig {
    /// Settings to start from on a table of this many rows:
    /// standardised, a learning rate of 0.03 that falls linearly, and epochs
    /// enough for about 20,000 updates (at least 3 and at most 1,000). A batch
    /// size of 32 suits most.
    pub fn for_rows(num_rows: usize, batch_size: usize) -> Self {
        const UPDATES: usize = 20_000;
        let batches = num_rows.div_ceil(batch_size.max(1)).max(1);
        Self::new()
            .with_batch_size(batch_size)
            .with_num_epochs((UPDATES / batches).clamp(3, 1000))
            .with_schedule(LearningRateSchedule::Linear)
            .with_standardize(true)
    }

    /// Checks that every number can be used.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Setting`] for the first that cannot.
    pub fn check(&self) -> Result<(), TrainingError> {
        let wrong = |name, found: &dyn std::fmt::Display, expected| {
            Err(TrainingError::Setting {
                name,
                found: found.to_string(),
                expected,
            })
        };
        for (name, number) in [
            ("number of epochs", self.num_epochs),
            ("batch size", self.batch_size),
            ("number of accumulated batches", self.accumulate),
        ] {
            if number == 0 {
                return wrong(name, &0, "at least 1");
            }
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            let expected = "a finite number above 0";
            return wrong("learning rate", &self.learning_rate, expected);
        }
        Ok(())
    }

    /// The learning rate of an update, counted from 0, of `updates` in all.
    pub(crate) fn learning_rate_at(&self, update: usize, updates: usize) -> f64 {
        match self.schedule {
            LearningRateSchedule::Constant => self.learning_rate,
            LearningRateSchedule::Linear => {
                self.learning_rate * (1.0 - update as f64 / updates as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_settings_that_cannot_train() {
        let config = TrainingConfig::new;
        for (config, message) in [
            (
                config().with_num_epochs(0),
                "the number of epochs is 0, expected at least 1",
            ),
            (
                config().with_batch_size(0),
                "the batch size is 0, expected at least 1",
            ),
            (
                config().with_accumulate(0),
                "the number of accumulated batches is 0, expected at least 1",
            ),
            (
                config().with_learning_rate(-0.1),
                "the learning rate is -0.1, expected a finite number above 0",
            ),
            (
                config().with_learning_rate(f64::NAN),
                "the learning rate is NaN, expected a finite number above 0",
            ),
        ] {
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        config().check().unwrap();
    }

    #[test]
    fn the_linear_schedule_falls_in_equal_steps() {
        let config = TrainingConfig::new()
            .with_learning_rate(0.4)
            .with_schedule(LearningRateSchedule::Linear);
        let rates: Vec<f64> = (0..4).map(|i| config.learning_rate_at(i, 4)).collect();
        assert_eq!(rates, [0.4, 0.4 * 0.75, 0.2, 0.1]);
    }

    #[test]
    fn few_rows_get_many_epochs_and_many_rows_few() {
        assert_eq!(TrainingConfig::for_rows(1, 32).num_epochs, 1000);
        assert_eq!(TrainingConfig::for_rows(32_000, 32).num_epochs, 20);
        assert_eq!(TrainingConfig::for_rows(1_000_000_000, 32).num_epochs, 3);
    }
}
