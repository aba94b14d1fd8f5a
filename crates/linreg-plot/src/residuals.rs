use crate::chart::Chart;
use crate::name::shorten;
use crate::number::{rough, rows, thousands};
use crate::residual_tests::{FEW, Verdict};
use crate::scene::Role;
use crate::trend::{Growth, Trend};
use crate::{Cloud, Picture, PlotError, ResidualTests};

/// The title if the residuals are only rounding.
pub(crate) const NO_RESIDUALS: &str = "There are no residuals beyond rounding: the fit is exact";

/// Share of the variance of residuals above which the title reports a bend.
const NOTABLE_BEND: f64 = 0.02;

impl Picture {
    /// Residuals against fitted values, with a smooth curve (local regression): it shows
    /// curvature that the model misses, and a spread that changes. The title reports
    /// a bend of their means, else what `tests` say of the spread; without `tests`, it
    /// uses [`ResidualTests::of`] for these rows.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::scatter`].
    pub fn residuals(
        target: &str,
        fitted: &[f64],
        residuals: &[f64],
        tests: Option<&ResidualTests>,
    ) -> Result<Self, PlotError> {
        let x_name = format!("predicted {}", shorten(target, 60));
        let cloud = Cloud::of(&x_name, fitted, "residual", residuals)?;
        let trend = Trend::new(fitted, residuals);
        let tests = tests.map_or_else(|| ResidualTests::of(fitted, residuals), |tests| *tests);
        let title = match trend.bend() {
            _ if tests.are_rounding => NO_RESIDUALS.to_string(),
            Some(share) if share > NOTABLE_BEND => format!(
                "Residuals bend: their mean is not 0 along the way ({:.0} % of their variance)",
                100.0 * share
            ),
            _ => spread(&tests, &trend).unwrap_or_else(|| match tests.of_spread() {
                Verdict::NotFound if tests.rows > fitted.len() as u64 => format!(
                    "No change of spread found in {}, and no bend in {} of them",
                    tests.rows(),
                    thousands(fitted.len() as u64)
                ),
                Verdict::NotFound => {
                    format!("No bend and no change of spread found in {}", tests.rows())
                }
                Verdict::TooFew => {
                    format!(
                        "{} are too few to tell a pattern of residuals",
                        tests.rows()
                    )
                }
                _ => "Residuals against what was predicted".to_string(),
            }),
        };
        let rows = tests.drawn(fitted.len());
        let test = tests.spread_p();
        let subtitle = match trend.thirds {
            Some([left, right]) => format!(
                "Standard deviation {} in the left third, {} in the right; {rows}{test}",
                rough(left),
                rough(right)
            ),
            None => format!("{rows}{test}"),
        };
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_line(|_| 0.0, Role::Faint)
            .with_trend(trend.points());
        Ok(Self::of(chart))
    }

    /// Residuals in the order of the rows, by the numbers of these, with a smooth curve:
    /// it shows a drift, as of rows that were measured one after the other. The title
    /// reports a drift of the means.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::scatter`].
    pub fn residual_order(
        row_numbers: &[f64],
        residuals: &[f64],
        tests: Option<&ResidualTests>,
    ) -> Result<Self, PlotError> {
        let cloud = Cloud::of("row", row_numbers, "residual", residuals)?;
        let trend = Trend::new(row_numbers, residuals);
        let tests = tests.map_or_else(|| ResidualTests::of(&[], residuals), |tests| *tests);
        let title = match trend.bend() {
            _ if tests.are_rounding => NO_RESIDUALS.to_string(),
            Some(share) if share > NOTABLE_BEND => format!(
                "Residuals drift along the rows ({:.0} % of their variance)",
                100.0 * share
            ),
            _ if tests.rows < FEW => {
                format!("{} are too few to tell a drift of residuals", tests.rows())
            }
            // Only those that are drawn were looked at.
            _ => format!("No drift along the rows found in {}", rows(residuals.len())),
        };
        let chart = Chart::of_cloud(title, tests.drawn(residuals.len()), &cloud)
            .with_radius(1.5)
            .with_line(|_| 0.0, Role::Faint)
            .with_trend(trend.points());
        Ok(Self::of(chart))
    }

