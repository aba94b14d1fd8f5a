use linreg_data::Set;
use linreg_plot::{Estimate, Per, Picture};
use linreg_training::{Metrics, OwnMetrics};

use super::look::Look;
use crate::coefficient_picture::Scales;
use crate::export::coefficients::{coefficients, column_tests, estimates};
use crate::export::judgement::folds_lines;
use crate::export::{figures, ridge};
use crate::number::{significant, thousands};
use crate::page::html::{UNBROKEN, definitions, lines, name, paragraph, prose, table, text};
use crate::page::{Language, Pictures, Section, thinned};
use crate::{ExactFit, How, Report};

/// The most coefficients that the page lists, for all targets together.
const MOST_COEFFICIENTS: usize = 400;

/// The most epochs that a picture shows.
const MOST_EPOCHS: usize = 500;

/// The coefficients, the figures of the fit, and how well it predicts.
pub fn section(report: &Report, look: &Look) -> Section {
    let targets = report.fitted.encoder().targets();
    let told = &targets[..targets.len().min(super::MOST_TARGETS)];
    let most = MOST_COEFFICIENTS / told.len();
    let mut body = String::new();
    for (index, target) in told.iter().enumerate() {
        if told.len() > 1 {
            body += &format!("<h3>{}</h3>\n", name(target));
        }
        body += &of_target(report, look, index, most);
    }
    if targets.len() > told.len() {
        let more = targets.len() - told.len();
        body += &paragraph(&format!(
            "And {more} more targets, whose coefficients the model file has."
        ));
    }
    if let How::Trained(trained) = &report.fitted.how {
        let (epochs, records) = thinned(&trained.history, MOST_EPOCHS);
        let losses: Vec<f64> = records.iter().map(|record| record.loss).collect();
        let held_out = records.iter().map(|record| record.validation_loss);
        let mut pictures = Pictures::new("picture-loss", Language::English);
        pictures.add(Picture::losses(
            &epochs,
            &losses,
            &held_out.collect::<Vec<_>>(),
        ));
        body += &pictures.html();
    }
    if !report.fitted.folds.is_empty() {
        body += &lines(folds_lines(&report.fitted.folds, told, UNBROKEN).trim_start());
    }
    Section {
        id: "model",
        heading: "The fitted model",
        body,
    }
}

fn of_target(report: &Report, look: &Look, index: usize, most: usize) -> String {
    let encoder = report.fitted.encoder();
    let target = &encoder.targets()[index];
    let rows = match &report.fitted.how {
        How::Exact(fit) if fit.ridge.is_none() => coefficients(&fit.inferences[index], encoder),
        _ => estimates(&report.fitted.model, index),
    };
    let mut body = shown("Coefficients", &rows, most);
    if let How::Exact(fit) = &report.fitted.how
        && fit.ridge.is_none()
    {
        let tests = column_tests(&fit.column_tests[index]);
        body += &shown("Categorical columns", &tests, most);
    }
    let mut pictures = Pictures::new(&format!("model-{}", index + 1), Language::English);
    if let How::Exact(fit) = &report.fitted.how {
        intervals(&mut pictures, report, fit, index);
    }
    let rows = look.sample.iter();
    let (predicted, actual): (Vec<f64>, Vec<f64>) = rows
        .map(|row| (row.predictions[index], row.targets[index]))
        .unzip();
    let errors = &look.errors[index];
    pictures.add(Picture::predicted_sample(
        target, &predicted, &actual, errors,
    ));
    body += &pictures.html();
    match &report.fitted.how {
        How::Exact(fit) => match &fit.ridge {
            Some(path) => {
                body += "<h3>How far the weights are shrunk</h3>\n";
                body += &lines(&ridge::text(fit, path, index, encoder, UNBROKEN));
            }
            None => {
                body += "<h3>The fit as a whole</h3>\n";
                let figures = figures::figures(fit, &fit.inferences[index], target);
                body += &definitions(
                    figures
                        .into_iter()
                        .map(|(name, value)| (name, prose(&value))),
                );
            }
        },
        How::Trained(_) => {}
    }
    let sets = [
        (Set::Training, "training"),
        (Set::Validation, "validation"),
        (Set::Test, "the test"),
    ];
    let judged: Vec<(&str, &Metrics)> = sets
        .iter()
        .filter_map(|(set, what)| Some((*what, report.fitted.on(*set).get(index)?)))
        .collect();
    if !judged.is_empty() {
        body += &metrics(&judged);
    }
    body
}

