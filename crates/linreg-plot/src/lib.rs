//! Pictures of a linear regression from plain slices: in the terminal, as SVG
//! and as PNG. No system library and no font on the machine is needed.
//!
//! # Example
//!
//! ```
//! use linreg_plot::Scatter;
//!
//! # fn main() -> Result<(), linreg_plot::PlotError> {
//! let area = [50.0, 60.0, 80.0, 100.0];
//! let price = [210.0, 230.0, 330.0, 390.0];
//! let scatter = Scatter::new("area", &area, "price", &price)?;
//! println!("{}", scatter.terminal(60, 15));
//! assert!(scatter.svg()?.starts_with("<svg"));
//! assert!(scatter.png()?.starts_with(b"\x89PNG"));
//! # Ok(())
//! # }
//! ```

mod error;
mod line;
mod scatter;
mod terminal;
mod ticks;

pub use error::PlotError;
pub use line::Line;
pub use scatter::Scatter;
