mod evaluation;
mod page;
mod plots;
mod story;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{Outcome, Task};
use linreg_data::{Batches, DataError, Dataset};
use linreg_model::{Coefficients, LinearRegression};
use linreg_training::{
    EpochReport, Observer, RunOptions, TrainingConfig, TrainingError, mean_loss,
};
use serde_json::json;

use super::generate::SyntheticArgs;
use super::{Backend, BackendArgs};
use crate::output::Files;
use crate::terminal::{self, Text, print_json};
use evaluation::Evaluation;
use plots::Plots;
use story::FeatureLine;

/// The linear regression lesson, step by step
///
/// Draws y = X w + b + noise with known weights, looks at it, trains a model on
/// it with minibatch stochastic gradient descent, compares what was learned
/// with the truth, and measures what evaluation without gradients saves.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg lesson
  linreg lesson --noise 1 --epochs 10 --learning-rate 0.01
  linreg lesson --weights 1,-2,0.5 --bias 10 --plots pictures
  linreg lesson --report lesson")]
pub struct Args {
    #[command(flatten)]
    data: SyntheticArgs,

    /// Rows of a batch
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 10
    )]
    batch_size: usize,

    /// How often every row is visited
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 3
    )]
    epochs: usize,

    /// Step size
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        default_value_t = 0.03
    )]
    learning_rate: f64,

    /// Folder for a scatter plot of each feature, as SVG and as PNG
    #[arg(long, value_name = "DIR", group = "pictures")]
    plots: Option<PathBuf>,

    /// Folder for the lesson as an HTML page, report.html, and the plots
    #[arg(long, value_name = "DIR", group = "pictures")]
    report: Option<PathBuf>,

    /// Replace plots and a report that exist
    #[arg(long, requires = "pictures")]
    force: bool,

    /// Print one JSON object: epochs, weights, bias and all other figures
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

pub fn run(args: Args) -> Result<()> {
    let backend = args.backend.choose()?;
    let data = args.data.config();
    let config = TrainingConfig::new()
        .with_batch_size(args.batch_size)
        .with_num_epochs(args.epochs)
        .with_learning_rate(args.learning_rate)
        .with_seed(args.data.seed)
        .with_placement(backend.placement());
    config.check()?;
    let dataset = data.generate()?;
    let lines = FeatureLine::of_each(&data, &dataset);
    let mut files = Files::new(&[], args.force)?;
    let plots = match args.plots.as_ref().or(args.report.as_ref()) {
        None => None,
        Some(folder) => Some(Plots::new(folder.clone(), &dataset, &mut files)?),
    };
    let report = args
        .report
        .as_ref()
        .map(|folder| folder.join("report.html"));
    let report_output = match &report {
        None => None,
        Some(report) => Some(files.file("report", report)?),
    };

    let mut out = match args.json {
        true => terminal::nowhere(),
        false => terminal::stdout(),
    };
    // Before anything is printed: a reader who stops early still has them.
    let written = plots
        .as_ref()
        .map(|plots| plots.write(&dataset))
        .transpose()?;
    story::introduce(&mut out, &data)?;
    story::show_scatters(&mut out, &dataset, &lines)?;
    if let (Some(plots), Some(written)) = (&plots, written) {
        let folder = plots.folder.display();
        writeln!(out, "Wrote {written} pictures to {folder}.\n")?;
    }
    story::heading(&mut out, "2. Train")?;
    writeln!(
        out,
        "Minibatch stochastic gradient descent on {backend}: batches of {} rows in a new\n\
         order every epoch, learning rate {}, weights starting near 0. Burn returns new\n\
         gradients from every backward pass instead of adding to old ones, so there are\n\
         none to set to zero. The mean squared loss over all rows after each epoch:\n",
        config.batch_size, config.learning_rate
    )?;
    backend.announce()?;
    let start = Instant::now();
    let mut epochs = PrintEpochs {
        out: &mut out,
        failed: None,
    };
    let trained = backend.train(&config, &dataset, RunOptions::default(), &mut epochs);
    if let Some(error) = epochs.failed {
        return Err(error.into());
    }
    let trained = trained.map_err(advise)?;
    backend.report(&trained.transfer, start.elapsed())?;
    let run = Run::new(trained, &dataset, &backend)?;
    story::compare_with_truth(&mut out, &data, &run.coefficients)?;
    let has_own_memory = backend.has_own_memory();
    story::explain_evaluation(&mut out, &run.tracked, &run.plain, has_own_memory)?;
    if let (Some(report), Some(output)) = (&report, &report_output) {
        let page = page::page(&data, &dataset, &lines, &config, &backend, &run)?;
        output.save(page.as_bytes())?;
        writeln!(out, "Wrote {}; open it in a browser.", report.display())?;
    }
    story::where_to_go_next(&mut out)?;

    if args.json {
        let losses = run.losses.iter().enumerate();
        let epochs = losses.map(|(epoch, loss)| json!({"epoch": epoch, "loss": loss}));
        return print_json(&json!({
            "epochs": epochs.collect::<Vec<_>>(),
            "weights": run.coefficients.weight(),
            "bias": run.coefficients.bias()[0],
            "true_weights": data.weights,
            "true_bias": data.bias,
            "features": lines.iter().map(FeatureLine::json).collect::<Vec<_>>(),
            "evaluation": {
                "with_gradients": run.tracked.json(),
                "without_gradients": run.plain.json(),
            },
            "backend": backend.kind.to_string(),
            "precision": backend.precision.to_string(),
        }));
    }
    Ok(())
}

