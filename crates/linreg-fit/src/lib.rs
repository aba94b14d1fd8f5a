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
//!
//! A ridge regression with cross-validation, and training with rows held out:
//!
//! ```
//! use linreg_fit::{
//!     ChosenBackend, ExactConfig, FitConfig, HoldOut, Penalties, Set, Table, Training,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x: Vec<f64> = (0..60).map(f64::from).collect();
//! let y: Vec<f64> = x.iter().map(|x| 3.0 * x + (1.7 * x).sin()).collect();
//! let table = Table::from_columns([("x", x.into()), ("y", y.into())])?;
//!
//! let ridge = ExactConfig { ridge: Some(Penalties::Path), ..ExactConfig::default() };
//! let folds = HoldOut::folds(5);
//! let fitted = FitConfig::to("y").with_exact(ridge).with_hold_out(folds).run(&table)?;
//! for fold in &fitted.folds {
//!     println!("RMSE {:.3}", fold.metrics[0].rmse);
//! }
//!
//! let config = FitConfig::to("y").with_hold_out(HoldOut::validation(0.2));
//! let trained = config.with_training(Training::on(ChosenBackend::first()?)).run(&table)?;
//! println!("RMSE {:.3}", trained.on(Set::Validation)[0].rmse);
//! # assert!(fitted.folds.len() == 5 && trained.on(Set::Validation)[0].rmse < 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Time and memory of an exact fit
//!
//! With n rows, p features, q = p + 1 columns with the intercept, and c cores:
//!
//! ```text
//! time = 26 ms + n q * 53 ns / c + n q² * 0.14 ns / c + q³ * 6.1 ns
//! ```
//!
//! This is the whole of `linreg fit` on Parquet files: what it costs to read a number,
//! products, and the solver, which grows fastest but not with the rows. Measured on two
//! cores of a Xeon with AVX-512, with one core and with two, at 125,000 to 2,000,000 rows
//! of 20 features and at 25,000 to 200,000 rows of 10 to 400; at two sizes that were not
//! used, 700,000 x 70 and 400,000 x 150, it took 4 % more to 12 % less time than this.
//! Of the sizes that were used, one was 28 % off: the machine was shared, and equal runs
//! differ by as much there.
//! The peak of memory does not grow with the rows: 62 MiB with 20 features at 125,000 rows
//! and at 2,000,000, and with 400 features on two cores 260 MiB. The same million rows of
//! 20 features took 0.8 s in one file, 0.9 s in ten and 0.7 s in a hundred.

mod coefficient_picture;
mod columns;
mod describe;
mod encoded_table;
mod error;
mod evaluate;
mod exact;
pub mod export;
mod fit;
mod fitted;
mod hold_out;
mod known_passes;
mod levels;
pub mod loss;
mod model;
pub mod number;
mod numbers;
pub mod page;
mod predict;
mod predict_row;
mod report;
mod residuals;
mod setting;
mod table;
mod table_predictor;
mod training;
mod warning;
pub mod wrap;

pub use columns::Columns;
pub use describe::{ColumnWarning, TableDescription};
pub use error::FitError;
pub use evaluate::Evaluation;
pub use exact::{
    ColumnTest, ExactConfig, ExactFit, LEVEL, MUCH_INFLATION, Penalties, Ridge, TableDiagnostics,
    Undetermined, Warning,
};
pub use fit::{FitConfig, FitObserver, Judged, Method, Training, TrainingHooks};
pub use fitted::{Fitted, Fold, How};
pub use hold_out::HoldOut;
pub use known_passes::known_passes;
pub use model::{FittedModel, ModelProblem, Predictor};
pub use numbers::{ColumnsPicture, NumberColumns};
pub use predict::{BoundModel, Interval, Predictions, TargetPredictions};
pub use predict_row::Cell;
pub use report::Report;
pub use residuals::{ResidualPicture, Residuals};
pub use setting::{Setting, SettingNames};
pub use table::{Table, name_of};
#[cfg(feature = "files")]
pub use table_predictor::{PartsProblem, PredictedParts};
pub use table_predictor::{PredictedRows, TablePredictor};
pub use training::{
    BackendName, ChosenBackend, CoefficientGap, Gap, On, Optimum, Search, SearchConfig, TargetGap,
    Trained, Trainer, TrainingSettings,
};
pub use warning::TableWarning;

pub use linreg_plot::Per;

/// What settings are made of.
pub use linreg_data::{ColumnValues, CsvOptions, DateOrder, MissingPolicy, Set, UnseenPolicy};
pub use linreg_exact::{Collinear, Robust, Weighting};
pub use linreg_training::{Clipping, LearningRateSchedule, Loss, OptimizerConfig, Penalty};

/// The README's code runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
