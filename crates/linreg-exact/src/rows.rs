use crate::{ExactError, ShapeError};

/// Rows of features, targets and weights, or a chunk of them.
///
/// # Example
///
/// ```
/// use linreg_exact::Rows;
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// // Two rows of three features, each row of weight 1.
/// let features = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let rows = Rows::new(&features, &[10.0, 20.0], 3, 1)?;
/// assert_eq!(rows.num_rows(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    features: &'a [f64],
    tails: Option<&'a [f64]>,
    targets: &'a [f64],
    weights: Option<&'a [f64]>,
    num_features: usize,
    num_targets: usize,
}

impl<'a> Rows<'a> {
    /// Returns rows of weight 1.
    ///
    /// # Shapes
    ///
    /// - features: row-major `[rows, num_features]`
    /// - targets: row-major `[rows, num_targets]`
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for no targets, or lengths that do not fit together.
    pub fn new(
        features: &'a [f64],
        targets: &'a [f64],
        num_features: usize,
        num_targets: usize,
    ) -> Result<Self, ExactError> {
        if num_targets == 0 || !targets.len().is_multiple_of(num_targets) {
            let (values, targets) = (targets.len(), num_targets);
            return Err(ShapeError::Targets { values, targets }.into());
        }
        let num_rows = targets.len() / num_targets;
        if num_rows.checked_mul(num_features) != Some(features.len()) {
            return Err(ShapeError::Features {
                values: features.len(),
                rows: num_rows,
                features: num_features,
            }
            .into());
        }
        Ok(Self {
            features,
            tails: None,
            targets,
            weights: None,
            num_features,
            num_targets,
        })
    }

    /// Sets the weights, `[rows]`, each 0 or more. A row of weight 0 is ignored.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] unless there is one weight for each row.
    pub fn with_weights(self, weights: Option<&'a [f64]>) -> Result<Self, ExactError> {
        match weights {
            Some(weights) if weights.len() != self.num_rows() => {
                let (weights, rows) = (weights.len(), self.num_rows());
                Err(ShapeError::Weights { weights, rows }.into())
            }
            _ => Ok(Self { weights, ..self }),
        }
    }

    /// The same features with other targets, `[rows, targets]`, and without weights.
    pub(crate) fn with_targets(self, targets: &'a [f64]) -> Result<Self, ExactError> {
        let rows = Self::new(self.features, targets, self.num_features, self.num_targets)?;
        rows.with_tails(self.tails)
    }

    /// Adds digits to the features beyond `f64`: the low part of each
    /// [`DoubleDouble`](crate::DoubleDouble), in the shape of the features.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] unless there is one tail for each feature value.
    pub fn with_tails(self, tails: Option<&'a [f64]>) -> Result<Self, ExactError> {
        match tails {
            Some(tails) if tails.len() != self.features.len() => {
                let (tails, values) = (tails.len(), self.features.len());
                Err(ShapeError::Tails { tails, values }.into())
            }
            _ => Ok(Self { tails, ..self }),
        }
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.targets.len() / self.num_targets
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.num_features
    }

    /// Number of targets of a row.
    pub fn num_targets(&self) -> usize {
        self.num_targets
    }

