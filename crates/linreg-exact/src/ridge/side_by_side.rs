use pulp::Arch;

use crate::DoubleDouble;

/// Vectors of double-doubles side by side, one a penalty, row-major
/// `[len, number of vectors]`: what is done to one number of each is done to all at
/// once, in vector registers.
#[derive(Clone, Debug)]
pub(super) struct SideBySide {
    width: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

impl SideBySide {
    pub fn zeros(len: usize, width: usize) -> Self {
        Self {
            width,
            high: vec![0.0; len * width],
            low: vec![0.0; len * width],
        }
    }

    /// A number of a vector.
    pub fn get(&self, row: usize, vector: usize) -> DoubleDouble {
        let index = row * self.width + vector;
        DoubleDouble::of_halves(self.high[index], self.low[index])
    }

    /// Adds to a number of a vector.
    pub fn add(&mut self, row: usize, vector: usize, number: f64) {
        let sum = self.get(row, vector) + DoubleDouble::from(number);
        let index = row * self.width + vector;
        (self.high[index], self.low[index]) = (sum.high(), sum.low());
    }

    /// A square matrix, told by its numbers, times each vector.
    pub fn product(&self, number: impl Fn(usize, usize) -> DoubleDouble) -> Self {
        let len = self.high.len() / self.width;
        let mut product = Self::zeros(len, self.width);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in 0..len {
                    let of_row = row * self.width..(row + 1) * self.width;
                    let high = &mut product.high[of_row.clone()];
                    let low = &mut product.low[of_row];
                    for column in 0..len {
                        let of_column = column * self.width..(column + 1) * self.width;
                        let factors = self.high[of_column.clone()].iter();
                        let factors = factors.zip(&self.low[of_column]);
                        let factor = number(row, column);
                        let sums = high.iter_mut().zip(low.iter_mut());
                        for ((high, low), (of_high, of_low)) in sums.zip(factors) {
                            let term = factor * DoubleDouble::of_halves(*of_high, *of_low);
                            let sum = DoubleDouble::of_halves(*high, *low) + term;
                            (*high, *low) = (sum.high(), sum.low());
                        }
                    }
                }
            },
        );
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
                    prop_assert_eq!(product.get(row, vector), terms.sum());
                }
            }
        }
    }
}
