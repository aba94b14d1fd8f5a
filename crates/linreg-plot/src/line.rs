use serde::{Deserialize, Serialize};

use crate::PlotError;
use crate::cloud::same_length;
use crate::sums::Sums;
use crate::ticks::ends;

/// The least-squares line through points, and how well it fits them.
///
/// With the means `mx` and `my`, `slope = sum (x - mx)(y - my) / sum (x - mx)²`
/// (Draper and Smith, *Applied Regression Analysis*, 3rd edition, section
/// 1.2).
///
/// # Example
///
/// ```
/// use linreg_plot::Line;
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let line = Line::fit(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0])?;
/// assert_eq!((line.slope, line.intercept), (2.0, 1.0));
/// assert_eq!(line.explained, Some(1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// Change of y for a change of x by 1; 0 where x is constant.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Variance of y around the line: the residual sum of squares divided by the
    /// number of points.
    pub residual_variance: f64,
    /// Its square root, in the unit of y.
    pub residual_std: f64,
    /// Share of the variance of y that the line explains, from 0 to 1; `None` if y
    /// is constant.
    pub explained: Option<f64>,
}

impl Line {
    /// Returns a known line. `residual_variance` is 0 or more; `explained` is from 0
    /// to 1, or `None` if y is constant.
    pub fn new(slope: f64, intercept: f64, residual_variance: f64, explained: Option<f64>) -> Self {
        Self {
            slope,
            intercept,
            residual_variance,
            residual_std: residual_variance.sqrt(),
            explained,
        }
    }

    /// Fits the line.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`], or [`PlotError::Lengths`] if the numbers of x and y
    /// differ.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self, PlotError> {
        same_length(("x", x.len()), ("y", y.len()))?;
        if x.is_empty() {
            return Err(PlotError::NoPoints);
        }
        let (of_x, of_y) = (ends(x), ends(y));
        let shares = |values: &[f64], (least, most): (f64, f64)| -> Vec<f64> {
            let width = if most > least { most - least } else { 1.0 };
            values.iter().map(|value| (value - least) / width).collect()
        };
        let (x, y) = (shares(x, of_x), shares(y, of_y));
        let sums = Sums::of(&x, &y);
        let mut line = sums.line(of_x, of_y);
        // The residuals are computed a second time: sums of squares keep only half
        // the digits of small ones.
        let unit = sums.line((0.0, 1.0), (0.0, 1.0));
        let squares = x.iter().zip(&y).map(|(x, y)| (y - unit.at(*x)).powi(2));
        let std = (squares.sum::<f64>() / x.len() as f64).sqrt();
        // A smaller residual of an exact line is rounding.
        let std = if std < 4.0 * f64::EPSILON { 0.0 } else { std };
        line.residual_std = std * (of_y.1 - of_y.0);
        line.residual_variance = line.residual_std * line.residual_std;
        Ok(line)
    }

    /// Returns y on the line at this x.
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_fractions_by_hand() {
        // Sums of squares: xx = 5, xy = 5.5, yy = 8.75.
        let line = Line::fit(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 5.0]).unwrap();
        assert!((line.slope - 1.1).abs() < 1e-15);
        assert!(line.intercept.abs() < 1e-15);
        assert!((line.residual_variance - 0.675).abs() < 1e-15);
        assert!((line.explained.unwrap() - 121.0 / 175.0).abs() < 1e-15);
    }

    #[test]
    fn a_constant_x_explains_nothing_and_a_constant_y_has_nothing_to_explain() {
        let line = Line::fit(&[0.1; 3], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((line.slope, line.intercept), (0.0, 2.0));
        assert_eq!(line.explained, Some(0.0));
        let line = Line::fit(&[1.0, 2.0, 3.0], &[0.1; 3]).unwrap();
        assert_eq!((line.slope, line.explained), (0.0, None));
    }

    #[test]
    fn tiny_and_huge_values_lose_nothing() {
        for unit in [1e-300, 1e300] {
            let values = [1.0, 2.0, 3.0, 4.0].map(|value| value * unit);
            let targets = [1.0, 3.0, 2.0, 5.0].map(|value| value * unit);
            let line = Line::fit(&values, &targets).unwrap();
            assert!((line.slope - 1.1).abs() < 1e-14, "{line:?}");
            assert!((line.explained.unwrap() - 121.0 / 175.0).abs() < 1e-14);
            assert!((line.residual_std / unit - 0.675f64.sqrt()).abs() < 1e-14);
        }
    }
}
