use std::path::PathBuf;

use linreg_fit::{HoldOut, Table};

/// Which rows are held out to judge the model on.
#[derive(clap::Args)]
#[command(next_help_heading = "Rows held out")]
pub struct SplitArgs {
    /// Fraction of the rows to hold out to judge the model on
    ///
    /// The seed and the number of a row decide whether it is held out.
    #[arg(
        long,
        value_name = "FRACTION",
        allow_negative_numbers = true,
        default_value_t = 0.0
    )]
    validation: f64,

    /// Judge the model on the rows of this file instead
    ///
    /// The file has the same columns, and no rows are held out.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["validation", "k_fold"])]
    pub validation_file: Option<PathBuf>,

    /// Fraction of the rows to hold out for a final test
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

    /// Judge by cross-validation over this many parts of the rows
    ///
    /// The model is fitted once more without each of the parts, and judged on
    /// the part left out. The parts are of equal size. With as many parts as
    /// rows, one row is left out at a time.
    #[arg(long, value_name = "FOLDS", conflicts_with_all = ["validation", "test", "time_ordered"])]
    k_fold: Option<u64>,
}

impl SplitArgs {
    /// The settings of these flags; `validation_table` is the opened
    /// `--validation-file`.
    pub fn hold_out(&self, validation_table: Option<Table>) -> HoldOut {
        HoldOut {
            validation: self.validation,
            test: self.test,
            time_ordered: self.time_ordered,
            validation_table,
            folds: self.k_fold,
        }
    }
}
