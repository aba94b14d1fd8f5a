use linreg_data::Set;
use linreg_training::{Loss, Metrics, OwnMetrics, TrainingConfig};

use crate::export::checks::{Checks, none_found};
use crate::export::figures::precision;
use crate::export::judgement::folds_lines;
use crate::export::training;
use crate::{ExactFit, How, TableDiagnostics, Trained};

use crate::Report;
use crate::number::{plain, significant, thousands};
use crate::page::Section;
use crate::page::html::{UNBROKEN, lines, list, paragraph, prose, table, text};

/// The most characters of a warning that are shown.
const MOST: usize = 2000;

/// What speaks for and against the figures.
pub fn section(report: &Report, found: Option<&TableDiagnostics>) -> Section {
    let mut body = match &report.fitted.how {
        How::Exact(fit) => exact(fit, report, found),
        How::Trained(found) => trained(&found.config) + &optimum(found, report),
    };
    let targets = report.fitted.encoder().targets();
    let sets = [(Set::Validation, "validation"), (Set::Test, "the test")];
    for (index, target) in targets.iter().enumerate().take(super::MOST_TARGETS) {
        let held_out: Vec<(&str, &Metrics)> = sets
            .iter()
            .filter_map(|(set, what)| Some((*what, report.fitted.on(*set).get(index)?)))
            .collect();
        if !held_out.is_empty() {
            let what =
                format!("Rows that the fit has not seen tell how well it predicts `{target}`:");
            body += &paragraph(&prose(&what));
            body += &metrics(&held_out);
        }
    }
    if !report.fitted.folds.is_empty() {
        let told = targets.len().min(super::MOST_TARGETS);
        body += &lines(folds_lines(&report.fitted.folds, &targets[..told], UNBROKEN).trim_start());
    }
    Section {
        id: "trust",
        heading: "How far to trust it",
        body,
    }
}

fn exact(fit: &ExactFit, report: &Report, found: Option<&TableDiagnostics>) -> String {
    let encoder = report.fitted.encoder();
    let mut body = if fit.ridge.is_some() {
        paragraph(
            "Ridge regression shrinks the weights towards 0, which makes predictions of new rows \
             more stable but biases the weights, so there are no standard errors.",
        )
    } else {
        paragraph(&format!(
            "The arithmetic: {} are right ({}). The condition number of the features is {}: the \
             larger it is, the more a small error in the features can change the weights.",
            precision(&fit.inferences),
            text(fit.method()),
            significant((10.0 * fit.solution.condition).round() / 10.0),
        ))
    };
    let told = encoder.targets().len().min(super::MOST_TARGETS);
    let warnings = fit.warnings(encoder);
    let mut warnings: Vec<String> = warnings
        .iter()
        .map(|warning| warning.told(report.say))
        .collect();
    let checks = |found, target| Checks {
        fit,
        found,
        target,
        say: report.say,
    };
    if let Some(found) = found {
        for (index, target) in encoder.targets().iter().enumerate().take(told) {
            let of = if told > 1 {
                format!("`{}`: ", plain(target))
            } else {
                String::new()
            };
            let sentences = checks(found, index).sentences().into_iter();
            warnings.extend(sentences.map(|sentence| format!("{of}{sentence}")));
        }
    }
    let none = found.and_then(|found| none_found(found, &fit.inferences[..told]));
    body += &match (warnings.is_empty(), none) {
        (false, _) => paragraph("Warnings:"),
        (true, Some(sentence)) => paragraph(&sentence),
        (true, None) => String::new(),
    };
    for warning in warnings {
        let short: String = warning.chars().take(MOST).collect();
        body += &format!("<p class=\"warning\">{}</p>\n", prose(&short));
    }
    if let Some(found) = found {
        for index in 0..told {
            body += &lines(&checks(found, index).text(encoder, UNBROKEN));
        }
    }
    if fit.ridge.is_some() {
        body
    } else {
        body + &assumptions(fit)
    }
}

/// The assumptions behind the standard errors.
fn assumptions(fit: &ExactFit) -> String {
    let even = "the residuals have the same variance everywhere: a funnel in the picture of \
                residuals speaks against it;";
    let mut list_of = vec![
        "rows are independent of one another: no row is a copy or a later state of another;",
        "the target depends on the features along straight lines: a curve in the picture of \
         residuals speaks against it;",
        "the residuals are about normal, which matters little with many rows.",
    ];
    if fit.robust.is_none() {
        list_of.insert(1, even);
    }
    let mut body = paragraph("The standard errors, p values and intervals hold if");
    body += &list(list_of.into_iter().map(str::to_string));
    body + &paragraph(
        "That a coefficient is significant does not say that changing the feature would change \
         the target: both may follow from something that is no column here.",
    )
}

fn trained(config: &TrainingConfig) -> String {
    if config.loss == Loss::Squared {
        return paragraph(
            "The weights come from gradient descent, which stops near those of least squares: how \
             near depends on the learning rate and the number of epochs. An exact fit finds them \
             exactly, with standard errors and the digits that are sure.",
        );
    }
    paragraph("The weights come from gradient descent on the loss that was asked for.")
}

/// A bound on how far the fit is from the optimum, if one was computed.
fn optimum(found: &Trained, report: &Report) -> String {
    let targets = report.fitted.encoder().targets();
    match &found.optimum {
        None => String::new(),
        Some(optimum) => {
            lines(training::optimum(found, optimum, targets, report.say, UNBROKEN).trim_start())
        }
    }
}

/// Metrics of one target on several sets of rows. Those of the fit's own loss
/// come first.
pub fn metrics(sets: &[(&str, &Metrics)]) -> String {
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
