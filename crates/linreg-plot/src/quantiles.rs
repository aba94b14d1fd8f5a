use statrs::function::erf::erfc_inv;

use crate::chart::Chart;
use crate::number::{rough, thousands};
use crate::residual_tests::{FEW, Verdict, shape};
use crate::residuals::NO_RESIDUALS;
use crate::scene::Role;
use crate::{Cloud, Picture, PlotError, ResidualTests};

/// Largest number of points drawn, and how many of them are the outermost at each
/// end.
const MOST_POINTS: usize = 1000;
const OUTERMOST: usize = 200;

impl Picture {
    /// Sorted standardised residuals against the quantiles of a normal distribution
    /// (Q-Q plot): if they are normally distributed, they lie on the line.
    ///
    /// The quantiles are those of (i - a) / (n + 1 - 2a), with a = 3/8 for at most
    /// ten rows, else 1/2, as in R's `ppoints`. The title says what the Jarque-Bera
    /// test of `tests` says; without them, the test of these values. Skewness and
    /// excess kurtosis are computed from the moments.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`], [`PlotError::NotFinite`] or [`PlotError::TooWide`].
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let picture = Picture::normal_quantiles(&[0.1, -1.2, 0.4, 0.9, -0.3], None)?;
    /// assert_eq!(picture.title(), "5 rows are too few to tell whether residuals are normal");
    /// # Ok(())
    /// # }
    /// ```
    pub fn normal_quantiles(
        standardised: &[f64],
        tests: Option<&ResidualTests>,
    ) -> Result<Self, PlotError> {
        const NAMES: [&str; 2] = ["normal quantile", "standardised residual"];
        let mut sorted = standardised.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len();
        let shown: Vec<usize> = if count <= MOST_POINTS {
            (0..count).collect()
        } else {
            let middle = MOST_POINTS - 2 * OUTERMOST;
            let between = (0..middle).map(|i| OUTERMOST + i * (count - 2 * OUTERMOST) / middle);
            let (first, last) = (0..OUTERMOST, count - OUTERMOST..count);
            first.chain(between).chain(last).collect()
        };
        let x: Vec<f64> = shown.iter().map(|index| expected(*index, count)).collect();
        let y: Vec<f64> = shown.iter().map(|index| sorted[*index]).collect();
        let cloud = Cloud::of(NAMES[0], &x, NAMES[1], &y)?;

        let tests = tests.map_or_else(|| ResidualTests::of(&[], &sorted), |tests| *tests);
        let of_drawn = || shape(&sorted).into();
        let [skewness, excess] = tests.shape.unwrap_or_else(of_drawn);
        let title = title(&tests, skewness, excess);
        let beyond = sorted.iter().filter(|value| value.abs() > 3.0).count();
        let expected_beyond = count as f64 * 0.002_699_796;
        let subtitle = if (count as u64) < FEW || tests.are_rounding {
            tests.drawn(count)
        } else {
            format!(
                "Skewness {}, excess kurtosis {}; {} of {} beyond ±3, {} if normal{}",
                rough(skewness),
                rough(excess),
                thousands(beyond as u64),
                tests.drawn(count),
                rough(expected_beyond),
                tests.shape_p()
            )
        };
        let mut chart = Chart::of_cloud(title, subtitle, &cloud).with_line(|x| x, Role::Line);
        // The points are in front of the line, and hide it.
        chart.layers.rotate_left(1);
        Ok(Self::of(chart.with_radius(1.5)))
    }
}

/// The expected residual of this rank, if residuals are normally distributed.
fn expected(rank: usize, count: usize) -> f64 {
    let a = if count <= 10 { 0.375 } else { 0.5 };
    let share = (rank as f64 + 1.0 - a) / (count as f64 + 1.0 - 2.0 * a);
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * share)
}

fn title(tests: &ResidualTests, skewness: f64, excess: f64) -> String {
    // Relative to the standard errors √(6/n) and √(24/n), skewness is the larger.
    let is_skewed = 2.0 * skewness.abs() > excess.abs()
        // One long tail also raises the kurtosis; two long tails give little
        // skewness.
        || excess.abs() < 4.0 * skewness * skewness;
    let text = match tests.of_shape() {
        _ if tests.are_rounding => NO_RESIDUALS,
        Verdict::Undefined => "Residuals are all the same",
        Verdict::TooFew => {
            return format!(
                "{} are too few to tell whether residuals are normal",
                tests.rows()
            );
        }
        Verdict::NotFound => {
            return format!(
                "No departure from a normal distribution found in {}",
                tests.rows()
            );
        }
        Verdict::Found if is_skewed && skewness > 0.0 => {
            "Residuals are skewed: the large ones are mostly positive"
        }
        Verdict::Found if is_skewed => "Residuals are skewed: the large ones are mostly negative",
        Verdict::Found if excess > 0.0 => "Residuals have heavier tails than normal ones",
        Verdict::Found => "Residuals have lighter tails than normal ones",
    };
    text.to_string()
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

    #[test]
    fn the_title_tells_the_shape() {
        let title = |of: fn(f64) -> f64| {
            let values: Vec<f64> = (0..500).map(|rank| of(expected(rank, 500))).collect();
            Picture::normal_quantiles(&values, None).unwrap().title()
        };
        assert_eq!(
            title(|z| z),
            "No departure from a normal distribution found in 500 rows"
        );
        assert!(title(|z| z.exp()).ends_with("the large ones are mostly positive"));
        assert!(title(|z| -z.exp()).ends_with("the large ones are mostly negative"));
        assert!(title(|z| z * z * z).starts_with("Residuals have heavier tails"));
        assert!(title(|z| z.clamp(-0.5, 0.5)).starts_with("Residuals have lighter tails"));
        assert_eq!(title(|_| 1.0), "Residuals are all the same");
    }

    #[test]
    fn the_title_says_what_the_test_of_all_rows_says() {
        // Slightly skewed: only a test of more rows than are drawn finds that.
        let values: Vec<f64> = (0..200).map(|rank| expected(rank, 200)).collect();
        let values: Vec<f64> = values.iter().map(|z| z + 0.05 * z * z).collect();
        let title = |p: f64| {
            let tests = ResidualTests {
                breusch_pagan_p: 0.5,
                jarque_bera_p: p,
                level: 0.05,
                shape: None,
                rows: 100_000,
                are_rounding: false,
            };
            Picture::normal_quantiles(&values, Some(&tests))
                .unwrap()
                .title()
        };
        assert_eq!(
            title(0.2),
            "No departure from a normal distribution found in 100,000 rows"
        );
        assert_eq!(
            title(0.01),
            "Residuals are skewed: the large ones are mostly positive"
        );
    }

    #[test]
    fn many_rows_are_thinned_but_for_the_outermost() {
        let values: Vec<f64> = (0..10_000).map(|rank| expected(rank, 10_000)).collect();
        let svg = Picture::normal_quantiles(&values, None).unwrap().svg();
        assert_eq!(svg.matches("<circle ").count(), MOST_POINTS);
    }
}
