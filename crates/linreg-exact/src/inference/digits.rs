use super::{Coefficient, Inference};
use crate::distributions::{PROBABILITY_ERROR, QUANTILE_ERROR, f_density, student_density};
use crate::solution::{MOST_DIGITS, ROUNDING, digits_of};
use crate::{DoubleDouble, RobustCovariance, Solution};

/// How many decimal digits of the figures of a coefficient can be trusted, up to
/// 15.95; NaN for figures that are NaN.
///
/// Each is relative to the size of its figure, except that t counts as at least 1,
/// and the ends of an interval as at least half its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoefficientDigits {
    /// Digits of the standard error.
    pub std_error: f64,
    /// Digits of t.
    pub t: f64,
    /// Digits of p; also NaN for p below 1e-290.
    pub p: f64,
    /// Digits of the lower and the upper end of the interval.
    pub interval: f64,
    /// Digits of the variance inflation factor.
    pub variance_inflation: f64,
}

/// How many decimal digits of the figures of a fit can be trusted, up to 15.95; NaN
/// for figures that are NaN. Each is relative to the size of its figure, where R²
/// counts as at least 1e-20.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InferenceDigits {
    /// Digits of the residual standard error.
    pub residual_std_error: f64,
    /// Digits of R².
    pub r_squared: f64,
    /// Digits of the adjusted R².
    pub adjusted_r_squared: f64,
    /// Digits of F.
    pub f: f64,
    /// Digits of the p-value of F; also NaN for p below 1e-290.
    pub f_p: f64,
    /// Digits of the log-likelihood.
    pub log_likelihood: f64,
    /// Digits of the Akaike information criterion.
    pub aic: f64,
    /// Digits of the Bayesian information criterion.
    pub bic: f64,
}

impl Inference {
    /// The smallest number of digits that can be trusted among all figures except
    /// p-values.
    pub fn fewest_digits(&self) -> f64 {
        let digits = &self.digits;
        let of_fit = [
            digits.residual_std_error,
            digits.r_squared,
            digits.adjusted_r_squared,
            digits.f,
            digits.log_likelihood,
            digits.aic,
            digits.bic,
        ];
        let of_coefficient = |c: &Coefficient| {
            let digits = &c.digits_of;
            [
                c.digits,
                digits.std_error,
                digits.t,
                digits.interval,
                digits.variance_inflation,
            ]
        };
        least(
            of_fit
                .into_iter()
                .chain(self.coefficients.iter().flat_map(of_coefficient)),
        )
    }

    /// The smallest number of digits that can be trusted among the p-values.
    pub fn fewest_digits_of_p(&self) -> f64 {
        let of_coefficients = self.coefficients.iter().map(|c| c.digits_of.p);
        least(of_coefficients.chain([self.digits.f_p]))
    }
}

/// The smallest of those that are not NaN.
fn least(digits: impl Iterator<Item = f64>) -> f64 {
    digits.fold(MOST_DIGITS, f64::min)
}

/// Error bounds of the figures of a target.
pub(super) struct Errors<'a> {
    solution: &'a Solution,
    target: usize,
    freedom: f64,
    quantile: f64,
    covariance: Option<&'a RobustCovariance>,
    /// Relative error bound of the residual sum.
    of_residual: f64,
}

impl<'a> Errors<'a> {
    pub fn new(
        solution: &'a Solution,
        target: usize,
        freedom: f64,
        quantile: f64,
        covariance: Option<&'a RobustCovariance>,
    ) -> Self {
        let (residual_sum, error) = solution.scaled_residual_sum(target);
        Self {
            solution,
            target,
            freedom,
            quantile,
            covariance,
            of_residual: match residual_sum.high() - error {
                _ if solution.targets[target].is_exact => 0.0,
                // Relative to the smallest value that it can have.
                least if least > 0.0 => error / least,
                _ => f64::INFINITY,
            },
        }
    }

    /// The sum of squares that the features explain; 0 if the error bounds do not
    /// distinguish it from 0.
    pub fn explained(&self, residual: DoubleDouble, total: DoubleDouble) -> DoubleDouble {
        let explained = total - residual;
        let error = self.of_explained();
        let is_nothing = explained.high() <= error && error <= NOTHING * total.high();
        if is_nothing || explained.high() < 0.0 {
            DoubleDouble::ZERO
        } else {
            explained
        }
    }

    fn of_explained(&self) -> f64 {
        let (_, of_residual) = self.solution.scaled_residual_sum(self.target);
        let (_, of_total) = self.solution.scaled_total_sum(self.target);
        of_residual + of_total
    }

