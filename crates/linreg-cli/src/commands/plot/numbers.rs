use anyhow::Result;
use linreg_data::EncodingCounts;
use linreg_fit::{Columns, NumberColumns, Setting};

use crate::columns::KindArgs;
use crate::fit_advice::advised;
use crate::input::SourceArgs;
use crate::names::{Names, all};
use crate::number::{plain, thousands};
use crate::settings::flag;
use crate::terminal;

/// Which columns of a table are drawn.
#[derive(clap::Args)]
pub struct NumberArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Columns to draw [default: all that can be drawn]
    #[arg(long, value_name = "NAMES", conflicts_with = "exclude")]
    features: Vec<Names>,

    /// Columns to leave out
    #[arg(long, value_name = "NAMES")]
    exclude: Vec<Names>,

    #[command(flatten)]
    kinds: KindArgs,
}

impl NumberArgs {
    /// Finds the columns of numbers, and warns of those that are mixed with words.
    pub fn find(&self, target: Option<&str>) -> Result<NumberColumns> {
        let columns = Columns {
            targets: target.map(String::from).into_iter().collect(),
            features: all(&self.features),
            exclude: all(&self.exclude),
            ..self.kinds.columns()
        };
        let numbers = self.source.table()?.numbers(&columns).map_err(advised)?;
        for column in &numbers.mixed {
            let why = flag(&Setting::Why(Box::new(column.clone())));
            terminal::stderr().warning(format_args!(
                "`{}` is not drawn: {}",
                plain(&column.name),
                plain(&why)
            ))?;
        }
        Ok(numbers)
    }
}

/// Warns of rows that are left out.
pub fn warn_of_incomplete(counts: &EncodingCounts) -> Result<()> {
    if counts.dropped > 0 {
        terminal::stderr().warning(format_args!(
            "{} of {} rows are left out for missing cells",
            thousands(counts.dropped as usize),
            thousands(counts.rows as usize)
        ))?;
    }
    Ok(())
}
