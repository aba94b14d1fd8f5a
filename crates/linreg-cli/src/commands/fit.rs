use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use burn::optim::SgdConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{
    ChunkOrder, Column, EncodedRows, EncodedSource, Encoder, EncodingCounts, Moments, Passes,
    RowSource, Schema, Set, Source, Split, learn_schema,
};
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{
    LearningRateSchedule, Metrics, TrainingConfig, TrainingError, Transfer, train, train_stream,
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
  linreg fit 'sales-*.csv.gz' --target revenue --missing mean --validation 0.2 --json")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Model file to write [default: FILE's name with .safetensors, in this
    /// folder]
    #[arg(long, short, value_name = "MODEL")]
    output: Option<PathBuf>,

    /// Replace the model file if it exists
    #[arg(long)]
    force: bool,

    /// Print one JSON object: coefficients, metrics, columns, training
    #[arg(long)]
    json: bool,

    /// MiB of rows to keep in memory; a larger table is read again in every
    /// epoch
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,

    #[command(flatten)]
    columns: ColumnArgs,

    #[command(flatten)]
    split: SplitArgs,

    #[command(flatten)]
    training: TrainingArgs,

    #[command(flatten)]
    backend: BackendArgs,
}

/// How to fit.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Method {
    /// Minibatch stochastic gradient descent
    Sgd,
}

/// Settings of the training; the defaults suit most tables.
#[derive(clap::Args)]
#[command(next_help_heading = "Training")]
struct TrainingArgs {
    /// How to fit
    #[arg(long, value_enum, default_value = "sgd")]
    method: Method,

    /// How often every row is visited [default: enough for 20,000 updates, 3
    /// to 1,000]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    epochs: Option<usize>,

    /// Rows of a batch [default: 32]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    batch_size: Option<usize>,

    /// Step size [default: 0.03]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    learning_rate: Option<f64>,

    /// How the learning rate changes: linear (falls to 0) or constant
    #[arg(long, value_name = "NAME", value_parser = schedule, default_value = "linear")]
    schedule: LearningRateSchedule,

    /// Train on the columns as they are, not brought to mean 0 and standard
    /// deviation 1
    #[arg(long)]
    no_standardize: bool,

    /// Batches whose gradients are added up for one update
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 1
    )]
    accumulate: usize,

    /// Momentum of the updates, from 0 to below 1
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    momentum: Option<f64>,

    /// Weight decay (L2 penalty), 0 or more, on standardised columns
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    weight_decay: Option<f64>,

    /// Seed of the validation split, the initial weights and the order of rows
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 0
    )]
    seed: u64,
}

fn schedule(text: &str) -> Result<LearningRateSchedule, String> {
    match text {
        "linear" => Ok(LearningRateSchedule::Linear),
        "constant" => Ok(LearningRateSchedule::Constant),
        _ => Err("expected linear or constant".to_string()),
    }
}

impl TrainingArgs {
    fn config(&self, num_rows: usize) -> Result<TrainingConfig> {
        let mut config = TrainingConfig::for_rows(num_rows, self.batch_size.unwrap_or(32))
            .with_schedule(self.schedule)
            .with_standardize(!self.no_standardize)
            .with_accumulate(self.accumulate)
            .with_seed(self.seed);
        if let Some(epochs) = self.epochs {
            config.num_epochs = epochs;
        }
        if let Some(learning_rate) = self.learning_rate {
            config.learning_rate = learning_rate;
        }
        let mut optimizer = SgdConfig::new();
        if let Some(momentum) = self.momentum {
            if !(0.0..1.0).contains(&momentum) {
                bail!("the momentum is {momentum}, expected a number from 0 to below 1");
            }
            let momentum = MomentumConfig::new().with_momentum(momentum);
            optimizer = optimizer.with_momentum(Some(momentum.with_dampening(0.0)));
        }
        if let Some(decay) = self.weight_decay {
            if !(decay.is_finite() && decay >= 0.0) {
                bail!("the weight decay is {decay}, expected a finite number, 0 or more");
            }
            let shrinks = decay * config.learning_rate;
            if shrinks >= 1.0 {
                bail!(
                    "the weight decay {decay} times the learning rate {} is {shrinks}, expected below 1: each step would turn the weights around",
                    config.learning_rate
                );
            }
            optimizer = optimizer.with_weight_decay(Some(WeightDecayConfig::new(decay as f32)));
        }
        config.optimizer = optimizer;
        config.check()?;
        Ok(config)
    }
}

