use anyhow::Result;

use super::drawing::DrawingArgs;
use super::numbers::{NumberArgs, warn_of_incomplete};
use crate::fit_advice::advised;
use crate::terminal;

/// Each feature against the target, with its regression line and the share of
/// variance that it explains
///
/// A categorical column is drawn by its levels: for each the mean of the target, a box
/// of the middle half of the rows, and their number. The rows are read twice, or three
/// times with categorical columns, and not kept in memory, so there may be any number of
/// them. The more rows there are at a place, the darker it is.
#[derive(clap::Args)]
pub struct Args {
    /// Column that each feature is drawn against
    #[arg(long, short, value_name = "NAME")]
    target: String,

    #[command(flatten)]
    numbers: NumberArgs,

    #[command(flatten)]
    drawing: DrawingArgs,
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&args.numbers.source.paths(), &[])?;
    let numbers = args.numbers.find(Some(&args.target))?;
    let found = numbers.scatters().map_err(advised)?;
    warn_of_incomplete(&found.counts)?;
    if found.drawn < found.all {
        terminal::stderr().note(format_args!(
            "of {} features, the {} that explain most are drawn; --features chooses others",
            found.all, found.drawn
        ))?;
    }
    drawing.write(&found.picture)
}
