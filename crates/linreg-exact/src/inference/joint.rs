use super::Inference;
use crate::distributions::f_tail;
use crate::{ExactError, RobustCovariance, ShapeError, Solution};

/// The F test of the hypothesis that several coefficients are all 0: see
/// [`Inference::joint_test`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct JointTest {
    /// The F statistic; NaN where t is.
    pub f: f64,
    /// p-value: the probability of an F at least this large if all the coefficients
    /// were 0.
    pub p: f64,
    /// Numerator degrees of freedom: the number of these coefficients that the rows
    /// determine.
    pub degrees_of_freedom: f64,
    /// How many decimal digits of F can be trusted.
    pub digits: f64,
}

/// The most coefficients that are tested together: the time grows with their cube.
const MOST: usize = 1000;

impl Inference {
    /// Tests whether several coefficients of this target, by their indices among
    /// [`coefficients`](Self::coefficients), are all 0, such as those of the levels of a
    /// column. Give the covariance that these statistics come from, if it is a robust
    /// one.
    ///
    /// With the vector t of their t statistics and the correlations R of their
    /// estimates, F is t' R⁻¹ t / k for k coefficients (the Wald test; Greene,
    /// *Econometric Analysis*, 7th edition, section 5.3). Coefficients that were left out
    /// do not count. As with statsmodels' `f_test`. F and p are NaN for more than 1,000
    /// coefficients.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such coefficient, or the solution or the
    /// covariance is another fit's.
    pub fn joint_test(
        &self,
        solution: &Solution,
        covariance: Option<&RobustCovariance>,
        coefficients: &[usize],
    ) -> Result<JointTest, ExactError> {
        let size = solution.num_coefficients();
        if size != self.coefficients.len() {
            let (found, expected) = (size, self.coefficients.len());
            return Err(ShapeError::Coefficients { found, expected }.into());
        }
        if let Some(covariance) = covariance.filter(|c| c.numbers().len() != size * size) {
            let (numbers, coefficients) = (covariance.numbers().len(), size);
            return Err(ShapeError::Covariance {
                numbers,
                coefficients,
            }
            .into());
        }
        if let Some(index) = coefficients.iter().find(|index| **index >= size) {
            let (feature, features) = (*index, size);
            return Err(ShapeError::Feature { feature, features }.into());
        }
        let is_kept = |index: &usize| !self.coefficients[*index].is_dropped;
        let kept: Vec<usize> = coefficients.iter().copied().filter(is_kept).collect();
        let entry = |a: usize, b: usize| match covariance {
            Some(covariance) => covariance.numbers()[a * size + b],
            None => solution.inverse(a, b),
        };
        Ok(self.joint(&kept, entry))
    }

    /// The test of coefficients that are not dropped, with any multiple of their
    /// covariance.
    fn joint(&self, kept: &[usize], covariance: impl Fn(usize, usize) -> f64) -> JointTest {
        let count = kept.len();
        let mut test = JointTest {
            f: f64::NAN,
            p: f64::NAN,
            degrees_of_freedom: count as f64,
            digits: f64::NAN,
        };
        let t: Vec<f64> = kept.iter().map(|i| self.coefficients[*i].t).collect();
        if count == 0 || count > MOST || t.iter().any(|t| !t.is_finite()) {
            return test;
        }
        let root: Vec<f64> = kept.iter().map(|i| covariance(*i, *i).sqrt()).collect();
        // The Cholesky factor L of the correlations, row by row.
        let mut factor = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                let whole = covariance(kept[row], kept[column]) / (root[row] * root[column]);
                let before = (0..column)
                    .map(|k| factor[row * count + k] * factor[column * count + k])
                    .sum::<f64>();
                factor[row * count + column] = if row == column {
                    (1.0 - before).sqrt()
                } else {
                    (whole - before) / factor[column * count + column]
                };
            }
        }
        // F is |L⁻¹ t|² / k, and R⁻¹ t tells how its error grows.
        let mut solved = t.clone();
        for row in 0..count {
            for k in 0..row {
                solved[row] -= factor[row * count + k] * solved[k];
            }
            solved[row] /= factor[row * count + row];
        }
        let square: f64 = solved.iter().map(|x| x * x).sum();
        for row in (0..count).rev() {
            for k in row + 1..count {
                solved[row] -= factor[k * count + row] * solved[k];
            }
            solved[row] /= factor[row * count + row];
        }
        let transposed = |column: usize| -> f64 {
            let entries = (column..count).map(|row| factor[row * count + column].abs());
            entries
                .zip(&solved[column..])
                .map(|(entry, x)| entry * x.abs())
                .sum()
        };
        let through: f64 = (0..count).map(|column| transposed(column).powi(2)).sum();
        test.digits = digits(&self.errors_of(kept), &solved, square, through);
        if test.digits.is_finite() {
            test.f = square / count as f64;
            test.p = f_tail(test.f, test.degrees_of_freedom, self.degrees_of_freedom);
        }
        test
    }

    /// A bound of the error of each t, and of a correlation.
    fn errors_of(&self, kept: &[usize]) -> (Vec<f64>, f64) {
        let relative = |digits: f64| 10f64.powf(-digits);
        let of_t = kept.iter().map(|index| {
            let c = &self.coefficients[*index];
            relative(c.digits_of.t) * c.t.abs().max(1.0)
        });
        let of_std_error = kept.iter().map(|index| {
            let c = &self.coefficients[*index];
            relative(c.digits_of.std_error)
        });
        // A covariance has twice the relative error of a standard error, and the
        // product of two of these as much again.
        (of_t.collect(), 4.0 * of_std_error.fold(0.0, f64::max))
    }
}

