use serde::{Deserialize, Serialize};

use crate::distributions::student_quantile;
use crate::inference::InferenceConfig;
use crate::solution::scaled;
use crate::{DoubleDouble, ExactError, RobustCovariance, Solution, Weighting};

/// Computes predictions and their standard errors. It needs no rows, so it is stored
/// with a model.
///
/// A row x is used as v = B (x - c), where c are the means of the features and B
/// makes the columns of v orthonormal over the rows of the fit. This avoids
/// cancellation if features are far from zero or nearly collinear: the variance of
/// the mean prediction is s² v'v, a sum of squares.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PredictionErrors {
    /// Whether the first coefficient is an intercept.
    pub has_intercept: bool,
    /// Number of rows less number of coefficients.
    pub degrees_of_freedom: f64,
    /// c, `[coefficients]`; 0 for the intercept, whose x is 1.
    pub centres: Vec<f64>,
    /// Factors of x - c, `[coefficients]`: powers of two.
    pub feature_scales: Vec<f64>,
    /// B for the scaled x - c, `[rank, coefficients]`.
    pub basis: Vec<f64>,
    /// Low parts of B beyond `f64`, in its shape; empty if they do not matter.
    pub basis_rest: Vec<f64>,
    /// Coefficients of v, divided by the target's unit, `[targets, rank]`; empty if
    /// only the model itself can predict.
    pub coordinates: Vec<f64>,
    /// What is added to the sum over v, in the unit of the data, `[targets]`.
    pub target_centres: Vec<f64>,
    /// The unit of each target, a power of two, `[targets]`.
    pub target_units: Vec<f64>,
    /// Residual variances divided by the square of the target's unit,
    /// `[targets]`.
    pub residual_variance: Vec<f64>,
    /// Covariances of the coordinates, divided by the square of the target's unit,
    /// `[targets, rank, rank]`; empty if they are the residual variance times the
    /// identity.
    pub covariance: Vec<f64>,
}

/// A row of features in the basis of [`PredictionErrors`].
#[derive(Clone, Debug, PartialEq)]
pub struct RowInBasis(Vec<f64>);

/// The standard errors of a prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StdErrors {
    /// Standard error of the mean of all rows with these features.
    pub mean: f64,
    /// Standard error of a single new row of weight 1.
    pub row: f64,
}

impl PredictionErrors {
    /// Returns the predictions of a solution with their standard errors.
    pub fn new(solution: &Solution, weighting: Weighting) -> Self {
        /// Condition number beyond which the basis keeps its low parts.
        const MUCH: f64 = 1e4;
        let size = solution.num_coefficients();
        let rows = match weighting {
            Weighting::Precision => solution.rows as f64,
            Weighting::Counts => solution.sum_of_weights,
        };
        let degrees_of_freedom = rows - solution.rank as f64;
        let targets = 0..solution.targets.len();
        let basis = solution.basis();
        let rest: Vec<f64> = if solution.condition > MUCH {
            basis.iter().map(|number| number.low()).collect()
        } else {
            Vec::new()
        };
        let of_weight = solution.weight_unit();
        let variance = |target| {
            let (residual_sum, _) = solution.scaled_residual_sum(target);
            if degrees_of_freedom > 0.0 {
                scaled(residual_sum.high() / degrees_of_freedom, of_weight)
            } else {
                f64::NAN
            }
        };
        Self {
            has_intercept: solution.has_intercept,
            degrees_of_freedom,
            centres: (0..size)
                .map(|index| solution.coefficient_origin(index))
                .collect(),
            feature_scales: (0..size)
                .map(|index| 2f64.powi(-solution.unit(index)))
                .collect(),
            basis: basis.iter().map(|number| number.high()).collect(),
            basis_rest: rest,
            coordinates: targets
                .clone()
                .flat_map(|target| solution.coordinates(target))
                .collect(),
            target_centres: targets
                .clone()
                .map(|target| solution.target_origin(target))
                .collect(),
            residual_variance: targets.clone().map(variance).collect(),
            target_units: targets
                .map(|target| 2f64.powi(solution.target_unit(target)))
                .collect(),
            covariance: Vec::new(),
        }
    }

