use crate::PlotError;
use crate::chart::Chart;
use crate::coefficients::Intervals;
use crate::matrix::Matrix;
use crate::name::shorten;
use crate::raster;
use crate::scene::Scene;
use crate::spans::TerminalPicture;
use crate::svg::{Place, svg};

/// A picture, for output as text in the terminal, as an SVG document, as a PNG file,
/// or as an SVG element of a page.
///
/// # Example
///
/// ```
/// use linreg_plot::Picture;
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let fitted = [50.0, 60.0, 80.0, 100.0];
/// let residuals = [1.0, -2.0, 3.0, -2.0];
/// let picture = Picture::residuals("price", &fitted, &residuals, None)?;
/// println!("{}", picture.terminal(80, 24));
/// assert!(picture.svg().starts_with("<svg"));
/// assert!(picture.png()?.starts_with(b"\x89PNG"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Picture(pub(crate) Body);

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Chart(Chart),
    Intervals(Intervals),
    Matrix(Matrix),
    Side(Vec<Picture>),
}

/// Size of a chart, in points.
const SIZE: (f64, f64) = (640.0, 480.0);

/// Size of a chart in a page, in points: small, so that text is readable on a phone.
const PAGE_SIZE: (f64, f64) = (460.0, 380.0);

/// Number of pictures in a row, for that many pictures.
fn columns(pictures: usize) -> usize {
    match pictures {
        0..2 => 1,
        2..5 => 2,
        _ => 3,
    }
}

/// Largest number of coefficients in an image.
const MOST_LINES: usize = 40;

impl Picture {
    /// Combines several pictures into one, with two or three in a row.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`] if there are none.
    pub fn side_by_side(pictures: Vec<Self>) -> Result<Self, PlotError> {
        match pictures.len() {
            0 => Err(PlotError::NoPoints),
            _ => Ok(Self(Body::Side(pictures))),
        }
    }

    /// Replaces the title, for example if the figures are of more rows than are
    /// drawn. Coefficients, scatter matrices and combined pictures keep theirs.
    pub fn with_title(mut self, title: &str) -> Self {
        if let Body::Chart(chart) = &mut self.0 {
            chart.title = shorten(title, 160);
        }
        self
    }

    /// Adds words below the title, such as what the rows are a sample of.
    /// Coefficients and scatter matrices have no place for them.
    pub fn with_note(mut self, note: &str) -> Self {
        match &mut self.0 {
            Body::Chart(chart) => {
                let texts = [Some(&mut chart.subtitle), chart.description.as_mut()];
                for text in texts.into_iter().flatten() {
                    let before = if text.is_empty() { "" } else { "; " };
                    *text += &format!("{before}{note}");
                }
            }
            Body::Side(pictures) => {
                for picture in pictures {
                    *picture = picture.clone().with_note(note);
                }
            }
            Body::Intervals(_) | Body::Matrix(_) => {}
        }
        self
    }

    /// The title: the main result, in words.
    pub fn title(&self) -> String {
        match &self.0 {
            Body::Chart(chart) => chart.title.clone(),
            Body::Intervals(intervals) => intervals.chart(MOST_LINES).title,
            Body::Matrix(matrix) => matrix.title(),
            Body::Side(pictures) => {
                let titles: Vec<String> = pictures.iter().map(Self::title).collect();
                titles.join("; ")
            }
        }
    }

    /// What is drawn, with the figures behind the title, for readers who cannot see
    /// it.
    pub fn description(&self) -> String {
        match &self.0 {
            Body::Chart(chart) => chart.description(),
            Body::Intervals(intervals) => intervals.chart(MOST_LINES).description(),
            Body::Matrix(matrix) => matrix.description(),
            Body::Side(pictures) => {
                let texts: Vec<String> = pictures.iter().map(Self::description).collect();
                texts.join(" ")
            }
        }
    }

    /// The picture as an SVG document for a white background.
    pub fn svg(&self) -> String {
        let scene = self.scene(SIZE);
        svg(&scene, &self.title(), &self.description(), &Place::File)
    }

    /// The picture as an SVG element of an HTML page, with an identifier that is
    /// unique in the page. Colours are those of [`page_style`]; each point is a
    /// `circle` with its values as `data-x` and `data-y`, in a `g` with their
    /// names as `data-x-name` and `data-y-name`. Names are escaped.
    ///
    /// [`page_style`]: crate::page_style
    pub fn svg_for_page(&self, id: &str) -> String {
        let place = Place::Page(id);
        let scene = self.scene(PAGE_SIZE);
        svg(&scene, &self.title(), &self.description(), &place)
    }

    /// The picture as a PNG file, with 2 pixels per point.
    ///
    /// It is drawn with a font inside the program, DejaVu Sans, which has Latin,
    /// Greek, Cyrillic, Hebrew and Arabic letters, but no Chinese, Japanese or
    /// Korean ones and no emoji: each of these is an empty box. An
    /// [SVG](Self::svg) shows them in a font of the reader's machine.
    ///
    /// # Errors
    ///
    /// [`PlotError::Drawing`] if the drawing library fails.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        raster::png(&self.scene(SIZE))
    }

    /// The picture as text, at most `width` columns by `height` lines (at least 30
    /// by 8); combined pictures stand one below the other, each of that size.
    pub fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        let (width, height) = (width.max(30), height.max(8));
        match &self.0 {
            Body::Chart(chart) => chart.terminal(width, height),
            Body::Intervals(intervals) => {
                let lines = height.saturating_sub(6).max(2);
                intervals.chart(lines).terminal(width, height)
            }
            Body::Matrix(matrix) => matrix.terminal(width, height),
            Body::Side(pictures) => {
                let mut whole = TerminalPicture::default();
                for (index, picture) in pictures.iter().enumerate() {
                    if index > 0 {
                        whole.push_text("");
                    }
                    whole.append(picture.terminal(width, height));
                }
                whole
            }
        }
    }

    fn scene(&self, size: (f64, f64)) -> Scene {
        match &self.0 {
            Body::Chart(chart) => chart.scene(size.0, size.1),
            Body::Intervals(intervals) => intervals.scene(size.0, MOST_LINES),
            Body::Matrix(matrix) => matrix.scene(),
            Body::Side(pictures) => {
                let columns = columns(pictures.len());
                let scenes: Vec<Scene> =
                    pictures.iter().map(|picture| picture.scene(size)).collect();
                let width = scenes.iter().map(|scene| scene.width).fold(0.0, f64::max);
                let mut whole = Scene::new(columns as f64 * width, 0.0);
                let mut scenes = scenes.into_iter().peekable();
                while scenes.peek().is_some() {
                    let row: Vec<Scene> = scenes.by_ref().take(columns).collect();
                    let high = row.iter().map(|scene| scene.height).fold(0.0, f64::max);
                    let down = whole.height;
                    for (index, scene) in row.into_iter().enumerate() {
                        whole.place(scene, (index as f64 * width, down));
                    }
                    whole.height += high;
                }
                whole
            }
        }
    }
}
