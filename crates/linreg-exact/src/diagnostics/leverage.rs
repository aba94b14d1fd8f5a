/// A row whose leverage is closer to 1 than this is taken to have the leverage 1:
/// leverages are computed with at least nine digits.
const LEAST_REST: f64 = 1e-9;

/// Whether a row of this leverage alone determines a coefficient. Its leverage is 1,
/// within the rounding of leverages, and its residual is 0 whatever its target, so
/// no figure that divides by 1 - leverage exists for it.
///
/// # Example
///
/// ```
/// assert!(linreg_exact::is_determining(1.0 - 1e-12));
/// assert!(!linreg_exact::is_determining(0.99));
/// ```
pub fn is_determining(leverage: f64) -> bool {
    leverage > 1.0 - LEAST_REST
}

/// 1 - leverage, but at least the smallest that a row can have without determining a
/// coefficient alone.
pub(super) fn rest(leverage: f64) -> f64 {
    1.0 - leverage.min(1.0 - LEAST_REST)
}
