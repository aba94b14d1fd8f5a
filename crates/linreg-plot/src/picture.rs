use std::sync::Arc;

use crate::drawing::{Change, Drawing};
use crate::raster;
use crate::side_by_side::SideBySide;
use crate::spans::TerminalPicture;
use crate::svg::{Place, svg};
use crate::{PlotError, Words};

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
pub struct Picture(Arc<dyn Drawing>);

/// Size of a chart, in points.
const SIZE: (f64, f64) = (640.0, 480.0);

/// Size of a chart in a page, in points: small, so that text is readable on a phone.
const PAGE_SIZE: (f64, f64) = (460.0, 380.0);

impl Picture {
    pub(crate) fn of(drawing: impl Drawing + 'static) -> Self {
        Self(Arc::new(drawing))
    }

    /// Combines several pictures into one, with two or three in a row.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`] if there are none.
    pub fn side_by_side(pictures: Vec<Self>) -> Result<Self, PlotError> {
        if pictures.is_empty() {
            return Err(PlotError::NoPoints);
        }
        let pictures = pictures.into_iter().map(|picture| picture.0);
        Ok(Self::of(SideBySide(pictures.collect())))
    }

    /// Replaces the title, for example if the figures are of more rows than are
    /// drawn. Coefficients, scatter matrices and combined pictures keep theirs.
    pub fn with_title(self, title: &str) -> Self {
        self.changed(&Change::Title(title))
    }

    /// Adds words below the title, such as what the rows are a sample of.
    /// Coefficients and scatter matrices have no place for them.
    pub fn with_note(self, note: &str) -> Self {
        self.changed(&Change::Note(note))
    }

    /// Replaces the words, for example with those of another language.
    ///
    /// Pictures of coefficients, scatter matrices and combined pictures keep their
    /// words: replace those of the pictures before combining them.
    pub fn with_words(self, words: Words) -> Self {
        self.changed(&Change::Words(&words))
    }

    fn changed(self, change: &Change) -> Self {
        self.0.changed(change).map_or(self, Self)
    }

    /// The title: the main result, in words.
    pub fn title(&self) -> String {
        self.0.title()
    }

    /// What is drawn, with the figures behind the title, for readers who cannot see
    /// it.
    pub fn description(&self) -> String {
        self.0.description()
    }

    /// The picture as an SVG document for a white background.
    pub fn svg(&self) -> String {
        let scene = self.0.scene(SIZE);
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
        let scene = self.0.scene(PAGE_SIZE);
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
    /// [`PlotError::TooLarge`] for a picture of more than 134,217,728 pixels, as of more
    /// than a hundred combined ones, or [`PlotError::Drawing`] if the drawing library
    /// fails.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        raster::png(&self.0.scene(SIZE))
    }

    /// The picture as text, at most `width` columns by `height` lines (at least 30
    /// by 8, at most 1000 by 1000); combined pictures stand one below the other, each
    /// of that size.
    pub fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        self.0
            .terminal(width.clamp(30, 1000), height.clamp(8, 1000))
    }
}
