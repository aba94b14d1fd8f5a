use linreg_data::{DataError, RowChunk, RowPass, RowSource};
use serde::{Deserialize, Serialize};

use crate::row_scale::RowScale;
use crate::{OptimizerConfig, TrainingConfig};

/// The curvature of the squared loss on the scale that training uses. Rows `x`
/// have a column of ones where the model has a bias, and are weighted by their
/// weights divided by the mean weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curvature {
    /// The largest eigenvalue of the Gram matrix `X' X / n`.
    pub(crate) largest_eigenvalue: f64,
    /// `E|x|²`: the trace of that matrix.
    pub(crate) mean_square: f64,
    /// `E|x|⁴`.
    mean_fourth: f64,
    /// The largest `|x|²` times the weight of the row.
    pub(crate) largest_square: f64,
}

impl Curvature {
    /// Largest number of rows that the eigenvalue is computed from, spread evenly
    /// over the source.
    const SAMPLE_ROWS: usize = 16_384;

    /// Computes the curvature, which reads every row once.
    pub(crate) fn of(
        source: &(impl RowSource + ?Sized),
        scale: &RowScale,
    ) -> Result<Self, DataError> {
        let every = source.num_rows().div_ceil(Self::SAMPLE_ROWS).max(1) as u64;
        let scale = scale.clone();
        CurvaturePass { scale, every }.run(source)
    }

    /// Returns the learning rate before the schedule, for this total number of
    /// updates, see [`TrainingConfig::for_rows`].
    pub(crate) fn learning_rate(&self, config: &TrainingConfig, updates: usize) -> f64 {
        match config.optimizer {
            OptimizerConfig::Adam | OptimizerConfig::AdamW | OptimizerConfig::RmsProp { .. } => {
                return 0.01;
            }
            OptimizerConfig::AdaGrad => return 0.3,
            _ => {}
        }
        let amplification = config.optimizer.amplification();
        // If all rows are 0, every learning rate is stable.
        let mean_square = self.mean_square.max(f64::MIN_POSITIVE);
        if !config.loss.is_smooth() {
            // Distance of the optimal weights from the start, in standard
            // deviations of the target per standard deviation of a feature. A
            // value that is too large costs little time, but with one that is too
            // small the optimum is never reached.
            const DISTANCE: f64 = 16.0;
            return DISTANCE / ((mean_square * updates as f64).sqrt() * amplification);
        }
        let batch_rows = config.batch_size.saturating_mul(config.accumulate) as f64;
        let noise = self.mean_fourth / mean_square * amplification;
        let bound = self.largest_eigenvalue + noise.max(self.largest_square) / batch_rows;
        1.0 / (2.0 * bound).max(f64::MIN_POSITIVE)
    }
}

#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct CurvaturePass {
    scale: RowScale,
    /// Rows whose number is a multiple of it are in the sample.
    every: u64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct CurvatureSums {
    num_rows: usize,
    squares: f64,
    fourths: f64,
    largest_square: f64,
    /// Rows times the roots of their weights, row-major.
    sample: Vec<f64>,
    /// The number of numbers of a row of the sample.
    width: usize,
}

impl RowPass for CurvaturePass {
    type State = CurvatureSums;
    type Output = Curvature;

    fn name() -> String {
        "curvature".to_string()
    }

    fn start(&self) -> CurvatureSums {
        CurvatureSums {
            num_rows: 0,
            squares: 0.0,
            fourths: 0.0,
            largest_square: 0.0,
            sample: Vec::new(),
            width: 1,
        }
    }

    fn update(&self, sums: &mut CurvatureSums, rows: &RowChunk) -> Result<(), DataError> {
        sums.num_rows += rows.num_rows();
        sums.width = rows.num_features + 1;
        self.scale.each(rows, |row| {
            let square: f64 = row.x.iter().map(|x| x * x).sum();
            let weighted = row.weight * square;
            sums.squares += weighted;
            sums.fourths += weighted * weighted;
            sums.largest_square = sums.largest_square.max(weighted);
            if rows.row_number(row.index).is_multiple_of(self.every) {
                let root = row.weight.sqrt();
                sums.sample.extend(row.x.iter().map(|x| x * root));
            }
        });
        Ok(())
    }

    fn merge(&self, sums: &mut CurvatureSums, later: CurvatureSums) -> Result<(), DataError> {
        sums.num_rows += later.num_rows;
        sums.squares += later.squares;
        sums.fourths += later.fourths;
        sums.largest_square = sums.largest_square.max(later.largest_square);
        sums.sample.extend(later.sample);
        sums.width = sums.width.max(later.width);
        Ok(())
    }

