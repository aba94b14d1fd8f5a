use burn::config::Config;
use linreg_data::Placement;

use crate::objective::Objective;
use crate::{Clipping, LearningRateSchedule, Loss, OptimizerConfig, Penalty, TrainingError};

/// Settings of a training. The defaults are those of the lesson in *Dive into
/// Deep Learning* (section 3.2 of the second Chinese edition and of the English
/// edition up to 0.17, section 3.4 of English 1.0). The book's squared loss has a
/// factor 1/2 and [`Loss::Squared`] has none, so steps here are twice as long at
/// the same learning rate. All settings are saved with a model.
#[derive(Config, Debug)]
pub struct TrainingConfig {
    /// Largest number of epochs, at least 1. Each epoch visits every row once.
    /// With a full-batch optimizer, an epoch is one update. Default: 3.
    #[config(default = 3)]
    pub num_epochs: usize,
    /// Number of rows of a batch, at least 1. Default: 10.
    #[config(default = 10)]
    pub batch_size: usize,
    /// Learning rate, above 0 and finite. Default: 0.03.
    #[config(default = 0.03)]
    pub learning_rate: f64,
    /// Whether the learning rate is computed from the data instead, see
    /// [`for_rows`](Self::for_rows). The computed value is in
    /// [`Trained::config`](crate::Trained::config). Default: false.
    #[config(default = false)]
    pub automatic_learning_rate: bool,
    /// Learning rate schedule: how it changes from update to update. Default:
    /// constant.
    #[config(default = "LearningRateSchedule::Constant")]
    pub schedule: LearningRateSchedule,
    /// Number of batches whose gradients are added up for one update, at least 1.
    /// `k` batches of `m` rows give the update of one batch of `k m` rows.
    /// Default: 1.
    #[config(default = 1)]
    pub accumulate: usize,
    /// Whether features and targets are standardised to mean 0 and standard
    /// deviation 1 during training (without an intercept, only scaled to mean
    /// square 1). The model is in the units of the data either way. Default:
    /// false.
    #[config(default = false)]
    pub standardize: bool,
    /// Whether the model has a bias; if not, the bias is exactly 0. Default:
    /// true.
    #[config(default = true)]
    pub intercept: bool,
    /// Seed of the initial weights and of the order of the rows in each epoch.
    /// Default: 0.
    #[config(default = 0)]
    pub seed: u64,
    /// Number of rows of the buffer that shuffles a stream, see
    /// [`ShuffleBuffer`](linreg_data::ShuffleBuffer); rows in memory are shuffled
    /// without one. Default: 65,536.
    #[config(default = 65_536)]
    pub shuffle_rows: usize,
    /// Whether the rows are kept on the host or on the device. This changes the
    /// time that training takes and nothing else. The rows of a stream are on the
    /// host. Default: on the host.
    #[config(default = "Placement::Host")]
    pub placement: Placement,
    /// The optimizer. Default: plain stochastic gradient descent.
    #[config(default = "OptimizerConfig::SGD")]
    pub optimizer: OptimizerConfig,
    /// Weight decay of the weights, never of the bias; 0 or more. It adds the
    /// gradient of `decay w² / 2`. AdamW instead subtracts
    /// `learning_rate * decay * w` from the weights, separately from the
    /// gradient. Default: 0.
    #[config(default = 0.0)]
    pub weight_decay: f64,
    /// Gradient clipping. Default: none.
    pub clipping: Option<Clipping>,
    /// Loss function. Default: the squared residual.
    #[config(default = "Loss::Squared")]
    pub loss: Loss,
    /// Penalty and constraints on the weights. Default: none.
    #[config(default = "Penalty::default()")]
    pub penalty: Penalty,
    /// Largest number of updates, after which training stops, also in the middle
    /// of an epoch. Default: no limit.
    pub max_steps: Option<usize>,
    /// Largest time of training in seconds, including the time before it was
    /// resumed. The number of updates within it differs from run to run. Default:
    /// no limit.
    pub max_seconds: Option<f64>,
    /// Early stopping: the number of epochs without a better validation loss
    /// after which training stops, at least 1. The model is then that of the best
    /// epoch. Default: no early stopping.
    pub patience: Option<usize>,
    /// For a full-batch optimizer: training has converged when every component of
    /// the gradient of the objective (for the proximal method, of the gradient
    /// mapping) is at most this in absolute value, on the scale that training
    /// uses. Above 0. Default: 1e-7.
    #[config(default = 1e-7)]
    pub tolerance: f64,
}

impl TrainingConfig {
    /// Returns minibatch settings to start from on a table of this many rows:
    /// standardised columns, Nesterov momentum of 0.9, a learning rate computed
    /// from the data that falls linearly, and enough epochs for about 20,000
    /// updates (at least 3 and at most 1,000 epochs). A batch size of 32 suits
    /// most tables.
    ///
    /// # The learning rate
    ///
    /// For the squared and the Huber loss it is `1 / (2 L)`. `L` bounds the Gram
    /// matrix `G_b = X_b' X_b / b` of a batch of `b` rows (features and a column
    /// of ones), both in the mean square over the batches and for each single
    /// batch:
    ///
    /// ```text
    /// L = lambda + max(R² / (b (1 - momentum)), max |x|² / b),   R² = E|x|⁴ / E|x|²
    /// ```
    ///
    /// where `lambda` is the largest eigenvalue of the Gram matrix of all rows,
    /// computed by power iteration on at most 16,384 rows.
    /// `E[G_b²] <= (lambda + R² / b) G` is the condition under which constant
    /// steps converge (Bach and Moulines, *Non-strongly-convex smooth stochastic
    /// approximation with convergence rate O(1/n)*, 2013, section 2; Needell,
    /// Srebro and Ward, *Stochastic gradient descent, weighted sampling, and the
    /// randomized Kaczmarz algorithm*, 2014, for the largest row). Momentum
    /// multiplies the noise of the gradients.
    ///
    /// For the absolute and the quantile loss it is that of the subgradient
    /// method, `16 (1 - momentum) / sqrt(E|x|² updates)`, for a start at a
    /// distance of up to 16 from the optimum (Zamani and Glineur, 2023, as for
    /// the linear schedule). For Adam, AdamW and RMSProp, whose steps are in
    /// units of the weights, it is 0.01 with any loss, and for AdaGrad 0.3.
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

