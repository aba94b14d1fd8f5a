use std::time::Duration;

use burn::tensor::backend::AutodiffBackend;
use linreg_data::{Placement, RowSource, Scaler, Summary};

use crate::{TrainingConfig, TrainingError, Transfer};

/// What is known about the columns before training.
pub(crate) struct Columns {
    pub(crate) summary: Summary,
    pub(crate) scaler: Option<Scaler>,
}

impl Columns {
    /// Checks the configuration and reads the rows once.
    pub(crate) fn learn(
        config: &TrainingConfig,
        source: &(impl RowSource + ?Sized),
    ) -> Result<Self, TrainingError> {
        config.check()?;
        let summary = Summary::of(source)?;
        let scaler = if config.standardize {
            Some(Scaler::new(&summary, config.intercept)?)
        } else {
            None
        };
        Ok(Self { summary, scaler })
    }

    /// Returns what it costs to move all rows to the device once. `time` is the
    /// time known so far.
    pub(crate) fn transfer<B: AutodiffBackend>(
        &self,
        placement: Placement,
        time: Duration,
    ) -> Transfer {
        let summary = &self.summary;
        let weight = usize::from(summary.mean_weight.is_some());
        let row = summary.num_features() + summary.num_targets() + weight;
        Transfer {
            placement,
            bytes: row as u64 * (size_of::<B::FloatElem>() * summary.num_rows) as u64,
            time,
        }
    }
}
