use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use linreg_data::{
    ChunkOrder, EncodedSource, Encoder, EncodingCounts, MissingPolicy, Passes, Rows, Set, Split,
    UnseenPolicy,
};
use linreg_exact::PredictionErrors;
use linreg_model::ModelFile;
use linreg_plot::Picture;

use super::drawing::DrawingArgs;
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::commands::fit::intervals::load;
use crate::input::{SourceArgs, encoder_of, load_model};
use crate::number::{count, plain, thousands};
use crate::style::yellow;

/// What a fit leaves: residuals against fitted values, normal quantiles, scale,
/// leverage
///
/// Give the rows that the model was fitted to: residuals are standardised as
/// theirs. A model that gradient descent trained has no covariance to do that
/// with; without --kind, predicted and fitted are drawn of it.
#[derive(clap::Args)]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

    /// Pictures to draw: predicted (and actual values), fitted (values, and
    /// residuals), qq (normal quantiles), scale (of residuals along fitted
    /// values), leverage (and Cook's distances) [default: all but predicted]
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    kind: Vec<Kind>,

    /// Column whose residuals are drawn, where the model predicts several
    /// [default: the first]
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    /// What to do about missing cells: error, drop (leave out the row), mean
    /// (of the rows that the model was fitted to) [default: as the model was
    /// fitted]
    #[arg(long, value_name = "POLICY", value_parser = applied_missing)]
    missing: Option<MissingPolicy>,

    /// What to do about levels that the model does not know: error or baseline
    /// [default: as the model was fitted]
    #[arg(long, value_name = "POLICY", value_parser = unseen)]
    unseen: Option<UnseenPolicy>,

    #[command(flatten)]
    drawing: DrawingArgs,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Predicted,
    Fitted,
    Quantiles,
    Scale,
    Leverage,
}

fn kind(text: &str) -> Result<Kind, String> {
    Ok(match text {
        "predicted" => Kind::Predicted,
        "fitted" => Kind::Fitted,
        "qq" => Kind::Quantiles,
        "scale" => Kind::Scale,
        "leverage" => Kind::Leverage,
        _ => return Err("expected predicted, fitted, qq, scale or leverage".to_string()),
    })
}

pub fn run(args: Args) -> Result<()> {
    let mut inputs = args.source.paths();
    inputs.push(&args.model);
    let drawing = args.drawing.check(&inputs)?;
    let model = load_model(&args.model)?;
    let mut encoder = encoder_of(&model, &args.model)?;
    if let Some(policy) = args.unseen {
        encoder = encoder.with_unseen(policy);
    }
    if let Some(policy) = args.missing {
        let changed = encoder.with_missing(policy);
        encoder = changed.with_context(|| args.model.display().to_string())?;
    }
    let target =
        target(&model, args.target.as_deref()).with_context(|| args.model.display().to_string())?;
    let errors = load(&model, encoder.intercept());
    let needs_errors = |kind: &Kind| !matches!(kind, Kind::Predicted | Kind::Fitted);
    let kinds = match (&args.kind[..], &errors) {
        ([], Ok(_)) => vec![Kind::Fitted, Kind::Quantiles, Kind::Scale, Kind::Leverage],
        ([], Err(_)) => vec![Kind::Predicted, Kind::Fitted],
        (chosen, _) => chosen.to_vec(),
    };
    let errors = match kinds.iter().any(needs_errors) {
        true => Some(errors.with_context(|| args.model.display().to_string())?),
        false => None,
    };
    let source = args.source.open_for(&model, Passes::One)?;
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training);
    let rows = rows.with_context(|| {
        format!(
            "{}: the columns do not match the model {}",
            args.source.name(),
            args.model.display()
        )
    })?;
    let mut look = Look::new(&model, target, errors);
    let mut counts = EncodingCounts::default();
    let chunks = rows.encoded(ChunkOrder::File);
    for chunk in chunks.map_err(|error| args.source.say_where(error))? {
        let (rows, of_chunk) = chunk.map_err(|error| args.source.say_where(error))?;
        counts.merge(&of_chunk);
        look.add(&rows, &encoder);
    }
    warn_of_counts(&counts, "")?;
    let name = &model.target_names[target];
    let pictures = kinds.iter().map(|kind| look.picture(*kind, name));
    let pictures: Result<Vec<Picture>> = pictures.collect();
    let picture = Picture::side_by_side(pictures.map_err(|error| args.source.say_where(error))?)?;
    if look.determined > 0 && kinds.iter().any(needs_errors) {
        writeln!(
            anstream::stderr(),
            "{} {} alone determine a coefficient: their residuals are 0 whatever they are, and left out where they are standardised",
            yellow("note:"),
            count(look.determined, "row")
        )?;
    }
    drawing.write(&match look.every {
        1 => picture,
        every => picture.with_note(&format!("every {every}th of {} rows", thousands(look.seen))),
    })
}

