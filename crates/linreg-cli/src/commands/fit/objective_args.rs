use anyhow::{Result, bail};
use clap::ValueEnum;
use linreg_training::{Loss, Penalty};

use crate::settings::first_given;

/// What training minimises: the mean loss of a row plus the penalty.
#[derive(clap::Args)]
#[command(next_help_heading = "Objective (--method sgd)")]
pub struct ObjectiveArgs {
    /// Loss function of the residual r of a row [default: squared]
    #[arg(long, value_enum, hide_default_value = true)]
    loss: Option<LossName>,

    /// Where the Huber loss turns from quadratic to linear, in the target's unit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    delta: Option<f64>,

    /// The quantile to learn, above 0 and below 1
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    tau: Option<f64>,

    /// Penalty on the sum of |weight| of standardised features; makes weights
    /// exactly 0
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    l1: Option<f64>,

    /// Penalty on the sum of squared weights of standardised features; with
    /// --l1, the elastic net
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    l2: Option<f64>,

    /// Keep every weight at 0 or above
    #[arg(long)]
    nonnegative: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum LossName {
    /// r², which learns the mean
    Squared,
    /// |r|, which learns the median
    Absolute,
    /// r² up to --delta and linear beyond, so that outliers have less influence
    Huber,
    /// The pinball loss, which learns the quantile --tau
    Quantile,
}

impl ObjectiveArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        first_given(&[
            (self.loss.is_some(), "--loss"),
            (self.delta.is_some(), "--delta"),
            (self.tau.is_some(), "--tau"),
            (self.l1.is_some(), "--l1"),
            (self.l2.is_some(), "--l2"),
            (self.nonnegative, "--nonnegative"),
        ])
    }

    pub fn loss(&self) -> Result<Loss> {
        let loss = match (self.loss, self.delta, self.tau) {
            (Some(LossName::Huber), Some(delta), _) => Loss::Huber { delta },
            (Some(LossName::Huber), None, _) => bail!("--loss huber needs --delta"),
            (Some(LossName::Quantile), _, Some(tau)) => Loss::Quantile { tau },
            (Some(LossName::Quantile), _, None) => bail!("--loss quantile needs --tau"),
            (Some(LossName::Absolute), ..) => Loss::Absolute,
            (Some(LossName::Squared) | None, ..) => Loss::Squared,
        };
        if self.delta.is_some() && !matches!(loss, Loss::Huber { .. }) {
            bail!("--delta is a setting of --loss huber");
        }
        if self.tau.is_some() && !matches!(loss, Loss::Quantile { .. }) {
            bail!("--tau is a setting of --loss quantile");
        }
        Ok(loss)
    }

    pub fn penalty(&self) -> Penalty {
        Penalty {
            l1: self.l1.unwrap_or(0.0),
            l2: self.l2.unwrap_or(0.0),
            nonnegative: self.nonnegative,
        }
    }
}