    /// Returns settings that need no tuning for rows in memory and the squared
    /// loss, see [`full_batch_of`](Self::full_batch_of).
    pub fn full_batch(penalty: Penalty) -> Self {
        Self::full_batch_of(Loss::Squared, penalty)
    }

    /// Returns settings that need no tuning for rows in memory: full-batch
    /// updates on standardised columns, until the gradient is within the
    /// [`tolerance`](Self::tolerance) of 0.
    ///
    /// The optimizer is L-BFGS. With correlated features it needs tens of
    /// updates, where minibatches need tens of thousands. With an L1 penalty or
    /// non-negative weights it is the accelerated proximal gradient method.
    ///
    /// [`Loss::Absolute`] and [`Loss::Quantile`] have no derivative at 0, so they
    /// are smoothed within a width around it. The width falls in stages, until
    /// smoothing cannot change the loss by more than a millionth, or the
    /// backend's floats show no difference. On twenty data sets of 50 to 2,000
    /// rows the objective is within 1e-6 of the optimum of a linear program in
    /// 64-bit floats, and within 1e-4 in 32-bit floats.
    /// [`Trained::optimality`](crate::Trained::optimality) says how far the
    /// objective may be from the optimum for the rows at hand.
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

    /// Checks that every setting can be used.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Setting`] for the first setting that cannot.
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

    /// Checks that weight decay shrinks the weights and does not change their
    /// signs.
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

    /// Returns the total number of updates, given the number in an epoch.
    pub(crate) fn num_updates(&self, per_epoch: usize) -> usize {
        let updates = per_epoch.saturating_mul(self.num_epochs);
        updates.min(self.max_steps.unwrap_or(usize::MAX))
    }

    /// Returns how many epochs, and batches in all, training on this many rows takes at
    /// most: as [`num_epochs`](Self::num_epochs) says, or fewer if
    /// [`max_steps`](Self::max_steps) ends it before, maybe within the last epoch.
    pub fn most_epochs_and_batches(&self, num_rows: usize) -> (usize, usize) {
        let batches = num_rows.div_ceil(self.batch_size.max(1)).max(1);
        let batches_of_update = if self.optimizer.is_full_batch() {
            batches
        } else {
            self.accumulate.max(1)
        };
        let updates_of_epoch = batches.div_ceil(batches_of_update);
        let updates = self.num_updates(updates_of_epoch);
        let epochs = updates / updates_of_epoch;
        let others = updates % updates_of_epoch;
        let most = epochs.saturating_mul(batches);
        (
            epochs + usize::from(others > 0),
            most.saturating_add(others.saturating_mul(batches_of_update)),
        )
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
    fn a_limit_of_gradients_that_is_0_as_a_32_bit_float_is_refused() {
        for limit in [1e-60, 1e60, 0.0, f64::NAN] {
            for clipping in [Clipping::Norm(limit), Clipping::Value(limit)] {
                let config = TrainingConfig::new().with_clipping(Some(clipping));
                let error = config.check().unwrap_err().to_string();
                let expected = format!(
                    "the limit of gradients is {limit}, expected a number above 0 that a 32-bit float can hold"
                );
                assert_eq!(error, expected);
            }
        }
        let config = TrainingConfig::new().with_clipping(Some(Clipping::Norm(1e-30)));
        config.check().unwrap();
    }

    #[test]
    fn a_limit_of_updates_ends_training_before_its_epochs_do() {
        // 10 batches an epoch, 3 of which make an update: the fourth has 1.
        let config = TrainingConfig::new()
            .with_num_epochs(5)
            .with_batch_size(32)
            .with_accumulate(3);
        for (limit, most) in [
            (None, (5, 50)),
            (Some(1), (1, 3)),
            (Some(4), (1, 10)),
            (Some(9), (3, 23)),
            (Some(20), (5, 50)),
            (Some(usize::MAX), (5, 50)),
        ] {
            let config = config.clone().with_max_steps(limit);
            assert_eq!(config.most_epochs_and_batches(310), most, "{limit:?}");
        }
        // An update takes all rows, whatever is accumulated.
        let config = config.with_optimizer(OptimizerConfig::Proximal);
        for (limit, most) in [(None, (5, 50)), (Some(2), (2, 20)), (Some(9), (5, 50))] {
            let config = config.clone().with_max_steps(limit);
            assert_eq!(config.most_epochs_and_batches(310), most, "{limit:?}");
        }
        let endless = TrainingConfig::new().with_num_epochs(usize::MAX);
        assert_eq!(endless.most_epochs_and_batches(310).1, usize::MAX);
        assert_eq!(endless.most_epochs_and_batches(0).0, usize::MAX);
    }

    #[test]
    fn few_rows_get_many_epochs_and_many_rows_few() {
        assert_eq!(TrainingConfig::for_rows(1, 32).num_epochs, 1000);
        assert_eq!(TrainingConfig::for_rows(32_000, 32).num_epochs, 20);
        assert_eq!(TrainingConfig::for_rows(1_000_000_000, 32).num_epochs, 3);
    }
}
