mod accuracy;
mod batch_size;
mod convergence;
mod data;
mod evaluation;
mod gradients;
mod looseness;
mod next;
mod page;
mod parameters;
mod pictures;
mod plots;
mod section;
mod story;
mod training;
mod update;

use std::path::PathBuf;

use anyhow::Result;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_model::Coefficients;
use linreg_training::TrainingConfig;
use serde_json::{Value, json};

use super::generate::SyntheticArgs;
use super::{Backend, BackendArgs};
use crate::language::{Language, LanguageName, of_system};
use crate::number::{count, thousands};
use crate::output::Files;
use crate::terminal::{self, print_json};
use accuracy::Accuracy;
use batch_size::BatchSizes;
use evaluation::{Evaluate, Evaluations};
use gradients::Gradients;
use looseness::FeatureLine;
use plots::Plots;
use section::{Block, Section};
use story::Story;
use training::Run;
use update::{MakeUpdates, Updates};

/// The linear regression lesson, step by step
///
/// Draws y = X w + b + noise with known weights, looks at it, and trains a
/// model on it with minibatch stochastic gradient descent. Then it answers
/// questions, each with an experiment on these rows: why the update is not
/// tracked, why gradients are set to zero, why they are divided by the batch
/// size, what evaluation without gradients saves, and how good a model can get.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg lesson
  linreg lesson --noise 1 --epochs 10 --learning-rate 0.01
  linreg lesson --weights 1,-2,0.5 --bias 10 --plots pictures
  linreg lesson --report lesson
  linreg lesson --language zh")]
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

    /// Number of passes over the rows
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

    /// Replace the plots and the report if they exist
    #[arg(long, requires = "pictures")]
    force: bool,

    /// Language of the lesson [default: that of the system, else en]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<LanguageName>,

    /// Print one JSON object: epochs, weights, bias and all other figures
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// The most rows and epochs that the experiments use, so that many rows do not
/// make them slow.
const MOST_ROWS: usize = 10_000;
const MOST_EPOCHS: usize = 10;

pub fn run(args: Args) -> Result<()> {
    let backend = args.backend.choose()?;
    let language = args.language.map_or_else(of_system, Language::from);
    let data = args.data.config();
    let config = TrainingConfig::new()
        .with_batch_size(args.batch_size.min(data.num_examples.max(1)))
        .with_num_epochs(args.epochs)
        .with_learning_rate(args.learning_rate)
        .with_seed(args.data.seed)
        .with_placement(backend.placement());
    config.check()?;
    let dataset = data.generate()?;
    // Rows that the backend cannot take are refused before anything is printed.
    let loss_before = training::loss_before(&config, &dataset, &backend)?;
    let mut files = Files::new(&[], args.force)?;
    let plots = match args.plots.as_ref().or(args.report.as_ref()) {
        None => None,
        Some(folder) => Some(Plots::new(folder.clone(), &dataset, &mut files)?),
    };
    let report = match &args.report {
        None => None,
        Some(folder) => {
            let path = folder.join("report.html");
            Some((files.file("report", &path)?, path))
        }
    };

    let mut out = if args.json {
        terminal::nowhere()
    } else {
        terminal::stdout()
    };
    // The pictures come before any output: a reader who stops early still has
    // them.
    let written = plots
        .as_ref()
        .map(|plots| plots.write(&dataset))
        .transpose()?;
    let mut story = Story::new(&mut out);
    let lines = FeatureLine::of_each(&data, &dataset)?;
    let scatters = looseness::scatters(&dataset, looseness::MOST_SCATTERS, language)?;
    let mut sections = vec![
        data::section(&data, language),
        looseness::section(&dataset, &lines, scatters, language),
    ];
    for section in &sections {
        story.tell(section)?;
    }
    if let (Some(plots), Some(written)) = (&plots, written) {
        let folder = plots.folder.display();
        story.go_on(&[Block::Paragraph(language.choose(
            format!("Wrote {written} pictures to {folder}."),
            format!("已将 {written} 张图写入 {folder}。"),
        ))])?;
    }
    let mut training = training::introduction(&config, &backend, language);
    story.tell(&training)?;
    writeln!(story.out)?;
    backend.announce()?;
    let run = Run::train(&config, &dataset, loss_before, &backend, story.out)?;
    let why = run.divergence(language);
    let converges = run.coefficients.as_ref().filter(|_| !run.has_diverged());
    let after = match (converges, experiment_limits(&dataset, &config)) {
        (None, _) => Some(language.choose(
            "The other experiments need a run that converges; they are left out.".to_string(),
            "其余的实验需要一次收敛的训练，这里省略。".to_string(),
        )),
        (Some(_), Some((rows, epochs))) => Some(language.choose(
            format!(
                "The next three experiments take the first {} and {}, so that they are quick \
                 whatever the number.",
                count(rows, "row"),
                count(epochs, "epoch")
            ),
            format!(
                "为了不受数据量影响，接下来的三个实验只用前 {} 行和 {epochs} 个迭代周期。",
                thousands(rows)
            ),
        )),
        _ => None,
    };
    let why: Vec<Block> = why.into_iter().chain(after.map(Block::Paragraph)).collect();
    story.go_on(&why)?;
    training.blocks.extend(run.pictures(language));
    training.blocks.extend(why);
    sections.push(training);

    let experiments = match converges {
        None => None,
        Some(coefficients) => {
            let experiments = Experiments::new(&data, &dataset, &run, coefficients, &backend)?;
            for section in experiments.sections(&data, &run, &backend, language) {
                story.tell(&section)?;
                sections.push(section);
            }
            Some(experiments)
        }
    };
    if let Some((output, path)) = &report {
        if let Some(coefficients) = &run.coefficients {
            let pictures = pictures::of_model(&dataset, coefficients, language)?;
            sections.push(page::pictures(pictures, language));
        }
        let page = page::page(&sections, &data, &backend, language);
        output.save(page.html().as_bytes())?;
        let path = path.display();
        story.go_on(&[Block::Paragraph(language.choose(
            format!("Wrote {path}; open it in a browser."),
            format!("已写入 {path}，请用浏览器打开。"),
        ))])?;
    }
    let tried = [
        (data.noise_std >= 1.0, "--noise"),
        (run.has_diverged(), "--learning-rate"),
        (args.report.is_some(), "--report"),
    ];
    let tried = tried.into_iter().filter(|(is_tried, _)| *is_tried);
    let tried: Vec<&str> = tried.map(|(_, flag)| flag).collect();
    story.tell(&next::section(&tried, language))?;

    if args.json {
        let coefficients = run.coefficients.as_ref();
        let mut json = json!({
            "epochs": run.json(),
            "loss_before": run.loss_before,
            "weights": coefficients.map(Coefficients::weight),
            "bias": coefficients.map(|coefficients| coefficients.bias()[0]),
            "true_weights": data.weights,
            "true_bias": data.bias,
            "data": data::json(&data),
            "features": lines.iter().map(FeatureLine::json).collect::<Vec<_>>(),
            "convergence": run.limit_json(),
            "backend": backend.kind.to_string(),
            "precision": backend.precision.to_string(),
        });
        if let Some(experiments) = experiments {
            experiments.add_to(&mut json, &data);
        }
        return print_json(&json);
    }
    Ok(())
}

