use pulp::{Arch, Simd, WithSimd};

use crate::DoubleDouble;
use crate::lower::subtract_multiple;

/// Vectors of double-doubles side by side, one for each penalty, row-major
/// `[len, number of vectors]`. An operation on one number of each vector is done for
/// all vectors at once, in vector registers.
#[derive(Clone, Debug)]
pub(super) struct SideBySide {
    len: usize,
    /// Length of a row: a number for each vector, and zeros that fill registers.
    width: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

/// Number of `f64` in the widest vector register.
const LANES: usize = 8;

impl SideBySide {
    pub fn zeros(len: usize, num_vectors: usize) -> Self {
        let width = num_vectors.next_multiple_of(LANES);
        Self {
            len,
            width,
            high: vec![0.0; len * width],
            low: vec![0.0; len * width],
        }
    }

    /// A number of one vector.
    pub fn get(&self, row: usize, vector: usize) -> DoubleDouble {
        let index = row * self.width + vector;
        DoubleDouble::of_halves(self.high[index], self.low[index])
    }

    /// Adds to a number of one vector.
    pub fn add(&mut self, row: usize, vector: usize, number: f64) {
        let sum = self.get(row, vector) + DoubleDouble::from(number);
        let index = row * self.width + vector;
        (self.high[index], self.low[index]) = (sum.high(), sum.low());
    }

    /// A square matrix, given by its elements, times each vector.
    pub fn product(&self, number: impl Fn(usize, usize) -> DoubleDouble) -> Self {
        Arch::new().dispatch(Product {
            vectors: self,
            number,
        })
    }
}

struct Product<'a, F> {
    vectors: &'a SideBySide,
    number: F,
}

impl<F: Fn(usize, usize) -> DoubleDouble> WithSimd for Product<'_, F> {
    type Output = SideBySide;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> SideBySide {
        let SideBySide {
            len,
            width,
            high,
            low,
        } = self.vectors;
        let mut product = SideBySide::zeros(*len, *width);
        for row in 0..*len {
            let of_row = row * width..(row + 1) * width;
            for column in 0..*len {
                let of_column = column * width..(column + 1) * width;
                let from = (&high[of_column.clone()], &low[of_column]);
                let to_high = &mut product.high[of_row.clone()];
                let to = (to_high, &mut product.low[of_row.clone()]);
                subtract_multiple(simd, -(self.number)(row, column), from, to);
            }
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_product_is_that_of_each_vector_alone(
            numbers in prop::collection::vec((-1e3..1e3f64, -1e-14..1e-14f64), 1..60),
            width in 1..11usize,
        ) {
            let len = (numbers.len() / width).clamp(1, 5);
            let at = |index: usize| {
                let (high, low) = numbers[index % numbers.len()];
                DoubleDouble::sum_of(high, low)
            };
            let mut vectors = SideBySide::zeros(len, width);
            for row in 0..len {
                for vector in 0..width {
                    vectors.add(row, vector, at(row * width + vector).high());
                    vectors.add(row, vector, at(row * width + vector).low());
                }
            }
            let matrix = |row: usize, column: usize| at(3 * (row + column));
            let product = vectors.product(matrix);
            for row in 0..len {
                for vector in 0..width {
                    let terms = (0..len).map(|column| matrix(row, column) * vectors.get(column, vector));
                    let size: f64 = terms.clone().map(|term| term.high().abs()).sum();
                    let sum: DoubleDouble = terms.sum();
                    let error = (product.get(row, vector) - sum).high().abs();
                    prop_assert!(error <= 1e-30 * size, "{error} of {size}");
                }
            }
        }
    }
}
