//! The distribution of a weighted sum of squares of normal variables.

use std::f64::consts::PI;

/// Probability that Σ w z² > 0 for independent standard normal z.
///
/// It is the integral of exp K(s) / s, where K(s) = -1/2 Σ ln(1 - 2 w s) is the
/// cumulant generating function, along a line s = c + i t (Imhof, *Computing the
/// distribution of quadratic forms in normal variables*, 1961, has c = 0). Here
/// the line goes through the saddle point c, where nothing cancels, and t = h
/// sinh x: that makes the integrand fall exponentially and keeps its
/// singularities, which all lie on the real axis at least h from c, away from
/// the real x, so that the trapezoidal rule converges exponentially. A
/// probability below 1/2 has 12 digits.
pub(super) fn probability_above_zero(weights: &[f64]) -> f64 {
    /// Limit of the steps of the trapezoidal rule, which is never reached: two
    /// variables take 150.
    const MOST_STEPS: u32 = 100_000;
    const MOST_HALVES: u32 = 8;
    let greatest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
    if !(greatest.is_finite() && least.is_finite()) {
        return f64::NAN;
    }
    if greatest <= 0.0 || least >= 0.0 {
        return if greatest <= 0.0 { 0.0 } else { 1.0 };
    }
    let end = 0.5 / greatest;
    let c = saddle(weights, end);
    let h = c.min(end - c);
    let log = |modulus: &dyn Fn(f64) -> f64, of_s: f64| {
        -0.5 * weights.iter().map(|w| modulus(*w)).sum::<f64>() - of_s.ln()
    };
    let at_saddle = log(&|w| (-2.0 * w * c).ln_1p(), c);
    // Second derivative of the logarithm of the integrand, in units of 1 / h².
    let curvature: f64 = weights
        .iter()
        .map(|w| 2.0 * (w * h / (1.0 - 2.0 * w * c)).powi(2))
        .sum();
    let curvature = curvature + (h / c).powi(2);
    let value = |x: f64| {
        let t = h * x.sinh();
        let modulus = |w: f64| 0.5 * ((1.0 - 2.0 * w * c).powi(2) + (2.0 * w * t).powi(2)).ln();
        let size = (log(&modulus, c.hypot(t)) - at_saddle).exp() * x.cosh();
        let angles = weights
            .iter()
            .map(|w| (2.0 * w * t / (1.0 - 2.0 * w * c)).atan());
        let angle = 0.5 * angles.sum::<f64>() - (t / c).atan();
        (size * angle.cos(), size)
    };
    let sum = |first: f64, step: f64| {
        let mut sum = 0.0;
        for index in 0..MOST_STEPS {
            let (value, size) = value(first + f64::from(index) * step);
            sum += value;
            if size < 1e-19 {
                break;
            }
        }
        sum
    };
    // The step that a peak with no singularities near it needs; then it is halved.
    let mut step = (0.2_f64).min(1.0 / (1.5 * curvature.sqrt()));
    let mut total = 0.5 + sum(step, step);
    for _ in 0..MOST_HALVES {
        let finer = total + sum(0.5 * step, step);
        let is_close = (0.5 * finer - total).abs() <= 1e-13 * total;
        (step, total) = (0.5 * step, finer);
        if is_close {
            break;
        }
    }
    (h * step / PI * at_saddle.exp() * total).clamp(0.0, 1.0)
}

/// The saddle point: where exp K(s) / s is least between 0 and the first
/// singularity.
fn saddle(weights: &[f64], end: f64) -> f64 {
    let slope = |c: f64| weights.iter().map(|w| w / (1.0 - 2.0 * w * c)).sum::<f64>() - 1.0 / c;
    let (mut low, mut high) = (0.0, end);
    // The place only affects the number of steps.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_squares_have_the_tail_of_an_f() {
        // P(a z² > b z²) is that of F(1, 1) > b / a: 1 - 2/π atan √(b/a).
        for (a, b) in [(1.0, 1.0), (1.0, 3.0), (0.01, 5.0), (1e-9, 1.0), (2.0, 0.1)] {
            let expected = 1.0 - 2.0 / PI * f64::sqrt(b / a).atan();
            let found = probability_above_zero(&[a, -b]);
            assert!(
                (found / expected - 1.0).abs() < 1e-11,
                "{a} {b} {found} {expected}"
            );
        }
    }

    #[test]
    fn equal_squares_have_the_tail_of_an_f_far_out() {
        use crate::distributions::f_tail;
        for (above, below, ratio) in [(3, 40, 1.0), (4, 100, 9.0), (100, 4, 3.0), (50, 50, 12.0)] {
            let mut weights = vec![1.0; above];
            weights.extend(vec![-ratio; below]);
            let found = probability_above_zero(&weights);
            let (above, below) = (above as f64, below as f64);
            let expected = f_tail(ratio * below / above, above, below);
            assert!((found / expected - 1.0).abs() < 1e-11, "{found} {expected}");
        }
    }

    #[test]
    fn the_ends_are_exact_and_nonsense_is_nan() {
        assert_eq!(probability_above_zero(&[1.0, 0.5]), 1.0);
        assert_eq!(probability_above_zero(&[-1.0, -0.5]), 0.0);
        assert!(probability_above_zero(&[]).is_nan());
        assert!(probability_above_zero(&[f64::NAN, 1.0, -1.0]).is_nan());
    }
}
