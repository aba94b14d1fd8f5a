use anyhow::Result;
use linreg_fit::TrainingSettings;
use linreg_training::{Clipping, LearningRateSchedule, OptimizerConfig};

use super::objective_args::ObjectiveArgs;
use super::run_args::RunArgs;
use crate::settings::first_given;

/// Settings of the training; the defaults suit most tables.
#[derive(clap::Args)]
#[command(next_help_heading = "Training (--method sgd)")]
pub struct TrainingArgs {
    /// How gradients become updates: lbfgs or proximal (all rows in each
    /// update), sgd, adam, adamw, rmsprop or adagrad (minibatches) [default:
    /// sgd if rows do not fit in memory or a setting of minibatches is given;
    /// else proximal with --l1 or --nonnegative, and lbfgs without]
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

    /// Train on the columns as they are, without scaling them to mean 0 and
    /// standard deviation 1
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

    /// Scale a gradient of a larger norm down to this norm
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    clip_norm: Option<f64>,

    /// Limit the absolute value of each element of a gradient to this
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
        first_given(&[
            (self.optimizer.is_some(), "--optimizer"),
            (self.epochs.is_some(), "--epochs"),
            (self.no_standardize, "--no-standardize"),
            (self.batch_size.is_some(), "--batch-size"),
            (self.learning_rate.is_some(), "--learning-rate"),
            (self.schedule.is_some(), "--schedule"),
            (self.accumulate.is_some(), "--accumulate"),
            (self.momentum.is_some(), "--momentum"),
            (self.heavy_ball, "--heavy-ball"),
            (self.weight_decay.is_some(), "--weight-decay"),
            (self.clip_norm.is_some(), "--clip-norm"),
            (self.clip_value.is_some(), "--clip-value"),
        ])
        .or_else(|| self.objective.given())
        .or_else(|| self.run.given())
    }

    /// The settings of the training.
    pub fn settings(&self) -> Result<TrainingSettings> {
        let clip_norm = self.clip_norm.map(Clipping::Norm);
        let settings = TrainingSettings {
            optimizer: self.optimizer,
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            schedule: self.schedule,
            raw_columns: self.no_standardize,
            accumulate: self.accumulate,
            momentum: self.momentum,
            heavy_ball: self.heavy_ball,
            weight_decay: self.weight_decay,
            clipping: clip_norm.or(self.clip_value.map(Clipping::Value)),
            loss: self.objective.loss()?,
            penalty: self.objective.penalty(),
            ..TrainingSettings::default()
        };
        Ok(self.run.limits(settings))
    }
}
