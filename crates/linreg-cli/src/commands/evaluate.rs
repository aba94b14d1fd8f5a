use std::path::PathBuf;

use super::fit::intervals::Predictor;
use anyhow::{Context, Result, bail};
use linreg_data::{
    ChunkOrder, DataError, EncodedSource, EncodingCounts, MissingPolicy, Passes, Rows, Set, Split,
};
use linreg_training::{Loss, Metrics, MetricsAccumulator};
use serde_json::{Value, json};

use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::input::{SourceArgs, encoder_of, load_model_before_table, loss_of};
use crate::loss;
use crate::number::plain;
use crate::terminal::{self, print_json};

/// How good a model is on a table whose target is known
///
/// A model is judged by the loss it was fitted with: of a quantile, its mean
/// pinball loss and the share of rows at or below the prediction; of the Huber
/// loss, its mean and the share of rows within delta; else R², RMSE and MAE.
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

    /// What to do about missing cells: error, drop (leave out the row), mean
    /// (of the rows that the model was fitted to) [default: as the model was
    /// fitted]
    #[arg(long, value_name = "POLICY", value_parser = applied_missing)]
    missing: Option<MissingPolicy>,

    /// What to do about levels that the model does not know: error, baseline, or
    /// drop (leave out their rows) [default: as the model was fitted]
    #[arg(long, value_name = "POLICY", value_parser = unseen)]
    unseen: Option<linreg_data::UnseenPolicy>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<()> {
    let model = load_model_before_table(&args.model)?;
    let mut encoder = encoder_of(&model, &args.model)?;
    if let Some(policy) = args.unseen {
        encoder = encoder.with_unseen(policy);
    }
    if let Some(policy) = args.missing {
        let changed = encoder.with_missing(policy);
        encoder = changed.with_context(|| args.model.display().to_string())?;
    }
    let source = args.source.open_for(&model, Passes::One)?;
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training);
    let rows = rows.with_context(|| {
        format!(
            "{}: the columns do not match the model {}",
            args.source.name(),
            args.model.display()
        )
    })?;
    let mut counts = EncodingCounts::default();
    let chunks = rows.encoded(ChunkOrder::File)?.map(|chunk| {
        let (rows, of_chunk) = chunk?;
        counts.merge(&of_chunk);
        Ok(rows)
    });
    let predictor = Predictor::new(&model, encoder.intercept());
    let predict = |rows: &Rows| predictor.predict(rows);
    let loss = loss_of(&model, &args.model)?;
    let metrics = metrics(chunks, predict, &model.target_names, loss);
    let metrics = metrics.map_err(|error| args.source.say_where(error))?;
    warn_of_counts(&counts, "")?;
    if args.json {
        return print_json(&metrics_json(&metrics, &model.target_names)?);
    }
    let lines = metrics_lines(&metrics, &model.target_names);
    write!(terminal::stdout(), "{lines}")?;
    Ok(())
}

/// The metrics of each target over all rows, of which there must be at least
/// one. `loss` is the one that the model was fitted with.
pub fn metrics(
    chunks: impl Iterator<Item = Result<Rows, DataError>>,
    predict: impl Fn(&Rows) -> Vec<f64>,
    targets: &[String],
    loss: Loss,
) -> Result<Vec<Metrics>> {
    let num_targets = targets.len();
    let mut accumulators = vec![MetricsAccumulator::new(loss); num_targets];
    let column = |values: &[f64], target: usize| -> Vec<f64> {
        let values = values[target.min(values.len())..].iter();
        values.step_by(num_targets).copied().collect()
    };
    for rows in chunks {
        let rows = rows?;
        let predictions = predict(&rows);
        for (target, accumulator) in accumulators.iter_mut().enumerate() {
            let predictions = column(&predictions, target);
            let targets = column(&rows.targets, target);
            match &rows.weights {
                None => accumulator.update(&predictions, &targets),
                Some(weights) => accumulator.update_weighted(&predictions, &targets, weights),
            }
        }
    }
    let metrics = accumulators.iter().zip(targets);
    metrics
        .map(|(accumulator, target)| match accumulator.metrics() {
            None => bail!("there are no rows after the header"),
            // An overflow is of no use to anybody, and JSON has no number for
            // it.
            Some(metrics) if !metrics.mse.is_finite() => bail!(
                "the squared residuals are beyond 64-bit floats; divide the column `{}` by a power of ten and fit again",
                plain(target)
            ),
            Some(metrics) => Ok(metrics),
        })
        .collect()
}

/// The metrics as JSON: an object, or for several targets an array of them.
pub fn metrics_json(metrics: &[Metrics], targets: &[String]) -> Result<Value> {
    if let [only] = metrics {
        return Ok(serde_json::to_value(only)?);
    }
    let mut list = Vec::new();
    for (metrics, target) in metrics.iter().zip(targets) {
        let mut entry = serde_json::to_value(metrics)?;
        entry["target"] = json!(target);
        list.push(entry);
    }
    Ok(Value::Array(list))
}

/// The metrics as text, each with its meaning. Those of the loss that the model
/// was fitted with come first.
pub fn metrics_lines(metrics: &[Metrics], targets: &[String]) -> String {
    let mut text = String::new();
    for (metrics, target) in metrics.iter().zip(targets) {
        let target = plain(target);
        if targets.len() > 1 {
            text += &format!("  {target}\n");
        }
        let lines = loss::metrics(metrics, &target);
        let width = lines.iter().map(|line| line.name.chars().count()).max();
        let width = width.unwrap_or(0);
        for line in lines {
            let (name, value) = (line.name, line.value);
            let line = format!("  {name:<width$}  {value}  {}", line.meaning);
            text += &format!("{}\n", line.trim_end());
        }
    }
    text
}
