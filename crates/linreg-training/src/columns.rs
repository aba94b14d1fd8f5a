use std::time::Duration;

use burn::tensor::backend::AutodiffBackend;
use linreg_data::{Placement, RowSource, Scaler, Summary};

use crate::{TrainingConfig, TrainingError, Transfer};

/// What training knows of the columns beforehand.
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
        let scaler = match config.standardize {
            false => None,
            true => Some(Scaler::new(&summary, config.intercept)?),
        };
        Ok(Self { summary, scaler })
    }

    /// What it costs to bring the rows to the device, the time of batches
    /// aside.
    pub(crate) fn transfer<B: AutodiffBackend>(
        &self,
        config: &TrainingConfig,
        placement: Placement,
        time: Duration,
    ) -> Transfer {
        let summary = &self.summary;
        let weight = usize::from(summary.mean_weight.is_some());
        let row = summary.num_features() + summary.num_targets() + weight;
        let rows = row as u64 * (size_of::<B::FloatElem>() * summary.num_rows) as u64;
        let passes = match placement {
            Placement::Device => 1,
            // The loss before training, and one after each epoch.
            Placement::Host => 1 + 2 * config.num_epochs as u64,
        };
        Transfer {
            placement,
            bytes: rows.saturating_mul(passes),
            time,
        }
    }
}
