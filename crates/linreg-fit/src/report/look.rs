use std::collections::BTreeSet;

use linreg_data::{DataError, EncodedSource, Moments, RowChunk, RowPass, RowSample, SampleLimit};
use linreg_exact::{Accumulator, Arithmetic, Collinear, Weighting};
use linreg_plot::{Level, Line, PredictionFigures};
use serde::{Deserialize, Serialize};

use crate::exact::data_error;
use crate::levels::{LevelColumn, LevelSums};
use crate::number::count;
use crate::residuals::standardised;
use crate::{FitError, Predictor};

/// What a pass over all rows of a fit collects for pictures: a sample of the
/// rows, the regression line of each feature alone through all of them, and the means
/// of the levels of categorical columns.
pub struct Look {
    /// What was looked at.
    pub drawn: Drawn,
    /// Number of rows whose weight is not 0.
    pub num_rows: u64,
    /// The rows that are drawn.
    pub sample: Vec<Row>,
    /// The rows that were asked for and are not in the sample.
    pub asked: Vec<Row>,
    /// The line of each feature alone, for each target.
    pub lines: Vec<Vec<Option<Line>>>,
    /// The levels of each categorical column, for each target.
    pub levels: Vec<Vec<Vec<Level>>>,
    /// How far the predictions of each target are from it.
    pub errors: Vec<PredictionFigures>,
}

/// What is drawn against the targets.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct Drawn {
    /// Features, as indices of the model's features.
    pub features: Vec<usize>,
    /// Categorical columns.
    pub columns: Vec<LevelColumn>,
}

/// A row of the sample.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// Its number in the table, from 1.
    pub number: u64,
    /// The features looked at.
    pub features: Vec<f64>,
    /// The levels of the columns looked at.
    pub levels: Vec<Option<usize>>,
    pub targets: Vec<f64>,
    pub predictions: Vec<f64>,
    /// For each target the standardised residual and the leverage, where both are
    /// defined.
    pub standardised: Vec<Option<(f64, f64)>>,
}

impl Look {
    /// Whether every row that counts is in the sample.
    pub fn is_whole(&self) -> bool {
        self.sample.len() as u64 == self.num_rows
    }

    /// Which rows are drawn, in words.
    pub fn rows_drawn(&self) -> String {
        if self.is_whole() {
            return "every row is drawn".to_string();
        }
        format!(
            "{} drawn at random by the seed; lines, means and their figures are of all {}",
            count(self.sample.len(), "row"),
            count(self.num_rows as usize, "row"),
        )
    }
}

/// The pass that a [`Look`] takes. The same seed draws the same sample of at most
/// `most` rows.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LookPass {
    pub predictor: Predictor,
    /// What the weights of rows are, if they have any.
    pub weighting: Option<Weighting>,
    pub drawn: Drawn,
    /// Rows that are kept besides the sample, by their indices in the table.
    pub asked: BTreeSet<u64>,
    pub most: usize,
    pub seed: u64,
    #[serde(skip)]
    pub limit: SampleLimit,
}

impl LookPass {
    /// Reads the rows once.
    pub fn look(self, rows: &EncodedSource) -> Result<Look, FitError> {
        Ok(rows.run(self)?.0)
    }
}

/// What is known of some rows.
#[derive(Deserialize, Serialize)]
pub(crate) struct Seen {
    /// Number of rows whose weight is not 0.
    num_rows: u64,
    sample: RowSample<Row>,
    asked: Vec<Row>,
    /// For each feature the sums of the targets.
    sums: Vec<Accumulator>,
    levels: Vec<LevelSums>,
    /// The moments of the targets, and of their residuals.
    moments: Moments,
}

impl RowPass for LookPass {
    type State = Seen;
    type Output = Look;

    fn name() -> String {
        "look at a fit".to_string()
    }

    fn start(&self) -> Seen {
        let targets = self.predictor.coefficients().num_targets();
        let sums = Accumulator::new(1, targets, Arithmetic::DoubleDouble);
        let levels = self.drawn.columns.iter();
        Seen {
            num_rows: 0,
            sample: RowSample::new(self.most, self.seed).within(&self.limit),
            asked: Vec::new(),
            sums: vec![sums; self.drawn.features.len()],
            levels: levels
                .map(|column| LevelSums::new(column, targets))
                .collect(),
            moments: Moments::new(2 * targets),
        }
    }

