use super::PredictionErrors;

impl PredictionErrors {
    /// The standard deviation of each feature over the rows of the fit, with the divisor
    /// n - 1; NaN for a feature that was left out. `None` without an intercept, and for
    /// more than 1,000 coefficients, since the time grows with their cube. Weights of rows
    /// are taken as counts.
    pub fn feature_deviations(&self) -> Option<Vec<f64>> {
        const MOST: usize = 1000;
        let (parts, size) = (&self.0, self.0.feature_scales.len());
        let rank = parts.rank();
        if !parts.has_intercept || rank == 0 || rank > MOST {
            return None;
        }
        // B has a column for each coefficient that was not left out, and B'B is the
        // inverse of the sums of products.
        let of_column = |column: usize| parts.basis[column..].iter().step_by(size);
        let is_kept = |column: &usize| of_column(*column).any(|number| *number != 0.0);
        let kept: Vec<usize> = (0..size).filter(is_kept).collect();
        if kept.len() != rank || kept[0] != 0 {
            return None;
        }
        let square = (0..rank).flat_map(|row| kept.iter().map(move |column| (row, column)));
        let square: Vec<f64> = square.map(|(r, c)| parts.basis[r * size + c]).collect();
        let inverse = inverse(square, rank)?;
        let rows: Vec<&[f64]> = inverse.chunks_exact(rank).collect();
        let product =
            |a: usize, b: usize| -> f64 { rows[a].iter().zip(rows[b]).map(|(x, y)| x * y).sum() };
        let freedom = parts.degrees_of_freedom + rank as f64 - 1.0;
        let mut deviations = vec![f64::NAN; size - 1];
        for (place, column) in kept.iter().enumerate().skip(1) {
            // About the mean, which the centre is only near.
            let sum = product(place, 0);
            let squares = product(place, place) - sum * sum / product(0, 0);
            let deviation = (squares.max(0.0) / freedom).sqrt();
            deviations[column - 1] = deviation / parts.feature_scales[*column];
        }
        Some(deviations)
    }
}

/// The inverse of a square matrix, row-major, by elimination with the largest pivot of each
/// column; `None` if it has none.
fn inverse(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    let mut inverse = vec![0.0; size * size];
    for row in 0..size {
        inverse[row * size + row] = 1.0;
    }
    for column in 0..size {
        let largest = |a: &usize, b: &usize| {
            let size_of = |row: &usize| matrix[row * size + column].abs();
            size_of(a).total_cmp(&size_of(b))
        };
        let pivot = (column..size).max_by(largest)?;
        if matrix[pivot * size + column] == 0.0 {
            return None;
        }
        for other in 0..size {
            matrix.swap(column * size + other, pivot * size + other);
            inverse.swap(column * size + other, pivot * size + other);
        }
        let by = 1.0 / matrix[column * size + column];
        for other in 0..size {
            matrix[column * size + other] *= by;
            inverse[column * size + other] *= by;
        }
        for row in (0..size).filter(|row| *row != column) {
            let by = matrix[row * size + column];
            if by == 0.0 {
                continue;
            }
            for other in 0..size {
                matrix[row * size + other] -= by * matrix[column * size + other];
                inverse[row * size + other] -= by * inverse[column * size + other];
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use crate::testing::diabetes;
    use crate::{Collinear, FitConfig, PredictionErrors, Rows, Weighting, fit};

    /// The deviations by their definition, with rows that count several times.
    fn expected(x: &[f64], features: usize, counts: &[f64]) -> Vec<f64> {
        let total: f64 = counts.iter().sum();
        let of_feature = |feature: usize| {
            let column = x[feature..].iter().step_by(features).zip(counts);
            let mean = column.clone().map(|(x, n)| n * x).sum::<f64>() / total;
            let squares: f64 = column.map(|(x, n)| n * (x - mean).powi(2)).sum();
            (squares / (total - 1.0)).sqrt()
        };
        (0..features).map(of_feature).collect()
    }

    #[test]
    fn deviations_are_those_of_the_rows_of_the_fit() {
        let (x, y, counts) = diabetes();
        let rows = Rows::new(&x, &y, 10, 1).unwrap();
        let ones = vec![1.0; y.len()];
        for (rows, counts, weighting) in [
            (rows, &ones, Weighting::Precision),
            (
                rows.with_weights(Some(&counts)).unwrap(),
                &counts,
                Weighting::Counts,
            ),
        ] {
            let solution = fit(&rows, &FitConfig::default()).unwrap();
            let errors = PredictionErrors::new(&solution, weighting).unwrap();
            let found = errors.feature_deviations().unwrap();
            for (found, expected) in found.iter().zip(expected(&x, 10, counts)) {
                assert!(
                    (found / expected - 1.0).abs() < 1e-11,
                    "{found}, {expected}"
                );
            }
        }
    }

    #[test]
    fn a_feature_that_was_left_out_has_none_and_neither_has_a_fit_without_intercept() {
        let x = [
            1.0, 2.0, 7.0, 2.0, 4.0, -1.0, 3.0, 6.0, 2.0, 5.0, 10.0, 3.0, 8.0, 16.0, 0.0,
        ];
        let rows = Rows::new(&x, &[1.0, 3.0, 2.0, 6.0, 4.0], 3, 1).unwrap();
        let config = FitConfig {
            collinear: Collinear::Drop,
            ..FitConfig::default()
        };
        let solution = fit(&rows, &config).unwrap();
        let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
        let found = errors.feature_deviations().unwrap();
        let known: Vec<f64> = found.iter().copied().filter(|std| !std.is_nan()).collect();
        let all = expected(&x, 3, &[1.0; 5]);
        assert_eq!(known.len(), 2);
        for std in known {
            assert!(
                all.iter().any(|other| (std / other - 1.0).abs() < 1e-12),
                "{found:?}"
            );
        }
        let without = FitConfig {
            intercept: false,
            ..config
        };
        let solution = fit(&rows, &without).unwrap();
        let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
        assert_eq!(errors.feature_deviations(), None);
    }
}
