//! The report of a fit as an HTML page.

mod checks;
mod columns;
mod files;
mod look;
mod model;
mod reproduce;
mod summary;

use std::path::PathBuf;

#[cfg(feature = "files")]
use linreg_data::files_of;
use linreg_data::{SampleLimit, Set};
use linreg_training::Loss;

use crate::number::{count, in_sentence};
use crate::page::html::{name, names, text};
use crate::page::{Language, Page};
use crate::{FitError, Fitted, How, SettingNames, loss};
use files::hashes;
pub(crate) use look::LookPass;

/// The most targets that a page describes: its size is limited.
const MOST_TARGETS: usize = 4;

/// The most columns that are drawn against the targets, for all targets together.
const MOST_SCATTERS: usize = 16;

/// The number of pictures of a target besides those of its columns.
const OTHERS: usize = 5;

/// The most points of all pictures together; each takes about 90 bytes.
const MOST_POINTS: usize = 10_000;

/// The most points of one picture.
const MOST_OF_A_PICTURE: usize = 1000;

/// The report of a fit, to be read in a browser or printed: one HTML page with the
/// findings, the model, the assumption checks, the columns, and how to make it again.
pub struct Report<'a> {
    /// The fit.
    pub fitted: &'a Fitted,
    /// The files of the table, whose hashes are listed; names with `*`, `?` or `[`
    /// stand for all files that match.
    pub files: Vec<PathBuf>,
    /// Seed of the rows that are drawn. Default: 0.
    pub seed: u64,
    /// The command that made the fit, if a command did.
    pub command: Option<String>,
    /// How settings are named. Default: in words.
    pub say: SettingNames,
}

impl<'a> Report<'a> {
    /// The report of a fit to a table without files.
    pub fn new(fitted: &'a Fitted) -> Self {
        Self {
            fitted,
            files: Vec::new(),
            seed: 0,
            command: None,
            say: ToString::to_string,
        }
    }

    /// The page. It reads the files once for their hashes and the rows once for
    /// the pictures; for an exact fit without assumption checks it reads the rows
    /// again for these.
    ///
    /// # Errors
    ///
    /// A table that cannot be read again.
    pub fn html(&self) -> Result<String, FitError> {
        let fitted = self.fitted;
        let targets = fitted.encoder().targets();
        // The files are hashed before the rows are read again, which fails for a
        // file that has changed.
        let files = hashes(&self.all_files()?)?;
        let rows = fitted.training_rows()?;
        let drawn = columns::chosen(self);
        let of_target = drawn.features.len() + drawn.columns.len() + OTHERS;
        let pictures = of_target * targets.len().min(MOST_TARGETS);
        let found = fitted.checked()?;
        let found = found.as_deref();
        let listed = found.map(|found| {
            let targets = found.diagnostics.targets.iter();
            let distances = targets.flat_map(|target| &target.cooks_distances);
            let listed = found.diagnostics.leverages.iter().chain(distances);
            listed.map(|figure| figure.row).collect()
        });
        let pass = LookPass {
            predictor: fitted.model.predictor().clone(),
            weighting: fitted.encoder().weight().map(|_| fitted.model.weighting()),
            drawn,
            asked: listed.unwrap_or_default(),
            most: (MOST_POINTS / pictures).min(MOST_OF_A_PICTURE),
            seed: self.seed,
            limit: SampleLimit::default(),
        };
        let look = pass.look(&rows)?;
        let page = Page {
            language: Language::English,
            title: title(self),
            lead: lead(self),
            sections: vec![
                summary::section(self, found),
                model::section(self, &look),
                checks::section(self, &look, found),
                columns::section(self, &look),
                reproduce::section(self, &look, &files),
            ],
        };
        Ok(page.html())
    }
}

impl Report<'_> {
    /// The files that names and patterns stand for.
    #[cfg(feature = "files")]
    fn all_files(&self) -> Result<Vec<PathBuf>, FitError> {
        Ok(files_of(&self.files)?)
    }

    #[cfg(not(feature = "files"))]
    fn all_files(&self) -> Result<Vec<PathBuf>, FitError> {
        Ok(self.files.clone())
    }
}

fn title(report: &Report) -> String {
    let targets = report.fitted.encoder().targets();
    format!("Linear regression of {}", first(targets, MOST_TARGETS))
}

/// The first names of several, as plain text.
fn first(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| crate::page::html::shorten(name))
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
                    format!(" {}.", crate::page::html::prose(&meaning))
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
        let error = if error.is_finite() {
            format!(
                "; what is left has a standard deviation of {}",
                text(in_sentence(error))
            )
        } else {
            String::new()
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
    if share.is_finite() {
        format!("{:.1} %", 100.0 * share)
    } else {
        "-".to_string()
    }
}
