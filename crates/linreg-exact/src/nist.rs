//! The linear regressions of the NIST Statistical Reference Datasets, whose
//! results are certified to fifteen digits: `itl.nist.gov/div898/strd`.

mod tables;

use crate::{
    Coefficient, DoubleDouble, ExactError, FitConfig, Inference, Rows, ShapeError, Solution, fit,
};

/// A data set and the results that NIST certifies for it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reference {
    /// Name at NIST.
    pub name: &'static str,
    /// Difficulty according to NIST: `lower`, `average` or `higher`.
    pub level: &'static str,
    /// Whether the model has an intercept.
    pub intercept: bool,
    /// Degree of a polynomial in one column; 0 if the columns are the features.
    degree: u32,
    columns: usize,
    /// The intercept, if there is one, and the weights.
    pub estimates: &'static [f64],
    /// Standard errors of the estimates.
    pub std_errors: &'static [f64],
    /// Residual standard error.
    pub residual_std_error: f64,
    /// R², the share of the variance that is explained.
    pub r_squared: f64,
    /// The F statistic; infinite if the fit is exact.
    pub f: f64,
    /// Row-major: the target, then the columns.
    table: &'static [f64],
}

/// The number of digits of a fit that agree with the certified results: -log10 of
/// the relative error, or of the absolute error if the certified number is 0. It is
/// at most 15, the number of certified digits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Accuracy {
    /// Fewest digits among the coefficients.
    pub estimates: f64,
    /// Fewest digits among their standard errors.
    pub std_errors: f64,
    /// Digits of the residual standard error.
    pub residual_std_error: f64,
    /// Digits of R².
    pub r_squared: f64,
    /// Digits of F.
    pub f: f64,
}

/// Returns all eleven data sets, in the order of NIST's page.
pub fn references() -> &'static [Reference] {
    &tables::REFERENCES
}

impl Reference {
    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.table.len() / (self.columns + 1)
    }

    /// Whether the features are powers of a column.
    pub fn is_polynomial(&self) -> bool {
        self.degree > 1
    }

    /// The targets, `[rows]`.
    pub fn targets(&self) -> Vec<f64> {
        self.table
            .iter()
            .step_by(self.columns + 1)
            .copied()
            .collect()
    }

    /// Returns the features, row-major `[rows, features]`, and their tails, the low
    /// parts that exact powers have beyond `f64`.
    pub fn features(&self) -> (Vec<f64>, Vec<f64>) {
        let of_row = |row: &'static [f64]| -> Vec<DoubleDouble> {
            let column = |value: &f64| DoubleDouble::from(*value);
            if self.is_polynomial() {
                (1..=self.degree)
                    .map(|degree| column(&row[1]).powi(degree))
                    .collect()
            } else {
                row[1..].iter().map(column).collect()
            }
        };
        let numbers = self.table.chunks_exact(self.columns + 1).flat_map(of_row);
        numbers.map(|number| (number.high(), number.low())).unzip()
    }

    /// Fits the model, with exact powers of the column if `exact_powers`.
    ///
    /// # Errors
    ///
    /// Those of [`fit`]; none is known for these data sets.
    pub fn fit(&self, exact_powers: bool) -> Result<Solution, ExactError> {
        let (features, tails) = self.features();
        let targets = self.targets();
        let width = features.len() / targets.len();
        let rows = Rows::new(&features, &targets, width, 1)?;
        let rows = rows.with_tails(exact_powers.then_some(&tails))?;
        let config = FitConfig {
            intercept: self.intercept,
            ..FitConfig::default()
        };
        fit(&rows, &config)
    }

    /// Compares a fit with the certified results.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for a fit of another number of coefficients.
    pub fn accuracy(&self, solution: &Solution) -> Result<Accuracy, ExactError> {
        let inference = Inference::new(solution, 0)?;
        let (found, expected) = (inference.coefficients.len(), self.estimates.len());
        if found != expected {
            return Err(ShapeError::Coefficients { found, expected }.into());
        }
        let least = |figure: fn(&Coefficient) -> f64, certified: &[f64]| {
            let each = inference.coefficients.iter().zip(certified);
            let each = each.map(|(found, certified)| digits(figure(found), *certified));
            each.fold(MOST, f64::min)
        };
        Ok(Accuracy {
            estimates: least(|found| found.estimate, self.estimates),
            std_errors: least(|found| found.std_error, self.std_errors),
            residual_std_error: digits(inference.residual_std_error, self.residual_std_error),
            r_squared: digits(inference.r_squared, self.r_squared),
            // A fit without residuals has no F.
            f: if self.f.is_infinite() && inference.is_exact {
                MOST
            } else {
                digits(inference.f, self.f)
            },
        })
    }
}

/// Number of digits that are certified.
const MOST: f64 = 15.0;

fn digits(found: f64, certified: f64) -> f64 {
    if found == certified {
        return MOST;
    }
    let error = match certified {
        0.0 => found.abs(),
        _ => (found - certified).abs() / certified.abs(),
    };
    if error.is_nan() {
        // A figure that is not known has no digits.
        return 0.0;
    }
    (-error.log10()).clamp(0.0, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certified_figure_is_met() {
        for reference in references() {
            for exact_powers in [false, true] {
                let solution = reference.fit(exact_powers).unwrap();
                let found = reference.accuracy(&solution).unwrap();
                // Filip's powers rounded to f64 are another data set, whose exact
                // fit agrees with the certified results to 7.6 digits.
                let (estimates, std_errors) = match (reference.name, exact_powers) {
                    ("Filip", false) => (7.4, 7.0),
                    _ => (12.0, 12.0),
                };
                let of = format!("{} {exact_powers} {found:?} {solution:?}", reference.name);
                assert!(found.estimates >= estimates, "{of}");
                assert!(found.std_errors >= std_errors, "{of}");
                assert!(found.residual_std_error >= std_errors, "{of}");
                assert!(
                    found.r_squared >= std_errors && found.f >= std_errors,
                    "{of}"
                );
            }
        }
    }

    #[test]
    fn the_digits_that_are_promised_are_there() {
        for reference in references() {
            let solution = reference.fit(true).unwrap();
            let fit = &solution.targets[0];
            let each = fit
                .estimates
                .iter()
                .zip(&fit.digits)
                .zip(reference.estimates);
            for ((estimate, promised), certified) in each {
                let found = digits(*estimate, *certified);
                // The decimals of NIST differ slightly from the f64 in the fit.
                let most = promised.min(13.0);
                assert!(found >= most, "{}: {found} {promised}", reference.name);
                assert!(*promised > 12.0, "{}: {promised}", reference.name);
            }
        }
    }
}
