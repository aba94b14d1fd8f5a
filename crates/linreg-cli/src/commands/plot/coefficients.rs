use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use linreg_exact::{ExactError, PredictionErrors};
use linreg_fit::FittedModel;
use linreg_plot::{Estimate, Picture};

use super::drawing::DrawingArgs;
use crate::fit_advice::advised;
use crate::input::load_model;
use crate::number::plain;

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

    #[command(flatten)]
    drawing: DrawingArgs,
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&[], &[&args.model])?;
    let name = || args.model.display().to_string();
    let model = load_model(&args.model)?;
    let errors = model.interval_errors();
    let errors = errors.map_err(|error| advised(error.into()).context(name()))?;
    let quantile = errors.quantile(args.confidence)?;
    let targets = model.target_names();
    let target = match &args.target {
        None => 0,
        Some(chosen) => {
            let found = targets.iter().position(|target| target == chosen);
            found.with_context(|| {
                let known: Vec<String> = targets.iter().map(|target| plain(target)).collect();
                let (chosen, known) = (plain(chosen), known.join(", "));
                format!(
                    "{}: the model does not predict `{chosen}`; it predicts {known}",
                    name()
                )
            })?
        }
    };
    let estimates = estimates(&model, errors, target, quantile)?;
    if estimates.is_empty() {
        bail!(
            "{}: the model has no features whose weights are determined",
            name()
        );
    }
    drawing.write(&Picture::coefficients(
        &targets[target],
        &estimates,
        args.confidence,
    )?)
}

/// The weights with their intervals, without dropped features, which have no
/// standard error.
fn estimates(
    model: &FittedModel,
    errors: &PredictionErrors,
    target: usize,
    quantile: f64,
) -> Result<Vec<Estimate>, ExactError> {
    let weights = model.coefficients().weight()[target..].iter();
    let weights = weights.step_by(model.target_names().len());
    let estimates = model.feature_names().iter().zip(weights).enumerate();
    let estimates = estimates.map(|(feature, (name, value))| {
        let std_error = errors.std_error_of_weight(target, feature)?;
        Ok(Estimate {
            name: name.clone(),
            value: *value,
            lower: value - quantile * std_error,
            upper: value + quantile * std_error,
        })
    });
    let is_left_out =
        |estimate: &Estimate| estimate.value == 0.0 && estimate.lower == estimate.upper;
    let is_kept = |estimate: &Result<Estimate, ExactError>| match estimate {
        Ok(estimate) => !is_left_out(estimate),
        Err(_) => true,
    };
    estimates.filter(is_kept).collect()
}
