use statrs::function::erf::erfc_inv;

use crate::chart::Chart;
use crate::number::{rough, thousands};
use crate::picture::Body;
use crate::scene::Role;
use crate::{Cloud, Picture, PlotError};

/// Points drawn at the most, and how many of them are the outermost of each
/// side.
const MOST_POINTS: usize = 1000;
const OUTERMOST: usize = 200;

impl Picture {
    /// Standardised residuals in order against what normal ones would be: on the
    /// line if they are normal.
    ///
    /// The expected ones are the normal quantiles of (i - a) / (n + 1 - 2a) with
    /// a = 3/8 for at most ten rows, else 1/2, as of R's `ppoints`. Skewness and
    /// excess kurtosis are those of the moments; they are called notable beyond
    /// three of their standard errors, √(6/n) and √(24/n) (Thode, *Testing for
    /// Normality*, 2002, section 3.2).
    ///
    /// # Errors
    ///
    /// No points, or values that are NaN or infinite.
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let picture = Picture::normal_quantiles(&[0.1, -1.2, 0.4, 0.9, -0.3])?;
    /// assert_eq!(picture.title(), "Too few rows to tell whether residuals are normal");
    /// # Ok(())
    /// # }
    /// ```
    pub fn normal_quantiles(standardised: &[f64]) -> Result<Self, PlotError> {
        const NAMES: [&str; 2] = ["normal quantile", "standardised residual"];
        let mut sorted = standardised.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len();
        let shown: Vec<usize> = match count <= MOST_POINTS {
            true => (0..count).collect(),
            false => {
                let middle = MOST_POINTS - 2 * OUTERMOST;
                let between = (0..middle).map(|i| OUTERMOST + i * (count - 2 * OUTERMOST) / middle);
                let (first, last) = (0..OUTERMOST, count - OUTERMOST..count);
                first.chain(between).chain(last).collect()
            }
        };
        let x: Vec<f64> = shown.iter().map(|index| expected(*index, count)).collect();
        let y: Vec<f64> = shown.iter().map(|index| sorted[*index]).collect();
        let cloud = Cloud::of(NAMES[0], &x, NAMES[1], &y)?;

        let shape = Shape::of(&sorted);
        let title = shape.title(count);
        let beyond = sorted.iter().filter(|value| value.abs() > 3.0).count();
        let expected_beyond = count as f64 * 0.002_699_796;
        let subtitle = format!(
            "Skewness {}, excess kurtosis {}; {} of {} rows beyond ±3, {} if normal",
            rough(shape.skewness),
            rough(shape.kurtosis),
            thousands(beyond as u64),
            thousands(count as u64),
            rough(expected_beyond)
        );
        let subtitle = match count < FEW {
            true => format!("{} rows", count),
            false => subtitle,
        };
        let mut chart = Chart::of_cloud(title, subtitle, &cloud).with_line(|x| x, Role::Line);
        // The points in front of the line that they hide.
        chart.layers.rotate_left(1);
        Ok(Self(Body::Chart(chart.with_radius(1.5))))
    }
}

/// Rows below which nothing is said of their shape.
const FEW: usize = 30;

/// What the residual of this rank would be, if they were normal.
fn expected(rank: usize, count: usize) -> f64 {
    let a = if count <= 10 { 0.375 } else { 0.5 };
    let share = (rank as f64 + 1.0 - a) / (count as f64 + 1.0 - 2.0 * a);
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * share)
}

struct Shape {
    skewness: f64,
    kurtosis: f64,
}

impl Shape {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let moment = |power: i32| {
            values
                .iter()
                .map(|value| (value - mean).powi(power))
                .sum::<f64>()
                / count
        };
        let variance = moment(2);
        Self {
            skewness: moment(3) / variance.powf(1.5),
            kurtosis: moment(4) / (variance * variance) - 3.0,
        }
    }

    fn title(&self, count: usize) -> String {
        let (of_skewness, of_kurtosis) =
            ((6.0 / count as f64).sqrt(), (24.0 / count as f64).sqrt());
        let (skewness, kurtosis) = (self.skewness / of_skewness, self.kurtosis / of_kurtosis);
        let text = if count < FEW {
            "Too few rows to tell whether residuals are normal"
        } else if !(skewness.is_finite() && kurtosis.is_finite()) {
            "Residuals are all the same"
        } else if skewness.abs() > 3.0 && skewness.abs() > kurtosis.abs() / 3.0 {
            match skewness > 0.0 {
                true => "Residuals are skewed: the large ones are mostly positive",
                false => "Residuals are skewed: the large ones are mostly negative",
            }
        } else if kurtosis > 3.0 {
            "Residuals have heavier tails than normal ones"
        } else if kurtosis < -3.0 {
            "Residuals have lighter tails than normal ones"
        } else {
            "Residuals are about normal"
        };
        text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_quantiles_are_those_of_r() {
        // SciPy 1.16: scipy.stats.norm.ppf((i - a) / (n + 1 - 2 a)).
        const OF_FIVE: [f64; 5] = [
            -1.1797611176118612,
            -0.4972005702320117,
            0.0,
            0.4972005702320117,
            1.1797611176118612,
        ];
        for (rank, quantile) in OF_FIVE.into_iter().enumerate() {
            assert!((expected(rank, 5) - quantile).abs() < 1e-9, "{rank}");
        }
        assert!((expected(0, 100) + 2.5758293035489004).abs() < 1e-9);
    }
}
