use statrs::function::erf::erfc;

use crate::number::{rough, rows, thousands};

/// Results of tests of a fit's residuals, which the titles of pictures report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResidualTests {
    /// p-value of the Breusch-Pagan test, in Koenker's form, that the variance of
    /// the residuals does not change; NaN if it is not defined.
    pub breusch_pagan_p: f64,
    /// p-value of the Jarque-Bera test that they are normally distributed; NaN if it
    /// is not defined.
    pub jarque_bera_p: f64,
    /// Significance level of the tests, such as 0.05.
    pub level: f64,
    /// Skewness and excess kurtosis of all residuals, if they are known.
    pub shape: Option<[f64; 2]>,
    /// Number of rows tested, which may be more than are drawn.
    pub rows: u64,
    /// Whether the residuals are no larger than the rounding of the numbers they are
    /// computed from, so that they show nothing.
    pub are_rounding: bool,
}

/// With fewer rows, a test that is not significant says nothing.
pub(crate) const FEW: u64 = 30;

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Significant.
    Found,
    /// Not significant.
    NotFound,
    /// Not significant, but with too few rows to say more.
    TooFew,
    /// The test is not defined.
    Undefined,
}

impl ResidualTests {
    /// Tests the rows that are drawn, at a level of 5 %: whether the variance of the
    /// residuals changes with the fitted values, and whether they are normally
    /// distributed.
    pub fn of(fitted: &[f64], residuals: &[f64]) -> Self {
        let greatest = |values: &[f64]| values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let squares: Vec<f64> = residuals.iter().map(|e| e * e).collect();
        let rows = residuals.len() as f64;
        // Chi-squared distribution with one degree of freedom.
        let statistic = rows * explained(fitted, &squares);
        let breusch_pagan_p = erfc((statistic / 2.0).sqrt());
        let jarque_bera = rows / 6.0 * {
            let (skewness, excess) = shape(residuals);
            skewness * skewness + excess * excess / 4.0
        };
        Self {
            breusch_pagan_p: if statistic.is_nan() {
                f64::NAN
            } else {
                breusch_pagan_p
            },
            jarque_bera_p: (-jarque_bera / 2.0).exp(),
            level: 0.05,
            shape: None,
            rows: residuals.len() as u64,
            are_rounding: greatest(residuals) <= 4.0 * f64::EPSILON * greatest(fitted),
        }
    }

    pub(crate) fn of_spread(&self) -> Verdict {
        self.verdict(self.breusch_pagan_p)
    }

    pub(crate) fn of_shape(&self) -> Verdict {
        self.verdict(self.jarque_bera_p)
    }

    fn verdict(&self, p: f64) -> Verdict {
        if p < self.level {
            Verdict::Found
        } else if p.is_nan() {
            Verdict::Undefined
        } else if self.rows < FEW {
            Verdict::TooFew
        } else {
            Verdict::NotFound
        }
    }

    /// The number of rows that are drawn, and of how many they are a sample.
    pub(crate) fn drawn(&self, drawn: usize) -> String {
        if self.rows > drawn as u64 {
            format!("{} of {} drawn", thousands(drawn as u64), self.rows())
        } else {
            rows(drawn)
        }
    }

    /// The number of rows tested, in words.
    pub(crate) fn rows(&self) -> String {
        match self.rows {
            1 => "1 row".to_string(),
            rows => format!("{} rows", thousands(rows)),
        }
    }

    /// The p-value of the Breusch-Pagan test in words, if it is defined and the
    /// residuals are more than rounding.
    pub(crate) fn spread_p(&self) -> String {
        if self.are_rounding {
            return String::new();
        }
        p_text("Breusch-Pagan", self.breusch_pagan_p)
    }

    /// The p-value of the Jarque-Bera test in words, if it is defined.
    pub(crate) fn shape_p(&self) -> String {
        p_text("Jarque-Bera", self.jarque_bera_p)
    }
}

fn p_text(name: &str, p: f64) -> String {
    match p {
        _ if p.is_nan() => String::new(),
        0.0 => format!("; {name} p <1e-300"),
        _ => format!("; {name} p {}", rough(p)),
    }
}

/// Share of the variance of y that a straight line in x explains; NaN if one of them
/// does not vary.
fn explained(x: &[f64], y: &[f64]) -> f64 {
    let scaled = |values: &[f64]| -> Vec<f64> {
        let mean = mean(values);
        let most = values.iter().fold(0.0_f64, |a, b| a.max((b - mean).abs()));
        values.iter().map(|value| (value - mean) / most).collect()
    };
    let (x, y) = (scaled(x), scaled(y));
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    sum(&x, &y).powi(2) / (sum(&x, &x) * sum(&y, &y))
}

/// Skewness and excess kurtosis; NaN if all values are equal.
pub(crate) fn shape(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = mean(values);
    let moment = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / count;
    let variance = moment(2);
    (
        moment(3) / variance.powf(1.5),
        moment(4) / (variance * variance) - 3.0,
    )
}

fn mean(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_what_is_drawn_are_those_of_scipy() {
        // scipy 1.17.1: chi2.sf(10 * corrcoef(f, e²)², 1) and jarque_bera(e).
        let fitted: Vec<f64> = (0..10).map(f64::from).collect();
        let residuals = [0.1, -0.2, 0.3, -0.4, 0.5, -0.9, 0.7, -0.8, 0.9, 2.0];
        let tests = ResidualTests::of(&fitted, &residuals);
        assert!(
            (tests.breusch_pagan_p - 0.02609843527283734).abs() < 1e-9,
            "{tests:?}"
        );
        assert!(
            (tests.jarque_bera_p - 0.7454036173804566).abs() < 1e-9,
            "{tests:?}"
        );
        assert!(!tests.are_rounding && tests.rows == 10);
        assert_eq!(tests.of_spread(), Verdict::Found);
        assert_eq!(tests.of_shape(), Verdict::TooFew);
    }

    #[test]
    fn nothing_is_tested_of_rounding_or_of_one_place() {
        let fitted = [1.0, 2.0, 3.0];
        assert!(ResidualTests::of(&fitted, &[0.0, 4e-16, -2e-16]).are_rounding);
        let tests = ResidualTests::of(&[2.0; 3], &[1.0, -2.0, 1.0]);
        assert_eq!(tests.of_spread(), Verdict::Undefined);
        let tests = ResidualTests::of(&fitted, &[1.0; 3]);
        assert_eq!(tests.of_shape(), Verdict::Undefined);
    }
}
