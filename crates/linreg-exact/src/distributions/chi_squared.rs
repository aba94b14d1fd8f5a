use super::stirling_rest;

/// Tail of the chi-squared distribution: the probability of a larger value; NaN for
/// NaN, below zero or without degrees of freedom.
pub(crate) fn chi_squared_tail(chi_squared: f64, freedom: f64) -> f64 {
    let (a, x) = (freedom / 2.0, chi_squared / 2.0);
    if !(a > 0.0 && x >= 0.0) {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    // x^a e^-x / Γ(a) without subtracting large numbers.
    let ratio = (x - a) / a;
    let log = if ratio.abs() < 0.5 {
        ratio.ln_1p()
    } else {
        (x / a).ln()
    };
    let factor = (a / (2.0 * std::f64::consts::PI)).sqrt();
    let factor = factor * (a * (log - ratio) - stirling_rest(a)).exp();
    if x < a + 1.0 {
        return 1.0 - factor * series(a, x);
    }
    factor / fraction(a, x)
}

/// The series of DLMF 8.7.1 for the lower incomplete gamma function, without its
/// factor.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    let mut n = a;
    while term > f64::EPSILON / 4.0 * sum {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// The continued fraction of DLMF 8.9.2 in its even part, by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut fraction, mut c, mut d) = (b, b, 0.0);
    for step in 1..100_000 {
        let n = f64::from(step);
        let coefficient = -n * (n - a);
        b += 2.0;
        d = 1.0 / (b + coefficient * d);
        c = b + coefficient / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_mpmath() {
        // mpmath 1.4.1 with 50 digits: gammainc(k/2, x/2, regularized=True).
        for (x, freedom, expected) in [
            (0.1, 1.0, 0.7518296340458492),
            (3.84, 1.0, 0.050043521248705106),
            (50.0, 1.0, 1.537459794428035e-12),
            (700.0, 1.0, 2.9902269751246203e-154),
            (1.0, 2.0, 0.6065306597126334),
            (24.80773376421047, 10.0, 0.005722101480990318),
            (5.0, 10.0, 0.8911780189141513),
            (100.0, 10.0, 5.4497019829205295e-17),
            (300.0, 10.0, 1.5546747543803181e-58),
            (80.0, 100.0, 0.9296649333406051),
            (100.0, 100.0, 0.48119168452795674),
            (130.0, 100.0, 0.023512397809808676),
            (900.0, 100.0, 6.929916559119551e-129),
            (1000.0, 1001.0, 0.5029742172681295),
            (1200.0, 1001.0, 1.349007580754396e-05),
            (3.0, 7.0, 0.8850022316431506),
            (0.001, 3.0, 0.9999915920809419),
        ] {
            let found = chi_squared_tail(x, freedom);
            let error = (found / expected - 1.0).abs();
            // The absolute error of the exponent is its rounding error.
            assert!(error < 2e-13, "{x} {freedom}: {found:e}, error {error:e}");
        }
        // Two degrees of freedom are an exponential distribution.
        for x in [0.5, 3.0, 60.0, 1400.0] {
            let expected = (-x / 2.0_f64).exp();
            assert!((chi_squared_tail(x, 2.0) / expected - 1.0).abs() < 2e-13);
        }
        assert_eq!(chi_squared_tail(0.0, 3.0), 1.0);
        assert_eq!(chi_squared_tail(f64::INFINITY, 3.0), 0.0);
        for (x, freedom) in [(f64::NAN, 1.0), (-1.0, 1.0), (1.0, 0.0)] {
            assert!(chi_squared_tail(x, freedom).is_nan());
        }
    }
}
