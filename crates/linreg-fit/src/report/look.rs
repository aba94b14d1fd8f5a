use linreg_data::{DataError, Rows};
use linreg_exact::{Accumulator, Arithmetic, Collinear};
use linreg_model::Coefficients;
use linreg_plot::Line;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::FitError;
use crate::number::count;

/// What a pass over all rows of a fit collects for pictures: a sample of the
/// rows, and the regression line of each feature alone through all of them.
pub struct Look {
    /// The features that were looked at, as indices of the model's features.
    pub features: Vec<usize>,
    /// Number of rows whose weight is not 0.
    pub num_rows: u64,
    pub sample: Vec<Row>,
    /// The line of each feature alone, for each target.
    pub lines: Vec<Vec<Option<OwnLine>>>,
}

/// A row of the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number among all rows of the fit, from 1.
    pub number: u64,
    /// The features looked at.
    pub features: Vec<f64>,
    pub targets: Vec<f64>,
    pub predictions: Vec<f64>,
}

/// The line of a target against one feature alone, and what the weights of all
/// features predict for it.
///
/// A model's prediction p and its residual e add up to the target, y = p + e.
/// So the line of y against a feature is the sum of the lines of p and of e.
/// Its slope is that of p, since residuals of least squares are uncorrelated
/// with every feature. What it leaves is the part of the other features and the
/// residual (Draper and Smith, *Applied Regression Analysis*, 3rd edition,
/// section 1.2, applied to p and to e).
#[derive(Clone, Copy, Debug)]
pub struct OwnLine {
    pub intercept: f64,
    pub slope: f64,
    /// Share of the target's variance that the line explains; NaN for a
    /// constant target.
    pub explained: f64,
    /// Variance of the target around the line.
    pub left: f64,
    /// Slope and share explained that the model's weights predict.
    pub predicted_slope: f64,
    pub predicted_explained: f64,
    /// Variance around the line that the other features cause.
    pub others: f64,
    /// Variance that no feature explains.
    pub noise: f64,
    /// Variance of the target.
    pub total: f64,
}

impl Look {
    /// Reads the rows once. The sample is drawn by Vitter's algorithm R
    /// (*Random Sampling with a Reservoir*, 1985), so that each set of rows is
    /// equally likely, and the same seed gives the same sample.
    pub fn new(
        chunks: impl Iterator<Item = Result<Rows, DataError>>,
        coefficients: &Coefficients,
        features: Vec<usize>,
        most: usize,
        seed: u64,
    ) -> Result<Self, FitError> {
        let (width, targets) = (coefficients.num_features(), coefficients.num_targets());
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // For each feature: the target, its prediction and the residual.
        let mut sums =
            vec![Accumulator::new(1, 3 * targets, Arithmetic::DoubleDouble); features.len()];
        let mut sample = Vec::new();
        let (mut number, mut num_rows) = (0, 0);
        for chunk in chunks {
            let chunk = chunk?;
            let predictions = coefficients.predict(&chunk.features);
            let weights = chunk.weights.as_deref();
            let rows = chunk.targets.chunks_exact(targets);
            let rows = rows.zip(predictions.chunks_exact(targets));
            let mut parts = Vec::with_capacity(3 * predictions.len());
            for (row, (actual, predicted)) in rows.enumerate() {
                parts.extend(actual);
                parts.extend(predicted);
                parts.extend(actual.iter().zip(predicted).map(|(y, p)| y - p));
                number += 1;
                if weights.is_some_and(|weights| weights[row] == 0.0) {
                    continue;
                }
                num_rows += 1;
                let place = match sample.len() < most {
                    true => sample.len(),
                    false => random.random_range(0..num_rows) as usize,
                };
                if place >= most {
                    continue;
                }
                let values = &chunk.features[row * width..][..width];
                let row = Row {
                    number,
                    features: features.iter().map(|index| values[*index]).collect(),
                    targets: actual.to_vec(),
                    predictions: predicted.to_vec(),
                };
                match sample.get_mut(place) {
                    Some(kept) => *kept = row,
                    None => sample.push(row),
                }
            }
            for (index, sums) in features.iter().zip(&mut sums) {
                let column = chunk.features[*index..].iter().step_by(width);
                let column: Vec<f64> = column.copied().collect();
                let rows = linreg_exact::Rows::new(&column, &parts, 1, 3 * targets)?;
                sums.update(&rows.with_weights(weights)?)?;
            }
        }
        sample.sort_by_key(|row: &Row| row.number);
        let lines = |target| {
            let lines = sums.iter();
            lines
                .map(|sums| OwnLine::new(sums, target, targets))
                .collect()
        };
        Ok(Self {
            lines: (0..targets).map(lines).collect(),
            features,
            num_rows,
            sample,
        })
    }

    /// Whether every row that counts is in the sample.
    pub fn is_whole(&self) -> bool {
        self.sample.len() as u64 == self.num_rows
    }

    /// Which rows are drawn, in words.
    pub fn drawn(&self) -> String {
        if self.is_whole() {
            return "every row is drawn".to_string();
        }
        format!(
            "{} drawn at random by the seed; lines and their figures are of all {}",
            count(self.sample.len(), "row"),
            count(self.num_rows as usize, "row"),
        )
    }
}

impl OwnLine {
    /// The line for a picture.
    pub fn line(&self) -> Line {
        let explained = (!self.explained.is_nan()).then_some(self.explained);
        Line::new(self.slope, self.intercept, self.left, explained)
    }

