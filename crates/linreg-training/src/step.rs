use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{GradientsAccumulator, GradientsParams, Optimizer, Sgd};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{Batch, Batches};
use linreg_model::LinearRegression;

use crate::{TrainingConfig, squared_loss};

/// A model in training: [`step`](Self::step) by step, for a loop of one's own.
///
/// [`train`] is such a loop.
pub struct Training<B: AutodiffBackend> {
    model: LinearRegression<B>,
    optimizer: OptimizerAdaptor<Sgd<B::InnerBackend>, LinearRegression<B>, B>,
    accumulator: GradientsAccumulator<LinearRegression<B>>,
    config: TrainingConfig,
    /// Rows that one update is for, which the gradient is divided by.
    update_rows: f64,
    num_updates: usize,
    update: usize,
    batches_since_update: usize,
    losses: EpochLosses<B::InnerBackend>,
}

impl<B: AutodiffBackend> Training<B> {
    /// Training from this model on, with batches from `batches`.
    pub fn new(
        model: LinearRegression<B>,
        config: &TrainingConfig,
        batches: &Batches<B::InnerBackend>,
    ) -> Self {
        let updates_per_epoch = batches.num_batches().div_ceil(config.accumulate);
        Self {
            model,
            optimizer: config.optimizer.init(),
            accumulator: GradientsAccumulator::new(),
            config: config.clone(),
            update_rows: (batches.batch_size() * config.accumulate) as f64,
            num_updates: updates_per_epoch * config.num_epochs,
            update: 0,
            batches_since_update: 0,
            losses: EpochLosses::default(),
        }
    }

    /// The model as it is now.
    pub fn model(&self) -> &LinearRegression<B> {
        &self.model
    }

    /// Forward, loss, backward, update.
    ///
    /// The loss is the sum over the batch, divided by the batch size asked
    /// for, also where the last batch is short. `backward` returns new
    /// gradients each time, so there are none to set to zero; they are added
    /// up over several batches only where the configuration asks for it.
    pub fn step(&mut self, batch: Batch<B::InnerBackend>) {
        let features = Tensor::from_inner(batch.features);
        let targets = Tensor::from_inner(batch.targets);
        let loss = squared_loss(self.model.forward(features), targets).sum() / self.update_rows;
        self.losses.push(loss.clone().inner());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        if self.config.accumulate == 1 {
            return self.update(gradients);
        }
        self.accumulator.accumulate(&self.model, gradients);
        self.batches_since_update += 1;
        if self.batches_since_update == self.config.accumulate {
            self.update_accumulated();
        }
    }

    /// Applies gradients still waiting for further batches, and gives the
    /// first batch of the epoch whose loss was NaN or infinite, with that loss.
    pub fn end_epoch(&mut self) -> Option<(usize, f64)> {
        if self.batches_since_update > 0 {
            self.update_accumulated();
        }
        std::mem::take(&mut self.losses).first_not_finite()
    }

    fn update_accumulated(&mut self) {
        let gradients = self.accumulator.grads();
        self.batches_since_update = 0;
        self.update(gradients);
    }

    fn update(&mut self, gradients: GradientsParams) {
        let learning_rate = self.config.learning_rate_at(self.update, self.num_updates);
        // The optimiser takes the model and gives it back.
        let model = self.model.clone();
        self.model = self.optimizer.step(learning_rate, model, gradients);
        self.update += 1;
    }
}

/// The loss of each batch of an epoch, left on the device until there are many:
/// a step never waits for the device.
struct EpochLosses<B: Backend> {
    waiting: Vec<Tensor<B, 1>>,
    num_read: usize,
    first_not_finite: Option<(usize, f64)>,
}

impl<B: Backend> Default for EpochLosses<B> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            num_read: 0,
            first_not_finite: None,
        }
    }
}

impl<B: Backend> EpochLosses<B> {
    const READ_AT_ONCE: usize = 1024;

    fn push(&mut self, loss: Tensor<B, 1>) {
        self.waiting.push(loss);
        if self.waiting.len() == Self::READ_AT_ONCE {
            self.read();
        }
    }

    fn read(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let num_waiting = waiting.len();
        if num_waiting > 0 && self.first_not_finite.is_none() {
            let losses = Tensor::cat(waiting, 0).into_data();
            let mut losses = losses.iter::<f64>().enumerate();
            let first = losses.find(|(_, loss)| !loss.is_finite());
            self.first_not_finite = first.map(|(index, loss)| (self.num_read + index, loss));
        }
        self.num_read += num_waiting;
    }

    fn first_not_finite(mut self) -> Option<(usize, f64)> {
        self.read();
        self.first_not_finite
    }
}
