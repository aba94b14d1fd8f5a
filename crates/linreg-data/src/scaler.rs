use serde::{Deserialize, Serialize};

use crate::summary::ColumnSummary;
use crate::{Axis, DataError, Dataset, RowSource, Rows, RowsError, Summary};

/// Standardises features and targets: mean 0 and standard deviation 1.
///
/// Gradient descent needs many more steps when columns differ in scale.
/// Training on scaled rows and folding the scale back into the coefficients
/// afterwards gives the same model sooner. A constant column is not divided.
///
/// For a model without an intercept, a column is only divided by the root of
/// its mean square: if it were centred, the model would need an intercept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Scaler {
    /// What is subtracted from each feature: its mean, or 0.
    pub feature_means: Vec<f64>,
    /// What each feature is divided by: its standard deviation, or the root of
    /// its mean square; 0 if it is not divided.
    pub feature_stds: Vec<f64>,
    /// What is subtracted from each target: its mean, or 0.
    pub target_means: Vec<f64>,
    /// What each target is divided by: its standard deviation, or the root of
    /// its mean square; 0 if it is not divided.
    pub target_stds: Vec<f64>,
}

impl Scaler {
    /// Learns the weighted mean and standard deviation of each column.
    ///
    /// # Errors
    ///
    /// [`DataError::Overflow`] or [`DataError::Underflow`] if the variance of a
    /// column that is not constant is beyond 64-bit floats, or an error of
    /// reading the rows.
    pub fn fit(source: &(impl RowSource + ?Sized)) -> Result<Self, DataError> {
        Self::new(&Summary::of(source)?, true)
    }

    /// Computes the scale from a summary: the mean and the standard deviation
    /// of each column if `centred`, else 0 and the root of the mean square.
    ///
    /// # Errors
    ///
    /// [`DataError::Overflow`] or [`DataError::Underflow`], as
    /// [`fit`](Self::fit).
    pub fn new(summary: &Summary, centred: bool) -> Result<Self, DataError> {
        let [features, targets] =
            [&summary.features, &summary.targets].map(|columns| scale(columns, centred));
        let (feature_means, feature_stds) = features?;
        let (target_means, target_stds) = targets?;
        Ok(Self {
            feature_means,
            feature_stds,
            target_means,
            target_stds,
        })
    }

    /// Returns the same rows, scaled.
    ///
    /// # Errors
    ///
    /// [`RowsError::Scaled`](crate::RowsError) if the dataset has another number of features or
    /// targets, or a scaled value is beyond 64-bit floats.
    pub fn transform(&self, dataset: &Dataset) -> Result<Dataset, DataError> {
        self.check(dataset.num_features(), dataset.num_targets())?;
        let mut rows = Rows {
            features: dataset.features().to_vec(),
            targets: dataset.targets().to_vec(),
            ..Rows::default()
        };
        self.apply(&mut rows);
        let scaled = Dataset::new(
            rows.features,
            rows.targets,
            dataset.feature_names().to_vec(),
            dataset.target_names().to_vec(),
        )?;
        match dataset.weights() {
            None => Ok(scaled),
            Some(weights) => scaled.with_weights(weights.to_vec()),
        }
    }

