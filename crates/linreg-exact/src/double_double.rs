use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// A number with twice the digits of an `f64`, about 32: the unevaluated sum of two,
/// the second at most half a unit in the last place of the first.
///
/// The algorithms are those of Dekker, *A floating-point technique for extending
/// the available precision* (1971), and Hida, Li and Bailey, *Library for
/// double-double and quad-double arithmetic* (2007). Its range is that of `f64`,
/// and products below 1e-290 lose digits.
///
/// # Example
///
/// ```
/// use linreg_exact::DoubleDouble;
///
/// let x = DoubleDouble::from(0.1) * DoubleDouble::from(0.1);
/// // 0.1 is 0.1000000000000000055511151231257827 as an `f64`, and its square:
/// assert_eq!((x.high(), x.low()), (0.010000000000000002, -8.326672684688674e-19));
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct DoubleDouble {
    #[serde(with = "crate::exact_form")]
    high: f64,
    #[serde(with = "crate::exact_form")]
    low: f64,
}

/// The sum of two numbers and its rounding error, both exact (Knuth).
#[inline(always)]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// As [`two_sum`], if `a` is zero or not smaller in magnitude than `b` (Dekker).
#[inline(always)]
fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The product of two numbers and its rounding error, both exact.
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

impl DoubleDouble {
    /// Zero.
    pub const ZERO: Self = Self {
        high: 0.0,
        low: 0.0,
    };

    /// The exact sum of two numbers.
    #[inline(always)]
    pub fn sum_of(a: f64, b: f64) -> Self {
        let (high, low) = two_sum(a, b);
        Self { high, low }
    }

    /// The number with these two parts, the second at most half a unit in the last
    /// place of the first.
    #[inline(always)]
    pub(crate) fn of_halves(high: f64, low: f64) -> Self {
        Self { high, low }
    }

    /// The exact product of two numbers, except for underflow.
    #[inline(always)]
    pub fn product_of(a: f64, b: f64) -> Self {
        let (high, low) = two_product(a, b);
        Self { high, low }
    }

    /// The nearest `f64`.
    #[inline(always)]
    pub fn high(self) -> f64 {
        self.high
    }

    /// The difference from the nearest `f64`.
    #[inline(always)]
    pub fn low(self) -> f64 {
        self.low
    }

    /// Whether the number is neither NaN nor infinite.
    pub fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    /// The square root; NaN below zero.
    pub fn sqrt(self) -> Self {
        if self.high <= 0.0 {
            return Self::from(self.high.sqrt());
        }
        let root = self.high.sqrt();
        let rest = (self - Self::product_of(root, root)).high;
        Self::sum_of(root, rest / (2.0 * root))
    }

    /// The power with an integer exponent, by repeated squaring.
    pub fn powi(self, degree: u32) -> Self {
        let (mut power, mut square, mut degree) = (Self::from(1.0), self, degree);
        while degree > 0 {
            if degree % 2 == 1 {
                power = power * square;
            }
            degree /= 2;
            if degree > 0 {
                square = square * square;
            }
        }
        power
    }

    /// Multiplies by a power of two, exactly except for underflow and overflow.
    #[inline(always)]
    pub(crate) fn scaled(self, power_of_two: f64) -> Self {
        Self {
            high: self.high * power_of_two,
            low: self.low * power_of_two,
        }
    }
}

impl From<f64> for DoubleDouble {
    #[inline(always)]
    fn from(number: f64) -> Self {
        Self {
            high: number,
            low: 0.0,
        }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (high, low) = two_sum(self.high, other.high);
        let (of_low, rest) = two_sum(self.low, other.low);
        let (high, low) = quick_two_sum(high, low + of_low);
        let (high, low) = quick_two_sum(high, low + rest);
        Self { high, low }
    }
}

impl Neg for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (high, low) = two_product(self.high, other.high);
        let low = self.high.mul_add(other.low, low);
        let (high, low) = quick_two_sum(high, self.low.mul_add(other.high, low));
        Self { high, low }
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let rest = rest - other * Self::from(second);
        let (high, low) = quick_two_sum(first, second);
        Self { high, low } + Self::from(rest.high / other.high)
    }
}

impl AddAssign for DoubleDouble {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for DoubleDouble {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for DoubleDouble {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::ZERO, |sum, number| sum + number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Relative precision that the papers prove, with a margin: 2^-102.
    const PRECISION: f64 = 2e-31;

    fn close(found: DoubleDouble, expected: DoubleDouble) -> bool {
        (found - expected).high().abs() <= PRECISION * expected.high().abs()
    }

    proptest! {
        #[test]
        fn division_and_roots_undo_products(a in -1e9..1e9f64, b in -1e-3..1e-3f64, c in 1e-9..1e9f64) {
            let a = DoubleDouble::sum_of(a, b * 1e-9);
            let c = DoubleDouble::sum_of(c, b * 1e-20);
            prop_assert!(close(a * c / c, a));
            prop_assert!(close((c * c).sqrt(), c));
            prop_assert!(close(c.sqrt() * c.sqrt(), c));
            prop_assert!(close(c.powi(7), c * c * c * c * c * c * c));
        }

        #[test]
        fn integers_of_a_hundred_bits_are_exact(a in any::<i64>(), b in any::<i32>()) {
            let of = |n: i128| {
                let high = n as f64;
                DoubleDouble::sum_of(high, (n - high as i128) as f64)
            };
            let (a, b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(of(a) * of(b), of(a * b));
            prop_assert_eq!(of(a * b) + of(a), of(a * b + a));
            prop_assert_eq!(of(a * b) - of(a), of(a * b - a));
        }
    }

    #[test]
    fn has_thirty_two_digits() {
        let third = DoubleDouble::from(1.0) / DoubleDouble::from(3.0);
        let rest = DoubleDouble::from(1.0) - third * DoubleDouble::from(3.0);
        assert!(rest.high().abs() < PRECISION);
        // mpmath 1.3.0: sqrt(mpf(2)) to 40 digits, less its nearest f64.
        let root = DoubleDouble::from(2.0).sqrt();
        assert_eq!(root.high(), std::f64::consts::SQRT_2);
        assert!((root.low() - -9.667293313452913e-17).abs() < 2e-32);
        assert_eq!(DoubleDouble::from(3.0).powi(0), DoubleDouble::from(1.0));
        assert!(DoubleDouble::from(-1.0).sqrt().high().is_nan());
        assert_eq!(DoubleDouble::ZERO.sqrt(), DoubleDouble::ZERO);
    }
}
