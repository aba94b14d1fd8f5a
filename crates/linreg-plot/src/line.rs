/// The least-squares line through points, and how closely they follow it.
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
/// let line = Line::fit(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]);
/// assert_eq!((line.slope, line.intercept), (2.0, 1.0));
/// assert_eq!(line.explained, Some(1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Change of y for a change of x by 1; 0 where x is constant.
    pub slope: f64,
    /// y where x is 0.
    pub intercept: f64,
    /// Variance of y around the line, dividing by the number of points.
    pub residual_variance: f64,
    /// Share of y's variance that the line explains, from 0 to 1; none where
    /// y is constant or its variance is beyond 64-bit floats.
    pub explained: Option<f64>,
}

impl Line {
    /// Fits the line.
    ///
    /// # Panics
    ///
    /// If there are no points, or not as many x as y.
    pub fn fit(x: &[f64], y: &[f64]) -> Self {
        assert!(!x.is_empty() && x.len() == y.len(), "one y for each x");
        let count = x.len() as f64;
        // Differences from the first point, so that a constant has no spread
        // at all and a large offset costs no digits.
        let mean = |values: &[f64]| {
            let sum: f64 = values.iter().map(|value| value - values[0]).sum();
            values[0] + sum / count
        };
        let (mean_x, mean_y) = (mean(x), mean(y));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in x.iter().zip(y) {
            let (dx, dy) = (x - mean_x, y - mean_y);
            xx += dx * dx;
            xy += dx * dy;
            yy += dy * dy;
        }
        let slope = if xx > 0.0 { xy / xx } else { 0.0 };
        let residuals = x.iter().zip(y).map(|(x, y)| {
            let residual = (y - mean_y) - slope * (x - mean_x);
            residual * residual
        });
        let residual_squares: f64 = residuals.sum();
        Self {
            slope,
            intercept: mean_y - slope * mean_x,
            residual_variance: residual_squares / count,
            explained: (yy > 0.0 && yy.is_finite())
                .then(|| (1.0 - residual_squares / yy).clamp(0.0, 1.0)),
        }
    }

    /// y on the line at this x.
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
        let line = Line::fit(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 5.0]);
        assert!((line.slope - 1.1).abs() < 1e-15);
        assert!(line.intercept.abs() < 1e-15);
        assert!((line.residual_variance - 0.675).abs() < 1e-15);
        assert!((line.explained.unwrap() - 121.0 / 175.0).abs() < 1e-15);
    }

    #[test]
    fn a_constant_x_explains_nothing_and_a_constant_y_has_nothing_to_explain() {
        let line = Line::fit(&[0.1; 3], &[1.0, 2.0, 3.0]);
        assert_eq!((line.slope, line.intercept), (0.0, 2.0));
        assert_eq!(line.explained, Some(0.0));
        let line = Line::fit(&[1.0, 2.0, 3.0], &[0.1; 3]);
        assert_eq!((line.slope, line.explained), (0.0, None));
    }
}
