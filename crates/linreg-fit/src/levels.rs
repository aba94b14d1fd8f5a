use linreg_data::{DataError, Encoder, FeatureFactor, Moments, RowChunk};
use linreg_plot::Level;
use serde::{Deserialize, Serialize};

/// A categorical column of an encoder, and the features of a row that tell its level.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LevelColumn {
    pub name: String,
    /// The names of the levels, each with its feature; the reference level has none.
    levels: Vec<(String, Option<usize>)>,
}

impl LevelColumn {
    /// The columns whose levels are features on their own, and not of products only.
    pub fn all(encoder: &Encoder) -> Vec<Self> {
        let mut columns: Vec<Self> = Vec::new();
        for (index, feature) in encoder.features().iter().enumerate() {
            let [factor] = &feature.factors[..] else {
                continue;
            };
            let known = columns
                .iter()
                .position(|column| column.name == factor.column());
            let (level, baseline) = match (factor, known) {
                (
                    FeatureFactor::Level {
                        level, baseline, ..
                    },
                    _,
                ) => (level, baseline),
                // That a number is missing is no level.
                (
                    FeatureFactor::Missing {
                        label, baseline, ..
                    },
                    Some(_),
                ) => (label, baseline),
                _ => continue,
            };
            let place = known.unwrap_or_else(|| {
                let reference = baseline.iter().map(|name| (name.clone(), None));
                columns.push(Self {
                    name: factor.column().to_string(),
                    levels: reference.collect(),
                });
                columns.len() - 1
            });
            columns[place].levels.push((level.clone(), Some(index)));
        }
        columns
    }

    /// The indices of its features.
    pub fn features(&self) -> impl Iterator<Item = usize> {
        self.levels.iter().filter_map(|(_, feature)| *feature)
    }

    /// The name of a level.
    pub fn level(&self, index: usize) -> &str {
        &self.levels[index].0
    }

    /// The index of the level of a row.
    pub fn level_of(&self, features: &[f64]) -> Option<usize> {
        let is_told = |(_, feature): &(String, Option<usize>)| {
            feature.is_some_and(|feature| features[feature] != 0.0)
        };
        let reference = || {
            self.levels
                .iter()
                .position(|(_, feature)| feature.is_none())
        };
        self.levels.iter().position(is_told).or_else(reference)
    }
}

/// The mean and the spread of the targets of the rows of each level.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LevelSums(Vec<Moments>);

impl LevelSums {
    pub fn new(column: &LevelColumn, num_targets: usize) -> Self {
        Self(vec![Moments::new(num_targets); column.levels.len()])
    }

    pub fn update(&mut self, column: &LevelColumn, rows: &RowChunk) -> Result<(), DataError> {
        let mut of_level = vec![(Vec::new(), Vec::new()); self.0.len()];
        let features = rows.features.chunks_exact(rows.num_features);
        let targets = rows.targets.chunks_exact(rows.num_targets);
        for (row, (features, targets)) in features.zip(targets).enumerate() {
            if let Some(level) = column.level_of(features) {
                let (of_targets, weights) = &mut of_level[level];
                of_targets.extend_from_slice(targets);
                weights.push(rows.weights.map_or(1.0, |weights| weights[row]));
            }
        }
        for (moments, (targets, weights)) in self.0.iter_mut().zip(of_level) {
            let updated = moments.update_weighted(&targets, &weights);
            updated.map_err(|error| DataError::Other(error.into()))?;
        }
        Ok(())
    }

    pub fn merge(&mut self, later: &Self) -> Result<(), DataError> {
        for (moments, later) in self.0.iter_mut().zip(&later.0) {
            let merged = moments.merge(later);
            merged.map_err(|error| DataError::Other(error.into()))?;
        }
        Ok(())
    }

    /// The levels for a picture of a target; `values` are those of some rows of each
    /// level.
    pub fn levels(
        &self,
        column: &LevelColumn,
        target: usize,
        values: impl Fn(usize) -> Vec<f64>,
    ) -> Vec<Level> {
        let levels = self.0.iter().enumerate();
        let level = |(index, moments): (usize, &Moments)| Level {
            name: column.level(index).to_string(),
            count: moments.weight_sum(),
            mean: moments.mean()[target],
            variance: moments.std()[target].powi(2),
            values: values(index),
        };
        levels.map(level).collect()
    }
}
