//! Fits, judges, keeps and applies linear models of tables, in a few lines.
//!
//! - a [`Table`] is files or columns in memory;
//! - a [`FitConfig`] says which [`Columns`] a model is made of, which rows are held
//!   out, and how it is fitted: exactly, with statistics, or by gradients on a Burn
//!   backend ([`Training`]);
//! - [`FitConfig::run`] returns a [`Fitted`]: the model, and all that there is to
//!   say of it as data, which [`Fitted::to_text`] and its fellows put into words;
//! - a [`FittedModel`] saves, loads, predicts with intervals, and is judged.
//!
//! # Example
//!
//! ```
//! use linreg_fit::{FitConfig, FittedModel, Table};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let [houses, new, saved] = ["houses.csv", "new.csv", "price.safetensors"]
//! #     .map(|name| folder.path().join(name));
//! # let rows = "Bonn,50,210\nUlm,60,205\nUlm,80,320\nBonn,100,430\nBonn,70,300\n";
//! # std::fs::write(&houses, format!("town,area,price\n{rows}"))?;
//! # std::fs::write(&new, "town,area\nBonn,80\n")?;
//! let fitted = FitConfig::to("price").run(&Table::open(&houses)?)?;
//! println!("{fitted}");
//! fitted.model.save(&saved)?;
//!
//! let model = FittedModel::load(&saved)?;
//! let predicted = model.predict_with_intervals(&Table::open(&new)?, 0.95)?;
//! for (price, range) in predicted.targets[0].rows().flatten() {
//!     println!("{price:.1}, from {:.1} to {:.1}", range.lower, range.upper);
//! }
//! let prices = model.predict_row([("area", 75.0.into()), ("town", "Bonn".into())])?;
//! assert!((prices[0] - 321.0).abs() < 0.1);
//! # Ok(())
//! # }
//! ```

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
mod residuals;
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
pub use residuals::{ResidualPicture, Residuals};
pub use setting::{Setting, SettingNames};
pub use table::{Table, name_of};
pub use training::{
    BackendName, ChosenBackend, CoefficientGap, Gap, On, Optimum, Search, SearchConfig, TargetGap,
    Trained, Trainer, TrainingSettings,
};
pub use warning::TableWarning;

/// The README's code runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
