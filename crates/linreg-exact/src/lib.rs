//! Exact least squares in 64-bit floats, whatever the number of rows, with the
//! statistics of the fit and the digits of it that can be trusted.
//!
//! - [`fit`] fits a model to rows in memory;
//! - an [`Accumulator`] learns from chunks of rows that are read once, merges
//!   with others, and solves for a [`Solution`]; a [`Refinement`] corrects it in
//!   a second pass;
//! - [`Inference`] draws conclusions: standard errors, tests, intervals;
//! - a [`DiagnosticsPass`] reads the rows again to see whether its assumptions
//!   hold, for standard errors that are [`Robust`], and for the rows that the
//!   fit hangs on;
//! - [`Accumulator::ridge`] shrinks the weights by a whole path of penalties;
//! - [`nist`] has data sets with certified results.
//!
//! # Method
//!
//! The fit solves the normal equations, whose condition is the square of that of
//! the data, and makes up for it: products are computed about the mean, added up
//! in double-double (32 digits), factored and inverted in double-double, and
//! where a bound of the error does not prove enough digits, all products are in
//! double-double too, and a step of iterative refinement follows. That costs no
//! more than a QR factorisation in 64-bit floats and gives twice its digits; and
//! sums, unlike factors, merge in any order.
//!
//! # Digits
//!
//! Every figure comes with a number of decimal digits that can be trusted. They
//! follow from bounds of the rounding errors of all sums of products, which hold
//! for any order of the rows and any values in them, taken through the inverse.
//! Columns far from zero are summed up about one of their values, so their
//! distance from zero costs no digits. A residual sum that the rounding of the
//! data explains is 0, and no t, p or F is drawn from it. A test tries designs made
//! to lose digits beside exact arithmetic in whole numbers.

mod accumulator;
mod diagnostics;
mod distributions;
mod double_double;
mod error;
mod factor;
mod fit;
mod inference;
pub mod nist;
mod prediction;
mod products;
mod ridge;
mod rows;
mod size;
mod solution;
#[cfg(test)]
mod testing;
mod threads;

pub use accumulator::{Accumulator, Arithmetic};
pub use diagnostics::{
    Diagnostics, DiagnosticsConfig, DiagnosticsPass, Finding, ResidualSums, ResidualTests, Robust,
    RobustCovariance, RowFigure, TargetDiagnostics, diagnose,
};
pub use double_double::DoubleDouble;
pub use error::{ExactError, Relation};
pub use fit::{FitConfig, fit};
pub use inference::{
    Coefficient, CoefficientDigits, Inference, InferenceConfig, InferenceDigits, Weighting,
};
pub use prediction::{PredictionErrors, RowInBasis, StdErrors};
pub use ridge::{RidgeConfig, RidgeFit, RidgePath};
pub use rows::Rows;
pub use size::SizeLimits;
pub use solution::{Collinear, Refinement, Solution, TargetFit};
