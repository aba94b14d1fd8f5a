use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use linreg_data::{
    ChunkOrder, EncodedSource, EncodingCounts, MissingPolicy, Passes, Rows, Set, Split,
    UnseenPolicy,
};
use linreg_exact::{PredictionErrors, Weighting, is_determining};
use linreg_fit::{FittedModel, LEVEL};
use linreg_plot::{Picture, ResidualTests};

use super::drawing::DrawingArgs;
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::fit_advice::advised;
use crate::input::{SourceArgs, load_model_before_table, name, other_columns, with_policies};
use crate::number::{count, plain, thousands};
use crate::terminal;

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

    /// Pictures to draw: predicted, fitted, qq, scale or leverage
    ///
    /// They show predicted (and actual values), fitted (values, and residuals), qq
    /// (normal quantiles), scale (of residuals along fitted values), leverage (and
    /// Cook's distances). By default, all but predicted are drawn.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    kind: Vec<Kind>,

    /// Column whose residuals are drawn [default: the first]
    ///
    /// A model can predict several columns.
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    /// Missing cells: error, drop or mean [default: as fitted]
    ///
    /// With drop, the row is left out; with mean, the cell is
    /// taken as the mean of the rows that the model was fitted to. By default, the
    /// policy is that of the fit.
    #[arg(long, value_name = "POLICY", value_parser = applied_missing)]
    missing: Option<MissingPolicy>,

    /// Unknown levels: error, baseline or drop [default: as fitted]
    ///
    /// These are levels that are in none of the rows fitted to. With baseline, they
    /// are taken as that level; with drop, the
    /// row is left out. By default, the policy is that of the fit.
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
    let drawing = args.drawing.check(&args.source.paths(), &[&args.model])?;
    let model = load_model_before_table(&args.model)?;
    let model = with_policies(model, &args.model, args.missing, args.unseen)?;
    let target =
        target(&model, args.target.as_deref()).with_context(|| args.model.display().to_string())?;
    let errors = model.interval_errors();
    let needs_errors = |kind: &Kind| !matches!(kind, Kind::Predicted | Kind::Fitted);
    let kinds = match (&args.kind[..], &errors) {
        ([], Ok(_)) => vec![Kind::Fitted, Kind::Quantiles, Kind::Scale, Kind::Leverage],
        ([], Err(_)) => vec![Kind::Predicted, Kind::Fitted],
        (chosen, _) => chosen.to_vec(),
    };
    let errors = match kinds.iter().any(needs_errors) {
        true => Some(errors.map_err(|error| advised(error.into()).context(name(&args.model)))?),
        false => None,
    };
    let source = args.source.open_for(&model, Passes::One)?;
    let rows = EncodedSource::new(source, model.encoder(), Split::None, Set::Training);
    let rows = rows.map_err(|error| other_columns(&args.source.name(), &args.model, error))?;
    let mut look = Look::new(&model, target, errors);
    let mut counts = EncodingCounts::default();
    let chunks = rows.encoded(ChunkOrder::File);
    for chunk in chunks.map_err(|error| args.source.say_where(error))? {
        let (rows, of_chunk) = chunk.map_err(|error| args.source.say_where(error))?;
        counts.merge(&of_chunk);
        look.add(&rows)?;
    }
    warn_of_counts(&counts, "")?;
    let name = &model.target_names()[target];
    let tests = look.tests();
    let pictures = kinds.iter().map(|kind| look.picture(*kind, name, &tests));
    let pictures: Result<Vec<Picture>> = pictures.collect();
    let picture = Picture::side_by_side(pictures.map_err(|error| args.source.say_where(error))?)?;
    if look.determined > 0 && kinds.iter().any(needs_errors) {
        let (have, residuals, them) = match look.determined {
            1 => ("has", "its residual is", "it"),
            _ => ("have", "their residuals are", "them"),
        };
        terminal::stderr().note(format_args!(
            "{} {have} leverage 1: {residuals} always 0, and pictures of standardised residuals leave {them} out",
            count(look.determined, "row")
        ))?;
    }
    drawing.write(&match look.every {
        1 => picture,
        every => picture.with_note(&format!("every {every}th of {} rows", thousands(look.seen))),
    })
}

fn target(model: &FittedModel, name: Option<&str>) -> Result<usize> {
    let Some(name) = name else { return Ok(0) };
    let found = model.target_names().iter().position(|other| other == name);
    found.with_context(|| {
        let names: Vec<String> = model
            .target_names()
            .iter()
            .map(|name| plain(name))
            .collect();
        format!(
            "the model does not predict `{}`; it predicts {}",
            plain(name),
            names.join(", ")
        )
    })
}

/// The most rows that are kept: of more rows, every second is kept, every
/// fourth and so on.
const MOST_ROWS: usize = 1 << 20;

/// What a pass over the rows collects, with a value for each row that is kept.
struct Look<'a> {
    model: &'a FittedModel,
    target: usize,
    errors: Option<&'a PredictionErrors>,
    /// Whether weights are numbers of equal rows.
    are_counts: bool,
    tests: linreg_exact::ResidualTests,
    /// The sum of the squared residuals, the sum of the squares of their
    /// rounding errors, and the least and the greatest target.
    squares: f64,
    rounding: f64,
    range: [f64; 2],
    seen: usize,
    /// One of so many rows is kept.
    every: usize,
    actual: Vec<f64>,
    fitted: Vec<f64>,
    /// Standardised residuals, NaN for a row that alone determines a
    /// coefficient; and leverages.
    standardised: Vec<f64>,
    leverage: Vec<f64>,
    determined: usize,
}

