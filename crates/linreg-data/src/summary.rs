use serde::{Deserialize, Serialize};

use crate::rows::mean_weight;
use crate::{DataError, Moments, NoRows, RowChunk, RowPass, RowSource, RowsError, exact};

/// The statistics of all columns from one pass over the rows.
///
/// A row of weight 0 counts in [`num_rows`](Self::num_rows) and in no other
/// field.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of rows; at least 1.
    pub num_rows: usize,
    /// The features.
    pub features: ColumnSummary,
    /// The targets.
    pub targets: ColumnSummary,
    /// Mean weight of the rows, above 0; None where all rows count the same.
    pub mean_weight: Option<f64>,
}

/// The statistics of the features, or of the targets.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Mean and spread of each column.
    pub moments: Moments,
    /// Smallest value of each column.
    #[serde(with = "exact::list")]
    pub min: Vec<f64>,
    /// Largest value of each column.
    #[serde(with = "exact::list")]
    pub max: Vec<f64>,
}

/// Sums up the columns of encoded rows.
#[derive(Clone, Deserialize, Serialize)]
pub struct SummaryPass {
    feature_names: Vec<String>,
    target_names: Vec<String>,
}

impl SummaryPass {
    /// Returns a pass over rows of these features and targets.
    pub fn new(feature_names: &[String], target_names: &[String]) -> Self {
        Self {
            feature_names: feature_names.to_vec(),
            target_names: target_names.to_vec(),
        }
    }
}

/// What a [`SummaryPass`] knows of some rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SummaryState {
    num_rows: usize,
    is_weighted: bool,
    features: ColumnSummary,
    targets: ColumnSummary,
}

impl RowPass for SummaryPass {
    type State = SummaryState;
    type Output = Summary;

    fn name() -> String {
        "summary".to_string()
    }

    fn start(&self) -> SummaryState {
        SummaryState {
            num_rows: 0,
            is_weighted: false,
            features: ColumnSummary::new(&self.feature_names),
            targets: ColumnSummary::new(&self.target_names),
        }
    }

    fn update(&self, state: &mut SummaryState, rows: &RowChunk) -> Result<(), DataError> {
        for (names, found) in [
            (&self.feature_names, rows.num_features),
            (&self.target_names, rows.num_targets),
        ] {
            let expected = names.len();
            if found != expected {
                return Err(RowsError::Columns { found, expected }.into());
            }
        }
        state.num_rows += rows.num_rows();
        state.is_weighted |= rows.weights.is_some();
        state.features.update(rows.features, rows.weights)?;
        state.targets.update(rows.targets, rows.weights)?;
        Ok(())
    }

    fn merge(&self, state: &mut SummaryState, later: SummaryState) -> Result<(), DataError> {
        state.num_rows += later.num_rows;
        state.is_weighted |= later.is_weighted;
        state.features.merge(&later.features)?;
        state.targets.merge(&later.targets)?;
        Ok(())
    }

    fn finish(self, state: SummaryState) -> Result<Summary, DataError> {
        let num_rows = state.num_rows;
        if num_rows == 0 {
            return Err(DataError::NoRows(NoRows::AtAll));
        }
        let sum = state.targets.moments.weight_sum();
        let mean_weight = state.is_weighted.then(|| mean_weight(sum, num_rows));
        Ok(Summary {
            num_rows,
            features: state.features,
            targets: state.targets,
            mean_weight: mean_weight.transpose()?,
        })
    }
}

impl Summary {
    /// Reads every row once, in file order.
    ///
    /// # Errors
    ///
    /// An error of the source, chunks that are not finite numbers of its
    /// columns, no rows, a number of rows that is not what the source said, or
    /// weights that [`Dataset::with_weights`](crate::Dataset::with_weights)
    /// refuses.
    pub fn of(source: &(impl RowSource + ?Sized)) -> Result<Self, DataError> {
        let pass = SummaryPass::new(source.feature_names(), source.target_names());
        let summary = pass.run(source)?;
        if summary.num_rows != source.num_rows() {
            return Err(DataError::Changed {
                found: summary.num_rows,
                expected: source.num_rows(),
            });
        }
        Ok(summary)
    }

    /// Number of features of a row; at least 1.
    pub fn num_features(&self) -> usize {
        self.features.names.len()
    }

    /// Number of targets of a row; at least 1.
    pub fn num_targets(&self) -> usize {
        self.targets.names.len()
    }
}

