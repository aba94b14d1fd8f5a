use std::collections::BTreeSet;

use crate::rows::mean_weight;
use crate::{Axis, DataError, NoRows, Rows, RowsError};

/// Rows of features with their targets in `f64`, the names of the columns, and,
/// where rows do not all count the same, the weight of each row.
///
/// Every number is finite, the names are distinct, and there is at least one
/// row, one feature and one target: the constructors check this.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    rows: Rows,
    /// The numbers of the rows in the table that they have been loaded from, in
    /// order; None where they are 0, 1, 2 and so on.
    numbers: Option<Vec<u64>>,
    feature_names: Vec<String>,
    target_names: Vec<String>,
}

impl Dataset {
    /// Checks and keeps rows.
    ///
    /// # Shapes
    ///
    /// - features: row-major `[rows, feature_names.len()]`
    /// - targets: row-major `[rows, target_names.len()]`
    ///
    /// # Errors
    ///
    /// No rows, no features, no targets, lengths that do not fit, a duplicate
    /// name, or a number that is NaN or infinite.
    pub fn new(
        features: Vec<f64>,
        targets: Vec<f64>,
        feature_names: Vec<String>,
        target_names: Vec<String>,
    ) -> Result<Self, DataError> {
        let rows = Rows {
            features,
            targets,
            ..Rows::default()
        };
        check_distinct(&feature_names, &target_names)?;
        if rows.check(&feature_names, &target_names, 0)? == 0 {
            return Err(DataError::NoRows(NoRows::AtAll));
        }
        Ok(Self {
            rows,
            numbers: None,
            feature_names,
            target_names,
        })
    }

    /// Returns the same rows under other column names.
    ///
    /// # Errors
    ///
    /// A number of names that is not the number of columns, or a duplicate
    /// name.
    pub fn with_names(
        self,
        feature_names: Vec<String>,
        target_names: Vec<String>,
    ) -> Result<Self, DataError> {
        check_number(Axis::Features, &feature_names, self.num_features())?;
        check_number(Axis::Targets, &target_names, self.num_targets())?;
        let Rows {
            features,
            targets,
            weights,
            ..
        } = self.rows;
        let mut renamed = Self::new(features, targets, feature_names, target_names)?;
        renamed.rows.weights = weights;
        renamed.numbers = self.numbers;
        Ok(renamed)
    }

    /// Returns the same rows with one weight for each, `[num_rows]`, as
    /// `sample_weight` in scikit-learn. In every mean a row of weight 2 counts
    /// as two rows of weight 1, and a row of weight 0 does not count. Only the
    /// ratios of weights matter to a model.
    ///
    /// # Errors
    ///
    /// A number of weights that is not the number of rows, a weight that is not
    /// finite or is below 0, no weight above 0, or a mean weight beyond 64-bit
    /// floats.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, DataError> {
        let sum = weights.iter().sum();
        self.rows.weights = Some(weights);
        let num_rows = self
            .rows
            .check(&self.feature_names, &self.target_names, 0)?;
        mean_weight(sum, num_rows)?;
        Ok(self)
    }

    /// Keeps the numbers of the rows in their table, which increase. A pass then
    /// has the same parts in memory as in the table.
    pub(crate) fn with_numbers(mut self, numbers: Vec<u64>) -> Self {
        let are_all = numbers
            .last()
            .is_none_or(|last| *last + 1 == numbers.len() as u64);
        self.numbers = (!are_all).then_some(numbers);
        self
    }

    pub(crate) fn numbers(&self) -> Option<&[u64]> {
        self.numbers.as_deref()
    }

    /// Number of rows; at least 1.
    pub fn num_rows(&self) -> usize {
        self.rows.targets.len() / self.num_targets()
    }

    /// Number of features of a row; at least 1.
    pub fn num_features(&self) -> usize {
        self.feature_names.len()
    }

    /// Number of targets of a row; at least 1.
    pub fn num_targets(&self) -> usize {
        self.target_names.len()
    }

    /// All features, row-major `[num_rows, num_features]`.
    pub fn features(&self) -> &[f64] {
        &self.rows.features
    }

    /// The values of one feature, in row order; None if there is no feature of
    /// that index.
    pub fn feature(&self, index: usize) -> Option<impl Iterator<Item = f64> + '_> {
        column(self.features(), index, self.num_features())
    }

    /// All targets, row-major `[num_rows, num_targets]`.
    pub fn targets(&self) -> &[f64] {
        &self.rows.targets
    }

    /// The values of one target, in row order; None if there is no target of
    /// that index.
    pub fn target(&self, index: usize) -> Option<impl Iterator<Item = f64> + '_> {
        column(self.targets(), index, self.num_targets())
    }

    /// The weight of each row, `[num_rows]`; None where all rows count the
    /// same.
    pub fn weights(&self) -> Option<&[f64]> {
        self.rows.weights.as_deref()
    }

    /// Names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Names of the targets.
    pub fn target_names(&self) -> &[String] {
        &self.target_names
    }

    /// Returns the rows at these indices, in that order.
    ///
    /// # Errors
    ///
    /// No indices, only those of rows of weight 0, or an index past the last
    /// row.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        check_indices(rows, self.num_rows())?;
        let select = |values: &[f64], width: usize| {
            let mut selected = Vec::with_capacity(rows.len() * width);
            for row in rows {
                selected.extend_from_slice(&values[row * width..(row + 1) * width]);
            }
            selected
        };
        let selected = Self::new(
            select(self.features(), self.num_features()),
            select(self.targets(), self.num_targets()),
            self.feature_names.clone(),
            self.target_names.clone(),
        )?;
        match self.weights() {
            None => Ok(selected),
            Some(weights) => selected.with_weights(select(weights, 1)),
        }
    }
}

