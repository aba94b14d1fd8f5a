use linreg_data::{DataError, RowChunk, RowPass, RowSource};
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::{Loss, TrainingError};

/// Sums the loss over rows and targets, in `f64` on the host.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct HeldOutLossPass {
    coefficients: Coefficients,
    loss: Loss,
}

/// The weighted sum of the losses, and the sum of the weights.
#[derive(Deserialize, Serialize)]
pub(crate) struct LossSums {
    losses: f64,
    weights: f64,
}

impl RowPass for HeldOutLossPass {
    type State = LossSums;
    type Output = f64;

    fn name() -> String {
        "loss on rows held out".to_string()
    }

    fn start(&self) -> LossSums {
        LossSums {
            losses: 0.0,
            weights: 0.0,
        }
    }

    fn update(&self, sums: &mut LossSums, rows: &RowChunk) -> Result<(), DataError> {
        let predictions = self.coefficients.predict(rows.features);
        let predictions = predictions.map_err(|error| DataError::Other(error.into()))?;
        let targets = rows.targets.chunks_exact(rows.num_targets);
        let predictions = predictions.chunks_exact(rows.num_targets);
        for (row, (y, p)) in targets.zip(predictions).enumerate() {
            let weight = rows.weights.map_or(1.0, |weights| weights[row]);
            sums.weights += weight;
            if weight > 0.0 {
                let losses = y.iter().zip(p).map(|(y, p)| self.loss.of(y - p));
                sums.losses += weight * losses.sum::<f64>();
            }
        }
        Ok(())
    }

    fn merge(&self, sums: &mut LossSums, later: LossSums) -> Result<(), DataError> {
        sums.losses += later.losses;
        sums.weights += later.weights;
        Ok(())
    }

    fn finish(self, sums: LossSums) -> Result<f64, DataError> {
        Ok(sums.losses / sums.weights)
    }
}

/// Returns the weighted mean over rows of the loss, summed over the targets.
///
/// # Errors
///
/// Rows that cannot be read, or a mean that is not finite.
pub(crate) fn held_out_loss(
    source: &(impl RowSource + ?Sized),
    coefficients: &Coefficients,
    loss: Loss,
) -> Result<f64, TrainingError> {
    let coefficients = coefficients.clone();
    let mean = HeldOutLossPass { coefficients, loss }.run(source)?;
    if mean.is_finite() {
        return Ok(mean);
    }
    Err(TrainingError::HeldOut { loss: mean })
}
