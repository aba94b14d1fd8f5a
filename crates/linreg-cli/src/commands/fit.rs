pub mod diagnostics;
pub mod exact;
mod exact_args;
mod fitted;
mod gap;
pub mod intervals;
mod objective_args;
mod optimum;
mod outputs;
mod page;
mod refinement;
mod report;
mod ridge;
mod run_args;
mod search;
mod summary;
mod table;
mod training_args;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use linreg_data::{DataError, EncodingCounts, MOST_FEATURES, Passes, Set, Split};
use linreg_model::{ModelFileError, OutputError};
use linreg_training::{Metrics, TrainingError};

use super::{Backend, BackendArgs};
use crate::columns::{ColumnArgs, warn_of_unseen};
use crate::input::SourceArgs;
use crate::interrupt::Interrupted;
use crate::split::SplitArgs;
use crate::terminal::{self, print_json};
use exact_args::ExactArgs;
use fitted::How;
use outputs::Outputs;
use report::Report;
use search::SearchArgs;
use table::{Table, Validation};
use training_args::TrainingArgs;

/// Fit a linear model to a table and save it
///
/// Every column that can be is a feature unless --features, --exclude or
/// --formula say otherwise: numbers as they are, words by their levels. How each
/// column was encoded is printed and stored with the model, and predict does the
/// same. The model predicts in the units of the file.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg fit houses.csv --target price
  linreg fit houses.csv --target price --features area,age --output small.safetensors
  linreg fit houses.parquet --formula 'price ~ area * C(town) + poly(age, 2)'
  linreg fit 'sales-*.csv.gz' --target revenue --missing mean --validation 0.2 --json
  linreg fit houses.csv --target price --report houses.html")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Model file to write [default: FILE's name with .safetensors, in this
    /// folder]
    #[arg(long, short, value_name = "MODEL")]
    output: Option<PathBuf>,

    /// Write a report too: one HTML page with the data, pictures, the model and
    /// how far to trust it, for a browser or a printer
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Replace files that exist: the model, the report, and those of a training
    #[arg(long)]
    force: bool,

    /// Print one JSON object: coefficients, metrics, columns, training
    #[arg(long)]
    json: bool,

    /// MiB of rows to keep in memory; in training, a larger table is read again
    /// in every epoch
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,

    /// How to fit
    #[arg(long, value_enum, default_value = "exact")]
    method: Method,

    /// Seed of the rows held out, the initial weights and the order of rows
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 0
    )]
    seed: u64,

    #[command(flatten)]
    columns: ColumnArgs,

    #[command(flatten)]
    split: SplitArgs,

    #[command(flatten)]
    exact: ExactArgs,

    #[command(flatten)]
    training: TrainingArgs,

    #[command(flatten)]
    search: SearchArgs,

    /// File to write a line of JSON to after every epoch: losses, learning rate,
    /// rows per second. With --resume it is continued
    #[arg(long, value_name = "FILE", help_heading = "Training (--method sgd)")]
    log: Option<PathBuf>,

    #[command(flatten)]
    backend: BackendArgs,
}

/// How to fit.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Method {
    /// Least squares, solved exactly, with standard errors
    Exact,
    /// Training by gradients on a Burn backend: stochastic gradient descent and
    /// similar methods with minibatches, or methods that use all rows in each step
    Sgd,
}