    fn finish(self, sums: CurvatureSums) -> Result<Curvature, DataError> {
        let count = sums.num_rows.max(1) as f64;
        Ok(Curvature {
            largest_eigenvalue: largest_eigenvalue(&sums.sample, sums.width),
            mean_square: sums.squares / count,
            mean_fourth: sums.fourths / count,
            largest_square: sums.largest_square,
        })
    }
}

/// Returns the largest eigenvalue of `A' A / rows` of a row-major matrix, by
/// power iteration (Golub and Van Loan, *Matrix Computations*, section 7.3.1).
/// The result approaches it from below, with a relative error of about a
/// thousandth.
fn largest_eigenvalue(rows: &[f64], width: usize) -> f64 {
    const MOST: usize = 100;
    let num_rows = (rows.len() / width).max(1) as f64;
    // A start vector that is unlikely to be orthogonal to an eigenvector of real
    // data.
    let mut vector: Vec<f64> = (0..width).map(|i| 1.0 + 0.1 * (i as f64).sin()).collect();
    let mut eigenvalue = 0.0;
    for _ in 0..MOST {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm == 0.0 {
            return 0.0;
        }
        vector.iter_mut().for_each(|x| *x /= norm);
        let mut next = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            let product: f64 = row.iter().zip(&vector).map(|(a, b)| a * b).sum();
            for (sum, x) in next.iter_mut().zip(row) {
                *sum += product * x / num_rows;
            }
        }
        let found: f64 = next.iter().zip(&vector).map(|(a, b)| a * b).sum();
        vector = next;
        if (found - eigenvalue).abs() <= 1e-4 * found {
            return found;
        }
        eigenvalue = found;
    }
    eigenvalue
}

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::{Dataset, Scaler, Summary};

    fn dataset(features: Vec<f64>, width: usize) -> Dataset {
        let rows = features.len() / width;
        let names = (0..width).map(|i| format!("x{i}")).collect();
        Dataset::new(features, vec![0.0; rows], names, vec!["y".into()]).unwrap()
    }

    #[test]
    fn is_that_of_rows_whose_gram_matrix_is_known() {
        // Two columns of ±1 agree in three rows of four, so their correlation is
        // 1/2.
        let features = vec![1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0];
        let dataset = dataset(features, 2);
        let scale = RowScale {
            scaler: None,
            intercept: false,
            mean_weight: None,
        };
        let found = Curvature::of(&dataset, &scale).unwrap();
        assert!((found.largest_eigenvalue - 1.5).abs() < 1e-3, "{found:?}");
        assert_eq!((found.mean_square, found.largest_square), (2.0, 2.0));
        assert_eq!(found.mean_fourth, 4.0);
    }

    #[test]
    fn scales_rows_and_counts_their_weights() {
        let plain = dataset(vec![10.0, 30.0, 30.0], 1);
        let weighted = dataset(vec![10.0, 30.0], 1).with_weights(vec![5.0, 10.0]);
        let weighted = weighted.unwrap();
        let of = |dataset: &Dataset| {
            let summary = Summary::of(dataset).unwrap();
            let scale = RowScale {
                scaler: Some(Scaler::new(&summary, true).unwrap()),
                intercept: true,
                mean_weight: summary.mean_weight,
            };
            Curvature::of(dataset, &scale).unwrap()
        };
        let (plain, weighted) = (of(&plain), of(&weighted));
        // The feature is standardised and there is a column of ones, so both
        // eigenvalues are 1.
        assert!((plain.largest_eigenvalue - 1.0).abs() < 1e-3);
        assert!((plain.mean_square - 2.0).abs() < 1e-12);
        assert!((weighted.largest_eigenvalue - 1.0).abs() < 1e-3);
        assert!((weighted.mean_square - 2.0).abs() < 1e-12);
    }

    #[test]
    fn larger_batches_and_less_momentum_allow_larger_steps() {
        let curvature = Curvature {
            largest_eigenvalue: 2.0,
            mean_square: 10.0,
            mean_fourth: 200.0,
            largest_square: 60.0,
        };
        let rate = |batch_size, momentum| {
            let config =
                TrainingConfig::for_rows(1000, batch_size).with_optimizer(OptimizerConfig::Sgd {
                    momentum,
                    nesterov: true,
                });
            curvature.learning_rate(&config, 100)
        };
        // The formula is 1 / (2 (2 + max(20 / (b (1 - m)), 60 / b))).
        assert!((rate(10, 0.0) - 1.0 / 16.0).abs() < 1e-12);
        assert!((rate(10, 0.9) - 1.0 / 44.0).abs() < 1e-12);
        assert!((rate(1000, 0.0) - 1.0 / 4.12).abs() < 1e-12);
    }
}
