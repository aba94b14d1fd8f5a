//! Pictures of a linear regression from plain slices: for the terminal, as SVG and
//! as PNG. They need no system library and no installed font.
//!
//! Each is a [`Picture`] whose title states the main result: scatter plots of
//! features ([`Picture::scatter`], [`Picture::levels`], [`Picture::matrix`]), the losses
//! of a training run ([`Picture::losses`]), the quality of a fit ([`Picture::predicted`],
//! [`Picture::residuals`], [`Picture::residual_order`],
//! [`Picture::normal_quantiles`], [`Picture::scale_location`], [`Picture::leverage`]) and its coefficients
//! ([`Picture::coefficients`]). Points that do not fit in memory are added in
//! blocks: [`Cloud`], [`ScatterMatrix`].
//!
//! Titles and names are in English; [`Picture::with_words`] replaces them, for
//! example with those of another language.
//!
//! # Example
//!
//! ```
//! use linreg_plot::Picture;
//!
//! # fn main() -> Result<(), linreg_plot::PlotError> {
//! let area = [50.0, 60.0, 80.0, 100.0];
//! let price = [210.0, 230.0, 330.0, 390.0];
//! let scatter = Picture::scatter("area", &area, "price", &price)?;
//! println!("{}", scatter.terminal(60, 15));
//! assert!(scatter.svg().starts_with("<svg"));
//! assert!(scatter.png()?.starts_with(b"\x89PNG"));
//! # Ok(())
//! # }
//! ```

mod axis;
#[cfg(test)]
mod bad_input;
mod canvas;
mod chart;
mod cloud;
mod coefficients;
mod course;
mod drawing;
mod error;
mod font;
mod frame;
mod grid;
mod levels;
mod leverage;
mod line;
mod losses;
mod matrix;
mod name;
mod number;
mod picture;
mod predicted;
mod quantiles;
mod raster;
mod residual_tests;
mod residuals;
mod scatter;
mod scene;
mod side_by_side;
mod smooth;
mod spans;
mod sums;
mod svg;
mod terminal;
mod ticks;
mod trend;
mod words;

pub use cloud::Cloud;
pub use coefficients::{Estimate, Per};
pub use error::PlotError;
pub use levels::Level;
pub use line::Line;
pub use matrix::ScatterMatrix;
pub use picture::Picture;
pub use predicted::PredictionFigures;
pub use residual_tests::ResidualTests;
pub use spans::{Ink, Span, TerminalPicture};
pub use svg::page_style;
pub use words::Words;
