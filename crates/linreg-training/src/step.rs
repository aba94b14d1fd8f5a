mod saved;

pub(crate) use saved::{NotSaved, SavedTraining};

use burn::module::Param;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use linreg_data::{Batch, BatchSource};
use linreg_model::LinearRegression;

use crate::batch_optimizer::BatchOptimizer;
use crate::epoch_losses::EpochLosses;
use crate::evaluate::check_widths;
use crate::loss::check_shape;
use crate::objective::{Objective, row};
use crate::schedule::Scheduler;
use crate::squared_losses::{can_be_one_node, squared_losses};
use crate::{Loss, OptimizerConfig, TrainingConfig, TrainingError};

/// A model in training, for a training loop of your own that calls
/// [`step`](Self::step) for each batch.
///
/// [`train`](crate::train) is such a loop.
pub struct Training<B: AutodiffBackend> {
    model: LinearRegression<B>,
    optimizer: BatchOptimizer<B>,
    scheduler: Scheduler,
    objective: Objective,
    accumulator: GradientsAccumulator<LinearRegression<B>>,
    config: TrainingConfig,
    /// Nominal number of rows of one update, by which the gradient is divided.
    update_rows: f64,
    update: usize,
    learning_rate: f64,
    batches_since_update: usize,
    /// Whether there are accumulated gradients that wait for more rows before an
    /// update.
    accumulating: bool,
    losses: EpochLosses<B::InnerBackend>,
    /// Whether the losses of a batch are computed as one node of the graph.
    in_one_node: bool,
}

impl<B: AutodiffBackend> Training<B> {
    /// Starts training from this model, with batches from `batches`. The penalty
    /// and the Huber loss's delta are in the units of these batches. Without an
    /// intercept, the model's bias stays as it is. The learning rate is that of
    /// the configuration; `automatic_learning_rate` has no effect.
    ///
    /// # Errors
    ///
    /// A configuration that cannot be used or has a full-batch optimizer, or batches
    /// with other numbers of features or targets than the model.
    pub fn new(
        model: LinearRegression<B>,
        config: &TrainingConfig,
        batches: &impl BatchSource<B::InnerBackend>,
    ) -> Result<Self, TrainingError> {
        config.check()?;
        check_widths(
            model.weight.dims(),
            [batches.num_features(), batches.num_targets()],
        )?;
        let objective = Objective::new(config, None, batches.num_targets());
        Self::towards(objective, model, config, batches)
    }

    /// Does the same as `new`, with an objective in the units of the batches.
    pub(crate) fn towards(
        objective: Objective,
        model: LinearRegression<B>,
        config: &TrainingConfig,
        batches: &impl BatchSource<B::InnerBackend>,
    ) -> Result<Self, TrainingError> {
        // An update never has more batches than an epoch.
        let accumulate = config.accumulate.min(batches.num_batches()).max(1);
        let updates_per_epoch = batches.num_batches().div_ceil(accumulate);
        let updates = config.num_updates(updates_per_epoch);
        let device = model.weight.val().device();
        let in_one_node =
            objective.loss == Loss::Squared && can_be_one_node::<B>(batches.num_targets(), &device);
        Ok(Self {
            model,
            optimizer: BatchOptimizer::new(config)?,
            scheduler: Scheduler::new(config.schedule, updates, 0),
            objective,
            accumulator: GradientsAccumulator::new(),
            config: config.clone().with_accumulate(accumulate),
            update_rows: batches.batch_size().saturating_mul(accumulate) as f64,
            update: 0,
            learning_rate: config.learning_rate,
            batches_since_update: 0,
            accumulating: false,
            losses: EpochLosses::new(batches),
            in_one_node,
        })
    }

    /// Returns the current model.
    pub fn model(&self) -> &LinearRegression<B> {
        &self.model
    }

    /// Trains on a batch: forward pass, loss, backward pass, update.
    ///
    /// `backward` gives the gradient of the sum of the batch's losses. It is
    /// divided by the configured batch size, also if the last batch is short.
    /// Each call of `backward` returns new gradients, so none have to be set to
    /// zero. Gradients are added up only if the configuration accumulates several
    /// batches for an update, or if a batch comes in parts.
    ///
    /// On Burn's CPU backends, the squared losses of a single target are one node of the
    /// graph, which takes half the time of a small step.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Shape`] for a batch that does not fit the model.
    pub fn step(mut self, batch: Batch<B::InnerBackend>) -> Result<Self, TrainingError> {
        let [rows, _] = batch.features.dims();
        let [num_features, num_targets] = self.model.weight.dims();
        check_shape("features", batch.features.dims(), [rows, num_features])?;
        check_shape("targets", batch.targets.dims(), [rows, num_targets])?;
        if let Some(weights) = &batch.weights {
            check_shape("weights", weights.dims(), [rows, 1])?;
        }
        let more_follows = batch.more_follows;
        let losses = self.losses_of(batch)?;
        self.losses.push(losses.clone().inner());
        let gradients = GradientsParams::from_grads(losses.backward(), &self.model);
        if self.config.accumulate == 1 && !self.accumulating && !more_follows {
            return Ok(self.update(gradients));
        }
        self.accumulator.accumulate(&self.model, gradients);
        self.accumulating = true;
        self.batches_since_update += usize::from(!more_follows);
        if self.batches_since_update == self.config.accumulate {
            self = self.update_accumulated();
        }
        Ok(self)
    }

