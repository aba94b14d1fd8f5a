use std::collections::HashSet;
use std::ops::Range;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::ticks::{Ticks, range};
use crate::{Line, PlotError};

/// One feature against the target, with the least-squares line through them.
#[derive(Clone, Copy, Debug)]
pub struct Scatter<'a> {
    pub(crate) x_name: &'a str,
    pub(crate) x: &'a [f64],
    pub(crate) y_name: &'a str,
    pub(crate) y: &'a [f64],
    pub(crate) line: Line,
}

/// Size of a picture, in points; a PNG has [`PIXELS`] pixels a point.
const SIZE: (u32, u32) = (640, 480);
const PIXELS: u32 = 2;

// Two colours of Okabe and Ito's palette, which the colour-blind can tell.
const POINT: RGBColor = RGBColor(0, 114, 178);
const LINE: RGBColor = RGBColor(213, 94, 0);
const GRID: RGBColor = RGBColor(225, 225, 225);

impl<'a> Scatter<'a> {
    /// Checks the points and fits their line.
    ///
    /// # Errors
    ///
    /// No points, not one y for each x, or values that are NaN, infinite or so
    /// far apart that their distance is.
    pub fn new(
        x_name: &'a str,
        x: &'a [f64],
        y_name: &'a str,
        y: &'a [f64],
    ) -> Result<Self, PlotError> {
        if x.len() != y.len() {
            return Err(PlotError::Lengths {
                x_name: x_name.to_string(),
                x: x.len(),
                y_name: y_name.to_string(),
                y: y.len(),
            });
        }
        if x.is_empty() {
            return Err(PlotError::NoPoints);
        }
        for (name, values) in [(x_name, x), (y_name, y)] {
            let name = name.to_string();
            if let Some(value) = values.iter().copied().find(|value| !value.is_finite()) {
                return Err(PlotError::NotFinite { name, value });
            }
            let (least, most) = range(values);
            if !(most - least).is_finite() {
                return Err(PlotError::TooWide { name, least, most });
            }
        }
        let line = Line::fit(x, y);
        Ok(Self {
            x_name,
            x,
            y_name,
            y,
            line,
        })
    }

    /// The line through the points.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// What the picture shows, in words.
    pub(crate) fn title(&self) -> String {
        let (x, y) = (shorten(self.x_name, 16), shorten(self.y_name, 16));
        match self.line.explained {
            Some(share) => format!(
                "{x} alone explains {:.1} % of the variance of {y}",
                100.0 * share
            ),
            None => format!("{y} is constant"),
        }
    }

    /// The picture as an SVG document, 640 by 480 points.
    ///
    /// # Errors
    ///
    /// [`PlotError::Drawing`] if the drawing library fails.
    pub fn svg(&self) -> Result<String, PlotError> {
        let mut document = String::new();
        self.draw(
            SVGBackend::with_string(&mut document, SIZE).into_drawing_area(),
            1,
        )?;
        Ok(document)
    }

    /// The picture as a PNG file, 1280 by 960 pixels.
    ///
    /// # Errors
    ///
    /// [`PlotError::Drawing`] if the drawing library fails.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let (width, height) = (SIZE.0 * PIXELS, SIZE.1 * PIXELS);
        let mut pixels = vec![0; (width * height * 3) as usize];
        let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        self.draw(backend.into_drawing_area(), PIXELS)?;
        encode_png(&pixels, width, height)
    }

    fn draw<B: DrawingBackend>(
        &self,
        area: DrawingArea<B, Shift>,
        pixels: u32,
    ) -> Result<(), PlotError> {
        register_the_font();
        let failed = |error: &dyn std::fmt::Display| PlotError::Drawing(error.to_string());
        let size = |points: u32| points * pixels;
        let font = |points: u32| ("sans-serif", size(points)).into_font();
        area.fill(&WHITE).map_err(|error| failed(&error))?;

        let (left, right) = range(self.x);
        let (bottom, top) = range(self.y);
        let x_ticks = Ticks::new(left, right, 8);
        let y_ticks = Ticks::new(bottom, top, 8);
        let mut chart = ChartBuilder::on(&area)
            .margin(size(12))
            .caption(self.title(), font(16))
            .x_label_area_size(size(42))
            .y_label_area_size(size(70))
            .build_cartesian_2d(
                Axis::new(left, right, &x_ticks),
                Axis::new(bottom, top, &y_ticks),
            )
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(pixels))
            .axis_style(BLACK.stroke_width(pixels))
            .x_desc(shorten(self.x_name, 40))
            .y_desc(shorten(self.y_name, 40))
            .x_label_formatter(&|x| x_ticks.label(*x))
            .y_label_formatter(&|y| y_ticks.label(*y))
            .label_style(font(13))
            .axis_desc_style(font(15))
            .set_all_tick_mark_size(size(4))
            .draw()
            .map_err(|error| failed(&error))?;

        let position = |x: f64, y: f64| {
            let across = (x - left) / (right - left) * f64::from(SIZE.0);
            let up = (y - bottom) / (top - bottom) * f64::from(SIZE.1);
            (across as u32, up as u32)
        };
        let mut drawn = HashSet::new();
        let points = self.x.iter().copied().zip(self.y.iter().copied());
        // One marker a point of the picture: more would hide each other.
        let visible = points.filter(|(x, y)| drawn.insert(position(*x, *y)));
        let marker = POINT.mix(0.75).filled();
        chart
            .draw_series(visible.map(|point| Circle::new(point, size(1), marker)))
            .map_err(|error| failed(&error))?;
        if let Some(ends) = self.line_within(left, right, bottom, top) {
            let style = LINE.stroke_width(size(2));
            chart
                .draw_series(LineSeries::new(ends, style))
                .map_err(|error| failed(&error))?;
        }
        area.present().map_err(|error| failed(&error))
    }

    /// The ends of the line where it leaves the picture.
    fn line_within(&self, left: f64, right: f64, bottom: f64, top: f64) -> Option<[(f64, f64); 2]> {
        let (mut from, mut to) = (left, right);
        if self.line.slope != 0.0 {
            let at_bottom = (bottom - self.line.intercept) / self.line.slope;
            let at_top = (top - self.line.intercept) / self.line.slope;
            from = from.max(at_bottom.min(at_top));
            to = to.min(at_bottom.max(at_top));
        }
        let inside = |x: f64| (x, self.line.at(x).clamp(bottom, top));
        (from < to).then(|| [inside(from), inside(to)])
    }
}

