pub mod diagnostics;
pub mod exact;
mod exact_args;
mod fitted;
mod gap;
pub mod intervals;
mod objective_args;
mod optimum;
mod page;
mod report;
mod ridge;
mod run_args;
mod search;
mod summary;
mod table;
mod training_args;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use linreg_data::{EncodingCounts, Passes, Set, Split};
use linreg_training::{Metrics, TrainingError};

use super::{Backend, BackendArgs};
use crate::columns::{ColumnArgs, warn_of_unseen};
use crate::input::SourceArgs;
use crate::output::Output;
use crate::split::SplitArgs;
use crate::terminal::print_json;
use exact_args::ExactArgs;
use fitted::How;
use report::Report;
use search::SearchArgs;
use table::{Table, Validation};
use training_args::TrainingArgs;

/// Fit a linear model to a table and save it
///
/// Every column that can be is a feature unless --features, --exclude or
/// --formula say otherwise: numbers as they are, words by their levels. What was
/// done with each column is said, stored with the model, and done again by
/// predict. The model predicts in the units of the file.
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

    /// Replace the model file, and the report, if they exist
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
    /// rows per second
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
    /// its kin by minibatches, or all rows at once
    Sgd,
}

pub fn run(args: Args) -> Result<()> {
    let path = args
        .output
        .clone()
        .map_or_else(|| default_output(&args.source), Ok)?;
    if path == Path::new("-") {
        bail!("a model cannot go to standard output; name a file with --output");
    }
    let output = Output::new(Some(path.clone()), args.force, &args.inputs())?;
    let report_output = match &args.report {
        None => None,
        Some(report) => Some(page::check(report, &path, &args)?),
    };
    // Settings are checked before a long file is read.
    if let Some(log) = &args.log {
        if *log == path {
            bail!("--log and the model are the same file; name another");
        }
        Output::new(Some(log.clone()), args.force, &args.inputs())?;
    }
    let way = args.way()?;
    args.split.split(1, args.seed)?;

    let validation = args.validation()?;
    let source = args.source.open(Passes::Several)?;
    let say_where = |error: anyhow::Error| match is_of_the_run(&error) {
        true => error,
        false => args.source.say_where(error),
    };
    let started = Instant::now();
    let (table, fitted, split) = match &way {
        Way::Exact if !args.split.has_folds() && args.split.holds_out_nothing() => {
            let (table, fitted) =
                Table::learn_and_fit(source, validation, &args).map_err(say_where)?;
            table.warn()?;
            (table, fitted, Split::None)
        }
        _ => {
            let (table, split) = Table::learn(source, validation, &args).map_err(say_where)?;
            table.warn()?;
            let fitted = table.fit(&args, &way, split).map_err(say_where)?;
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
    for fold in table.folds(&args, &way, num_rows).map_err(say_where)? {
        unjudged.merge(&fold.counts);
        folds.push(fold.metrics);
    }
    warn_of_unseen(&unjudged, " in parts left out")?;

    let mut model = fitted.model(&table)?;
    args.source.store(&mut model)?;
    let report = Report {
        args: &args,
        table: &table,
        fitted: &fitted,
        folds: &folds,
        model: &model,
        path: &path,
        elapsed,
    };
    // Before the model is written: either there are both or none.
    let page = match &report_output {
        None => None,
        Some(output) => {
            let page = page::page(&report, split).map_err(say_where)?;
            Some((output, page))
        }
    };
    let bytes = model.to_bytes()?;
    output.write(|file| Ok(file.write_all(&bytes)?))?;
    if let Some((output, page)) = page {
        output.write(|file| Ok(file.write_all(page.as_bytes())?))?;
    }
    match args.json {
        true => print_json(&report.json()?),
        false => report.print(),
    }
}

/// How to fit, checked.
enum Way {
    Exact,
    Sgd(Backend),
}

impl Args {
    /// Every file that is read, to check that none is written.
    fn inputs(&self) -> Vec<&Path> {
        let mut inputs = self.source.paths();
        inputs.extend(self.split.validation_file.as_deref());
        inputs
    }

    /// The table to judge the model on, if it is a file of its own.
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
                let folds = self.split.has_folds();
                let held_out = self.split.split(1, self.seed)?.has(Set::Validation)
                    || self.split.validation_file.is_some();
                let run = &self.training.run;
                run.check(self.force, folds, held_out, &self.inputs())?;
                let backend = self.backend.choose()?;
                backend.announce()?;
                Ok(Way::Sgd(backend))
            }
        }
    }
}

/// Whether an error is of a checkpoint or an interruption, not of the rows.
fn is_of_the_run(error: &anyhow::Error) -> bool {
    use TrainingError::{Checkpoint, Interrupted};
    let training = error.downcast_ref::<TrainingError>();
    training.is_some_and(|error| matches!(error, Checkpoint { .. } | Interrupted { .. }))
}

/// The first file's name with .safetensors, in the current folder.
fn default_output(source: &SourceArgs) -> Result<PathBuf> {
    let file = &source.files[0];
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Without .csv.gz and the like, and without what a pattern leaves open.
    let stem = name.split('.').next().unwrap_or_default();
    if stem.is_empty() || stem.contains(['*', '?', '[']) || file == Path::new("-") {
        bail!("{}: name the model file with --output", source.name());
    }
    Ok(format!("{stem}.safetensors").into())
}
