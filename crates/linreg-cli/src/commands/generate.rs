use std::path::PathBuf;

use anyhow::Result;
use linreg_data::{RowSource, SyntheticConfig, write_dataset};

use crate::names::Names;
use crate::output::Files;

/// Write synthetic data y = X w + b + noise
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg generate > lesson.csv
  linreg generate --weights 1.5,-20 --bias 100 --noise 5 \\
      --features area,age --target price --output houses.csv")]
pub struct Args {
    #[command(flatten)]
    data: SyntheticArgs,

    /// Names of the features, one for each weight [default: x1,x2,...]
    #[arg(long, value_name = "NAMES")]
    features: Option<Names>,

    /// Name of the target
    #[arg(long, value_name = "NAME", default_value = "y")]
    target: String,

    /// File to write, of the format that its extension names: .csv, .parquet,
    /// .arrow [default: CSV to standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

/// What the synthetic data is drawn from.
#[derive(clap::Args)]
pub struct SyntheticArgs {
    /// True weights, one for each feature
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        default_value = "2,-3.4"
    )]
    weights: Vec<f64>,

    /// True bias
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 4.2
    )]
    bias: f64,

    /// Number of rows
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 1000
    )]
    examples: usize,

    /// Standard deviation of the noise
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 0.01
    )]
    noise: f64,

    /// Seed: the same seed gives the same numbers everywhere
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 0
    )]
    pub seed: u64,
}

impl SyntheticArgs {
    pub fn config(&self) -> SyntheticConfig {
        SyntheticConfig::new(self.weights.clone(), self.bias)
            .with_num_examples(self.examples)
            .with_noise_std(self.noise)
            .with_seed(self.seed)
    }
}

pub fn run(args: Args) -> Result<()> {
    let output = Files::new(&[], args.force)?.output("rows", args.output.as_deref())?;
    let format = output.table_format()?;
    let rows = args.data.config().source()?;
    let names = match args.features {
        Some(names) => names.0,
        None => rows.feature_names().to_vec(),
    };
    let rows = rows.with_names(names, vec![args.target])?;
    output.write(|file| Ok(write_dataset(&rows, file, format)?))
}
