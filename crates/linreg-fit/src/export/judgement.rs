//! How good a model is on rows that it was judged on, in words.

use linreg_data::Moments;
use linreg_training::{Metrics, OwnMetrics};

use crate::number::{count, plain, significant};
use crate::wrap::{Width, beside, item};
use crate::{Fold, loss};

/// The metrics as text in lines of so many columns, each with its meaning. Those of
/// the loss that the model was fitted with come first.
pub fn metrics_lines(metrics: &[Metrics], targets: &[String], width: Width) -> String {
    let mut text = String::new();
    for (metrics, target) in metrics.iter().zip(targets) {
        let target = plain(target);
        if targets.len() > 1 {
            text += &format!("  {target}\n");
        }
        let lines = loss::metrics(metrics, &target).into_iter();
        let lines = lines.map(|line| (line.name, format!("{}  {}", line.value, line.meaning)));
        text += &beside(&lines.collect::<Vec<_>>(), width);
    }
    text
}

/// The figures that the fit is judged by over the folds of a cross-validation, in
/// lines of so many columns.
pub fn folds_lines(folds: &[Fold], targets: &[String], width: Width) -> String {
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
            let values: Vec<f64> = figures.iter().map(|(_, value)| *value).collect();
            let moments = Moments::of(&values);
            if let Some(std) = moments.sample_std() {
                let figure = format!(
                    "{} ± {}  mean and standard deviation, {unit}",
                    significant(moments.mean()[0]),
                    significant(std[0]),
                );
                text += &beside(&[(*name, figure)], width);
            }
        }
    }
    let unjudged = folds.iter().filter(|fold| fold.metrics.is_empty()).count();
    if unjudged > 0 {
        let sentence = format!(
            "{} could not be judged: no row, or no feature that varies in the others",
            count(unjudged, "part")
        );
        text += &item(&sentence, width);
    }
    text
}
