use std::fmt;
use std::num::NonZeroUsize;

use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{BackendError, BackendKind, Outcome, Precision};
use linreg_data::{Dataset, Placement};
use linreg_training::{
    CrossValidation, Observer, RunOptions, TrainingConfig, TrainingRows, train_with,
};

use crate::FitError;

/// What models are trained on: a backend and one of its devices.
pub trait Trainer {
    /// Trains a model on encoded rows.
    ///
    /// # Errors
    ///
    /// A configuration that cannot be used, a training that diverged or was
    /// stopped, or a device that failed.
    fn train(
        &self,
        config: &TrainingConfig,
        rows: TrainingRows<'_>,
        options: RunOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, FitError>;

    /// Judges configurations by cross-validation over parts of the rows.
    ///
    /// # Errors
    ///
    /// As [`train`](Self::train).
    fn cross_validate(
        &self,
        configs: &[TrainingConfig],
        dataset: &Dataset,
        folds: u64,
        seed: u64,
    ) -> Result<Vec<CrossValidation>, FitError>;

    /// Where rows are kept during a training.
    fn placement(&self) -> Placement {
        Placement::Host
    }

    /// The backend and its float type.
    fn name(&self) -> BackendName;
}

/// The name of a backend and its float type. Its text, such as `ndarray f32`, is what
/// a model file stores.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackendName {
    /// The name of the backend.
    pub backend: String,
    /// The float type, if it is not part of the name.
    pub precision: Option<Precision>,
}

impl fmt::Display for BackendName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.backend)?;
        match self.precision {
            Some(precision) => write!(f, " {precision}"),
            None => Ok(()),
        }
    }
}

/// A backend of one's own, on one of its devices.
#[derive(Clone, Debug)]
pub struct On<B: AutodiffBackend>(pub B::Device);

impl<B: AutodiffBackend> Trainer for On<B> {
    fn train(
        &self,
        config: &TrainingConfig,
        rows: TrainingRows<'_>,
        options: RunOptions<'_>,
        mut observer: &mut dyn Observer,
    ) -> Result<Outcome, FitError> {
        let trained = train_with::<B>(config, rows, options, &self.0, &mut observer);
        Ok(trained?.into())
    }

    fn cross_validate(
        &self,
        configs: &[TrainingConfig],
        dataset: &Dataset,
        folds: u64,
        seed: u64,
    ) -> Result<Vec<CrossValidation>, FitError> {
        let threads = NonZeroUsize::MIN;
        Ok(linreg_training::cross_validate::<B>(
            configs, dataset, folds, seed, threads, &self.0,
        )?)
    }

    fn name(&self) -> BackendName {
        BackendName {
            backend: B::name(&self.0),
            precision: None,
        }
    }
}

/// A backend that is compiled in and chosen at run time.
#[derive(Clone, Debug)]
pub struct ChosenBackend {
    /// The backend.
    pub kind: BackendKind,
    /// The float type to train in.
    pub precision: Precision,
    /// The number of a device of wgpu or a part of its name; `None` for the best,
    /// and for other backends.
    pub device: Option<String>,
    /// Where rows are kept during a training.
    pub placement: Placement,
}

impl ChosenBackend {
    /// The first backend that is compiled in, in 32-bit floats.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if none is compiled in.
    pub fn first() -> Result<Self, BackendError> {
        Ok(Self {
            kind: BackendKind::choose(None)?,
            precision: Precision::F32,
            device: None,
            placement: Placement::Host,
        })
    }
}

impl Trainer for ChosenBackend {
    fn train(
        &self,
        config: &TrainingConfig,
        rows: TrainingRows<'_>,
        options: RunOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, FitError> {
        let (kind, precision, device) = (self.kind, self.precision, self.device.as_deref());
        let trained =
            linreg_backend::train(kind, precision, device, config, rows, options, observer);
        Ok(trained??)
    }

    fn cross_validate(
        &self,
        configs: &[TrainingConfig],
        dataset: &Dataset,
        folds: u64,
        seed: u64,
    ) -> Result<Vec<CrossValidation>, FitError> {
        let (kind, precision, device) = (self.kind, self.precision, self.device.as_deref());
        let results =
            linreg_backend::cross_validate(kind, precision, device, configs, dataset, folds, seed);
        Ok(results??)
    }

    fn placement(&self) -> Placement {
        self.placement
    }

    fn name(&self) -> BackendName {
        BackendName {
            backend: self.kind.to_string(),
            precision: Some(self.precision),
        }
    }
}

impl fmt::Display for ChosenBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name())
    }
}
