mod diagnostics;
mod exact;
mod exact_args;
pub mod intervals;
mod objective_args;
mod page;
mod ridge;
mod run_args;
mod summary;
mod training_args;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{
    ChunkOrder, Column, EncodedRows, EncodedSource, Encoder, EncodingCounts, Moments, Passes,
    RowSource, Schema, Set, Source, Split, learn_and_encode, learn_schema,
};
use linreg_exact::Arithmetic;
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{
    EpochRecord, Metrics, RunOptions, StopReason, TrainingConfig, TrainingError, Transfer,
    train_stream_with, train_with,
};
use serde_json::{Value, json};

use super::evaluate::{metrics, metrics_json, metrics_lines};
use super::{Backend, BackendArgs, coefficients_json, coefficients_table};
use crate::columns::{ColumnArgs, columns_json, columns_lines};
use crate::input::{ENCODER, SCHEMA, SourceArgs};
use crate::number;
use crate::output::{Output, print_json};
use crate::progress::TrainingProgress;
use crate::split::SplitArgs;
use crate::style::yellow;
use exact::{ExactFit, Sums};
use exact_args::ExactArgs;
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
    let output = Output::new(Some(path.clone()), args.force, &args.source.paths())?;
    let report_output = match &args.report {
        None => None,
        Some(report) => Some(page::check(report, &path, &args)?),
    };
    // Settings are checked before a long file is read.
    let way = args.way()?;
    args.split.split(1, args.seed)?;
    let folds = args.split.folds(args.seed)?;

    let source = args.source.open(Passes::Several)?;
    let say_where = |error: anyhow::Error| match is_of_the_run(&error) {
        true => error,
        false => args.source.say_where(error),
    };
    let started = Instant::now();
    let (table, fitted, split) = match &way {
        Way::Exact if folds.is_empty() && args.split.holds_out_nothing() => {
            let (table, fitted) = Table::learn_and_fit(source, &args).map_err(say_where)?;
            table.warn()?;
            (table, fitted, Split::None)
        }
        _ => {
            let table = Table::learn(source, &args).map_err(say_where)?;
            table.warn()?;
            let split = args.split.split(table.schema.num_rows, args.seed)?;
            let fitted = table.fit(&args, &way, split).map_err(say_where)?;
            (table, fitted, split)
        }
    };
    let elapsed = match &fitted.how {
        How::Exact(_) => started.elapsed(),
        How::Trained(trained) => trained.elapsed,
    };
    let folds: Result<Vec<Vec<Metrics>>> = folds
        .into_iter()
        .map(|fold| {
            let fitted = table.fit(&args, &way, fold).map_err(say_where)?;
            Ok(fitted.on(Set::Validation).to_vec())
        })
        .collect();
    let folds = folds?;

    let model = fitted.model(&table)?;
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
    fn way(&self) -> Result<Way> {
        match self.method {
            Method::Exact => {
                let given = self.training.given().or_else(|| self.backend.given());
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
                self.training.config(1, true, self.seed)?;
                let folds = !self.split.folds(self.seed)?.is_empty();
                let held_out = self.split.split(1, self.seed)?.has(Set::Validation);
                let run = &self.training.run;
                run.check(self.force, folds, held_out, &self.source.paths())?;
                let backend = self.backend.choose()?;
                backend.announce()?;
                Ok(Way::Sgd(backend))
            }
        }
    }
}

/// A table whose columns are known.
struct Table {
    source: Arc<dyn Source>,
    schema: Schema,
    encoder: Encoder,
}

impl Table {
    fn learn(source: Arc<dyn Source>, args: &Args) -> Result<Self> {
        let (choice, config) = args.columns.settle(source.as_ref())?;
        let schema = learn_schema(source.as_ref(), &choice)?;
        let encoder = Encoder::new(&schema, &config)?;
        Ok(Self {
            source,
            schema,
            encoder,
        })
    }

