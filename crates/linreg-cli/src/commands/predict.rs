use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use linreg_data::{
    EncodingCounts, MissingPolicy, TableFormat, TableWriter, UnseenPolicy, column_indices,
};
use linreg_fit::{FitError, PredictedParts, Table};

use crate::cluster::ClusterArgs;
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::fit_advice::advised;
use crate::input::{SourceArgs, load_model_before_table, name, of_model, with_policies};
use crate::interrupt;
use crate::names::{Names, all};
use crate::output::{Files, Output};
use crate::reading::ShownSource;
use crate::terminal;

/// Predict the target of each row of a table
///
/// Writes one row for each row read, in the same order, with a column
/// predicted_NAME for each target. --interval adds lower_NAME and upper_NAME,
/// between which the target of such a row lies with that probability, and
/// mean_lower_NAME and mean_upper_NAME, between which the mean of all such rows
/// lies. After fit --robust, both intervals use the robust covariance; that of
/// the row also assumes that the residual variance is the same in all rows.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg predict houses.safetensors new.csv --output predictions.csv
  linreg predict houses.safetensors new.parquet --keep id --output predictions.parquet
  linreg predict houses.safetensors new.csv --interval 0.95
  linreg predict houses.safetensors 'new-*.parquet' --output predictions --parts parquet
  cat new.csv | linreg predict houses.safetensors -")]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

    /// File to write: .csv, .parquet or .arrow [default: standard output]
    ///
    /// The extension names the format; on standard output it is CSV.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Make --output a folder of files of this format: csv, parquet or arrow
    ///
    /// There is a file for each 131,072 rows: part-00000.parquet and so on, in the
    /// order of the table. The machines that read the rows write the files, so on a
    /// cluster they all need the folder under the same path.
    #[arg(long, value_name = "FORMAT", value_parser = format, requires = "output")]
    parts: Option<TableFormat>,

    /// Replace the file or the folder if it exists
    #[arg(long)]
    force: bool,

    /// Write intervals of this probability, such as 0.95
    #[arg(long, value_name = "PROBABILITY", allow_negative_numbers = true)]
    interval: Option<f64>,

    /// Columns to write beside the predictions
    #[arg(long, value_name = "NAMES")]
    keep: Vec<Names>,

    /// Missing cells: error, drop or mean [default: as fitted]
    ///
    /// With drop, there is no prediction for the row; with mean, the cell is
    /// taken as the mean of the rows that the model was fitted to. By default, the
    /// policy is that of the fit.
    #[arg(long, value_name = "POLICY", value_parser = applied_missing)]
    missing: Option<MissingPolicy>,

    /// Unknown levels: error, baseline or drop [default: as fitted]
    ///
    /// An unknown level is in none of the rows that the model was fitted to.
    /// With baseline, it is taken as the baseline level; with drop, there is no
    /// prediction for the row. By default, the policy is that of the fit.
    #[arg(long, value_name = "POLICY", value_parser = unseen)]
    unseen: Option<UnseenPolicy>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub fn run(args: Args) -> Result<()> {
    let mut files = Files::new(&args.source.paths(), args.force)?;
    files.read(&args.model);
    let to = match (args.parts, &args.output) {
        (Some(_), Some(folder)) if folder == "-" => {
            bail!("--parts writes files to a folder: name it with --output")
        }
        (Some(format), Some(folder)) => {
            let parts = PredictedParts::new(folder, format, args.force).map_err(advised)?;
            interrupt::listen();
            To::Parts(parts)
        }
        _ => {
            let output = files.output("predictions", args.output.as_deref())?;
            let format = output.table_format()?;
            To::Table(output, format)
        }
    };
    let model = load_model_before_table(&args.model)?;
    let model = with_policies(model, &args.model, args.missing, args.unseen)?;
    let mut source = args.source.source_for(&model)?;
    // Progress would be shown between the lines that go to a terminal.
    let is_file = match &to {
        To::Parts(_) => true,
        To::Table(output, _) => output.is_file(),
    };
    if is_file {
        source = Arc::new(ShownSource(source));
    }
    let keep = all(&args.keep);
    let kept = column_indices(source.as_ref(), &keep);
    kept.map_err(|error| advised(FitError::Data(error).of_table(&args.source.name())))?;
    let table = Table::of(source, &args.source.name());
    let table = args.cluster.read(table)?;
    let predictor = model.table_predictor(&table, args.interval, &keep);
    let predictor = predictor.map_err(|error| match error {
        FitError::Table { .. } | FitError::Data(_) => of_model(error, &args.model),
        error => advised(error).context(name(&args.model)),
    })?;
    if let (Some(_), Some(kind)) = (args.interval, model.std_errors()) {
        terminal::stderr().warning(format_args!(
            "the model was fitted with --robust {}: intervals of means account for unequal variance, but those of single rows assume the mean variance, so they hold on average only",
            kind.name()
        ))?;
    }
    let counts = match to {
        To::Parts(parts) => predictor.write_parts(parts).map_err(advised)?,
        To::Table(output, format) => {
            let mut counts = EncodingCounts::default();
            output.write(|file| {
                let mut writer = TableWriter::new(file, format, predictor.schema())?;
                let written = predictor.run(&mut |rows| {
                    counts.merge(&rows.predictions.counts);
                    writer.write(&rows.into_batch()?)
                });
                written.map_err(advised)?;
                Ok(writer.finish()?)
            })?;
            counts
        }
    };
    warn_of_counts(&counts, "")?;
    Ok(())
}

/// Where predictions go.
enum To {
    Table(Output, TableFormat),
    Parts(PredictedParts),
}

fn format(text: &str) -> Result<TableFormat, String> {
    let formats = [TableFormat::Csv, TableFormat::Parquet, TableFormat::Arrow];
    let named = formats
        .into_iter()
        .find(|format| format.extension() == text);
    named.ok_or_else(|| "expected csv, parquet or arrow".to_string())
}
