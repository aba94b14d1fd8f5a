mod coefficients;
mod drawing;
mod losses;
mod matrix;
mod numbers;
mod residuals;
mod scatter;

use anyhow::Result;

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