impl<'a> Look<'a> {
    fn new(model: &'a FittedModel, target: usize, errors: Option<&'a PredictionErrors>) -> Self {
        Self {
            model,
            target,
            errors,
            are_counts: model.weighting() == Weighting::Counts,
            tests: linreg_exact::ResidualTests::new(model.feature_names().len()),
            squares: 0.0,
            rounding: 0.0,
            range: [f64::INFINITY, f64::NEG_INFINITY],
            seen: 0,
            every: 1,
            actual: Vec::new(),
            fitted: Vec::new(),
            standardised: Vec::new(),
            leverage: Vec::new(),
            determined: 0,
        }
    }

    fn add(&mut self, rows: &Rows) -> Result<()> {
        let coefficients = self.model.coefficients();
        let (features, targets) = (coefficients.num_features(), coefficients.num_targets());
        let predictions = self.model.predictor().predict(rows);
        let weight = |row: usize| match self.model.encoder().weight() {
            Some(_) => rows.weights.as_ref().map_or(1.0, |weights| weights[row]),
            None => 1.0,
        };
        let (mut tested, mut residuals, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows.targets.len() / targets {
            let (actual, fitted) = (
                rows.targets[row * targets + self.target],
                predictions[row * targets + self.target],
            );
            let of_row = &rows.features[row * features..(row + 1) * features];
            // As in the fit, counts are numbers of equal rows, and rows of
            // weight 0 are skipped.
            let (weight, count) = if self.are_counts {
                (1.0, weight(row))
            } else {
                (weight(row), 1.0)
            };
            if weight > 0.0 && count > 0.0 {
                counts.push(count);
                tested.extend_from_slice(of_row);
                residuals.push(weight.sqrt() * (actual - fitted));
                self.add_rounding(of_row, actual, weight);
            }
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
            self.actual.push(actual);
            self.fitted.push(fitted);
            let Some(errors) = &self.errors else { continue };
            let tails = rows.tails.as_deref();
            let tails = tails.map(|tails| &tails[row * features..(row + 1) * features]);
            let in_basis = errors.in_basis(of_row, tails);
            let spread =
                errors.residual_variance[self.target].sqrt() * errors.target_units[self.target];
            // The diagonal of the hat matrix, and the residual over its standard
            // deviation (Belsley, Kuh and Welsch, Regression Diagnostics, 1980,
            // sections 2.1 and 2.2).
            let leverage = weight * errors.leverage(self.target, &in_basis);
            let is_determined = is_determining(leverage) || leverage.is_nan();
            self.determined += usize::from(is_determined);
            let residual = weight.sqrt() * (actual - fitted) / spread;
            self.standardised.push(match is_determined {
                true => f64::NAN,
                false => residual / (1.0 - leverage).sqrt(),
            });
            self.leverage.push(leverage);
        }
        self.squares += residuals.iter().map(|e| e * e).sum::<f64>();
        self.tests.update(&tested, &residuals, Some(&counts))?;
        Ok(())
    }

    /// Adds the rounding error that the residual of a row may have.
    fn add_rounding(&mut self, features: &[f64], actual: f64, weight: f64) {
        let coefficients = self.model.coefficients();
        let targets = coefficients.num_targets();
        let weights = coefficients.weight()[self.target..].iter().step_by(targets);
        let products = features.iter().zip(weights).map(|(x, w)| (x * w).abs());
        let size = actual.abs() + coefficients.bias()[self.target].abs() + products.sum::<f64>();
        self.rounding += weight * (f64::EPSILON * size).powi(2);
        self.range = [self.range[0].min(actual), self.range[1].max(actual)];
    }

    /// What the tests of all rows say.
    fn tests(&self) -> ResidualTests {
        /// An exact line leaves residuals below this share of the target's
        /// range.
        const LITTLE: f64 = 1e-6;
        let rows = self.tests.rows();
        let spread = rows as f64 * ((self.range[1] - self.range[0]) * LITTLE).powi(2);
        let is_little = self.squares <= 16.0 * self.rounding;
        ResidualTests {
            breusch_pagan_p: self.tests.breusch_pagan_p(),
            jarque_bera_p: self.tests.jarque_bera_p(),
            level: LEVEL,
            rows,
            are_rounding: is_little && (self.squares <= spread || spread == 0.0),
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

    fn picture(&self, kind: Kind, name: &str, tests: &ResidualTests) -> Result<Picture> {
        if self.actual.is_empty() {
            bail!("there are no rows after the header");
        }
        // The values of the rows whose standardised residual is defined.
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
                Picture::residuals(name, &self.fitted, &residuals, Some(tests))?
            }
            Kind::Quantiles => Picture::normal_quantiles(&told(&self.standardised), Some(tests))?,
            Kind::Scale => Picture::scale_location(
                name,
                &told(&self.fitted),
                &told(&self.standardised),
                Some(tests),
            )?,
            Kind::Leverage => {
                let coefficients = self
                    .errors
                    .as_ref()
                    .map_or(1, |errors| errors.feature_scales.len());
                let mut standardised = told(&self.standardised);
                if tests.are_rounding {
                    standardised.fill(0.0);
                }
                Picture::leverage(&told(&self.leverage), &standardised, coefficients)?
            }
        })
    }
}
