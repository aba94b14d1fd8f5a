use burn::config::Config;
use linreg_data::Placement;

use crate::objective::Objective;
use crate::{Clipping, LearningRateSchedule, Loss, OptimizerConfig, Penalty, TrainingError};

/// How to train; the defaults are those of the lesson (*Dive into Deep
/// Learning*, section 3.2 of the second Chinese edition and of the English
/// edition up to 0.17, section 3.4 of English 1.0). The book's squared loss has a
/// factor 1/2 and [`Loss::Squared`] has none, so that steps here are twice as long
/// at the same learning rate. All of it is saved with a model.
#[derive(Config, Debug)]
pub struct TrainingConfig {
    /// How often every row is visited, at most; at least 1. With an optimizer of
    /// all rows, the number of its updates. Default: 3.
    #[config(default = 3)]
    pub num_epochs: usize,
    /// Rows of a batch; at least 1. Default: 10.
    #[config(default = 10)]
    pub batch_size: usize,
    /// Step size, above 0 and finite. Default: 0.03.
    #[config(default = 0.03)]
    pub learning_rate: f64,
    /// Whether the learning rate is found from the data instead, see
    /// [`for_rows`](Self::for_rows). What was found is the learning rate of
    /// [`Trained::config`](crate::Trained::config). Default: false.
    #[config(default = false)]
    pub automatic_learning_rate: bool,
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
    /// How gradients become updates. Default: plain stochastic gradient descent.
    #[config(default = "OptimizerConfig::SGD")]
    pub optimizer: OptimizerConfig,
    /// What each update takes off the weights, never the bias; 0 or more. The
    /// gradient of `decay w² / 2`, except for AdamW, which takes `learning rate
    /// times decay times w` beside the gradient. Default: 0.
    #[config(default = 0.0)]
    pub weight_decay: f64,
    /// A limit on gradients. Default: none.
    pub clipping: Option<Clipping>,
    /// What an example costs. Default: its squared residual.
    #[config(default = "Loss::Squared")]
    pub loss: Loss,
    /// What weights cost and which are allowed. Default: nothing and all.
    #[config(default = "Penalty::default()")]
    pub penalty: Penalty,
    /// The most updates; training ends within an epoch. Default: no limit.
    pub max_steps: Option<usize>,
    /// The most seconds of training, those before it was resumed counted.
    /// Where the clock ends it differs from run to run. Default: no limit.
    pub max_seconds: Option<f64>,
    /// Number of epochs without a better loss on the rows held out after which
    /// training stops and the best epoch's model is taken; at least 1. Default:
    /// no such rule.
    pub patience: Option<usize>,
    /// For an optimizer of all rows: how near to 0 every number of the gradient
    /// (with a penalty, of the gradient mapping) of the objective has to be, on
    /// the rows as they are trained on. Above 0. Default: 1e-7.
    #[config(default = 1e-7)]
    pub tolerance: f64,
}

impl TrainingConfig {
    /// Settings to start from on a table of this many rows, by minibatches:
    /// standardised, Nesterov's momentum of 0.9, a learning rate found from the
    /// data that falls linearly, and epochs enough for about 20,000 updates (at
    /// least 3 and at most 1,000). A batch size of 32 suits most.
    ///
    /// # The learning rate
    ///
    /// For the squared and the Huber loss it is `1 / (2 L)`. `L` bounds the Gram
    /// matrix `G_b = X_b' X_b / b` of batches of `b` rows (features and a column
    /// of ones), in the mean square and for each batch by itself:
    ///
    /// ```text
    /// L = lambda + max(R² / (b (1 - momentum)), max |x|² / b),   R² = E|x|⁴ / E|x|²
    /// ```
    ///
    /// with the largest eigenvalue `lambda` of the Gram matrix of all rows, by
    /// power iteration (on 16,384 rows at most). `E[G_b²] <= (lambda + R² / b) G`
    /// is the condition under which constant steps converge (Bach and Moulines,
    /// *Non-strongly-convex smooth stochastic approximation with convergence rate
    /// O(1/n)*, 2013, section 2; Needell, Srebro and Ward, *Stochastic gradient
    /// descent, weighted sampling, and the randomized Kaczmarz algorithm*, 2014,
    /// for the largest row), and momentum multiplies the noise. Losses with a
    /// corner take the subgradient method's `16 (1 - momentum) / sqrt(E|x|²
    /// updates)`, for weights up to 16 away (Zamani and Glineur, 2023, as the
    /// linear schedule); Adam, AdamW and RMSProp, whose steps are in units of the
    /// weights, 0.01, AdaGrad 0.3.
    pub fn for_rows(num_rows: usize, batch_size: usize) -> Self {
        const UPDATES: usize = 20_000;
        let batches = num_rows.div_ceil(batch_size.max(1)).max(1);
        Self::new()
            .with_batch_size(batch_size)
            .with_num_epochs((UPDATES / batches).clamp(3, 1000))
            .with_optimizer(OptimizerConfig::Sgd {
                momentum: 0.9,
                nesterov: true,
            })
            .with_automatic_learning_rate(true)
            .with_schedule(LearningRateSchedule::Linear)
            .with_standardize(true)
    }

