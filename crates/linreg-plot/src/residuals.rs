use crate::chart::Chart;
use crate::name::shorten;
use crate::number::{rough, thousands};
use crate::picture::Body;
use crate::scene::Role;
use crate::trend::{Growth, Trend};
use crate::{Cloud, Picture, PlotError};

/// Share of the variance of residuals that is worth a title.
const NOTABLE_BEND: f64 = 0.02;

impl Picture {
    /// Residuals against fitted values, with their mean along the way: a curve
    /// that a line misses, or a spread that grows, shows here.
    ///
    /// # Errors
    ///
    /// As [`Picture::scatter`].
    pub fn residuals(target: &str, fitted: &[f64], residuals: &[f64]) -> Result<Self, PlotError> {
        let x_name = format!("predicted {}", shorten(target, 60));
        let cloud = Cloud::of(&x_name, fitted, "residual", residuals)?;
        let trend = Trend::new(fitted, residuals);
        let rows = thousands(fitted.len() as u64);
        let title = match (trend.bend(), trend.growth()) {
            _ if residuals.iter().all(|residual| *residual == 0.0) => {
                "There are no residuals: every prediction is right".to_string()
            }
            (Some(share), _) if share > NOTABLE_BEND => format!(
                "Residuals bend: their mean is not 0 along the way ({:.0} % of their variance)",
                100.0 * share
            ),
            (_, Some(Growth::More(times))) => {
                format!("Residuals fan out: their spread grows {times:.1} times from left to right")
            }
            (_, Some(Growth::Less(share))) => format!(
                "Residuals close in: their spread falls to {:.0} % from left to right",
                100.0 * share
            ),
            (_, Some(Growth::Chance)) => {
                "Residuals show no pattern: an even spread around 0, without a bend".to_string()
            }
            (_, None) => "Residuals against what was predicted".to_string(),
        };
        let subtitle = match trend.thirds {
            Some([left, right]) => format!(
                "Standard deviation {} in the left third, {} in the right; {rows} rows",
                rough(left),
                rough(right)
            ),
            None => format!("{rows} rows, too few or too alike to tell a pattern"),
        };
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_line(|_| 0.0, Role::Faint)
            .with_trend(trend.points());
        Ok(Self(Body::Chart(chart)))
    }

    /// The root of the size of standardised residuals against fitted values: a
    /// line that rises says that the spread grows.
    ///
    /// Cleveland, *Visualizing Data* (1993), section 3.3; R's
    /// `plot(lm, which = 3)`.
    ///
    /// # Errors
    ///
    /// As [`Picture::scatter`].
    pub fn scale_location(
        target: &str,
        fitted: &[f64],
        standardised: &[f64],
    ) -> Result<Self, PlotError> {
        let x_name = format!("predicted {}", shorten(target, 60));
        let sizes: Vec<f64> = standardised
            .iter()
            .map(|value| value.abs().sqrt())
            .collect();
        let cloud = Cloud::of(&x_name, fitted, "√|standardised residual|", &sizes)?;
        let trend = Trend::new(fitted, standardised);
        let title = match trend.growth() {
            Some(Growth::More(times)) => {
                format!("The spread of residuals grows {times:.1} times from left to right")
            }
            Some(Growth::Less(share)) => format!(
                "The spread of residuals falls to {:.0} % from left to right",
                100.0 * share
            ),
            Some(Growth::Chance) => {
                "The spread of residuals differs no more than by chance".to_string()
            }
            None => "The size of residuals against what was predicted".to_string(),
        };
        let subtitle = match trend.thirds {
            Some([left, right]) => format!(
                "Standardised: {} in the left third, {} in the right; intervals assume a level line",
                rough(left),
                rough(right)
            ),
            None => String::new(),
        };
        let means = Trend::new(fitted, &sizes).points();
        let chart = Chart::of_cloud(title, subtitle, &cloud)
            .with_radius(1.5)
            .with_trend(means);
        Ok(Self(Body::Chart(chart)))
    }
}
