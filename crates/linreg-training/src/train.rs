use std::time::{Duration, Instant};

use burn::tensor::backend::AutodiffBackend;
use linreg_data::{Batches, Placement, StreamedBatches};

use crate::columns::Columns;
use crate::run::Run;
use crate::{Observer, RunOptions, Trained, TrainingConfig, TrainingError, TrainingRows};

/// Trains a linear model on a dataset, or on rows that are read again in each
/// epoch: see [`TrainingRows`].
///
/// The same configuration, rows and backend give the same model, bit for bit.
///
/// # Errors
///
/// A setting that cannot be used, rows that cannot be read or scaled or do not fit
/// the backend's float type, or a loss that diverges: see [`TrainingError`].
pub fn train<'a, B: AutodiffBackend>(
    config: &TrainingConfig,
    rows: impl Into<TrainingRows<'a>>,
    device: &B::Device,
    observer: &mut impl Observer,
) -> Result<Trained<B::InnerBackend>, TrainingError> {
    train_with::<B>(config, rows, RunOptions::default(), device, observer)
}

/// Trains as [`train`] does, with validation rows, checkpoints, or from a
/// checkpoint.
///
/// # Errors
///
/// Those of [`train`]; a checkpoint that cannot be written, or that belongs to
/// another backend, configuration or data; and an interruption.
pub fn train_with<'a, B: AutodiffBackend>(
    config: &TrainingConfig,
    rows: impl Into<TrainingRows<'a>>,
    options: RunOptions<'_>,
    device: &B::Device,
    observer: &mut impl Observer,
) -> Result<Trained<B::InnerBackend>, TrainingError> {
    let rows = rows.into();
    let columns = Columns::learn(config, rows.source())?;
    let run = |transfer| Run {
        config,
        rows,
        columns: &columns,
        transfer,
    };
    let streamed = columns.transfer::<B>(Placement::Host, Duration::ZERO);
    if config.optimizer.is_full_batch() {
        let no_batches = None::<&Batches<B::InnerBackend>>;
        return run(streamed).train::<B>(no_batches, options, device, observer);
    }
    match rows {
        TrainingRows::Memory(dataset) => {
            let scaler = columns.scaler.as_ref();
            let scaled = scaler.map(|scaler| scaler.transform(dataset)).transpose()?;
            let start = Instant::now();
            let rows = scaled.as_ref().unwrap_or(dataset);
            let batches = Batches::<B::InnerBackend>::new(rows, config.batch_size, device)?;
            let batches = batches.place(config.placement);
            let transfer = columns.transfer::<B>(batches.placement(), start.elapsed());
            // The batches have their own copy of the numbers.
            drop(scaled);
            run(transfer).train::<B>(Some(&batches), options, device, observer)
        }
        TrainingRows::Stream(source) => std::thread::scope(|scope| {
            let (summary, size) = (&columns.summary, config.batch_size);
            let batches =
                StreamedBatches::<B::InnerBackend, _>::new(scope, source, summary, size, device)?
                    .with_scaler(columns.scaler.as_ref())
                    .with_shuffle_rows(config.shuffle_rows);
            run(streamed).train::<B>(Some(&batches), options, device, observer)
        }),
    }
}