pub fn run(args: Args) -> Result<ExitCode> {
    // Settings and files are checked before a long file is read.
    let way = args.way()?;
    args.split.split(1, args.seed)?;
    let mut outputs = Outputs::new(&args, &way)?;
    let resumed = args.training.run.resumed();
    let fitted = fit(&args, &way, &mut outputs).map_err(|error| how_to_go_on(error, resumed));
    if fitted.is_err() && outputs.saved.is_some() {
        terminal::stderr().note(outputs.where_saved())?;
    }
    for problem in &outputs.problems {
        terminal::stderr().error(format_args!("{problem:#}"))?;
    }
    fitted?;
    Ok(match outputs.problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Adds to the error of an interrupted training what was saved and how to
/// continue.
fn how_to_go_on(error: anyhow::Error, resumed: Option<&Path>) -> anyhow::Error {
    let Some(TrainingError::Interrupted {
        saved, not_saved, ..
    }) = error.downcast_ref()
    else {
        return error;
    };
    let what_next = match (saved, not_saved) {
        (Some(path), _) if resumed == Some(path) => "; go on with the same command".to_string(),
        (Some(path), _) => {
            let path = path.display();
            match resumed {
                None => format!("; go on with the same command and --resume {path}"),
                Some(_) => format!("; go on with the same command, now with --resume {path}"),
            }
        }
        (None, Some(problem)) => format!("; {problem}"),
        (None, None) => {
            "; nothing was saved: use --checkpoint FILE to save while training".to_string()
        }
    };
    let interrupted = error.downcast_ref::<TrainingError>();
    let interrupted = interrupted.map(TrainingError::to_string);
    Interrupted(interrupted.unwrap_or_default() + &what_next).into()
}

/// Adds to an error about too many features how to allow more, if that is
/// possible.
fn how_to_allow(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(DataError::TooManyFeatures { features, .. }) if *features <= MOST_FEATURES as u64 => {
            anyhow!("{error:#}, or allow more with --max-features")
        }
        _ => error,
    }
}

/// Fits, saves and evaluates the model, and prints the results.
fn fit(args: &Args, way: &Way, outputs: &mut Outputs) -> Result<()> {
    let validation = args.validation()?;
    let source = args.source.open(Passes::Several)?;
    let say_where = |error: anyhow::Error| match is_of_the_run(&error) {
        true => error,
        false => how_to_allow(args.source.say_where(error)),
    };
    let started = Instant::now();
    let (table, fitted, split) = match way {
        Way::Exact if !args.split.has_folds() && args.split.holds_out_nothing() => {
            let (table, fitted) =
                Table::learn_and_fit(source, validation, args, outputs).map_err(say_where)?;
            (table, fitted, Split::None)
        }
        _ => {
            let (table, split) = Table::learn(source, validation, args).map_err(say_where)?;
            table.warn()?;
            let fitted = table.fit(args, way, split, outputs).map_err(say_where)?;
            (table, fitted, split)
        }
    };
    let elapsed = match &fitted.how {
        How::Exact(_) => started.elapsed(),
        How::Trained(trained) => trained.elapsed,
    };
    let mut folds: Vec<Vec<Metrics>> = Vec::new();
    let mut unjudged = EncodingCounts::default();
    let num_rows = fitted.num_rows as u64;
    for fold in table.folds(args, way, num_rows).map_err(say_where)? {
        unjudged.merge(&fold.counts);
        folds.push(fold.metrics);
    }
    warn_of_unseen(&unjudged, " of held-out folds")?;

    let Some(model) = outputs.saved.take() else {
        bail!("the model was not saved");
    };
    let (path, problems) = (outputs.path.clone(), outputs.problems.len());
    let mut report = Report {
        args,
        table: &table,
        fitted: &fitted,
        folds: &folds,
        model: &model,
        path: &path,
        page: args.report.as_deref(),
        elapsed,
    };
    outputs.write_report(|| page::page(&report, split).map_err(say_where));
    if outputs.problems.len() > problems {
        report.page = None;
    }
    let told = match args.json {
        true => print_json(&report.json()?),
        false => report.print(),
    };
    match told {
        // The model is saved even if its results cannot be printed.
        Err(error) if !crate::is_broken_pipe(&error) => outputs.problems.push(error),
        told => return told,
    }
    Ok(())
}

/// The method of the fit, after its settings were checked.
enum Way {
    Exact,
    Sgd(Backend),
}

impl Args {
    /// Every file that the command reads, so that none of them is overwritten.
    fn inputs(&self) -> Vec<&Path> {
        let mut inputs = self.source.paths();
        inputs.extend(self.split.validation_file.as_deref());
        inputs
    }

    /// The table to evaluate the model on, if `--validation-file` names one.
    fn validation(&self) -> Result<Option<Validation>> {
        let Some(file) = &self.split.validation_file else {
            return Ok(None);
        };
        let args = self.source.beside(file);
        let standard_input = Path::new("-");
        if file == standard_input && self.source.paths().contains(&standard_input) {
            bail!("both tables cannot come from standard input; give a file for one of them");
        }
        let source = args.open(Passes::Several)?;
        Ok(Some(Validation { source, args }))
    }

    fn way(&self) -> Result<Way> {
        match self.method {
            Method::Exact => {
                let given = self.training.given().or_else(|| self.backend.given());
                let given = given.or(self.search.given());
                let given = given.or(self.log.as_ref().map(|_| "--log"));
                if let Some(option) = given {
                    bail!("{option} is a setting of training; add --method sgd");
                }
                self.exact.inference()?;
                Ok(Way::Exact)
            }
            Method::Sgd => {
                if let Some(option) = self.exact.given() {
                    bail!("{option} is a setting of the exact fit; leave out --method sgd");
                }
                let config = self.training.config(1, true, self.seed)?;
                self.search.candidates(&config)?;
                let held_out = self.split.split(1, self.seed)?.has(Set::Validation)
                    || self.split.validation_file.is_some();
                self.training.run.check(held_out)?;
                let backend = self.backend.choose()?;
                backend.announce()?;
                Ok(Way::Sgd(backend))
            }
        }
    }
}

/// Whether an error comes from a file that is written or from an interruption,
/// rather than from the rows.
fn is_of_the_run(error: &anyhow::Error) -> bool {
    let of_training = |error: &TrainingError| {
        use TrainingError::{Checkpoint, Interrupted};
        matches!(error, Checkpoint { .. } | Interrupted { .. })
    };
    error.is::<Interrupted>()
        || error.is::<OutputError>()
        || error.is::<ModelFileError>()
        || error.downcast_ref().is_some_and(of_training)
}
