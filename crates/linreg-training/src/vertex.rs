use linreg_data::{DataError, RowSource};
use linreg_model::{Coefficients, CoefficientsError};

use crate::TrainingError;
use crate::columns::Columns;
use crate::objective::Objective;
use crate::scaled_rows::ScaledRows;
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
    let before = rows(source, columns, &coefficients, intercept).objectives(objective)?;
    let mut moved = coefficients.clone();
    for _ in 0..ROUNDS {
        let rows = rows(source, columns, &moved, intercept);
        let steps: Result<Vec<Vec<f64>>, DataError> = (0..widths.len())
            .map(|target| step(&rows, target, widths[target]))
            .collect();
        moved = add(&moved, &steps?)?;
    }
    let after = rows(source, columns, &moved, intercept).objectives(objective)?;
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

fn rows<'a, S: RowSource + ?Sized>(
    source: &'a S,
    columns: &'a Columns,
    coefficients: &'a Coefficients,
    intercept: bool,
) -> ScaledRows<'a, S> {
    ScaledRows {
        source,
        columns,
        coefficients,
        intercept,
    }
}

/// Returns the change of the weights and the bias of a target by which they fit
/// the rows within the width best, in the least-squares sense.
fn step<S: RowSource + ?Sized>(
    rows: &ScaledRows<'_, S>,
    target: usize,
    width: f64,
) -> Result<Vec<f64>, DataError> {
    let size = rows.coefficients.num_features() + 1;
    let (mut matrix, mut products) = (vec![0.0; size * size], vec![0.0; size]);
    rows.each(|x, y, _| {
        let residual = y[target] - rows.predict(x, target);
        if residual.abs() <= width {
            for (i, a) in x.iter().enumerate() {
                products[i] += a * residual;
                let row = &mut matrix[i * size..=i * size + i];
                row.iter_mut().zip(x).for_each(|(sum, b)| *sum += a * b);
            }
        }
    })?;
    // A weight that the penalty set to 0 stays 0.
    let mut is_free: Vec<bool> = rows.coefficients_of(target).map(|w| w != 0.0).collect();
    is_free[size - 1] = rows.intercept;
    Ok(solve(matrix, products, &is_free))
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
