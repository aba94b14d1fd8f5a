use burn::module::{Param, ParamId};
use burn::tensor::backend::AutodiffBackend;
use linreg_model::{Coefficients, CoefficientsError, LinearRegression};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Training;
use crate::CheckpointProblem;
use crate::batch_optimizer::BatchOptimizer;

/// A [`Training`] between two updates.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SavedTraining {
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
    /// Burn's parameter ids of weight and bias, by which the optimizer finds its
    /// state for them.
    ids: [u64; 2],
    optimizer: Value,
    pub(crate) update: usize,
    pub(crate) learning_rate: f64,
    pub(crate) rows_read: usize,
}

/// Why a training cannot be saved.
pub(crate) enum NotSaved {
    NotFinite(usize, f64),
    Coefficients(CoefficientsError),
    Record(CheckpointProblem),
}

impl<B: AutodiffBackend> Training<B> {
    /// Returns everything that the next updates depend on.
    ///
    /// # Errors
    ///
    /// A batch of the epoch whose loss was not finite, and the other reasons of
    /// [`NotSaved`].
    pub(crate) fn save(&mut self) -> Result<SavedTraining, NotSaved> {
        self.losses.read();
        if let Some((batch, loss)) = self.losses.first_not_finite {
            return Err(NotSaved::NotFinite(batch, loss));
        }
        let coefficients = self.model.coefficients().map_err(NotSaved::Coefficients)?;
        Ok(SavedTraining {
            weight: coefficients.weight().to_vec(),
            bias: coefficients.bias().to_vec(),
            ids: [self.model.weight.id.val(), self.model.bias.id.val()],
            optimizer: self.optimizer.to_json().map_err(NotSaved::Record)?,
            update: self.update,
            learning_rate: self.learning_rate,
            rows_read: self.losses.num_rows_read,
        })
    }

    /// Restores a training that was saved with the same configuration and data.
    /// Its saved state is checked against them.
    pub(crate) fn load(
        mut self,
        saved: &SavedTraining,
        device: &B::Device,
    ) -> Result<Self, CheckpointProblem> {
        let coefficients = Coefficients::new(saved.weight.clone(), saved.bias.clone());
        let coefficients = coefficients.map_err(CheckpointProblem::Coefficients)?;
        let model = LinearRegression::from_coefficients(&coefficients, device);
        if saved.ids[0] == saved.ids[1] {
            return Err(CheckpointProblem::OneName);
        }
        let [weight_id, bias_id] = saved.ids.map(ParamId::from);
        self.model.weight = Param::initialized(weight_id, model.weight.val());
        self.model.bias = Param::initialized(bias_id, model.bias.val());
        BatchOptimizer::check(&saved.optimizer, &self.config, &self.model, saved.update)?;
        self.optimizer = self.optimizer.load(saved.optimizer.clone(), device)?;
        // The check of the checkpoint has bounded this number of updates.
        for _ in 0..saved.update {
            self.scheduler.next_share();
        }
        self.update = saved.update;
        self.learning_rate = saved.learning_rate;
        self.losses.num_rows_read = saved.rows_read;
        Ok(self)
    }
}