/// Digits of x' R x for x = R⁻¹ t, to first order in the errors of t and R, and in the
/// rounding of the Cholesky factor L: with `through`, the square of |L|' |x| (Higham,
/// *Accuracy and Stability of Numerical Algorithms*, 2nd edition, theorem 10.3).
fn digits((of_t, of_correlation): &(Vec<f64>, f64), x: &[f64], square: f64, through: f64) -> f64 {
    let count = x.len() as f64;
    let sum: f64 = x.iter().map(|x| x.abs()).sum();
    let of_t: f64 = x.iter().zip(of_t).map(|(x, error)| x.abs() * error).sum();
    let rounding = 4.0 * (count + 2.0) * f64::EPSILON * through;
    let error = 2.0 * of_t + sum * sum * of_correlation + rounding;
    -(error / square).log10()
}

#[cfg(test)]
mod tests {
    use crate::testing::diabetes;
    use crate::{
        DiagnosticsConfig, FitConfig, Inference, InferenceConfig, Robust, Rows, diagnose, fit,
    };

    #[test]
    fn tests_of_several_coefficients_are_those_of_statsmodels() {
        let (x, y, _) = diabetes();
        let rows = Rows::new(&x, &y, 10, 1).unwrap();
        let solution = fit(&rows, &FitConfig::default()).unwrap();
        let plain = Inference::new(&solution, 0).unwrap();
        let config = DiagnosticsConfig {
            robust: Some(Robust::Hc3),
            ..DiagnosticsConfig::default()
        };
        let found = diagnose(&rows, &solution, &config).unwrap();
        let covariance = found.targets[0].robust.as_ref();
        let settings = InferenceConfig::default();
        let robust = Inference::robust(&solution, 0, &settings, covariance.unwrap()).unwrap();
        // statsmodels 0.15.0: sm.OLS(y, A).fit().f_test(R) with the rows R of the identity;
        // the last two .fit(cov_type="HC3", use_t=True).
        let serum: Vec<usize> = (5..11).collect();
        for (inference, covariance, indices, f, p) in [
            (
                &plain,
                None,
                &serum[..],
                17.500227457710853,
                3.689854222360509e-18,
            ),
            (
                &plain,
                None,
                &[1, 2],
                7.827622537128875,
                0.00045792174921495496,
            ),
            (
                &plain,
                None,
                &[9],
                19.100498800244686,
                1.5558990865394938e-05,
            ),
            (
                &robust,
                covariance,
                &serum,
                19.535583661776418,
                3.410960681311769e-20,
            ),
            (
                &robust,
                covariance,
                &[1, 2],
                8.149110114634881,
                0.0003358625284205329,
            ),
        ] {
            let test = inference
                .joint_test(&solution, covariance, indices)
                .unwrap();
            // statsmodels itself has some 11 digits here.
            assert!((test.f / f - 1.0).abs() < 1e-10, "{test:?}");
            assert!((test.p / p - 1.0).abs() < 1e-8, "{test:?}");
            assert_eq!(test.degrees_of_freedom, indices.len() as f64);
            assert!(test.digits > 9.0, "{test:?}");
        }
    }

    #[test]
    fn all_weights_together_are_the_f_of_the_fit() {
        let (x, y, _) = diabetes();
        let solution = fit(&Rows::new(&x, &y, 10, 1).unwrap(), &FitConfig::default()).unwrap();
        let inference = Inference::new(&solution, 0).unwrap();
        let all: Vec<usize> = (1..11).collect();
        let test = inference.joint_test(&solution, None, &all).unwrap();
        let error = (test.f / inference.f - 1.0).abs();
        assert!(error <= 10f64.powf(-test.digits), "{test:?}: {error}");
    }

    #[test]
    fn a_coefficient_that_was_left_out_does_not_count() {
        // The second feature is twice the first.
        let x = [1.0, 2.0, 2.0, 4.0, 3.0, 6.0, 5.0, 10.0];
        let rows = Rows::new(&x, &[1.0, 3.0, 2.0, 6.0], 2, 1).unwrap();
        let config = FitConfig {
            collinear: crate::Collinear::Drop,
            ..FitConfig::default()
        };
        let solution = fit(&rows, &config).unwrap();
        let inference = Inference::new(&solution, 0).unwrap();
        let test = inference.joint_test(&solution, None, &[1, 2]).unwrap();
        assert_eq!(test.degrees_of_freedom, 1.0);
        assert!((test.f / inference.f - 1.0).abs() < 1e-12);
        let none = inference.joint_test(&solution, None, &[]).unwrap();
        assert!(none.f.is_nan() && none.degrees_of_freedom == 0.0);
        assert!(inference.joint_test(&solution, None, &[3]).is_err());
    }
}
