use linreg_data::{DataError, RowPass, RowSource};
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::columns::Columns;
use crate::objective::Objective;
use crate::objectives::objectives;
use crate::row_scale::RowScale;
use crate::{Loss, TrainingConfig};
pub(crate) use dual::DualPass;
use dual::{Dual, Work};

mod dual;

/// The objective of a target (its mean loss plus the penalty), and a lower bound
/// of its minimum over all coefficients on the same rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Optimality {
    /// The objective of the model, in the loss's unit.
    pub objective: f64,
    /// A lower bound of the objective of any coefficients, at least 0.
    pub lower_bound: f64,
}

impl Optimality {
    /// Returns an upper bound of how far the objective is above its minimum, as a
    /// share of the minimum; none where the minimum may be 0.
    pub fn excess(&self) -> Option<f64> {
        if self.objective == 0.0 {
            return Some(0.0);
        }
        let excess = (self.objective / self.lower_bound - 1.0).max(0.0);
        excess.is_finite().then_some(excess)
    }
}

/// Largest residual that is due to rounding in `f64`, on the scale that training
/// uses.
const ROUNDING: f64 = 1e-14;

/// An excess below this is close enough; no further bounds are computed.
const CLOSE: f64 = 1e-5;

/// Largest number of multiplications for the bounds. They take some tens of
/// seconds.
const MOST_WORK: f64 = 4e10;

/// Returns the optimality for each target, in the units of the data; the
/// coefficients are on the scale that training uses. None with weight decay,
/// where the objective is not finite, or where the bounds would take too long.
///
/// The bounds are values of the dual problem (Boyd and Vandenberghe, *Convex
/// Optimization*, section 5.1.3). A dual point has a slope `u` of the loss for
/// each row. If the mean of `u x` is within what the penalty allows for every
/// feature, the mean of `u y` minus the conjugates of the loss and of the penalty
/// is a lower bound. The slopes start as those of the loss, smoothed by some
/// width. They are corrected twice to satisfy the condition, and scaled down
/// until they are slopes that the loss can have. All of this is computed in `f64`
/// on the host, in at least four passes over the rows.
pub(crate) fn optimality(
    config: &TrainingConfig,
    source: &(impl RowSource + ?Sized),
    columns: &Columns,
    objective: &Objective,
    coefficients: &Coefficients,
    widths: &[f64],
) -> Result<Option<Vec<Optimality>>, DataError> {
    let num_targets = coefficients.num_targets();
    let scale = RowScale::new(columns, config.intercept);
    let objectives = objectives(source, &scale, coefficients, objective)?;
    let all_finite = objectives.iter().all(|objective| objective.is_finite());
    if config.weight_decay > 0.0 || !all_finite {
        return Ok(None);
    }
    // An objective that is only rounding error counts as 0, because a share of it
    // would mean nothing.
    let nothing = match objective.loss {
        Loss::Squared | Loss::Huber { .. } => ROUNDING * ROUNDING,
        _ => ROUNDING,
    };
    let without_noise = |objective: f64| if objective <= nothing { 0.0 } else { objective };
    let objectives: Vec<f64> = objectives.into_iter().map(without_noise).collect();
    let mut bounds: Vec<Optimality> = objectives
        .iter()
        .map(|objective| Optimality {
            objective: *objective,
            lower_bound: 0.0,
        })
        .collect();
    // The widths that training ended with give the best bounds, if there are any.
    let first: Vec<(usize, f64)> = match (objective.loss, widths) {
        (Loss::Squared | Loss::Huber { .. }, _) => (0..num_targets).map(|t| (t, 1.0)).collect(),
        (_, widths) => widths.iter().copied().enumerate().collect(),
    };
    // An objective of 0 is a minimum, because no objective is below 0.
    let mut is_known = objectives.iter().all(|objective| *objective == 0.0);
    for candidates in [first, grid(&objectives, objective.loss)] {
        let still = candidates
            .into_iter()
            .filter(|(target, _)| bounds[*target].excess().is_none_or(|e| e > CLOSE));
        let mut duals: Vec<Dual> = still
            .map(|(target, width)| {
                Dual::new(objective, target, width, coefficients, source.num_rows())
            })
            .collect();
        let size = (coefficients.num_features() + 1) as f64;
        let work = size * size * source.num_rows() as f64 * duals.len() as f64;
        if duals.is_empty() || work > MOST_WORK {
            continue;
        }
        is_known = true;
        for _ in 0..Dual::CORRECTIONS {
            let sums = DualPass::new(&scale, &duals, Work::Correct).run(source)?;
            let duals = duals.iter_mut().zip(sums);
            duals.for_each(|(dual, sums)| dual.correct(sums));
        }
        let sums = DualPass::new(&scale, &duals, Work::Bound).run(source)?;
        for (dual, sums) in duals.iter().zip(&sums) {
            let bound = &mut bounds[dual.target()];
            let found = dual.lower_bound(sums);
            // Rounding could make the bound larger than the objective.
            bound.lower_bound = bound.lower_bound.max(found).min(bound.objective);
        }
    }
    for (target, bound) in bounds.iter_mut().enumerate() {
        bound.objective *= objective.unit(target);
        bound.lower_bound *= objective.unit(target);
    }
    Ok(is_known.then_some(bounds))
}

/// Returns several widths for each target, as shares of its objective, for a
/// model that was not trained with smoothing; none for a smooth loss.
fn grid(objectives: &[f64], loss: Loss) -> Vec<(usize, f64)> {
    if loss.is_smooth() {
        return Vec::new();
    }
    let shares = (-1..8).map(|half| 10f64.powf(-0.5 * f64::from(half)));
    let all = objectives.iter().enumerate();
    all.filter(|(_, objective)| **objective > 0.0)
        .flat_map(|(target, objective)| {
            shares.clone().map(move |share| (target, share * objective))
        })
        .collect()
}

#[cfg(test)]
mod tests;
