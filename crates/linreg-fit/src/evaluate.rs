use linreg_data::{DataError, EncodingCounts, RowChunk, RowPass, Set, Split};
use linreg_training::{Loss, Metrics, MetricsAccumulator};
use serde::{Deserialize, Serialize};

use crate::exact::data_error;
use crate::number::plain;
use crate::{FitError, FittedModel, Predictor, Table};

/// How good a model is on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The metrics of each target.
    pub metrics: Vec<Metrics>,
    /// What was done about missing cells and levels that the model does not know.
    pub counts: EncodingCounts,
}

impl FittedModel {
    /// Judges the model on a table, which has its targets too, and its weights if
    /// it was fitted with any.
    ///
    /// # Errors
    ///
    /// A table that lacks columns, cannot be read or has no rows, or residuals
    /// beyond 64-bit floats.
    pub fn evaluate(&self, table: &Table) -> Result<Evaluation, FitError> {
        let in_table = |error: FitError| error.of_table(table.name());
        let rows = table.rows(self.encoder(), Split::None, Set::Training);
        let rows = rows.map_err(|error| in_table(error.into()))?;
        let pass = MetricsPass::new(self.predictor(), self.target_names(), self.loss());
        let found = rows.run(pass);
        let (found, counts) = found.map_err(|error| in_table(error.into()))?;
        let metrics = metrics(&found, self.target_names()).map_err(in_table)?;
        Ok(Evaluation { metrics, counts })
    }
}

/// Judges predictions on the rows of a pass.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct MetricsPass {
    predictor: Predictor,
    targets: Vec<String>,
    loss: Loss,
}

impl MetricsPass {
    /// `loss` is the one that the model was fitted with.
    pub fn new(predictor: &Predictor, targets: &[String], loss: Loss) -> Self {
        Self {
            predictor: predictor.clone(),
            targets: targets.to_vec(),
            loss,
        }
    }
}

impl RowPass for MetricsPass {
    type State = Vec<MetricsAccumulator>;
    type Output = Vec<MetricsAccumulator>;

    fn name() -> String {
        "metrics".to_string()
    }

    fn start(&self) -> Self::State {
        vec![MetricsAccumulator::new(self.loss); self.targets.len()]
    }

    fn update(&self, state: &mut Self::State, rows: &RowChunk) -> Result<(), DataError> {
        let predictions = self.predictor.predict(rows.features, rows.tails);
        let predictions = predictions.map_err(data_error)?;
        let num_targets = self.targets.len();
        let column = |values: &[f64], target: usize| -> Vec<f64> {
            let values = values[target.min(values.len())..].iter();
            values.step_by(num_targets).copied().collect()
        };
        for (target, accumulator) in state.iter_mut().enumerate() {
            let predictions = column(&predictions, target);
            let targets = column(rows.targets, target);
            match rows.weights {
                None => accumulator.update(&predictions, &targets)?,
                Some(weights) => accumulator.update_weighted(&predictions, &targets, weights)?,
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        for (accumulator, later) in state.iter_mut().zip(&later) {
            accumulator.merge(later)?;
        }
        Ok(())
    }

    fn finish(self, state: Self::State) -> Result<Self::State, DataError> {
        Ok(state)
    }
}

/// The metrics of each target over some rows.
///
/// # Errors
///
/// No rows, or residuals beyond 64-bit floats: an overflow is of no use to
/// anybody, and JSON has no number for it.
pub(crate) fn metrics(
    accumulators: &[MetricsAccumulator],
    targets: &[String],
) -> Result<Vec<Metrics>, FitError> {
    let metrics = accumulators.iter().zip(targets);
    let metrics = metrics.map(|(accumulator, target)| match accumulator.metrics() {
        None => Err(FitError::NoRows),
        Some(metrics) if metrics.mse.is_finite() => Ok(metrics),
        Some(_) => Err(FitError::MetricsOverflow {
            target: plain(target),
        }),
    });
    metrics.collect()
}
