mod digits;
mod joint;

pub use digits::{CoefficientDigits, InferenceDigits};
pub use joint::JointTest;

use serde::{Deserialize, Serialize};

use crate::distributions::{f_tail, student_quantile, student_tails};
use crate::solution::scaled;
use crate::{DoubleDouble, ExactError, RobustCovariance, ShapeError, Solution};
use digits::Errors;

/// The meaning of the weights of rows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// How precise a row's target is: the inverse of its variance, up to a common
    /// factor. As in weighted least squares of R's `lm` and statsmodels' `WLS`.
    #[default]
    Precision,
    /// How many equal rows a row stands for.
    Counts,
}

/// How to compute standard errors, tests and intervals.
#[derive(Clone, Copy, Debug)]
pub struct InferenceConfig {
    /// Probability that an interval holds the true value, above 0 and below 1.
    /// Default: 0.95.
    pub confidence: f64,
    /// The meaning of the weights. Default: precisions.
    pub weighting: Weighting,
}

impl Default for InferenceConfig {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            weighting: Weighting::Precision,
        }
    }
}

impl InferenceConfig {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1.
    pub fn check(&self) -> Result<(), ExactError> {
        if self.confidence > 0.0 && self.confidence < 1.0 {
            return Ok(());
        }
        Err(ExactError::Setting {
            name: "confidence",
            value: self.confidence,
            expected: "a number above 0 and below 1, such as 0.95",
        })
    }
}

/// What the rows tell about the true coefficients of a target, if its errors are
/// independent and have the same normal distribution.
///
/// Figures that the rows do not determine are NaN: standard errors if there are as
/// many coefficients as rows, R² of a constant target. If the features give the
/// target [exactly](Self::is_exact), standard errors are 0, and t, p, F and the
/// likelihood are NaN, because the residuals are nothing but rounding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inference {
    /// The intercept, if there is one, then the weights.
    pub coefficients: Vec<Coefficient>,
    /// Number of rows, or sum of the counts.
    pub rows: f64,
    /// Number of rows less number of coefficients.
    pub degrees_of_freedom: f64,
    /// √(RSS / degrees of freedom), in the target's unit.
    pub residual_std_error: f64,
    /// R²: 1 - RSS / TSS; TSS is about zero without an intercept.
    pub r_squared: f64,
    /// 1 - (RSS / degrees of freedom) / (TSS / (rows - 1)); without an intercept,
    /// TSS / rows.
    pub adjusted_r_squared: f64,
    /// The F statistic of the hypothesis that all weights are 0.
    pub f: f64,
    /// p-value: the probability of an F at least this large if all weights were 0.
    pub f_p: f64,
    /// Numerator degrees of freedom of F: the number of weights that the rows
    /// determine.
    pub f_degrees_of_freedom: f64,
    /// Logarithm of the likelihood at its maximum.
    pub log_likelihood: f64,
    /// Akaike information criterion, 2 k - 2 log-likelihood for k coefficients.
    pub aic: f64,
    /// Bayesian information criterion, k ln(rows) - 2 log-likelihood.
    pub bic: f64,
    /// Confidence level of the intervals.
    pub confidence: f64,
    /// Whether the features give the target in every row, within the rounding of
    /// the data.
    pub is_exact: bool,
    /// Whether the target is the same in every row, within that rounding.
    pub is_constant: bool,
    /// How many decimal digits of each figure can be trusted.
    pub digits: InferenceDigits,
}

/// One coefficient with its standard error, test and interval.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Coefficient {
    /// Its least-squares estimate.
    pub estimate: f64,
    /// Standard error of the estimate.
    pub std_error: f64,
    /// Estimate / standard error.
    pub t: f64,
    /// p-value: the probability of a |t| at least this large if the true
    /// coefficient were 0.
    pub p: f64,
    /// Lower end of its confidence interval.
    pub lower: f64,
    /// Upper end of its confidence interval.
    pub upper: f64,
    /// How many decimal digits of the estimate can be trusted, relative to the
    /// larger of its size and its standard error.
    pub digits: f64,
    /// How many decimal digits of the other figures can be trusted.
    pub digits_of: CoefficientDigits,
    /// Variance inflation factor, 1 / (1 - R²), where R² is the share of the
    /// variance of this feature that the others explain; NaN for the intercept, and
    /// without an intercept.
    pub variance_inflation: f64,
    /// Whether it was left out because its feature is linearly dependent on others.
    pub is_dropped: bool,
}

impl Inference {
    /// Returns the statistics of a target, with 95 % intervals and weights as
    /// precisions.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target, or the solution was changed.
    pub fn new(solution: &Solution, target: usize) -> Result<Self, ExactError> {
        Self::with(solution, target, &InferenceConfig::default())
    }

    /// Returns the statistics of a target, with other settings.
    ///
    /// # Errors
    ///
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1, or
    /// [`ExactError::Shape`] if there is no such target, or the solution was changed.
    pub fn with(
        solution: &Solution,
        target: usize,
        config: &InferenceConfig,
    ) -> Result<Self, ExactError> {
        config.check()?;
        check_target(solution, target)?;
        Ok(Self::of(solution, target, config, None))
    }

