//! Exact least squares of a table: its settings, the passes that it takes, and
//! what the rows tell of the coefficients.

mod column_test;
mod config;
mod diagnostics;
mod fit;
mod limits;
mod ridge;
mod rows;
mod solved;
mod sums;
mod undetermined;
mod warning;

pub use column_test::ColumnTest;
pub use config::{ExactConfig, Penalties};
pub(crate) use diagnostics::Check;
pub use diagnostics::{LEVEL, TableDiagnostics};
pub use fit::ExactFit;
pub(crate) use limits::Limits;
pub use ridge::Ridge;
pub(crate) use rows::data_error;
pub(crate) use solved::Refine;
pub(crate) use sums::{Sums, SumsPass};
pub use undetermined::Undetermined;
pub(crate) use undetermined::lines as relations_lines;
pub use warning::{MUCH_INFLATION, Warning};
pub(crate) use warning::{is_among, together, variance_inflation};