    /// Learns what the columns are and fits exactly to all rows, in one pass if
    /// it can be.
    fn learn_and_fit(source: Arc<dyn Source>, args: &Args) -> Result<(Self, Fitted)> {
        let (choice, config) = args.columns.settle(source.as_ref())?;
        let mut sums = Sums::new(Arithmetic::Double);
        let learned = learn_and_encode(source.as_ref(), &choice, &config, &mut sums)?;
        let table = Self {
            source,
            schema: learned.schema,
            encoder: learned.encoder,
        };
        let fit = table.exact(args, Split::None, sums, &learned.counts, learned.passes)?;
        let fitted = Fitted {
            coefficients: fit.coefficients()?,
            num_rows: (learned.counts.rows - learned.counts.dropped) as usize,
            counts: learned.counts,
            how: How::Exact(Box::new(fit)),
            sets: Vec::new(),
        };
        Ok((table, fitted))
    }

    fn exact(
        &self,
        args: &Args,
        split: Split,
        sums: Sums,
        counts: &EncodingCounts,
        passes: usize,
    ) -> Result<ExactFit> {
        exact::check_rows(counts)?;
        let again = || {
            let (source, encoder) = (self.source.clone(), &self.encoder);
            Ok(EncodedSource::new(source, encoder, split, Set::Training)?)
        };
        ExactFit::new(&sums, passes, again, &self.encoder, &args.exact)
    }

    fn rows(&self, args: &Args, split: Split, set: Set) -> Result<(EncodedRows, EncodingCounts)> {
        let rows = EncodedSource::new(self.source.clone(), &self.encoder, split, set)?;
        let max_numbers = args.memory.saturating_mul(1 << 20) / size_of::<f64>() as u64;
        Ok(rows.load(usize::try_from(max_numbers).unwrap_or(usize::MAX))?)
    }

    /// Fits the model to the rows for training and judges it on each set.
    fn fit(&self, args: &Args, way: &Way, split: Split) -> Result<Fitted> {
        let mut fitted = match way {
            Way::Exact => self.fit_exact(args, split)?,
            Way::Sgd(backend) => self.train(args, backend, split)?,
        };
        for set in [Set::Validation, Set::Test] {
            if !split.has(set) {
                continue;
            }
            let (rows, _) = self.rows(args, split, set)?;
            let metrics = self.judge(&rows, &fitted.coefficients)?;
            fitted.sets.push((set, metrics));
        }
        Ok(fitted)
    }

    fn judge(&self, rows: &EncodedRows, coefficients: &Coefficients) -> Result<Vec<Metrics>> {
        let chunks = match rows {
            EncodedRows::Memory(dataset) => dataset.chunks(ChunkOrder::File)?,
            EncodedRows::File(source) => source.chunks(ChunkOrder::File)?,
        };
        metrics(chunks, coefficients, self.encoder.targets())
    }

    fn fit_exact(&self, args: &Args, split: Split) -> Result<Fitted> {
        let source = EncodedSource::new(self.source.clone(), &self.encoder, split, Set::Training)?;
        let mut sums = Sums::new(Arithmetic::Double);
        let counts = sums.add(&source, &self.encoder)?;
        // One to learn the columns, and this.
        let fit = self.exact(args, split, sums, &counts, 2)?;
        Ok(Fitted {
            coefficients: fit.coefficients()?,
            num_rows: (counts.rows - counts.dropped) as usize,
            counts,
            how: How::Exact(Box::new(fit)),
            sets: Vec::new(),
        })
    }

