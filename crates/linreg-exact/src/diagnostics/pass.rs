use pulp::{Arch, Simd, WithSimd};

use super::basis::Basis;
use super::leverage::is_determining;
use super::sums::ResidualSums;
use super::{Diagnostics, DiagnosticsConfig, Robust};
use crate::fit::in_parallel;
use crate::threads::on_threads;
use crate::{DoubleDouble, ExactError, Rows, Solution, Weighting};

/// A second pass over the rows of a [`Solution`] that checks the assumptions of its
/// statistics.
///
/// Chunks of rows can be read in parallel; their sums are merged in order.
///
/// # Example
///
/// ```
/// use linreg_exact::{
///     DiagnosticsConfig, DiagnosticsPass, FitConfig, Inference, InferenceConfig, Robust, Rows, fit,
/// };
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// let features = [1.0, 2.0, 3.0, 4.0, 9.0];
/// let targets = [1.0, 2.5, 2.9, 4.2, 9.1];
/// let rows = Rows::new(&features, &targets, 1, 1)?;
/// let solution = fit(&rows, &FitConfig::default())?;
///
/// let config = DiagnosticsConfig {
///     robust: Some(Robust::Hc1),
///     ..DiagnosticsConfig::default()
/// };
/// let pass = DiagnosticsPass::new(&solution, &config);
/// let mut sums = pass.start();
/// let (first, second) = (Rows::new(&features[..2], &targets[..2], 1, 1)?, Rows::new(&features[2..], &targets[2..], 1, 1)?);
/// sums.merge(&pass.sums(&first, |row| row as u64)?)?;
/// sums.merge(&pass.sums(&second, |row| 2 + row as u64)?)?;
/// let found = pass.diagnostics(&sums)?;
/// assert_eq!(found.leverages[0].row, 4);
///
/// let covariance = found.targets[0].robust.as_ref().unwrap();
/// let robust = Inference::robust(&solution, 0, &InferenceConfig::default(), covariance)?;
/// assert!(robust.coefficients[1].std_error < 0.1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DiagnosticsPass {
    pub(super) solution: Solution,
    pub(super) config: DiagnosticsConfig,
    pub(super) basis: Basis,
    /// Standard deviation of each target's residuals, in units; 1 if it is 0 or NaN.
    pub(super) deviations: Vec<f64>,
}

impl DiagnosticsPass {
    /// Returns a pass over the rows that the solution was computed from.
    pub fn new(solution: &Solution, config: &DiagnosticsConfig) -> Self {
        let deviation = |target| {
            let (residual_sum, _) = solution.scaled_residual_sum(target);
            let variance = residual_sum.high() / Self::freedom(solution, config);
            // The sum of counts is in the unit of the weights, the count of a row is
            // not.
            let unit = match config.weighting {
                Weighting::Precision => 1.0,
                Weighting::Counts => 2f64.powi(solution.weight_unit()),
            };
            match (variance * unit).sqrt() {
                deviation if deviation > 0.0 && deviation.is_finite() => deviation,
                _ => 1.0,
            }
        };
        Self {
            solution: solution.clone(),
            config: *config,
            basis: Basis::new(solution),
            deviations: (0..solution.targets.len()).map(deviation).collect(),
        }
    }

    pub(super) fn rows(solution: &Solution, config: &DiagnosticsConfig) -> f64 {
        match config.weighting {
            Weighting::Precision => solution.rows as f64,
            Weighting::Counts => solution.sum_of_weights,
        }
    }

    pub(super) fn freedom(solution: &Solution, config: &DiagnosticsConfig) -> f64 {
        Self::rows(solution, config) - solution.rank as f64
    }

    /// Returns the sums of no rows.
    pub fn start(&self) -> ResidualSums {
        let solution = &self.solution;
        ResidualSums::new(
            solution.num_features(),
            solution.targets.len(),
            solution.factor().kept.len(),
            self.config.robust.is_some(),
            self.config.largest,
        )
    }

    /// Sums up a chunk of rows; `number` turns the index of a row in it into the
    /// number to report. Rows of weight 0 are skipped.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for rows of another number of features or targets than
    /// those of the solution, or if the solution was changed;
    /// [`ExactError::NotFinite`]; or [`ExactError::Weight`] for a weight that is
    /// negative, NaN or infinite.
    pub fn sums(
        &self,
        rows: &Rows,
        number: impl Fn(usize) -> u64,
    ) -> Result<ResidualSums, ExactError> {
        /// Number of rows that fit in the cache.
        const BLOCK: usize = 512;
        self.solution.check_shape(rows)?;
        rows.check()?;
        let num_targets = rows.num_targets();
        let mut sums = self.start();
        let mut squares = vec![0.0; rows.num_rows() * num_targets];
        for start in (0..rows.num_rows()).step_by(BLOCK) {
            let end = rows.num_rows().min(start + BLOCK);
            let of_block = &mut squares[start * num_targets..end * num_targets];
            let part = rows.slice(start..end);
            Arch::new().dispatch(AddBlock {
                pass: self,
                rows: &part,
                number: |row| number(start + row),
                sums: &mut sums,
                squares: of_block,
            });
        }
        let counts = self.counts(rows);
        let squares = rows
            .with_targets(&squares)?
            .with_weights(counts.as_deref())?;
        sums.squares.update(&squares)?;
        Ok(sums)
    }

