use anyhow::Result;
use linreg_plot::{Picture, ScatterMatrix};

use super::drawing::DrawingArgs;
use super::numbers::NumberArgs;
use crate::terminal;

/// Every column of numbers against every other, with their correlations
///
/// Rows are read twice and never kept, so that there may be any number of them.
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
    let drawing = args.drawing.check(&args.numbers.source().paths(), &[])?;
    let numbers = args.numbers.learn(args.target.as_deref())?;
    let all = numbers.columns.len();
    // The first columns are drawn, and always the target, which is the last.
    let most = ScatterMatrix::MOST_COLUMNS.min(all);
    let mut shown: Vec<usize> = (0..most).collect();
    if args.target.is_some() {
        shown[most - 1] = all - 1;
    }
    if most < all {
        terminal::stderr().note(format_args!(
            "{most} of {all} columns are drawn; --features chooses others"
        ))?;
    }
    let columns = shown.iter().map(|index| &numbers.columns[*index]);
    let columns: Vec<(&str, f64, f64)> = columns
        .map(|(name, least, most)| (name.as_str(), *least, *most))
        .collect();
    let mut matrix = ScatterMatrix::new(&columns)?;
    numbers.read(&args.numbers, |columns| {
        let columns: Vec<&[f64]> = shown.iter().map(|index| &columns[*index][..]).collect();
        Ok(matrix.update(&columns)?)
    })?;
    let picture = Picture::matrix_of(matrix);
    drawing.write(&picture.map_err(|error| args.numbers.source().say_where(error))?)
}