    fn train(&self, args: &Args, backend: &Backend, split: Split) -> Result<Fitted> {
        let (rows, counts) = self.rows(args, split, Set::Training)?;
        let num_rows = as_source(&rows).num_rows();
        let in_memory = matches!(rows, EncodedRows::Memory(_));
        let config = args.training.config(num_rows, in_memory, args.seed)?;
        let config = config
            .with_placement(backend.placement())
            .with_intercept(self.encoder.intercept());
        let held_out = match split.has(Set::Validation) {
            true => Some(self.rows(args, split, Set::Validation)?.0),
            false => None,
        };
        let interrupted = run_args::interruption()?;
        let run = &args.training.run;
        let task = Fit {
            config: &config,
            rows: &rows,
            options: RunOptions {
                validation: held_out.as_ref().map(as_source),
                ..run.options(&interrupted)?
            },
        };
        let done = backend.run(task)??;
        let (coefficients, elapsed) = (done.coefficients, done.elapsed);
        backend.report(&done.transfer, elapsed)?;
        run.write_history(&done.history, args.force)?;
        let metrics = self.judge(&rows, &coefficients)?;
        Ok(Fitted {
            coefficients,
            counts,
            num_rows,
            how: How::Trained(Box::new(Trained {
                config: done.config,
                epochs: done.history.len(),
                stopped: done.stopped,
                losses: done.history.iter().map(|epoch| epoch.train_loss).collect(),
                elapsed,
                backend: backend.to_string(),
                kind: backend.kind.to_string(),
                precision: backend.precision.to_string(),
            })),
            sets: vec![(Set::Training, metrics)],
        })
    }

    /// What a good analyst would point out before training.
    fn warn(&self) -> std::io::Result<()> {
        let mut warnings = Vec::new();
        let targets = self.encoder.targets();
        let named = number::plain(&targets.join("`, `"));
        let is_target = |name: &str| targets.iter().any(|target| target == name);
        let used = |name: &str| self.encoder.columns().iter().any(|c| c.name == name);
        let constant = |column: &&Column| column.is_constant() && used(&column.name);
        let constant = self.schema.columns.iter().filter(constant);
        warnings.extend(shortened(constant.map(|column| {
            let name = number::plain(&column.name);
            let value = column.spread.map_or(0.0, |spread| spread.min);
            match is_target(&column.name) {
                true => format!(
                    "the target `{name}` is {value} in every row: there is nothing to explain"
                ),
                false => {
                    format!("`{name}` is {value} in every row, so it tells nothing about `{named}`")
                }
            }
        })));
        let duplicates = self.schema.duplicates().into_iter();
        let duplicates = duplicates.filter(|(first, second)| used(first) && used(second));
        let (with_target, of_features): (Vec<_>, Vec<_>) =
            duplicates.partition(|(first, second)| is_target(first) || is_target(second));
        warnings.extend(shortened(with_target.into_iter().map(|(first, second)| {
            let (target, other) = match is_target(second) {
                true => (second, first),
                false => (first, second),
            };
            let (target, other) = (number::plain(target), number::plain(other));
            format!("`{other}` has the same cells as the target `{target}`")
        })));
        warnings.extend(shortened(of_features.into_iter().map(|(first, second)| {
            let (first, second) = (number::plain(first), number::plain(second));
            format!(
                "`{second}` has the same cells as `{first}`: their weights cannot be told apart"
            )
        })));
        let rows = self.schema.num_rows;
        let parameters = self.encoder.feature_names().len() + usize::from(self.encoder.intercept());
        if rows < parameters as u64 {
            warnings.push(format!(
                "{} for {}: many models fit equally well, this is one of them",
                number::count(rows as usize, "row"),
                number::count(parameters, "coefficient")
            ));
        }
        let mut stderr = anstream::stderr();
        for warning in warnings {
            writeln!(stderr, "{} {warning}", yellow("warning:"))?;
        }
        Ok(())
    }
}

/// The first of some warnings, and how many more there are.
fn shortened(warnings: impl Iterator<Item = String>) -> Vec<String> {
    /// As many are read.
    const MOST: usize = 5;
    let mut warnings: Vec<String> = warnings.collect();
    if let Some(more @ 1..) = warnings.len().checked_sub(MOST) {
        warnings.truncate(MOST);
        warnings.push(format!("and {more} more columns like these"));
    }
    warnings
}

/// A model fitted to the rows for training of a split.
struct Fitted {
    coefficients: Coefficients,
    counts: EncodingCounts,
    num_rows: usize,
    how: How,
    /// The metrics of each target on each set.
    sets: Vec<(Set, Vec<Metrics>)>,
}

enum How {
    Exact(Box<ExactFit>),
    Trained(Box<Trained>),
}