    /// Returns the loss of each row of a batch times its weight, `[rows, num_targets]`.
    fn losses_of(&self, batch: Batch<B::InnerBackend>) -> Result<Tensor<B, 2>, TrainingError> {
        let batch = if self.in_one_node {
            match squared_losses(&self.model, batch) {
                Ok(losses) => return Ok(losses),
                Err(batch) => batch,
            }
        } else {
            batch
        };
        let predictions = self.model.forward(Tensor::from_inner(batch.features));
        let targets = Tensor::from_inner(batch.targets);
        let weights = batch.weights.map(Tensor::from_inner);
        self.objective.losses(predictions, targets, weights)
    }

    /// Ends an epoch: applies accumulated gradients that still wait for more
    /// batches. Returns, with the training, the index of the first batch of the
    /// epoch whose loss was NaN or infinite, and that loss.
    pub fn end_epoch(mut self) -> (Self, Option<(usize, f64)>) {
        if self.accumulating {
            self = self.update_accumulated();
        }
        let not_finite = self.losses.end();
        (self, not_finite)
    }

    fn update_accumulated(mut self) -> Self {
        let gradients = self.accumulator.grads();
        self.batches_since_update = 0;
        self.accumulating = false;
        self.update(gradients)
    }

    fn update(mut self, mut sums: GradientsParams) -> Self {
        divide(&mut sums, &self.model.weight, self.update_rows);
        if self.config.intercept {
            divide(&mut sums, &self.model.bias, self.update_rows);
        } else {
            // The optimizer does not change a parameter without a gradient.
            sums.remove::<B::InnerBackend, 1>(self.model.bias.id);
        }
        self.learning_rate = self.config.learning_rate * self.scheduler.next_share();
        let decay = self.config.weight_decay;
        let decoupled = self.config.optimizer == OptimizerConfig::AdamW;
        if self.objective.has_l2() || (decay > 0.0 && !decoupled) {
            self.pull_to_zero(&mut sums, if decoupled { 0.0 } else { decay });
        }
        let before = (decay > 0.0 && decoupled).then(|| self.model.weight.val().inner());
        self.model = self.optimizer.step(self.learning_rate, self.model, sums);
        if let Some(before) = before {
            let rate = self.learning_rate * decay;
            self.change_weight(|weight, _| weight - before * rate);
        }
        if self.objective.nonnegative || self.objective.has_l1() {
            // Momentum multiplies a long run of equal gradients by this factor.
            // The step of the proximal operator has to grow with it, so that
            // weights stay at 0 where the penalty outweighs the gradient.
            let step = self.learning_rate * self.config.optimizer.amplification();
            self.change_weight(|weight, objective| objective.proximal_tensor(weight, step));
        }
        self.update += 1;
        self
    }

    /// Adds the gradients of the L2 penalty and of weight decay.
    fn pull_to_zero(&self, gradients: &mut GradientsParams, decay: f64) {
        let weight = self.model.weight.val().inner();
        let factors: Vec<f64> = self
            .objective
            .l2
            .iter()
            .map(|l2| 2.0 * l2 + decay)
            .collect();
        let id = self.model.weight.id;
        if let Some(gradient) = gradients.remove::<B::InnerBackend, 2>(id) {
            let factors = row(&factors, &weight.device());
            gradients.register(id, gradient + weight * factors);
        }
    }

    fn change_weight(
        &mut self,
        change: impl FnOnce(Tensor<B::InnerBackend, 2>, &Objective) -> Tensor<B::InnerBackend, 2>,
    ) {
        let weight = change(self.model.weight.val().inner(), &self.objective);
        let weight = Tensor::from_inner(weight).require_grad();
        self.model.weight = Param::initialized(self.model.weight.id, weight);
    }

    /// Returns the number of updates so far.
    pub fn num_updates(&self) -> usize {
        self.update
    }

    /// Returns the number of rows trained on in this epoch, including those before it
    /// was resumed.
    pub(crate) fn num_rows_of_epoch(&self) -> usize {
        self.losses.num_rows()
    }

    /// Returns the learning rate of the last update.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Whether no accumulated gradients wait for more rows, so that the training
    /// can be saved.
    pub(crate) fn is_between_updates(&self) -> bool {
        !self.accumulating
    }
}

/// Divides a parameter's gradient by a number. Dividing the loss instead would
/// add two nodes to the graph, which take a fifth of the time of a small step.
fn divide<B: AutodiffBackend, const D: usize>(
    gradients: &mut GradientsParams,
    parameter: &Param<Tensor<B, D>>,
    by: f64,
) {
    if let Some(gradient) = gradients.remove::<B::InnerBackend, D>(parameter.id) {
        gradients.register(parameter.id, gradient / by);
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod updates;
