use serde::{Deserialize, Serialize};

use crate::{DataError, Dataset, Moments};

/// Brings features and target to mean 0 and standard deviation 1.
///
/// Gradient descent needs many more steps when columns differ in scale;
/// training on scaled rows and folding the scale back into the coefficients
/// afterwards gives the same model sooner. A constant column keeps its scale.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Scaler {
    /// Mean of each feature.
    pub feature_means: Vec<f64>,
    /// Standard deviation of each feature; 0 for a constant one.
    pub feature_stds: Vec<f64>,
    /// Mean of the target.
    pub target_mean: f64,
    /// Standard deviation of the target; 0 for a constant one.
    pub target_std: f64,
}

impl Scaler {
    /// Learns the scale of each column.
    ///
    /// # Errors
    ///
    /// [`DataError::Overflow`] or [`DataError::Underflow`] if the variance of a
    /// column that is not constant is beyond 64-bit floats.
    pub fn fit(dataset: &Dataset) -> Result<Self, DataError> {
        // Chunks that stay in cache between the two passes over them.
        const CHUNK_VALUES: usize = 8192;
        let num_features = dataset.num_features();
        let mut features = Moments::new(num_features);
        let chunk = (CHUNK_VALUES / num_features).max(1) * num_features;
        for rows in dataset.features().chunks(chunk) {
            features.update(rows);
        }
        let mut target = Moments::new(1);
        for rows in dataset.targets().chunks(CHUNK_VALUES) {
            target.update(rows);
        }
        let scaler = Self {
            feature_means: features.mean().to_vec(),
            feature_stds: features.std(),
            target_mean: target.mean()[0],
            target_std: target.std()[0],
        };
        for (index, name) in dataset.feature_names().iter().enumerate() {
            check(name, scaler.feature_stds[index], dataset.feature(index))?;
        }
        let targets = dataset.targets().iter().copied();
        check(dataset.target_name(), scaler.target_std, targets)?;
        Ok(scaler)
    }

    /// The same rows, each column with mean 0 and standard deviation 1.
    ///
    /// # Errors
    ///
    /// [`DataError::Columns`] if the dataset has another number of features,
    /// or a scaled value is beyond 64-bit floats.
    pub fn transform(&self, dataset: &Dataset) -> Result<Dataset, DataError> {
        let num_features = self.feature_means.len();
        if dataset.num_features() != num_features {
            return Err(DataError::Columns(format!(
                "found {} features, expected {num_features} as when the scale was learned",
                dataset.num_features()
            )));
        }
        let mut features = dataset.features().to_vec();
        for row in features.chunks_exact_mut(num_features) {
            for (column, value) in row.iter_mut().enumerate() {
                *value = (*value - self.feature_means[column]) / divisor(self.feature_stds[column]);
            }
        }
        let target_std = divisor(self.target_std);
        let targets = dataset.targets().iter();
        Dataset::new(
            features,
            targets
                .map(|t| (t - self.target_mean) / target_std)
                .collect(),
            dataset.feature_names().to_vec(),
            dataset.target_name().to_string(),
        )
    }
}

/// Below this, the squares that make a variance lose digits or vanish.
const LEAST_STD: f64 = 1e-140;

/// An error if a column's standard deviation does not tell its spread.
fn check(name: &str, std: f64, mut values: impl Iterator<Item = f64>) -> Result<(), DataError> {
    if !std.is_finite() {
        return Err(DataError::Overflow(name.to_string()));
    }
    let first = values.next();
    if std < LEAST_STD && values.any(|value| Some(value) != first) {
        return Err(DataError::Underflow(name.to_string()));
    }
    Ok(())
}

/// What a column is divided by: a constant one keeps its scale.
fn divisor(std: f64) -> f64 {
    if std == 0.0 { 1.0 } else { std }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_columns_have_mean_0_and_standard_deviation_1() {
        let rows = 1000;
        let features = (0..rows).flat_map(|i| [1e6 + f64::from(i), 5.0]).collect();
        let targets = (0..rows).map(|i| f64::from(i * i)).collect();
        let names = vec!["a".to_string(), "constant".to_string()];
        let dataset = Dataset::new(features, targets, names, "y".to_string()).unwrap();
        let scaler = Scaler::fit(&dataset).unwrap();
        let scaled = scaler.transform(&dataset).unwrap();
        for values in [scaled.feature(0).collect(), scaled.targets().to_vec()] {
            let mut moments = Moments::new(1);
            moments.update(&values);
            let (mean, std) = (moments.mean()[0], moments.std()[0]);
            assert!(mean.abs() < 1e-12 && (std - 1.0).abs() < 1e-12);
        }
        assert!(scaled.feature(1).all(|value| value == 0.0));
    }

    #[test]
    fn names_the_column_whose_variance_vanishes() {
        let dataset = |x: f64, y: f64| {
            let names = vec!["x".to_string()];
            Dataset::new(vec![x, -x], vec![y, -y], names, "y".to_string()).unwrap()
        };
        for (dataset, name) in [(dataset(1e-300, 1.0), "x"), (dataset(1.0, 1e-150), "y")] {
            let error = Scaler::fit(&dataset).unwrap_err().to_string();
            let expected = format!("the values of `{name}` are too close together");
            assert!(error.starts_with(&expected), "{error}");
        }
        assert!(Scaler::fit(&dataset(1e-130, 0.0)).is_ok());
    }

    #[test]
    fn names_the_column_whose_variance_overflows() {
        let dataset = |x: f64, y: f64| {
            let names = vec!["x".to_string()];
            Dataset::new(vec![x, -x], vec![y, -y], names, "y".to_string()).unwrap()
        };
        let error = Scaler::fit(&dataset(1e300, 1.0)).unwrap_err().to_string();
        assert!(
            error.starts_with("the values of `x` are too large"),
            "{error}"
        );
        let error = Scaler::fit(&dataset(1.0, 1e300)).unwrap_err().to_string();
        assert!(
            error.starts_with("the values of `y` are too large"),
            "{error}"
        );
    }
}