struct Trained {
    config: TrainingConfig,
    /// Number of epochs done.
    epochs: usize,
    stopped: StopReason,
    /// The mean loss after each epoch.
    losses: Vec<f64>,
    elapsed: Duration,
    /// The backend in words, its name and its float type.
    backend: String,
    kind: String,
    precision: String,
}

impl Fitted {
    fn on(&self, set: Set) -> &[Metrics] {
        let found = self.sets.iter().find(|(other, _)| *other == set);
        found.map_or(&[], |(_, metrics)| metrics)
    }

    fn model(&self, table: &Table) -> Result<ModelFile> {
        let mut model = ModelFile::new(
            self.coefficients.clone(),
            table.encoder.feature_names(),
            table.encoder.targets(),
        )?;
        let mut metadata = vec![
            (ENCODER, serde_json::to_string(&table.encoder)?),
            (SCHEMA, serde_json::to_string(&table.schema)?),
            ("rows", self.num_rows.to_string()),
            ("linreg", env!("CARGO_PKG_VERSION").to_string()),
        ];
        match &self.how {
            How::Exact(fit) => {
                metadata.push(("method", "exact".to_string()));
                fit.store(&mut model);
            }
            How::Trained(trained) => metadata.extend([
                ("method", "sgd".to_string()),
                ("backend", trained.backend.clone()),
                ("training", serde_json::to_string(&trained.config)?),
            ]),
        }
        for (key, value) in metadata {
            model.metadata.insert(key.to_string(), value);
        }
        Ok(model)
    }
}

/// What is told of a fit.
struct Report<'a> {
    args: &'a Args,
    table: &'a Table,
    fitted: &'a Fitted,
    folds: &'a [Vec<Metrics>],
    model: &'a ModelFile,
    path: &'a Path,
    elapsed: Duration,
}

impl Report<'_> {
    fn json(&self) -> Result<Value> {
        let (fitted, encoder) = (self.fitted, &self.table.encoder);
        let targets = encoder.targets();
        let of_set = |set| match fitted.on(set) {
            [] => Ok(Value::Null),
            metrics => metrics_json(metrics, targets),
        };
        let folds: Result<Vec<Value>> = self
            .folds
            .iter()
            .map(|metrics| metrics_json(metrics, targets))
            .collect();
        let mut coefficients = coefficients_json(self.model, encoder.intercept());
        let mut object = json!({
            "model": self.path.display().to_string(),
            "target": if targets.len() == 1 { json!(targets[0]) } else { json!(targets) },
            "rows": fitted.num_rows,
        });
        if let Some(report) = &self.args.report {
            object["report"] = json!(report.display().to_string());
        }
        match &fitted.how {
            How::Exact(fit) => {
                object["method"] = json!("exact");
                summary::extend_coefficients(fit, &mut coefficients);
                object["coefficients"] = coefficients;
                object["statistics"] = summary::statistics_json(fit, targets);
                object["relations"] = summary::relations_json(fit, encoder);
                if let Some(found) = &fit.diagnostics {
                    object["diagnostics"] = diagnostics::json(fit, found, targets);
                }
                object["warnings"] = json!(summary::warnings(fit, encoder));
            }
            How::Trained(trained) => {
                object["method"] = json!("sgd");
                object["backend"] = json!(trained.kind);
                object["precision"] = json!(trained.precision);
                object["coefficients"] = coefficients;
                object["metrics"] = of_set(Set::Training)?;
                object["training"] = serde_json::to_value(&trained.config)?;
                object["epochs"] = json!(trained.epochs);
                object["stopped"] = serde_json::to_value(trained.stopped)?;
            }
        }
        object["validation"] = of_set(Set::Validation)?;
        object["test"] = of_set(Set::Test)?;
        object["folds"] = json!(folds?);
        object["columns"] = columns_json(&self.table.schema, &fitted.counts);
        object["seconds"] = json!(self.elapsed.as_secs_f64());
        Ok(object)
    }

    fn print(&self) -> Result<()> {
        let (fitted, encoder) = (self.fitted, &self.table.encoder);
        let targets = encoder.targets();
        let mut stdout = anstream::stdout().lock();
        let how = match &fitted.how {
            How::Exact(_) => "exact".to_string(),
            How::Trained(trained) => format!(
                "{} of {} on {}, {}",
                number::count(trained.epochs, "epoch"),
                trained.config.optimizer.name(),
                trained.backend,
                run_args::stop_words(trained.stopped)
            ),
        };
        writeln!(
            stdout,
            "{} from {}, {} of {}; {how} in {}\n",
            number::plain(&targets.join(", ")),
            number::count(self.model.feature_names.len(), "feature"),
            number::count(fitted.num_rows, "row"),
            self.args.source.name(),
            number::duration(self.elapsed)
        )?;
        let columns = columns_lines(&self.table.schema, encoder, &fitted.counts);
        writeln!(stdout, "{columns}")?;
        match &fitted.how {
            How::Exact(fit) => write!(stdout, "{}", summary::text(fit, encoder))?,
            How::Trained(_) => {
                let table = coefficients_table(self.model, encoder.intercept());
                writeln!(stdout, "{table}")?;
            }
        }
        for (set, metrics) in &fitted.sets {
            let rows = match set {
                Set::Training => "On the rows it was trained on",
                Set::Validation => "\nOn the rows held out for validation",
                Set::Test => "\nOn the rows held out for the test",
            };
            writeln!(stdout, "{rows}")?;
            write!(stdout, "{}", metrics_lines(metrics, targets))?;
        }
        if !self.folds.is_empty() {
            write!(stdout, "{}", folds_lines(self.folds, targets))?;
        }
        let path = self.path.display();
        writeln!(
            stdout,
            "\nSaved {path}; predict with: linreg predict {path} FILE"
        )?;
        if let Some(report) = &self.args.report {
            writeln!(stdout, "Saved {}; open it in a browser", report.display())?;
        }
        Ok(())
    }
}

