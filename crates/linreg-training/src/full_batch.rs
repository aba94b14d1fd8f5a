use std::cell::Cell;

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::BatchSource;
use linreg_model::{Coefficients, LinearRegression};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checked, Expected, Method, check_numbers, wrong};
use crate::divergence::check_loss;
use crate::lbfgs::Lbfgs;
use crate::objective::Objective;
use crate::proximal::Proximal;
use crate::smoothing::{Smoothed, slacks as slacks_of, smoothed_losses};
use crate::watch::Watch;
use crate::{
    EVALUATION_ROWS, Observer, OptimizerConfig, StopReason, TrainingConfig, TrainingError,
};

/// Evaluates the objective at these parameters. The loss is smoothed by these
/// widths, one per target, or not smoothed if there are none.
pub(crate) type Evaluate<'a> = dyn Fn(Vec<f64>, &[f64]) -> Result<Point, TrainingError> + 'a;

/// A full-batch optimizer between two updates.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", untagged)]
pub(crate) enum FullBatch {
    /// For a smooth loss.
    Smooth(Solver),
    /// For a loss with a corner, which is smoothed.
    Smoothed(Smoothed),
}

/// A full-batch optimizer for a smooth loss.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Solver {
    Lbfgs(Lbfgs),
    Proximal(Proximal),
}

/// The value and gradient of the smooth part of the objective at some parameters:
/// the losses and the L2 penalty.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    /// The row-major weights, followed by the biases.
    pub(crate) parameters: Vec<f64>,
    /// Mean loss of each target, not smoothed.
    pub(crate) losses: Vec<f64>,
    /// For each target, a bound on how far the loss is above its minimum where
    /// the gradient of the smoothed loss is 0; empty where the loss is not
    /// smoothed.
    #[serde(default)]
    pub(crate) slacks: Vec<f64>,
    pub(crate) value: f64,
    /// The derivative of `value` by each parameter.
    pub(crate) gradient: Vec<f64>,
}

/// The outcome of an update.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Moved {
    On,
    /// The gradient is within the tolerance of 0.
    Converged,
    /// No lower value was found in the precision of the backend's floats.
    NoFurther,
}

/// Evaluates the objective on all rows. Chunks of rows are computed on the device
/// and summed in `f64` on the host.
pub(crate) struct AllRows<'a, B: AutodiffBackend, S> {
    batches: &'a S,
    objective: &'a Objective,
    intercept: bool,
    device: &'a B::Device,
    passes: Cell<u64>,
}

impl<'a, B: AutodiffBackend, S: BatchSource<B::InnerBackend>> AllRows<'a, B, S> {
    pub(crate) fn new(
        batches: &'a S,
        objective: &'a Objective,
        intercept: bool,
        device: &'a B::Device,
    ) -> Self {
        Self {
            batches,
            objective,
            intercept,
            device,
            passes: Cell::new(0),
        }
    }

    /// Returns the number of passes over all rows so far.
    pub(crate) fn num_passes(&self) -> u64 {
        self.passes.get()
    }

    /// Returns the value and gradient at these parameters, with the loss smoothed
    /// by these widths, if there are any. If the numbers overflow the backend's
    /// floats, the value is infinite or NaN and the gradient has no meaning.
    pub(crate) fn at(&self, parameters: Vec<f64>, widths: &[f64]) -> Result<Point, TrainingError> {
        self.passes.set(self.passes.get() + 1);
        let num_targets = self.batches.num_targets();
        let num_weights = self.batches.num_features() * num_targets;
        let (weight, bias) = parameters.split_at(num_weights);
        let coefficients = Coefficients::new(weight.to_vec(), bias.to_vec())?;
        let model = LinearRegression::<B>::from_coefficients(&coefficients, self.device);
        let mut minimised = vec![0.0; num_targets];
        let mut losses = vec![0.0; widths.len()];
        let mut slacks = vec![0.0; widths.len()];
        let mut gradient = vec![0.0; parameters.len()];
        for batch in self.batches.sequential(EVALUATION_ROWS) {
            let batch = batch?;
            let predictions = model.forward(Tensor::from_inner(batch.features));
            let targets = Tensor::from_inner(batch.targets.clone());
            let weights = batch.weights.clone().map(Tensor::from_inner);
            let found = if widths.is_empty() {
                self.objective.losses(predictions, targets, weights)
            } else {
                let inner = predictions.clone().inner();
                let (y, v) = (batch.targets, batch.weights);
                let exact = self.objective.losses(inner.clone(), y.clone(), v.clone());
                add_rows(&mut losses, exact);
                add_rows(&mut slacks, slacks_of(self.objective, widths, inner, y, v));
                smoothed_losses(self.objective, widths, predictions, targets, weights)
            };
            let gradients = found.backward();
            add_rows(&mut minimised, found.inner());
            let (of_weight, of_bias) = gradient.split_at_mut(num_weights);
            if let Some(found) = model.weight.val().grad(&gradients) {
                add(of_weight, found.into_data().iter());
            }
            if self.intercept
                && let Some(found) = model.bias.val().grad(&gradients)
            {
                add(of_bias, found.into_data().iter());
            }
        }
        // The mean of the weights of rows is 1.
        let num_rows = self.batches.num_rows() as f64;
        for sums in [&mut minimised, &mut losses, &mut slacks] {
            sums.iter_mut().for_each(|sum| *sum /= num_rows);
        }
        let mut value: f64 = minimised.iter().sum();
        for (index, slope) in gradient.iter_mut().enumerate() {
            *slope /= num_rows;
            if index < num_weights {
                let (l2, w) = (self.objective.l2[index % num_targets], parameters[index]);
                value += l2 * w * w;
                *slope += 2.0 * l2 * w;
            }
        }
        Ok(Point {
            parameters,
            losses: if widths.is_empty() { minimised } else { losses },
            slacks,
            value,
            gradient,
        })
    }
}

