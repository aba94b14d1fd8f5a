use anyhow::{Result, bail};
use linreg_training::{Clipping, LearningRateSchedule, OptimizerConfig, TrainingConfig};

use super::objective_args::ObjectiveArgs;
use super::run_args::RunArgs;

/// Settings of the training; the defaults suit most tables.
#[derive(clap::Args)]
#[command(next_help_heading = "Training (--method sgd)")]
pub struct TrainingArgs {
    /// How gradients become updates: lbfgs or proximal (all rows in each), sgd,
    /// adam, adamw, rmsprop or adagrad (minibatches) [default: sgd if rows do
    /// not fit in memory or a setting of minibatches is given; else proximal with
    /// --l1 or --nonnegative, and lbfgs without]
    #[arg(long, value_name = "NAME", value_parser = optimizer)]
    optimizer: Option<OptimizerConfig>,

    /// Largest number of epochs (passes over the rows) [default: 1000 for lbfgs,
    /// 10000 for proximal and for --loss absolute or quantile, else enough for
    /// 20,000 updates, 3 to 1,000]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    epochs: Option<usize>,

    /// Rows of a batch [default: 32]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    batch_size: Option<usize>,

    /// Step size [default: found from the data]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    learning_rate: Option<f64>,

    /// How the learning rate changes: linear (falls to 0), constant, cosine,
    /// exponential (to 1 %), step (a tenth after each third) or noam (rises for
    /// a tenth) [default: linear]
    #[arg(long, value_name = "NAME", value_parser = schedule)]
    schedule: Option<LearningRateSchedule>,

    /// Train on the columns as they are, not brought to mean 0 and standard
    /// deviation 1
    #[arg(long)]
    no_standardize: bool,

    /// Batches whose gradients are added up for one update [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    accumulate: Option<usize>,

    /// Momentum of sgd and rmsprop, from 0 to below 1 [default: 0.9]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    momentum: Option<f64>,

    /// Use heavy-ball (classical) momentum instead of Nesterov's
    #[arg(long)]
    heavy_ball: bool,

    /// Weight decay, 0 or more, on standardised columns
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    weight_decay: Option<f64>,

    /// Scale gradients of a larger norm down to this
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    clip_norm: Option<f64>,

    /// Limit each number of a gradient to this
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        conflicts_with = "clip_norm"
    )]
    clip_value: Option<f64>,

    #[command(flatten)]
    pub objective: ObjectiveArgs,

    #[command(flatten)]
    pub run: RunArgs,
}

const MOMENTUM: f64 = 0.9;

fn optimizer(text: &str) -> Result<OptimizerConfig, String> {
    Ok(match text {
        "sgd" => OptimizerConfig::Sgd {
            momentum: MOMENTUM,
            nesterov: true,
        },
        "adam" => OptimizerConfig::Adam,
        "adamw" => OptimizerConfig::AdamW,
        "rmsprop" => OptimizerConfig::RmsProp { momentum: MOMENTUM },
        "adagrad" => OptimizerConfig::AdaGrad,
        "lbfgs" => OptimizerConfig::Lbfgs { history: 100 },
        "proximal" => OptimizerConfig::Proximal,
        _ => {
            let expected = "expected lbfgs, proximal, sgd, adam, adamw, rmsprop or adagrad";
            return Err(expected.to_string());
        }
    })
}

fn schedule(text: &str) -> Result<LearningRateSchedule, String> {
    Ok(match text {
        "linear" => LearningRateSchedule::Linear,
        "constant" => LearningRateSchedule::Constant,
        "cosine" => LearningRateSchedule::Cosine,
        "exponential" => LearningRateSchedule::Exponential { last: 0.01 },
        "step" => LearningRateSchedule::Step {
            stages: 3,
            factor: 0.1,
        },
        "noam" => LearningRateSchedule::Noam { warmup: 0.1 },
        _ => {
            let expected = "expected linear, constant, cosine, exponential, step or noam";
            return Err(expected.to_string());
        }
    })
}

impl TrainingArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        let first = |given: &[(bool, &'static str)]| {
            let found = given.iter().find(|(is_given, _)| *is_given);
            found.map(|(_, name)| *name)
        };
        first(&[
            (self.optimizer.is_some(), "--optimizer"),
            (self.epochs.is_some(), "--epochs"),
            (self.no_standardize, "--no-standardize"),
        ])
        .or_else(|| self.given_of_minibatches())
        .or_else(|| self.objective.given())
        .or_else(|| self.run.given())
    }

    /// The first option given that only minibatches have.
    fn given_of_minibatches(&self) -> Option<&'static str> {
        [
            (self.batch_size.is_some(), "--batch-size"),
            (self.learning_rate.is_some(), "--learning-rate"),
            (self.schedule.is_some(), "--schedule"),
            (self.accumulate.is_some(), "--accumulate"),
            (self.momentum.is_some(), "--momentum"),
            (self.heavy_ball, "--heavy-ball"),
            (self.weight_decay.is_some(), "--weight-decay"),
            (self.clip_norm.is_some(), "--clip-norm"),
            (self.clip_value.is_some(), "--clip-value"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// The settings of a training on so many rows, which are in memory or read
    /// from a file in each epoch.
    pub fn config(&self, num_rows: usize, in_memory: bool, seed: u64) -> Result<TrainingConfig> {
        let (loss, penalty) = (self.objective.loss()?, self.objective.penalty());
        let of_minibatches = self.given_of_minibatches();
        let full_batch = match self.optimizer {
            Some(optimizer) => optimizer.is_full_batch(),
            None => of_minibatches.is_none() && in_memory,
        };
        let mut config = match full_batch {
            true => {
                if let Some(option) = of_minibatches {
                    bail!(
                        "{option} is a setting of minibatches, and --optimizer {} takes all rows at once; leave out one of them",
                        self.optimizer.map_or("lbfgs", |optimizer| optimizer.name())
                    );
                }
                TrainingConfig::full_batch_of(loss, penalty).with_batch_size(num_rows.max(1))
            }
            false => TrainingConfig::for_rows(num_rows, self.batch_size.unwrap_or(32)),
        };
        if let Some(optimizer) = self.optimizer {
            config.optimizer = optimizer;
        }
        config.loss = loss;
        config.penalty = penalty;
        config.seed = seed;
        config.standardize = !self.no_standardize;
        config.accumulate = self.accumulate.unwrap_or(1);
        config.weight_decay = self.weight_decay.unwrap_or(0.0);
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
        let clip_norm = self.clip_norm.map(Clipping::Norm);
        config.clipping = clip_norm.or(self.clip_value.map(Clipping::Value));
        self.set_momentum(&mut config)?;
        self.run.limit(&mut config);
        config.check()?;
        Ok(config)
    }

    fn set_momentum(&self, config: &mut TrainingConfig) -> Result<()> {
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
                    (self.momentum.is_some(), "--momentum"),
                    (self.heavy_ball, "--heavy-ball"),
                ];
                if let Some((_, option)) = given.iter().find(|(given, _)| *given) {
                    bail!("{option} is no setting of --optimizer {}", other.name());
                }
            }
        }
        Ok(())
    }
}
