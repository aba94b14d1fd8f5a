use std::collections::BTreeSet;

use rand::seq::SliceRandom;

use crate::DataError;
use crate::error::quote;
use crate::random::{Purpose, generator};

/// Rows of features with their target, in `f64`, and the names of the columns.
///
/// Every number is finite, there is at least one row and one feature, and
/// names are distinct: it cannot be made otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    features: Vec<f64>,
    targets: Vec<f64>,
    feature_names: Vec<String>,
    target_name: String,
}

impl Dataset {
    /// Checks and keeps rows.
    ///
    /// # Shapes
    ///
    /// - features: row-major `[rows, feature_names.len()]`
    /// - targets: `[rows]`
    ///
    /// # Errors
    ///
    /// No rows, no features, lengths that do not fit, a name there twice, or a
    /// number that is NaN or infinite.
    pub fn new(
        features: Vec<f64>,
        targets: Vec<f64>,
        feature_names: Vec<String>,
        target_name: String,
    ) -> Result<Self, DataError> {
        let num_features = feature_names.len();
        if num_features == 0 {
            return Err(DataError::Columns("there are no features".to_string()));
        }
        if targets.is_empty() {
            return Err(DataError::NoRows(String::new()));
        }
        if features.len() != targets.len() * num_features {
            return Err(DataError::Columns(format!(
                "{} feature values for {} rows of {num_features} features",
                features.len(),
                targets.len()
            )));
        }
        let mut seen = BTreeSet::from([target_name.as_str()]);
        if let Some(twice) = feature_names.iter().find(|name| !seen.insert(name)) {
            return Err(DataError::Columns(format!(
                "the column name {} is there twice",
                quote(twice)
            )));
        }
        let not_finite = |values: &[f64]| values.iter().position(|value| !value.is_finite());
        if let Some(index) = not_finite(&features) {
            return Err(DataError::Columns(format!(
                "row {}, column {}: found {}, expected a finite number",
                index / num_features,
                quote(&feature_names[index % num_features]),
                features[index]
            )));
        }
        if let Some(row) = not_finite(&targets) {
            return Err(DataError::Columns(format!(
                "row {row}, column {}: found {}, expected a finite number",
                quote(&target_name),
                targets[row]
            )));
        }
        Ok(Self {
            features,
            targets,
            feature_names,
            target_name,
        })
    }

    /// The same rows under other column names.
    ///
    /// # Errors
    ///
    /// Not one name for each feature, or a name there twice.
    pub fn with_names(
        self,
        feature_names: Vec<String>,
        target_name: String,
    ) -> Result<Self, DataError> {
        if feature_names.len() != self.num_features() {
            return Err(DataError::Columns(format!(
                "{} names for {} features; give one for each",
                feature_names.len(),
                self.num_features()
            )));
        }
        Self::new(self.features, self.targets, feature_names, target_name)
    }

    /// Number of rows; at least 1.
    pub fn num_rows(&self) -> usize {
        self.targets.len()
    }

    /// Number of features of a row; at least 1.
    pub fn num_features(&self) -> usize {
        self.feature_names.len()
    }

    /// All features, row-major `[num_rows, num_features]`.
    pub fn features(&self) -> &[f64] {
        &self.features
    }

