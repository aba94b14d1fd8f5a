use anyhow::Result;

use crate::cluster::ClusterArgs;
use crate::columns::KindArgs;
use crate::fit_advice::advised;
use crate::input::SourceArgs;
use crate::settings::flag;
use crate::terminal::{self, print_json};

/// Look at the columns of a table: kinds, missing cells, quantiles, levels,
/// correlation with the target
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg describe houses.csv
  linreg describe houses.parquet --target price --json")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Column to correlate the others with
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub fn run(args: Args) -> Result<()> {
    let table = args.cluster.read(args.source.table()?)?;
    let description = table.describe(&args.kinds.columns().kinds(), args.target.as_deref());
    let description = description.map_err(advised)?;
    if args.json {
        return print_json(&description.to_json_with(flag));
    }
    let mut stdout = terminal::stdout();
    write!(
        stdout,
        "{}",
        description.to_text_with(flag, terminal::width())
    )?;
    let warnings = description.warnings();
    if !warnings.is_empty() {
        writeln!(stdout)?;
    }
    for warning in warnings {
        stdout.note(warning.told(flag))?;
    }
    Ok(())
}
