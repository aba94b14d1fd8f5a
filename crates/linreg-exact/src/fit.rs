use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::accumulator::CHUNK_ROWS;
use crate::products::is_wide;
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
/// [`Policy`] decides: with products in 64-bit floats, and where that is needed with a
/// step of iterative refinement, products in double-double, or both.
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

fn accumulate(rows: &Rows, arithmetic: Arithmetic) -> Result<Accumulator, ExactError> {
    if arithmetic == Arithmetic::Double && is_wide(rows.num_features() + rows.num_targets() + 1) {
        // The threads share the work within a chunk, so that its sums are in memory once.
        let mut accumulator = Accumulator::new(rows.num_features(), rows.num_targets(), arithmetic);
        accumulator.update(rows)?;
        return Ok(accumulator);
    }
    let mut sample = Accumulator::new(rows.num_features(), rows.num_targets(), arithmetic);
    sample.update(&rows.slice(0..rows.num_rows().min(64)))?;
    let of_chunk = |first: usize, rows: &Rows| {
        let mut accumulator = sample.another();
        let updated = accumulator.update(rows);
        updated.map_err(|error| error.after(first))?;
        Ok(accumulator)
    };
    in_parallel(rows, &of_chunk, &|total, later| total.merge(later))
}

fn refine(rows: &Rows, solution: Solution) -> Result<Solution, ExactError> {
    let pass = RefinementPass::new(solution);
    let of_chunk = |_: usize, rows: &Rows| {
        let mut sums = pass.start();
        pass.update(&mut sums, rows)?;
        Ok(sums)
    };
    let total = in_parallel(rows, &of_chunk, &|total: &mut RefinementSums, later| {
        total.merge(later)
    })?;
    pass.solution(&total)
}

/// Computes the state of each chunk of rows, given the index of its first row, in
/// parallel, and merges the states of neighbours. Which are merged depends on the number
/// of rows alone. An error is the first one in the order of the rows; the chunks after it
/// that have not begun are left out.
pub(crate) fn in_parallel<S: Send>(
    rows: &Rows,
    of_chunk: &(impl Fn(usize, &Rows) -> Result<S, ExactError> + Sync),
    merge: &(impl Fn(&mut S, &S) -> Result<(), ExactError> + Sync),
) -> Result<S, ExactError> {
    let failed = AtomicUsize::new(usize::MAX);
    let of_chunk = |range: Range<usize>| {
        let start = range.start;
        if failed.load(Relaxed) < start {
            return Ok(None);
        }
        let state = of_chunk(start, &rows.slice(range));
        if state.is_err() {
            failed.fetch_min(start, Relaxed);
        }
        state.map(Some)
    };
    let state = of_range(0..rows.num_rows(), &of_chunk, merge)?;
    Ok(state.expect("chunks are left out only after an error"))
}

fn of_range<S: Send>(
    range: Range<usize>,
    of_chunk: &(impl Fn(Range<usize>) -> Result<Option<S>, ExactError> + Sync),
    merge: &(impl Fn(&mut S, &S) -> Result<(), ExactError> + Sync),
) -> Result<Option<S>, ExactError> {
    let num_chunks = range.len().div_ceil(CHUNK_ROWS);
    if num_chunks <= 1 {
        return of_chunk(range);
    }
    let middle = range.start + num_chunks.div_ceil(2) * CHUNK_ROWS;
    let (total, later) = rayon::join(
        || of_range(range.start..middle, of_chunk, merge),
        || of_range(middle..range.end, of_chunk, merge),
    );
    let (Some(mut total), Some(later)) = (total?, later?) else {
        return Ok(None);
    };
    merge(&mut total, &later)?;
    Ok(Some(total))
}

#[cfg(test)]
mod claims;
#[cfg(test)]
mod tests;
