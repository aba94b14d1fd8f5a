use faer::{MatRef, Side};
use linreg_data::{DataError, RowChunk, RowPass, RowSource, Summary};
use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::curvature::Curvature;
use crate::row_scale::{RowScale, add_sums};

/// The largest constant learning rate with which plain gradient descent on the
/// mean squared loss converges, for these rows.
///
/// The Hessian of the mean of `(y_hat - y)²` is `H = 2 X' X / n`, with a column
/// of ones in `X` for the bias. A step multiplies the error along an eigenvector
/// of `H` with the eigenvalue `λ` by `1 - learning rate * λ`. Its absolute value
/// is below 1 if the learning rate is below `2 / λ` (LeCun et al., *Efficient
/// BackProp*, 1998, section 5.1).
///
/// The Hessian `H_b` of a single batch differs from `H`. On random batches of `b`
/// rows, the mean squared error falls to a level that is due to the noise of the
/// batches, if `E[H_b²] <= 2 H / learning rate` (Bach and Moulines,
/// *Non-strongly-convex smooth stochastic approximation with convergence rate
/// O(1/n)*, 2013, section 2). With `E[H_b²] = (1 - 1/b) H² + 4 E[|x|² x x'] / b`
/// and `E[|x|² x x'] <= max |x|² H / 2`, a learning rate below
/// `2 / ((1 - 1/b) λ + 2 max |x|² / b)` is enough, for any rows.
///
/// # Example
///
/// ```
/// use linreg_data::SyntheticConfig;
/// use linreg_training::LearningRateLimit;
///
/// # fn main() -> Result<(), linreg_training::TrainingError> {
/// let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
/// let limit = LearningRateLimit::of(&dataset, 10, true)?;
/// // Features of variance 1: each eigenvalue is near 2.
/// assert!((0.9..1.0).contains(&limit.all_rows));
/// assert!(limit.batches < limit.all_rows);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LearningRateLimit {
    /// The largest eigenvalue λ of the Hessian. For more than 256 features it is
    /// estimated from a sample of the rows, to about three digits.
    pub largest_eigenvalue: f64,
    /// The limit for full-batch steps, `2 / λ`. Below it they converge, and above
    /// it they diverge.
    pub all_rows: f64,
    /// The limit for steps on random batches of this size. Below it they do not
    /// diverge, in the mean square. Between this limit and `all_rows` it depends
    /// on the rows.
    pub batches: f64,
    /// The smallest eigenvalue of the Hessian that is not 0 up to rounding.
    /// Gradient descent is slowest along its eigenvector. None for more than 256
    /// features.
    pub smallest_eigenvalue: Option<f64>,
}

impl LearningRateLimit {
    /// Largest number of features for which the Gram matrix is worth its memory
    /// and time.
    const MOST_FEATURES: usize = 256;

    /// Computes the limits, with the weights of the rows. Reads every row three
    /// times, or twice for more than 256 features.
    ///
    /// # Errors
    ///
    /// Rows that cannot be read, or [`TrainingError::Setting`] for a batch size of 0.
    pub fn of(
        source: &(impl RowSource + ?Sized),
        batch_size: usize,
        intercept: bool,
    ) -> Result<Self, TrainingError> {
        if batch_size == 0 {
            return Err(TrainingError::setting("batch size", 0, "at least 1"));
        }
        let scale = RowScale {
            scaler: None,
            intercept,
            mean_weight: Summary::of(source)?.mean_weight,
        };
        let curvature = Curvature::of(source, &scale)?;
        let eigenvalues = if source.feature_names().len() <= Self::MOST_FEATURES {
            GramPass(scale).run(source)?.eigenvalues()
        } else {
            None
        };
        let of_gram = eigenvalues.map_or(curvature.largest_eigenvalue, |[_, largest]| largest);
        let largest_eigenvalue = 2.0 * of_gram;
        let share = 1.0 / batch_size.min(source.num_rows().max(1)) as f64;
        let of_batches =
            (1.0 - share) * largest_eigenvalue + 2.0 * share * curvature.largest_square;
        Ok(Self {
            largest_eigenvalue,
            all_rows: 2.0 / largest_eigenvalue,
            batches: (2.0 / of_batches).min(2.0 / largest_eigenvalue),
            smallest_eigenvalue: eigenvalues.map(|[smallest, _]| 2.0 * smallest),
        })
    }
}

/// Sums the Gram matrix `X' X / n`, with a column for the bias.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct GramPass(RowScale);

#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Gram {
    /// The sums of the products, row-major; their means at the end.
    products: Vec<f64>,
    num_rows: usize,
}

impl RowPass for GramPass {
    type State = Gram;
    type Output = Gram;

    fn name() -> String {
        "Gram matrix".to_string()
    }

    fn start(&self) -> Gram {
        Gram::default()
    }