/// The weights that have an interval. The intercept is left out: it is no effect of a
/// feature.
fn intervals(pictures: &mut Pictures, report: &Report, fit: &ExactFit, index: usize) {
    if fit.ridge.is_some() {
        return;
    }
    let encoder = report.fitted.encoder();
    let scales = Scales::new(encoder, fit.errors(), fit.weighting, Per::Deviation);
    let inference = &fit.inferences[index];
    let constant = usize::from(encoder.intercept());
    let weights = inference.coefficients[constant..].iter().enumerate();
    let known =
        weights.filter(|(_, c)| !c.is_dropped && c.lower.is_finite() && c.upper.is_finite());
    let estimates: Vec<Estimate> = known
        .map(|(feature, c)| scales.estimate(feature, [c.estimate, c.lower, c.upper]))
        .collect();
    if !estimates.is_empty() {
        let target = &encoder.targets()[index];
        let confidence = inference.confidence;
        pictures.add(Picture::coefficients(
            target, &estimates, confidence, scales.per,
        ));
    }
}

fn shown(caption: &str, rows: &[Vec<String>], most: usize) -> String {
    let Some((header, rows)) = rows.split_first() else {
        return String::new();
    };
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let cells = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        cells
            .map(|(column, cell)| match column {
                0 => name(cell),
                _ => text(cell),
            })
            .collect()
    };
    let shown: Vec<Vec<String>> = rows.iter().take(most).map(cells).collect();
    let mut html = table(caption, &header, 1, &shown);
    if rows.len() > most {
        let more = rows.len() - most;
        html += &paragraph(&format!("And {more} more, which the model file has."));
    }
    html
}

/// Metrics of one target on several sets of rows. Those of the fit's own loss
/// come first.
fn metrics(sets: &[(&str, &Metrics)]) -> String {
    let own = sets.first().and_then(|(_, metrics)| metrics.own);
    let row = |(what, metrics): &(&str, &Metrics)| {
        let mut row = vec![what.to_string(), thousands(metrics.rows as usize)];
        if let Some((loss, share)) = metrics.own.map(|own| own.figures()) {
            row.extend(loss.map(significant));
            row.push(significant(share));
        }
        row.extend([
            metrics.r_squared.map_or("-".to_string(), significant),
            significant(metrics.rmse),
            significant(metrics.mae),
        ]);
        row
    };
    let rows: Vec<Vec<String>> = sets.iter().map(row).collect();
    let mut header = vec!["rows for".to_string(), "number".to_string()];
    match own {
        None => {}
        Some(OwnMetrics::Absolute { .. }) => {
            header.push("coverage, share at or below the prediction, aim 0.5".to_string());
        }
        Some(OwnMetrics::Quantile { tau, .. }) => header.extend([
            "mean pinball loss".to_string(),
            format!(
                "coverage, share at or below the prediction, aim {}",
                significant(tau)
            ),
        ]),
        Some(OwnMetrics::Huber { delta, .. }) => header.extend([
            "mean Huber loss".to_string(),
            format!("share within {} of the prediction", significant(delta)),
        ]),
    }
    header.extend(
        [
            "R², share of variance explained",
            "RMSE, typical error",
            "MAE, mean absolute error",
        ]
        .map(String::from),
    );
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    table("Errors of prediction", &header, 1, &rows)
}
