use std::time::Duration;

use burn::tensor::backend::Backend;
use linreg_data::Placement;
use linreg_model::{Coefficients, LinearRegression};

use crate::{EpochRecord, Optimality, StopReason, TrainingConfig, TrainingError};

/// A trained model, in the units of the data.
#[derive(Debug)]
pub struct Trained<B: Backend> {
    /// The model, on the backend without autodiff.
    pub model: LinearRegression<B>,
    /// The same coefficients, before they were rounded to the backend's float
    /// type.
    pub coefficients: Coefficients,
    /// Mean loss over all rows after each epoch, as in the history.
    pub losses: Vec<f64>,
    /// What each epoch came to.
    pub history: Vec<EpochRecord>,
    /// Why training ended.
    pub stopped: StopReason,
    /// The configuration, with the learning rate that was found where it was
    /// automatic.
    pub config: TrainingConfig,
    /// What it cost to bring the rows to the device.
    pub transfer: Transfer,
    /// How far the objective of each target is above the least at most. None
    /// where [`RunOptions::bound_objective`](crate::RunOptions) does not ask for
    /// it, there is weight decay, which is no part of the objective, or there are
    /// so many features that it would take too long.
    pub optimality: Option<Vec<Optimality>>,
    /// Why the last checkpoint was not saved, if it was not: the model is trained
    /// all the same.
    pub not_saved: Option<TrainingError>,
}

/// What it cost to bring the rows to the device.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Where the rows were kept.
    pub placement: Placement,
    /// Bytes moved to the device in all: the rows once, or each epoch's
    /// batches.
    pub bytes: u64,
    /// Time the host spent on it, or waited for rows to be read. Where the rows
    /// are with the host, a device with a memory of its own computes meanwhile.
    pub time: Duration,
}
