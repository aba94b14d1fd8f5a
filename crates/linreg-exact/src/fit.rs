use rayon::prelude::*;

use crate::accumulator::CHUNK_ROWS;
use crate::threads::on_threads;
use crate::{
    Accumulator, Arithmetic, Collinear, ExactError, Next, Policy, RefinementPass, RefinementSums,
    Rows, Solution,
};

/// How to fit a model to rows in memory.
#[derive(Clone, Copy, Debug)]
pub struct FitConfig {
    /// Whether the model has an intercept. Default: true.
    pub intercept: bool,
    /// What is done about linearly dependent features. Default: an error.
    pub collinear: Collinear,
    /// How many digits every figure has to have; where it has fewer, the rows are read
    /// again. Default: [`Policy::DIGITS`].
    pub policy: Policy,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            intercept: true,
            collinear: Collinear::Error,
            policy: Policy::default(),
        }
    }
}

/// Fits a model to rows in memory, in one to three passes over them, as the
/// [`Policy`] decides: with products in 64-bit floats, with products in double-double
/// where that is needed, and a step of iterative refinement.
///
/// It runs on all threads of the rayon pool that it is called in, or else on as
/// many threads as there are cores and the system provides.
///
/// The same rows give the same bits on any number of threads.
///
/// # Errors
///
/// Those of [`Accumulator::update`] and [`Accumulator::solve`], except
/// [`ExactError::Imprecise`], and those of [`Policy::next`].
///
/// # Example
///
/// ```
/// use linreg_exact::{FitConfig, Rows, fit};
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// let features = [1.0, 5.0, 2.0, 1.0, 3.0, 4.0, 4.0, 0.0];
/// let targets = [-12.0, 2.0, -5.0, 9.0];
/// let solution = fit(&Rows::new(&features, &targets, 2, 1)?, &FitConfig::default())?;
/// // y = 1 + 2 x1 - 3 x2
/// for (found, expected) in solution.targets[0].estimates.iter().zip([1.0, 2.0, -3.0]) {
///     assert!((found - expected).abs() < 1e-14);
/// }
/// # Ok(())
/// # }
/// ```
pub fn fit(rows: &Rows, config: &FitConfig) -> Result<Solution, ExactError> {
    on_threads(|| fit_here(rows, config))
}

fn fit_here(rows: &Rows, config: &FitConfig) -> Result<Solution, ExactError> {
    let solve = |arithmetic| {
        let accumulator = accumulate(rows, arithmetic)?;
        accumulator.solve(config.intercept, config.collinear)
    };
    let products = rows
        .num_rows()
        .saturating_mul(rows.num_features().saturating_pow(2));
    let mut solved = if products < FEW_PRODUCTS {
        solve(Arithmetic::DoubleDouble)
    } else {
        solve(Arithmetic::Double)
    };
    loop {
        solved = match config.policy.next(solved)? {
            Next::Done(solution) => return Ok(solution),
            Next::DoubleDouble => solve(Arithmetic::DoubleDouble),
            Next::Refine(solution) => refine(rows, solution),
        };
    }
}

/// With fewer products than this, 64-bit floats save no time worth mentioning.
const FEW_PRODUCTS: usize = 1 << 20;

/// Adds up chunks of rows in parallel, and merges their sums in order.
fn accumulate(rows: &Rows, arithmetic: Arithmetic) -> Result<Accumulator, ExactError> {
    let mut total = Accumulator::new(rows.num_features(), rows.num_targets(), arithmetic);
    let mut sample = total.clone();
    sample.update(&rows.slice(0..rows.num_rows().min(64)))?;
    for (first, parts) in in_waves(rows) {
        let parts: Vec<Result<Accumulator, ExactError>> = parts
            .into_par_iter()
            .map(|part| {
                let mut accumulator = sample.another();
                accumulator.update(&part)?;
                Ok(accumulator)
            })
            .collect();
        for (index, part) in parts.into_iter().enumerate() {
            let rows_before = first + index * CHUNK_ROWS;
            total.merge(&part.map_err(|error| error.after(rows_before))?)?;
        }
    }
    Ok(total)
}

fn refine(rows: &Rows, solution: Solution) -> Result<Solution, ExactError> {
    let pass = RefinementPass::new(solution);
    let mut total = pass.start();
    for (_, parts) in in_waves(rows) {
        let parts: Vec<Result<RefinementSums, ExactError>> = parts
            .into_par_iter()
            .map(|part| {
                let mut sums = pass.start();
                pass.update(&mut sums, &part)?;
                Ok(sums)
            })
            .collect();
        for part in parts {
            total.merge(&part?)?;
        }
    }
    pass.solution(&total)
}

/// The chunks of rows in groups, whose sums are in memory at the same time, each
/// group with the index of its first row.
pub(crate) fn in_waves<'a>(rows: &Rows<'a>) -> impl Iterator<Item = (usize, Vec<Rows<'a>>)> {
    let rows = *rows;
    let wave = CHUNK_ROWS * 4 * rayon::current_num_threads();
    (0..rows.num_rows()).step_by(wave).map(move |start| {
        let end = rows.num_rows().min(start + wave);
        let starts = (start..end).step_by(CHUNK_ROWS);
        let parts = starts.map(|start| rows.slice(start..end.min(start + CHUNK_ROWS)));
        (start, parts.collect())
    })
}

#[cfg(test)]
mod claims;
#[cfg(test)]
mod tests;