    /// Sets covariances that allow for unequal variances, one for each target.
    ///
    /// The standard error of a mean is then right whatever the variances are. That
    /// of a single row adds the mean variance of the residuals, so it is right only
    /// on average over rows: the variance of one row is not known here.
    pub fn with_robust<'a>(
        mut self,
        covariances: impl IntoIterator<Item = &'a RobustCovariance>,
    ) -> Self {
        let numbers = covariances.into_iter().map(RobustCovariance::in_basis);
        self.covariance = numbers.collect::<Vec<_>>().concat();
        self
    }

    /// Number of coefficients that the rows determine.
    fn rank(&self) -> usize {
        self.basis.len() / self.feature_scales.len().max(1)
    }

    /// Whether the lengths fit each other and a model of so many features.
    pub fn fits(&self, num_features: usize) -> bool {
        let size = num_features + usize::from(self.has_intercept);
        let (targets, rank) = (self.target_units.len(), self.rank());
        let is_one_of = |length: usize, all: usize| length == 0 || length == all;
        self.feature_scales.len() == size
            && self.centres.len() == size
            && self.basis.len() == rank * size
            && is_one_of(self.basis_rest.len(), rank * size)
            && is_one_of(self.coordinates.len(), targets * rank)
            && self.target_centres.len() == targets
            && self.residual_variance.len() == targets
            && is_one_of(self.covariance.len(), targets * rank * rank)
    }

    /// Whether features are so nearly collinear that a sum of weights times features
    /// loses digits that [`predict`](Self::predict) keeps.
    pub fn keeps_more_digits(&self) -> bool {
        !self.basis_rest.is_empty() && !self.coordinates.is_empty()
    }

    /// Transforms a row of features, `[features]`, with the low parts `tails` if
    /// they are known.
    ///
    /// # Panics
    ///
    /// If there are not as many features as in the model.
    pub fn in_basis(&self, features: &[f64], tails: Option<&[f64]>) -> RowInBasis {
        let size = self.feature_scales.len();
        let constant = usize::from(self.has_intercept);
        assert_eq!(
            features.len() + constant,
            size,
            "as many features as weights"
        );
        let value = |index: usize| {
            if index < constant {
                return DoubleDouble::from(1.0);
            }
            let value = DoubleDouble::sum_of(features[index - constant], -self.centres[index]);
            let rest = tails.map_or(0.0, |tails| tails[index - constant]);
            let value = if rest == 0.0 {
                value
            } else {
                value + DoubleDouble::from(rest)
            };
            value.scaled(self.feature_scales[index])
        };
        let values: Vec<DoubleDouble> = (0..size).map(value).collect();
        let rows = self.basis.chunks_exact(size);
        if self.basis_rest.is_empty() {
            let of_row = |row: &[f64]| {
                let products = row.iter().zip(&values);
                products.map(|(factor, value)| factor * value.high()).sum()
            };
            return RowInBasis(rows.map(of_row).collect());
        }
        let rows = rows.zip(self.basis_rest.chunks_exact(size));
        let of_row = |(row, rest): (&[f64], &[f64])| {
            let products = row.iter().zip(rest).zip(&values);
            let products = products.map(|((a, b), value)| DoubleDouble::sum_of(*a, *b) * *value);
            products.sum::<DoubleDouble>().high()
        };
        RowInBasis(rows.map(of_row).collect())
    }

    /// The prediction of a target for a row [in the basis](Self::in_basis), in the
    /// unit of the data; `None` if only the model itself can predict.
    pub fn predict(&self, target: usize, row: &RowInBasis) -> Option<f64> {
        if self.coordinates.is_empty() {
            return None;
        }
        let (row, size) = (&row.0, row.0.len());
        let coordinates = self.coordinates.get(target * size..(target + 1) * size)?;
        let sum: f64 = coordinates.iter().zip(row).map(|(c, v)| c * v).sum();
        Some(self.target_centres[target] + sum * self.target_units[target])
    }

    /// The prediction of a target for a row with every feature at its centre; `None`
    /// if only the model itself can predict.
    pub fn at_centres(&self, target: usize) -> Option<f64> {
        let constant = usize::from(self.has_intercept);
        let row = self.in_basis(&self.centres[constant..], None);
        self.predict(target, &row)
    }

    /// The standard errors of the prediction of a target for a row
    /// [in the basis](Self::in_basis), in the unit of the data.
    pub fn std_errors(&self, target: usize, row: &RowInBasis) -> StdErrors {
        let variance = self.variance(target, &row.0);
        let unit = self.target_units[target];
        StdErrors {
            mean: variance.sqrt() * unit,
            row: (variance + self.residual_variance[target]).sqrt() * unit,
        }
    }

    /// The leverage of a row [in the basis](Self::in_basis) of weight 1, if it is
    /// one of the rows of the fit: the diagonal of the hat matrix, by which its own
    /// target counts in its prediction.
    pub fn leverage(&self, target: usize, row: &RowInBasis) -> f64 {
        if self.coordinates.is_empty() {
            // A model that keeps a covariance and no coordinates.
            return self.variance(target, &row.0) / self.residual_variance[target];
        }
        row.0.iter().map(|v| v * v).sum()
    }

    /// The standard error of a weight.
    pub fn std_error_of_weight(&self, target: usize, feature: usize) -> f64 {
        let index = feature + usize::from(self.has_intercept);
        let size = self.feature_scales.len();
        let column: Vec<f64> = self
            .basis
            .chunks_exact(size)
            .map(|row| row[index])
            .collect();
        self.variance(target, &column).sqrt()
            * self.feature_scales[index]
            * self.target_units[target]
    }

    /// The variance of a sum of the coordinates times these numbers, in units.
    fn variance(&self, target: usize, row: &[f64]) -> f64 {
        if self.covariance.is_empty() {
            return row.iter().map(|v| v * v).sum::<f64>() * self.residual_variance[target];
        }
        let size = row.len();
        let covariance = &self.covariance[target * size * size..][..size * size];
        let (mut sum, mut terms) = (0.0, 0.0);
        for (numbers, a) in covariance.chunks_exact(size.max(1)).zip(row) {
            for (number, b) in numbers.iter().zip(row) {
                sum += a * number * b;
                terms += (a * number * b).abs();
            }
        }
        // A variance that is no more than rounding is 0.
        if sum > 16.0 * f64::EPSILON * terms {
            sum
        } else {
            0.0
        }
    }

    /// Half-width of a confidence interval in standard errors.
    ///
    /// # Errors
    ///
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1.
    pub fn quantile(&self, confidence: f64) -> Result<f64, ExactError> {
        let config = InferenceConfig {
            confidence,
            ..InferenceConfig::default()
        };
        config.check()?;
        Ok(student_quantile(1.0 - confidence, self.degrees_of_freedom))
    }
}