/// A range with our own ticks, which are few and round in the terminal too.
struct Axis {
    range: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Axis {
    fn new(least: f64, most: f64, ticks: &Ticks) -> Self {
        Self {
            range: (least..most).into(),
            ticks: ticks.values.clone(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.range.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.range()
    }
}

fn encode_png(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PlotError> {
    let failed = |error: png::EncodingError| PlotError::Drawing(error.to_string());
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// A name in as many characters as there is room for.
fn shorten(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_string();
    }
    let mut short: String = name.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// DejaVu Sans, inside the program: no font of the machine is looked for.
fn register_the_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let font = dejavu::sans::regular();
        assert!(
            register_font("sans-serif", FontStyle::Normal, font).is_ok(),
            "the font inside the program is whole"
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(svg: &str, tag: &str) -> usize {
        svg.matches(&format!("<{tag} ")).count()
    }

    #[test]
    fn the_svg_has_a_marker_a_point_axes_and_a_line() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 100.0 - x).collect();
        let svg = Scatter::new("age", &x, "price", &y).unwrap().svg().unwrap();
        assert_eq!(count(&svg, "circle"), 50);
        for text in [
            "age alone explains 100.0 % of the variance of price",
            "age",
            "price",
            "20",
            "80",
        ] {
            assert!(
                svg.contains(&format!(">\n{text}\n</text>")),
                "{text}: {svg}"
            );
        }
    }

    #[test]
    fn markers_that_would_hide_each_other_are_drawn_once() {
        let x: Vec<f64> = (0..200_000).map(|i| f64::from(i % 100)).collect();
        let svg = Scatter::new("x", &x, "y", &x).unwrap().svg().unwrap();
        assert_eq!(count(&svg, "circle"), 100);
    }

    #[test]
    fn a_name_never_breaks_out_of_the_svg() {
        let name = "<script>\"&'";
        let svg = Scatter::new(name, &[1.0, 2.0], name, &[1.0, 3.0]).unwrap();
        let svg = svg.svg().unwrap();
        assert!(!svg.contains("<script>"), "{svg}");
        assert!(svg.contains("&lt;script&gt;"), "{svg}");
    }

    #[test]
    fn draws_degenerate_points() {
        for values in [
            &[0.0][..],
            &[7.0; 3],
            &[-1e300, 1e299],
            &[1e-300, 3e-300],
            &[1e9, 1e9 + 1e-6],
        ] {
            let scatter = Scatter::new("x", values, "y", values).unwrap();
            assert!(count(&scatter.svg().unwrap(), "circle") > 0, "{values:?}");
            assert!(scatter.png().unwrap().len() > 1000, "{values:?}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let error = |x: &[f64], y: &[f64]| Scatter::new("x", x, "y", y).unwrap_err().to_string();
        assert_eq!(error(&[], &[]), "there are no points to draw");
        assert_eq!(error(&[1.0], &[]), "1 values of `x` for 0 of `y`");
        assert_eq!(
            error(&[1.0], &[f64::NAN]),
            "`y` holds NaN, expected finite numbers"
        );
        assert!(error(&[-1.7e308, 1.7e308], &[0.0, 1.0]).contains("too far apart"));
    }
}