    /// The features of a row.
    pub(crate) fn features(&self, row: usize) -> &'a [f64] {
        &self.features[row * self.num_features..][..self.num_features]
    }

    /// The low parts of the features of a row, if they are known.
    pub(crate) fn tails(&self, row: usize) -> Option<&'a [f64]> {
        let tails = self.tails?;
        Some(&tails[row * self.num_features..][..self.num_features])
    }

    /// Whether the low parts of the features are known.
    pub(crate) fn has_tails(&self) -> bool {
        self.tails.is_some()
    }

    /// The targets of a row.
    pub(crate) fn targets(&self, row: usize) -> &'a [f64] {
        &self.targets[row * self.num_targets..][..self.num_targets]
    }

    /// The weight of a row.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Whether rows have weights.
    pub(crate) fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// Checks that rows have so many features and targets.
    pub(crate) fn check_shape(
        &self,
        num_features: usize,
        num_targets: usize,
    ) -> Result<(), ExactError> {
        let found = [self.num_features, self.num_targets];
        let expected = [num_features, num_targets];
        if found == expected {
            return Ok(());
        }
        Err(ShapeError::Rows { found, expected }.into())
    }

    /// The rows of a range.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let part = |values: &'a [f64], width| &values[rows.start * width..rows.end * width];
        Self {
            features: part(self.features, self.num_features),
            tails: self.tails.map(|tails| part(tails, self.num_features)),
            targets: part(self.targets, self.num_targets),
            weights: self.weights.map(|weights| part(weights, 1)),
            ..*self
        }
    }

    /// The rows whose weight is not 0; `None` if there is no row of weight 0.
    pub(crate) fn of_weight(&self) -> Option<CountingRows> {
        let weights = self.weights?;
        if !weights.contains(&0.0) {
            return None;
        }
        let all = 0..self.num_rows();
        let numbers: Vec<usize> = all.filter(|row| weights[*row] != 0.0).collect();
        let of = |values: &dyn Fn(usize) -> &'a [f64]| -> Vec<f64> {
            numbers
                .iter()
                .flat_map(|row| values(*row))
                .copied()
                .collect()
        };
        Some(CountingRows {
            features: of(&|row| self.features(row)),
            tails: self
                .tails
                .map(|_| of(&|row| self.tails(row).unwrap_or_default())),
            targets: of(&|row| self.targets(row)),
            weights: numbers.iter().map(|row| weights[*row]).collect(),
            num_features: self.num_features,
            num_targets: self.num_targets,
            numbers,
        })
    }

    /// Returns an error for the first number that is NaN or infinite, or weight that
    /// is negative, NaN or infinite.
    pub(crate) fn check(&self) -> Result<(), ExactError> {
        for row in 0..self.num_rows() {
            let weight = self.weight(row);
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(ExactError::Weight { row, weight });
            }
            for (what, values) in [
                ("feature", self.features(row)),
                ("target", self.targets(row)),
            ] {
                if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                    return Err(ExactError::NotFinite {
                        row,
                        what,
                        index,
                        value: values[index],
                    });
                }
            }
        }
        Ok(())
    }
}

/// Rows without those of weight 0.
pub(crate) struct CountingRows {
    features: Vec<f64>,
    tails: Option<Vec<f64>>,
    targets: Vec<f64>,
    weights: Vec<f64>,
    num_features: usize,
    num_targets: usize,
    /// Number of each row among all rows.
    pub numbers: Vec<usize>,
}

impl CountingRows {
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            tails: self.tails.as_deref(),
            targets: &self.targets,
            weights: Some(&self.weights),
            num_features: self.num_features,
            num_targets: self.num_targets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_errors() {
        let shape = |result: Result<Rows, ExactError>| result.unwrap_err().to_string();
        assert_eq!(
            shape(Rows::new(&[1.0], &[1.0, 2.0], 1, 1)),
            "1 feature values for 2 rows of 1 features"
        );
        assert!(Rows::new(&[1.0], &[1.0], 1, 0).is_err());
        let rows = Rows::new(&[1.0, 2.0], &[1.0, 2.0], 1, 1).unwrap();
        assert_eq!(
            shape(rows.with_weights(Some(&[1.0]))),
            "1 weights for 2 rows"
        );
        assert_eq!(
            shape(rows.with_tails(Some(&[1.0]))),
            "1 tails for 2 feature values"
        );
        assert_eq!(rows.slice(1..2).features(0), [2.0]);
    }

    #[test]
    fn what_is_no_number_is_named() {
        let rows = Rows::new(&[1.0, 2.0, 3.0, f64::NAN], &[1.0, 2.0], 2, 1).unwrap();
        assert_eq!(
            rows.check().unwrap_err().to_string(),
            "row 1: the feature at index 1 is NaN, expected a finite number"
        );
        let rows = Rows::new(&[1.0, 2.0], &[1.0, 2.0], 1, 1).unwrap();
        let rows = rows.with_weights(Some(&[1.0, -2.0])).unwrap();
        assert_eq!(
            rows.check().unwrap_err().to_string(),
            "row 1: the weight is -2, expected a finite number of 0 or more"
        );
    }
}
