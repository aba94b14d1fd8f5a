use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batches, DataError, Dataset, SyntheticConfig};
use linreg_model::{Coefficients, LinearRegression};
use linreg_plot::{Line, Scatter};
use linreg_training::{Observer, TrainingConfig, TrainingError, mean_loss, train};
use serde_json::json;

use super::BackendArgs;
use super::generate::SyntheticArgs;
use crate::memory::peak_of;
use crate::number::{bytes, duration, significant, table};
use crate::output::{Output, print_json};

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
  linreg lesson --weights 1,-2,0.5 --bias 10 --plots pictures")]
pub struct Args {
    #[command(flatten)]
    data: SyntheticArgs,

    /// Rows of a batch
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    batch_size: usize,

    /// How often every row is visited
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
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
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,

    /// Replace plots that exist
    #[arg(long, requires = "plots")]
    force: bool,

    /// Print one JSON object: epochs, weights, bias and all other figures
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Scatter plots shown in the terminal at the most.
const MAX_PLOTS: usize = 4;

pub fn run(args: Args) -> Result<()> {
    let (backend, precision) = args.backend.choose()?;
    let data = args.data.config();
    let config = TrainingConfig::new()
        .with_batch_size(args.batch_size)
        .with_num_epochs(args.epochs)
        .with_learning_rate(args.learning_rate)
        .with_seed(args.data.seed);
    config.check()?;
    let dataset = data.generate()?;
    let lines = FeatureLine::of_each(&data, &dataset);
    let plots = match &args.plots {
        None => None,
        Some(folder) => Some(Plots::new(folder.clone(), &dataset, args.force)?),
    };

    let mut out: Box<dyn Write> = if args.json {
        Box::new(std::io::sink())
    } else {
        Box::new(std::io::stdout().lock())
    };
    introduce(&mut out, &data)?;
    show_scatters(&mut out, &dataset, &lines)?;
    if let Some(plots) = plots {
        let written = plots.write(&dataset)?;
        writeln!(
            out,
            "Wrote {} pictures to {}.\n",
            written,
            plots.folder.display()
        )?;
    }
    heading(&mut out, "2. Train")?;
    writeln!(
        out,
        "Minibatch stochastic gradient descent on {backend} {precision}: batches of {} rows in a new\n\
         order every epoch, learning rate {}, weights starting near 0. After each\n\
         epoch, the mean squared loss over all rows:\n",
        config.batch_size, config.learning_rate
    )?;
    let task = Lesson {
        config: &config,
        dataset: &dataset,
        epochs: PrintEpochs {
            out: &mut out,
            failed: None,
        },
    };
    let run = linreg_backend::run(backend, precision, task)??;
    compare_with_truth(&mut out, &data, &run.coefficients)?;
    explain_evaluation(&mut out, &run)?;
    where_to_go_next(&mut out)?;
    drop(out);

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
            "backend": backend.to_string(),
            "precision": precision.to_string(),
        }));
    }
    Ok(())
}

fn heading(out: &mut dyn Write, text: &str) -> Result<()> {
    let bold = anstyle::Style::new().bold();
    let line = format!("{bold}{text}{bold:#}\n\n");
    // The writer may be a pipe or a file: colours only for a terminal.
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    let line = match choice {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(&line).to_string(),
        _ => line,
    };
    Ok(out.write_all(line.as_bytes())?)
}

fn introduce(out: &mut dyn Write, data: &SyntheticConfig) -> Result<()> {
    heading(out, "1. Look at the data")?;
    let mut formula = String::from("y =");
    for (index, weight) in data.weights.iter().enumerate() {
        let sign = match (index, *weight < 0.0) {
            (0, false) => " ",
            (0, true) => " -",
            (_, false) => " + ",
            (_, true) => " - ",
        };
        formula += &format!("{sign}{} x{}", weight.abs(), index + 1);
    }
    let sign = if data.bias < 0.0 { '-' } else { '+' };
    formula += &format!(" {sign} {} + noise", data.bias.abs());
    writeln!(
        out,
        "{} rows (seed {}) of\n\n  {formula}\n\n\
         with each feature drawn from N(0, 1) and the noise from N(0, {}²). Can a model\n\
         find these weights from the rows alone?\n",
        data.num_examples, data.seed, data.noise_std
    )?;
    Ok(())
}

/// What the scatter of one feature shows, measured and predicted.
struct FeatureLine {
    name: String,
    measured: Line,
    predicted_explained: Option<f64>,
    predicted_variance: f64,
}

