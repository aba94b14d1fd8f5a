use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{EncodedRows, RowSource};
use linreg_model::Coefficients;
use linreg_training::{
    EpochRecord, RunOptions, StopReason, TrainingConfig, TrainingError, Transfer,
    train_stream_with, train_with,
};

use crate::progress::TrainingProgress;

/// Rows, wherever they are kept.
pub fn as_source(rows: &EncodedRows) -> &dyn RowSource {
    match rows {
        EncodedRows::Memory(dataset) => dataset,
        EncodedRows::File(source) => source,
    }
}

/// A training on whichever backend is chosen.
pub struct Fit<'a> {
    pub config: &'a TrainingConfig,
    pub rows: &'a EncodedRows,
    pub options: RunOptions<'a>,
    pub progress: &'a mut TrainingProgress,
}

/// What a training on some backend came to.
pub struct Done {
    pub coefficients: Coefficients,
    pub config: TrainingConfig,
    pub history: Vec<EpochRecord>,
    pub stopped: StopReason,
    pub transfer: Transfer,
}

impl Task for Fit<'_> {
    type Output = Result<Done, TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, options, progress) = (self.config, self.options, self.progress);
        let trained = match self.rows {
            EncodedRows::Memory(dataset) => {
                train_with::<B>(config, dataset, options, &device, progress)
            }
            EncodedRows::File(source) => {
                train_stream_with::<B>(config, source, options, &device, progress)
            }
        }?;
        Ok(Done {
            coefficients: trained.coefficients,
            config: trained.config,
            history: trained.history,
            stopped: trained.stopped,
            transfer: trained.transfer,
        })
    }
}
