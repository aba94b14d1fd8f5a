use crate::axis::Axis;
use crate::chart::{Chart, Layer, Told};
use crate::drawing::Drawing;
use crate::name::shorten;
use crate::number::rough;
use crate::scene::{Role, Scene};
use crate::spans::TerminalPicture;
use crate::ticks::with_margin;
use crate::{Picture, PlotError};

/// The estimate of a coefficient, with its confidence interval.
///
/// # Example
///
/// ```
/// use linreg_plot::{Estimate, Picture};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let area = Estimate { name: "area".into(), value: 1.4, lower: 1.1, upper: 1.7 };
/// let age = Estimate { name: "age".into(), value: -0.1, lower: -0.5, upper: 0.3 };
/// let picture = Picture::coefficients("price", &[area, age], 0.95)?;
/// assert_eq!(picture.title(), "1 of 2 coefficients differs from 0 with 95 % confidence");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Name of the coefficient.
    pub name: String,
    /// Its estimate, in the target's unit per unit of the feature.
    pub value: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    target: String,
    confidence: f64,
    estimates: Vec<Estimate>,
}

/// Largest number of coefficients in an image.
const MOST_LINES: usize = 40;

/// Largest ratio of the widest to the narrowest interval on one axis: beyond it, the
/// narrow ones would look like points.
const MOST_RATIO: f64 = 30.0;

impl Picture {
    /// Coefficients with their confidence intervals: those whose interval includes 0
    /// do not differ significantly from 0. If the widths of intervals differ too
    /// much for one axis, each is drawn in units of half its width. An image shows
    /// at most forty: those furthest from 0, in half-widths of their intervals.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`]; [`PlotError::NotFinite`]; or [`PlotError::TooWide`]
    /// if the width of an interval overflows.
    pub fn coefficients(
        target: &str,
        estimates: &[Estimate],
        confidence: f64,
    ) -> Result<Self, PlotError> {
        if estimates.is_empty() {
            return Err(PlotError::NoPoints);
        }
        for estimate in estimates {
            let values = [estimate.value, estimate.lower, estimate.upper];
            let name = estimate.name.clone();
            if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
                return Err(PlotError::NotFinite { name, value });
            }
            let (least, most) = with_margin((estimate.lower, estimate.upper));
            if !(most - least).is_finite() {
                return Err(PlotError::TooWide { name, least, most });
            }
        }
        Ok(Self::of(Intervals {
            target: shorten(target, 40),
            confidence,
            estimates: estimates.to_vec(),
        }))
    }
}

impl Estimate {
    fn differs_from_zero(&self) -> bool {
        self.lower > 0.0 || self.upper < 0.0
    }

    fn half_width(&self) -> f64 {
        self.upper / 2.0 - self.lower / 2.0
    }

    /// Distance of the estimate from 0, in half-widths of the interval; the estimate
    /// itself if the interval has no width.
    fn distance(&self) -> f64 {
        match self.half_width() {
            half if half > 0.0 => self.value / half,
            _ => self.value,
        }
    }
}

impl Intervals {
    /// The chart with at most that many coefficients.
    fn chart(&self, most: usize) -> Chart {
        let all = self.estimates.len();
        let mut shown: Vec<usize> = (0..all).collect();
        if all > most {
            let distance = |index: &usize| self.estimates[*index].distance().abs();
            shown.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
            shown.truncate(most);
            shown.sort_unstable();
        }
        let shown: Vec<&Estimate> = shown.iter().map(|index| &self.estimates[*index]).collect();
        let widths = shown.iter().map(|estimate| estimate.half_width());
        let (narrowest, widest) = widths.fold((f64::INFINITY, 0.0f64), |(least, most), width| {
            (least.min(width), most.max(width))
        });
        let in_units = narrowest * MOST_RATIO >= widest;
        let scaled = |estimate: &Estimate, value: f64| {
            if in_units {
                value
            } else {
                estimate.distance()
                    + (value - estimate.value) / estimate.half_width().max(f64::MIN_POSITIVE)
            }
        };

        let figure = |estimate: &Estimate| {
            let [value, lower, upper] = [estimate.value, estimate.lower, estimate.upper].map(rough);
            [
                shorten(&estimate.name, 60),
                format!("{value} ({lower} to {upper})"),
            ]
        };
        let labels = shown.iter().map(|estimate| figure(estimate)).collect();
        let ends = shown
            .iter()
            .flat_map(|estimate| [estimate.lower, estimate.upper].map(|end| scaled(estimate, end)));
        let (least, most_end) = ends.fold((0.0f64, 0.0f64), |(least, most), end| {
            (least.min(end), most.max(end))
        });
        let percent = rough(100.0 * self.confidence);
        let x_name = if in_units {
            format!("{} per unit of the feature", self.target)
        } else {
            format!("in half-widths of the {percent} % interval: beyond ±1 it leaves out 0")
        };
        let x = Axis::linear(&x_name, with_margin((least, most_end)));
        let mut chart = Chart::new(
            self.title(),
            self.subtitle(most),
            x,
            Axis::labels("", labels),
        );
        let last = shown.len() as f64;
        let rule = |points: Vec<(f64, f64)>, role, width, glyph| Layer::Curve {
            points,
            role,
            width,
            glyph: Some(glyph),
            name: None,
        };
        chart.layers.push(rule(
            vec![(0.0, -0.5), (0.0, last - 0.5)],
            Role::Faint,
            1.0,
            '│',
        ));
        for (line, estimate) in shown.iter().enumerate() {
            let ends = [estimate.lower, estimate.upper];
            let points = ends
                .map(|end| (scaled(estimate, end), line as f64))
                .to_vec();
            let role = estimate.role();
            chart.layers.push(rule(points, role, 2.0, '─'));
        }
        for role in [Role::Point, Role::Faint] {
            let of_role = shown
                .iter()
                .enumerate()
                .filter(|(_, estimate)| estimate.role() == role);
            let points = of_role.clone();
            let points =
                points.map(|(line, estimate)| (scaled(estimate, estimate.value), line as f64));
            let points: Vec<_> = points.collect();
            if !points.is_empty() {
                let told = |(_, estimate): (usize, &&Estimate)| {
                    let [name, figure] = figure(estimate);
                    [figure, name]
                };
                let texts = of_role.map(told).collect();
                chart.layers.push(Layer::Points {
                    points,
                    role,
                    radius: 4.0,
                    glyph: Some('●'),
                    told: Some(Told {
                        names: ["estimate", "coefficient"],
                        texts,
                    }),
                });
            }
        }
        chart
    }

