use burn::tensor::backend::AutodiffBackend;
use linreg_model::Coefficients;

use crate::all_rows::AllRows;
use crate::checkpoint::Method;
use crate::divergence::check_loss;
use crate::full_batch::FullBatch;
use crate::point::{Moved, Point};
use crate::watch::{EpochDone, Watch};
use crate::{Observer, StopReason, TrainingConfig, TrainingError};

/// The result of full-batch training.
pub(crate) struct Ended {
    pub(crate) coefficients: Coefficients,
    pub(crate) stopped: StopReason,
    /// The last widths that the loss was smoothed by; empty if it was not
    /// smoothed.
    pub(crate) widths: Vec<f64>,
}

impl Ended {
    fn new(
        method: &FullBatch,
        num_weights: usize,
        stopped: StopReason,
    ) -> Result<Self, TrainingError> {
        Ok(Self {
            coefficients: method.coefficients(num_weights)?,
            stopped,
            widths: method.widths().to_vec(),
        })
    }

    /// Whether training stopped because further updates would change little.
    pub(crate) fn is_at_an_end(&self) -> bool {
        matches!(self.stopped, StopReason::Converged | StopReason::Precision)
    }
}

/// Where full-batch training begins.
pub(crate) enum Start {
    /// At the parameters of a new model.
    New(Point),
    /// Where a checkpoint was saved.
    Saved(FullBatch),
}

/// Trains by full-batch updates. An epoch is one update.
pub(crate) fn train<B: AutodiffBackend>(
    config: &TrainingConfig,
    rows: &AllRows<'_, B>,
    start: Start,
    watch: &mut Watch<'_>,
    observer: &mut dyn Observer,
) -> Result<Ended, TrainingError> {
    let num_weights = watch.columns().summary.num_features() * rows.objective.num_targets();
    let at = |parameters: Vec<f64>, widths: &[f64]| rows.at(parameters, widths);
    let epsilon = match size_of::<B::FloatElem>() {
        8.. => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    };
    let mut method = match start {
        Start::Saved(saved) => saved,
        Start::New(point) => {
            if !point.value.is_finite() {
                let not_finite = Some((0, point.value));
                check_loss(config, watch.columns(), 0, not_finite, [0.0; 2])?;
            }
            FullBatch::new(config, point, num_weights, &at)?
        }
    };
    if watch.saves() {
        let steps = watch.progress.history.len();
        watch.save_start(steps, Method::FullBatch(method.clone()))?;
    }
    if let Some(stopped) = watch.progress.ended {
        return Ended::new(&method, num_weights, stopped);
    }
    let mut stopped = StopReason::Epochs;
    for epoch in watch.progress.history.len()..config.num_epochs {
        let _span = tracing::info_span!("epoch", epoch).entered();
        if let Some(reason) = watch.limit_reached(epoch) {
            stopped = reason;
            break;
        }
        if watch.is_interrupted() {
            watch.save(epoch, 0, epoch, Method::FullBatch(method));
            return Err(watch.interruption(epoch, epoch));
        }
        let moved = match &mut method {
            FullBatch::Smooth(solver) => {
                let at = |parameters| rows.at(parameters, &[]);
                solver.update(rows.objective, config.tolerance, epsilon, &at)?
            }
            FullBatch::Smoothed(smoothed) => {
                smoothed.update(config, rows.objective, num_weights, epsilon, &at)?
            }
        };
        observer.batch();
        let loss = rows.objective.in_units(&method.point().losses);
        let coefficients = method.coefficients(num_weights)?;
        let done = EpochDone {
            steps: epoch + 1,
            rows: rows.num_rows,
            loss,
            learning_rate: None,
        };
        let patience = watch.end_epoch(done, &coefficients, observer)?;
        let reason = match moved {
            Moved::On => patience,
            Moved::Converged => Some(StopReason::Converged),
            Moved::NoFurther => Some(StopReason::Precision),
        };
        if let Some(reason) = reason {
            stopped = reason;
            break;
        }
        if watch.is_save_due(epoch + 1) {
            watch.save(epoch + 1, 0, epoch + 1, Method::FullBatch(method.clone()));
        }
    }
    if watch.saves() {
        // Training that stopped at a limit can be resumed with a larger time
        // limit, so it is not saved as ended.
        let is_at_a_limit = matches!(stopped, StopReason::Steps | StopReason::Time);
        watch.progress.ended = (!is_at_a_limit).then_some(stopped);
        let epoch = watch.progress.history.len();
        watch.save(epoch, 0, epoch, Method::FullBatch(method.clone()));
    }
    Ended::new(&method, num_weights, stopped)
}