/// Adds the numbers of each row, `[rows, num_targets]`, to the sum of each
/// target.
fn add_rows<B: Backend>(sums: &mut [f64], rows: Tensor<B, 2>) {
    let num_targets = sums.len();
    for (index, number) in rows.into_data().iter::<f64>().enumerate() {
        sums[index % num_targets] += number;
    }
}

fn add(sums: &mut [f64], numbers: impl Iterator<Item = f64>) {
    sums.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
}

impl Solver {
    pub(crate) fn new(config: &TrainingConfig, start: Point, num_weights: usize) -> Self {
        match config.optimizer {
            OptimizerConfig::Lbfgs { history } => Self::Lbfgs(Lbfgs::new(start, history)),
            _ => Self::Proximal(Proximal::new(start, num_weights)),
        }
    }

    pub(crate) fn point(&self) -> &Point {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.point(),
            Self::Proximal(proximal) => proximal.point(),
        }
    }

    /// Makes one update. `epsilon` is the machine epsilon of the backend's
    /// floats.
    pub(crate) fn update(
        &mut self,
        objective: &Objective,
        tolerance: f64,
        epsilon: f64,
        at: &dyn Fn(Vec<f64>) -> Result<Point, TrainingError>,
    ) -> Result<Moved, TrainingError> {
        match self {
            Self::Lbfgs(lbfgs) => lbfgs.update(tolerance, at),
            Self::Proximal(proximal) => proximal.update(objective, tolerance, epsilon, at),
        }
    }
}

impl Point {
    /// Checks that a training with these settings can have this point. `slacks`
    /// says whether the loss is smoothed.
    pub(crate) fn check(&self, expected: &Expected, slacks: bool) -> Checked {
        let (parameters, targets) = (expected.num_parameters(), expected.num_targets);
        check_numbers("weights and biases", &self.parameters, parameters)?;
        check_numbers("gradient", &self.gradient, parameters)?;
        check_numbers("losses", &self.losses, targets)?;
        let num_slacks = if slacks { targets } else { 0 };
        check_numbers("bounds of the losses", &self.slacks, num_slacks)?;
        check_numbers("objective", &[self.value], 1)
    }
}

impl Solver {
    /// Checks that a training with these settings can have this state after at
    /// most this number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize, slacks: bool) -> Checked {
        match (self, expected.config.optimizer) {
            (Self::Lbfgs(lbfgs), OptimizerConfig::Lbfgs { history }) => {
                lbfgs.check(expected, history, updates, slacks)
            }
            (Self::Proximal(proximal), OptimizerConfig::Proximal) => {
                proximal.check(expected, updates, slacks)
            }
            (_, optimizer) => wrong("optimizer", "another", optimizer.name()),
        }
    }
}

impl FullBatch {
    /// Checks that a training with these settings can have this state after this
    /// number of updates.
    pub(crate) fn check(&self, expected: &Expected, updates: usize) -> Checked {
        match (self, expected.config.loss.is_smooth()) {
            (Self::Smooth(solver), true) => solver.check(expected, updates, false),
            (Self::Smoothed(smoothed), false) => smoothed.check(expected, updates),
            _ => wrong("method", "that of another loss", "that of the settings"),
        }
    }

    fn new(
        config: &TrainingConfig,
        start: Point,
        num_weights: usize,
        evaluate: &Evaluate<'_>,
    ) -> Result<Self, TrainingError> {
        Ok(if config.loss.is_smooth() {
            Self::Smooth(Solver::new(config, start, num_weights))
        } else {
            Self::Smoothed(Smoothed::new(config, start, num_weights, evaluate)?)
        })
    }