impl ColumnSummary {
    fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            moments: Moments::new(names.len()),
            min: vec![f64::INFINITY; names.len()],
            max: vec![f64::NEG_INFINITY; names.len()],
        }
    }

    fn merge(&mut self, later: &Self) -> Result<(), RowsError> {
        self.moments.merge(&later.moments)?;
        for (min, later) in self.min.iter_mut().zip(&later.min) {
            *min = min.min(*later);
        }
        for (max, later) in self.max.iter_mut().zip(&later.max) {
            *max = max.max(*later);
        }
        Ok(())
    }

    fn update(&mut self, rows: &[f64], weights: Option<&[f64]>) -> Result<(), RowsError> {
        // Parts are small enough to stay in the cache between the passes over
        // them.
        const PART_VALUES: usize = 8192;
        let width = self.names.len();
        let part_rows = (PART_VALUES / width).max(1);
        for (part, values) in rows.chunks(part_rows * width).enumerate() {
            let num_rows = values.len() / width;
            let weights = weights.map(|weights| &weights[part * part_rows..][..num_rows]);
            match weights {
                None => self.moments.update(values)?,
                Some(weights) => self.moments.update_weighted(values, weights)?,
            }
            for (row, values) in values.chunks_exact(width).enumerate() {
                if weights.is_some_and(|weights| weights[row] == 0.0) {
                    continue;
                }
                for (column, value) in values.iter().enumerate() {
                    self.min[column] = self.min[column].min(*value);
                    self.max[column] = self.max[column].max(*value);
                }
            }
        }
        Ok(())
    }

    /// The root of the mean square of each column, not centred.
    pub fn root_mean_square(&self) -> Vec<f64> {
        let spreads = self.moments.std().into_iter();
        let means = self.moments.mean().iter();
        spreads
            .zip(means)
            .map(|(std, mean)| std.hypot(*mean))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChunkOrder, Dataset, RowChunks, Rows, Threads};

    fn dataset(num_rows: u32) -> Dataset {
        let rows = || (0..num_rows).map(f64::from);
        Dataset::new(
            rows().flat_map(|i| [i, 3.0]).collect(),
            rows().map(|i| -2.0 * i).collect(),
            vec!["a".into(), "constant".into()],
            vec!["y".into()],
        )
        .unwrap()
    }

    #[test]
    fn sums_up_every_chunk() {
        // 0, 1, ..., n - 1 have the variance (n² - 1) / 12.
        let summary = Summary::of(&dataset(20_001)).unwrap();
        let std = ((20_001f64.powi(2) - 1.0) / 12.0).sqrt();
        assert_eq!((summary.num_rows, summary.mean_weight), (20_001, None));
        let features = &summary.features;
        assert_eq!(
            (&features.min[..], &features.max[..]),
            (&[0.0, 3.0][..], &[20_000.0, 3.0][..])
        );
        assert!((features.moments.std()[0] / std - 1.0).abs() < 1e-14);
        assert!((features.root_mean_square()[0] / std.hypot(10_000.0) - 1.0).abs() < 1e-14);
        assert_eq!(
            (features.moments.std()[1], features.root_mean_square()[1]),
            (0.0, 3.0)
        );
        assert!((summary.targets.moments.std()[0] / (2.0 * std) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn rows_in_order_give_the_same_bits_as_on_threads() {
        for dataset in [dataset(20_001), dataset(16_384), dataset(3)] {
            let summary = Summary::of(&dataset).unwrap();
            for threads in [1, 2, 7] {
                let pass = SummaryPass::new(dataset.feature_names(), dataset.target_names());
                let found = dataset.run(&Threads::new(threads), pass).unwrap();
                assert_eq!(found, summary);
            }
        }
    }

    #[test]
    fn chunks_of_a_source_make_no_difference() {
        /// Rows in chunks of 1,000.
        struct InChunks(Dataset);

        impl RowSource for InChunks {
            fn feature_names(&self) -> &[String] {
                self.0.feature_names()
            }

            fn target_names(&self) -> &[String] {
                self.0.target_names()
            }

            fn num_rows(&self) -> usize {
                self.0.num_rows()
            }

            fn chunks(&self, _: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
                let features = self.0.features().chunks(2000);
                let chunks = features.zip(self.0.targets().chunks(1000));
                Ok(Box::new(chunks.map(|(features, targets)| {
                    Ok(Rows {
                        features: features.to_vec(),
                        targets: targets.to_vec(),
                        ..Rows::default()
                    })
                })))
            }
        }

        let expected = Summary::of(&dataset(20_001)).unwrap();
        let summary = Summary::of(&InChunks(dataset(20_001))).unwrap();
        assert_eq!(summary, expected);
    }

    #[test]
    fn a_row_of_weight_0_only_counts_as_a_row() {
        let weights = (0..20_001).map(|i| f64::from(u8::from(i < 10))).collect();
        let summary = Summary::of(&dataset(20_001).with_weights(weights).unwrap()).unwrap();
        let first = Summary::of(&dataset(10)).unwrap();
        assert_eq!(summary.num_rows, 20_001);
        assert_eq!(summary.mean_weight, Some(10.0 / 20_001.0));
        assert_eq!(summary.features, first.features);
        assert_eq!(summary.targets, first.targets);
    }

    #[test]
    fn names_of_other_columns_are_refused() {
        for (features, targets) in [(0, 1), (1, 1), (3, 1), (2, 0), (2, 2)] {
            let names = |number| vec!["x".to_string(); number];
            let pass = SummaryPass::new(&names(features), &names(targets));
            let error = pass.run(&dataset(10)).unwrap_err().to_string();
            assert!(error.contains("columns, expected"), "{error}");
        }
    }
}
