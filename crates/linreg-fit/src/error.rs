use std::path::PathBuf;

use linreg_backend::BackendError;
use linreg_data::{DataError, Place, Set};
use linreg_exact::ExactError;
use linreg_model::{CoefficientsError, ModelFileError, OutputError};
use linreg_plot::PlotError;
use linreg_training::TrainingError;
use thiserror::Error;

#[cfg(feature = "files")]
use crate::PartsProblem;
use crate::number::plain;
use crate::{ModelProblem, Undetermined};

/// Why a model cannot be fitted, kept or applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FitError {
    /// The rows or the columns of a table cannot be used.
    #[error(transparent)]
    Data(DataError),
    /// The same, with the name of a table that the error itself does not name.
    #[error("{table}: {problem}")]
    Table {
        /// The name of the table.
        table: String,
        /// What is wrong with it.
        problem: Box<FitError>,
    },
    /// The rows do not determine the coefficients.
    #[error(transparent)]
    Undetermined(#[from] Undetermined),
    /// The exact fit is not possible.
    #[error(transparent)]
    Exact(#[from] ExactError),
    /// Training is not possible, or was stopped.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The backend is not compiled in, or its device cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A model, or what is stored with it, cannot be used.
    #[error(transparent)]
    Model(#[from] ModelProblem),
    /// The same, with the file that the model was read from.
    #[error("{}: {problem}", file.display())]
    ModelFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: ModelProblem,
    },
    /// The policies of the model leave out the row to predict.
    #[error(
        "the model makes no prediction for this row, because of a missing cell or a level that it does not know"
    )]
    NoPrediction,
    /// A column to keep beside predictions has the name of one of them.
    #[error(
        "the column `{}` is the prediction's own name; it cannot be kept",
        plain(column)
    )]
    KeptPrediction {
        /// The name.
        column: String,
    },
    /// A column to keep beside predictions has no values that are read.
    #[error(
        "the values of the column `{}` are not read, since it has lists or structures in Parquet; it cannot be kept",
        plain(column)
    )]
    KeptWithoutValues {
        /// The name.
        column: String,
    },
    /// Predictions cannot be written to a folder.
    #[cfg(feature = "files")]
    #[error("{}: {problem}", folder.display())]
    Parts {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        problem: PartsProblem,
    },
    /// A model has no target of this index.
    #[error("the index of the target is {found}, expected one below {targets}")]
    NoTarget {
        /// The index.
        found: usize,
        /// Number of targets.
        targets: usize,
    },
    /// A model has no target of this name.
    #[error("the model does not predict `{}`; it predicts {}", plain(.name), plain(&.targets.join(", ")))]
    UnknownTarget {
        /// The name.
        name: String,
        /// The names of its targets.
        targets: Box<[String]>,
    },
    /// There is no weight to draw: the rows determine none.
    #[error("the model has no features whose weights are determined")]
    NoWeights,
    /// There are no two columns of numbers to draw against each other.
    #[error("{}; a picture needs two", only_number(.only.as_deref()))]
    FewNumbers {
        /// The name of the only one, if there is one.
        only: Option<String>,
    },
    /// Every row has a missing cell in one of the columns to draw.
    #[error("each of the {rows} rows has a missing cell in the columns to draw")]
    AllIncomplete {
        /// Number of rows.
        rows: u64,
    },
    /// There are too many features for a picture.
    #[error("{features} features are more than can be drawn, which are {limit}")]
    TooManyToDraw {
        /// Number of features.
        features: usize,
        /// The most that can be drawn.
        limit: usize,
    },
    /// A picture cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// A prediction is beyond 64-bit floats.
    #[error(
        "{place}: the predicted {} is beyond 64-bit floats; are its features in the units the model was fitted on?",
        plain(.target)
    )]
    PredictionOverflow {
        /// The place of the row.
        place: Place,
        /// The name of the target.
        target: String,
    },
    /// A list of penalties with none in it.
    #[error("the list of penalties is empty, expected at least one")]
    NoPenalties,
    /// A row determines a coefficient alone, so that two of the robust covariances
    /// are not defined.
    #[error(
        "{place}: this row alone determines a coefficient: its leverage is 1, and hc2 and hc3 divide by 1 - leverage; leave it out, or use hc1"
    )]
    Leverage {
        /// The place of the row.
        place: Place,
    },
    /// A feature is named twice.
    #[error("the feature `{}` is named twice", plain(.name))]
    FeatureTwice {
        /// Its name.
        name: String,
    },
    /// A time order of rows held out, and no rows are held out.
    #[error("the order of time holds out nothing without a fraction for validation or test")]
    HoldsOutNothing,
    /// A setting that only minibatches have, with a method without them.
    #[error("the {setting} is a setting of minibatches, and {optimizer} takes all rows at once")]
    MinibatchSetting {
        /// The setting in words.
        setting: &'static str,
        /// The name of the method.
        optimizer: &'static str,
    },
    /// A setting that a method does not have.
    #[error("the {setting} is no setting of {optimizer}")]
    OptimizerSetting {
        /// The setting in words.
        setting: &'static str,
        /// The name of the method.
        optimizer: &'static str,
    },
    /// Patience without rows to judge the epochs on.
    #[error("patience goes by rows held out for validation, and there are none")]
    NoPatience,
    /// No rows of the table are held out to judge a model on.
    #[error("there are no rows left for {}", match .set {
        Set::Training => "training",
        Set::Validation => "validation",
        Set::Test => "the test",
    })]
    NoRowsHeldOut {
        /// What they were held out for.
        set: Set,
    },
    /// The table to judge a model on has no rows.
    #[error("there are no rows to judge the model on")]
    NoRowsToJudge,
    /// A file of the table cannot be read for its hash.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// What an observer of the fit stopped it for.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
    /// A search over fewer than two parts of the rows.
    #[error("a search over {folds} parts leaves out no part of the rows; expected at least 2")]
    SearchFolds {
        /// The number of parts.
        folds: u64,
    },
    /// Learning rates are searched for a method that takes all rows at once.
    #[error("learning rates are for minibatches, and {optimizer} takes all rows at once")]
    NoLearningRate {
        /// The name of the method.
        optimizer: &'static str,
    },
    /// A trainer did not judge each of the settings of a search.
    #[error(
        "the trainer gave {found} results for {expected} settings of the search, expected one each"
    )]
    SearchResults {
        /// Number of results.
        found: usize,
        /// Number of settings.
        expected: usize,
    },
    /// No settings of a search can be trained with.
    #[error("training diverged with all settings of the search; search lower learning rates")]
    AllDiverged,
    /// A search over rows that are not in memory.
    #[error("a search needs the rows in memory")]
    SearchInFile,
    /// There are no rows to judge a model on.
    #[error("there are no rows after the header")]
    NoRows,
    /// The squared residuals of a target are beyond 64-bit floats.
    #[error(
        "the squared residuals are beyond 64-bit floats; divide the column `{target}` by a power of ten and fit again"
    )]
    MetricsOverflow {
        /// The name of the target.
        target: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Cross-validation over no parts of the rows.
    #[error("the number of folds is 0, expected at least 2")]
    NoFolds,
}