    /// Settings that need no tuning for rows in memory and the squared loss, see
    /// [`full_batch_of`](Self::full_batch_of).
    pub fn full_batch(penalty: Penalty) -> Self {
        Self::full_batch_of(Loss::Squared, penalty)
    }

    /// Settings that need no tuning for rows in memory: all rows in each update,
    /// standardised, until the gradient is within the
    /// [`tolerance`](Self::tolerance) of 0.
    ///
    /// The optimizer is L-BFGS, which takes tens of updates where the features
    /// overlap and minibatches take tens of thousands; under an L1 penalty or
    /// bounds the proximal gradient method.
    ///
    /// A loss with a corner, [`Loss::Absolute`] or [`Loss::Quantile`], is rounded
    /// off about the corner, by a width that falls from update to update until it
    /// could not change the loss by more than a millionth, or the backend's floats
    /// show no difference. On twenty sets of 50 to 2,000 rows the objective is
    /// within 1e-6 of a linear program's in 64-bit floats, and within 1e-4 in
    /// 32-bit floats. How far it may be off for these rows,
    /// [`Trained::optimality`](crate::Trained::optimality) says.
    pub fn full_batch_of(loss: Loss, penalty: Penalty) -> Self {
        let (optimizer, updates) = match (penalty.is_smooth(), loss.is_smooth()) {
            (true, true) => (OptimizerConfig::Lbfgs { history: 100 }, 1000),
            (true, false) => (OptimizerConfig::Lbfgs { history: 100 }, 10_000),
            (false, _) => (OptimizerConfig::Proximal, 10_000),
        };
        Self::new()
            .with_num_epochs(updates)
            .with_optimizer(optimizer)
            .with_loss(loss)
            .with_penalty(penalty)
            .with_standardize(true)
    }

    /// Checks that every number can be used.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Setting`] for the first that cannot.
    pub fn check(&self) -> Result<(), TrainingError> {
        for (name, number) in [
            ("number of epochs", self.num_epochs),
            ("batch size", self.batch_size),
            ("number of accumulated batches", self.accumulate),
            ("largest number of steps", self.max_steps.unwrap_or(1)),
            ("patience", self.patience.unwrap_or(1)),
        ] {
            if number == 0 {
                return Err(TrainingError::setting(name, 0, "at least 1"));
            }
        }
        for (name, number) in [
            ("learning rate", self.learning_rate),
            ("tolerance", self.tolerance),
            ("longest time", self.max_seconds.unwrap_or(1.0)),
        ] {
            if !(number.is_finite() && number > 0.0) {
                let expected = "a finite number above 0";
                return Err(TrainingError::setting(name, number, expected));
            }
        }
        self.schedule.check()?;
        Objective::check(self)?;
        OptimizerConfig::check(self)?;
        self.check_decay()
    }

    /// Checks that weight decay only shrinks.
    pub(crate) fn check_decay(&self) -> Result<(), TrainingError> {
        if self.weight_decay * self.learning_rate >= 1.0 && !self.automatic_learning_rate {
            return Err(TrainingError::setting(
                "weight decay",
                format!(
                    "{} at the learning rate {}",
                    self.weight_decay, self.learning_rate
                ),
                "below 1 when multiplied: each update would turn the weights around",
            ));
        }
        Ok(())
    }

    /// Number of updates in all, of so many in an epoch.
    pub(crate) fn num_updates(&self, per_epoch: usize) -> usize {
        let updates = per_epoch.saturating_mul(self.num_epochs);
        updates.min(self.max_steps.unwrap_or(usize::MAX))
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
    fn few_rows_get_many_epochs_and_many_rows_few() {
        assert_eq!(TrainingConfig::for_rows(1, 32).num_epochs, 1000);
        assert_eq!(TrainingConfig::for_rows(32_000, 32).num_epochs, 20);
        assert_eq!(TrainingConfig::for_rows(1_000_000_000, 32).num_epochs, 3);
    }
}
