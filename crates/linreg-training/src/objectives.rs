use linreg_data::{DataError, RowChunk, RowPass, RowSource};
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::objective::Objective;
use crate::row_scale::{RowScale, add_sums, predict};

/// Sums the losses of each target, on the scale that training uses.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LossesPass {
    scale: RowScale,
    coefficients: Coefficients,
    objective: Objective,
}

impl RowPass for LossesPass {
    type State = Vec<f64>;
    type Output = Vec<f64>;

    fn name() -> String {
        "losses".to_string()
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.coefficients.num_targets()]
    }

    fn update(&self, sums: &mut Vec<f64>, rows: &RowChunk) -> Result<(), DataError> {
        self.scale.each_that_counts(rows, |row| {
            for (target, sum) in sums.iter_mut().enumerate() {
                let residual = row.y[target] - predict(&self.coefficients, row.x, target);
                *sum += row.weight * self.objective.loss_of(target, residual);
            }
        });
        Ok(())
    }

    fn merge(&self, sums: &mut Vec<f64>, later: Vec<f64>) -> Result<(), DataError> {
        add_sums(sums, &later);
        Ok(())
    }

    fn finish(self, sums: Vec<f64>) -> Result<Vec<f64>, DataError> {
        Ok(sums)
    }
}

/// Returns the objective of each target, on the scale that training uses.
pub(crate) fn objectives(
    source: &(impl RowSource + ?Sized),
    scale: &RowScale,
    coefficients: &Coefficients,
    objective: &Objective,
) -> Result<Vec<f64>, DataError> {
    let pass = LossesPass {
        scale: scale.clone(),
        coefficients: coefficients.clone(),
        objective: objective.clone(),
    };
    let mut found = pass.run(source)?;
    let num_rows = source.num_rows() as f64;
    found.iter_mut().for_each(|sum| *sum /= num_rows);
    for (index, w) in coefficients.weight().iter().enumerate() {
        let target = index % coefficients.num_targets();
        found[target] += objective.l1[target] * w.abs() + objective.l2[target] * w * w;
    }
    Ok(found)
}
