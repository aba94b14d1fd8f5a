use std::collections::HashMap;

use crate::axis::Axis;
use crate::chart::{Chart, Layer, Told};
use crate::drawing::Drawing;
use crate::name::shorten;
use crate::number::rough;
use crate::scene::{Role, Scene};
use crate::spans::TerminalPicture;
use crate::terminal::labelled;
use crate::ticks::with_margin;
use crate::{Picture, PlotError};

/// The estimate of a coefficient, with its confidence interval.
///
/// # Example
///
/// ```
/// use linreg_plot::{Estimate, Per, Picture};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let estimate = |name: &str, value, lower, upper| Estimate {
///     name: name.into(),
///     column: name.into(),
///     value,
///     lower,
///     upper,
/// };
/// let estimates = [estimate("area", 1.4, 1.1, 1.7), estimate("age", -0.1, -0.5, 0.3)];
/// let picture = Picture::coefficients("price", &estimates, 0.95, Per::Unit)?;
/// assert_eq!(picture.title(), "1 of 2 coefficients differs from 0 with 95 % confidence");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Name of the coefficient.
    pub name: String,
    /// Name of the column that it belongs to: coefficients of one column are drawn
    /// below one another.
    pub column: String,
    /// Its estimate.
    pub value: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
}

/// What a coefficient is the effect of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Per {
    /// Of one standard deviation of a feature that is a number, so that coefficients can
    /// be compared; a level is compared with its reference level.
    #[default]
    Deviation,
    /// Of one unit of the feature.
    Unit,
}

#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    target: String,
    confidence: f64,
    per: Per,
    /// The largest first; those of a column together.
    estimates: Vec<Estimate>,
}

/// Largest number of coefficients in an image.
const MOST_LINES: usize = 40;

/// The height of the ends of an interval in lines, so that they are seen beside the point
/// of an estimate, however short the interval is.
const END: f64 = 0.22;

impl Picture {
    /// Coefficients with their confidence intervals, the largest first and those of a
    /// column together. A coefficient whose interval includes 0 does not differ
    /// significantly from 0. All are on one axis, in the unit of the target: their
    /// values are to be those that `per` names. An image shows at most forty: the first.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`]; [`PlotError::NotFinite`]; or [`PlotError::TooWide`]
    /// if the width of an interval overflows.
    pub fn coefficients(
        target: &str,
        estimates: &[Estimate],
        confidence: f64,
        per: Per,
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
        let least = estimates.iter().fold(0.0f64, |least, e| least.min(e.lower));
        let most = estimates.iter().fold(0.0f64, |most, e| most.max(e.upper));
        let (start, end) = with_margin((least, most));
        if !(end - start).is_finite() {
            let name = target.to_string();
            return Err(PlotError::TooWide { name, least, most });
        }
        Ok(Self::of(Intervals {
            target: shorten(target, 40),
            confidence,
            per,
            estimates: by_size(estimates),
        }))
    }
}

impl Estimate {
    fn differs_from_zero(&self) -> bool {
        self.lower > 0.0 || self.upper < 0.0
    }
}

impl Estimate {
    /// The estimate and its interval: 2 ± 0.5, or with both ends where these are not
    /// as far away.
    fn figure(&self) -> String {
        let [below, above] = [self.value - self.lower, self.upper - self.value];
        let value = rough(self.value);
        if (above - below).abs() <= 1e-6 * above.abs() {
            format!("{value} ± {}", rough(above))
        } else {
            format!("{value} ({} to {})", rough(self.lower), rough(self.upper))
        }
    }
}

/// The columns by their largest estimate, and the estimates of each by their size.
fn by_size(estimates: &[Estimate]) -> Vec<Estimate> {
    let mut largest: HashMap<&str, f64> = HashMap::new();
    for estimate in estimates {
        let size = largest.entry(&estimate.column).or_default();
        *size = size.max(estimate.value.abs());
    }
    let mut sorted: Vec<&Estimate> = estimates.iter().collect();
    sorted.sort_by(|a, b| {
        let of_column = |estimate: &Estimate| largest[estimate.column.as_str()];
        let columns = of_column(b).total_cmp(&of_column(a));
        let same = columns.then_with(|| a.column.cmp(&b.column));
        same.then_with(|| b.value.abs().total_cmp(&a.value.abs()))
    });
    sorted.into_iter().cloned().collect()
}

