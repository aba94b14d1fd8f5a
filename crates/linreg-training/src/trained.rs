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
    /// The same coefficients in 64-bit floats, not rounded to the backend's float
    /// type.
    pub coefficients: Coefficients,
    /// Mean loss over all rows after each epoch; the same numbers as in
    /// `history`.
    pub losses: Vec<f64>,
    /// Results of each epoch.
    pub history: Vec<EpochRecord>,
    /// Why training ended.
    pub stopped: StopReason,
    /// The configuration; where the learning rate was automatic, with the
    /// computed value.
    pub config: TrainingConfig,
    /// Bytes and time that were needed to move the rows to the device.
    pub transfer: Transfer,
    /// An upper bound, for each target, of how far the objective is above its
    /// minimum. None where [`RunOptions::bound_objective`](crate::RunOptions) is
    /// false, where there is weight decay, which is not part of the objective, or
    /// where there are so many features that it would take too long.
    pub optimality: Option<Vec<Optimality>>,
    /// Why the last checkpoint could not be saved, if so. The model is trained
    /// all the same.
    pub not_saved: Option<TrainingError>,
}

/// Bytes and time that were needed to move the rows to the device.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Where the rows were kept.
    pub placement: Placement,
    /// Total number of bytes moved to the device: the rows once where they were
    /// kept there, and otherwise in every pass over them.
    pub bytes: u64,
    /// Time that the host spent moving rows or waiting for rows to be read. Where
    /// the rows are kept on the host, a device with its own memory computes
    /// meanwhile.
    pub time: Duration,
}