impl FeatureLine {
    /// Features are independent with variance 1, so each feature's line leaves
    /// the other features' squared weights and the noise as its variance.
    fn of_each(data: &SyntheticConfig, dataset: &Dataset) -> Vec<Self> {
        let squares = data.weights.iter().map(|weight| weight * weight);
        let total = squares.clone().sum::<f64>() + data.noise_std.powi(2);
        let features = squares.zip(dataset.feature_names()).enumerate();
        features
            .map(|(index, (square, name))| Self {
                name: name.clone(),
                measured: Line::fit(
                    &dataset.feature(index).collect::<Vec<_>>(),
                    dataset.targets(),
                ),
                predicted_explained: (total > 0.0).then(|| square / total),
                predicted_variance: total - square,
            })
            .collect()
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "slope": self.measured.slope,
            "explained": self.measured.explained,
            "explained_predicted": self.predicted_explained,
            "residual_variance": self.measured.residual_variance,
            "residual_variance_predicted": self.predicted_variance,
        })
    }
}

fn show_scatters(out: &mut dyn Write, dataset: &Dataset, lines: &[FeatureLine]) -> Result<()> {
    let names = dataset.feature_names();
    for (index, name) in names.iter().enumerate().take(MAX_PLOTS) {
        let values: Vec<f64> = dataset.feature(index).collect();
        let scatter = Scatter::new(name, &values, dataset.target_name(), dataset.targets())?;
        writeln!(out, "{}\n", scatter.terminal(76, 18))?;
    }
    if names.len() > MAX_PLOTS {
        let more = names.len() - MAX_PLOTS;
        writeln!(out, "({more} more features; --plots DIR draws them all.)\n")?;
    }
    let percent = |share: Option<f64>| share.map_or("-".into(), |s| format!("{:.1} %", 100.0 * s));
    let header = [
        "feature",
        "slope",
        "explains",
        "predicted",
        "variance left",
        "predicted",
    ];
    let mut rows = vec![header.map(String::from).to_vec()];
    for line in lines {
        rows.push(vec![
            line.name.clone(),
            format!("{:.3}", line.measured.slope),
            percent(line.measured.explained),
            percent(line.predicted_explained),
            format!("{:.3}", line.measured.residual_variance),
            format!("{:.3}", line.predicted_variance),
        ]);
    }
    writeln!(out, "{}", table(&rows))?;
    let variance = |line: &&FeatureLine| line.predicted_variance;
    let by = |a: &&FeatureLine, b: &&FeatureLine| variance(a).total_cmp(&variance(b));
    if let (Some(tight), Some(loose)) = (lines.iter().min_by(by), lines.iter().max_by(by))
        && variance(&loose) > variance(&tight)
    {
        writeln!(
            out,
            "Why is the scatter of {loose} looser than that of {tight}? A scatter of y against one\n\
             feature has everything else as its noise: the squared weight of every other\n\
             feature, and the noise. That leaves a variance of {} around the line of {loose},\n\
             but of {} around that of {tight}, whose weight is the larger. Both lines are right;\n\
             only all features together predict y closely.\n",
            significant(loose.predicted_variance),
            significant(tight.predicted_variance),
            loose = loose.name,
            tight = tight.name,
        )?;
    }
    Ok(())
}

/// A scatter of each feature, as SVG and as PNG, in a folder.
struct Plots {
    folder: PathBuf,
    outputs: Vec<[Output; 2]>,
}

impl Plots {
    /// Checks that all of them can be written, before any work is done.
    fn new(folder: PathBuf, dataset: &Dataset, force: bool) -> Result<Self> {
        if folder.exists() && !folder.is_dir() {
            bail!(
                "{}: this is a file; name a folder for the plots",
                folder.display()
            );
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let output = |name: &String, extension: &str| {
            let path = folder.join(format!("scatter_{name}.{extension}"));
            Output::new(Some(path), force)
        };
        let names = dataset.feature_names().iter();
        let outputs = names.map(|name| Ok([output(name, "svg")?, output(name, "png")?]));
        Ok(Self {
            outputs: outputs.collect::<Result<_>>()?,
            folder,
        })
    }

    fn write(&self, dataset: &Dataset) -> Result<usize> {
        for (index, [svg, png]) in self.outputs.iter().enumerate() {
            let values: Vec<f64> = dataset.feature(index).collect();
            let name = &dataset.feature_names()[index];
            let scatter = Scatter::new(name, &values, dataset.target_name(), dataset.targets())?;
            let picture = scatter.svg()?;
            svg.write(|file| Ok(file.write_all(picture.as_bytes())?))?;
            let picture = scatter.png()?;
            png.write(|file| Ok(file.write_all(&picture)?))?;
        }
        Ok(2 * self.outputs.len())
    }
}

/// What the backend gives back.
struct Run {
    coefficients: Coefficients,
    losses: Vec<f64>,
    tracked: Evaluation,
    plain: Evaluation,
}

/// One way of evaluating, measured.
struct Evaluation {
    loss: f64,
    time: Duration,
    peak_bytes: usize,
}

impl Evaluation {
    /// The median time of several runs, and the peak memory of one more.
    fn measure(evaluate: impl Fn() -> f64) -> Self {
        const RUNS: usize = 21;
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                evaluate();
                start.elapsed()
            })
            .collect();
        times.sort();
        let (loss, peak_bytes) = peak_of(evaluate);
        Self {
            loss,
            time: times[RUNS / 2],
            peak_bytes,
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "loss": self.loss,
            "seconds": self.time.as_secs_f64(),
            "peak_bytes": self.peak_bytes,
        })
    }
}

