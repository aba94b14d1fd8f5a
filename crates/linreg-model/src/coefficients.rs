use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The weights and bias of a linear model as plain `f64`, on the host.
///
/// Those of a trained model and of a [`ModelFile`](crate::ModelFile) are in the
/// units of the data, also if training used standardised columns.
///
/// # Shapes
///
/// - weight: `[num_features, num_targets]`, row-major
/// - bias: `[num_targets]`
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "Stored")]
pub struct Coefficients {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

/// Coefficients that have not been checked.
#[derive(Deserialize)]
struct Stored {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl TryFrom<Stored> for Coefficients {
    type Error = CoefficientsError;

    fn try_from(stored: Stored) -> Result<Self, CoefficientsError> {
        Self::new(stored.weight, stored.bias)
    }
}

/// Why a weight and a bias are not the coefficients of a model, or why these do not
/// predict.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CoefficientsError {
    /// There is no target or no feature.
    #[error(
        "a model needs at least one feature and one target, found {weights} weights and {biases} biases"
    )]
    Empty {
        /// Number of weights given.
        weights: usize,
        /// Number of biases given.
        biases: usize,
    },
    /// The number of weights is not a multiple of the number of targets.
    #[error("{weights} weights do not divide into {targets} targets, one bias each")]
    Shape {
        /// Number of weights given.
        weights: usize,
        /// Number of targets, which is the number of biases given.
        targets: usize,
    },
    /// The features to predict from are not whole rows.
    #[error("{values} feature values are not whole rows of {features}")]
    Rows {
        /// Number of feature values given.
        values: usize,
        /// Number of features of a row.
        features: usize,
    },
    /// There is not one centre for each feature, or not one prediction at the
    /// centres for each target.
    #[error("{found} {what} for {expected}, expected one each")]
    Centres {
        /// `centres` or `predictions at the centres`.
        what: &'static str,
        /// How many were given.
        found: usize,
        /// Number of features or targets.
        expected: usize,
    },
    /// The memory of this machine does not hold the weights of so many features and
    /// targets.
    #[error("the weights of {features} features and {targets} targets do not fit in memory")]
    OutOfMemory {
        /// Number of features.
        features: usize,
        /// Number of targets.
        targets: usize,
    },
    /// A coefficient is NaN or infinite.
    #[error("the {what} at index {index} is {value}, expected a finite number")]
    NotFinite {
        /// `weight` or `bias`.
        what: &'static str,
        /// Index in the row-major weights, or in the biases.
        index: usize,
        /// The value found.
        value: f64,
    },
}

