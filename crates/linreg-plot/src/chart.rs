use crate::Cloud;
use crate::axis::Axis;
use crate::grid::Grid;
use crate::scene::Role;

/// A picture with two axes: its content, before the layout.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// The title: the main result.
    pub(crate) title: String,
    /// The figures behind the title.
    pub(crate) subtitle: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Description for readers who cannot see the picture, if it was replaced.
    pub(crate) description: Option<String>,
    /// Layers from back to front.
    pub(crate) layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
pub(crate) enum Layer {
    Points {
        points: Vec<(f64, f64)>,
        role: Role,
        radius: f64,
        /// Character for a point in a terminal; `None` for Braille dots.
        glyph: Option<char>,
        /// Texts for the points in a page, instead of their values.
        told: Option<Told>,
    },
    /// Counts of points in cells of a grid.
    Grid(Grid),
    Curve {
        points: Vec<(f64, f64)>,
        role: Role,
        width: f64,
        /// Character for the curve in a terminal; `None` for Braille dots.
        glyph: Option<char>,
        /// Name in the legend, if there are several curves.
        name: Option<String>,
    },
    /// Rectangles, each by its left, its first line, its right and its last line.
    Boxes {
        boxes: Vec<[f64; 4]>,
        /// Character for a box in a terminal.
        glyph: char,
    },
    /// A short line across the line of a label.
    Stroke {
        at: (f64, f64),
        /// Half its length, in lines.
        half: f64,
        role: Role,
        /// Character for it in a terminal.
        glyph: char,
    },
    /// A short text that ends at a point, above or below it.
    Note {
        at: (f64, f64),
        text: String,
        is_above: bool,
    },
}

/// Texts for the points of a layer, two for each, with a name for either.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) names: [&'static str; 2],
    pub(crate) texts: Vec<[String; 2]>,
}

impl Chart {
    pub(crate) fn new(title: String, subtitle: String, x: Axis, y: Axis) -> Self {
        Self {
            title,
            subtitle,
            x,
            y,
            description: None,
            layers: Vec::new(),
        }
    }

    /// Returns a chart of the points, with axes that hold them all.
    pub(crate) fn of_cloud(title: String, subtitle: String, cloud: &Cloud) -> Self {
        let (x, y) = cloud.ranges();
        let x = Axis::linear(&cloud.x_name, x);
        let y = Axis::linear(&cloud.y_name, y);
        let mut chart = Self::new(title, subtitle, x, y);
        chart.layers.push(Layer::of_cloud(cloud));
        chart
    }

    pub(crate) fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Sets the radius of points that are drawn one by one.
    pub(crate) fn with_radius(mut self, points: f64) -> Self {
        for layer in &mut self.layers {
            if let Layer::Points { radius, .. } = layer {
                *radius = points;
            }
        }
        self
    }

    /// Adds a line over the whole width.
    pub(crate) fn with_line(self, at: impl Fn(f64) -> f64, role: Role) -> Self {
        let ends = [0.0, 1.0].map(|position| self.x.value(position));
        let points = ends.map(|x| (x, at(x))).to_vec();
        let (width, glyph) = match role {
            Role::Faint => (1.0, Some('─')),
            _ => (2.0, None),
        };
        self.with(Layer::Curve {
            points,
            role,
            width,
            glyph,
            name: None,
        })
    }

    /// Adds a smooth curve through the points.
    pub(crate) fn with_trend(self, points: Vec<(f64, f64)>) -> Self {
        self.with(Layer::Curve {
            points,
            role: Role::Line,
            width: 2.0,
            glyph: None,
            name: None,
        })
    }

    /// Description for readers who cannot see the picture.
    pub(crate) fn description(&self) -> String {
        if let Some(description) = &self.description {
            return description.clone();
        }
        let (x, y) = (&self.x.name, &self.y.name);
        let axes = match (x.is_empty(), y.is_empty()) {
            (false, false) => format!("{y} against {x}. "),
            _ => String::new(),
        };
        format!("{axes}{}", self.subtitle)
    }

    /// The part of a straight piece of a curve that is inside the chart, in shares
    /// of the width and height (Liang and Barsky, *A New Concept and Method for Line
    /// Clipping*, 1984).
    pub(crate) fn clipped(&self, from: (f64, f64), to: (f64, f64)) -> Option<[(f64, f64); 2]> {
        let place = |(x, y): (f64, f64)| (self.x.position(x), self.y.position(y));
        let ((x0, y0), (x1, y1)) = (place(from), place(to));
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut start, mut end) = (0.0f64, 1.0f64);
        for (step, room) in [(-dx, x0), (dx, 1.0 - x0), (-dy, y0), (dy, 1.0 - y0)] {
            // NaN and infinity are neither inside nor outside.
            if !step.is_finite() || !room.is_finite() || (step == 0.0 && room < 0.0) {
                return None;
            }
            if step < 0.0 {
                start = start.max(room / step);
            } else if step > 0.0 {
                end = end.min(room / step);
            }
        }
        let at = |share: f64| {
            let inside = |value: f64| value.clamp(0.0, 1.0);
            (inside(x0 + share * dx), inside(y0 + share * dy))
        };
        (start <= end).then(|| [at(start), at(end)])
    }
}

impl Layer {
    pub(crate) fn of_cloud(cloud: &Cloud) -> Self {
        if cloud.grid.counts.is_empty() {
            Self::Points {
                points: cloud.points.clone(),
                role: Role::Point,
                radius: 1.0,
                glyph: None,
                told: None,
            }
        } else {
            Self::Grid(cloud.grid.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_end_where_they_leave_the_chart() {
        let axis = || Axis::linear("", (0.0, 10.0));
        let chart = Chart::new(String::new(), String::new(), axis(), axis());
        let close = |found: Option<[(f64, f64); 2]>, expected: [(f64, f64); 2]| {
            let found = found.unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found.0 - expected.0).abs() < 1e-12, "{found:?}");
                assert!((found.1 - expected.1).abs() < 1e-12, "{found:?}");
            }
        };
        close(
            chart.clipped((0.0, -10.0), (10.0, 20.0)),
            [(1.0 / 3.0, 0.0), (2.0 / 3.0, 1.0)],
        );
        close(
            chart.clipped((2.0, 3.0), (4.0, 3.0)),
            [(0.2, 0.3), (0.4, 0.3)],
        );
        assert_eq!(chart.clipped((0.0, 11.0), (10.0, 12.0)), None);
        assert_eq!(chart.clipped((0.0, f64::NAN), (10.0, 2.0)), None);
    }
}
