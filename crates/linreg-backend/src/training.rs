use std::num::NonZeroUsize;

use burn::tensor::backend::AutodiffBackend;
use linreg_data::Dataset;
use linreg_model::Coefficients;
use linreg_training::{
    CrossValidation, EpochRecord, Observer, Optimality, RunOptions, StopReason, Trained,
    TrainingConfig, TrainingError, TrainingRows, Transfer, train_with,
};

use crate::{BackendError, BackendKind, Precision, Task, run};

/// The result of a training on any backend.
///
/// The functions that return it are not generic over the backend. So training on
/// each backend is compiled once, in this crate, and not in each program.
#[derive(Debug)]
pub struct Outcome {
    /// The coefficients in 64-bit floats, in the units of the data.
    pub coefficients: Coefficients,
    /// Results of each epoch.
    pub history: Vec<EpochRecord>,
    /// Why training ended.
    pub stopped: StopReason,
    /// The configuration; where the learning rate was automatic, with the
    /// computed value.
    pub config: TrainingConfig,
    /// Bytes and time that were needed to move the rows to the device.
    pub transfer: Transfer,
    /// An upper bound, for each target, of how far the objective is above its
    /// minimum, if [`RunOptions::bound_objective`] is true and the bound can be
    /// computed.
    pub optimality: Option<Vec<Optimality>>,
    /// Why the last checkpoint could not be saved, if so. The model is trained
    /// all the same.
    pub not_saved: Option<TrainingError>,
}

impl<B: burn::tensor::backend::Backend> From<Trained<B>> for Outcome {
    fn from(trained: Trained<B>) -> Self {
        Self {
            coefficients: trained.coefficients,
            history: trained.history,
            stopped: trained.stopped,
            config: trained.config,
            transfer: trained.transfer,
            optimality: trained.optimality,
            not_saved: trained.not_saved,
        }
    }
}

/// Trains a linear model on rows in memory or on rows that are read again in each
/// epoch, on a backend chosen at run time: [`train_with`] as a [`Task`].
///
/// # Errors
///
/// The outer error is that of [`run`], the inner one that of [`train_with`].
///
/// # Example
///
/// ```
/// use linreg_backend::{BackendKind, Precision, train};
/// use linreg_data::SyntheticConfig;
/// use linreg_training::{RunOptions, TrainingConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if BackendKind::available().is_empty() { return Ok(()); }
/// let backend = BackendKind::choose(None)?;
/// let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
/// let (config, options) = (TrainingConfig::new(), RunOptions::default());
/// let trained = train(backend, Precision::F32, None, &config, &dataset, options, &mut ())??;
/// assert!((trained.coefficients.bias()[0] - 4.2).abs() < 0.01);
/// # Ok(())
/// # }
/// ```
pub fn train<'a>(
    backend: BackendKind,
    precision: Precision,
    device: Option<&str>,
    config: &TrainingConfig,
    rows: impl Into<TrainingRows<'a>>,
    options: RunOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<Result<Outcome, TrainingError>, BackendError> {
    let task = Train {
        config,
        rows: rows.into(),
        options,
        observer,
    };
    run(backend, precision, device, task)
}

struct Train<'a> {
    config: &'a TrainingConfig,
    rows: TrainingRows<'a>,
    options: RunOptions<'a>,
    observer: &'a mut dyn Observer,
}

impl Task for Train<'_> {
    type Output = Result<Outcome, TrainingError>;

    fn run<B: AutodiffBackend>(mut self, device: B::Device) -> Self::Output {
        let observer = &mut self.observer;
        let trained = train_with::<B>(self.config, self.rows, self.options, &device, observer);
        trained.map(Outcome::from)
    }
}

/// Evaluates configurations by cross-validation, on a backend chosen at run time:
/// [`linreg_training::cross_validate`] as a [`Task`]. CPU backends run one
/// training per core in parallel. On wgpu trainings run one after the other,
/// because one device is not faster with several.
///
/// # Errors
///
/// The outer error is that of [`run`], the inner one that of
/// [`linreg_training::cross_validate`].
pub fn cross_validate(
    backend: BackendKind,
    precision: Precision,
    device: Option<&str>,
    configs: &[TrainingConfig],
    dataset: &Dataset,
    folds: u64,
    seed: u64,
) -> Result<Result<Vec<CrossValidation>, TrainingError>, BackendError> {
    let one = NonZeroUsize::MIN;
    let threads = match backend {
        BackendKind::Wgpu => one,
        _ => std::thread::available_parallelism().unwrap_or(one),
    };
    let task = CrossValidate {
        configs,
        dataset,
        folds,
        seed,
        threads,
    };
    run(backend, precision, device, task)
}

struct CrossValidate<'a> {
    configs: &'a [TrainingConfig],
    dataset: &'a Dataset,
    folds: u64,
    seed: u64,
    threads: NonZeroUsize,
}

impl Task for CrossValidate<'_> {
    type Output = Result<Vec<CrossValidation>, TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (folds, seed, threads) = (self.folds, self.seed, self.threads);
        linreg_training::cross_validate::<B>(
            self.configs,
            self.dataset,
            folds,
            seed,
            threads,
            &device,
        )
    }
}
