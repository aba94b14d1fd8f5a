//! What a second pass over the rows tells of a fit: whether its assumptions
//! hold, and which rows it hangs on.

mod basis;
mod durbin_watson;
mod figures;
mod findings;
mod largest;
mod order;
mod pass;
mod quadratic_form;
mod residual_tests;
mod sums;

pub use findings::Finding;
pub use largest::RowFigure;
pub use pass::{DiagnosticsPass, diagnose};
pub use residual_tests::ResidualTests;
pub use sums::ResidualSums;

use crate::Weighting;

/// How standard errors allow for residuals whose variance differs from row to
/// row: heteroscedasticity-consistent covariances, in which each row's squared
/// residual e² stands for its variance.
///
/// White, *A heteroskedasticity-consistent covariance matrix estimator and a
/// direct test for heteroskedasticity* (1980); MacKinnon and White, *Some
/// heteroskedasticity-consistent covariance matrix estimators with improved
/// finite sample properties* (1985).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Robust {
    /// e², too small with few rows.
    Hc0,
    /// e² · rows / degrees of freedom, as Stata's `robust`.
    Hc1,
    /// e² / (1 - leverage), right if the variances are in fact equal.
    Hc2,
    /// e² / (1 - leverage)², the safest with few rows.
    Hc3,
}

impl Robust {
    /// The power of 1 / (1 - leverage).
    fn power(self) -> i32 {
        match self {
            Self::Hc0 | Self::Hc1 => 0,
            Self::Hc2 => 1,
            Self::Hc3 => 2,
        }
    }
}

/// What a second pass looks for.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosticsConfig {
    /// Which robust covariance is estimated. Default: none.
    pub robust: Option<Robust>,
    /// What the weights are. Default: precisions.
    pub weighting: Weighting,
    /// How many rows of the largest leverages and Cook's distances are listed.
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

/// What the rows tell of a fit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnostics {
    /// The rows of the largest leverages, the largest first: how much a row's
    /// own target counts in its prediction, from 0 to 1, with a mean of
    /// coefficients / rows.
    pub leverages: Vec<RowFigure>,
    /// Whether a row counts for more than one: see
    /// [`Weighting::Counts`](crate::Weighting::Counts).
    pub has_counted_rows: bool,
    /// One for each target.
    pub targets: Vec<TargetDiagnostics>,
}

/// What the residuals of a target tell. Where rows have precisions w as
/// weights, residuals e stand here as √w e, as in R and statsmodels.
///
/// A row that counts for several stands for as many equal rows, one after the
/// other.
///
/// Figures that the rows do not determine are NaN: all of them where there are
/// as many coefficients as rows, and where residuals are no larger than the
/// rounding of the numbers they are computed from, as of an exact line or of a
/// constant target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetDiagnostics {
    /// Σ (e_i - e_(i-1))² / Σ e²: about 2 if a row's residual says nothing of
    /// the next, near 0 if it is like it, near 4 if it is opposed. Of the rows
    /// as they stand. Durbin and Watson, *Testing for serial correlation in
    /// least squares regression I* (1950).
    pub durbin_watson: f64,
    /// What it is on average for these features, if errors are independent.
    pub durbin_watson_mean: f64,
    /// Probability of one as far from that mean (twice that to its side), if
    /// errors are independent and of the same normal distribution. For these
    /// features, exact up to 200 rows, and by a beta distribution of the same
    /// mean and variance beyond. NaN with fewer than two degrees of freedom.
    pub durbin_watson_p: f64,
    /// Third central moment of the residuals / variance^(3/2): 0 of a normal
    /// distribution.
    pub skewness: f64,
    /// Fourth central moment of the residuals / variance²: 3 of a normal
    /// distribution.
    pub kurtosis: f64,
    /// rows / 6 · (skewness² + (kurtosis - 3)² / 4). Jarque and Bera, *Efficient
    /// tests for normality, homoscedasticity and serial independence of
    /// regression residuals* (1980).
    pub jarque_bera: f64,
    /// Probability of one as large if the residuals are normally distributed
    /// and there are many.
    pub jarque_bera_p: f64,
    /// rows · R² of a regression of the squared residuals on the features and
    /// a constant. Breusch and Pagan, *A simple test for heteroscedasticity and
    /// random coefficient variation* (1979), in the studentised form of
    /// Koenker, *A note on studentizing a test for heteroscedasticity* (1981),
    /// that needs no normal distribution; the default of statsmodels and of
    /// R's `lmtest`.
    pub breusch_pagan: f64,
    /// Number of features in it that are free.
    pub breusch_pagan_degrees_of_freedom: f64,
    /// Probability of one as large if the features do not tell the variance.
    pub breusch_pagan_p: f64,
    /// The rows of the largest Cook's distances, the largest first: how far all
    /// predictions move without the row, e² / (k s²) · h / (1 - h)² of k
    /// coefficients, residual variance s² and leverage h. Cook, *Detection of
    /// influential observation in linear regression* (1977).
    pub cooks_distances: Vec<RowFigure>,
    /// The covariance that was asked for.
    pub robust: Option<RobustCovariance>,
}

/// A covariance of coefficients that allows for unequal variances: see
/// [`Inference::robust`](crate::Inference::robust).
#[derive(Clone, Debug)]
pub struct RobustCovariance {
    kind: Robust,
    /// `[coefficients, coefficients]`, in units.
    numbers: Vec<f64>,
    /// Of the coefficients of the basis of predictions, in the unit of the
    /// target, `[rank, rank]`.
    in_basis: Vec<f64>,
    /// Bounds of the relative errors of the variance of each coefficient, and
    /// of F.
    errors: Vec<f64>,
    f: f64,
    f_error: f64,
}

impl RobustCovariance {
    /// Which one it is.
    pub fn kind(&self) -> Robust {
        self.kind
    }

    /// `[coefficients, coefficients]`, in the units of the columns and the
    /// target.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// Of the coefficients of the basis of predictions.
    pub(crate) fn in_basis(&self) -> &[f64] {
        &self.in_basis
    }

    /// The F statistic that all weights are 0, of Wald's test.
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
