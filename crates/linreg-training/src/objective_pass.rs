use std::marker::PhantomData;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{StreamId, Tensor};
use linreg_data::{Batch, BatchScale, DataError, RowChunk, RowPass};
use linreg_model::{Coefficients, LinearRegression};
use serde::{Deserialize, Serialize};

use crate::objective::Objective;
use crate::row_scale::add_sums;
use crate::smoothing::{slacks as slacks_of, smoothed_losses};
use crate::squared_losses::{can_be_one_node, squared_losses};
use crate::{Loss, TrainingError};

/// The objective at some parameters, in the way in which a device computes it for some
/// rows.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct ObjectiveAt {
    pub(crate) objective: Objective,
    pub(crate) coefficients: Coefficients,
    /// The widths by which the loss of each target is smoothed; empty if it is not.
    pub(crate) widths: Vec<f64>,
    /// Whether the biases have a gradient.
    pub(crate) intercept: bool,
}

/// Sums over rows, in `f64`.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct ObjectiveSums {
    pub(crate) num_rows: usize,
    /// The loss of each target, smoothed if there are widths.
    pub(crate) minimised: Vec<f64>,
    /// The loss of each target, not smoothed; empty without widths.
    pub(crate) losses: Vec<f64>,
    /// The slack of each target; empty without widths.
    pub(crate) slacks: Vec<f64>,
    /// The derivatives of the sum of what is minimised.
    pub(crate) gradient: Vec<f64>,
}

impl ObjectiveAt {
    pub(crate) fn zero(&self) -> ObjectiveSums {
        let parameters = self.coefficients.weight().len() + self.coefficients.bias().len();
        ObjectiveSums {
            num_rows: 0,
            minimised: vec![0.0; self.coefficients.num_targets()],
            losses: vec![0.0; self.widths.len()],
            slacks: vec![0.0; self.widths.len()],
            gradient: vec![0.0; parameters],
        }
    }

    /// Computes the sums over a batch of rows on its device.
    pub(crate) fn of<B: AutodiffBackend>(
        &self,
        batch: Batch<B::InnerBackend>,
        device: &B::Device,
    ) -> Result<ObjectiveSums, TrainingError> {
        let mut sums = self.zero();
        sums.num_rows = batch.targets.dims()[0];
        let model = LinearRegression::<B>::from_coefficients(&self.coefficients, device);
        let found = self.losses(&model, batch, &mut sums)?;
        let gradients = found.backward();
        add_rows(&mut sums.minimised, found.inner());
        let (of_weight, of_bias) = sums.gradient.split_at_mut(self.coefficients.weight().len());
        if let Some(found) = model.weight.val().grad(&gradients) {
            add(of_weight, found.into_data().iter());
        }
        if self.intercept
            && let Some(found) = model.bias.val().grad(&gradients)
        {
            add(of_bias, found.into_data().iter());
        }
        Ok(sums)
    }

    /// Returns the losses of rows that are minimised, and adds up those that are reported
    /// beside them.
    fn losses<B: AutodiffBackend>(
        &self,
        model: &LinearRegression<B>,
        mut batch: Batch<B::InnerBackend>,
        sums: &mut ObjectiveSums,
    ) -> Result<Tensor<B, 2>, TrainingError> {
        let num_targets = self.coefficients.num_targets();
        if self.objective.loss == Loss::Squared
            && can_be_one_node::<B>(num_targets, &batch.features.device())
        {
            match squared_losses(model, batch) {
                Ok(losses) => return Ok(losses),
                Err(of_other_types) => batch = of_other_types,
            }
        }
        let predictions = model.forward(Tensor::from_inner(batch.features));
        let targets = Tensor::from_inner(batch.targets.clone());
        let weights = batch.weights.clone().map(Tensor::from_inner);
        if self.widths.is_empty() {
            return self.objective.losses(predictions, targets, weights);
        }
        let inner = predictions.clone().inner();
        let (y, v) = (batch.targets, batch.weights);
        let exact = self.objective.losses(inner.clone(), y.clone(), v.clone())?;
        add_rows(&mut sums.losses, exact);
        let slacks = slacks_of(&self.objective, &self.widths, inner, y, v);
        add_rows(&mut sums.slacks, slacks);
        Ok(smoothed_losses(
            &self.objective,
            &self.widths,
            predictions,
            targets,
            weights,
        ))
    }
}

impl ObjectiveSums {
    /// Adds the sums over the rows that follow.
    pub(crate) fn merge(&mut self, later: &Self) {
        self.num_rows += later.num_rows;
        for (sums, later) in [
            (&mut self.minimised, &later.minimised),
            (&mut self.losses, &later.losses),
            (&mut self.slacks, &later.slacks),
            (&mut self.gradient, &later.gradient),
        ] {
            add_sums(sums, later);
        }
    }
}

/// Adds the numbers of each row, `[rows, num_targets]`, to the sum of each target.
fn add_rows<B: Backend>(sums: &mut [f64], rows: Tensor<B, 2>) {
    let num_targets = sums.len();
    for (index, number) in rows.into_data().iter::<f64>().enumerate() {
        sums[index % num_targets] += number;
    }
}

fn add(sums: &mut [f64], numbers: impl Iterator<Item = f64>) {
    sums.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
}

/// The stream of a device on which passes compute. By default each thread has one of its
/// own, for which the device keeps memory, and each pass has new threads.
const STREAM: StreamId = StreamId { value: 0 };

/// Sums the objective and its gradient over rows, each part as one tensor on a device
/// of the backend `B`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(bound = "")]
pub(crate) struct ObjectivePass<B: AutodiffBackend> {
    pub(crate) at: ObjectiveAt,
    pub(crate) scale: BatchScale,
    /// Another machine has its own device.
    #[serde(skip)]
    pub(crate) device: B::Device,
    #[serde(skip)]
    pub(crate) backend: PhantomData<fn() -> B>,
}

impl<B: AutodiffBackend> RowPass for ObjectivePass<B> {
    type State = ObjectiveSums;
    type Output = ObjectiveSums;

    /// Programs of one version, which alone run each other's passes, have the same
    /// names of types.
    fn name() -> String {
        format!(
            "loss and gradient on {}",
            std::any::type_name::<B::InnerBackend>()
        )
    }

    fn start(&self) -> ObjectiveSums {
        self.at.zero()
    }

    fn update(&self, sums: &mut ObjectiveSums, rows: &RowChunk) -> Result<(), DataError> {
        let found = STREAM.executes(|| {
            let batch = self.scale.batch(rows, &self.device)?;
            let found = self.at.of::<B>(batch, &self.device);
            found.map_err(|error| DataError::Other(error.into()))
        })?;
        sums.merge(&found);
        Ok(())
    }

    fn merge(&self, sums: &mut ObjectiveSums, later: ObjectiveSums) -> Result<(), DataError> {
        sums.merge(&later);
        Ok(())
    }

    fn finish(self, sums: ObjectiveSums) -> Result<ObjectiveSums, DataError> {
        Ok(sums)
    }
}
