use burn::module::{Param, ParamId};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{Batch, BatchSource, MAX_TENSOR_NUMBERS};
use linreg_model::{Coefficients, CoefficientsError, LinearRegression};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::objective::{Objective, row};
use crate::optimizer::{BatchOptimizer, record};
use crate::read::read_all;
use crate::schedule::Scheduler;
use crate::{OptimizerConfig, TrainingConfig};

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
}

impl<B: AutodiffBackend> Training<B> {
    /// Starts training from this model, with batches from `batches`. The penalty
    /// and the Huber loss's delta are in the units of these batches. Without an
    /// intercept, the model's bias stays as it is. The learning rate is that of
    /// the configuration; `automatic_learning_rate` has no effect.
    ///
    /// # Panics
    ///
    /// If the configuration has a full-batch optimizer.
    pub fn new(
        model: LinearRegression<B>,
        config: &TrainingConfig,
        batches: &impl BatchSource<B::InnerBackend>,
    ) -> Self {
        let objective = Objective::new(config, None, batches.num_targets());
        Self::towards(objective, model, config, batches)
    }

    /// Does the same as `new`, with an objective in the units of the batches.
    pub(crate) fn towards(
        objective: Objective,
        model: LinearRegression<B>,
        config: &TrainingConfig,
        batches: &impl BatchSource<B::InnerBackend>,
    ) -> Self {
        // An update never has more batches than an epoch.
        let accumulate = config.accumulate.min(batches.num_batches());
        let updates_per_epoch = batches.num_batches().div_ceil(accumulate);
        let updates = config.num_updates(updates_per_epoch);
        Self {
            model,
            optimizer: BatchOptimizer::new(config),
            scheduler: Scheduler::new(config.schedule, updates, 0),
            objective,
            accumulator: GradientsAccumulator::new(),
            config: config.clone().with_accumulate(accumulate),
            update_rows: (batches.batch_size() * accumulate) as f64,
            update: 0,
            learning_rate: config.learning_rate,
            batches_since_update: 0,
            accumulating: false,
            losses: EpochLosses::new(batches),
        }
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
    pub fn step(mut self, batch: Batch<B::InnerBackend>) -> Self {
        let features = Tensor::from_inner(batch.features);
        let targets = Tensor::from_inner(batch.targets);
        let weights = batch.weights.map(Tensor::from_inner);
        let predictions = self.model.forward(features);
        let losses = self.objective.losses(predictions, targets, weights);
        self.losses.push(losses.clone().inner());
        let gradients = GradientsParams::from_grads(losses.backward(), &self.model);
        if self.config.accumulate == 1 && !self.accumulating && !batch.more_follows {
            return self.update(gradients);
        }
        self.accumulator.accumulate(&self.model, gradients);
        self.accumulating = true;
        self.batches_since_update += usize::from(!batch.more_follows);
        if self.batches_since_update == self.config.accumulate {
            self.update_accumulated()
        } else {
            self
        }
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

    /// Returns the learning rate of the last update.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Whether no accumulated gradients wait for more rows, so that the training
    /// can be saved.
    pub(crate) fn is_between_updates(&self) -> bool {
        !self.accumulating
    }

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
    ) -> Result<Self, String> {
        let coefficients = Coefficients::new(saved.weight.clone(), saved.bias.clone());
        let coefficients = coefficients.map_err(|error| error.to_string())?;
        let model = LinearRegression::from_coefficients(&coefficients, device);
        if saved.ids[0] == saved.ids[1] {
            return Err("the checkpoint is damaged: weight and bias have one name".to_string());
        }
        let [weight_id, bias_id] = saved.ids.map(ParamId::from);
        self.model.weight = Param::initialized(weight_id, model.weight.val());
        self.model.bias = Param::initialized(bias_id, model.bias.val());
        record::check(&saved.optimizer, &self.config, &self.model, saved.update)?;
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
    Record(String),
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

/// The losses of the batches of an epoch. They stay on the device until there are
/// many of them, so that most steps do not wait for the device.
struct EpochLosses<B: Backend> {
    waiting: Vec<Tensor<B, 2>>,
    num_rows_waiting: usize,
    /// Largest number of rows that wait to be read.
    max_waiting: usize,
    /// Number of rows of every batch, except a short last one.
    batch_size: usize,
    num_targets: usize,
    num_rows_read: usize,
    first_not_finite: Option<(usize, f64)>,
}

impl<B: Backend> EpochLosses<B> {
    /// Largest number of tensors that wait to be read.
    const MAX_TENSORS: usize = 4096;

    fn new(batches: &impl BatchSource<B>) -> Self {
        Self {
            waiting: Vec::new(),
            num_rows_waiting: 0,
            // Reading losses makes the host wait for the device. Otherwise the
            // queue of batches could fill its memory.
            max_waiting: MAX_TENSOR_NUMBERS / batches.num_features(),
            batch_size: batches.batch_size(),
            num_targets: batches.num_targets(),
            num_rows_read: 0,
            first_not_finite: None,
        }
    }

    fn push(&mut self, losses: Tensor<B, 2>) {
        self.num_rows_waiting += losses.dims()[0];
        self.waiting.push(losses);
        if self.num_rows_waiting >= self.max_waiting || self.waiting.len() == Self::MAX_TENSORS {
            self.read();
        }
    }

    fn read(&mut self) {
        self.num_rows_waiting = 0;
        for losses in read_all(std::mem::take(&mut self.waiting)) {
            if self.first_not_finite.is_none() {
                let mut losses = losses.iter::<f64>().enumerate();
                let first = losses.find(|(_, loss)| !loss.is_finite());
                self.first_not_finite = first.map(|(index, loss)| {
                    let row = self.num_rows_read + index / self.num_targets;
                    (row / self.batch_size, loss)
                });
            }
            self.num_rows_read += losses.num_elements() / self.num_targets;
        }
    }

    /// Reads the remaining losses, returns the first batch with a loss that is
    /// not finite, and resets the state for the next epoch.
    fn end(&mut self) -> Option<(usize, f64)> {
        self.read();
        self.num_rows_read = 0;
        self.first_not_finite.take()
    }
}

#[cfg(test)]
mod updates;

#[cfg(test)]
mod tests {
    use super::*;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::{Batches, Dataset, SyntheticConfig};
    use linreg_model::Coefficients;

    type B = Autodiff<NdArray<f64>>;

    pub(super) fn dataset(num_examples: usize) -> Dataset {
        let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
        let config = config.with_num_examples(num_examples).with_noise_std(0.5);
        config.generate().unwrap()
    }

    /// Returns weights and bias after an epoch in file order that starts from
    /// `start`.
    pub(super) fn epoch_in_order(
        config: &TrainingConfig,
        dataset: &Dataset,
        start: [f64; 3],
    ) -> [f64; 3] {
        let device = Default::default();
        let batches = Batches::new(dataset, config.batch_size, &device).unwrap();
        let start = Coefficients::new(start[..2].to_vec(), start[2..].to_vec()).unwrap();
        let model = LinearRegression::<B>::from_coefficients(&start, &device);
        let order = (0..dataset.num_rows()).collect();
        let training = batches
            .in_order(order)
            .fold(Training::new(model, config, &batches), Training::step);
        let (training, not_finite) = training.end_epoch();
        assert_eq!(not_finite, None);
        let end = training.model().coefficients().unwrap();
        [end.weight()[0], end.weight()[1], end.bias()[0]]
    }

    /// Returns the mean loss of all rows, computed in a plain loop.
    pub(super) fn loss(dataset: &Dataset, [w1, w2, b]: [f64; 3]) -> f64 {
        let rows = dataset.features().chunks(2).zip(dataset.targets());
        let sum: f64 = rows
            .map(|(x, y)| (w1 * x[0] + w2 * x[1] + b - y).powi(2))
            .sum();
        sum / dataset.num_rows() as f64
    }

    #[test]
    fn a_full_batch_step_follows_the_gradient_by_finite_differences() {
        let dataset = dataset(50);
        let (rate, start) = (0.1, [0.3, -0.7, 1.1]);
        let config = TrainingConfig::new()
            .with_batch_size(50)
            .with_learning_rate(rate);
        let end = epoch_in_order(&config, &dataset, start);
        for i in 0..3 {
            // Central differences of a quadratic have no truncation error.
            let (mut above, mut below) = (start, start);
            above[i] += 1e-3;
            below[i] -= 1e-3;
            let gradient = (loss(&dataset, above) - loss(&dataset, below)) / 2e-3;
            assert!((end[i] - (start[i] - rate * gradient)).abs() < 1e-10);
        }
    }

    #[test]
    fn a_short_batch_is_divided_by_the_batch_size_asked_for() {
        let dataset = dataset(7);
        let start = [0.0, 0.0, 0.0];
        let config = TrainingConfig::new().with_batch_size(5);
        // The batches have 5 and 2 rows. The second update is the sum of the
        // gradients divided by 5.
        let first = dataset.select(&[0, 1, 2, 3, 4]).unwrap();
        let second = dataset.select(&[5, 6]).unwrap();
        let middle = epoch_in_order(&config, &first, start);
        let whole = config.clone().with_batch_size(2);
        let whole = whole.with_learning_rate(config.learning_rate * 2.0 / 5.0);
        let expected = epoch_in_order(&whole, &second, middle);
        let end = epoch_in_order(&config, &dataset, start);
        for (a, b) in end.iter().zip(expected) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn accumulated_batches_give_the_update_of_one_large_batch() {
        // 4 batches of 6 rows are one batch of 24; then 2 batches of 6 and 3 rows
        // are left over.
        let dataset = dataset(33);
        let start = [0.5, 0.5, 0.5];
        let accumulated = TrainingConfig::new().with_batch_size(6).with_accumulate(4);
        let large = TrainingConfig::new().with_batch_size(24);
        let a = epoch_in_order(&accumulated, &dataset, start);
        let b = epoch_in_order(&large, &dataset, start);
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn more_batches_than_an_epoch_has_give_one_update_for_the_epoch() {
        let dataset = dataset(30);
        let four = TrainingConfig::new().with_batch_size(8).with_accumulate(4);
        let many = four.clone().with_accumulate(1000);
        let start = [0.5, 0.5, 0.5];
        let expected = epoch_in_order(&four, &dataset, start);
        assert_eq!(epoch_in_order(&many, &dataset, start), expected);
    }

    #[test]
    fn a_batch_in_parts_gives_the_update_of_the_whole() {
        let dataset = dataset(10);
        let device = Default::default();
        for accumulate in [1, 2] {
            let config = TrainingConfig::new()
                .with_batch_size(5)
                .with_accumulate(accumulate);
            let start = Coefficients::new(vec![0.5, 0.5], vec![0.5]).unwrap();
            let batches = Batches::new(&dataset, 5, &device).unwrap();
            let model = LinearRegression::<B>::from_coefficients(&start, &device);
            let training = batches.in_order((0..10).collect()).fold(
                Training::new(model, &config, &batches),
                |training, batch| {
                    let part = |from: usize, to: usize, more_follows| Batch {
                        features: batch.features.clone().slice(from..to),
                        targets: batch.targets.clone().slice(from..to),
                        weights: None,
                        more_follows,
                    };
                    training.step(part(0, 2, true)).step(part(2, 5, false))
                },
            );
            let (training, _) = training.end_epoch();
            let found = training.model().coefficients().unwrap();
            let found = [found.weight(), found.bias()].concat();
            let expected = epoch_in_order(&config, &dataset, [0.5; 3]);
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-14, "{a} {b}");
            }
        }
    }

    #[test]
    fn momentum_carries_earlier_gradients_on() {
        // All features are 0, so only the bias is trained. With the gradient g =
        // 2 (b - 1) the path is v = m v + g, b = b - rate v.
        let dataset = Dataset::new(
            vec![0.0; 6],
            vec![1.0; 3],
            vec!["a".into(), "b".into()],
            vec!["y".into()],
        );
        let config = TrainingConfig::new()
            .with_batch_size(1)
            .with_learning_rate(0.1)
            .with_optimizer(OptimizerConfig::Sgd {
                momentum: 0.9,
                nesterov: false,
            });
        let end = epoch_in_order(&config, &dataset.unwrap(), [0.0, 0.0, 0.0]);
        let (mut bias, mut velocity) = (0.0, 0.0);
        for _ in 0..3 {
            velocity = 0.9 * velocity + 2.0 * (bias - 1.0);
            bias -= 0.1 * velocity;
        }
        assert!((end[2] - bias).abs() < 1e-12, "{} {bias}", end[2]);
    }

    #[test]
    fn names_the_first_batch_with_a_loss_that_is_not_finite() {
        let device = Default::default();
        let dataset = dataset(100);
        let batches = Batches::new(&dataset, 10, &device).unwrap();
        let start = Coefficients::new(vec![0.0, 0.0], vec![1e200]).unwrap();
        let config = TrainingConfig::new();
        let model = LinearRegression::<B>::from_coefficients(&start, &device);
        let training = batches
            .epoch(0, 0)
            .fold(Training::new(model, &config, &batches), Training::step);
        let (_, not_finite) = training.end_epoch();
        assert_eq!(not_finite, Some((0, f64::INFINITY)));

        let two_a_batch = dataset.select(&[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        let batches = Batches::<NdArray>::new(&two_a_batch, 2, &device).unwrap();
        let mut losses = EpochLosses::new(&batches);
        for batch in [[0.0, 1.0], [2.0, 3.0], [4.0, f32::NAN], [f32::NAN, 0.0]] {
            let batch = Tensor::<NdArray, 1>::from_data(batch, &device);
            losses.push(batch.reshape([2, 1]));
            losses.read();
        }
        let (batch, loss) = losses.end().unwrap();
        assert_eq!(batch, 2);
        assert!(loss.is_nan());
        assert_eq!(losses.end(), None);
    }
}