struct Lesson<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
    epochs: PrintEpochs<'a>,
}

impl Task for Lesson<'_> {
    type Output = Result<Run>;

    fn run<B: AutodiffBackend>(mut self, device: B::Device) -> Self::Output {
        let trained = train::<B>(self.config, self.dataset, &device, &mut self.epochs);
        if let Some(error) = self.epochs.failed {
            return Err(error.into());
        }
        let trained = trained.map_err(advise)?;
        let plain =
            LinearRegression::<B::InnerBackend>::from_coefficients(&trained.coefficients, &device);
        let tracked = LinearRegression::<B>::from_coefficients(&trained.coefficients, &device);
        let rows = Batches::<B::InnerBackend>::new(self.dataset, self.config.batch_size, &device)?;
        let tracked_rows = Batches::<B>::new(self.dataset, self.config.batch_size, &device)?;
        Ok(Run {
            plain: Evaluation::measure(|| mean_loss(&plain, &rows)),
            tracked: Evaluation::measure(|| mean_loss(&tracked, &tracked_rows)),
            coefficients: trained.coefficients,
            losses: trained.losses,
        })
    }
}

/// A number too large for the backend can only come from the command line here.
fn advise(error: TrainingError) -> anyhow::Error {
    match error {
        TrainingError::Data(DataError::Columns(_)) => {
            anyhow::Error::new(error).context("choose smaller --weights, --bias or --noise")
        }
        error => error.into(),
    }
}

/// Prints the loss after each epoch, in the lesson's own form.
struct PrintEpochs<'a> {
    out: &'a mut Box<dyn Write>,
    failed: Option<std::io::Error>,
}

impl Observer for PrintEpochs<'_> {
    fn epoch(&mut self, epoch: usize, loss: f64) {
        let line = writeln!(self.out, "epoch {epoch}, loss: {loss:.6}");
        self.failed = self.failed.take().or(line.err());
    }
}

fn compare_with_truth(
    out: &mut dyn Write,
    data: &SyntheticConfig,
    learned: &Coefficients,
) -> Result<()> {
    heading(out, "\n3. Compare with the truth")?;
    let names = (1..=data.weights.len()).map(|i| format!("weight of x{i}"));
    let names = names.chain(["bias".to_string()]);
    let truth = data.weights.iter().chain([&data.bias]);
    let learned = learned.weight().iter().chain(learned.bias());
    let mut rows = vec![["", "true", "learned", "error"].map(String::from).to_vec()];
    for ((name, truth), learned) in names.zip(truth).zip(learned) {
        rows.push(vec![
            name,
            significant(*truth),
            format!("{learned:.5}"),
            format!("{:+.1e}", learned - truth),
        ]);
    }
    writeln!(out, "{}", table(&rows))?;
    Ok(())
}

fn explain_evaluation(out: &mut dyn Write, run: &Run) -> Result<()> {
    heading(out, "4. Evaluate without gradients")?;
    let mut rows = vec![["", "loss", "time", "memory"].map(String::from).to_vec()];
    for (name, evaluation) in [
        ("with gradient tracking", &run.tracked),
        ("without (model.valid())", &run.plain),
    ] {
        rows.push(vec![
            name.to_string(),
            format!("{:.6}", evaluation.loss),
            duration(evaluation.time),
            bytes(evaluation.peak_bytes),
        ]);
    }
    writeln!(
        out,
        "{}\n\
         The loss is the same. Tracking gradients keeps what each operation would need\n\
         to go backwards, and evaluation never does.\n",
        table(&rows)
    )?;
    Ok(())
}

fn where_to_go_next(out: &mut dyn Write) -> Result<()> {
    heading(out, "5. Where to go next")?;
    let rows = [
        [
            "linreg lesson --noise 1",
            "how closely can it know the weights now?",
        ],
        [
            "linreg lesson --learning-rate 1",
            "what does a step too large do?",
        ],
        [
            "linreg lesson --plots pictures",
            "the scatter plots as SVG and PNG",
        ],
        ["linreg generate --output data.csv", "the rows as a file"],
        [
            "linreg fit data.csv --target y",
            "a model for it, and for your own files",
        ],
    ];
    for [command, what] in rows {
        writeln!(out, "  {command:<35} {what}")?;
    }
    Ok(())
}