/// Checks that no two columns have the same name.
pub(crate) fn check_distinct(features: &[String], targets: &[String]) -> Result<(), DataError> {
    let mut seen = BTreeSet::new();
    let mut names = targets.iter().chain(features);
    match names.find(|name| !seen.insert(*name)) {
        None => Ok(()),
        Some(twice) => Err(RowsError::NameTwice(twice.clone()).into()),
    }
}

/// Checks that there is one name for each column.
pub(crate) fn check_number(
    axis: Axis,
    names: &[String],
    num_columns: usize,
) -> Result<(), DataError> {
    if names.len() == num_columns {
        return Ok(());
    }
    Err(RowsError::Names {
        axis,
        found: names.len(),
        columns: num_columns,
    }
    .into())
}

/// Checks that there is a row for each index.
pub(crate) fn check_indices(indices: &[usize], rows: usize) -> Result<(), RowsError> {
    match indices.iter().find(|index| **index >= rows) {
        None => Ok(()),
        Some(&index) => Err(RowsError::NoRow { index, rows }),
    }
}

/// Returns one column of row-major numbers.
fn column(values: &[f64], index: usize, width: usize) -> Option<impl Iterator<Item = f64> + '_> {
    (index < width).then(|| values[index..].iter().step_by(width).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize) -> Dataset {
        let targets: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let features = targets.iter().flat_map(|t| [10.0 * t, -t]).collect();
        Dataset::new(
            features,
            targets,
            vec!["a".into(), "b".into()],
            vec!["y".into()],
        )
        .unwrap()
    }

    #[test]
    fn takes_other_names_one_for_each_column() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let renamed = numbered(2).with_names(names(&["c", "d"]), vec!["z".into()]);
        assert_eq!(renamed.unwrap().feature_names(), ["c", "d"]);
        let error = numbered(2).with_names(names(&["c"]), vec!["z".into()]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "1 names for 2 features; give one for each"
        );
    }

    #[test]
    fn refuses_rows_that_are_no_data() {
        let names = || vec!["a".to_string(), "b".to_string()];
        let new =
            |features, targets, names| Dataset::new(features, targets, names, vec!["y".into()]);
        for (result, message) in [
            (new(vec![], vec![], names()), "there are no rows"),
            (new(vec![], vec![1.0], vec![]), "there are no features"),
            (
                new(vec![1.0; 3], vec![1.0], names()),
                "3 feature values for 1 rows of 2 features",
            ),
            (
                new(vec![1.0; 2], vec![1.0], vec!["a".into(), "y".into()]),
                "the column name `y` is there twice",
            ),
            (
                new(vec![1.0, 1.0, 1.0, f64::NAN], vec![1.0; 2], names()),
                "row 2, column `b`: found NaN, expected a finite number",
            ),
            (
                new(vec![1.0; 2], vec![f64::INFINITY], names()),
                "row 1, column `y`: found inf, expected a finite number",
            ),
        ] {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn two_targets_stay_with_their_rows() {
        let names = |names: [&str; 2]| names.map(String::from).to_vec();
        let dataset = Dataset::new(
            vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            vec![10.0, -1.0, 30.0, -3.0, 50.0, -5.0],
            names(["a", "b"]),
            names(["y", "z"]),
        );
        let dataset = dataset.unwrap();
        assert_eq!((dataset.num_rows(), dataset.num_targets()), (3, 2));
        assert!(dataset.target(1).unwrap().eq([-1.0, -3.0, -5.0]));
        assert!(dataset.target(2).is_none() && dataset.feature(9).is_none());
        assert_eq!(
            dataset.select(&[0, 3]).unwrap_err().to_string(),
            "there is no row of index 3; there are 3 rows, counted from 0"
        );
        let selected = dataset.select(&[2, 0]).unwrap();
        assert_eq!(selected.features(), [5.0, 6.0, 1.0, 2.0]);
        assert_eq!(selected.targets(), [50.0, -5.0, 10.0, -1.0]);
        assert_eq!(selected.target_names(), ["y", "z"]);
    }

    #[test]
    fn refuses_weights_that_weigh_nothing_or_no_row() {
        let most = f64::MAX;
        for (weights, message) in [
            (vec![1.0], "1 weights for 2 rows; give one for each"),
            (
                vec![1.0, -1.0],
                "row 2: the weight is -1, expected a finite number, 0 or more",
            ),
            (
                vec![f64::NAN, 1.0],
                "row 1: the weight is NaN, expected a finite number, 0 or more",
            ),
            (
                vec![0.0, 0.0],
                "every weight is 0; at least one row must count",
            ),
            (
                vec![most, most],
                "the mean weight is inf, beyond 64-bit floats; multiply all by one number",
            ),
        ] {
            let error = numbered(2).with_weights(weights).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let dataset = numbered(3).with_weights(vec![0.0, 1.0, 0.0]).unwrap();
        assert!(dataset.select(&[0, 2]).is_err());
        assert_eq!(
            dataset.select(&[1, 0]).unwrap().weights().unwrap(),
            [1.0, 0.0]
        );
    }
}