    fn title(&self) -> String {
        let all = self.estimates.len();
        let differ = self
            .estimates
            .iter()
            .filter(|estimate| estimate.differs_from_zero());
        let percent = rough(100.0 * self.confidence);
        let confidence = format!("with {percent} % confidence");
        match differ.count() {
            0 => format!("No coefficient differs from 0 {confidence}"),
            1 if all == 1 => format!("The coefficient differs from 0 {confidence}"),
            1 => format!("1 of {all} coefficients differs from 0 {confidence}"),
            count if count == all => format!("All {all} coefficients differ from 0 {confidence}"),
            count => format!("{count} of {all} coefficients differ from 0 {confidence}"),
        }
    }

    fn subtitle(&self, most: usize) -> String {
        let all = self.estimates.len();
        let which = if all > most {
            format!("; the {most} of {all} that are furthest from 0")
        } else {
            String::new()
        };
        format!("Estimates and intervals for {}{which}", self.target)
    }
}

impl Drawing for Intervals {
    fn title(&self) -> String {
        self.title()
    }

    fn description(&self) -> String {
        self.chart(MOST_LINES).description()
    }

    /// The height depends on the number of coefficients.
    fn scene(&self, (width, _): (f64, f64)) -> Scene {
        let lines = self.estimates.len().min(MOST_LINES) as f64;
        self.chart(MOST_LINES).scene(width, 130.0 + 24.0 * lines)
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        let lines = height.saturating_sub(6).max(2);
        self.chart(lines).terminal(width, height)
    }
}

impl Estimate {
    fn role(&self) -> Role {
        if self.differs_from_zero() {
            Role::Point
        } else {
            Role::Faint
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(name: &str, value: f64, half_width: f64) -> Estimate {
        Estimate {
            name: name.to_string(),
            value,
            lower: value - half_width,
            upper: value + half_width,
        }
    }

    #[test]
    fn a_page_tells_names_and_figures() {
        let estimates = [estimate("<b>", 2.0, 0.5), estimate("age", 0.1, 0.5)];
        let picture = Picture::coefficients("price", &estimates, 0.9).unwrap();
        let svg = picture.svg_for_page("c");
        assert!(
            svg.contains("data-x=\"2 (1.5 to 2.5)\" data-y=\"&lt;b&gt;\""),
            "{svg}"
        );
        assert!(
            svg.contains(">price per unit of the feature</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches("<circle ").count(), 2);
    }

    #[test]
    fn intervals_of_very_different_widths_are_drawn_in_their_own_units() {
        let estimates = [estimate("a", 1000.0, 500.0), estimate("b", 1e-3, 1e-3)];
        let picture = Picture::coefficients("price", &estimates, 0.95).unwrap();
        let svg = picture.svg();
        assert!(
            svg.contains(">in half-widths of the 95 % interval"),
            "{svg}"
        );
        // The intervals go from 1 to 3 half-widths, and from 0 to 2.
        assert_eq!(
            picture.title(),
            "1 of 2 coefficients differs from 0 with 95 % confidence"
        );
    }

    #[test]
    fn an_exact_estimate_and_extreme_ones_are_drawn() {
        for estimates in [
            vec![estimate("a", 1.0, 0.0)],
            vec![estimate("a", 0.0, 0.0), estimate("b", 1e300, 1e299)],
            vec![estimate("a", 1e-300, 1e-301), estimate("b", 1e300, 1e299)],
        ] {
            let picture = Picture::coefficients("y", &estimates, 0.95).unwrap();
            let svg = picture.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            picture.png().unwrap();
        }
        let error = Picture::coefficients("y", &[estimate("a", f64::NAN, 1.0)], 0.95);
        assert!(matches!(error, Err(PlotError::NotFinite { .. })));
    }

    #[test]
    fn the_terminal_shows_those_furthest_from_zero() {
        let estimates: Vec<Estimate> = (0..50)
            .map(|i| estimate(&format!("x{i}"), f64::from(i), 5.0))
            .collect();
        let text = Picture::coefficients("y", &estimates, 0.95)
            .unwrap()
            .terminal(80, 24)
            .to_string();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.contains("x49") && !text.contains("x1 "), "{text}");
    }
}
