//! What the lesson says, section by section.

use anyhow::Result;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_model::Coefficients;
use linreg_plot::{Line, Picture};
use serde_json::json;

use super::evaluation::Evaluation;
use crate::number::{bytes, duration, significant, table};
use crate::terminal::{BOLD, Text};

/// Scatter plots shown in the terminal at the most.
const MAX_PLOTS: usize = 4;

pub fn heading(out: &mut Text, text: &str) -> Result<()> {
    out.styled(BOLD, text)?;
    Ok(writeln!(out, "\n")?)
}

pub fn introduce(out: &mut Text, data: &SyntheticConfig) -> Result<()> {
    heading(out, "1. Look at the data")?;
    let formula = formula(data);
    writeln!(
        out,
        "{} rows (seed {}) of\n\n  {formula}\n\n\
         with each feature drawn from N(0, 1) and the noise from N(0, {}²). Can a model\n\
         find these weights from the rows alone?\n",
        data.num_examples, data.seed, data.noise_std
    )?;
    Ok(())
}

/// The rows' formula, with its weights.
pub fn formula(data: &SyntheticConfig) -> String {
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
    formula
}

/// What the scatter of one feature shows, measured and predicted.
pub struct FeatureLine {
    name: String,
    measured: Line,
    predicted_explained: Option<f64>,
    predicted_variance: f64,
}

impl FeatureLine {
    /// Features are independent with variance 1, so each feature's line leaves
    /// the other features' squared weights and the noise as its variance.
    pub fn of_each(data: &SyntheticConfig, dataset: &Dataset) -> Vec<Self> {
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

    pub fn json(&self) -> serde_json::Value {
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

pub fn show_scatters(out: &mut Text, dataset: &Dataset, lines: &[FeatureLine]) -> Result<()> {
    let names = dataset.feature_names();
    for (index, name) in names.iter().enumerate().take(MAX_PLOTS) {
        let values: Vec<f64> = dataset.feature(index).collect();
        let target = &dataset.target_names()[0];
        let scatter = Picture::scatter(name, &values, target, dataset.targets())?;
        out.picture(&scatter.terminal(76, 18))?;
        writeln!(out)?;
    }
    if names.len() > MAX_PLOTS {
        let more = names.len() - MAX_PLOTS;
        writeln!(out, "({more} more features; --plots DIR draws them all.)\n")?;
    }
    writeln!(out, "{}", table(&figures(lines)))?;
    if let Some(why) = why(lines) {
        writeln!(out, "{why}\n")?;
    }
    Ok(())
}

/// What each feature's line shows, under a header.
pub fn figures(lines: &[FeatureLine]) -> Vec<Vec<String>> {
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
    rows
}

/// Why one scatter is looser than another, if one is.
pub fn why(lines: &[FeatureLine]) -> Option<String> {
    let variance = |line: &&FeatureLine| line.predicted_variance;
    let by = |a: &&FeatureLine, b: &&FeatureLine| variance(a).total_cmp(&variance(b));
    let (tight, loose) = (lines.iter().min_by(by)?, lines.iter().max_by(by)?);
    (variance(&loose) > variance(&tight)).then(|| {
        format!(
            "Why is the scatter of {loose} looser than that of {tight}? A scatter of y against one\n\
             feature has everything else as its noise: the squared weight of every other\n\
             feature, and the noise. That leaves a variance of {} around the line of {loose},\n\
             but of {} around that of {tight}, whose weight is the larger. Both lines are right;\n\
             only all features together predict y closely.",
            significant(loose.predicted_variance),
            significant(tight.predicted_variance),
            loose = loose.name,
            tight = tight.name,
        )
    })
}

pub fn compare_with_truth(
    out: &mut Text,
    data: &SyntheticConfig,
    learned: &Coefficients,
) -> Result<()> {
    heading(out, "\n3. Compare with the truth")?;
    writeln!(out, "{}", table(&truth(data, learned)))?;
    Ok(())
}

/// What was learned beside what is true, under a header.
pub fn truth(data: &SyntheticConfig, learned: &Coefficients) -> Vec<Vec<String>> {
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
    rows
}

pub fn explain_evaluation(
    out: &mut Text,
    tracked: &Evaluation,
    plain: &Evaluation,
    has_own_memory: bool,
) -> Result<()> {
    heading(out, "4. Evaluate without gradients")?;
    let memory = if has_own_memory {
        "host's memory"
    } else {
        "memory"
    };
    let mut rows = vec![["", "loss", "time", memory].map(String::from).to_vec()];
    for (name, evaluation) in [
        ("with gradient tracking", tracked),
        ("without (model.valid())", plain),
    ] {
        rows.push(vec![
            name.to_string(),
            format!("{:.6}", evaluation.loss),
            duration(evaluation.time),
            bytes(evaluation.peak_bytes as u64),
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

pub fn where_to_go_next(out: &mut Text) -> Result<()> {
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
            "linreg lesson --report pictures",
            "all of it as a page, with the scatter plots",
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
