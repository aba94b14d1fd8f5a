use linreg_data::{
    DataError, Encoder, FeatureFactor, Moments, RowChunk, RowPass, RowSample, SampleLimit,
};
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

    /// Whether it has a reference level.
    pub fn has_reference(&self) -> bool {
        self.levels.iter().any(|(_, feature)| feature.is_none())
    }

    /// The name of a level.
    pub fn level(&self, index: usize) -> &str {
        &self.levels[index].0
    }

    /// The index of the level of a row; none if the level is missing and the features
    /// are the shares of all levels.
    pub fn level_of(&self, features: &[f64]) -> Option<usize> {
        let mut reference = None;
        for (index, (_, feature)) in self.levels.iter().enumerate() {
            match feature.map(|feature| features[feature]) {
                None => reference = Some(index),
                Some(1.0) => return Some(index),
                Some(0.0) => {}
                Some(_) => return None,
            }
        }
        reference
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
    /// level. Rows that count differently have means alone.
    pub fn levels(
        &self,
        column: &LevelColumn,
        target: usize,
        values: impl Fn(usize) -> Vec<f64>,
    ) -> Vec<Level> {
        let levels = self.0.iter().enumerate();
        let are_equal = |moments: &Moments| moments.weight_sum() == moments.count() as f64;
        let have_boxes = self.0.iter().all(are_equal);
        let level = |(index, moments): (usize, &Moments)| Level {
            name: column.level(index).to_string(),
            rows: moments.count(),
            weight: moments.weight_sum(),
            mean: moments.mean()[target],
            variance: moments.std()[target].powi(2),
            values: if have_boxes {
                values(index)
            } else {
                Vec::new()
            },
        };
        levels.map(level).collect()
    }
}

/// The pass that finds the levels of categorical columns for pictures of the first target.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct LevelsPass {
    columns: Vec<LevelColumn>,
    #[serde(skip)]
    limit: SampleLimit,
}

/// The most rows whose values are drawn.
const MOST_ROWS: usize = 20_000;

impl LevelsPass {
    pub fn new(encoder: &Encoder) -> Self {
        Self {
            columns: LevelColumn::all(encoder),
            limit: SampleLimit::default(),
        }
    }
}

/// The levels of a row, one for each column, and its target.
type LevelsOfRow = (Vec<Option<usize>>, f64);

impl RowPass for LevelsPass {
    type State = (Vec<LevelSums>, RowSample<LevelsOfRow>);
    /// The name of each column and its levels.
    type Output = Vec<(String, Vec<Level>)>;

    fn name() -> String {
        "levels of columns".to_string()
    }

    fn start(&self) -> Self::State {
        let sums = self.columns.iter();
        let sums = sums.map(|column| LevelSums::new(column, 1)).collect();
        (sums, RowSample::new(MOST_ROWS, 0).within(&self.limit))
    }

    fn update(&self, (sums, sample): &mut Self::State, rows: &RowChunk) -> Result<(), DataError> {
        for (column, sums) in self.columns.iter().zip(sums) {
            sums.update(column, rows)?;
        }
        let features = rows.features.chunks_exact(rows.num_features);
        for (row, (features, target)) in features.zip(rows.targets).enumerate() {
            sample.add(rows.row_number(row), || {
                let columns = self.columns.iter();
                let levels = columns.map(|column| column.level_of(features)).collect();
                (levels, *target)
            });
        }
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        let (sums, sample) = state;
        sample.merge(later.1);
        self.limit.learn(sample);
        let mut sums = sums.iter_mut().zip(&later.0);
        sums.try_for_each(|(sums, later)| sums.merge(later))
    }

    fn finish(self, (sums, sample): Self::State) -> Result<Self::Output, DataError> {
        let sample = sample.into_rows();
        let columns = self.columns.iter().zip(&sums).enumerate();
        let levels = columns.map(|(place, (column, sums))| {
            let levels = sums.levels(column, 0, |level| {
                let rows = sample.iter().map(|(_, row)| row);
                let rows = rows.filter(|(levels, _)| levels[place] == Some(level));
                rows.map(|(_, target)| *target).collect()
            });
            (column.name.clone(), levels)
        });
        Ok(levels.collect())
    }
}