    fn update(&self, seen: &mut Seen, rows: &RowChunk) -> Result<(), DataError> {
        let (width, targets) = (rows.num_features, rows.num_targets);
        let predictions = self.predictor.predict(rows.features, rows.tails);
        let predictions = predictions.map_err(data_error)?;
        for row in 0..rows.num_rows() {
            if rows.weights.is_some_and(|weights| weights[row] == 0.0) {
                continue;
            }
            seen.num_rows += 1;
            let index = rows.row_number(row);
            let mut failed = Ok(());
            let mut of_row = || {
                let predictions = &predictions[row * targets..][..targets];
                self.row(rows, row, predictions).unwrap_or_else(|error| {
                    failed = Err(error);
                    Row::default()
                })
            };
            if self.asked.contains(&index) {
                seen.asked.push(of_row());
            }
            seen.sample.add(index, of_row);
            failed?;
        }
        for (index, sums) in self.drawn.features.iter().zip(&mut seen.sums) {
            let column = rows.features[*index..].iter().step_by(width);
            let column: Vec<f64> = column.copied().collect();
            let exact = linreg_exact::Rows::new(&column, rows.targets, 1, targets)
                .and_then(|exact| exact.with_weights(rows.weights));
            exact
                .and_then(|exact| sums.update(&exact))
                .map_err(data_error)?;
        }
        let of_rows = rows.targets.chunks_exact(targets);
        let of_rows = of_rows.zip(predictions.chunks_exact(targets));
        let mut moved = Vec::with_capacity(2 * rows.targets.len());
        for (actual, predicted) in of_rows {
            moved.extend_from_slice(actual);
            moved.extend(actual.iter().zip(predicted).map(|(y, p)| y - p));
        }
        let learned = match rows.weights {
            Some(weights) => seen.moments.update_weighted(&moved, weights),
            None => seen.moments.update(&moved),
        };
        learned.map_err(|error| DataError::Other(error.into()))?;
        let mut levels = self.drawn.columns.iter().zip(&mut seen.levels);
        levels.try_for_each(|(column, sums)| sums.update(column, rows))
    }

    fn merge(&self, seen: &mut Seen, later: Seen) -> Result<(), DataError> {
        seen.num_rows += later.num_rows;
        seen.sample.merge(later.sample);
        seen.asked.extend(later.asked);
        self.limit.learn(&seen.sample);
        for (sums, later) in seen.sums.iter_mut().zip(&later.sums) {
            sums.merge(later).map_err(data_error)?;
        }
        let merged = seen.moments.merge(&later.moments);
        merged.map_err(|error| DataError::Other(error.into()))?;
        let mut levels = seen.levels.iter_mut().zip(&later.levels);
        levels.try_for_each(|(sums, later)| sums.merge(later))
    }

    fn finish(self, seen: Seen) -> Result<Look, DataError> {
        let targets = 0..self.predictor.coefficients().num_targets();
        let sample = seen.sample.into_rows().into_iter();
        let sample: Vec<Row> = sample.map(|(_, row)| row).collect();
        let drawn: BTreeSet<u64> = sample.iter().map(|row| row.number).collect();
        let mut asked = seen.asked;
        asked.retain(|row| !drawn.contains(&row.number));
        let num_targets = targets.len();
        let (means, deviations) = (seen.moments.mean(), seen.moments.std());
        let errors = |target: usize| {
            let residual = num_targets + target;
            PredictionFigures {
                mean_square: deviations[residual].powi(2) + means[residual].powi(2),
                variance: deviations[target].powi(2),
                rows: seen.num_rows,
            }
        };
        let levels = |target: usize| {
            let columns = self.drawn.columns.iter().zip(&seen.levels).enumerate();
            let levels = columns.map(|(place, (column, sums))| {
                sums.levels(column, target, |level| {
                    let rows = sample.iter();
                    let rows = rows.filter(|row| row.levels[place] == Some(level));
                    rows.map(|row| row.targets[target]).collect()
                })
            });
            levels.collect()
        };
        Ok(Look {
            lines: targets
                .clone()
                .map(|target| seen.sums.iter().map(|sums| line(sums, target)).collect())
                .collect(),
            levels: targets.clone().map(levels).collect(),
            errors: targets.map(errors).collect(),
            drawn: self.drawn,
            num_rows: seen.num_rows,
            sample,
            asked,
        })
    }
}