    fn point(&self) -> &Point {
        match self {
            Self::Smooth(solver) => solver.point(),
            Self::Smoothed(smoothed) => smoothed.point(),
        }
    }

    fn widths(&self) -> &[f64] {
        match self {
            Self::Smooth(_) => &[],
            Self::Smoothed(smoothed) => smoothed.widths(),
        }
    }

    fn coefficients(&self, num_weights: usize) -> Result<Coefficients, TrainingError> {
        let (weight, bias) = self.point().parameters.split_at(num_weights);
        Ok(Coefficients::new(weight.to_vec(), bias.to_vec())?)
    }
}

/// The result of full-batch training.
pub(crate) struct Ended {
    pub(crate) coefficients: Coefficients,
    pub(crate) stopped: StopReason,
    /// The last widths that the loss was smoothed by; empty if it was not
    /// smoothed.
    pub(crate) widths: Vec<f64>,
}

impl Ended {
    fn new(
        method: &FullBatch,
        num_weights: usize,
        stopped: StopReason,
    ) -> Result<Self, TrainingError> {
        Ok(Self {
            coefficients: method.coefficients(num_weights)?,
            stopped,
            widths: method.widths().to_vec(),
        })
    }

    /// Whether training stopped because further updates would change little.
    pub(crate) fn is_at_an_end(&self) -> bool {
        matches!(self.stopped, StopReason::Converged | StopReason::Precision)
    }
}

/// Trains by full-batch updates, starting from a model or from a checkpoint. An
/// epoch is one update.
pub(crate) fn train<B: AutodiffBackend>(
    config: &TrainingConfig,
    rows: &AllRows<'_, B, impl BatchSource<B::InnerBackend>>,
    start: &LinearRegression<B>,
    saved: Option<FullBatch>,
    watch: &mut Watch<'_>,
    observer: &mut impl Observer,
) -> Result<Ended, TrainingError> {
    let num_weights = rows.batches.num_features() * rows.batches.num_targets();
    let at = |parameters: Vec<f64>, widths: &[f64]| rows.at(parameters, widths);
    let epsilon = match size_of::<B::FloatElem>() {
        8.. => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    };
    let mut method = match saved {
        Some(saved) => saved,
        None => {
            let start = start.valid().coefficients()?;
            let point = at([start.weight(), start.bias()].concat(), &[])?;
            if !point.value.is_finite() {
                let not_finite = Some((0, point.value));
                check_loss(config, watch.columns(), 0, not_finite, [0.0; 2])?;
            }
            FullBatch::new(config, point, num_weights, &at)?
        }
    };
    if watch.saves() {
        let steps = watch.progress.history.len();
        watch.save_start(steps, Method::FullBatch(method.clone()))?;
    }
    if let Some(stopped) = watch.progress.ended {
        return Ended::new(&method, num_weights, stopped);
    }
    let mut stopped = StopReason::Epochs;
    for epoch in watch.progress.history.len()..config.num_epochs {
        let _span = tracing::info_span!("epoch", epoch).entered();
        if let Some(reason) = watch.limit_reached(epoch) {
            stopped = reason;
            break;
        }
        if watch.is_interrupted() {
            watch.save(epoch, 0, epoch, Method::FullBatch(method));
            return Err(watch.interruption(epoch, epoch));
        }
        let moved = match &mut method {
            FullBatch::Smooth(solver) => {
                let at = |parameters| rows.at(parameters, &[]);
                solver.update(rows.objective, config.tolerance, epsilon, &at)?
            }
            FullBatch::Smoothed(smoothed) => {
                smoothed.update(config, rows.objective, num_weights, epsilon, &at)?
            }
        };
        observer.batch();
        let loss = rows.objective.in_units(&method.point().losses);
        let coefficients = method.coefficients(num_weights)?;
        let patience = watch.end_epoch(epoch, epoch + 1, loss, None, &coefficients, observer)?;
        let reason = match moved {
            Moved::On => patience,
            Moved::Converged => Some(StopReason::Converged),
            Moved::NoFurther => Some(StopReason::Precision),
        };
        if let Some(reason) = reason {
            stopped = reason;
            break;
        }
        if watch.is_save_due(epoch + 1) {
            watch.save(epoch + 1, 0, epoch + 1, Method::FullBatch(method.clone()));
        }
    }
    if watch.saves() {
        // Training that stopped at a limit can be resumed with a larger time
        // limit, so it is not saved as ended.
        let is_at_a_limit = matches!(stopped, StopReason::Steps | StopReason::Time);
        watch.progress.ended = (!is_at_a_limit).then_some(stopped);
        let epoch = watch.progress.history.len();
        watch.save(epoch, 0, epoch, Method::FullBatch(method.clone()));
    }
    Ended::new(&method, num_weights, stopped)
}
