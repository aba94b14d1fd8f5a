//! What there is to say of a fit, in the blocks that documents are made of.

use linreg_data::Set;

use super::checks::Checks;
use super::coefficients::{coefficients, column_tests, estimates};
use super::{figures, training};
use crate::number::{count, plain};
use crate::{ExactFit, Fitted, How, SettingNames, loss};

/// A part of a document. Texts are plain, with names between backticks.
pub enum Block {
    /// The heading of what follows.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// A header and rows of as many cells; the first column names the row.
    Table(Vec<String>, Vec<Vec<String>>),
    /// Items of a list.
    List(Vec<String>),
}

/// The document of a fit.
pub fn document(fitted: &Fitted, say: SettingNames) -> Vec<Block> {
    let targets = fitted.encoder().targets();
    let mut blocks = vec![Block::Paragraph(format!(
        "`{}` from {}, {} of {}.",
        plain(&targets.join("`, `")),
        count(fitted.model.feature_names().len(), "feature"),
        count(fitted.num_rows, "row"),
        fitted.table,
    ))];
    for (index, target) in targets.iter().enumerate() {
        if targets.len() > 1 {
            blocks.push(Block::Heading(plain(target)));
        }
        match &fitted.how {
            How::Exact(fit) if fit.ridge.is_none() => {
                blocks.extend(of_exact(fitted, fit, index, say));
            }
            _ => blocks.extend(table(estimates(&fitted.model, index))),
        }
        for (set, metrics) in &fitted.sets {
            blocks.extend(metrics.get(index).map(|metrics| {
                let lines = loss::metrics(metrics, &plain(target)).into_iter();
                let row = |line: loss::Line| vec![line.name.to_string(), line.value, line.meaning];
                let header = [on(*set), "value", "meaning"].map(String::from).to_vec();
                Block::Table(header, lines.map(row).collect())
            }));
        }
    }
    match &fitted.how {
        How::Exact(fit) => {
            let warnings = fit.warnings(fitted.encoder());
            if !warnings.is_empty() {
                blocks.push(Block::Heading("Warnings".to_string()));
                let told = warnings.iter().map(|warning| warning.told(say));
                blocks.push(Block::List(told.collect()));
            }
        }
        How::Trained(trained) => blocks.push(Block::Paragraph(format!(
            "{} of {} on {}, {}.",
            count(trained.history.len(), "epoch"),
            trained.config.optimizer.name(),
            trained.backend,
            training::stopped(trained.stopped, say)
        ))),
    }
    blocks
}

fn of_exact(fitted: &Fitted, fit: &ExactFit, index: usize, say: SettingNames) -> Vec<Block> {
    let encoder = fitted.encoder();
    let (inference, target) = (&fit.inferences[index], &encoder.targets()[index]);
    let mut blocks = Vec::from_iter(table(coefficients(inference, encoder)));
    let of_fit = figures::figures(fit, inference, target).into_iter();
    let of_fit = of_fit.map(|(name, text)| format!("{name}: {text}"));
    blocks.push(Block::List(of_fit.collect()));
    blocks.extend(table(column_tests(&fit.column_tests[index])));
    let meaning = figures::meaning(inference, encoder, target);
    if !meaning.is_empty() {
        blocks.push(Block::Heading(figures::meaning_heading(inference)));
        blocks.push(Block::List(meaning));
    }
    if let Some(found) = &fit.diagnostics {
        let checks = Checks {
            fit,
            found,
            target: index,
            say,
        };
        let sentences = checks.sentences();
        if !sentences.is_empty() {
            blocks.push(Block::Heading("Assumption checks".to_string()));
            blocks.push(Block::List(sentences));
        }
    }
    blocks
}

/// A table of rows of which the first is the header. Rows of fewer cells, as of
/// coefficients that are left out, are filled up.
fn table(mut rows: Vec<Vec<String>>) -> Option<Block> {
    if rows.is_empty() {
        return None;
    }
    let header = rows.remove(0);
    for row in &mut rows {
        row.resize(header.len(), String::new());
    }
    Some(Block::Table(header, rows))
}

fn on(set: Set) -> &'static str {
    match set {
        Set::Training => "on the training rows",
        Set::Validation => "on rows for validation",
        Set::Test => "on rows for the test",
    }
}
