use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use linreg_model::FORMAT_VERSION;
use serde_json::{Map, Value, json};

use super::{coefficients_json, coefficients_table};
use crate::input::load_model;
use crate::number::plain;
use crate::output::print_json;

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
        // What is JSON in the metadata is shown as JSON.
        let parse = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let metadata = model.metadata.iter();
        let metadata: Map<String, Value> = metadata
            .map(|(key, value)| (key.clone(), parse(value)))
            .collect();
        let tensors = model.tensors.iter();
        let tensors: Map<String, Value> = tensors
            .map(|(name, tensor)| (name.clone(), json!(tensor.shape)))
            .collect();
        return print_json(&json!({
            "format_version": FORMAT_VERSION,
            "features": model.feature_names,
            "targets": model.target_names,
            "coefficients": coefficients_json(&model),
            "metadata": metadata,
            "tensors": tensors,
        }));
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{}: predicts {} from {} features (format version {FORMAT_VERSION})\n",
        args.model.display(),
        plain(&model.target_names.join(", ")),
        model.feature_names.len()
    )?;
    write!(stdout, "{}", coefficients_table(&model))?;
    if !model.metadata.is_empty() {
        writeln!(stdout)?;
    }
    for (key, value) in &model.metadata {
        writeln!(stdout, "  {}: {}", plain(key), plain(value))?;
    }
    for (name, tensor) in &model.tensors {
        writeln!(stdout, "  tensor {}: {:?}", plain(name), tensor.shape)?;
    }
    Ok(())
}