    /// Square roots of the absolute standardised residuals against fitted values: a
    /// curve that rises shows that the spread grows.
    ///
    /// Cleveland, *Visualizing Data* (1993), section 3.3; R's
    /// `plot(lm, which = 3)`.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::scatter`].
    pub fn scale_location(
        target: &str,
        fitted: &[f64],
        standardised: &[f64],
        tests: Option<&ResidualTests>,
    ) -> Result<Self, PlotError> {
        let x_name = format!("predicted {}", shorten(target, 60));
        let sizes: Vec<f64> = standardised
            .iter()
            .map(|value| value.abs().sqrt())
            .collect();
        let cloud = Cloud::of(&x_name, fitted, "√|standardised residual|", &sizes)?;
        let trend = Trend::new(fitted, standardised);
        let tests = tests.map_or_else(|| ResidualTests::of(fitted, standardised), |tests| *tests);
        let title = if tests.are_rounding {
            NO_RESIDUALS.to_string()
        } else {
            spread(&tests, &trend).unwrap_or_else(|| match tests.of_spread() {
                Verdict::NotFound => format!("No change of spread found in {}", tests.rows()),
                Verdict::TooFew => {
                    format!("{} are too few to tell a change of spread", tests.rows())
                }
                _ => "The size of residuals against what was predicted".to_string(),
            })
        };
        let test = tests.spread_p();
        let subtitle = match trend.thirds {
            Some([left, right]) => format!(
                "Standardised: {} in the left third, {} in the right; intervals assume a level line{test}",
                rough(left),
                rough(right)
            ),
            None => format!("{}{test}", tests.drawn(fitted.len())),
        };
        let means = Trend::new(fitted, &sizes).points();
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_trend(means);
        Ok(Self::of(chart))
    }
}

/// The title about the spread of residuals, if there is something to report: the
/// result of the test, the change from left to right, or that the two disagree.
fn spread(tests: &ResidualTests, trend: &Trend) -> Option<String> {
    let is_found = tests.of_spread() == Verdict::Found;
    let way = match trend.growth() {
        Some(Growth::More(times)) => {
            format!("The spread of residuals grows {times:.1} times from left to right")
        }
        Some(Growth::Less(share)) => {
            format!(
                "The spread of residuals falls to {:.0} % from left to right",
                100.0 * share
            )
        }
        _ if is_found => {
            return Some("The spread of residuals changes with the features".to_string());
        }
        _ => return None,
    };
    Some(if is_found {
        way
    } else {
        format!("{way}, though the Breusch-Pagan test does not find it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers from -1 to 1.
    fn noise(count: usize) -> Vec<f64> {
        let of = |i: usize| ((i as f64 * 12.9898).sin() * 43758.5453).fract();
        (1..=count).map(of).collect()
    }

    fn titles(residuals: &[f64], tests: Option<&ResidualTests>) -> [String; 2] {
        let fitted: Vec<f64> = (0..residuals.len()).map(|i| i as f64).collect();
        [
            Picture::residuals("y", &fitted, residuals, tests),
            Picture::scale_location("y", &fitted, residuals, tests),
        ]
        .map(|picture| picture.unwrap().title())
    }

    #[test]
    fn a_title_says_no_more_than_the_test() {
        let even = noise(400);
        let grows: Vec<f64> = (0..400)
            .zip(&even)
            .map(|(i, e)| f64::from(100 + i) * e)
            .collect();
        let tests = |p: f64| ResidualTests {
            breusch_pagan_p: p,
            jarque_bera_p: 0.5,
            level: 0.05,
            shape: None,
            rows: 5000,
            are_rounding: false,
        };
        assert_eq!(
            titles(&even, Some(&tests(0.3))),
            [
                "No change of spread found in 5,000 rows, and no bend in 400 of them",
                "No change of spread found in 5,000 rows"
            ]
        );
        // The test uses all features, the picture only the predicted values.
        for title in titles(&even, Some(&tests(0.01))) {
            assert_eq!(title, "The spread of residuals changes with the features");
        }
        for title in titles(&grows, Some(&tests(0.01))) {
            assert!(title.ends_with("times from left to right"), "{title}");
        }
        for title in titles(&grows, Some(&tests(0.3))) {
            assert!(
                title.ends_with("though the Breusch-Pagan test does not find it"),
                "{title}"
            );
        }
        // Without tests, it uses its own.
        assert!(titles(&grows, None)[0].ends_with("times from left to right"));
        assert!(titles(&even, None)[0].ends_with("found in 400 rows"));
    }

    #[test]
    fn a_drift_along_the_rows_is_told_from_noise() {
        let rows: Vec<f64> = (1..=400).map(f64::from).collect();
        let title = |residuals: &[f64]| {
            let picture = Picture::residual_order(&rows[..residuals.len()], residuals, None);
            picture.unwrap().title()
        };
        let even = noise(400);
        assert_eq!(title(&even), "No drift along the rows found in 400 rows");
        let drifting: Vec<f64> = rows
            .iter()
            .zip(&even)
            .map(|(row, e)| row / 200.0 + e)
            .collect();
        let drift = title(&drifting);
        assert!(
            drift.starts_with("Residuals drift along the rows ("),
            "{drift}"
        );
        assert_eq!(
            title(&even[..8]),
            "8 rows are too few to tell a drift of residuals"
        );
        assert_eq!(title(&[0.0; 40]), NO_RESIDUALS);
    }

    #[test]
    fn few_rows_are_said_to_be_few_and_rounding_to_be_rounding() {
        assert_eq!(
            titles(&noise(8), None)[0],
            "8 rows are too few to tell a pattern of residuals"
        );
        let rounding: Vec<f64> = noise(50).iter().map(|e| 1e-15 * e).collect();
        assert_eq!(titles(&rounding, None)[0], NO_RESIDUALS);
    }
}
