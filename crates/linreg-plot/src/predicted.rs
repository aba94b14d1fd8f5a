use crate::chart::Chart;
use crate::name::shorten;
use crate::number::{rough, rows};
use crate::scene::Role;
use crate::{Cloud, Picture, PlotError};

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
        let y_name = format!("actual {}", shorten(target, 60));
        let x_name = format!("predicted {}", shorten(target, 60));
        let cloud = Cloud::of(&x_name, predicted, &y_name, actual)?;
        let count = actual.len() as f64;
        let mean = actual[0] + actual.iter().map(|y| y - actual[0]).sum::<f64>() / count;
        let squares = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|d| d * d).sum::<f64>();
        let residuals = squares(&mut actual.iter().zip(predicted).map(|(y, p)| y - p));
        let total = squares(&mut actual.iter().map(|y| y - mean));
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
        let rmse = rough((residuals / count).sqrt());
        let rows = rows(actual.len());
        let subtitle =
            format!("Points on the line were predicted right; typical error {rmse}; {rows}");
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_line(|x| x, Role::Line);
        Ok(Self::of(chart))
    }
}
