use crate::rows::mean_weight;
use crate::{ChunkOrder, DataError, Moments, NoRows, RowSource, Rows};

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
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Mean and spread of each column.
    pub moments: Moments,
    /// Smallest value of each column.
    pub min: Vec<f64>,
    /// Largest value of each column.
    pub max: Vec<f64>,
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
        let mut num_rows = 0;
        let mut weighted = None;
        let mut features = ColumnSummary::new(source.feature_names());
        let mut targets = ColumnSummary::new(source.target_names());
        for rows in source.chunks(ChunkOrder::File)? {
            let rows = rows?;
            let found = rows.check(source.feature_names(), source.target_names(), num_rows)?;
            if found == 0 {
                continue;
            }
            if *weighted.get_or_insert(rows.weights.is_some()) != rows.weights.is_some() {
                return Err(Rows::some_weighted());
            }
            num_rows += found;
            features.update(&rows.features, rows.weights.as_deref());
            targets.update(&rows.targets, rows.weights.as_deref());
        }
        if num_rows == 0 {
            return Err(DataError::NoRows(NoRows::AtAll));
        }
        if num_rows != source.num_rows() {
            return Err(DataError::Changed {
                found: num_rows,
                expected: source.num_rows(),
            });
        }
        let sum = targets.moments.weight_sum();
        let mean_weight = (weighted == Some(true)).then(|| mean_weight(sum, num_rows));
        Ok(Self {
            num_rows,
            features,
            targets,
            mean_weight: mean_weight.transpose()?,
        })
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

    fn update(&mut self, rows: &[f64], weights: Option<&[f64]>) {
        // Parts are small enough to stay in the cache between the passes over
        // them.
        const PART_VALUES: usize = 8192;
        let width = self.names.len();
        let part_rows = (PART_VALUES / width).max(1);
        for (part, values) in rows.chunks(part_rows * width).enumerate() {
            let num_rows = values.len() / width;
            let weights = weights.map(|weights| &weights[part * part_rows..][..num_rows]);
            match weights {
                None => self.moments.update(values),
                Some(weights) => self.moments.update_weighted(values, weights),
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
    use crate::Dataset;

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
    fn a_row_of_weight_0_only_counts_as_a_row() {
        let weights = (0..20_001).map(|i| f64::from(u8::from(i < 10))).collect();
        let summary = Summary::of(&dataset(20_001).with_weights(weights).unwrap()).unwrap();
        let first = Summary::of(&dataset(10)).unwrap();
        assert_eq!(summary.num_rows, 20_001);
        assert_eq!(summary.mean_weight, Some(10.0 / 20_001.0));
        assert_eq!(summary.features, first.features);
        assert_eq!(summary.targets, first.targets);
    }
}
