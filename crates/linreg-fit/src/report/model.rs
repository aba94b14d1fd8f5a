use linreg_data::Set;

use crate::How;
use crate::export::coefficients::{coefficients, estimates};
use crate::export::{figures, ridge};

use crate::Report;
use crate::loss;
use crate::page::Section;
use crate::page::html::{UNBROKEN, definitions, lines, list, name, paragraph, prose, table, text};

/// The most coefficients that the page lists, for all targets together.
const MOST_COEFFICIENTS: usize = 400;

/// The coefficients, what they mean, and the figures of the fit.
pub fn section(report: &Report) -> Section {
    let encoder = report.fitted.encoder();
    let targets = encoder.targets();
    let told = &targets[..targets.len().min(super::MOST_TARGETS)];
    let most = MOST_COEFFICIENTS / told.len();
    let mut body = String::new();
    for (index, target) in told.iter().enumerate() {
        let rows = match &report.fitted.how {
            How::Exact(fit) if fit.ridge.is_none() => coefficients(&fit.inferences[index], encoder),
            _ => estimates(&report.fitted.model, index),
        };
        if told.len() > 1 {
            body += &format!("<h3>{}</h3>\n", name(target));
        }
        body += &shown(&rows, most);
        match &report.fitted.how {
            How::Exact(fit) if fit.ridge.is_some() => {
                if let Some(path) = &fit.ridge {
                    body += "<h3>How far the weights are shrunk</h3>\n";
                    body += &lines(&ridge::text(fit, path, index, encoder, UNBROKEN));
                }
            }
            How::Exact(fit) => {
                let inference = &fit.inferences[index];
                let meaning = figures::meaning(inference, encoder, target);
                if !meaning.is_empty() {
                    let heading = text(figures::meaning_heading(inference));
                    body += &format!("<h3>{heading}</h3>\n");
                    body += &list(meaning.iter().map(|line| prose(line)));
                }
                body += "<h3>The fit as a whole</h3>\n";
                let figures = figures::figures(fit, inference, target);
                body += &definitions(
                    figures
                        .into_iter()
                        .map(|(name, value)| (name, prose(&value))),
                );
            }
            How::Trained(trained) => {
                if let Some(meaning) = loss::meaning(trained.config.loss, target) {
                    body += &paragraph(&prose(&meaning));
                }
                if let Some(metrics) = report.fitted.on(Set::Training).get(index) {
                    body += &super::trust::metrics(&[("training", metrics)]);
                }
            }
        }
    }
    if targets.len() > told.len() {
        let more = targets.len() - told.len();
        body += &paragraph(&format!(
            "And {more} more targets, whose coefficients the model file has."
        ));
    }
    Section {
        id: "model",
        heading: "The fitted model",
        body,
    }
}

fn shown(rows: &[Vec<String>], most: usize) -> String {
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
    let mut html = table("Coefficients", &header, 1, &shown);
    if rows.len() > most {
        let more = rows.len() - most;
        html += &paragraph(&format!("And {more} more, which the model file has."));
    }
    html
}