    /// Returns the statistics of a target with standard errors that allow for
    /// unequal variances, and all that follows from them: t, p, intervals, and F of
    /// the Wald test that all weights are 0. As with statsmodels'
    /// `fit(cov_type="HC3", use_t=True)`.
    ///
    /// # Errors
    ///
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1, or
    /// [`ExactError::Shape`] if there is no such target, the covariance is that of
    /// another number of coefficients, or the solution was changed.
    pub fn robust(
        solution: &Solution,
        target: usize,
        config: &InferenceConfig,
        covariance: &RobustCovariance,
    ) -> Result<Self, ExactError> {
        config.check()?;
        check_target(solution, target)?;
        let (found, expected) = (covariance.numbers().len(), solution.num_coefficients());
        if found != expected.pow(2) {
            return Err(ShapeError::Covariance {
                numbers: found,
                coefficients: expected,
            }
            .into());
        }
        Ok(Self::of(solution, target, config, Some(covariance)))
    }

    fn of(
        solution: &Solution,
        target: usize,
        config: &InferenceConfig,
        covariance: Option<&RobustCovariance>,
    ) -> Self {
        let rows = match config.weighting {
            Weighting::Precision => solution.rows as f64,
            Weighting::Counts => solution.sum_of_weights,
        };
        let rank = solution.rank as f64;
        let freedom = rows - rank;
        let fit = &solution.targets[target];
        let (residual_sum, _) = solution.scaled_residual_sum(target);
        let (total_sum, _) = solution.scaled_total_sum(target);
        let unit = solution.target_unit(target);
        let is_constant = solution.is_constant_target(target);
        // Tests need noise, and degrees of freedom to estimate it.
        let is_noisy = freedom > 0.0 && !fit.is_exact;
        let nan_unless = |known: bool, value: f64| if known { value } else { f64::NAN };
        let variance = nan_unless(freedom > 0.0, residual_sum.high() / freedom);
        let quantile = student_quantile(1.0 - config.confidence, freedom);
        let errors = Errors::new(solution, target, freedom, quantile, covariance);
        let size = solution.num_coefficients();
        let coefficients = (0..size).map(|index| {
            let is_dropped = solution.is_dropped(index);
            let square = match covariance {
                Some(covariance) if !fit.is_exact => covariance.numbers()[index * size + index],
                _ => variance * solution.inverse(index, index),
            };
            let std_error = scaled(square.sqrt(), unit - solution.unit(index));
            let std_error = nan_unless(!is_dropped, std_error);
            let estimate = fit.estimates[index];
            let t = nan_unless(is_noisy, estimate / std_error);
            let p = student_tails(t, freedom);
            let is_weight = index >= usize::from(solution.has_intercept);
            let (centred, _) = solution.centred_square(index);
            // It is at least 1; rounding may leave slightly less.
            let inflation = (centred * solution.inverse(index, index)).max(1.0);
            let inflation = nan_unless(
                is_weight && solution.has_intercept && !is_dropped,
                inflation,
            );
            let half = quantile * std_error;
            Coefficient {
                estimate,
                std_error,
                t,
                p,
                lower: estimate - half,
                upper: estimate + half,
                digits: fit.digits[index],
                digits_of: errors.of_coefficient(index, square.sqrt(), t, p),
                variance_inflation: inflation,
                is_dropped,
            }
        });
        let constant = f64::from(u8::from(solution.has_intercept));
        let explained = errors.explained(residual_sum, total_sum);
        let r_squared = nan_unless(!is_constant, (explained / total_sum).high());
        let unexplained = residual_sum * DoubleDouble::from(rows - constant)
            / (total_sum * DoubleDouble::from(freedom));
        let adjusted = (DoubleDouble::from(1.0) - unexplained).high();
        let f_freedom = rank - constant;
        let f = match covariance {
            Some(covariance) => covariance.f(),
            None => explained.high() / f_freedom / variance,
        };
        let f = nan_unless(is_noisy && f_freedom > 0.0 && !is_constant, f);
        let f_p = f_tail(f, f_freedom, freedom);
        // ln(RSS / rows) in the unit of the data.
        let powers = f64::from(2 * unit + solution.weight_unit()) * std::f64::consts::LN_2;
        let weights = match config.weighting {
            Weighting::Precision => 0.5 * solution.sum_of_log_weights,
            Weighting::Counts => 0.0,
        };
        let log_mean = residual_sum.high().ln() + powers - rows.ln();
        let log_two_pi = (2.0 * std::f64::consts::PI).ln();
        let log_likelihood = -rows / 2.0 * (log_two_pi + log_mean + 1.0) + weights;
        let log_likelihood = nan_unless(is_noisy, log_likelihood);
        let mut inference = Self {
            coefficients: coefficients.collect(),
            rows,
            degrees_of_freedom: freedom,
            residual_std_error: scaled(variance.sqrt(), unit + solution.weight_unit() / 2),
            r_squared,
            adjusted_r_squared: nan_unless(freedom > 0.0 && !is_constant, adjusted),
            f,
            f_p,
            f_degrees_of_freedom: f_freedom,
            log_likelihood,
            aic: 2.0 * rank - 2.0 * log_likelihood,
            bic: rank * rows.ln() - 2.0 * log_likelihood,
            confidence: config.confidence,
            is_exact: fit.is_exact,
            is_constant,
            digits: InferenceDigits::default(),
        };
        inference.digits = errors.of_fit(&inference, weights, powers);
        inference
    }
}

/// Checks that the solution is whole, and has this target.
fn check_target(solution: &Solution, target: usize) -> Result<(), ExactError> {
    solution.check()?;
    let targets = solution.targets.len();
    if target < targets {
        Ok(())
    } else {
        Err(ShapeError::Target { target, targets }.into())
    }
}

#[cfg(test)]
mod statsmodels;
