use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use linreg_model::ModelFile;
use linreg_training::{Metrics, MetricsAccumulator};

use crate::input::{load_model, name, open_csv};
use crate::number::{plain, significant};
use crate::output::print_json;

/// How good a model is on a CSV file whose target is known
///
/// The file must have the model's features and target by name. Everything is
/// computed in 64-bit floats.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg evaluate houses.safetensors test.csv
  linreg evaluate houses.safetensors test.csv --json")]
pub struct Args {
    /// Model that `linreg fit` wrote
    model: PathBuf,

    /// CSV file with a header; - for standard input
    file: PathBuf,

    /// Print one JSON object: mse, rmse, mae, r_squared, rows
    #[arg(long)]
    json: bool,
}

/// Rows that are read and evaluated at once.
const CHUNK_ROWS: usize = 8192;

pub fn run(args: Args) -> Result<()> {
    let model = load_model(&args.model)?;
    let [target] = &model.target_names[..] else {
        bail!(
            "{}: the model has {} targets; evaluate takes a model of one",
            args.model.display(),
            model.target_names.len()
        );
    };
    let metrics = evaluate(&model, target, &args.model, &args.file)?;
    if args.json {
        return print_json(&serde_json::to_value(metrics)?);
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", metrics_lines(&metrics, target))?;
    Ok(())
}

fn evaluate(model: &ModelFile, target: &str, path: &Path, file: &Path) -> Result<Metrics> {
    let mut reader = open_csv(file)?;
    let mut names = model.feature_names.clone();
    names.push(target.to_owned());
    let indices = reader.indices(&names).with_context(|| {
        format!(
            "{}: the columns do not match the model {}",
            name(file),
            path.display()
        )
    })?;
    let mut accumulator = MetricsAccumulator::default();
    let num_features = model.feature_names.len();
    loop {
        let rows = reader.read_rows(&indices, CHUNK_ROWS);
        let rows = rows.with_context(|| name(file))?;
        if rows.is_empty() {
            break;
        }
        let mut features = Vec::with_capacity(rows.len());
        let mut targets = Vec::with_capacity(CHUNK_ROWS);
        for row in rows.chunks_exact(indices.len()) {
            features.extend_from_slice(&row[..num_features]);
            targets.push(row[num_features]);
        }
        accumulator.update(&model.coefficients.predict(&features), &targets);
    }
    metrics(&accumulator, target).with_context(|| name(file))
}

/// The metrics of all rows seen, which must be some.
pub fn metrics(accumulator: &MetricsAccumulator, target: &str) -> Result<Metrics> {
    match accumulator.metrics() {
        None => bail!("there are no rows after the header"),
        // JSON has no number for an overflow, and nobody can use one.
        Some(metrics) if !metrics.mse.is_finite() => bail!(
            "the squared residuals are beyond 64-bit floats; divide `{}` by a power of ten",
            plain(target)
        ),
        Some(metrics) => Ok(metrics),
    }
}

/// Metrics for people, with what each means.
pub fn metrics_lines(metrics: &Metrics, target: &str) -> String {
    let target = plain(target);
    let r_squared = match metrics.r_squared {
        Some(share) => format!("{}  share of the variance explained", significant(share)),
        None => format!("-  `{target}` has no variance to explain"),
    };
    format!(
        "  R²    {r_squared}\n  RMSE  {}  typical error, in the unit of {target}\n  MAE   {}  mean absolute error\n  rows  {}",
        significant(metrics.rmse),
        significant(metrics.mae),
        metrics.rows
    )
}
