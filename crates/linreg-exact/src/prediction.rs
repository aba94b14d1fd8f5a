use crate::distributions::student_quantile;
use crate::inference::InferenceConfig;
use crate::{ExactError, RobustCovariance, Solution, Weighting};

/// How uncertain predictions are: the covariance of the coefficients of each
/// target, and the variance of the residuals. It needs no rows, so it is stored
/// with a model.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionErrors {
    /// Whether the first coefficient is an intercept.
    pub has_intercept: bool,
    /// Rows less coefficients.
    pub degrees_of_freedom: f64,
    /// What a feature is multiplied with, `[coefficients]`; 1 for the intercept.
    pub feature_scales: Vec<f64>,
    /// The unit of the covariances and the variances, `[targets]`.
    pub target_units: Vec<f64>,
    /// Covariances of the coefficients of scaled features, divided by the square
    /// of the target's unit; `[targets, coefficients, coefficients]`.
    pub covariance: Vec<f64>,
    /// Residual variances divided by the square of the target's unit,
    /// `[targets]`.
    pub residual_variance: Vec<f64>,
}

/// The standard errors of a prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StdErrors {
    /// Of the mean of all rows with these features.
    pub mean: f64,
    /// Of a single new row, of weight 1.
    pub row: f64,
}

impl PredictionErrors {
    /// Of a solution.
    pub fn new(solution: &Solution, weighting: Weighting) -> Self {
        let size = solution.num_coefficients();
        let rows = match weighting {
            Weighting::Precision => solution.rows as f64,
            Weighting::Counts => solution.sum_of_weights,
        };
        let degrees_of_freedom = rows - solution.rank as f64;
        let targets = 0..solution.targets.len();
        let variance = |target| match degrees_of_freedom > 0.0 {
            true => solution.scaled_residual_sum(target) / degrees_of_freedom,
            false => f64::NAN,
        };
        let pairs = (0..size).flat_map(|a| (0..size).map(move |b| (a, b)));
        let inverse: Vec<f64> = pairs.map(|(a, b)| solution.inverse(a, b)).collect();
        let covariance = targets.clone().flat_map(|target| {
            let variance = variance(target);
            inverse.iter().map(move |number| number * variance)
        });
        let of_weight = 2f64.powi(solution.weight_unit());
        Self {
            has_intercept: solution.has_intercept,
            degrees_of_freedom,
            feature_scales: (0..size)
                .map(|index| 2f64.powi(-solution.unit(index)))
                .collect(),
            covariance: covariance.collect(),
            residual_variance: targets
                .clone()
                .map(|target| variance(target) * of_weight)
                .collect(),
            target_units: targets
                .map(|target| 2f64.powi(solution.target_unit(target)))
                .collect(),
        }
    }

    /// With covariances that allow for unequal variances, one for each target.
    ///
    /// The standard error of a mean is right then whatever the variances are.
    /// That of a single row adds the mean variance of the residuals, so it is
    /// right for rows on average only: nothing here knows the variance of one.
    pub fn with_robust<'a>(
        mut self,
        covariances: impl IntoIterator<Item = &'a RobustCovariance>,
    ) -> Self {
        let numbers = covariances.into_iter().map(RobustCovariance::numbers);
        self.covariance = numbers.collect::<Vec<_>>().concat();
        self
    }

    /// Whether the numbers fit each other and a model of so many features.
    pub fn fits(&self, num_features: usize) -> bool {
        let size = num_features + usize::from(self.has_intercept);
        let targets = self.target_units.len();
        self.feature_scales.len() == size
            && self.residual_variance.len() == targets
            && self.covariance.len() == targets * size * size
    }

    /// The standard errors of the prediction of a target for a row, in the unit
    /// of the target.
    ///
    /// # Panics
    ///
    /// If there are not as many features as weights.
    pub fn std_errors(&self, target: usize, features: &[f64]) -> StdErrors {
        let size = self.feature_scales.len();
        let constant = usize::from(self.has_intercept);
        assert_eq!(
            features.len() + constant,
            size,
            "as many features as weights"
        );
        let value = |index: usize| match index < constant {
            true => 1.0,
            false => features[index - constant] * self.feature_scales[index],
        };
        let covariance = &self.covariance[target * size * size..][..size * size];
        let mut variance = 0.0;
        for (a, row) in covariance.chunks_exact(size).enumerate() {
            let products = row.iter().enumerate().map(|(b, c)| c * value(b));
            variance += value(a) * products.sum::<f64>();
        }
        let variance = variance.max(0.0);
        let unit = self.target_units[target];
        StdErrors {
            mean: variance.sqrt() * unit,
            row: (variance + self.residual_variance[target]).sqrt() * unit,
        }
    }

    /// How many standard errors an interval goes each way.
    ///
    /// # Errors
    ///
    /// A confidence that is none.
    pub fn quantile(&self, confidence: f64) -> Result<f64, ExactError> {
        let config = InferenceConfig {
            confidence,
            ..InferenceConfig::default()
        };
        config.check()?;
        Ok(student_quantile(1.0 - confidence, self.degrees_of_freedom))
    }
}