    /// Checks that it scales rows of these numbers of features and targets.
    pub(crate) fn check(&self, num_features: usize, num_targets: usize) -> Result<(), RowsError> {
        for (axis, found, means, stds) in [
            (
                Axis::Features,
                num_features,
                &self.feature_means,
                &self.feature_stds,
            ),
            (
                Axis::Targets,
                num_targets,
                &self.target_means,
                &self.target_stds,
            ),
        ] {
            if let Some(expected) = [means, stds]
                .map(Vec::len)
                .into_iter()
                .find(|n| *n != found)
            {
                return Err(RowsError::Scaled {
                    axis,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }

    /// Scales rows in place, of as many columns as [`check`](Self::check) allows.
    pub(crate) fn apply(&self, rows: &mut Rows) {
        for (values, means, stds) in [
            (&mut rows.features, &self.feature_means, &self.feature_stds),
            (&mut rows.targets, &self.target_means, &self.target_stds),
        ] {
            for row in values.chunks_exact_mut(means.len()) {
                for ((value, mean), std) in row.iter_mut().zip(means).zip(stds) {
                    *value = (*value - mean) / divisor(*std);
                }
            }
        }
    }
}

/// Standard deviations below this are refused: the squares that make up the
/// variance lose digits or vanish.
const LEAST_STD: f64 = 1e-140;

/// Returns what is subtracted from each column, and what it is divided by.
fn scale(columns: &ColumnSummary, centred: bool) -> Result<(Vec<f64>, Vec<f64>), DataError> {
    let (means, stds) = if centred {
        (columns.moments.mean().to_vec(), columns.moments.std())
    } else {
        (vec![0.0; columns.names.len()], columns.root_mean_square())
    };
    for (column, std) in stds.iter().enumerate() {
        let name = &columns.names[column];
        if !std.is_finite() {
            return Err(DataError::Overflow(name.clone()));
        }
        let centre = if centred { columns.min[column] } else { 0.0 };
        let varies = columns.min[column] != centre || columns.max[column] != centre;
        if *std < LEAST_STD && varies {
            return Err(DataError::Underflow(name.clone()));
        }
    }
    Ok((means, stds))
}

/// Returns what a column is divided by: 1 for a constant column.
fn divisor(std: f64) -> f64 {
    if std == 0.0 { 1.0 } else { std }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moments;

    #[test]
    fn scaled_columns_have_mean_0_and_standard_deviation_1() {
        let rows = 1000;
        let features = (0..rows).flat_map(|i| [1e6 + f64::from(i), 5.0]).collect();
        let targets = (0..rows).map(|i| f64::from(i * i)).collect();
        let names = vec!["a".to_string(), "constant".to_string()];
        let dataset = Dataset::new(features, targets, names, vec!["y".to_string()]).unwrap();
        let scaler = Scaler::fit(&dataset).unwrap();
        let scaled = scaler.transform(&dataset).unwrap();
        for values in [
            scaled.feature(0).unwrap().collect(),
            scaled.targets().to_vec(),
        ] {
            let moments = Moments::of(&values);
            let (mean, std) = (moments.mean()[0], moments.std()[0]);
            assert!(mean.abs() < 1e-12 && (std - 1.0).abs() < 1e-12);
        }
        assert!(scaled.feature(1).unwrap().all(|value| value == 0.0));
    }

    #[test]
    fn names_the_column_whose_variance_vanishes() {
        let dataset = |x: f64, y: f64| {
            let names = vec!["x".to_string()];
            Dataset::new(vec![x, -x], vec![y, -y], names, vec!["y".to_string()]).unwrap()
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
            Dataset::new(vec![x, -x], vec![y, -y], names, vec!["y".to_string()]).unwrap()
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

    #[test]
    fn without_centring_the_mean_square_becomes_1_and_zero_stays_zero() {
        let features = vec![3.0, 5.0, 0.0, 4.0, 5.0, 0.0];
        let names = ["a", "constant", "zero"].map(String::from).to_vec();
        let dataset = Dataset::new(features, vec![-2.0, 2.0], names, vec!["y".to_string()]);
        let dataset = dataset.unwrap();
        let scaler = Scaler::new(&Summary::of(&dataset).unwrap(), false).unwrap();
        assert_eq!(
            (&scaler.feature_means[..], scaler.target_means[0]),
            (&[0.0; 3][..], 0.0)
        );
        let expected = [12.5f64.sqrt(), 5.0, 0.0];
        for (std, expected) in scaler.feature_stds.iter().zip(expected) {
            assert!((std - expected).abs() < 1e-15, "{std} {expected}");
        }
        let scaled = scaler.transform(&dataset).unwrap();
        let column = |index| scaled.feature(index).unwrap();
        assert!(column(1).eq([1.0, 1.0]) && column(2).eq([0.0, 0.0]));
        assert_eq!(scaled.targets(), [-1.0, 1.0]);
    }

    #[test]
    fn each_of_two_targets_has_a_scale_that_weights_count_in() {
        let names = |names: [&str; 2]| names.map(String::from).to_vec();
        let targets = vec![1.0, 7.0, 5.0, 7.0, 99.0, 99.0];
        let dataset = Dataset::new(vec![0.0; 6], targets, names(["a", "b"]), names(["y", "z"]));
        // The same as two rows with 1, two with 5 and none with 99.
        let dataset = dataset.unwrap().with_weights(vec![2.0, 2.0, 0.0]).unwrap();
        let scaler = Scaler::fit(&dataset).unwrap();
        assert_eq!((scaler.target_means[0], scaler.target_stds[0]), (3.0, 2.0));
        assert_eq!((scaler.target_means[1], scaler.target_stds[1]), (7.0, 0.0));
        let scaled = scaler.transform(&dataset).unwrap();
        assert_eq!(scaled.targets(), [-1.0, 0.0, 1.0, 0.0, 48.0, 92.0]);
        assert_eq!(scaled.weights(), dataset.weights());
    }

    #[test]
    fn a_scaler_of_other_columns_is_an_error() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let dataset = Dataset::new(vec![1.0, 2.0], vec![3.0], names(&["a", "b"]), names(&["y"]));
        let scaler = Scaler {
            feature_means: vec![0.0; 2],
            feature_stds: vec![1.0],
            target_means: vec![0.0],
            target_stds: vec![1.0],
        };
        assert_eq!(
            scaler.transform(&dataset.unwrap()).unwrap_err().to_string(),
            "found 2 features, expected 1 as when the scale was learned"
        );
    }
}
