use anyhow::{Result, bail};
use linreg_plot::{Cloud, Picture};

use super::drawing::DrawingArgs;
use super::numbers::NumberArgs;
use crate::terminal;

/// Each feature against the target, with its own line and what it explains
///
/// Rows are read twice and never kept, so that there may be any number of them;
/// the more there are at a place, the darker it is.
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

/// The most features in one picture, and the most that are read.
const MOST_DRAWN: usize = 12;
const MOST_FEATURES: usize = 200;

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&args.numbers.source().paths(), &[])?;
    let numbers = args.numbers.learn(Some(&args.target))?;
    let Some(((target, least, most), features)) = numbers.columns.split_last() else {
        bail!("there are no columns");
    };
    if features.len() > MOST_FEATURES {
        bail!(
            "{}: {} features are more than can be drawn; choose up to {MOST_FEATURES} of them with --features",
            args.numbers.source().name(),
            features.len()
        );
    }
    let clouds = features
        .iter()
        .map(|(name, from, to)| Cloud::new((name, *from, *to), (target, *least, *most)));
    let mut clouds: Vec<Cloud> = clouds.collect::<Result<_, _>>()?;
    numbers.read(&args.numbers, |columns| {
        for (cloud, column) in clouds.iter_mut().zip(columns) {
            cloud.update(column, &columns[features.len()])?;
        }
        Ok(())
    })?;
    if clouds.len() > MOST_DRAWN {
        let explained = |cloud: &Cloud| cloud.line().explained.unwrap_or(0.0);
        clouds.sort_by(|a, b| explained(b).total_cmp(&explained(a)));
        clouds.truncate(MOST_DRAWN);
        terminal::stderr().note(format_args!(
            "of {} features, the {MOST_DRAWN} that explain most are drawn; --features chooses others",
            features.len()
        ))?;
    }
    let pictures = clouds.iter().map(Picture::scatter_of);
    let pictures: Vec<Picture> = pictures
        .collect::<Result<_, _>>()
        .map_err(|error| args.numbers.source().say_where(error))?;
    drawing.write(&Picture::side_by_side(pictures)?)
}
