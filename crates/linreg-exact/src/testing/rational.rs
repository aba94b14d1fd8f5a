//! Least squares in exact integer arithmetic, for tests: an independent reference
//! without rounding. Floats are whole numbers times powers of two, so the normal
//! equations are solved by fraction-free elimination (Bareiss, *Sylvester's
//! identity and multistep integer-preserving Gaussian elimination*, 1968).

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use crate::{DoubleDouble, Rows};

/// A fraction of whole numbers times a power of two.
#[derive(Clone, Debug)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
    exponent: i64,
}

/// The exact fit of one target.
pub struct ExactFit {
    /// The intercept, if there is one, then the weights.
    pub estimates: Vec<Fraction>,
    /// The diagonal of the inverse of the sums of products.
    pub inverse: Vec<Fraction>,
    /// For each coefficient, the sum of squares of its column about the mean.
    pub squares: Vec<Fraction>,
    pub residual_sum: Fraction,
    pub total_sum: Fraction,
}

/// The values as whole numbers times two to the power of a common exponent.
fn whole(values: impl Iterator<Item = f64> + Clone) -> (Vec<BigInt>, i64) {
    let parts = |value: f64| {
        let bits = value.to_bits();
        let (power, rest) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let (digits, exponent) = match power {
            0 => (rest, -1074),
            _ => (rest | (1 << 52), power as i64 - 1075),
        };
        let zeros = i64::from(digits.trailing_zeros()) % 64;
        let digits = digits as i64 >> zeros;
        (if value < 0.0 { -digits } else { digits }, exponent + zeros)
    };
    let all: Vec<(i64, i64)> = values.map(parts).collect();
    let used = all.iter().filter(|(digits, _)| *digits != 0);
    let least = used.map(|(_, exponent)| *exponent).min().unwrap_or(0);
    let numbers = all.iter().map(|(digits, exponent)| match digits {
        0 => BigInt::zero(),
        _ => BigInt::from(*digits) << (exponent - least),
    });
    (numbers.collect(), least)
}

impl ExactFit {
    /// Fits the first target; `None` if the columns are linearly dependent.
    pub fn new(rows: &Rows, intercept: bool) -> Option<Self> {
        let used: Vec<usize> = (0..rows.num_rows())
            .filter(|row| rows.weight(*row) > 0.0)
            .collect();
        let (weights, of_weights) = whole(used.iter().map(|row| rows.weight(*row)));
        let mut columns = Vec::new();
        if intercept {
            columns.push((vec![BigInt::from(1); used.len()], 0));
        }
        for index in 0..rows.num_features() {
            columns.push(whole(used.iter().map(|row| rows.features(*row)[index])));
        }
        columns.push(whole(used.iter().map(|row| rows.targets(*row)[0])));
        let size = columns.len() - 1;
        let product = |a: usize, b: usize| -> BigInt {
            let numbers = columns[a].0.iter().zip(&columns[b].0).zip(&weights);
            numbers.map(|((x, y), w)| x * y * w).sum()
        };
        // The products, with the target in the last row and column, and to their
        // right the identity for the features.
        let row = |a: usize| (0..=size).map(|b| product(a, b)).collect();
        let products: Vec<Vec<BigInt>> = (0..=size).map(row).collect();
        let beside = |(a, row): (usize, &Vec<BigInt>)| {
            let identity = (0..size).map(|b| BigInt::from(u8::from(a == b)));
            row.iter().cloned().chain(identity).collect()
        };
        let mut matrix: Vec<Vec<BigInt>> = products.iter().enumerate().map(beside).collect();
        let mut before = BigInt::from(1);
        for k in 0..size {
            let pivot = matrix[k][k].clone();
            if pivot.is_zero() {
                return None;
            }
            let of_pivot = matrix[k].clone();
            for (row, numbers) in matrix.iter_mut().enumerate() {
                if row == k {
                    continue;
                }
                let factor = numbers[k].clone();
                for (number, own) in numbers.iter_mut().zip(&of_pivot) {
                    *number = (&pivot * &*number - &factor * own) / &before;
                }
            }
            before = pivot;
        }
        let determinant = before;
        let exponent = |a: usize| columns[a].1;
        let fraction = |numerator: &BigInt, exponent: i64| Fraction {
            numerator: numerator.clone(),
            denominator: determinant.clone(),
            exponent,
        };
        let square = |a: usize| {
            let (sum, weight) = (&products[a][0], &products[0][0]);
            let exponent = 2 * exponent(a) + of_weights;
            if intercept {
                Fraction {
                    numerator: &products[a][a] * weight - sum * sum,
                    denominator: weight.clone(),
                    exponent,
                }
            } else {
                Fraction {
                    numerator: products[a][a].clone(),
                    denominator: BigInt::from(1),
                    exponent,
                }
            }
        };
        Some(Self {
            estimates: (0..size)
                .map(|a| fraction(&matrix[a][size], exponent(size) - exponent(a)))
                .collect(),
            inverse: (0..size)
                .map(|a| fraction(&matrix[a][size + 1 + a], -2 * exponent(a) - of_weights))
                .collect(),
            squares: (0..size).map(square).collect(),
            residual_sum: fraction(&matrix[size][size], 2 * exponent(size) + of_weights),
            total_sum: square(size),
        })
    }
}

impl Fraction {
    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// The fraction to 32 digits.
    pub fn to_double_double(&self) -> DoubleDouble {
        if self.is_zero() {
            return DoubleDouble::ZERO;
        }
        let length = |number: &BigInt| number.bits() as i64;
        let shift = 160 + length(&self.denominator) - length(&self.numerator);
        let quotient = if shift > 0 {
            (&self.numerator << shift) / &self.denominator
        } else {
            &self.numerator / (&self.denominator << -shift)
        };
        // About 160 bits, within the range of f64.
        let to_f64 = |number: &BigInt| number.to_f64().unwrap_or(f64::NAN);
        let high = to_f64(&quotient);
        let (whole, exponent) = whole(std::iter::once(high));
        let low = to_f64(&(&quotient - (&whole[0] << exponent)));
        let power = |exponent: i64| crate::solution::scaled(1.0, exponent as i32);
        DoubleDouble::sum_of(
            high * power(self.exponent - shift),
            low * power(self.exponent - shift),
        )
    }

    pub fn times(&self, other: &Self) -> Self {
        Self {
            numerator: &self.numerator * &other.numerator,
            denominator: &self.denominator * &other.denominator,
            exponent: self.exponent + other.exponent,
        }
    }
}

#[test]
fn a_line_has_its_closed_form() {
    // y = 1/3 + x / 2 and residuals 1/6, -1/3, 1/6 of (0, 1/2), (1, 1/2), (2, 3/2).
    let rows = Rows::new(&[0.0, 1.0, 2.0], &[0.5, 0.5, 1.5], 1, 1).unwrap();
    let fit = ExactFit::new(&rows, true).unwrap();
    let number = |fraction: &Fraction| fraction.to_double_double().high();
    assert_eq!(
        fit.estimates.iter().map(number).collect::<Vec<_>>(),
        [1.0 / 3.0, 0.5]
    );
    assert_eq!(number(&fit.residual_sum), 1.0 / 6.0);
    assert_eq!(number(&fit.total_sum), 2.0 / 3.0);
    assert_eq!(
        fit.inverse.iter().map(number).collect::<Vec<_>>(),
        [5.0 / 6.0, 0.5]
    );
    assert_eq!(number(&fit.squares[1]), 2.0);
    let same = Rows::new(&[1.0, 1.0], &[0.5, 0.5], 1, 1).unwrap();
    assert!(ExactFit::new(&same, true).is_none());
}