fn target(model: &ModelFile, name: Option<&str>) -> Result<usize> {
    let Some(name) = name else { return Ok(0) };
    let found = model.target_names.iter().position(|other| other == name);
    found.with_context(|| {
        let names: Vec<String> = model.target_names.iter().map(|name| plain(name)).collect();
        format!(
            "the model does not predict `{}`; it predicts {}",
            plain(name),
            names.join(", ")
        )
    })
}

/// Rows kept at the most: every second, every fourth and so on of more.
const MOST_ROWS: usize = 1 << 20;

/// Leverage from which on a row has a coefficient for itself.
const DETERMINED: f64 = 1.0 - 1e-10;

/// What the rows say, a value for each kept.
struct Look<'a> {
    model: &'a ModelFile,
    target: usize,
    errors: Option<PredictionErrors>,
    seen: usize,
    /// One of so many rows is kept.
    every: usize,
    actual: Vec<f64>,
    fitted: Vec<f64>,
    /// Residual standardised, and leverage; NaN where a row is determined.
    standardised: Vec<f64>,
    leverage: Vec<f64>,
    determined: usize,
}

impl<'a> Look<'a> {
    fn new(model: &'a ModelFile, target: usize, errors: Option<PredictionErrors>) -> Self {
        Self {
            model,
            target,
            errors,
            seen: 0,
            every: 1,
            actual: Vec::new(),
            fitted: Vec::new(),
            standardised: Vec::new(),
            leverage: Vec::new(),
            determined: 0,
        }
    }

    fn add(&mut self, rows: &Rows, encoder: &Encoder) {
        let coefficients = &self.model.coefficients;
        let (features, targets) = (coefficients.num_features(), coefficients.num_targets());
        let predictions = coefficients.predict(&rows.features);
        for row in 0..rows.targets.len() / targets {
            let number = self.seen;
            self.seen += 1;
            if !number.is_multiple_of(self.every) {
                continue;
            }
            if self.actual.len() == MOST_ROWS {
                self.halve();
                if !number.is_multiple_of(self.every) {
                    continue;
                }
            }
            let (actual, fitted) = (
                rows.targets[row * targets + self.target],
                predictions[row * targets + self.target],
            );
            self.actual.push(actual);
            self.fitted.push(fitted);
            let Some(errors) = &self.errors else { continue };
            let weight = match encoder.weight() {
                Some(_) => rows.weights.as_ref().map_or(1.0, |weights| weights[row]),
                None => 1.0,
            };
            let found = errors.std_errors(
                self.target,
                &rows.features[row * features..(row + 1) * features],
            );
            let spread =
                errors.residual_variance[self.target].sqrt() * errors.target_units[self.target];
            // The diagonal of the hat matrix, and the residual over its standard
            // deviation (Belsley, Kuh and Welsch, Regression Diagnostics, 1980,
            // sections 2.1 and 2.2).
            let leverage = weight * (found.mean / spread).powi(2);
            let is_determined = leverage > DETERMINED || leverage.is_nan();
            self.determined += usize::from(is_determined);
            let residual = weight.sqrt() * (actual - fitted) / spread;
            self.standardised.push(match is_determined {
                true => f64::NAN,
                false => residual / (1.0 - leverage).sqrt(),
            });
            self.leverage.push(leverage);
        }
    }

    /// Keeps every second of the rows.
    fn halve(&mut self) {
        self.every *= 2;
        for values in [
            &mut self.actual,
            &mut self.fitted,
            &mut self.standardised,
            &mut self.leverage,
        ] {
            let kept: Vec<f64> = values.iter().step_by(2).copied().collect();
            *values = kept;
        }
    }

    fn picture(&self, kind: Kind, name: &str) -> Result<Picture> {
        if self.actual.is_empty() {
            bail!("there are no rows after the header");
        }
        // Rows whose residual says something, by their number.
        let told = |values: &[f64]| -> Vec<f64> {
            let pairs = values.iter().zip(&self.standardised);
            pairs
                .filter(|(_, r)| !r.is_nan())
                .map(|(value, _)| *value)
                .collect()
        };
        Ok(match kind {
            Kind::Predicted => Picture::predicted(name, &self.fitted, &self.actual)?,
            Kind::Fitted => {
                let pairs = self.actual.iter().zip(&self.fitted);
                let residuals: Vec<f64> = pairs.map(|(actual, fitted)| actual - fitted).collect();
                Picture::residuals(name, &self.fitted, &residuals)?
            }
            Kind::Quantiles => Picture::normal_quantiles(&told(&self.standardised))?,
            Kind::Scale => {
                Picture::scale_location(name, &told(&self.fitted), &told(&self.standardised))?
            }
            Kind::Leverage => {
                let coefficients = self
                    .errors
                    .as_ref()
                    .map_or(1, |errors| errors.feature_scales.len());
                Picture::leverage(
                    &told(&self.leverage),
                    &told(&self.standardised),
                    coefficients,
                )?
            }
        })
    }
}
