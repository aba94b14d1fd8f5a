//! Checks of a fit in a second pass over the rows: whether its assumptions hold,
//! and which rows influence it most.

mod basis;
mod durbin_watson;
mod figures;
mod findings;
mod largest;
mod leverage;
mod order;
mod pass;
mod quadratic_form;
mod residual_tests;
mod sums;

pub use findings::Finding;
pub use largest::RowFigure;
pub use leverage::is_determining;
pub use pass::{DiagnosticsPass, diagnose};
pub use residual_tests::ResidualTests;
pub use sums::ResidualSums;

use serde::{Deserialize, Serialize};

use crate::Weighting;

/// Heteroscedasticity-consistent covariances: standard errors that allow for
/// residuals whose variance differs from row to row. Each row's squared residual e²
/// estimates its variance.
///
/// White, *A heteroskedasticity-consistent covariance matrix estimator and a
/// direct test for heteroskedasticity* (1980); MacKinnon and White, *Some
/// heteroskedasticity-consistent covariance matrix estimators with improved
/// finite sample properties* (1985).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Robust {
    /// e²; too small with few rows.
    Hc0,
    /// e² · rows / degrees of freedom, as in Stata's `robust`.
    Hc1,
    /// e² / (1 - leverage); unbiased if the variances are in fact equal.
    Hc2,
    /// e² / (1 - leverage)²; the safest with few rows.
    Hc3,
}

impl Robust {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Hc0, Self::Hc1, Self::Hc2, Self::Hc3];

    /// Its name in the literature and in statsmodels, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hc0 => "hc0",
            Self::Hc1 => "hc1",
            Self::Hc2 => "hc2",
            Self::Hc3 => "hc3",
        }
    }

    /// The exponent of 1 / (1 - leverage).
    fn power(self) -> i32 {
        match self {
            Self::Hc0 | Self::Hc1 => 0,
            Self::Hc2 => 1,
            Self::Hc3 => 2,
        }
    }
}

/// What a second pass computes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct DiagnosticsConfig {
    /// The robust covariance to estimate. Default: none.
    pub robust: Option<Robust>,
    /// The meaning of the weights. Default: precisions.
    pub weighting: Weighting,
    /// How many rows with the largest leverages and Cook's distances are listed.
    /// Default: 5.
    pub largest: usize,
}

impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self {
            robust: None,
            weighting: Weighting::Precision,
            largest: 5,
        }
    }
}

/// The diagnostics of a fit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnostics {
    /// The rows with the largest leverages, the largest first. The leverage is the
    /// share of a row's own target in its prediction, from 0 to 1; its mean is
    /// coefficients / rows.
    pub leverages: Vec<RowFigure>,
    /// The diagnostics of each target.
    pub targets: Vec<TargetDiagnostics>,
}

/// The diagnostics of the residuals of a target. If rows have weights w that are
/// precisions, √w e takes the place of a residual e, as in R and statsmodels.
///
/// A row with a count stands for that many equal rows, one after the other.
///
/// Figures that the rows do not determine are NaN. That is all of them with as many
/// coefficients as rows, and if residuals are no larger than the rounding of the
/// numbers they are computed from, such as those of an exact line or of a constant
/// target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetDiagnostics {
    /// Whether a row stands for more than one: see
    /// [`Weighting::Counts`](crate::Weighting::Counts).
    pub has_counted_rows: bool,
    /// Σ (e_i - e_(i-1))² / Σ e² for the rows in their order: about 2 if a residual
    /// says nothing about the next one, near 0 if they are alike, near 4 if they
    /// have opposite signs. Durbin and Watson, *Testing for serial correlation in
    /// least squares regression I* (1950).
    pub durbin_watson: f64,
    /// Its expected value for these features if errors are independent.
    pub durbin_watson_mean: f64,
    /// Two-sided p-value: twice the probability of a statistic at least as far from
    /// that mean on the same side, if errors are independent and have the same
    /// normal distribution. Exact for these features up to 200 rows; beyond, from
    /// a beta distribution with the same mean and variance. NaN with fewer than two
    /// degrees of freedom.
    pub durbin_watson_p: f64,
    /// Third central moment of the residuals / variance^(3/2); 0 for a normal
    /// distribution.
    pub skewness: f64,
    /// Fourth central moment of the residuals / variance²; 3 for a normal
    /// distribution.
    pub kurtosis: f64,
    /// rows / 6 · (skewness² + (kurtosis - 3)² / 4). Jarque and Bera, *Efficient
    /// tests for normality, homoscedasticity and serial independence of
    /// regression residuals* (1980).
    pub jarque_bera: f64,
    /// Its p-value for many rows: the probability of a statistic at least as large
    /// if the residuals are normally distributed.
    pub jarque_bera_p: f64,
    /// rows · R² of a regression of the squared residuals on the features and
    /// a constant. Breusch and Pagan, *A simple test for heteroscedasticity and
    /// random coefficient variation* (1979), in the studentised form of
    /// Koenker, *A note on studentizing a test for heteroscedasticity* (1981),
    /// that needs no normal distribution; the default of statsmodels and of
    /// R's `lmtest`.
    pub breusch_pagan: f64,
    /// Degrees of freedom of the test: the number of linearly independent features.
    pub breusch_pagan_degrees_of_freedom: f64,
    /// Its p-value: the probability of a statistic at least as large if the variance
    /// does not depend on the features.
    pub breusch_pagan_p: f64,
    /// The rows with the largest Cook's distances, the largest first: how far all
    /// predictions move if the row is left out, e² / (k s²) · h / (1 - h)² with k
    /// coefficients, residual variance s² and leverage h. Cook, *Detection of
    /// influential observation in linear regression* (1977).
    pub cooks_distances: Vec<RowFigure>,
    /// The robust covariance, if it was asked for.
    pub robust: Option<RobustCovariance>,
}

/// A covariance of coefficients that allows for unequal variances: see
/// [`Inference::robust`](crate::Inference::robust).
#[derive(Clone, Debug)]
pub struct RobustCovariance {
    kind: Robust,
    /// `[coefficients, coefficients]`, in units.
    numbers: Vec<f64>,
    /// The covariance of the coefficients of the basis of predictions, in the unit
    /// of the target, `[rank, rank]`.
    in_basis: Vec<f64>,
    /// Bounds of the relative errors of the variance of each coefficient.
    errors: Vec<f64>,
    f: f64,
    f_error: f64,
}

impl RobustCovariance {
    /// The kind of covariance.
    pub fn kind(&self) -> Robust {
        self.kind
    }

    /// The covariance `[coefficients, coefficients]`, in the units of the columns
    /// and of the target.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The covariance of the coefficients of the basis of predictions.
    pub(crate) fn in_basis(&self) -> &[f64] {
        &self.in_basis
    }

    /// The F statistic of the Wald test that all weights are 0.
    pub(crate) fn f(&self) -> f64 {
        self.f
    }

    /// A bound of the relative error of a coefficient's variance.
    pub(crate) fn error(&self, coefficient: usize) -> f64 {
        self.errors[coefficient]
    }

    /// A bound of the relative error of F.
    pub(crate) fn f_error(&self) -> f64 {
        self.f_error
    }
}

#[cfg(test)]
mod tests;