impl Coefficients {
    /// Creates coefficients from row-major weights,
    /// `[num_features, num_targets]`, and biases, `[num_targets]`.
    ///
    /// # Errors
    ///
    /// No weights or no biases, a number of weights that is not a multiple of
    /// that of biases, or a number that is NaN or infinite.
    pub fn new(weight: Vec<f64>, bias: Vec<f64>) -> Result<Self, CoefficientsError> {
        if weight.is_empty() || bias.is_empty() {
            return Err(CoefficientsError::Empty {
                weights: weight.len(),
                biases: bias.len(),
            });
        }
        if !weight.len().is_multiple_of(bias.len()) {
            return Err(CoefficientsError::Shape {
                weights: weight.len(),
                targets: bias.len(),
            });
        }
        for (what, values) in [("weight", &weight), ("bias", &bias)] {
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(CoefficientsError::NotFinite {
                    what,
                    index,
                    value: values[index],
                });
            }
        }
        Ok(Self { weight, bias })
    }

    /// Returns the number of features of a row.
    pub fn num_features(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    /// Returns the number of targets that are predicted at once.
    pub fn num_targets(&self) -> usize {
        self.bias.len()
    }

    /// Returns the weights, row-major `[num_features, num_targets]`.
    pub fn weight(&self) -> &[f64] {
        &self.weight
    }

    /// Returns the biases, `[num_targets]`.
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Predicts in `f64` on the host, with no backend: `y = X w + b`.
    ///
    /// # Shapes
    ///
    /// - features: row-major `[rows, num_features]`
    /// - output: row-major `[rows, num_targets]`
    ///
    /// # Errors
    ///
    /// [`CoefficientsError::Rows`] if the length of `features` is not a multiple of
    /// `num_features`.
    pub fn predict(&self, features: &[f64]) -> Result<Vec<f64>, CoefficientsError> {
        self.predict_about(features, &vec![0.0; self.num_features()], &self.bias)
    }

    /// Predicts as [`predict`](Self::predict) does, relative to a point `c`:
    /// `y = (X - c) w + y(c)`. This avoids the loss of digits by cancellation
    /// where features are far from zero.
    ///
    /// # Shapes
    ///
    /// - features: row-major `[rows, num_features]`
    /// - centres c: `[num_features]`
    /// - predictions at the centres y(c): `[num_targets]`
    /// - output: row-major `[rows, num_targets]`
    ///
    /// # Errors
    ///
    /// [`CoefficientsError::Rows`] if the length of `features` is not a multiple of
    /// `num_features`, or [`CoefficientsError::Centres`] if `centres` or `at_centres`
    /// has another length than stated.
    pub fn predict_about(
        &self,
        features: &[f64],
        centres: &[f64],
        at_centres: &[f64],
    ) -> Result<Vec<f64>, CoefficientsError> {
        let (num_features, num_targets) = (self.num_features(), self.num_targets());
        if !features.len().is_multiple_of(num_features) {
            return Err(CoefficientsError::Rows {
                values: features.len(),
                features: num_features,
            });
        }
        for (what, found, expected) in [
            ("centres", centres.len(), num_features),
            ("predictions at the centres", at_centres.len(), num_targets),
        ] {
            if found != expected {
                return Err(CoefficientsError::Centres {
                    what,
                    found,
                    expected,
                });
            }
        }
        let mut predictions = Vec::with_capacity(features.len() / num_features * num_targets);
        for row in features.chunks_exact(num_features) {
            for (target, at_centre) in at_centres.iter().enumerate() {
                let weights = self.weight[target..].iter().step_by(num_targets);
                let terms = row.iter().zip(centres).zip(weights);
                let sum: f64 = terms.map(|((x, centre), w)| (x - centre) * w).sum();
                predictions.push(sum + at_centre);
            }
        }
        Ok(predictions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_far_from_zero_keep_their_digits_about_a_point() {
        // The model is y = 10 + (x - 1.7e12) / 3, whose bias keeps no digit below
        // 1e-4.
        let third = 1.0 / 3.0;
        let far = 1.7e12;
        let model = Coefficients::new(vec![third], vec![10.0 - far * third]).unwrap();
        let rows = [far, far + 1.0, far + 2.0];
        let expected = [10.0, 10.0 + third, 10.0 + 2.0 * third];
        assert_eq!(
            model.predict_about(&rows, &[far], &[10.0]).unwrap(),
            expected
        );
        assert_ne!(model.predict(&rows).unwrap(), expected);
    }

    #[test]
    fn predicts_each_target_from_its_own_column() {
        let model = Coefficients::new(vec![1.0, 10.0, 2.0, 20.0], vec![0.5, -0.5]).unwrap();
        assert_eq!((model.num_features(), model.num_targets()), (2, 2));
        let predictions = model.predict(&[1.0, 1.0, 0.0, 3.0]);
        assert_eq!(predictions.unwrap(), [3.5, 29.5, 6.5, 59.5]);
    }

    #[test]
    fn refuses_what_is_no_model() {
        let empty = Coefficients::new(vec![], vec![1.0]).unwrap_err();
        assert!(matches!(empty, CoefficientsError::Empty { .. }));
        let ragged = Coefficients::new(vec![1.0; 3], vec![0.0; 2]).unwrap_err();
        assert_eq!(
            ragged.to_string(),
            "3 weights do not divide into 2 targets, one bias each"
        );
        let nan = Coefficients::new(vec![1.0, f64::NAN], vec![0.0]).unwrap_err();
        assert_eq!(
            nan.to_string(),
            "the weight at index 1 is NaN, expected a finite number"
        );
    }
}
