mod exact;
mod folds;
mod judge;
mod observer;
mod trained;

use std::sync::Arc;
use std::time::Instant;

use linreg_data::{ColumnChoice, EncoderConfig, EncodingCounts, Set, Source, Split};
use linreg_exact::Weighting;

use crate::encoded_table::EncodedTable;
use crate::exact::Limits;
use crate::training::{SearchConfig, Trainer, TrainingSettings};
use crate::{Columns, ExactConfig, FitError, Fitted, HoldOut, How, Penalties, Table};
pub use observer::{FitObserver, Judged, TrainingHooks};

/// How a model is fitted to a table.
///
/// # Example
///
/// ```
/// use linreg_fit::{FitConfig, Table};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.csv");
/// # let rows = "area,town,price\n50,Bonn,210\n60,Trier,205\n70,Bonn,290\n80,Trier,280\n";
/// std::fs::write(&path, rows)?;
/// let fitted = FitConfig::to("price").run(&Table::open(&path)?)?;
/// assert_eq!(fitted.model.feature_names(), ["area", "town=Trier"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FitConfig {
    /// Which columns the model is made of.
    pub columns: Columns,
    /// Which rows are held out to judge it on. Default: none.
    pub hold_out: HoldOut,
    /// How it is fitted. Default: exactly, by least squares.
    pub method: Method,
    /// Seed of the rows held out, the initial weights and the order of rows.
    /// Default: 0.
    pub seed: u64,
    /// Bytes of rows to keep in memory; in training, a larger table is read again
    /// in every epoch. Default: 1 GiB.
    pub memory: u64,
}

/// How a model is fitted.
#[derive(Clone)]
pub enum Method {
    /// Exactly, with statistics.
    Exact(ExactConfig),
    /// By gradients on a backend.
    Training(Box<Training>),
}

/// How and on what a model is trained.
#[derive(Clone)]
pub struct Training {
    /// The settings.
    pub settings: TrainingSettings,
    /// The search for penalty and learning rate. Default: none.
    pub search: Option<SearchConfig>,
    /// The backend.
    pub trainer: Arc<dyn Trainer>,
}

impl Training {
    /// Training on a backend with the settings that suit most tables.
    pub fn on(trainer: impl Trainer + 'static) -> Self {
        Self {
            settings: TrainingSettings::default(),
            search: None,
            trainer: Arc::new(trainer),
        }
    }
}

impl FitConfig {
    /// Least squares of a column on all others that can be features.
    pub fn to(target: impl Into<String>) -> Self {
        Self::of(Columns::target(target))
    }

    /// Least squares of these columns.
    pub fn of(columns: Columns) -> Self {
        Self {
            columns,
            hold_out: HoldOut::default(),
            method: Method::Exact(ExactConfig::default()),
            seed: 0,
            memory: 1 << 30,
        }
    }

    /// The same columns and rows, trained by gradients.
    pub fn with_training(mut self, training: Training) -> Self {
        self.method = Method::Training(Box::new(training));
        self
    }

    /// The same columns and rows, fitted exactly with these settings.
    pub fn with_exact(mut self, exact: ExactConfig) -> Self {
        self.method = Method::Exact(exact);
        self
    }

    /// The same fit with rows held out to judge it on.
    pub fn with_hold_out(mut self, hold_out: HoldOut) -> Self {
        self.hold_out = hold_out;
        self
    }

    /// The same fit with this seed of the rows held out, the initial weights and the
    /// order of rows.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks the settings that need no table, before a long one is read.
    ///
    /// # Errors
    ///
    /// Settings that do not go together, or a value out of range.
    pub fn check(&self) -> Result<(), FitError> {
        self.hold_out.split(1, self.seed)?;
        self.hold_out.check_folds(u64::MAX)?;
        match &self.method {
            Method::Exact(exact) => {
                exact.inference()?;
                if matches!(&exact.ridge, Some(Penalties::Given(list)) if list.is_empty()) {
                    return Err(FitError::NoPenalties);
                }
            }
            Method::Training(training) => {
                let config = training.settings.config(1, true, self.seed)?;
                if let Some(search) = &training.search {
                    search.candidates(&config)?;
                }
            }
        }
        Ok(())
    }

    /// Fits the model to a table and judges it on the rows held out.
    ///
    /// # Errors
    ///
    /// Settings that [`check`](Self::check) refuses, a table that cannot be read,
    /// columns or cells that cannot be used, rows that do not determine the
    /// coefficients, or a training that failed.
    pub fn run(&self, table: &Table) -> Result<Fitted, FitError> {
        self.run_with(table, &mut ())
    }

    /// The same, with an observer that is told how the fit goes on.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), or one that the observer returned.
    pub fn run_with(
        &self,
        table: &Table,
        observer: &mut dyn FitObserver,
    ) -> Result<Fitted, FitError> {
        self.check()?;
        let fitted = self.fit(table, observer);
        fitted.map_err(|error| error.of_table(table.name()))
    }

    /// Checks that there are rows to judge epochs on, if training stops by them.
    fn check_patience(&self) -> Result<(), FitError> {
        let Method::Training(training) = &self.method else {
            return Ok(());
        };
        let split = self.hold_out.split(1, self.seed)?;
        let is_judged = self.hold_out.has(split, Set::Validation);
        if training.settings.patience.is_some() && !is_judged {
            return Err(FitError::NoPatience);
        }
        Ok(())
    }

    fn fit(&self, table: &Table, observer: &mut dyn FitObserver) -> Result<Fitted, FitError> {
        self.check_patience()?;
        let started = Instant::now();
        let is_one_pass = self.hold_out.folds.is_none() && self.hold_out.is_nothing();
        let mut fitted = match &self.method {
            Method::Exact(exact) if is_one_pass => self.learn_and_fit(table, exact, observer)?,
            method => {
                let encoded = EncodedTable::learn(table, self)?;
                observer.columns(&encoded.schema, &encoded.encoder)?;
                match method {
                    Method::Exact(exact) => self.fit_exact(table, encoded, exact, observer)?,
                    Method::Training(training) => {
                        self.fit_trained(table, encoded, training, observer)?
                    }
                }
            }
        };
        if let How::Exact(_) = fitted.how {
            fitted.elapsed = started.elapsed();
        }
        fitted.folds = self.folds(&fitted.encoded, fitted.num_rows as u64)?;
        let mut unjudged = EncodingCounts::default();
        for fold in &fitted.folds {
            unjudged.merge(&fold.counts);
        }
        observer.judged(&unjudged, Judged::Folds)?;
        Ok(fitted)
    }

    /// What to learn about the columns of a source, and how to encode them.
    pub(crate) fn encoding(
        &self,
        source: &dyn Source,
    ) -> Result<(ColumnChoice, EncoderConfig), FitError> {
        let (choice, mut config) = self.columns.settle(source)?;
        config.counts = match &self.method {
            Method::Exact(exact) => exact.weighting == Weighting::Counts,
            Method::Training(_) => false,
        };
        Ok((choice, config))
    }

    /// The limits of an exact fit.
    fn limits(&self, exact: &ExactConfig) -> Limits {
        Limits::new(self.columns.max_features, self.memory, exact.collinear())
    }

    /// The most numbers of rows to keep in memory.
    fn max_numbers(&self) -> usize {
        usize::try_from(self.memory / size_of::<f64>() as u64).unwrap_or(usize::MAX)
    }
}

/// Whether a split is a fold of a cross-validation.
fn is_fold(split: Split) -> bool {
    matches!(split, Split::Fold { .. })
}
