//! Fits, judges, keeps and applies linear models of tables, in a few lines.
//!
//! - a [`Table`] is files or columns in memory;
//! - a [`FitConfig`] says which [`Columns`] a model is made of, which rows are held
//!   out, and how it is fitted: exactly, with statistics, or by gradients on a Burn
//!   backend ([`Training`]);
//! - [`FitConfig::run`] returns a [`Fitted`]: the model, and all that there is to
//!   say of it as data, which [`Fitted::to_text`] and its fellows put into words;
//! - a [`FittedModel`] saves, loads, predicts with intervals, and is judged.

mod columns;
mod encoded_table;
mod error;
mod evaluate;
mod exact;
pub mod export;
mod fit;
mod fitted;
mod hold_out;
pub mod loss;
mod model;
pub mod number;
pub mod page;
mod predict;
mod predict_row;
mod report;
mod setting;
mod table;
mod training;
mod warning;
pub mod wrap;

pub use columns::Columns;
pub use error::FitError;
pub use evaluate::Evaluation;
pub use exact::{
    ExactConfig, ExactFit, LEVEL, MUCH_INFLATION, Penalties, Ridge, TableDiagnostics, Undetermined,
    Warning,
};
pub use fit::{FitConfig, FitObserver, Judged, Method, Training, TrainingHooks};
pub use fitted::{Fitted, Fold, How};
pub use hold_out::HoldOut;
pub use model::{FittedModel, ModelProblem, Predictor};
pub use predict::{BoundModel, Interval, Predictions, TargetPredictions};
pub use predict_row::Cell;
pub use report::Report;
pub use setting::{Setting, SettingNames};
pub use table::{Table, name_of};
pub use training::{
    ChosenBackend, CoefficientGap, Gap, On, Optimum, Search, SearchConfig, TargetGap, Trained,
    Trainer, TrainingSettings,
};
pub use warning::TableWarning;
