use std::time::{Duration, Instant};

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use linreg_data::BatchSource;
use linreg_model::Coefficients;

use crate::checkpoint::Method;
use crate::divergence::check_loss;
use crate::evaluate::mean_losses_of;
use crate::objective::Objective;
use crate::step::NotSaved;
use crate::watch::{EpochDone, Watch};
use crate::{Observer, StopReason, Training, TrainingConfig, TrainingError};

/// Trains by minibatches, epoch after epoch, starting from the progress in
/// `watch`.
pub(crate) fn train<B: AutodiffBackend>(
    config: &TrainingConfig,
    batches: &impl BatchSource<B::InnerBackend>,
    objective: &Objective,
    mut training: Training<B>,
    watch: &mut Watch<'_>,
    waiting: &mut Duration,
    observer: &mut dyn Observer,
) -> Result<(Coefficients, StopReason), TrainingError> {
    if watch.saves() {
        let (epoch, steps) = (watch.progress.epoch, training.num_updates());
        let start = save(config, watch, epoch, &mut training)?;
        watch.save_start(steps, start)?;
    }
    if let Some(reason) = watch.progress.ended {
        return Ok((training.model().valid().coefficients()?, reason));
    }
    let mut taken = watch.progress.batches;
    let mut stopped = StopReason::Epochs;
    for epoch in watch.progress.epoch..config.num_epochs {
        let _span = tracing::info_span!("epoch", epoch).entered();
        let mut start = Instant::now();
        let mut limit = watch.limit_reached(training.num_updates());
        if limit.is_none() {
            for batch in batches.epoch(epoch, config.seed).skip(taken) {
                let batch = batch?;
                *waiting += start.elapsed();
                training = training.step(batch)?;
                observer.batch();
                taken += 1;
                let steps = training.num_updates();
                if training.is_between_updates() {
                    let interrupted = watch.is_interrupted();
                    limit = watch.limit_reached(steps);
                    // Training that stopped at a limit can be resumed with a
                    // larger time limit, so it is saved.
                    let is_last = watch.saves() && limit.is_some();
                    if interrupted || is_last || watch.is_save_due(steps) {
                        let saved = save(config, watch, epoch, &mut training)?;
                        watch.save(epoch, taken, steps, saved);
                    }
                    if interrupted {
                        return Err(watch.interruption(epoch, steps));
                    }
                    if limit.is_some() {
                        break;
                    }
                }
                start = Instant::now();
            }
        }
        taken = 0;
        let rows = training.num_rows_of_epoch();
        let not_finite;
        (training, not_finite) = training.end_epoch();
        let model = training.model().valid();
        let after = mean_losses_of(&model, batches, objective)?;
        let losses = [watch.progress.loss_before, after.iter().sum()];
        check_loss(config, watch.columns(), epoch, not_finite, losses)?;
        let coefficients = model.coefficients()?;
        let done = EpochDone {
            steps: training.num_updates(),
            rows,
            loss: objective.in_units(&after),
            learning_rate: Some(training.learning_rate()),
        };
        let patience = watch.end_epoch(done, &coefficients, observer)?;
        if let Some(reason) = limit.or(patience) {
            stopped = reason;
            break;
        }
    }
    if watch.saves() && matches!(stopped, StopReason::Epochs | StopReason::Patience) {
        watch.progress.ended = Some(stopped);
        let (epoch, steps) = (watch.progress.history.len(), training.num_updates());
        let saved = save(config, watch, epoch, &mut training)?;
        watch.save(epoch, 0, steps, saved);
    }
    Ok((training.model().valid().coefficients()?, stopped))
}

fn save<B: AutodiffBackend>(
    config: &TrainingConfig,
    watch: &Watch<'_>,
    epoch: usize,
    training: &mut Training<B>,
) -> Result<Method, TrainingError> {
    training
        .save()
        .map(Method::Minibatches)
        .map_err(|why| match why {
            NotSaved::NotFinite(batch, loss) => {
                let not_finite = Some((batch, loss));
                match check_loss(config, watch.columns(), epoch, not_finite, [0.0; 2]) {
                    Err(error) => error,
                    Ok(()) => unreachable!("a loss that is not finite is an error"),
                }
            }
            NotSaved::Coefficients(error) => error.into(),
            NotSaved::Record(problem) => watch.not_saved(problem),
        })
}