    fn update(&self, gram: &mut Gram, rows: &RowChunk) -> Result<(), DataError> {
        let width = rows.num_features + 1;
        gram.products.resize(width * width, 0.0);
        gram.num_rows += rows.num_rows();
        self.0.each(rows, |row| {
            for (products, x) in gram.products.chunks_exact_mut(width).zip(row.x) {
                for (product, other) in products.iter_mut().zip(row.x) {
                    *product += row.weight * x * other;
                }
            }
        });
        Ok(())
    }

    fn merge(&self, gram: &mut Gram, later: Gram) -> Result<(), DataError> {
        gram.num_rows += later.num_rows;
        if gram.products.is_empty() {
            gram.products = later.products;
        } else {
            add_sums(&mut gram.products, &later.products);
        }
        Ok(())
    }

    fn finish(self, mut gram: Gram) -> Result<Gram, DataError> {
        let count = gram.num_rows.max(1) as f64;
        gram.products.iter_mut().for_each(|sum| *sum /= count);
        Ok(gram)
    }
}

impl Gram {
    /// Returns the smallest eigenvalue that is more than rounding error, and the
    /// largest. None where they cannot be computed, for example where numbers
    /// overflow.
    fn eigenvalues(&self) -> Option<[f64; 2]> {
        let width = self.products.len().isqrt();
        let matrix = MatRef::from_row_major_slice(&self.products, width, width);
        let eigenvalues = matrix.self_adjoint_eigenvalues(Side::Lower).ok()?;
        let largest = *eigenvalues.last()?;
        let rounding = 1e-12 * largest;
        let mut others = eigenvalues.into_iter();
        let smallest = others.find(|eigenvalue| *eigenvalue > rounding);
        Some([smallest.unwrap_or(largest), largest.max(0.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TrainingConfig, TrainingError, train};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::{Dataset, SyntheticConfig};

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("x{i}")).collect()
    }

    #[test]
    fn is_that_of_rows_whose_hessian_is_known() {
        // Two columns of ±1 agree in three rows of four. Without a bias, 2 X' X /
        // n has the eigenvalues 2 (1 ± 1/2).
        let features = vec![1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0];
        let dataset = Dataset::new(features, vec![0.0; 4], names(2), vec!["y".into()]).unwrap();
        let limit = LearningRateLimit::of(&dataset, 4, false).unwrap();
        assert!((limit.largest_eigenvalue - 3.0).abs() < 1e-10, "{limit:?}");
        assert!((limit.all_rows - 2.0 / 3.0).abs() < 1e-10);
        assert!((limit.smallest_eigenvalue.unwrap() - 1.0).abs() < 1e-10);
        // Every row has |x|² = 2: 2 / (3 / 2 + 2 · 2 / 2).
        let pairs = LearningRateLimit::of(&dataset, 2, false).unwrap();
        assert!((pairs.batches - 2.0 / 3.5).abs() < 1e-10, "{pairs:?}");
        let single = LearningRateLimit::of(&dataset, 1, false).unwrap();
        assert!((single.batches - 0.5).abs() < 1e-10, "{single:?}");
    }

    #[test]
    fn rows_that_are_all_zero_leave_every_rate() {
        let dataset = Dataset::new(vec![0.0; 3], vec![1.0; 3], names(1), vec!["y".into()]);
        let limit = LearningRateLimit::of(&dataset.unwrap(), 1, false).unwrap();
        assert_eq!(limit.all_rows, f64::INFINITY);
    }

    #[test]
    fn training_converges_below_and_diverges_above() {
        for seed in 0..5 {
            let rows = SyntheticConfig::new(vec![2.0, -3.4, 0.5], 4.2)
                .with_num_examples(200)
                .with_noise_std(0.0)
                .with_seed(seed)
                .generate()
                .unwrap();
            let run = |batch_size, learning_rate, epochs| {
                let config = TrainingConfig::new()
                    .with_batch_size(batch_size)
                    .with_num_epochs(epochs)
                    .with_learning_rate(learning_rate)
                    .with_seed(seed);
                train::<Autodiff<NdArray<f64>>>(&config, &rows, &Default::default(), &mut ())
            };
            let limit = LearningRateLimit::of(&rows, 200, true).unwrap();
            let loss = *run(200, 0.99 * limit.all_rows, 2000)
                .unwrap()
                .losses
                .last()
                .unwrap();
            assert!(loss < 1e-9, "seed {seed}: {loss}");
            let error = run(200, 1.01 * limit.all_rows, 2000).unwrap_err();
            assert!(matches!(error, TrainingError::Diverged { .. }), "{error}");
            for batch_size in [1, 5] {
                let limit = LearningRateLimit::of(&rows, batch_size, true).unwrap();
                let losses = run(batch_size, 0.99 * limit.batches, 20).unwrap().losses;
                assert!(losses[19] < 1e-9, "seed {seed}: {losses:?}");
            }
        }
    }
}
