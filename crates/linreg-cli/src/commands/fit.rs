use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use burn::optim::SgdConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{DataError, Dataset};
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{
    LearningRateSchedule, Metrics, MetricsAccumulator, TrainingConfig, TrainingError, Transfer,
    train,
};
use serde_json::{Value, json};

use super::evaluate::metrics_lines;
use super::{BackendArgs, coefficients_json, coefficients_table};
use crate::input::{name, open_csv};
use crate::number;
use crate::output::{Output, print_json};
use crate::progress::TrainingProgress;
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

    #[command(flatten)]
    columns: ColumnArgs,

    /// Model file to write [default: FILE's name with .safetensors, in this
    /// folder]
    #[arg(long, short, value_name = "MODEL")]
    output: Option<PathBuf>,

    /// Replace the model file if it exists
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    split: SplitArgs,

    /// MiB of rows to keep in memory; a larger table is read again in every
    /// epoch
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,

    /// Print one JSON object: coefficients, metrics, training
    #[arg(long)]
    json: bool,

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
        .map_or_else(|| default_output(&args.file), Ok)?;
    if path == Path::new("-") {
        bail!("a model cannot go to standard output; name a file with --output");
    }
    let output = Output::new(Some(path.clone()), args.force, &[&args.file])?;
    // Settings are checked before a long file is read.
    args.training.config(1)?;

    let mut reader = open_csv(&args.file)?;
    let all = reader
        .read_dataset(&args.target, args.features.as_deref())
        .map_err(|error| advise(error, &args.target))
        .with_context(|| name(&args.file))?;
    let (dataset, held_out) = match args.validation {
        None => (all, None),
        Some(fraction) => {
            let split = all.split(fraction, args.training.seed);
            let (train, validation) = split.with_context(|| name(&args.file))?;
            (train, Some(validation))
        }
    };
    warn_of(&dataset)?;

    let config = args.training.config(dataset.num_rows())?;
    let config = config.with_placement(backend.placement());
    let task = Fit {
        config: &config,
        dataset: &dataset,
    };
    backend.announce()?;
    let trained = backend.run(task)?.with_context(|| name(&args.file))?;
    let (coefficients, transfer, elapsed) = trained;
    backend.report(&transfer, elapsed)?;

    let mut model = ModelFile::new(
        coefficients,
        dataset.feature_names(),
        dataset.target_names(),
    )?;
    let method = "sgd";
    let target = &args.target;
    for (key, value) in [
        ("method", method.to_string()),
        ("backend", backend.to_string()),
        ("rows", dataset.num_rows().to_string()),
        ("training", serde_json::to_string(&config)?),
        ("linreg", env!("CARGO_PKG_VERSION").to_string()),
    ] {
        model.metadata.insert(key.to_string(), value);
    }
    let metrics = |rows| metrics(&model.coefficients, rows).with_context(|| name(&args.file));
    let on_training = metrics(&dataset)?;
    let on_held_out = held_out.as_ref().map(metrics).transpose()?;
    let bytes = model.to_bytes()?;
    output.write(|file| Ok(file.write_all(&bytes)?))?;

    if args.json {
        let training: Value = serde_json::to_value(&config)?;
        return print_json(&json!({
            "model": path.display().to_string(),
            "method": method,
            "backend": backend.kind.to_string(),
            "precision": backend.precision.to_string(),
            "target": target,
            "rows": dataset.num_rows(),
            "coefficients": coefficients_json(&model),
            "metrics": on_training,
            "validation": on_held_out,
            "training": training,
            "seconds": elapsed.as_secs_f64(),
        }));
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{} from {} features, {} rows of {}; {} epochs on {backend} in {}\n",
        number::plain(target),
        dataset.num_features(),
        dataset.num_rows(),
        name(&args.file),
        config.num_epochs,
        number::duration(elapsed)
    )?;
    writeln!(stdout, "{}", coefficients_table(&model))?;
    writeln!(stdout, "On the rows it was trained on")?;
    writeln!(stdout, "{}", metrics_lines(&on_training, target))?;
    if let Some(metrics) = on_held_out {
        writeln!(stdout, "\nOn rows held out")?;
        writeln!(stdout, "{}", metrics_lines(&metrics, target))?;
    }
    let path = path.display();
    writeln!(
        stdout,
        "\nSaved {path}; predict with: linreg predict {path} FILE"
    )?;
    Ok(())
}

/// FILE's name with .safetensors, in the current folder.
fn default_output(file: &Path) -> Result<PathBuf> {
    match file.file_stem() {
        Some(stem) if file != Path::new("-") => {
            let mut name = stem.to_os_string();
            name.push(".safetensors");
            Ok(name.into())
        }
        _ => bail!("{}: name the model file with --output", name(file)),
    }
}

/// Says what to do about a cell that is no number.
fn advise(error: DataError, target: &str) -> anyhow::Error {
    let remedy = match &error {
        DataError::Cell { column, .. } if column == target => "correct or remove the row",
        DataError::Cell { .. } => "correct the cell, or name the columns to use with --features",
        _ => return error.into(),
    };
    anyhow!("{error}; {remedy}")
}

/// What a good analyst would point out before training.
fn warn_of(dataset: &Dataset) -> std::io::Result<()> {
    let mut stderr = anstream::stderr();
    let label = yellow("warning:");
    let target = &dataset.target_names()[0];
    for (index, name) in dataset.feature_names().iter().enumerate() {
        let mut values = dataset.feature(index);
        let first = values.next().unwrap_or_default();
        if values.all(|value| value == first) {
            writeln!(
                stderr,
                "{label} `{}` is {first} in every row, so it tells nothing about `{}`",
                number::plain(name),
                number::plain(target)
            )?;
        }
    }
    let first = dataset.targets()[0];
    if dataset.targets().iter().all(|value| *value == first) {
        writeln!(
            stderr,
            "{label} the target `{}` is {first} in every row: there is nothing to explain",
            number::plain(target)
        )?;
    }
    let (rows, parameters) = (dataset.num_rows(), dataset.num_features() + 1);
    if rows < parameters {
        writeln!(
            stderr,
            "{label} {rows} rows for {parameters} coefficients: many models fit equally well, this is one of them"
        )?;
    }
    Ok(())
}

fn metrics(coefficients: &Coefficients, dataset: &Dataset) -> Result<Metrics> {
    let mut accumulator = MetricsAccumulator::default();
    let predictions = coefficients.predict(dataset.features());
    accumulator.update(&predictions, dataset.targets());
    super::evaluate::metrics(&accumulator, &dataset.target_names()[0])
}

struct Fit<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for Fit<'_> {
    type Output = Result<(Coefficients, Transfer, Duration), TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let batches = self.dataset.num_rows().div_ceil(self.config.batch_size);
        let mut progress =
            TrainingProgress::new(batches.saturating_mul(self.config.num_epochs) as u64);
        let trained = train::<B>(self.config, self.dataset, &device, &mut progress);
        let elapsed = progress.finish();
        let trained = trained?;
        Ok((trained.coefficients, trained.transfer, elapsed))
    }
}
