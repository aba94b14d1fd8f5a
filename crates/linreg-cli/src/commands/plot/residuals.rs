use std::path::PathBuf;

use anyhow::Result;
use linreg_data::{MissingPolicy, UnseenPolicy};
use linreg_fit::{FitError, ResidualPicture};
use linreg_plot::Picture;

use super::drawing::DrawingArgs;
use super::target;
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::fit_advice::advised;
use crate::input::{SourceArgs, load_model_before_table, name, of_model, with_policies};
use crate::number::{count, thousands};
use crate::terminal;

/// The residuals of a fit: against fitted values, normal quantiles and
/// leverage, and their scale
///
/// Give the rows that the model was fitted to: residuals are standardised as
/// those of the fit. A model that was trained by gradients has no covariance to
/// do that with: without --kind, only predicted and fitted are drawn.
#[derive(clap::Args)]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

    /// Pictures to draw: predicted, fitted, order, qq, scale or leverage
    ///
    /// predicted draws actual against predicted values; fitted, residuals
    /// against fitted values; order, residuals in the order of the rows; qq,
    /// standardised residuals against normal
    /// quantiles; scale, the size of standardised residuals along the fitted
    /// values; leverage, standardised residuals against leverage, with Cook's
    /// distances. By default, fitted, qq, scale and leverage are drawn.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    kind: Vec<ResidualPicture>,

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
    /// An unknown level is in none of the rows that the model was fitted to.
    /// With baseline, it is taken as the baseline level; with drop, the row is
    /// left out. By default, the policy is that of the fit.
    #[arg(long, value_name = "POLICY", value_parser = unseen)]
    unseen: Option<UnseenPolicy>,

    #[command(flatten)]
    drawing: DrawingArgs,
}

fn kind(text: &str) -> Result<ResidualPicture, String> {
    Ok(match text {
        "predicted" => ResidualPicture::Predicted,
        "fitted" => ResidualPicture::Fitted,
        "order" => ResidualPicture::Order,
        "qq" => ResidualPicture::Quantiles,
        "scale" => ResidualPicture::Scale,
        "leverage" => ResidualPicture::Leverage,
        _ => return Err("expected predicted, fitted, order, qq, scale or leverage".to_string()),
    })
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&args.source.paths(), &[&args.model])?;
    let model = load_model_before_table(&args.model)?;
    let model = with_policies(model, &args.model, args.missing, args.unseen)?;
    let target = target(&model, &args.model, args.target.as_deref())?;
    let kinds = if args.kind.is_empty() {
        ResidualPicture::usual(&model)
    } else {
        args.kind
    };
    let is_standardised = kinds.iter().any(|kind| kind.is_standardised());
    if is_standardised {
        let errors = model.interval_errors();
        errors.map_err(|error| advised(error.into()).context(name(&args.model)))?;
    }
    let table = args.source.table_for(&model)?;
    let residuals = model.residuals(&table, target);
    let (residuals, counts) = residuals.map_err(|error| of_model(error, &args.model))?;
    warn_of_counts(&counts, "")?;
    let pictures = kinds.iter().map(|kind| residuals.picture(*kind));
    let pictures: Result<Vec<Picture>, FitError> = pictures.collect();
    let pictures = pictures.map_err(|error| advised(error.of_table(&args.source.name())))?;
    let picture = Picture::side_by_side(pictures)?;
    if residuals.determined > 0 && is_standardised {
        let (have, of_them, them) = match residuals.determined {
            1 => ("has", "its residual is", "it"),
            _ => ("have", "their residuals are", "them"),
        };
        terminal::stderr().note(format_args!(
            "{} {have} leverage 1: {of_them} always 0, and pictures of standardised residuals leave {them} out",
            count(residuals.determined as usize, "row")
        ))?;
    }
    let (drawn, all) = (residuals.num_drawn(), residuals.num_rows as usize);
    drawing.write(&if drawn == all {
        picture
    } else {
        let (drawn, all) = (thousands(drawn), thousands(all));
        picture.with_note(&format!("{drawn} of {all} rows, drawn at random"))
    })
}
