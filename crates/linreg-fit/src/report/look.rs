use linreg_data::{DataError, EncodedSource, RowChunk, RowPass, RowSample, SampleLimit};
use linreg_exact::{Accumulator, Arithmetic, Collinear};
use linreg_model::Coefficients;
use linreg_plot::Line;
use serde::{Deserialize, Serialize};

use crate::FitError;
use crate::exact::data_error;
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
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// Its number in the table, from 1.
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
    /// Reads the rows once, to look at these features. The same seed draws the
    /// same sample of at most `most` rows.
    pub fn new(
        rows: &EncodedSource,
        coefficients: &Coefficients,
        features: Vec<usize>,
        most: usize,
        seed: u64,
    ) -> Result<Self, FitError> {
        let pass = LookPass {
            coefficients: coefficients.clone(),
            features,
            most,
            seed,
            limit: SampleLimit::default(),
        };
        Ok(rows.run(pass)?.0)
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

/// The pass that a [`Look`] takes.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LookPass {
    coefficients: Coefficients,
    features: Vec<usize>,
    most: usize,
    seed: u64,
    #[serde(skip)]
    limit: SampleLimit,
}

/// What is known of some rows.
#[derive(Deserialize, Serialize)]
pub(crate) struct Seen {
    /// Number of rows whose weight is not 0.
    num_rows: u64,
    sample: RowSample<Row>,
    /// For each feature: the target, its prediction and the residual.
    sums: Vec<Accumulator>,
}

impl RowPass for LookPass {
    type State = Seen;
    type Output = Look;

    fn name() -> String {
        "look at a fit".to_string()
    }

    fn start(&self) -> Seen {
        let targets = self.coefficients.num_targets();
        let sums = Accumulator::new(1, 3 * targets, Arithmetic::DoubleDouble);
        Seen {
            num_rows: 0,
            sample: RowSample::new(self.most, self.seed).within(&self.limit),
            sums: vec![sums; self.features.len()],
        }
    }

    fn update(&self, seen: &mut Seen, rows: &RowChunk) -> Result<(), DataError> {
        let (width, targets) = (rows.num_features, rows.num_targets);
        let predictions = self.coefficients.predict(rows.features);
        let predictions = predictions.map_err(data_error)?;
        let of_row = rows.targets.chunks_exact(targets);
        let of_row = of_row.zip(predictions.chunks_exact(targets));
        let mut parts = Vec::with_capacity(3 * predictions.len());
        for (row, (actual, predicted)) in of_row.enumerate() {
            parts.extend(actual);
            parts.extend(predicted);
            parts.extend(actual.iter().zip(predicted).map(|(y, p)| y - p));
            if rows.weights.is_some_and(|weights| weights[row] == 0.0) {
                continue;
            }
            seen.num_rows += 1;
            let number = rows.row_number(row);
            seen.sample.add(number, || {
                let values = &rows.features[row * width..][..width];
                Row {
                    number: number + 1,
                    features: self.features.iter().map(|index| values[*index]).collect(),
                    targets: actual.to_vec(),
                    predictions: predicted.to_vec(),
                }
            });
        }
        for (index, sums) in self.features.iter().zip(&mut seen.sums) {
            let column = rows.features[*index..].iter().step_by(width);
            let column: Vec<f64> = column.copied().collect();
            let exact = linreg_exact::Rows::new(&column, &parts, 1, 3 * targets)
                .and_then(|exact| exact.with_weights(rows.weights));
            exact
                .and_then(|exact| sums.update(&exact))
                .map_err(data_error)?;
        }
        Ok(())
    }

    fn merge(&self, seen: &mut Seen, later: Seen) -> Result<(), DataError> {
        seen.num_rows += later.num_rows;
        seen.sample.merge(later.sample);
        self.limit.learn(&seen.sample);
        for (sums, later) in seen.sums.iter_mut().zip(&later.sums) {
            sums.merge(later).map_err(data_error)?;
        }
        Ok(())
    }

    fn finish(self, seen: Seen) -> Result<Look, DataError> {
        let targets = self.coefficients.num_targets();
        let lines = |target| {
            let lines = seen.sums.iter();
            lines
                .map(|sums| OwnLine::new(sums, target, targets))
                .collect()
        };
        Ok(Look {
            lines: (0..targets).map(lines).collect(),
            features: self.features,
            num_rows: seen.num_rows,
            sample: seen
                .sample
                .into_rows()
                .into_iter()
                .map(|(_, row)| row)
                .collect(),
        })
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
        let explains = |sum: f64, total: f64| {
            if total > 0.0 {
                (sum / total).clamp(0.0, 1.0)
            } else {
                f64::NAN
            }
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
    use linreg_data::{Dataset, Rows};

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

    fn run(
        all: Rows,
        coefficients: Coefficients,
        features: Vec<usize>,
        most: usize,
        seed: u64,
    ) -> Look {
        let names = ["x1", "x2"].map(String::from).to_vec();
        let dataset = Dataset::new(all.features, all.targets, names, vec!["y".to_string()]);
        let mut dataset = dataset.unwrap();
        if let Some(weights) = all.weights {
            dataset = dataset.with_weights(weights).unwrap();
        }
        let pass = LookPass {
            coefficients,
            features,
            most,
            seed,
            limit: SampleLimit::default(),
        };
        pass.run(&dataset).unwrap()
    }

    fn look(all: Rows, most: usize, seed: u64) -> Look {
        let exact = linreg_exact::Rows::new(&all.features, &all.targets, 2, 1).unwrap();
        let exact = exact.with_weights(all.weights.as_deref()).unwrap();
        let solution = linreg_exact::fit(&exact, &linreg_exact::FitConfig::default()).unwrap();
        let [bias, weights @ ..] = &solution.targets[0].estimates[..] else {
            panic!("no coefficients");
        };
        let coefficients = Coefficients::new(weights.to_vec(), vec![*bias]).unwrap();
        run(all, coefficients, vec![0, 1], most, seed)
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed() {
        let one = look(rows(0, 1000), 50, 7);
        assert_eq!(one.sample, look(rows(0, 1000), 50, 7).sample);
        assert_eq!((one.sample.len(), one.num_rows), (50, 1000));
        assert!(!one.is_whole());
        assert_ne!(one.sample, look(rows(0, 1000), 50, 8).sample);
        assert!(look(rows(0, 50), 50, 7).is_whole());
    }

    #[test]
    fn the_weights_predict_the_own_lines_of_least_squares() {
        let look = look(rows(0, 300), 300, 0);
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
        let (line, own) = (Line::fit(&x, &y).unwrap(), look.lines[0][0].unwrap());
        assert!((line.slope - own.slope).abs() < 1e-12);
        assert!((line.residual_variance - own.left).abs() < 1e-9);
        assert!((line.explained.unwrap() - own.explained).abs() < 1e-12);
    }

    #[test]
    fn a_row_of_weight_0_is_not_drawn() {
        let mut weighted = rows(0, 100);
        weighted.weights = Some((0..100).map(|i| f64::from(i % 2)).collect());
        let look = look(weighted, 100, 0);
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
        let look = run(rows, coefficients, vec![1], 10, 0);
        let line = look.lines[0][0].unwrap();
        assert_eq!((line.slope, line.explained), (0.0, 0.0));
    }
}