    /// None where the sums are beyond 64-bit floats.
    fn new(sums: &Accumulator, target: usize, targets: usize) -> Option<Self> {
        let solution = sums.solve(true, Collinear::Drop).ok()?;
        let weight = solution.sum_of_weights;
        let fit = |part: usize| &solution.targets[part * targets + target];
        let (actual, predicted, residual) = (fit(0), fit(1), fit(2));
        let slope = actual.estimates[1];
        let predicted_total = predicted.total_sum + residual.total_sum;
        let explains = |sum: f64, total: f64| match total > 0.0 {
            true => (sum / total).clamp(0.0, 1.0),
            false => f64::NAN,
        };
        let line = Self {
            intercept: actual.estimates[0],
            slope,
            explained: explains(actual.total_sum - actual.residual_sum, actual.total_sum),
            left: actual.residual_sum / weight,
            predicted_slope: predicted.estimates[1],
            predicted_explained: explains(
                predicted.total_sum - predicted.residual_sum,
                predicted_total,
            ),
            others: predicted.residual_sum / weight,
            noise: residual.residual_sum / weight,
            total: actual.total_sum / weight,
        };
        (line.left.is_finite() && line.total.is_finite()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x1 = i, x2 = i mod 3, y = 2 x1 - 5 x2 + 1 + (1 or -1 in turn).
    fn rows(from: usize, to: usize) -> Rows {
        let mut rows = Rows::default();
        for i in from..to {
            let (x1, x2) = (i as f64, (i % 3) as f64);
            rows.features.extend([x1, x2]);
            let noise = if i % 2 == 0 { 1.0 } else { -1.0 };
            rows.targets.push(2.0 * x1 - 5.0 * x2 + 1.0 + noise);
        }
        rows
    }

    fn look(chunks: Vec<Rows>, most: usize, seed: u64) -> Look {
        let all = Rows {
            features: chunks.iter().flat_map(|c| c.features.clone()).collect(),
            targets: chunks.iter().flat_map(|c| c.targets.clone()).collect(),
            weights: chunks[0].weights.clone(),
            ..Rows::default()
        };
        let exact = linreg_exact::Rows::new(&all.features, &all.targets, 2, 1).unwrap();
        let exact = exact.with_weights(all.weights.as_deref()).unwrap();
        let solution = linreg_exact::fit(&exact, &linreg_exact::FitConfig::default()).unwrap();
        let [bias, weights @ ..] = &solution.targets[0].estimates[..] else {
            panic!("no coefficients");
        };
        let coefficients = Coefficients::new(weights.to_vec(), vec![*bias]).unwrap();
        Look::new(
            chunks.into_iter().map(Ok),
            &coefficients,
            vec![0, 1],
            most,
            seed,
        )
        .unwrap()
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_whatever_the_chunks() {
        let one = look(vec![rows(0, 1000)], 50, 7);
        let many = look(
            (0..10).map(|i| rows(i * 100, i * 100 + 100)).collect(),
            50,
            7,
        );
        assert_eq!(one.sample, many.sample);
        assert_eq!((one.sample.len(), one.num_rows), (50, 1000));
        assert!(!one.is_whole());
        assert_ne!(one.sample, look(vec![rows(0, 1000)], 50, 8).sample);
        assert!(look(vec![rows(0, 50)], 50, 7).is_whole());
    }

    #[test]
    fn every_row_is_as_likely_to_be_in_the_sample() {
        let mut times = vec![0; 100];
        for seed in 0..2000 {
            for row in look(vec![rows(0, 100)], 10, seed).sample {
                times[row.number as usize - 1] += 1;
            }
        }
        // Each row is drawn 200 times on average, with a standard deviation of
        // 13.4. Of 100 rows, the furthest is beyond 5 deviations once in 17,000
        // runs.
        assert!(
            times.iter().all(|times| (133..=267).contains(times)),
            "{times:?}"
        );
    }

    #[test]
    fn the_weights_predict_the_own_lines_of_least_squares() {
        let look = look(vec![rows(0, 300)], 300, 0);
        for line in look.lines[0].iter().flatten() {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
            assert!(close(line.slope, line.predicted_slope), "{line:?}");
            assert!(close(line.explained, line.predicted_explained), "{line:?}");
            assert!(close(line.left, line.others + line.noise), "{line:?}");
        }
        // The line that linreg-plot fits to the same points.
        let (x, y): (Vec<f64>, Vec<f64>) = look
            .sample
            .iter()
            .map(|row| (row.features[0], row.targets[0]))
            .unzip();
        let (line, own) = (Line::fit(&x, &y), look.lines[0][0].unwrap());
        assert!((line.slope - own.slope).abs() < 1e-12);
        assert!((line.residual_variance - own.left).abs() < 1e-9);
        assert!((line.explained.unwrap() - own.explained).abs() < 1e-12);
    }

    #[test]
    fn a_row_of_weight_0_is_not_drawn() {
        let mut weighted = rows(0, 100);
        weighted.weights = Some((0..100).map(|i| f64::from(i % 2)).collect());
        let look = look(vec![weighted], 100, 0);
        assert_eq!((look.sample.len(), look.num_rows), (50, 50));
        assert!(look.sample.iter().all(|row| row.number % 2 == 0));
        assert!(look.is_whole());
    }
    #[test]
    fn a_constant_feature_has_a_flat_line() {
        let rows = Rows {
            features: vec![1.0, 7.0, 2.0, 7.0, 4.0, 7.0],
            targets: vec![1.0, 2.0, 4.0],
            ..Rows::default()
        };
        let coefficients = Coefficients::new(vec![1.0, 0.0], vec![0.0]).unwrap();
        let look = Look::new([Ok(rows)].into_iter(), &coefficients, vec![1], 10, 0).unwrap();
        let line = look.lines[0][0].unwrap();
        assert_eq!((line.slope, line.explained), (0.0, 0.0));
    }
}
