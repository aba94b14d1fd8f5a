use std::cell::Cell;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use burn::tensor::backend::AutodiffBackend;
use linreg_data::{
    Batch, BatchScale, DataError, Dataset, MAX_TENSOR_NUMBERS, Placement, RowPass, Threads,
};
use linreg_model::Coefficients;

use crate::columns::Columns;
use crate::objective::Objective;
use crate::objective_pass::{ObjectiveAt, ObjectivePass, ObjectiveSums};
use crate::point::Point;
use crate::{TrainingError, TrainingRows};

/// Evaluates the objective on all rows. Parts of the table are computed on the device,
/// and their sums merged in `f64` on the host, so that the result has the same bits
/// wherever the rows are.
pub(crate) struct AllRows<'a, B: AutodiffBackend> {
    pub(crate) objective: &'a Objective,
    pub(crate) num_rows: usize,
    intercept: bool,
    rows: TrainingRows<'a>,
    scale: BatchScale,
    /// The parts of the rows, if they stay on the device; `None` for a part without
    /// rows.
    kept: Option<Vec<Option<Batch<B::InnerBackend>>>>,
    /// What goes over rows in memory that stay with the host.
    threads: Threads,
    device: B::Device,
    passes: Cell<u64>,
}

impl<'a, B: AutodiffBackend> AllRows<'a, B> {
    pub(crate) fn new(
        rows: TrainingRows<'a>,
        objective: &'a Objective,
        columns: &Columns,
        intercept: bool,
        device: &B::Device,
    ) -> Self {
        Self {
            objective,
            num_rows: columns.summary.num_rows,
            intercept,
            rows,
            scale: BatchScale::new(&columns.summary, columns.scaler.as_ref()),
            kept: None,
            threads: Threads::default(),
            device: device.clone(),
            passes: Cell::new(0),
        }
    }

    /// The same rows, on so many threads if they are in memory.
    pub(crate) fn on_threads(mut self, num_threads: Option<NonZeroUsize>) -> Self {
        if let Some(num_threads) = num_threads {
            self.threads = Threads::new(num_threads.get());
        }
        self
    }

    /// Moves rows in memory to the device if they are to be kept there and are few
    /// enough.
    pub(crate) fn place(mut self, placement: Placement) -> Result<Self, DataError> {
        let TrainingRows::Memory(dataset) = self.rows else {
            return Ok(self);
        };
        let width = dataset.num_features().max(dataset.num_targets());
        if placement == Placement::Device && dataset.num_rows() * width <= MAX_TENSOR_NUMBERS {
            let move_part = |rows: Option<_>| {
                let batch = rows.map(|rows| self.scale.batch(&rows, &self.device));
                batch.transpose()
            };
            self.kept = Some(dataset.parts().map(move_part).collect::<Result<_, _>>()?);
        }
        Ok(self)
    }

    pub(crate) fn placement(&self) -> Placement {
        match self.kept {
            Some(_) => Placement::Device,
            None => Placement::Host,
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
        let num_targets = self.objective.num_targets();
        let num_weights = parameters.len() - num_targets;
        let (weight, bias) = parameters.split_at(num_weights);
        let sums = self.sums(ObjectiveAt {
            objective: self.objective.clone(),
            coefficients: Coefficients::new(weight.to_vec(), bias.to_vec())?,
            widths: widths.to_vec(),
            intercept: self.intercept,
        })?;
        if sums.num_rows != self.num_rows {
            return Err(TrainingError::Data(DataError::Changed {
                found: sums.num_rows,
                expected: self.num_rows,
            }));
        }
        // The mean of the weights of rows is 1.
        let num_rows = self.num_rows as f64;
        let mean = |sums: Vec<f64>| -> Vec<f64> { sums.iter().map(|sum| sum / num_rows).collect() };
        let minimised = mean(sums.minimised);
        let mut gradient = mean(sums.gradient);
        let mut value: f64 = minimised.iter().sum();
        for (index, slope) in gradient[..num_weights].iter_mut().enumerate() {
            let (l2, w) = (self.objective.l2[index % num_targets], parameters[index]);
            value += l2 * w * w;
            *slope += 2.0 * l2 * w;
        }
        Ok(Point {
            parameters,
            losses: if widths.is_empty() {
                minimised
            } else {
                mean(sums.losses)
            },
            slacks: mean(sums.slacks),
            value,
            gradient,
        })
    }

    fn sums(&self, at: ObjectiveAt) -> Result<ObjectiveSums, TrainingError> {
        if let (Some(parts), TrainingRows::Memory(dataset)) = (&self.kept, self.rows) {
            return self.sums_on_device(&at, parts, dataset);
        }
        let pass = ObjectivePass::<B> {
            at,
            scale: self.scale.clone(),
            device: self.device.clone(),
            backend: PhantomData,
        };
        Ok(match self.rows {
            TrainingRows::Memory(dataset) => dataset.run(&self.threads, pass)?,
            TrainingRows::Stream(source) => pass.run(source)?,
        })
    }

    fn sums_on_device(
        &self,
        at: &ObjectiveAt,
        parts: &[Option<Batch<B::InnerBackend>>],
        dataset: &Dataset,
    ) -> Result<ObjectiveSums, TrainingError> {
        let sums = parts.iter().map(|batch| match batch {
            None => Ok(at.zero()),
            Some(batch) => at.of::<B>(batch.clone(), &self.device),
        });
        let sums: Vec<ObjectiveSums> = sums.collect::<Result<_, _>>()?;
        let merged = dataset.merge(sums, |sums, later| sums.merge(&later));
        Ok(merged.unwrap_or_else(|| at.zero()))
    }
}
