use std::borrow::Cow;
use std::time::Duration;

use linreg_data::{EncodedSource, Encoder, EncodingCounts, Schema, Set};
use linreg_training::{Loss, Metrics};

use crate::encoded_table::EncodedTable;
use crate::{ExactFit, FitError, FittedModel, TableDiagnostics, Trained};

/// A model that was fitted to a table, with all that there is to say of it.
///
/// [`to_text`](Self::to_text), [`to_json`](Self::to_json) and the other exporters
/// say it.
pub struct Fitted {
    /// The model, to keep and to apply.
    pub model: FittedModel,
    /// The name of its table.
    pub table: String,
    /// The table itself.
    pub(crate) encoded: EncodedTable,
    /// How its rows were encoded.
    pub counts: EncodingCounts,
    /// Number of rows that the model was fitted to.
    pub num_rows: usize,
    /// How it was fitted.
    pub how: How,
    /// The metrics of each target on each set: of an exact fit on those held out,
    /// of a trained model on the training rows too.
    pub sets: Vec<(Set, Vec<Metrics>)>,
    /// The table in place of rows held out for validation, by name.
    pub validation_table: Option<String>,
    /// How well models fitted without each part of a cross-validation predict it.
    pub folds: Vec<Fold>,
    /// How long the fit took: reading included for an exact fit, and the training
    /// alone for a trained model.
    pub elapsed: Duration,
}

/// How a model was fitted.
pub enum How {
    /// Exactly, by least squares or ridge regression.
    Exact(Box<ExactFit>),
    /// By gradients.
    Trained(Box<Trained>),
}

/// How well a model predicts the part of a cross-validation that it was not
/// fitted to.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    /// The metrics of each target; empty if no row of the part can be predicted.
    pub metrics: Vec<Metrics>,
    /// What was done about levels that the model does not know.
    pub counts: EncodingCounts,
}

impl Fitted {
    /// The metrics of each target on the rows of a set; empty if the model was not
    /// judged on it.
    pub fn on(&self, set: Set) -> &[Metrics] {
        let found = self.sets.iter().find(|(other, _)| *other == set);
        found.map_or(&[], |(_, metrics)| metrics)
    }

    /// The loss function that the model was fitted with.
    pub fn loss(&self) -> Loss {
        match &self.how {
            How::Exact(_) => Loss::Squared,
            How::Trained(trained) => trained.config.loss,
        }
    }

    /// The exact fit with its statistics, if the model was fitted exactly.
    pub fn exact(&self) -> Option<&ExactFit> {
        match &self.how {
            How::Exact(fit) => Some(fit),
            How::Trained(_) => None,
        }
    }

    /// How the model was trained, if it was.
    pub fn trained(&self) -> Option<&Trained> {
        match &self.how {
            How::Exact(_) => None,
            How::Trained(trained) => Some(trained),
        }
    }

    /// What the columns of the table are.
    pub fn schema(&self) -> &Schema {
        &self.encoded.schema
    }

    /// The rows that the model was fitted to, not read yet.
    ///
    /// # Errors
    ///
    /// A source that has changed.
    pub fn training_rows(&self) -> Result<EncodedSource, FitError> {
        self.encoded.rows(Set::Training)
    }

    /// The assumption checks of an exact fit, run now if the fit did not run them;
    /// `None` for a ridge fit or a trained model, which have none.
    ///
    /// # Errors
    ///
    /// A table that cannot be read again.
    pub fn checked(&self) -> Result<Option<Cow<'_, TableDiagnostics>>, FitError> {
        match &self.how {
            How::Exact(fit) if fit.ridge.is_none() => Ok(Some(match &fit.diagnostics {
                Some(found) => Cow::Borrowed(found),
                None => Cow::Owned(fit.check(&self.training_rows()?)?),
            })),
            _ => Ok(None),
        }
    }

    /// What turned the columns of the table into the features of the model.
    pub fn encoder(&self) -> &Encoder {
        self.model.encoder()
    }
}
