use crate::chart::Chart;
use crate::name::shorten;
use crate::number::{rough, rows, thousands};
use crate::scene::Role;
use crate::smooth::mean;
use crate::{Cloud, Picture, PlotError};

/// How far predictions are from what was the case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionFigures {
    /// The mean of the squared differences.
    pub mean_square: f64,
    /// The variance of the target, with the number of rows as divisor.
    pub variance: f64,
    /// The number of rows.
    pub rows: u64,
}

impl Picture {
    /// Actual against predicted values, with the line on which perfect predictions
    /// lie.
    ///
    /// # Errors
    ///
    /// As [`Picture::scatter`].
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let picture = Picture::predicted("price", &[1.0, 2.0, 3.0], &[1.0, 2.5, 3.5])?;
    /// assert_eq!(picture.title(), "Predictions explain 84.2 % of the variance of price");
    /// # Ok(())
    /// # }
    /// ```
    pub fn predicted(target: &str, predicted: &[f64], actual: &[f64]) -> Result<Self, PlotError> {
        let count = actual.len() as f64;
        let mean = mean(actual);
        let squares = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|d| d * d).sum::<f64>();
        let errors = PredictionFigures {
            mean_square: squares(&mut actual.iter().zip(predicted).map(|(y, p)| y - p)) / count,
            variance: squares(&mut actual.iter().map(|y| y - mean)) / count,
            rows: actual.len() as u64,
        };
        Self::predicted_sample(target, predicted, actual, &errors)
    }

    /// The same for a sample of rows, or for rows that count differently, with the figures
    /// of all rows in the title.
    ///
    /// # Errors
    ///
    /// As [`Picture::scatter`].
    pub fn predicted_sample(
        target: &str,
        predicted: &[f64],
        actual: &[f64],
        errors: &PredictionFigures,
    ) -> Result<Self, PlotError> {
        let y_name = format!("actual {}", shorten(target, 60));
        let x_name = format!("predicted {}", shorten(target, 60));
        let cloud = Cloud::of(&x_name, predicted, &y_name, actual)?;
        let (residuals, total) = (errors.mean_square, errors.variance);
        let target = shorten(target, 24);
        // The sums of large numbers overflow.
        let is_known = total > 0.0 && total.is_finite() && residuals.is_finite();
        let title = if is_known && residuals > total {
            format!("Predictions of {target} are worse than its mean")
        } else if is_known {
            let explained = 100.0 * (1.0 - residuals / total);
            format!("Predictions explain {explained:.1} % of the variance of {target}")
        } else if actual.iter().all(|y| *y == actual[0]) {
            format!("{target} is constant")
        } else {
            format!("What was predicted of {target}, and what was the case")
        };
        let rmse = rough(residuals.sqrt());
        let rows = if errors.rows > actual.len() as u64 {
            format!(
                "{} of {} rows drawn",
                thousands(actual.len() as u64),
                thousands(errors.rows)
            )
        } else {
            rows(actual.len())
        };
        let subtitle =
            format!("Points on the line were predicted right; typical error {rmse}; {rows}");
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_line(|x| x, Role::Line);
        Ok(Self::of(chart))
    }
}