/// The typical error over the folds of a cross-validation.
fn folds_lines(folds: &[Vec<Metrics>], targets: &[String]) -> String {
    let mut text = format!("\nOn each of {} parts left out in turn\n", folds.len());
    for (index, target) in targets.iter().enumerate() {
        let mut moments = Moments::new(1);
        let rmse: Vec<f64> = folds.iter().map(|metrics| metrics[index].rmse).collect();
        moments.update(&rmse);
        text += &format!(
            "  RMSE  {} ± {}  mean and standard deviation, in the unit of `{}`\n",
            number::significant(moments.mean()[0]),
            number::significant(moments.std()[0]),
            number::plain(target)
        );
    }
    text
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

fn as_source(rows: &EncodedRows) -> &dyn RowSource {
    match rows {
        EncodedRows::Memory(dataset) => dataset,
        EncodedRows::File(source) => source,
    }
}

struct Fit<'a> {
    config: &'a TrainingConfig,
    rows: &'a EncodedRows,
    options: RunOptions<'a>,
}

/// What a training on some backend came to.
struct Done {
    coefficients: Coefficients,
    config: TrainingConfig,
    history: Vec<EpochRecord>,
    stopped: StopReason,
    transfer: Transfer,
    elapsed: Duration,
}

impl Task for Fit<'_> {
    type Output = Result<Done, TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let batches = as_source(self.rows).num_rows();
        let batches = batches.div_ceil(self.config.batch_size);
        let mut progress =
            TrainingProgress::new(batches.saturating_mul(self.config.num_epochs) as u64);
        let trained = match self.rows {
            EncodedRows::Memory(dataset) => {
                train_with::<B>(self.config, dataset, self.options, &device, &mut progress)
            }
            EncodedRows::File(source) => {
                train_stream_with::<B>(self.config, source, self.options, &device, &mut progress)
            }
        };
        let elapsed = progress.finish();
        let trained = trained?;
        Ok(Done {
            coefficients: trained.coefficients,
            config: trained.config,
            history: trained.history,
            stopped: trained.stopped,
            transfer: trained.transfer,
            elapsed,
        })
    }
}