    /// The values of one feature, in row order.
    ///
    /// # Panics
    ///
    /// If there is no feature of that index.
    pub fn feature(&self, index: usize) -> impl Iterator<Item = f64> + '_ {
        assert!(index < self.num_features(), "no feature {index}");
        self.features[index..]
            .iter()
            .step_by(self.num_features())
            .copied()
    }

    /// The target of each row, `[num_rows]`.
    pub fn targets(&self) -> &[f64] {
        &self.targets
    }

    /// Names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Name of the target.
    pub fn target_name(&self) -> &str {
        &self.target_name
    }

    /// The rows of these indices, in that order.
    ///
    /// # Errors
    ///
    /// No indices.
    ///
    /// # Panics
    ///
    /// If an index is past the last row.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let width = self.num_features();
        let mut features = Vec::with_capacity(rows.len() * width);
        for row in rows {
            features.extend_from_slice(&self.features[row * width..(row + 1) * width]);
        }
        Self::new(
            features,
            rows.iter().map(|row| self.targets[*row]).collect(),
            self.feature_names.clone(),
            self.target_name.clone(),
        )
    }

    /// Divides the rows at random into a training set and a validation set
    /// with the given fraction of the rows, rounded; each keeps file order.
    ///
    /// # Errors
    ///
    /// A fraction outside of (0, 1), or so near an end that one of the sets
    /// would have no rows.
    pub fn split(&self, validation_fraction: f64, seed: u64) -> Result<(Self, Self), DataError> {
        if !(validation_fraction > 0.0 && validation_fraction < 1.0) {
            return Err(DataError::Setting {
                name: "validation fraction",
                found: validation_fraction.to_string(),
                expected: "a number above 0 and below 1".to_string(),
            });
        }
        let num_rows = self.num_rows();
        let held_out = (num_rows as f64 * validation_fraction).round() as usize;
        if held_out == 0 || held_out == num_rows {
            let set = if held_out == 0 {
                "validation"
            } else {
                "training"
            };
            return Err(DataError::NoRows(format!(
                " left for {set} after holding out {validation_fraction} of {num_rows}"
            )));
        }
        let mut order: Vec<usize> = (0..num_rows).collect();
        order.shuffle(&mut generator(seed, Purpose::Split));
        let (validation, train) = order.split_at_mut(held_out);
        validation.sort_unstable();
        train.sort_unstable();
        Ok((self.select(train)?, self.select(validation)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize) -> Dataset {
        let targets: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let features = targets.iter().flat_map(|t| [10.0 * t, -t]).collect();
        Dataset::new(features, targets, vec!["a".into(), "b".into()], "y".into()).unwrap()
    }

    #[test]
    fn splits_into_two_sets_that_are_the_whole() {
        let dataset = numbered(103);
        let (train, validation) = dataset.split(0.25, 9).unwrap();
        assert_eq!((train.num_rows(), validation.num_rows()), (77, 26));
        let mut all = [train.targets(), validation.targets()].concat();
        all.sort_by(f64::total_cmp);
        assert_eq!(all, dataset.targets());
        for set in [&train, &validation] {
            assert!(set.targets().is_sorted());
            for row in 0..set.num_rows() {
                assert_eq!(set.feature(0).nth(row).unwrap(), 10.0 * set.targets()[row]);
                assert_eq!(set.feature(1).nth(row).unwrap(), -set.targets()[row]);
            }
        }
    }

    #[test]
    fn a_seed_names_a_split() {
        let dataset = numbered(50);
        assert_eq!(
            dataset.split(0.5, 1).unwrap(),
            dataset.split(0.5, 1).unwrap()
        );
        assert_ne!(
            dataset.split(0.5, 1).unwrap(),
            dataset.split(0.5, 2).unwrap()
        );
    }

    #[test]
    fn refuses_a_split_with_an_empty_side() {
        for (fraction, message) in [
            (
                0.0,
                "the validation fraction is 0, expected a number above 0 and below 1",
            ),
            (
                1.0,
                "the validation fraction is 1, expected a number above 0 and below 1",
            ),
            (
                f64::NAN,
                "the validation fraction is NaN, expected a number above 0 and below 1",
            ),
            (
                0.1,
                "there are no rows left for validation after holding out 0.1 of 3",
            ),
            (
                0.9,
                "there are no rows left for training after holding out 0.9 of 3",
            ),
        ] {
            let error = numbered(3).split(fraction, 0).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn takes_other_names_one_for_each_column() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let renamed = numbered(2).with_names(names(&["c", "d"]), "z".into());
        assert_eq!(renamed.unwrap().feature_names(), ["c", "d"]);
        let error = numbered(2).with_names(names(&["c"]), "z".into());
        assert_eq!(
            error.unwrap_err().to_string(),
            "1 names for 2 features; give one for each"
        );
    }

    #[test]
    fn refuses_rows_that_are_no_data() {
        let names = || vec!["a".to_string(), "b".to_string()];
        let new = |features, targets, names| Dataset::new(features, targets, names, "y".into());
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
                "row 1, column `b`: found NaN, expected a finite number",
            ),
            (
                new(vec![1.0; 2], vec![f64::INFINITY], names()),
                "row 0, column `y`: found inf, expected a finite number",
            ),
        ] {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
    }
}