impl LookPass {
    fn row(&self, rows: &RowChunk, row: usize, predictions: &[f64]) -> Result<Row, DataError> {
        let at = row * rows.num_features..(row + 1) * rows.num_features;
        let features = &rows.features[at.clone()];
        let targets = &rows.targets[row * rows.num_targets..][..rows.num_targets];
        let mut of_targets = vec![None; targets.len()];
        if let Some(errors) = self.predictor.stored_errors() {
            let weight = match (self.weighting, rows.weights) {
                (Some(Weighting::Precision), Some(weights)) => weights[row],
                _ => 1.0,
            };
            let tails = rows.tails.map(|tails| &tails[at]);
            let in_basis = errors.in_basis(features, tails).map_err(data_error)?;
            for (target, of_target) in of_targets.iter_mut().enumerate() {
                let residual = weight.sqrt() * (targets[target] - predictions[target]);
                let found = standardised(errors, target, &in_basis, weight, residual);
                *of_target = found.map_err(data_error)?;
            }
        }
        let levels = self.drawn.columns.iter();
        Ok(Row {
            number: rows.row_number(row) + 1,
            features: self.drawn.features.iter().map(|i| features[*i]).collect(),
            levels: levels.map(|column| column.level_of(features)).collect(),
            targets: targets.to_vec(),
            predictions: predictions.to_vec(),
            standardised: of_targets,
        })
    }
}

/// The line of a target against one feature alone; None where the sums are beyond
/// 64-bit floats.
fn line(sums: &Accumulator, target: usize) -> Option<Line> {
    let solution = sums.solve(true, Collinear::Drop).ok()?;
    let found = &solution.targets[target];
    let (left, total) = (found.residual_sum, found.total_sum);
    let left_share = left / solution.sum_of_weights;
    let explained = (total > 0.0).then(|| ((total - left) / total).clamp(0.0, 1.0));
    let is_finite = left_share.is_finite() && (total / solution.sum_of_weights).is_finite();
    let [intercept, slope] = found.estimates[..] else {
        return None;
    };
    is_finite.then(|| Line::new(slope, intercept, left_share, explained))
}

#[cfg(test)]
mod tests {
    use linreg_data::{Dataset, Rows};
    use linreg_model::Coefficients;

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
            predictor: Predictor::new(coefficients, None),
            weighting: Some(Weighting::Precision),
            drawn: Drawn {
                features,
                columns: Vec::new(),
            },
            asked: BTreeSet::from([3]),
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
    fn lines_are_those_of_all_rows() {
        let whole = look(rows(0, 300), 300, 0);
        let (x, y): (Vec<f64>, Vec<f64>) = whole
            .sample
            .iter()
            .map(|row| (row.features[0], row.targets[0]))
            .unzip();
        // The line that linreg-plot fits to the same points.
        let line = Line::fit(&x, &y).unwrap();
        for own in [&whole, &look(rows(0, 300), 5, 0)].map(|look| look.lines[0][0].unwrap()) {
            assert!((line.slope - own.slope).abs() < 1e-12);
            assert!((line.residual_variance - own.residual_variance).abs() < 1e-9);
            assert!((line.explained.unwrap() - own.explained.unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn a_row_that_is_asked_for_is_kept_once() {
        let numbers = |rows: &[Row]| rows.iter().map(|row| row.number).collect::<Vec<_>>();
        let whole = look(rows(0, 50), 50, 0);
        assert!(numbers(&whole.asked).is_empty());
        for seed in 0..5 {
            let some = look(rows(0, 1000), 10, seed);
            let is_drawn = numbers(&some.sample).contains(&4);
            assert_eq!(numbers(&some.asked).len(), usize::from(!is_drawn));
        }
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
        assert_eq!((line.slope, line.explained), (0.0, Some(0.0)));
    }
}