/// The numbers of rows and epochs that experiments with updates are limited to,
/// if they are limited.
fn experiment_limits(dataset: &Dataset, config: &TrainingConfig) -> Option<(usize, usize)> {
    let (rows, epochs) = (dataset.num_rows(), config.num_epochs);
    let few = (rows.min(MOST_ROWS), epochs.min(MOST_EPOCHS));
    (few != (rows, epochs)).then_some(few)
}

/// The results of the experiments.
struct Experiments {
    /// Rows and epochs of the experiments with updates.
    rows: usize,
    epochs: usize,
    updates: Updates,
    gradients: Gradients,
    batch_sizes: BatchSizes,
    evaluations: Evaluations,
    accuracy: Accuracy,
}

impl Experiments {
    fn new(
        data: &SyntheticConfig,
        dataset: &Dataset,
        run: &Run,
        coefficients: &Coefficients,
        backend: &Backend,
    ) -> Result<Self> {
        let (rows, epochs) = experiment_limits(dataset, &run.config)
            .unwrap_or((dataset.num_rows(), run.config.num_epochs));
        let some = if rows < dataset.num_rows() {
            Some(dataset.select(&(0..rows).collect::<Vec<_>>())?)
        } else {
            None
        };
        let rows = some.as_ref().unwrap_or(dataset);
        let config = &run.config.clone().with_num_epochs(epochs);
        let config = &config
            .clone()
            .with_batch_size(config.batch_size.min(rows.num_rows()));
        Ok(Self {
            rows: rows.num_rows(),
            epochs,
            updates: backend.run(MakeUpdates {
                config,
                dataset: rows,
            })??,
            gradients: Gradients::measure(config, rows, backend)?,
            batch_sizes: BatchSizes::measure(config, rows, &run.limit, backend)?,
            evaluations: backend.run(Evaluate {
                coefficients,
                config,
                dataset,
            })??,
            accuracy: Accuracy::measure(data, dataset, run, coefficients, backend.precision)?,
        })
    }

    fn sections(
        &self,
        data: &SyntheticConfig,
        run: &Run,
        backend: &Backend,
        language: Language,
    ) -> [Section; 5] {
        let has_own_memory = backend.has_own_memory();
        [
            self.updates.section(has_own_memory, language),
            self.gradients.section(language),
            self.batch_sizes.section(language),
            self.evaluations.section(has_own_memory, language),
            self.accuracy.section(data, run, language),
        ]
    }

    fn add_to(&self, json: &mut Value, data: &SyntheticConfig) {
        json["experiments"] = json!({"rows": self.rows, "epochs": self.epochs});
        json["update"] = self.updates.json();
        json["gradients"] = self.gradients.json();
        json["batch_sizes"] = self.batch_sizes.json();
        json["evaluation"] = self.evaluations.json();
        json["accuracy"] = self.accuracy.json(data);
    }
}
