use anyhow::{Result, bail};
use burn::optim::SgdConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use linreg_training::{LearningRateSchedule, TrainingConfig};

/// Settings of the training; the defaults suit most tables.
#[derive(clap::Args)]
#[command(next_help_heading = "Training (--method sgd)")]
pub struct TrainingArgs {
    /// How often every row is visited [default: enough for 20,000 updates, 3
    /// to 1,000]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    epochs: Option<usize>,

    /// Rows of a batch [default: 32]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    batch_size: Option<usize>,

    /// Step size [default: 0.03]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    learning_rate: Option<f64>,

    /// How the learning rate changes: linear (falls to 0) or constant [default:
    /// linear]
    #[arg(long, value_name = "NAME", value_parser = schedule)]
    schedule: Option<LearningRateSchedule>,

    /// Train on the columns as they are, not brought to mean 0 and standard
    /// deviation 1
    #[arg(long)]
    no_standardize: bool,

    /// Batches whose gradients are added up for one update [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    accumulate: Option<usize>,

    /// Momentum of the updates, from 0 to below 1
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    momentum: Option<f64>,

    /// Weight decay (L2 penalty), 0 or more, on standardised columns
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    weight_decay: Option<f64>,
}

fn schedule(text: &str) -> Result<LearningRateSchedule, String> {
    match text {
        "linear" => Ok(LearningRateSchedule::Linear),
        "constant" => Ok(LearningRateSchedule::Constant),
        _ => Err("expected linear or constant".to_string()),
    }
}

impl TrainingArgs {
    /// A setting that was given, by its option.
    pub fn given(&self) -> Option<&'static str> {
        [
            (self.epochs.is_some(), "--epochs"),
            (self.batch_size.is_some(), "--batch-size"),
            (self.learning_rate.is_some(), "--learning-rate"),
            (self.schedule.is_some(), "--schedule"),
            (self.no_standardize, "--no-standardize"),
            (self.accumulate.is_some(), "--accumulate"),
            (self.momentum.is_some(), "--momentum"),
            (self.weight_decay.is_some(), "--weight-decay"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// The settings of a training of so many rows.
    pub fn config(&self, num_rows: usize, seed: u64) -> Result<TrainingConfig> {
        let mut config = TrainingConfig::for_rows(num_rows, self.batch_size.unwrap_or(32))
            .with_schedule(self.schedule.unwrap_or(LearningRateSchedule::Linear))
            .with_standardize(!self.no_standardize)
            .with_accumulate(self.accumulate.unwrap_or(1))
            .with_seed(seed);
        if let Some(epochs) = self.epochs {
            config.num_epochs = epochs;
        }
        if let Some(learning_rate) = self.learning_rate {
            config.learning_rate = learning_rate;
        }
        let mut optimizer = SgdConfig::new();
        if let Some(momentum) = self.momentum {
            if !(0.0..1.0).contains(&momentum) {
                bail!("the momentum is {momentum}, expected a number from 0 to below 1");
            }
            let momentum = MomentumConfig::new().with_momentum(momentum);
            optimizer = optimizer.with_momentum(Some(momentum.with_dampening(0.0)));
        }
        if let Some(decay) = self.weight_decay {
            if !(decay.is_finite() && decay >= 0.0) {
                bail!("the weight decay is {decay}, expected a finite number, 0 or more");
            }
            let shrinks = decay * config.learning_rate;
            if shrinks >= 1.0 {
                bail!(
                    "the weight decay {decay} times the learning rate {} is {shrinks}, expected below 1: each step would turn the weights around",
                    config.learning_rate
                );
            }
            optimizer = optimizer.with_weight_decay(Some(WeightDecayConfig::new(decay as f32)));
        }
        config.optimizer = optimizer;
        config.check()?;
        Ok(config)
    }
}
