mod exact_args;
mod objective_args;
mod outputs;
mod report;
mod run_args;
mod search_args;
mod training_args;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use linreg_fit::{FitConfig, Fitted, Method, Report as Page, Table, Training};
use linreg_training::{TrainingError, TrainingLog};

use super::{Backend, BackendArgs};
use crate::cluster::ClusterArgs;
use crate::columns::ColumnArgs;
use crate::command::command_line;
use crate::fit_advice::{advised, advised_fit};
use crate::input::SourceArgs;
use crate::interrupt::Interrupted;
use crate::settings::flag;
use crate::split::SplitArgs;
use crate::terminal;
use exact_args::ExactArgs;
use outputs::Outputs;
use report::Report;
use search_args::SearchArgs;
use training_args::TrainingArgs;
use watch::Watch;

/// Fit a linear model to a table and save it
///
/// Every column that can be is a feature unless --features, --exclude or
/// --formula say otherwise: numbers as they are, words by their levels. How each
/// column was encoded is printed and stored with the model, and predict does the
/// same. The model predicts in the units of the file.
#[derive(clap::Args)]
#[command(mut_args = without_training, after_help = "\
Examples:
  linreg fit houses.csv --target price
  linreg fit houses.csv --formula 'price ~ area * C(town)' --report houses.html

More options (training, search, backends, text cells, limits): linreg fit --help",
after_long_help = "\
Examples:
  linreg fit houses.csv --target price
  linreg fit houses.csv --target price --features area,age --output small.safetensors
  linreg fit houses.parquet --formula 'price ~ area * C(town) + poly(age, 2)'
  linreg fit 'sales-*.csv.gz' --target revenue --missing mean --validation 0.2 --json
  linreg fit houses.csv --target price --report houses.html")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Model file to write [default: FILE's name with .safetensors]
    ///
    /// By default, it is written to the current folder.
    #[arg(long, short, value_name = "MODEL")]
    output: Option<PathBuf>,

    /// Write a report too: one HTML page
    ///
    /// It shows the data, pictures, the model and how far to trust it, for a
    /// browser or a printer.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Replace existing files: the model, the report, and those of a training
    #[arg(long)]
    force: bool,

    /// Print one JSON object: coefficients, metrics, columns, training
    #[arg(long)]
    json: bool,

    /// MiB of rows to keep in memory; in training, a larger table is read again
    /// in every epoch
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 1024,
        hide_short_help = true
    )]
    memory: u64,

    /// How to fit
    #[arg(long, value_enum, default_value = "exact")]
    method: MethodName,

    /// Seed of all random choices
    ///
    /// It determines the rows held out, the initial weights and the order of
    /// rows.
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

    /// File to write a line of JSON to after every epoch: losses, learning
    /// rate, rows per second. With --resume, it is continued
    #[arg(long, value_name = "FILE", help_heading = "Training (--method sgd)")]
    log: Option<PathBuf>,

    #[command(flatten)]
    backend: BackendArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Leaves the options of training to `--help`: `-h` shows what an exact fit takes.
fn without_training(option: clap::Arg) -> clap::Arg {
    let is_of_training = option
        .get_help_heading()
        .is_some_and(|heading| heading.contains("--method sgd") || heading == "Backend");
    if is_of_training {
        option.hide_short_help(true)
    } else {
        option
    }
}

/// How to fit.
#[derive(Clone, Copy, clap::ValueEnum)]
enum MethodName {
    /// Least squares, solved exactly, with standard errors
    Exact,
    /// Training by gradients on a Burn backend: stochastic gradient descent and
    /// similar methods with minibatches, or methods that use all rows in each step
    Sgd,
}

