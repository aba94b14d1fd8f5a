use serde::{Deserialize, Serialize};

use super::figures::{Moments, breusch_pagan};
use super::sums::add_powers;
use crate::distributions::chi_squared_tail;
use crate::{Accumulator, Arithmetic, Collinear, DoubleDouble, ExactError, Rows};

/// The tests of [`TargetDiagnostics`](super::TargetDiagnostics) that need only
/// features and residuals, for a model that is already known.
///
/// # Example
///
/// ```
/// use linreg_exact::ResidualTests;
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// let mut tests = ResidualTests::new(1);
/// tests.update(&[1.0, 2.0, 3.0, 4.0], &[0.1, -0.1, -0.3, 0.3], None)?;
/// assert!(tests.breusch_pagan_p() < 0.1 && tests.jarque_bera_p() > 0.5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ResidualTests {
    /// The number of residuals, and the sums of their powers 1 to 4.
    powers: [DoubleDouble; 5],
    /// Sums of products of the features, with the squared residuals as target.
    squares: Accumulator,
}

impl ResidualTests {
    /// Returns tests without rows, for that many features.
    pub fn new(num_features: usize) -> Self {
        Self {
            powers: [DoubleDouble::ZERO; 5],
            squares: Accumulator::new(num_features, 1, Arithmetic::DoubleDouble),
        }
    }

    /// Adds rows: features, `[rows, features]`, the residual of each row, and how
    /// many rows each stands for, if not one.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`], [`ExactError::NotFinite`] or [`ExactError::Weight`].
    pub fn update(
        &mut self,
        features: &[f64],
        residuals: &[f64],
        counts: Option<&[f64]>,
    ) -> Result<(), ExactError> {
        let squares: Vec<f64> = residuals
            .iter()
            .map(|residual| residual * residual)
            .collect();
        let rows = Rows::new(features, &squares, self.squares.num_features(), 1)?;
        self.squares.update(&rows.with_weights(counts)?)?;
        for (row, residual) in residuals.iter().enumerate() {
            let count = counts.map_or(1.0, |counts| counts[row]);
            add_powers(&mut self.powers, *residual, count);
        }
        Ok(())
    }

    /// Adds the rows of other tests.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for another number of features, or
    /// [`ExactError::Overflow`].
    pub fn merge(&mut self, other: &Self) -> Result<(), ExactError> {
        self.squares.merge(&other.squares)?;
        for (sum, other) in self.powers.iter_mut().zip(&other.powers) {
            *sum += *other;
        }
        Ok(())
    }

    /// Number of rows, with their counts.
    pub fn rows(&self) -> u64 {
        self.powers[0].high() as u64
    }

    /// The p-value of the Jarque-Bera test that the residuals are normally
    /// distributed; NaN if they are all equal.
    pub fn jarque_bera_p(&self) -> f64 {
        chi_squared_tail(Moments::of(&self.powers).jarque_bera(), 2.0)
    }

    /// The p-value of the Breusch-Pagan test, in Koenker's form, that the variance
    /// of the residuals does not depend on the features; NaN if no feature varies.
    pub fn breusch_pagan_p(&self) -> f64 {
        let squares = self.squares.solve(true, Collinear::Drop);
        squares.map_or(f64::NAN, |squares| {
            let (statistic, freedom) = breusch_pagan(&squares, 0, &self.powers);
            chi_squared_tail(statistic, freedom)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, diabetes};
    use crate::{FitConfig, fit};

    #[test]
    fn they_are_those_of_statsmodels() {
        // statsmodels 0.15.0: jarque_bera and het_breuschpagan of the residuals
        // of the diabetes data.
        let (features, targets, _) = diabetes();
        let rows = Rows::new(&features, &targets, 10, 1).unwrap();
        let estimates = &fit(&rows, &FitConfig::default()).unwrap().targets[0].estimates;
        let predict = |x: &[f64]| {
            let products = x.iter().zip(&estimates[1..]).map(|(x, b)| x * b);
            estimates[0] + products.sum::<f64>()
        };
        let pairs = features.chunks(10).zip(&targets);
        let residuals: Vec<f64> = pairs.map(|(x, y)| y - predict(x)).collect();
        let mut tests = ResidualTests::new(10);
        tests
            .update(&features[..1000], &residuals[..100], None)
            .unwrap();
        tests
            .update(&features[1000..], &residuals[100..], None)
            .unwrap();
        let found = [tests.jarque_bera_p(), tests.breusch_pagan_p()];
        assert_close(&found, &[0.4956537465319756, 0.00354952241928149], 1e-9);
        assert_eq!(tests.rows(), 442);
    }

    #[test]
    fn there_is_no_test_of_nothing() {
        let mut tests = ResidualTests::new(1);
        assert!(tests.jarque_bera_p().is_nan() && tests.breusch_pagan_p().is_nan());
        tests
            .update(&[1.0, 1.0, 1.0], &[2.0, 2.0, 2.0], None)
            .unwrap();
        assert!(tests.jarque_bera_p().is_nan() && tests.breusch_pagan_p().is_nan());
    }

    #[test]
    fn residuals_of_one_size_do_not_change_with_a_feature() {
        let mut tests = ResidualTests::new(1);
        tests
            .update(&[1.0, 2.0, 3.0, 4.0], &[0.1, -0.1, -0.1, 0.1], None)
            .unwrap();
        assert_eq!(tests.breusch_pagan_p(), 1.0);
    }

    #[test]
    fn rows_that_count_for_several_are_as_many_rows() {
        let (mut counted, mut written) = (ResidualTests::new(1), ResidualTests::new(1));
        let (x, e) = ([1.0, 2.0, 3.0, 5.0], [0.5, -1.0, 0.0, 2.0]);
        counted.update(&x, &e, Some(&[2.0, 1.0, 3.0, 1.0])).unwrap();
        let x = [1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 5.0];
        let e = [0.5, 0.5, -1.0, 0.0, 0.0, 0.0, 2.0];
        written.update(&x, &e, None).unwrap();
        let p = |tests: &ResidualTests| [tests.jarque_bera_p(), tests.breusch_pagan_p()];
        assert_close(&p(&counted), &p(&written), 1e-12);
        assert_eq!(counted.rows(), 7);
    }
}
