mod problem;
mod side_by_side;

use crate::{Accumulator, ExactError, Weighting};
use problem::Problem;

/// Settings of ridge regression.
///
/// For each penalty λ, the intercept b0 and the weights b minimise
///
/// ```text
/// Σ w_i (y_i - b0 - Σ x_ij b_j)²  +  λ Σ (s_j b_j)²
/// ```
///
/// where s_j is the standard deviation of a feature, √(Σ w (x - mean)² / Σ w),
/// or 1 if features are not standardised. The intercept is never penalised. Hoerl
/// and Kennard, *Ridge regression: biased estimation for nonorthogonal problems*
/// (1970).
///
/// The penalty is `alpha` of scikit-learn's `Ridge` after its `StandardScaler`,
/// and `lambda` of `lm.ridge` in R's MASS; without standardisation, it is `alpha`
/// of `Ridge` alone.
#[derive(Clone, Debug)]
pub struct RidgeConfig {
    /// Whether the model has an intercept; without one, standard deviations are
    /// computed about zero. Default: true.
    pub intercept: bool,
    /// Whether features are standardised, so that the penalty does not depend on
    /// their units. Default: true.
    pub standardise: bool,
    /// The meaning of the weights, which sets the number of rows. Default:
    /// precisions.
    pub weighting: Weighting,
    /// The penalties, each 0 or more, in the unit of a sum of squares. If it is
    /// empty, as by default, there are ten per decade, from 1e-6 to 1000 times the
    /// largest eigenvalue of the features' products.
    pub penalties: Vec<f64>,
}

impl Default for RidgeConfig {
    fn default() -> Self {
        Self {
            intercept: true,
            standardise: true,
            weighting: Weighting::Precision,
            penalties: Vec::new(),
        }
    }
}

/// The fits of one target for each penalty.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RidgePath {
    /// One for each penalty, in order; there is one at least.
    pub fits: Vec<RidgeFit>,
    /// Index of the fit with the smallest generalised cross-validation, and of equal
    /// ones the fit with the largest penalty.
    pub best: usize,
}

/// The fit for one penalty.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RidgeFit {
    /// The penalty.
    pub penalty: f64,
    /// The intercept, if there is one, then the weights. The weight of a feature
    /// that does not vary is 0.
    pub estimates: Vec<f64>,
    /// Effective degrees of freedom: the trace of the matrix that turns targets into
    /// predictions, including the intercept.
    pub degrees_of_freedom: f64,
    /// Weighted sum of the squared residuals.
    pub residual_sum: f64,
    /// R²: 1 - residual sum / total sum; the total sum is about zero without an
    /// intercept.
    pub r_squared: f64,
    /// Generalised cross-validation, an estimate of the mean squared error of new
    /// rows: rows · residual sum / (rows - degrees of freedom)². NaN unless there
    /// are more rows than degrees of freedom. Golub, Heath and Wahba, *Generalized
    /// cross-validation as a method for choosing a good ridge parameter* (1979).
    pub cross_validation: f64,
}

impl Accumulator {
    /// Fits ridge regressions for all penalties at once, and returns a path for each
    /// target. It uses the eigenvalues and eigenvectors of the products of the
    /// features, and steps of iterative refinement in double-double.
    ///
    /// Features may be linearly dependent. There are no standard errors: the
    /// estimates are biased, so standard errors from their variance alone would be
    /// too small.
    ///
    /// # Errors
    ///
    /// [`ExactError::NoRows`]; [`ExactError::NoWeight`]; [`ExactError::Setting`] for
    /// a penalty that is negative, NaN or infinite; or [`ExactError::Overflow`].
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_exact::{Accumulator, Arithmetic, RidgeConfig, Rows};
    ///
    /// # fn main() -> Result<(), linreg_exact::ExactError> {
    /// let mut sums = Accumulator::new(1, 1, Arithmetic::Double);
    /// sums.update(&Rows::new(&[-1.0, 0.0, 1.0], &[1.0, 3.0, 5.0], 1, 1)?)?;
    /// let config = RidgeConfig {
    ///     standardise: false,
    ///     penalties: vec![0.0, 2.0],
    ///     ..RidgeConfig::default()
    /// };
    /// let path = &sums.ridge(&config)?[0];
    /// // The slope is Σ x y / (Σ x² + λ).
    /// assert_eq!(path.fits[0].estimates, [3.0, 2.0]);
    /// assert_eq!(path.fits[1].estimates, [3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ridge(&self, config: &RidgeConfig) -> Result<Vec<RidgePath>, ExactError> {
        if self.all_rows() == 0 {
            return Err(ExactError::NoRows);
        }
        if self.rows() == 0 {
            return Err(ExactError::NoWeight);
        }
        let is_penalty = |value: &f64| value.is_finite() && *value >= 0.0;
        if let Some(value) = config.penalties.iter().find(|value| !is_penalty(value)) {
            return Err(ExactError::Setting {
                name: "ridge penalty",
                value: *value,
                expected: "a number of 0 or more",
            });
        }
        let problem = Problem::new(self, config)?;
        (0..self.num_targets())
            .map(|target| problem.path(target))
            .collect()
    }
}

#[cfg(test)]
mod tests;