pub fn run(args: Args) -> Result<ExitCode> {
    // Settings and files are checked before a long file is read.
    let backend = args.backend()?;
    let config = args.config(backend.as_ref())?;
    config.check().map_err(advised)?;
    if backend.is_some() {
        let held_out = config.hold_out.validation > 0.0 || args.split.validation_file.is_some();
        args.training.run.check(held_out)?;
    }
    if let Some(backend) = &backend {
        backend.announce()?;
    }
    let mut outputs = Outputs::new(&args, backend.is_some())?;
    let resumed = args.training.run.resumed();
    let fitted = fit(&args, config, backend.as_ref(), &mut outputs);
    let fitted = fitted.map_err(|error| how_to_go_on(error, resumed));
    if fitted.is_err() && outputs.is_saved {
        terminal::stderr().note(outputs.where_saved())?;
    }
    for problem in &outputs.problems {
        terminal::stderr().error(format_args!("{problem:#}"))?;
    }
    fitted?;
    Ok(if outputs.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
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

/// Fits, saves and evaluates the model, and prints the results.
fn fit(
    args: &Args,
    mut config: FitConfig,
    backend: Option<&Backend>,
    outputs: &mut Outputs,
) -> Result<()> {
    config.hold_out = args.split.hold_out(args.validation()?);
    let table = args.cluster.read(args.source.table()?)?;
    let mut watch = Watch::new(backend, outputs);
    let fitted = config.run_with(&table, &mut watch);
    let failure = outputs.run.log.take().and_then(TrainingLog::failure);
    outputs.problems.extend(failure.map(anyhow::Error::from));
    let fitted = fitted.map_err(|error| advised_fit(error, &args.columns))?;
    let problems = outputs.problems.len();
    let path = outputs.path.clone();
    let mut report = Report {
        args,
        fitted: &fitted,
        path: &path,
        page: args.report.as_deref(),
    };
    outputs.write_report(|| {
        let page = args.page(&fitted).html();
        page.map_err(|error| advised(error.of_table(&args.source.name())))
    });
    if outputs.problems.len() > problems {
        report.page = None;
    }
    match report.tell() {
        // The model is saved even if its results cannot be printed.
        Err(error) if !crate::is_broken_pipe(&error) => outputs.problems.push(error),
        told => return told,
    }
    Ok(())
}

impl Args {
    /// Every file that the command reads, so that none of them is overwritten.
    fn inputs(&self) -> Vec<&Path> {
        let mut inputs = self.source.paths();
        inputs.extend(self.split.validation_file.as_deref());
        inputs
    }

    /// The table to judge the model on, if `--validation-file` names one.
    fn validation(&self) -> Result<Option<Table>> {
        let Some(file) = &self.split.validation_file else {
            return Ok(None);
        };
        let args = self.source.beside(file);
        let standard_input = Path::new("-");
        if file == standard_input && self.source.paths().contains(&standard_input) {
            bail!("both tables cannot come from standard input; give a file for one of them");
        }
        Ok(Some(self.cluster.read(args.table()?)?))
    }

    /// The report of a fit.
    fn page<'a>(&self, fitted: &'a Fitted) -> Page<'a> {
        Page {
            files: self.inputs().into_iter().map(Path::to_path_buf).collect(),
            seed: self.seed,
            command: Some(command_line()),
            say: flag,
            ..Page::new(fitted)
        }
    }

    /// The backend of a training; `None` for an exact fit.
    fn backend(&self) -> Result<Option<Backend>> {
        match self.method {
            MethodName::Exact => {
                let given = self.training.given().or_else(|| self.backend.given());
                let given = given.or(self.search.given());
                let given = given.or(self.log.as_ref().map(|_| "--log"));
                match given {
                    Some(option) => bail!("{option} is a setting of training; add --method sgd"),
                    None => Ok(None),
                }
            }
            MethodName::Sgd => {
                if let Some(option) = self.exact.given() {
                    bail!("{option} is a setting of the exact fit; leave out --method sgd");
                }
                Ok(Some(self.backend.choose()?))
            }
        }
    }

    /// The settings of these flags. The table of `--validation-file` is not opened
    /// yet, but the check knows that there is one.
    fn config(&self, backend: Option<&Backend>) -> Result<FitConfig> {
        let method = match backend {
            None => Method::Exact(self.exact.config()),
            Some(backend) => Method::Training(Box::new(Training {
                settings: self.training.settings()?,
                search: self.search.config(),
                trainer: Arc::new(backend.trainer()),
            })),
        };
        Ok(FitConfig {
            columns: self.columns.columns(),
            hold_out: self.split.hold_out(None),
            method,
            seed: self.seed,
            memory: self.memory.saturating_mul(1 << 20),
        })
    }
}