impl Intervals {
    /// The chart with at most that many coefficients.
    fn chart(&self, most: usize) -> Chart {
        let shown = &self.estimates[..self.estimates.len().min(most)];
        let figure = |estimate: &Estimate| [shorten(&estimate.name, 60), estimate.figure()];
        let labels = shown.iter().map(figure).collect();
        let ends = shown
            .iter()
            .flat_map(|estimate| [estimate.lower, estimate.upper]);
        let (least, most_end) = ends.fold((0.0f64, 0.0f64), |(least, most), end| {
            (least.min(end), most.max(end))
        });
        let per = match self.per {
            Per::Deviation => "standard deviation, or against the reference level",
            Per::Unit => "unit of the feature",
        };
        let x_name = format!("{} per {per}", self.target);
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
            let (line, role) = (line as f64, estimate.role());
            let ends = [estimate.lower, estimate.upper];
            let across = ends.map(|end| (end, line)).to_vec();
            chart.layers.push(rule(across, role, 2.0, '─'));
            for (end, glyph) in ends.into_iter().zip(['├', '┤']) {
                chart.layers.push(Layer::Stroke {
                    at: (end, line),
                    half: END,
                    role,
                    glyph,
                });
            }
        }
        for role in [Role::Point, Role::Faint] {
            let of_role = shown
                .iter()
                .enumerate()
                .filter(|(_, estimate)| estimate.role() == role);
            let points = of_role.clone();
            let points: Vec<_> = points
                .map(|(line, estimate)| (estimate.value, line as f64))
                .collect();
            if !points.is_empty() {
                let told = |(_, estimate): (usize, &Estimate)| {
                    let [name, figure] = figure(estimate);
                    [figure, name]
                };
                let texts = of_role.map(told).collect();
                chart.layers.push(Layer::Points {
                    points,
                    role,
                    radius: 3.5,
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
            format!("; the {most} of {all} that are largest")
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
        self.chart(MOST_LINES).scene_of_lines(width, 24.0 * lines)
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        labelled(self.estimates.len(), (width, height), |most| {
            self.chart(most)
        })
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
            column: name.split('=').next().unwrap_or_default().to_string(),
            value,
            lower: value - half_width,
            upper: value + half_width,
        }
    }

    #[test]
    fn a_page_tells_names_and_figures() {
        let estimates = [estimate("<b>", 2.0, 0.5), estimate("age", 0.1, 0.5)];
        let picture = Picture::coefficients("price", &estimates, 0.9, Per::Unit).unwrap();
        let svg = picture.svg_for_page("c");
        assert!(
            svg.contains("data-x=\"2 ± 0.5\" data-y=\"&lt;b&gt;\""),
            "{svg}"
        );
        assert!(
            svg.contains(">price per unit of the feature</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches("<circle ").count(), 2);
    }

    #[test]
    fn the_largest_comes_first_and_those_of_a_column_are_together() {
        let estimates = [
            estimate("age", 3.0, 1.0),
            estimate("town=Ulm", -1.0, 0.5),
            estimate("area", 2.0, 1.0),
            estimate("town=Bonn", 4.0, 0.5),
        ];
        let names: Vec<String> = by_size(&estimates)
            .into_iter()
            .map(|estimate| estimate.name)
            .collect();
        assert_eq!(names, ["town=Bonn", "town=Ulm", "age", "area"]);
        let picture = Picture::coefficients("price", &estimates, 0.95, Per::Deviation).unwrap();
        let svg = picture.svg();
        assert!(
            svg.contains(">price per standard deviation, or against the"),
            "{svg}"
        );
    }

    #[test]
    fn the_ends_of_an_interval_are_seen_at_every_size() {
        let estimates = [estimate("a", 1000.0, 500.0), estimate("b", 1e-3, 1e-3)];
        let picture = Picture::coefficients("price", &estimates, 0.95, Per::Unit).unwrap();
        // The line at 0, and an interval for each, with two ends.
        assert_eq!(picture.svg().matches("class=\"curve\"").count(), 3);
        assert_eq!(picture.svg().matches("class=\"stroke\"").count(), 4);
    }

    #[test]
    fn an_exact_estimate_and_extreme_ones_are_drawn() {
        for estimates in [
            vec![estimate("a", 1.0, 0.0)],
            vec![estimate("a", 0.0, 0.0), estimate("b", 1e300, 1e299)],
            vec![estimate("a", 1e-300, 1e-301), estimate("b", 1e300, 1e299)],
        ] {
            let picture = Picture::coefficients("y", &estimates, 0.95, Per::Unit).unwrap();
            let svg = picture.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            picture.png().unwrap();
        }
        let error = Picture::coefficients("y", &[estimate("a", f64::NAN, 1.0)], 0.95, Per::Unit);
        assert!(matches!(error, Err(PlotError::NotFinite { .. })));
    }

    #[test]
    fn the_terminal_shows_the_largest() {
        let estimates: Vec<Estimate> = (0..50)
            .map(|i| estimate(&format!("x{i}"), f64::from(i), 5.0))
            .collect();
        let text = Picture::coefficients("y", &estimates, 0.95, Per::Unit)
            .unwrap()
            .terminal(80, 24)
            .to_string();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.contains("x49") && !text.contains("x1 "), "{text}");
    }
}