pub fn run(args: Args) -> Result<()> {
    let backend = args.backend.choose()?;
    let path = args
        .output
        .clone()
        .map_or_else(|| default_output(&args.source), Ok)?;
    if path == Path::new("-") {
        bail!("a model cannot go to standard output; name a file with --output");
    }
    let output = Output::new(Some(path.clone()), args.force, &args.source.paths())?;
    // Settings are checked before a long file is read.
    args.training.config(1)?;
    let seed = args.training.seed;
    args.split.split(1, seed)?;
    let folds = args.split.folds(seed)?;

    let source = args.source.open(Passes::Several)?;
    let say_where = |error: anyhow::Error| args.source.say_where(error);
    let table = Table::learn(source, &args).map_err(say_where)?;
    table.warn()?;
    let split = args.split.split(table.schema.num_rows, seed)?;
    backend.announce()?;
    let fitted = table.fit(&args, &backend, split).map_err(say_where)?;
    let folds: Result<Vec<Vec<Metrics>>> = folds
        .into_iter()
        .map(|fold| {
            let fitted = table.fit(&args, &backend, fold).map_err(say_where)?;
            Ok(fitted.on(Set::Validation).to_vec())
        })
        .collect();
    let folds = folds?;
    backend.report(&fitted.transfer, fitted.elapsed)?;

    let model = fitted.model(&table, &backend)?;
    let bytes = model.to_bytes()?;
    output.write(|file| Ok(file.write_all(&bytes)?))?;
    let report = Report {
        args: &args,
        table: &table,
        fitted: &fitted,
        folds: &folds,
        model: &model,
        path: &path,
        backend: &backend,
    };
    match args.json {
        true => print_json(&report.json()?),
        false => report.print(),
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

    fn rows(&self, args: &Args, split: Split, set: Set) -> Result<(EncodedRows, EncodingCounts)> {
        let rows = EncodedSource::new(self.source.clone(), &self.encoder, split, set)?;
        let max_numbers = args.memory.saturating_mul(1 << 20) / size_of::<f64>() as u64;
        Ok(rows.load(usize::try_from(max_numbers).unwrap_or(usize::MAX))?)
    }

    /// Fits the model to the rows for training and judges it on each set.
    fn fit(&self, args: &Args, backend: &Backend, split: Split) -> Result<Fitted> {
        let (rows, counts) = self.rows(args, split, Set::Training)?;
        let num_rows = match &rows {
            EncodedRows::Memory(dataset) => dataset.num_rows(),
            EncodedRows::File(source) => source.num_rows(),
        };
        let config = args.training.config(num_rows)?;
        let config = config
            .with_placement(backend.placement())
            .with_intercept(self.encoder.intercept());
        let task = Fit {
            config: &config,
            rows: &rows,
        };
        let (coefficients, transfer, elapsed) = backend.run(task)??;
        let targets = self.encoder.targets();
        let mut sets = Vec::new();
        let chunks = match &rows {
            EncodedRows::Memory(dataset) => dataset.chunks(ChunkOrder::File)?,
            EncodedRows::File(source) => source.chunks(ChunkOrder::File)?,
        };
        sets.push((Set::Training, metrics(chunks, &coefficients, targets)?));
        for set in [Set::Validation, Set::Test] {
            if !split.has(set) {
                continue;
            }
            let (rows, _) = self.rows(args, split, set)?;
            let chunks = match &rows {
                EncodedRows::Memory(dataset) => dataset.chunks(ChunkOrder::File)?,
                EncodedRows::File(source) => source.chunks(ChunkOrder::File)?,
            };
            sets.push((set, metrics(chunks, &coefficients, targets)?));
        }
        Ok(Fitted {
            coefficients,
            config,
            counts,
            num_rows,
            transfer,
            elapsed,
            sets,
        })
    }

    /// What a good analyst would point out before training.
    fn warn(&self) -> std::io::Result<()> {
        let mut stderr = anstream::stderr();
        let label = yellow("warning:");
        let targets = number::plain(&self.encoder.targets().join("`, `"));
        let used = |name: &str| self.encoder.columns().iter().any(|c| c.name == name);
        let constant = |column: &&Column| column.is_constant() && used(&column.name);
        for column in self.schema.columns.iter().filter(constant) {
            let (name, value) = (
                number::plain(&column.name),
                column.spread.map_or(0.0, |spread| spread.min),
            );
            match self.encoder.targets().contains(&column.name) {
                true => writeln!(
                    stderr,
                    "{label} the target `{name}` is {value} in every row: there is nothing to explain"
                )?,
                false => writeln!(
                    stderr,
                    "{label} `{name}` is {value} in every row, so it tells nothing about `{targets}`"
                )?,
            }
        }
        for (first, second) in self.schema.duplicates() {
            if used(first) && used(second) {
                writeln!(
                    stderr,
                    "{label} `{}` has the same cells as `{}`: their weights cannot be told apart",
                    number::plain(second),
                    number::plain(first)
                )?;
            }
        }
        let rows = self.schema.num_rows;
        let parameters = self.encoder.feature_names().len() + usize::from(self.encoder.intercept());
        if rows < parameters as u64 {
            writeln!(
                stderr,
                "{label} {} for {}: many models fit equally well, this is one of them",
                number::count(rows as usize, "row"),
                number::count(parameters, "coefficient")
            )?;
        }
        Ok(())
    }
}

/// A model fitted to the rows for training of a split.
struct Fitted {
    coefficients: Coefficients,
    config: TrainingConfig,
    counts: EncodingCounts,
    num_rows: usize,
    transfer: Transfer,
    elapsed: Duration,
    /// The metrics of each target on each set.
    sets: Vec<(Set, Vec<Metrics>)>,
}

impl Fitted {
    fn on(&self, set: Set) -> &[Metrics] {
        let found = self.sets.iter().find(|(other, _)| *other == set);
        found.map_or(&[], |(_, metrics)| metrics)
    }

    fn model(&self, table: &Table, backend: &Backend) -> Result<ModelFile> {
        let mut model = ModelFile::new(
            self.coefficients.clone(),
            table.encoder.feature_names(),
            table.encoder.targets(),
        )?;
        for (key, value) in [
            (ENCODER, serde_json::to_string(&table.encoder)?),
            (SCHEMA, serde_json::to_string(&table.schema)?),
            ("method", METHOD.to_string()),
            ("backend", backend.to_string()),
            ("rows", self.num_rows.to_string()),
            ("training", serde_json::to_string(&self.config)?),
            ("linreg", env!("CARGO_PKG_VERSION").to_string()),
        ] {
            model.metadata.insert(key.to_string(), value);
        }
        Ok(model)
    }
}

const METHOD: &str = "sgd";

/// What is told of a fit.
struct Report<'a> {
    args: &'a Args,
    table: &'a Table,
    fitted: &'a Fitted,
    folds: &'a [Vec<Metrics>],
    model: &'a ModelFile,
    path: &'a Path,
    backend: &'a Backend,
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
        let training: Value = serde_json::to_value(&fitted.config)?;
        Ok(json!({
            "model": self.path.display().to_string(),
            "method": METHOD,
            "backend": self.backend.kind.to_string(),
            "precision": self.backend.precision.to_string(),
            "target": if targets.len() == 1 { json!(targets[0]) } else { json!(targets) },
            "rows": fitted.num_rows,
            "coefficients": coefficients_json(self.model, encoder.intercept()),
            "metrics": of_set(Set::Training)?,
            "validation": of_set(Set::Validation)?,
            "test": of_set(Set::Test)?,
            "folds": folds?,
            "columns": columns_json(&self.table.schema, &fitted.counts),
            "training": training,
            "seconds": fitted.elapsed.as_secs_f64(),
        }))
    }

    fn print(&self) -> Result<()> {
        let (fitted, encoder) = (self.fitted, &self.table.encoder);
        let targets = encoder.targets();
        let mut stdout = std::io::stdout().lock();
        writeln!(
            stdout,
            "{} from {}, {} of {}; {} on {} in {}\n",
            number::plain(&targets.join(", ")),
            number::count(self.model.feature_names.len(), "feature"),
            number::count(fitted.num_rows, "row"),
            self.args.source.name(),
            number::count(fitted.config.num_epochs, "epoch"),
            self.backend,
            number::duration(fitted.elapsed)
        )?;
        let columns = columns_lines(&self.table.schema, encoder, &fitted.counts);
        writeln!(stdout, "{columns}")?;
        writeln!(
            stdout,
            "{}",
            coefficients_table(self.model, encoder.intercept())
        )?;
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

struct Fit<'a> {
    config: &'a TrainingConfig,
    rows: &'a EncodedRows,
}

impl Task for Fit<'_> {
    type Output = Result<(Coefficients, Transfer, Duration), TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let num_rows = match self.rows {
            EncodedRows::Memory(dataset) => dataset.num_rows(),
            EncodedRows::File(source) => source.num_rows(),
        };
        let batches = num_rows.div_ceil(self.config.batch_size);
        let mut progress =
            TrainingProgress::new(batches.saturating_mul(self.config.num_epochs) as u64);
        let trained = match self.rows {
            EncodedRows::Memory(dataset) => {
                train::<B>(self.config, dataset, &device, &mut progress)
            }
            EncodedRows::File(source) => {
                train_stream::<B>(self.config, source, &device, &mut progress)
            }
        };
        let elapsed = progress.finish();
        let trained = trained?;
        Ok((trained.coefficients, trained.transfer, elapsed))
    }
}
