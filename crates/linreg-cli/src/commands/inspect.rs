use std::path::PathBuf;

use anyhow::Result;
use linreg_data::EncodingCounts;
use linreg_fit::FittedModel;
use linreg_fit::export::columns::columns_lines;
use linreg_fit::export::text::coefficients_table;
use linreg_model::FORMAT_VERSION;

use crate::input::load_model;
use crate::loss;
use crate::number::{count, plain};
use crate::settings::flag;
use crate::terminal::{self, print_json};
use crate::text_args::arguments;

/// Show what is in a model file
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg inspect houses.safetensors
  linreg inspect houses.safetensors --json")]
pub struct Args {
    /// Model that `linreg fit` wrote
    model: PathBuf,

    /// Print one JSON object: coefficients, features, targets, metadata
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<()> {
    let model = load_model(&args.model)?;
    if args.json {
        return print_json(&model.to_json());
    }
    let mut stdout = terminal::stdout();
    writeln!(
        stdout,
        "{}: predicts {} from {} (format version {FORMAT_VERSION})\n",
        args.model.display(),
        plain(&model.target_names().join(", ")),
        count(model.feature_names().len(), "feature")
    )?;
    let columns = columns(&model);
    if let Some(columns) = &columns {
        writeln!(stdout, "{columns}")?;
    }
    write!(stdout, "{}", coefficients_table(&model, terminal::width()))?;
    let targets = plain(&model.target_names().join("`, `"));
    if let Some(meaning) = loss::meaning(model.loss(), &targets) {
        writeln!(stdout, "\n{meaning}")?;
    }
    let file = model.file();
    // The lines about the columns already show these two.
    let said = |key: &str| columns.is_some() && ["encoder", "schema"].contains(&key);
    let metadata = file.metadata.iter().filter(|(key, _)| !said(key));
    if metadata.clone().count() > 0 {
        writeln!(stdout)?;
    }
    for (key, value) in metadata {
        if key == "reading" {
            writeln!(stdout, "  {key}: {}", plain(&arguments(model.reading())))?;
            continue;
        }
        writeln!(stdout, "  {}: {}", plain(key), plain(value))?;
    }
    for (name, tensor) in &file.tensors {
        writeln!(stdout, "  tensor {}: {:?}", plain(name), tensor.shape)?;
    }
    Ok(())
}

/// The columns of the table that the model was fitted to, if the model file has
/// them.
fn columns(model: &FittedModel) -> Option<String> {
    let counts = EncodingCounts::default();
    Some(columns_lines(
        model.schema()?,
        model.encoder(),
        &counts,
        flag,
        terminal::width(),
    ))
}
