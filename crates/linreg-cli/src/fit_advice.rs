//! The errors of the library with the flags that help.

use anyhow::{Error, anyhow};
use linreg_data::{DataError, MOST_FEATURES};
use linreg_exact::ExactError;
use linreg_fit::{FitError, ModelProblem, PartsProblem, Undetermined};
use thiserror::Error;

use crate::columns::ColumnArgs;
use crate::number::{count, thousands};

/// An error of this program that travels through the library.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Carried(pub Error);

/// An error of this program as one of the library.
pub fn carried(error: impl Into<Error>) -> FitError {
    FitError::Observer(Box::new(Carried(error.into())))
}

/// The error with its advice.
pub fn advised(error: FitError) -> Error {
    match error {
        FitError::Data(error) => error.into(),
        FitError::Training(error) => error.into(),
        FitError::Backend(error) => error.into(),
        FitError::Output(error) => error.into(),
        FitError::Table { table, problem } => advised(*problem).context(table),
        FitError::ModelFile { file, problem } => {
            advised(problem.into()).context(file.display().to_string())
        }
        FitError::Parts {
            folder,
            problem: problem @ PartsProblem::Exists,
        } => anyhow!(
            "{}: {problem}; use --force to replace a folder of predictions, or another name",
            folder.display()
        ),
        FitError::Model(ModelProblem::File(error)) => error.into(),
        FitError::Model(problem @ ModelProblem::Shrunken) => {
            anyhow!("{problem}; fit without --ridge")
        }
        FitError::Model(ModelProblem::NoCovariance) => anyhow!(
            "the model file has no covariance of the coefficients: intervals need a model of linreg fit --method exact with more rows than coefficients"
        ),
        FitError::Exact(error) => anyhow!(of_size(&error).unwrap_or_else(|| error.to_string())),
        FitError::Observer(error) => match error.downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(error) => anyhow!(error),
        },
        FitError::Leverage { place } => anyhow!(
            "{place}: this row alone determines a coefficient: its leverage is 1, and hc2 and hc3 divide by 1 - leverage; leave it out, or use --robust hc1"
        ),
        FitError::TooManyToDraw { features, limit } => anyhow!(
            "{features} features are more than can be drawn; choose up to {limit} of them with --features"
        ),
        FitError::HoldsOutNothing => {
            anyhow!("--time-ordered holds out nothing without --validation or --test")
        }
        FitError::NoPatience => {
            anyhow!("--patience goes by rows held out; add --validation or --validation-file")
        }
        FitError::MinibatchSetting { setting, optimizer } => anyhow!(
            "{} is a setting of minibatches, and --optimizer {optimizer} takes all rows at once; leave out one of them",
            flag(setting)
        ),
        FitError::OptimizerSetting { setting, optimizer } => {
            anyhow!("{} is no setting of --optimizer {optimizer}", flag(setting))
        }
        FitError::NoLearningRate { optimizer } => anyhow!(
            "--search-learning-rate is for minibatches, and --optimizer {optimizer} takes all rows at once; add --optimizer sgd"
        ),
        FitError::SearchFolds { folds } => {
            anyhow!("--search={folds} leaves out no part of the rows; expected at least 2 parts")
        }
        FitError::SearchInFile => {
            anyhow!("a search needs the rows in memory; give --memory more MiB")
        }
        error => error.into(),
    }
}

/// The flag of a setting that the library names in words.
fn flag(setting: &str) -> String {
    format!("--{}", setting.replace(' ', "-"))
}

/// A fit that is too large, with what would make it smaller.
fn of_size(error: &ExactError) -> Option<String> {
    const FEWER: &str = "choose fewer with --features, train with --method sgd";
    Some(match *error {
        ExactError::TooManyFeatures { features, limit } => format!(
            "{} are more than the {} of an exact fit, whose time grows with their cube; {FEWER}, or allow more with --max-features",
            count(features, "feature"),
            thousands(limit)
        ),
        ExactError::TooLarge {
            features,
            bytes,
            limit,
        } => format!(
            "an exact fit of {} takes about {} MiB, more than the {} of --memory; {FEWER}, or allow more with --memory",
            count(features, "feature"),
            thousands(bytes.div_ceil(1 << 20) as usize),
            thousands((limit >> 20) as usize)
        ),
        ExactError::TooFewRows { rows, coefficients } => format!(
            "{} do not determine {}; choose fewer features with --features, shrink the weights with --ridge, or train with --method sgd",
            count(rows as usize, "row"),
            count(coefficients, "coefficient")
        ),
        _ => return None,
    })
}

/// The error of a fit to these columns with its advice.
pub fn advised_fit(error: FitError, columns: &ColumnArgs) -> Error {
    match error {
        FitError::Table { table, problem } => advised_fit(*problem, columns).context(table),
        FitError::Undetermined(problem) => undetermined(&problem, columns),
        error => how_to_allow(advised(error)),
    }
}

fn undetermined(problem: &Undetermined, columns: &ColumnArgs) -> Error {
    const GO_ON: &str = "go on with --collinear drop or --collinear minimum-norm";
    match problem {
        Undetermined::FewRows {
            redundant, terms, ..
        } => {
            let references: Vec<_> = redundant.iter().collect();
            let how = if references.is_empty() {
                String::new()
            } else {
                format!("; {}", columns.how_to_leave_out(&references, terms))
            };
            anyhow!("{problem}{how}; use fewer features or more rows, or {GO_ON}")
        }
        Undetermined::Dependent {
            redundant, terms, ..
        } => {
            let references: Vec<_> = redundant.iter().collect();
            let how = columns.how_to_leave_out(&references, terms);
            anyhow!("{problem}\n{how}, or {GO_ON}")
        }
    }
}

/// Adds to an error about too many features how to allow more, if that is
/// possible.
fn how_to_allow(error: Error) -> Error {
    match error.downcast_ref() {
        Some(DataError::TooManyFeatures { features, .. }) if *features <= MOST_FEATURES as u64 => {
            anyhow!("{error:#}, or allow more with --max-features")
        }
        _ => error,
    }
}
