use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use linreg_data::CsvWriter;

use crate::input::{load_model, name, open_csv};
use crate::number::plain;
use crate::output::Output;

/// Predict for each row of a CSV file
///
/// Writes CSV with one row for each row of the file, in the same order, and
/// one column `predicted_TARGET`. The file must have the model's features by
/// name, in any order; other columns are passed over. Predictions are computed
/// in 64-bit floats.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg predict houses.safetensors new.csv
  linreg predict houses.safetensors new.csv --output prices.csv")]
pub struct Args {
    /// Model that `linreg fit` wrote
    model: PathBuf,

    /// CSV file with a header; - for standard input
    file: PathBuf,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

/// Rows that are read, predicted and written at once.
const CHUNK_ROWS: usize = 8192;

pub fn run(args: Args) -> Result<()> {
    let output = Output::new(args.output, args.force, &[&args.model, &args.file])?;
    let model = load_model(&args.model)?;
    let mut reader = open_csv(&args.file)?;
    let indices = reader.indices(&model.feature_names).with_context(|| {
        format!(
            "{}: the columns do not match the model {}",
            name(&args.file),
            args.model.display()
        )
    })?;
    output.write(|file| {
        let names = model.target_names.iter();
        let names = names.map(|target| format!("predicted_{target}"));
        let mut writer = CsvWriter::new(file, names)?;
        let mut num_rows = 0;
        loop {
            let rows = reader.read_rows(&indices, CHUNK_ROWS);
            let rows = rows.with_context(|| name(&args.file))?;
            if rows.is_empty() {
                return Ok(writer.finish()?);
            }
            let predictions = model.coefficients.predict(&rows);
            let num_targets = model.target_names.len();
            if let Some(index) = predictions.iter().position(|value| !value.is_finite()) {
                bail!(
                    "{}: row {}: the prediction of {} is beyond 64-bit floats; are its features in the units the model was fitted on?",
                    name(&args.file),
                    num_rows + index / num_targets + 1,
                    plain(&model.target_names[index % num_targets])
                );
            }
            num_rows += predictions.len() / num_targets;
            for row in predictions.chunks(num_targets) {
                writer.write_row(row.iter().copied())?;
            }
        }
    })
}
