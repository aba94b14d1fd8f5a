//! Accurate least squares for any number of rows, with the statistics of the fit
//! and the number of digits of each that can be trusted.
//!
//! - [`fit`] fits a model to rows in memory;
//! - an [`Accumulator`] learns from chunks of rows that are read once, merges
//!   with other accumulators, and solves for a [`Solution`]; a [`RefinementPass`]
//!   over the rows corrects the solution;
//! - a [`Policy`] decides which passes have to follow for the digits that are needed;
//! - [`Inference`] computes standard errors, tests and confidence intervals;
//! - a [`DiagnosticsPass`] reads the rows again to check the assumptions of the
//!   model, to estimate [`Robust`] standard errors, and to find the rows that
//!   influence the fit most;
//! - [`Accumulator::ridge`] fits ridge regressions for a whole path of penalties;
//! - [`nist`] has data sets with certified results.
//!
//! # Method
//!
//! The fit solves the normal equations. Their condition number is the square of
//! that of the data, so they are solved with extra digits. The first pass computes
//! products about a point within the rows, adds them up in 64-bit floats for blocks
//! of 512 rows, and adds up the blocks in double-double (32 digits). The matrix is
//! factored and inverted in double-double. Where the error bounds do not prove
//! enough digits, a second pass is a step of iterative refinement, if they prove that
//! it gives enough. Otherwise it computes the products in double-double too, and where
//! these are not enough either, a third pass refines their solution. Sums, unlike
//! factors, can be merged in any order.
//!
//! # Digits
//!
//! Every figure comes with the number of its decimal digits that can be trusted.
//! It follows from bounds of the rounding errors of all sums of products, which
//! hold for any order of the rows and any values in them, multiplied by the
//! inverse. Columns far from zero are summed about one of their values, so their
//! distance from zero costs no digits. A residual sum of squares that the rounding
//! of the data explains is set to 0, and no t, p or F is computed from it. A test
//! compares designs that are made to lose digits with exact integer arithmetic.

mod accumulator;
#[cfg(test)]
mod bad_input;
mod diagnostics;
mod distributions;
mod double_double;
mod error;
mod exact_form;
mod factor;
mod fit;
mod inference;
mod lower;
pub mod nist;
mod policy;
mod prediction;
mod products;
mod ridge;
mod rows;
mod size;
mod solution;
#[cfg(test)]
mod testing;
mod threads;
mod triangle;

pub use accumulator::{Accumulator, Arithmetic};
pub use diagnostics::{
    Diagnostics, DiagnosticsConfig, DiagnosticsPass, Finding, ResidualSums, ResidualTests, Robust,
    RobustCovariance, RowFigure, TargetDiagnostics, diagnose, is_determining,
};
pub use double_double::DoubleDouble;
pub use error::{ExactError, Figure, Relation, ShapeError};
pub use fit::{FitConfig, fit};
pub use inference::{
    Coefficient, CoefficientDigits, Inference, InferenceConfig, InferenceDigits, JointTest,
    Weighting,
};
pub use policy::{Next, Policy};
pub use prediction::{PredictionErrors, PredictionParts, RowInBasis, StdErrors};
pub use ridge::{RidgeConfig, RidgeFit, RidgePath};
pub use rows::Rows;
pub use size::SizeLimits;
pub use solution::{Collinear, RefinementPass, RefinementSums, Solution, TargetFit};
