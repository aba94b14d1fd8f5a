mod coefficients;
mod drawing;
mod losses;
mod matrix;
mod numbers;
mod residuals;
mod scatter;

use std::path::Path;

use anyhow::Result;
use linreg_fit::FittedModel;

use crate::fit_advice::advised;

/// Draw data, a fit, its residuals, its training: in the terminal, as SVG or PNG
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg plot scatter houses.csv --target price
  linreg plot matrix houses.csv --output matrix.svg
  linreg plot residuals houses.safetensors houses.csv --output residuals.png
  linreg plot coefficients houses.safetensors
  linreg plot loss history.csv --output loss.svg")]
pub struct Args {
    #[command(subcommand)]
    picture: Picture,
}

#[derive(clap::Subcommand)]
enum Picture {
    Scatter(scatter::Args),
    Matrix(matrix::Args),
    Residuals(residuals::Args),
    Coefficients(coefficients::Args),
    Loss(losses::Args),
}

pub fn run(args: Args) -> Result<()> {
    match args.picture {
        Picture::Scatter(args) => scatter::run(args),
        Picture::Matrix(args) => matrix::run(args),
        Picture::Residuals(args) => residuals::run(args),
        Picture::Coefficients(args) => coefficients::run(args),
        Picture::Loss(args) => losses::run(args),
    }
}

/// The index of the target that is drawn: the one of this name, or the first.
fn target(model: &FittedModel, file: &Path, name: Option<&str>) -> Result<usize> {
    let found = name.map_or(Ok(0), |name| model.target_index(name));
    found.map_err(|error| advised(error).context(file.display().to_string()))
}
