use linreg_data::Set;
use linreg_training::{Loss, TrainingConfig};

use crate::export::checks::{Checks, none_found};
use crate::export::figures;
use crate::export::training;
use crate::number::{count, in_sentence, plain};
use crate::page::Section;
use crate::page::html::{UNBROKEN, lines, list, name, paragraph, prose, text};
use crate::{ExactFit, How, Report, TableDiagnostics, Trained, loss};

/// The most characters of a warning that are shown.
const MOST: usize = 2000;

/// What the fit says, and what speaks against it.
pub fn section(report: &Report, found: Option<&TableDiagnostics>) -> Section {
    let targets = report.fitted.encoder().targets();
    let told = targets.len().min(super::MOST_TARGETS);
    let mut body = String::new();
    for (index, target) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target));
        }
        body += &effects(report, index);
        body += &held_out(report, index);
    }
    body += &match &report.fitted.how {
        How::Exact(fit) => of_exact(fit, report, found),
        How::Trained(trained) => of_trained(&trained.config) + &optimum(trained, report),
    };
    Section {
        id: "summary",
        heading: "Findings",
        body,
    }
}

/// The largest effects in words.
fn effects(report: &Report, index: usize) -> String {
    let encoder = report.fitted.encoder();
    let target = &encoder.targets()[index];
    match &report.fitted.how {
        How::Exact(fit) if fit.ridge.is_some() => paragraph(
            "Ridge regression shrinks the weights towards 0, which makes predictions of new rows \
             more stable but biases the weights, so there are no standard errors.",
        ),
        How::Exact(fit) => {
            let inference = &fit.inferences[index];
            if inference.f.is_nan() {
                // The figures of the fit say why nothing can be tested.
                return String::new();
            }
            let meaning = figures::meaning(inference, encoder, target);
            if meaning.is_empty() {
                return paragraph("No coefficient is significant by itself.");
            }
            let heading = figures::meaning_heading(inference);
            paragraph(&format!(
                "{}, those with the largest |t| first:",
                text(heading)
            )) + &list(meaning.iter().map(|line| prose(line)))
        }
        How::Trained(trained) => {
            let meaning = loss::meaning(trained.config.loss, &plain(target));
            meaning.map_or(String::new(), |meaning| paragraph(&prose(&meaning)))
        }
    }
}

/// How well the model predicts rows that it has not seen.
fn held_out(report: &Report, index: usize) -> String {
    let sets = [Set::Test, Set::Validation];
    let found = sets
        .into_iter()
        .find_map(|set| report.fitted.on(set).get(index));
    let Some(metrics) = found else {
        return String::new();
    };
    let rows = count(metrics.rows as usize, "row");
    paragraph(&format!(
        "On {rows} that the fit has not seen, its predictions have a typical error (RMSE) of {}.",
        text(in_sentence(metrics.rmse))
    ))
}

fn of_exact(fit: &ExactFit, report: &Report, found: Option<&TableDiagnostics>) -> String {
    let encoder = report.fitted.encoder();
    let told = encoder.targets().len().min(super::MOST_TARGETS);
    let warnings = fit.warnings(encoder);
    let mut warnings: Vec<String> = warnings
        .iter()
        .map(|warning| warning.told(report.say))
        .collect();
    if let Some(found) = found {
        for (target, name) in encoder.targets().iter().enumerate().take(told) {
            let of = if told > 1 {
                format!("`{}`: ", plain(name))
            } else {
                String::new()
            };
            let checks = Checks {
                fit,
                found,
                target,
                say: report.say,
            };
            let sentences = checks.sentences().into_iter();
            warnings.extend(sentences.map(|sentence| format!("{of}{sentence}")));
        }
    }
    if warnings.is_empty() {
        let none = found.and_then(|found| none_found(found, &fit.inferences[..told]));
        return none.map_or(String::new(), |sentence| paragraph(&sentence));
    }
    let mut body = "<h3>Warnings</h3>\n".to_string();
    for warning in warnings {
        let short: String = warning.chars().take(MOST).collect();
        body += &format!("<p class=\"warning\">{}</p>\n", prose(&short));
    }
    body
}

fn of_trained(config: &TrainingConfig) -> String {
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
