use std::time::Duration;

use linreg_training::{
    Clipping, LearningRateSchedule, Loss, OptimizerConfig, Penalty, TrainingConfig,
};

use crate::FitError;

/// How a model is trained. What is `None` is chosen for the table: all rows in
/// each step (L-BFGS, or proximal gradients for penalties with corners) where they
/// fit in memory and no setting of minibatches is given, else minibatches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingSettings {
    /// How gradients become updates.
    pub optimizer: Option<OptimizerConfig>,
    /// Most epochs (passes over the rows).
    pub epochs: Option<usize>,
    /// Rows of a minibatch. Default: 32.
    pub batch_size: Option<usize>,
    /// Learning rate of minibatches. Default: found from the data.
    pub learning_rate: Option<f64>,
    /// How the learning rate of minibatches changes.
    pub schedule: Option<LearningRateSchedule>,
    /// Whether to train on the columns as they are, not standardised.
    pub raw_columns: bool,
    /// Minibatches whose gradients are added up for one update. Default: 1.
    pub accumulate: Option<usize>,
    /// Momentum of SGD and RMSProp, from 0 to below 1. Default: 0.9.
    pub momentum: Option<f64>,
    /// Whether momentum is the heavy-ball one, not Nesterov's.
    pub heavy_ball: bool,
    /// Weight decay of minibatches, 0 or more, on standardised columns.
    pub weight_decay: Option<f64>,
    /// How gradients of minibatches are limited.
    pub clipping: Option<Clipping>,
    /// The loss function. Default: squared.
    pub loss: Loss,
    /// The penalty on the weights. Default: none.
    pub penalty: Penalty,
    /// Most updates.
    pub max_steps: Option<usize>,
    /// Most time.
    pub max_time: Option<Duration>,
    /// Epochs without a better loss on the validation rows after which training
    /// stops and keeps the best epoch's model.
    pub patience: Option<usize>,
    /// How near to 0 the gradient has to be for methods that take all rows at
    /// once. Default: 1e-7.
    pub tolerance: Option<f64>,
}

impl TrainingSettings {
    /// The first setting given that only minibatches have, in words.
    fn of_minibatches(&self) -> Option<&'static str> {
        let clipping = match self.clipping {
            Some(Clipping::Value(_)) => "clip value",
            _ => "clip norm",
        };
        [
            (self.batch_size.is_some(), "batch size"),
            (self.learning_rate.is_some(), "learning rate"),
            (self.schedule.is_some(), "schedule"),
            (self.accumulate.is_some(), "accumulate"),
            (self.momentum.is_some(), "momentum"),
            (self.heavy_ball, "heavy ball"),
            (self.weight_decay.is_some(), "weight decay"),
            (self.clipping.is_some(), clipping),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// The configuration of a training on so many rows, which are in memory or
    /// read from a file in each epoch.
    ///
    /// # Errors
    ///
    /// Settings that do not go together, or a value out of range.
    pub fn config(
        &self,
        num_rows: usize,
        in_memory: bool,
        seed: u64,
    ) -> Result<TrainingConfig, FitError> {
        let of_minibatches = self.of_minibatches();
        let full_batch = match self.optimizer {
            Some(optimizer) => optimizer.is_full_batch(),
            None => of_minibatches.is_none() && in_memory,
        };
        let mut config = if full_batch {
            if let Some(setting) = of_minibatches {
                return Err(FitError::MinibatchSetting {
                    setting,
                    optimizer: self.optimizer.map_or("lbfgs", |optimizer| optimizer.name()),
                });
            }
            TrainingConfig::full_batch_of(self.loss, self.penalty).with_batch_size(num_rows.max(1))
        } else {
            TrainingConfig::for_rows(num_rows, self.batch_size.unwrap_or(32))
        };
        if let Some(optimizer) = self.optimizer {
            config.optimizer = optimizer;
        }
        config.loss = self.loss;
        config.penalty = self.penalty;
        config.seed = seed;
        config.standardize = !self.raw_columns;
        config.accumulate = self.accumulate.unwrap_or(1);
        config.weight_decay = self.weight_decay.unwrap_or(0.0);
        config.clipping = self.clipping;
        if let Some(schedule) = self.schedule {
            config.schedule = schedule;
        }
        if let Some(epochs) = self.epochs {
            config.num_epochs = epochs;
        }
        if let Some(learning_rate) = self.learning_rate {
            config.learning_rate = learning_rate;
            config.automatic_learning_rate = false;
        }
        self.set_momentum(&mut config)?;
        config.max_steps = self.max_steps;
        config.max_seconds = self.max_time.map(|time| time.as_secs_f64());
        config.patience = self.patience;
        if let Some(tolerance) = self.tolerance {
            config.tolerance = tolerance;
        }
        config.check()?;
        Ok(config)
    }

    fn set_momentum(&self, config: &mut TrainingConfig) -> Result<(), FitError> {
        match &mut config.optimizer {
            OptimizerConfig::Sgd { momentum, nesterov } => {
                *momentum = self.momentum.unwrap_or(*momentum);
                *nesterov = !self.heavy_ball;
            }
            OptimizerConfig::RmsProp { momentum } if !self.heavy_ball => {
                *momentum = self.momentum.unwrap_or(*momentum);
            }
            other => {
                let given = [
                    (self.momentum.is_some(), "momentum"),
                    (self.heavy_ball, "heavy ball"),
                ];
                if let Some((_, setting)) = given.iter().find(|(given, _)| *given) {
                    return Err(FitError::OptimizerSetting {
                        setting,
                        optimizer: other.name(),
                    });
                }
            }
        }
        Ok(())
    }
}
