//! How good a model is on rows that it was judged on, in words.

use linreg_data::Moments;
use linreg_training::{Metrics, OwnMetrics};

use crate::number::{count, plain, significant};
use crate::{Fold, loss};

/// The metrics as text, each with its meaning. Those of the loss that the model
/// was fitted with come first.
pub fn metrics_lines(metrics: &[Metrics], targets: &[String]) -> String {
    let mut text = String::new();
    for (metrics, target) in metrics.iter().zip(targets) {
        let target = plain(target);
        if targets.len() > 1 {
            text += &format!("  {target}\n");
        }
        let lines = loss::metrics(metrics, &target);
        let width = lines.iter().map(|line| line.name.chars().count()).max();
        let width = width.unwrap_or(0);
        for line in lines {
            let (name, value) = (line.name, line.value);
            let line = format!("  {name:<width$}  {value}  {}", line.meaning);
            text += &format!("{}\n", line.trim_end());
        }
    }
    text
}

/// The figures that the fit is judged by over the folds of a cross-validation.
pub fn folds_lines(folds: &[Fold], targets: &[String]) -> String {
    let mut text = format!("\nOn each of {} parts left out in turn\n", folds.len());
    for (index, target) in targets.iter().enumerate() {
        let of_target = || folds.iter().filter_map(|fold| fold.metrics.get(index));
        let target = plain(target);
        let unit = match of_target().next().and_then(|metrics| metrics.own) {
            Some(OwnMetrics::Huber { .. }) => format!("in the unit of `{target}` squared"),
            _ => format!("in the unit of `{target}`"),
        };
        let first: Vec<(&str, f64)> = of_target().map(loss::first).collect();
        let shares: Option<Vec<(&str, f64)>> = of_target().map(loss::share).collect();
        let told = [
            (Some(first), unit),
            (shares, "a share of the rows".to_string()),
        ];
        for (figures, unit) in told {
            let figures = figures.unwrap_or_default();
            let Some((name, _)) = figures.first() else {
                continue;
            };
            let mut moments = Moments::new(1);
            let values: Vec<f64> = figures.iter().map(|(_, value)| *value).collect();
            moments.update(&values);
            if let Some(std) = moments.sample_std() {
                text += &format!(
                    "  {name}  {} ± {}  mean and standard deviation, {unit}\n",
                    significant(moments.mean()[0]),
                    significant(std[0]),
                );
            }
        }
    }
    let unjudged = folds.iter().filter(|fold| fold.metrics.is_empty()).count();
    if unjudged > 0 {
        text += &format!(
            "  {} could not be judged: no row, or no feature that varies in the others\n",
            count(unjudged, "part")
        );
    }
    text
}
