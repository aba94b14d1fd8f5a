use linreg_data::{ChunkOrder, DataError, EncodedSource, EncodingCounts, Rows, Set, Split};
use linreg_training::{Loss, Metrics, MetricsAccumulator};

use crate::number::plain;
use crate::{FitError, FittedModel, Table};

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
        let source = table.source().clone();
        let rows = EncodedSource::new(source, self.encoder(), Split::None, Set::Training);
        let rows = rows.map_err(|error| in_table(error.into()))?;
        let mut counts = EncodingCounts::default();
        let chunks = rows.encoded(ChunkOrder::File);
        let chunks = chunks
            .map_err(|error| in_table(error.into()))?
            .map(|chunk| {
                let (rows, of_chunk) = chunk?;
                counts.merge(&of_chunk);
                Ok(rows)
            });
        let predict = |rows: &Rows| self.predictor().predict(rows);
        let metrics = metrics(chunks, predict, self.target_names(), self.loss());
        Ok(Evaluation {
            metrics: metrics.map_err(in_table)?,
            counts,
        })
    }
}

/// The metrics of each target over all rows, of which there must be at least
/// one. `loss` is the one that the model was fitted with.
pub fn metrics(
    chunks: impl Iterator<Item = Result<Rows, DataError>>,
    predict: impl Fn(&Rows) -> Vec<f64>,
    targets: &[String],
    loss: Loss,
) -> Result<Vec<Metrics>, FitError> {
    let num_targets = targets.len();
    let mut accumulators = vec![MetricsAccumulator::new(loss); num_targets];
    let column = |values: &[f64], target: usize| -> Vec<f64> {
        let values = values[target.min(values.len())..].iter();
        values.step_by(num_targets).copied().collect()
    };
    for rows in chunks {
        let rows = rows?;
        let predictions = predict(&rows);
        for (target, accumulator) in accumulators.iter_mut().enumerate() {
            let predictions = column(&predictions, target);
            let targets = column(&rows.targets, target);
            match &rows.weights {
                None => accumulator.update(&predictions, &targets),
                Some(weights) => accumulator.update_weighted(&predictions, &targets, weights),
            }
        }
    }
    let metrics = accumulators.iter().zip(targets);
    metrics
        .map(|(accumulator, target)| match accumulator.metrics() {
            None => Err(FitError::NoRows),
            // An overflow is of no use to anybody, and JSON has no number for
            // it.
            Some(metrics) if !metrics.mse.is_finite() => Err(FitError::MetricsOverflow {
                target: plain(target),
            }),
            Some(metrics) => Ok(metrics),
        })
        .collect()
}
