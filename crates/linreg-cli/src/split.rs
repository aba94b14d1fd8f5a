use std::path::PathBuf;

use anyhow::{Result, bail};
use linreg_data::Split;

/// Which rows are held out to judge the model on.
#[derive(clap::Args)]
#[command(next_help_heading = "Rows held out")]
pub struct SplitArgs {
    /// Fraction of the rows to hold out to judge the model on; the seed and the
    /// number of a row decide
    #[arg(
        long,
        value_name = "FRACTION",
        allow_negative_numbers = true,
        default_value_t = 0.0
    )]
    validation: f64,

    /// Judge the model on the rows of this file, which has the same columns,
    /// instead of on rows held out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["validation", "k_fold"])]
    pub validation_file: Option<PathBuf>,

    /// Fraction of the rows to hold out for a last test
    #[arg(
        long,
        value_name = "FRACTION",
        allow_negative_numbers = true,
        default_value_t = 0.0
    )]
    test: f64,

    /// Hold out the last rows, not random ones
    #[arg(long)]
    time_ordered: bool,

    /// Fit once more without each of this many parts of the rows, to judge on
    /// the part left out; the parts are of equal size, and as many as rows leave
    /// out one row at a time
    #[arg(long, value_name = "FOLDS", conflicts_with_all = ["validation", "test", "time_ordered"])]
    k_fold: Option<u64>,
}

impl SplitArgs {
    /// Whether the model is fitted to all rows.
    pub fn holds_out_nothing(&self) -> bool {
        self.validation == 0.0 && self.test == 0.0 && !self.time_ordered
    }

    /// The split of a table of this many rows.
    pub fn split(&self, num_rows: u64, seed: u64) -> Result<Split> {
        let (validation, test) = (self.validation, self.test);
        let split = match self.time_ordered {
            _ if validation == 0.0 && test == 0.0 => Split::None,
            true => Split::TimeOrdered {
                validation,
                test,
                num_rows,
            },
            false => Split::Random {
                validation,
                test,
                seed,
            },
        };
        if self.time_ordered && split == Split::None {
            bail!("--time-ordered holds out nothing without --validation or --test");
        }
        split.check()?;
        Ok(split)
    }

    /// Whether a cross-validation is asked for.
    pub fn has_folds(&self) -> bool {
        self.k_fold.is_some()
    }

    /// The splits of a cross-validation of a table of this many rows, one a fold;
    /// none where none is asked for.
    pub fn folds(&self, num_rows: u64, seed: u64) -> impl Iterator<Item = Split> {
        let folds = self.k_fold.unwrap_or(0);
        (0..folds).map(move |held_out| Split::Fold {
            folds,
            held_out,
            seed,
            num_rows,
        })
    }

    /// An error unless a table of this many rows has that many folds.
    pub fn check_folds(&self, num_rows: u64) -> Result<()> {
        // One is enough, since all have the same number of folds.
        for fold in self.folds(num_rows, 0).take(1) {
            fold.check()?;
        }
        match self.k_fold {
            Some(0) => bail!("the number of folds is 0, expected at least 2"),
            _ => Ok(()),
        }
    }
}