/// A training, and what evaluating its model took.
struct Run {
    coefficients: Coefficients,
    losses: Vec<f64>,
    tracked: Evaluation,
    plain: Evaluation,
}

impl Run {
    fn new(trained: Outcome, dataset: &Dataset, backend: &Backend) -> Result<Self> {
        let (tracked, plain) = backend.run(Evaluate {
            coefficients: &trained.coefficients,
            config: &trained.config,
            dataset,
        })??;
        Ok(Self {
            coefficients: trained.coefficients,
            losses: trained.history.iter().map(|epoch| epoch.loss).collect(),
            tracked,
            plain,
        })
    }
}

/// Evaluates a model with gradient tracking and without.
struct Evaluate<'a> {
    coefficients: &'a Coefficients,
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for Evaluate<'_> {
    type Output = Result<(Evaluation, Evaluation)>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (size, placement) = (self.config.batch_size, self.config.placement);
        let plain =
            LinearRegression::<B::InnerBackend>::from_coefficients(self.coefficients, &device);
        let tracked = LinearRegression::<B>::from_coefficients(self.coefficients, &device);
        let rows = Batches::<B::InnerBackend>::new(self.dataset, size, &device)?.place(placement);
        let tracked_rows = Batches::<B>::new(self.dataset, size, &device)?.place(placement);
        let plain = Evaluation::measure(|| mean_loss(&plain, &rows))?;
        let tracked = Evaluation::measure(|| mean_loss(&tracked, &tracked_rows))?;
        Ok((tracked, plain))
    }
}

/// A number too large for the backend can only come from the command line here.
fn advise(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(TrainingError::Data(DataError::Columns(_))) => {
            error.context("choose smaller --weights, --bias or --noise")
        }
        _ => error,
    }
}

/// Prints the loss after each epoch, in the lesson's own form.
struct PrintEpochs<'a> {
    out: &'a mut Text,
    failed: Option<std::io::Error>,
}

impl Observer for PrintEpochs<'_> {
    fn epoch(&mut self, report: &EpochReport) {
        let (epoch, loss) = (report.epoch, report.loss);
        let line = writeln!(self.out, "epoch {epoch}, loss: {loss:.6}");
        self.failed = self.failed.take().or(line.err());
    }
}
