use anyhow::Result;

use super::drawing::DrawingArgs;
use super::numbers::{NumberArgs, warn_of_incomplete};
use crate::fit_advice::advised;
use crate::terminal;

/// Every column of numbers against every other, with their correlations
///
/// The rows are read twice and not kept in memory, so there may be any number
/// of them.
#[derive(clap::Args)]
pub struct Args {
    /// Column to draw last, in the bottom row
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    #[command(flatten)]
    numbers: NumberArgs,

    #[command(flatten)]
    drawing: DrawingArgs,
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&args.numbers.source.paths(), &[])?;
    let numbers = args.numbers.find(args.target.as_deref())?;
    let found = numbers.matrix().map_err(advised)?;
    if found.drawn < found.all {
        terminal::stderr().note(format_args!(
            "{} of {} columns are drawn; --features chooses others",
            found.drawn, found.all
        ))?;
    }
    warn_of_incomplete(&found.counts)?;
    drawing.write(&found.picture)
}