fn only_number(only: Option<&str>) -> String {
    match only {
        None => "there are no columns of numbers".to_string(),
        Some(name) => format!("`{}` is the only column of numbers", plain(name)),
    }
}

impl From<DataError> for FitError {
    /// An error of what was computed from the rows is that error.
    fn from(error: DataError) -> Self {
        let DataError::Other(error) = error else {
            return Self::Data(error);
        };
        let error = match error.downcast::<ExactError>() {
            Ok(exact) => return Self::Exact(*exact),
            Err(error) => error,
        };
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(error) => Self::Data(DataError::Other(error)),
        }
    }
}

impl From<ModelFileError> for FitError {
    fn from(error: ModelFileError) -> Self {
        Self::Model(error.into())
    }
}

impl From<CoefficientsError> for FitError {
    fn from(error: CoefficientsError) -> Self {
        Self::Model(ModelFileError::from(error).into())
    }
}

impl FitError {
    /// Adds the name of the table to an error that names no file yet.
    pub fn of_table(self, table: &str) -> Self {
        match self {
            Self::Data(error) if error.names_file() => Self::Data(error),
            Self::Training(TrainingError::Data(error)) if error.names_file() => Self::Data(error),
            Self::Table { .. }
            | Self::Model(_)
            | Self::ModelFile { .. }
            | Self::Output(_)
            | Self::Observer(_)
            | Self::Unreadable { .. }
            | Self::Leverage { .. }
            | Self::PredictionOverflow { .. }
            | Self::Training(
                TrainingError::Checkpoint { .. } | TrainingError::Interrupted { .. },
            ) => self,
            problem => Self::Table {
                table: table.to_string(),
                problem: Box::new(problem),
            },
        }
    }

    /// The error of the data crate that this one is or holds.
    pub fn data_error(&self) -> Option<&DataError> {
        match self {
            Self::Data(error) | Self::Training(TrainingError::Data(error)) => Some(error),
            Self::Table { problem, .. } => problem.data_error(),
            _ => None,
        }
    }
}
