//! Models by gradients: settings, backends, and how far a trained model is from
//! the best one.

mod gap;
mod optimum;
mod search;
mod settings;
mod trainer;

use std::time::Duration;

use linreg_training::{EpochRecord, StopReason, TrainingConfig};

pub use gap::{CoefficientGap, Gap, TargetGap};
pub(crate) use gap::{GapPass, is_possible as has_gap};
pub use optimum::Optimum;
pub use search::{Search, SearchConfig};
pub use settings::TrainingSettings;
pub use trainer::{BackendName, ChosenBackend, On, Trainer};

/// How a model was trained.
pub struct Trained {
    /// The configuration, with what was found from the data.
    pub config: TrainingConfig,
    /// The record of each epoch.
    pub history: Vec<EpochRecord>,
    /// Why training ended.
    pub stopped: StopReason,
    /// How long training took.
    pub elapsed: Duration,
    /// The backend and its float type.
    pub backend: BackendName,
    /// How far the model is from the exact fit, where that is known.
    pub gap: Option<Gap>,
    /// A bound on how far the objective is above the least possible, where
    /// there is no gap.
    pub optimum: Option<Optimum>,
    /// The search that chose the configuration, if there was one.
    pub search: Option<Search>,
}
