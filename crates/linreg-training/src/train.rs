use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{Batches, Dataset, Scaler};
use linreg_model::{Coefficients, LinearRegression, LinearRegressionConfig};

use crate::error::advice;
use crate::{Training, TrainingConfig, TrainingError, fold_scale, mean_loss};

/// A trained model, in the units of the data.
#[derive(Clone, Debug)]
pub struct Trained<B: Backend> {
    /// The model, on the backend without autodiff.
    pub model: LinearRegression<B>,
    /// The same coefficients, before they were rounded to the backend's float
    /// type.
    pub coefficients: Coefficients,
    /// Mean squared loss over all rows after each epoch, in the target's unit
    /// squared.
    pub losses: Vec<f64>,
}

/// Is told how training goes on. `()` does nothing with it.
pub trait Observer {
    /// A batch has been trained on.
    fn batch(&mut self) {}

    /// An epoch, counted from 0, has ended with this mean squared loss over
    /// all rows, in the target's unit squared.
    fn epoch(&mut self, _epoch: usize, _loss: f64) {}
}

impl Observer for () {}

/// Trains a linear model on a dataset.
///
/// The same configuration, data and backend give the same model, bit for bit.
///
/// # Errors
///
/// A setting that cannot be used, rows that cannot be scaled or do not fit the
/// backend's float type, or a loss that explodes: see [`TrainingError`].
pub fn train<B: AutodiffBackend>(
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &B::Device,
    observer: &mut impl Observer,
) -> Result<Trained<B::InnerBackend>, TrainingError> {
    config.check()?;
    let scaler = config
        .standardize
        .then(|| Scaler::fit(dataset))
        .transpose()?;
    let scaled = scaler.as_ref().map(|s| s.transform(dataset)).transpose()?;
    let rows = scaled.as_ref().unwrap_or(dataset);
    // The loss of scaled rows times this is the loss in the target's units.
    let unit = match &scaler {
        Some(scaler) if scaler.target_std > 0.0 => scaler.target_std.powi(2),
        _ => 1.0,
    };

    let batches = Batches::<B::InnerBackend>::new(rows, config.batch_size, device)?;
    let model = LinearRegressionConfig::new(rows.num_features())
        .with_seed(config.seed)
        .init::<B>(device);
    let before = mean_loss(&model.valid(), &batches);
    let mut training = Training::new(model, config, &batches);
    let mut losses = Vec::with_capacity(config.num_epochs);
    for epoch in 0..config.num_epochs {
        for batch in batches.epoch(epoch, config.seed) {
            training.step(batch);
            observer.batch();
        }
        if let Some((batch, loss)) = training.end_epoch() {
            let advice = advice(config.learning_rate, rows);
            return Err(TrainingError::NotFinite {
                loss,
                epoch,
                batch,
                advice,
            });
        }
        let loss = mean_loss(&training.model().valid(), &batches);
        if !(loss <= DIVERGED * before.max(f64::MIN_POSITIVE)) {
            let advice = advice(config.learning_rate, rows);
            return Err(TrainingError::Diverged {
                before,
                loss,
                epoch,
                advice,
            });
        }
        losses.push(loss * unit);
        observer.epoch(epoch, loss * unit);
    }

    let coefficients = training.model().coefficients()?;
    let coefficients = match &scaler {
        Some(scaler) => fold_scale(&coefficients, scaler)?,
        None => coefficients,
    };
    Ok(Trained {
        model: LinearRegression::from_coefficients(&coefficients, device),
        coefficients,
        losses,
    })
}

/// Training that makes the loss this many times worse than the initial weights
/// near zero has diverged, though its numbers are still finite.
const DIVERGED: f64 = 1e4;
