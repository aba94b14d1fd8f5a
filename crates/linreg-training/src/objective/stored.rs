//! The stored form of losses and penalties, which is checked when it is read.

use serde::Deserialize;

use super::{Loss, Penalty};
use crate::TrainingError;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredLoss {
    Squared,
    Absolute,
    Huber { delta: f64 },
    Quantile { tau: f64 },
}

impl TryFrom<StoredLoss> for Loss {
    type Error = TrainingError;

    fn try_from(stored: StoredLoss) -> Result<Self, TrainingError> {
        let loss = match stored {
            StoredLoss::Squared => Self::Squared,
            StoredLoss::Absolute => Self::Absolute,
            StoredLoss::Huber { delta } => Self::Huber { delta },
            StoredLoss::Quantile { tau } => Self::Quantile { tau },
        };
        loss.check()?;
        Ok(loss)
    }
}

#[derive(Deserialize)]
pub(super) struct StoredPenalty {
    l1: f64,
    l2: f64,
    nonnegative: bool,
}

impl TryFrom<StoredPenalty> for Penalty {
    type Error = TrainingError;

    fn try_from(stored: StoredPenalty) -> Result<Self, TrainingError> {
        let penalty = Self {
            l1: stored.l1,
            l2: stored.l2,
            nonnegative: stored.nonnegative,
        };
        penalty.check()?;
        Ok(penalty)
    }
}
