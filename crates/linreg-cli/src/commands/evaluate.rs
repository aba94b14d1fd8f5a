use std::path::PathBuf;

use anyhow::Result;
use linreg_data::MissingPolicy;
use linreg_fit::export::json::metrics;
use linreg_fit::export::judgement::metrics_lines;

use crate::cluster::ClusterArgs;
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::input::{SourceArgs, load_model_before_table, of_model, with_policies};
use crate::terminal::{self, print_json};

/// Judge a model on a table whose target is known
///
/// A model is judged by the loss that it was fitted with: a quantile by the
/// mean pinball loss and the share of rows at or below the prediction; the
/// Huber loss by its mean and the share of rows within delta; any other loss by
/// R², RMSE and MAE.
///
/// The table must have the model's columns and target by name, and its column
/// of weights if it was fitted with one. Everything is computed in 64-bit
/// floats.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg evaluate houses.safetensors test.csv
  linreg evaluate houses.safetensors test.parquet --json")]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

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
    unseen: Option<linreg_data::UnseenPolicy>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub fn run(args: Args) -> Result<()> {
    let model = load_model_before_table(&args.model)?;
    let model = with_policies(model, &args.model, args.missing, args.unseen)?;
    let table = args.cluster.read(args.source.table_for(&model)?)?;
    let evaluation = model.evaluate(&table);
    let evaluation = evaluation.map_err(|error| of_model(error, &args.model))?;
    warn_of_counts(&evaluation.counts, "")?;
    let targets = model.target_names();
    if args.json {
        return print_json(&metrics(&evaluation.metrics, targets));
    }
    let lines = metrics_lines(&evaluation.metrics, targets, terminal::width());
    write!(terminal::stdout(), "{lines}")?;
    Ok(())
}