    /// Digits of a coefficient's figures; `std_error` is in units.
    pub fn of_coefficient(
        &self,
        index: usize,
        std_error: f64,
        t: f64,
        p: f64,
    ) -> CoefficientDigits {
        let solution = self.solution;
        let inverse = solution.inverse(index, index);
        let of_inverse = solution.inverse_error(index) / inverse;
        let of_variance = match self.covariance {
            Some(covariance) if !solution.targets[self.target].is_exact => covariance.error(index),
            _ => self.of_residual + of_inverse,
        };
        let of_std_error = 0.5 * of_variance + 4.0 * ROUNDING;
        let of_estimate = solution.estimate_error(self.target, index);
        let of_t = t.abs() * (of_std_error + 2.0 * ROUNDING) + of_estimate / std_error;
        let half = self.quantile * std_error;
        let unit = solution.target_unit(self.target) - solution.unit(index);
        let estimate = solution.targets[self.target].estimates[index];
        let estimate = crate::solution::scaled(estimate, -unit).abs();
        let nearest = (estimate - half).abs().max(half);
        let of_quantile = QUANTILE_ERROR + of_std_error;
        let of_interval = of_estimate + half * of_quantile + 2.0 * ROUNDING * (estimate + half);
        let (square, of_square) = solution.centred_square(index);
        let is_weight = index >= usize::from(solution.has_intercept);
        let digits_if = |known: bool, error: f64, size: f64| {
            if known {
                digits_of(error, size)
            } else {
                f64::NAN
            }
        };
        let density = student_density(t, self.freedom);
        CoefficientDigits {
            std_error: digits_if(std_error > 0.0, of_std_error, 1.0),
            t: digits_if(t.is_finite(), of_t, t.abs().max(1.0)),
            p: digits_if(p > LEAST_P, density * of_t + PROBABILITY_ERROR * p, p),
            interval: digits_if(half > 0.0, of_interval, nearest),
            variance_inflation: digits_if(
                is_weight && solution.has_intercept && square > 0.0 && inverse > 0.0,
                of_square / square + of_inverse + 4.0 * ROUNDING,
                1.0,
            ),
        }
    }

    /// Digits of a fit's figures; `weights` and `powers` are the terms of the
    /// log-likelihood that can be large.
    pub fn of_fit(&self, found: &Inference, weights: f64, powers: f64) -> InferenceDigits {
        let (residual, of_residual) = self.solution.scaled_residual_sum(self.target);
        let (total, of_total) = self.solution.scaled_total_sum(self.target);
        let (residual, total) = (residual.high(), total.high());
        let of_share = (of_residual + residual / total * of_total) / total;
        let constant = f64::from(u8::from(self.solution.has_intercept));
        let times = (found.rows - constant) / self.freedom;
        let of_f = match self.covariance {
            Some(covariance) => covariance.f_error(),
            None => self.of_explained() / (total - residual) + self.of_residual,
        };
        let of_f = found.f * (of_f + 8.0 * ROUNDING);
        let density = f_density(found.f, found.f_degrees_of_freedom, self.freedom);
        // Half the number of rows times the logarithm, whose terms are rounded.
        let terms = residual.ln().abs() + powers.abs() + found.rows.ln() + 4.0;
        let of_likelihood = found.rows / 2.0 * (self.of_residual + 4.0 * ROUNDING * terms)
            + 4.0 * ROUNDING * weights.abs();
        let of_criterion = |criterion: f64| 2.0 * of_likelihood + 4.0 * ROUNDING * criterion.abs();
        let digits = |error: f64, figure: f64| {
            if figure.is_finite() && figure != 0.0 {
                digits_of(error, figure.abs())
            } else if figure == 0.0 {
                MOST_DIGITS
            } else {
                f64::NAN
            }
        };
        let of_p = density * of_f + PROBABILITY_ERROR * found.f_p;
        InferenceDigits {
            residual_std_error: digits(
                found.residual_std_error * (0.5 * self.of_residual + 4.0 * ROUNDING),
                found.residual_std_error,
            ),
            r_squared: if found.r_squared.is_nan() {
                f64::NAN
            } else {
                let error = of_share + 2.0 * ROUNDING * found.r_squared;
                digits_of(error, found.r_squared.max(NOTHING))
            },
            adjusted_r_squared: digits(
                times * of_share + 2.0 * ROUNDING * found.adjusted_r_squared.abs(),
                found.adjusted_r_squared,
            ),
            f: if found.f.is_nan() {
                f64::NAN
            } else {
                digits_of(of_f, found.f.max(NOTHING * times))
            },
            f_p: if found.f_p > LEAST_P {
                digits_of(of_p, found.f_p)
            } else {
                f64::NAN
            },
            log_likelihood: digits(of_likelihood, found.log_likelihood),
            aic: digits(of_criterion(found.aic), found.aic),
            bic: digits(of_criterion(found.bic), found.bic),
        }
    }
}

/// A share of the variance that counts as zero.
const NOTHING: f64 = 1e-20;

/// A smaller probability loses digits to underflow.
const LEAST_P: f64 = 1e-290;
