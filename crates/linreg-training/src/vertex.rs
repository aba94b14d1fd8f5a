use linreg_data::{DataError, RowChunk, RowPass, RowSource};
use linreg_model::{Coefficients, CoefficientsError};
use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::columns::Columns;
use crate::objective::Objective;
use crate::objectives::objectives;
use crate::row_scale::{RowScale, add_sums, coefficients_of, predict};
use crate::solve::solve;

/// Moves coefficients that training left near a vertex of the linear program to
/// that vertex, so that the model fits the rows of that vertex exactly.
///
/// The mean of a loss with a corner has a minimum where the model fits as many
/// rows exactly as it has coefficients (Koenker, *Quantile Regression*, 2005,
/// section 2.2.1). At the end of training these rows are within the widths that
/// the loss was smoothed by. The moved coefficients of a target are kept if its
/// objective is no larger.
pub(crate) fn at_vertex(
    source: &(impl RowSource + ?Sized),
    columns: &Columns,
    objective: &Objective,
    intercept: bool,
    coefficients: Coefficients,
    widths: &[f64],
) -> Result<Coefficients, TrainingError> {
    /// The second round removes the rounding error of the first.
    const ROUNDS: usize = 2;
    if objective.has_l2() {
        return Ok(coefficients);
    }
    let scale = RowScale::new(columns, intercept);
    let before = objectives(source, &scale, &coefficients, objective)?;
    let mut moved = coefficients.clone();
    for _ in 0..ROUNDS {
        let pass = StepPass {
            scale: scale.clone(),
            coefficients: moved.clone(),
            widths: widths.to_vec(),
        };
        let steps = pass.run(source)?;
        moved = add(&moved, &steps)?;
    }
    let after = objectives(source, &scale, &moved, objective)?;
    let num_targets = widths.len();
    let kept = |target: usize| {
        let mut weights = moved.weight()[target..].iter().step_by(num_targets);
        let is_allowed = !objective.nonnegative || weights.all(|w| *w >= 0.0);
        is_allowed && after[target] <= before[target]
    };
    let kept: Vec<bool> = (0..num_targets).map(kept).collect();
    let choose = |(index, (old, new)): (usize, (&f64, &f64))| {
        if kept[index % num_targets] {
            *new
        } else {
            *old
        }
    };
    let both = |old: &[f64], new: &[f64]| -> Vec<f64> {
        old.iter().zip(new).enumerate().map(choose).collect()
    };
    Ok(Coefficients::new(
        both(coefficients.weight(), moved.weight()),
        both(coefficients.bias(), moved.bias()),
    )?)
}

/// Computes the change of the weights and the bias of each target by which they
/// fit the rows within its width best, in the least-squares sense.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct StepPass {
    scale: RowScale,
    coefficients: Coefficients,
    /// The width of each target.
    widths: Vec<f64>,
}

/// The normal equations of a target.
#[derive(Deserialize, Serialize)]
pub(crate) struct Normal {
    /// Row-major; only the lower triangle is computed.
    matrix: Vec<f64>,
    products: Vec<f64>,
}

impl RowPass for StepPass {
    type State = Vec<Normal>;
    type Output = Vec<Vec<f64>>;

    fn name() -> String {
        "step to a vertex".to_string()
    }

    fn start(&self) -> Vec<Normal> {
        let size = self.coefficients.num_features() + 1;
        let normal = |_: &f64| Normal {
            matrix: vec![0.0; size * size],
            products: vec![0.0; size],
        };
        self.widths.iter().map(normal).collect()
    }

    fn update(&self, normals: &mut Vec<Normal>, rows: &RowChunk) -> Result<(), DataError> {
        self.scale.each_that_counts(rows, |row| {
            for (target, (normal, width)) in normals.iter_mut().zip(&self.widths).enumerate() {
                let residual = row.y[target] - predict(&self.coefficients, row.x, target);
                if residual.abs() <= *width {
                    normal.add(row.x, residual);
                }
            }
        });
        Ok(())
    }

    fn merge(&self, normals: &mut Vec<Normal>, later: Vec<Normal>) -> Result<(), DataError> {
        for (normal, later) in normals.iter_mut().zip(later) {
            add_sums(&mut normal.matrix, &later.matrix);
            add_sums(&mut normal.products, &later.products);
        }
        Ok(())
    }

    fn finish(self, normals: Vec<Normal>) -> Result<Vec<Vec<f64>>, DataError> {
        let step = |(target, normal): (usize, Normal)| {
            // A weight that the penalty set to 0 stays 0.
            let weights = coefficients_of(&self.coefficients, target);
            let mut is_free: Vec<bool> = weights.map(|w| w != 0.0).collect();
            is_free[self.coefficients.num_features()] = self.scale.intercept;
            solve(normal.matrix, normal.products, &is_free)
        };
        Ok(normals.into_iter().enumerate().map(step).collect())
    }
}

impl Normal {
    fn add(&mut self, x: &[f64], residual: f64) {
        let size = x.len();
        for (i, a) in x.iter().enumerate() {
            self.products[i] += a * residual;
            let row = &mut self.matrix[i * size..=i * size + i];
            row.iter_mut().zip(x).for_each(|(sum, b)| *sum += a * b);
        }
    }
}

/// Returns the coefficients plus a step for each target.
fn add(coefficients: &Coefficients, steps: &[Vec<f64>]) -> Result<Coefficients, CoefficientsError> {
    let num_targets = steps.len();
    let num_features = coefficients.num_features();
    let weight = coefficients.weight().iter().enumerate();
    let weight = weight.map(|(index, w)| w + steps[index % num_targets][index / num_targets]);
    let bias = coefficients.bias().iter().zip(steps);
    let bias = bias.map(|(b, step)| b + step[num_features]);
    Coefficients::new(weight.collect(), bias.collect())
}
