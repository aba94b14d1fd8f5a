use std::path::PathBuf;

use anyhow::Result;
use linreg_fit::{FitError, Per};

use super::drawing::DrawingArgs;
use super::target;
use crate::fit_advice::advised;
use crate::input::load_model;

/// The coefficients of a fit with their intervals
///
/// A coefficient whose interval contains 0 does not differ significantly from 0.
#[derive(clap::Args)]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    /// Column whose coefficients are drawn, where the model predicts several
    /// [default: the first]
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    /// Probability of the intervals
    #[arg(
        long,
        value_name = "PROBABILITY",
        allow_negative_numbers = true,
        default_value_t = 0.95
    )]
    confidence: f64,

    /// What a coefficient is the effect of: one standard deviation of a number, so that
    /// coefficients can be compared, or one unit of the feature
    #[arg(long, value_enum, default_value = "deviation")]
    per: PerArg,

    #[command(flatten)]
    drawing: DrawingArgs,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum PerArg {
    Deviation,
    Unit,
}

impl From<PerArg> for Per {
    fn from(per: PerArg) -> Self {
        match per {
            PerArg::Deviation => Self::Deviation,
            PerArg::Unit => Self::Unit,
        }
    }
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&[], &[&args.model])?;
    let model = load_model(&args.model)?;
    let target = target(&model, &args.model, args.target.as_deref())?;
    let picture = model.coefficient_picture(target, args.confidence, args.per.into());
    drawing.write(&picture.map_err(|error| match error {
        FitError::Model(_) | FitError::NoWeights => {
            advised(error).context(args.model.display().to_string())
        }
        error => advised(error),
    })?)
}