    /// The number of rows that each row stands for; `None` without weights.
    fn counts(&self, rows: &Rows) -> Option<Vec<f64>> {
        let count = |row| match self.config.weighting {
            Weighting::Precision => f64::from(u8::from(rows.weight(row) > 0.0)),
            Weighting::Counts => rows.weight(row),
        };
        let all = (0..rows.num_rows()).map(count);
        rows.is_weighted().then(|| all.collect())
    }

    #[inline(always)]
    fn add_block(
        &self,
        rows: &Rows,
        number: impl Fn(usize) -> u64,
        sums: &mut ResidualSums,
        squares: &mut [f64],
    ) {
        let solution = &self.solution;
        let kept = &solution.factor().kept;
        let rank = kept.len();
        let num_targets = rows.num_targets();
        let used: Vec<usize> = (0..rows.num_rows())
            .filter(|row| rows.weight(*row) > 0.0)
            .collect();
        let mut block = vec![0.0; used.len() * rank];
        let mut residuals = vec![0.0; used.len() * num_targets];
        let mut row_of_kept = vec![DoubleDouble::ZERO; rank];
        for (index, row) in used.iter().enumerate() {
            solution.read(rows, *row, &mut row_of_kept);
            let of_row = &mut residuals[index * num_targets..][..num_targets];
            for (target, residual) in of_row.iter_mut().enumerate() {
                let mut predicted = DoubleDouble::ZERO;
                for (value, estimate) in row_of_kept.iter().zip(solution.basic(target)) {
                    predicted += *value * *estimate;
                }
                let residual_of = solution.read_target(rows, *row, target) - predicted;
                *residual = residual_of.high() / self.deviations[target];
            }
            self.basis
                .start(&mut row_of_kept, &mut block[index * rank..][..rank]);
        }
        self.basis.finish(&mut block);
        let mut leverages = vec![0.0; used.len()];
        for (index, row) in used.iter().enumerate() {
            let root = match self.config.weighting {
                Weighting::Precision => {
                    (rows.weight(*row) * 2f64.powi(-solution.weight_unit())).sqrt()
                }
                Weighting::Counts => 2f64.powi(-solution.weight_unit() / 2),
            };
            let of_row = &mut block[index * rank..][..rank];
            of_row.iter_mut().for_each(|value| *value *= root);
            leverages[index] = of_row.iter().map(|value| value * value).sum();
            sums.leverages.push(number(*row), leverages[index]);
            if is_determining(leverages[index]) && sums.determining.is_none() {
                sums.determining = Some(number(*row));
            }
            if self.config.weighting == Weighting::Precision {
                let of_row = &mut residuals[index * num_targets..][..num_targets];
                of_row.iter_mut().for_each(|residual| *residual *= root);
            }
        }
        let counts: Vec<f64> = match self.config.weighting {
            Weighting::Precision => vec![1.0; used.len()],
            Weighting::Counts => used.iter().map(|row| rows.weight(*row)).collect(),
        };
        sums.is_counted |= counts.iter().any(|count| *count > 1.0);
        sums.order.push(&block, &counts);
        let (mut factors, mut weighted) = (Vec::new(), Vec::new());
        for (target, of_target) in sums.targets.iter_mut().enumerate() {
            factors.clear();
            for (index, row) in used.iter().enumerate() {
                let (residual, leverage) =
                    (residuals[index * num_targets + target], leverages[index]);
                let count = counts[index];
                let square = residual * residual;
                squares[row * num_targets + target] = square;
                of_target.push(residual, count);
                let rest = 1.0 - leverage;
                if !is_determining(leverage) {
                    let distance = square / rank as f64 * leverage / (rest * rest);
                    of_target.cooks_distances.push(number(*row), distance);
                }
                let power = self.config.robust.map_or(0, Robust::power);
                factors.push(count * square / rest.powi(power));
            }
            if self.config.robust.is_some() && !used.is_empty() {
                of_target.add_products(&block, &factors, &mut weighted);
            }
        }
    }
}

/// Adds a block of rows with the processor's vector instructions, without which each
/// product in double-double is a function call.
struct AddBlock<'a, F> {
    pass: &'a DiagnosticsPass,
    rows: &'a Rows<'a>,
    number: F,
    sums: &'a mut ResidualSums,
    squares: &'a mut [f64],
}

impl<F: Fn(usize) -> u64> WithSimd for AddBlock<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.pass
            .add_block(self.rows, self.number, self.sums, self.squares);
    }
}

/// Computes the diagnostics of rows in memory, numbered from 0, on the same threads
/// as [`fit`](crate::fit). The same rows give the same bits on any number of
/// threads.
///
/// # Errors
///
/// Those of [`DiagnosticsPass::sums`] and [`DiagnosticsPass::diagnostics`].
pub fn diagnose(
    rows: &Rows,
    solution: &Solution,
    config: &DiagnosticsConfig,
) -> Result<Diagnostics, ExactError> {
    on_threads(|| diagnose_here(rows, solution, config))
}

fn diagnose_here(
    rows: &Rows,
    solution: &Solution,
    config: &DiagnosticsConfig,
) -> Result<Diagnostics, ExactError> {
    let pass = DiagnosticsPass::new(solution, config);
    let of_chunk = |start: usize, rows: &Rows| {
        let found = pass.sums(rows, |row| (start + row) as u64);
        found.map_err(|error| error.after(start))
    };
    let total = in_parallel(rows, &of_chunk, &|total: &mut ResidualSums, later| {
        total.merge(later)
    })?;
    pass.diagnostics(&total)
}
