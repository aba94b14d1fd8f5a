//! The report of a fit as an HTML page.

mod data;
mod looseness;
mod model;
mod pictures;
mod reproduce;
mod trust;

use std::path::{Path, PathBuf};

use anyhow::Result;
use linreg_data::{ChunkOrder, Set, files_of};
use linreg_fit::How;
use linreg_training::Loss;

use super::Report;
use crate::fit_advice::advised;
use crate::language::Language;
use crate::loss;
use crate::number::{count, significant};
use crate::report::html::{name, names, text};
use crate::report::{Look, Page, hashes};

/// The most targets that a page describes: its size is limited.
const MOST_TARGETS: usize = 4;

/// The most features whose scatter plots are drawn and explained, for all
/// targets together.
const MOST_SCATTERS: usize = 16;

/// The most points of all pictures together; each takes about 90 bytes.
const MOST_POINTS: usize = 10_000;

/// The most points of one picture.
const MOST_OF_A_PICTURE: usize = 1000;

/// The report of a fit to the training rows of a split. It reads the files once
/// for their hashes and the rows once for the pictures; for an exact fit
/// without diagnostics it reads the rows again for these.
pub fn page(report: &Report) -> Result<String> {
    let fitted = report.fitted;
    let targets = fitted.encoder().targets();
    // The files are hashed before the rows are read again, which fails for a
    // file that has changed.
    let files = report.args.inputs().into_iter();
    let files: Vec<PathBuf> = files.map(Path::to_path_buf).collect();
    let files = hashes(&files_of(&files)?)?;
    let rows = fitted.training_rows().map_err(advised)?;
    let chunks = rows.encoded(ChunkOrder::File)?;
    let chunks = chunks.map(|chunk| chunk.map(|(rows, _)| rows));
    let features = pictures::features(report);
    let pictures = (features.len() + pictures::OTHERS) * targets.len().min(MOST_TARGETS);
    let most = (MOST_POINTS / pictures).min(MOST_OF_A_PICTURE);
    let coefficients = fitted.model.coefficients();
    let look = Look::new(chunks, coefficients, features, most, report.args.seed)?;
    // The page runs the assumption checks itself if the fit did not.
    let found = fitted.checked().map_err(advised)?;
    let found = found.as_deref();
    let page = Page {
        language: Language::English,
        title: title(report),
        lead: lead(report),
        sections: vec![
            data::section(report),
            pictures::section(report, &look, found),
            model::section(report),
            trust::section(report, found),
            looseness::section(report, &look),
            reproduce::section(report, &look, &files),
        ],
    };
    Ok(page.html())
}

fn title(report: &Report) -> String {
    let targets = report.fitted.encoder().targets();
    let verb = if targets.len() == 1 { "does" } else { "do" };
    format!("What {verb} {} depend on?", first(targets, MOST_TARGETS))
}

/// The first names of several, as plain text.
fn first(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| crate::report::html::shorten(name))
        .collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The main result, in a sentence or two.
fn lead(report: &Report) -> String {
    let targets = report.fitted.encoder().targets();
    let features = count(report.fitted.model.feature_names().len(), "feature");
    let rows = count(report.fitted.num_rows, "row");
    let found = targets.iter().enumerate().take(MOST_TARGETS);
    let found = found.map(|(index, target)| {
        let (share, error) = match &report.fitted.how {
            How::Exact(fit) if fit.ridge.is_some() => return String::new(),
            How::Trained(trained) if trained.config.loss != Loss::Squared => {
                let target = crate::number::plain(target);
                let meaning = loss::meaning(trained.config.loss, &target);
                return meaning.map_or(String::new(), |meaning| {
                    format!(" {}.", crate::report::html::prose(&meaning))
                });
            }
            How::Exact(fit) => {
                let inference = &fit.inferences[index];
                (inference.r_squared, inference.residual_std_error)
            }
            How::Trained(_) => {
                let metrics = &report.fitted.on(Set::Training)[index];
                (metrics.r_squared.unwrap_or(f64::NAN), metrics.rmse)
            }
        };
        let share = match (share.is_finite(), targets.len()) {
            (true, 1) => format!("The features explain {} of its variance", percent(share)),
            (true, _) => format!(
                "They explain {} of the variance of {}",
                percent(share),
                name(target)
            ),
            (false, 1) => "It has no variance to explain".to_string(),
            (false, _) => format!("{} has no variance to explain", name(target)),
        };
        let error = match error.is_finite() {
            true => format!(
                "; what is left has a standard deviation of {}",
                text(significant(error))
            ),
            false => String::new(),
        };
        format!(" {share}{error}.")
    });
    let found: String = found.collect();
    let first: Vec<String> = targets.iter().take(MOST_TARGETS).cloned().collect();
    format!(
        "A linear model of {} from {features}, fitted to {rows}.{found}",
        names(&first)
    )
}

/// A share between 0 and 1 in percent, to a tenth.
fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1} %", 100.0 * share),
        false => "-".to_string(),
    }
}
