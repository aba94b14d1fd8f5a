mod deviations;

use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::distributions::student_quantile;
use crate::inference::InferenceConfig;
use crate::solution::scaled;
use crate::{DoubleDouble, ExactError, RobustCovariance, ShapeError, Solution, Weighting};

/// Computes predictions and their standard errors. It needs no rows, so it is stored
/// with a model.
///
/// A row x is used as v = B (x - c), where c are the means of the features and B
/// makes the columns of v orthonormal over the rows of the fit. This avoids
/// cancellation if features are far from zero or nearly collinear: the variance of
/// the mean prediction is s² v'v, a sum of squares.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "PredictionParts", into = "PredictionParts")]
pub struct PredictionErrors(PredictionParts);

/// The numbers of [`PredictionErrors`], as a model file stores them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PredictionParts {
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

impl TryFrom<PredictionParts> for PredictionErrors {
    type Error = ExactError;

    fn try_from(parts: PredictionParts) -> Result<Self, ExactError> {
        parts.check()?;
        Ok(Self(parts))
    }
}

impl From<PredictionErrors> for PredictionParts {
    fn from(errors: PredictionErrors) -> Self {
        errors.0
    }
}

impl PredictionParts {
    /// Number of coefficients that the rows determine.
    fn rank(&self) -> usize {
        self.basis.len() / self.feature_scales.len().max(1)
    }

    /// Checks that the lengths fit each other.
    fn check(&self) -> Result<(), ShapeError> {
        let (size, rank) = (self.feature_scales.len(), self.rank());
        let targets = self.target_units.len();
        let of_rank = |numbers: &[f64]| if numbers.is_empty() { 0 } else { rank };
        for (part, found, expected) in [
            ("centres", self.centres.len(), size),
            ("scales", size, size.max(usize::from(self.has_intercept))),
            ("numbers of the basis", self.basis.len(), rank * size),
            (
                "low parts of the basis",
                self.basis_rest.len(),
                of_rank(&self.basis_rest) * size,
            ),
            (
                "coordinates",
                self.coordinates.len(),
                of_rank(&self.coordinates).saturating_mul(targets),
            ),
            ("centres of targets", self.target_centres.len(), targets),
            ("residual variances", self.residual_variance.len(), targets),
            (
                "covariances",
                self.covariance.len(),
                of_rank(&self.covariance)
                    .saturating_mul(rank)
                    .saturating_mul(targets),
            ),
        ] {
            if found != expected {
                return Err(ShapeError::Part {
                    part,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
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
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if the solution was changed, so that its parts do not fit
    /// each other.
    pub fn new(solution: &Solution, weighting: Weighting) -> Result<Self, ExactError> {
        /// Condition number beyond which the basis keeps its low parts.
        const MUCH: f64 = 1e4;
        solution.check()?;
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
        Ok(Self(PredictionParts {
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
        }))
    }

    /// Sets covariances that allow for unequal variances, one for each target.
    ///
    /// The standard error of a mean is then right whatever the variances are. That
    /// of a single row adds the mean variance of the residuals, so it is right only
    /// on average over rows: the variance of one row is not known here.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for another number of covariances than targets, or those
    /// of another solution.
    pub fn with_robust<'a>(
        self,
        covariances: impl IntoIterator<Item = &'a RobustCovariance>,
    ) -> Result<Self, ExactError> {
        let numbers = covariances.into_iter().map(RobustCovariance::in_basis);
        PredictionParts {
            covariance: numbers.collect::<Vec<_>>().concat(),
            ..self.0
        }
        .try_into()
    }

    /// The numbers that it computes with.
    pub fn parts(&self) -> &PredictionParts {
        &self.0
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.0.feature_scales.len() - self.constant()
    }

    /// Number of targets.
    pub fn num_targets(&self) -> usize {
        self.0.target_units.len()
    }

    /// Number of coefficients before the weights: 1 with an intercept, else 0.
    fn constant(&self) -> usize {
        usize::from(self.0.has_intercept)
    }

    /// Checks that there is this target, and that a row is one in this basis.
    fn check(&self, target: usize, row: &RowInBasis) -> Result<(), ExactError> {
        self.check_target(target)?;
        let (found, expected) = (row.0.len(), self.0.rank());
        if found == expected {
            Ok(())
        } else {
            Err(ShapeError::Basis { found, expected }.into())
        }
    }

    fn check_target(&self, target: usize) -> Result<(), ExactError> {
        let targets = self.num_targets();
        if target < targets {
            Ok(())
        } else {
            Err(ShapeError::Target { target, targets }.into())
        }
    }

    /// Whether features are so nearly collinear that a sum of weights times features
    /// loses digits that [`predict`](Self::predict) keeps.
    pub fn keeps_more_digits(&self) -> bool {
        !self.0.basis_rest.is_empty() && !self.0.coordinates.is_empty()
    }

    /// Transforms a row of features, `[features]`, with the low parts `tails` if
    /// they are known.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there are not as many features as in the model, or not
    /// one tail for each.
    pub fn in_basis(
        &self,
        features: &[f64],
        tails: Option<&[f64]>,
    ) -> Result<RowInBasis, ExactError> {
        let parts = &self.0;
        let (size, constant) = (parts.feature_scales.len(), self.constant());
        let values = features.len();
        if values != self.num_features() {
            return Err(ShapeError::Features {
                values,
                rows: 1,
                features: self.num_features(),
            }
            .into());
        }
        if let Some(tails) = tails.map(<[f64]>::len).filter(|tails| *tails != values) {
            return Err(ShapeError::Tails { tails, values }.into());
        }
        let value = |index: usize| {
            if index < constant {
                return DoubleDouble::from(1.0);
            }
            let value = DoubleDouble::sum_of(features[index - constant], -parts.centres[index]);
            let rest = tails.map_or(0.0, |tails| tails[index - constant]);
            let value = if rest == 0.0 {
                value
            } else {
                value + DoubleDouble::from(rest)
            };
            value.scaled(parts.feature_scales[index])
        };
        let values: Vec<DoubleDouble> = (0..size).map(value).collect();
        let rows = parts.basis.chunks_exact(size.max(1));
        if parts.basis_rest.is_empty() {
            let of_row = |row: &[f64]| {
                let products = row.iter().zip(&values);
                products.map(|(factor, value)| factor * value.high()).sum()
            };
            return Ok(RowInBasis(rows.map(of_row).collect()));
        }
        let row = Transform {
            parts,
            values: &values,
        };
        Ok(RowInBasis(Arch::new().dispatch(row)))
    }

    /// The prediction of a target for a row [in the basis](Self::in_basis), in the
    /// unit of the data; `None` if only the model itself can predict.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target, or for a row in another basis.
    pub fn predict(&self, target: usize, row: &RowInBasis) -> Result<Option<f64>, ExactError> {
        self.check(target, row)?;
        let parts = &self.0;
        if parts.coordinates.is_empty() {
            return Ok(None);
        }
        let coordinates = parts.coordinates[target * row.0.len()..].iter();
        let sum: f64 = coordinates.zip(&row.0).map(|(c, v)| c * v).sum();
        Ok(Some(
            parts.target_centres[target] + sum * parts.target_units[target],
        ))
    }

    /// The prediction of a target for a row with every feature at its centre; `None`
    /// if only the model itself can predict.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target.
    pub fn at_centres(&self, target: usize) -> Result<Option<f64>, ExactError> {
        let row = self.in_basis(self.centres(), None)?;
        self.predict(target, &row)
    }

    /// The means of the features, `[features]`, that predictions are computed about.
    pub fn centres(&self) -> &[f64] {
        &self.0.centres[self.constant()..]
    }

    /// The standard errors of the prediction of a target for a row
    /// [in the basis](Self::in_basis), in the unit of the data.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target, or for a row in another basis.
    pub fn std_errors(&self, target: usize, row: &RowInBasis) -> Result<StdErrors, ExactError> {
        self.check(target, row)?;
        let variance = self.variance(target, &row.0);
        let unit = self.0.target_units[target];
        Ok(StdErrors {
            mean: variance.sqrt() * unit,
            row: (variance + self.0.residual_variance[target]).sqrt() * unit,
        })
    }

    /// The standard deviation of the residuals of a target, in the unit of the data.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target.
    pub fn residual_std_error(&self, target: usize) -> Result<f64, ExactError> {
        self.check_target(target)?;
        Ok(self.0.residual_variance[target].sqrt() * self.0.target_units[target])
    }

    /// The leverage of a row [in the basis](Self::in_basis) of weight 1, if it is
    /// one of the rows of the fit: the diagonal of the hat matrix, by which its own
    /// target counts in its prediction.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target, or for a row in another basis.
    pub fn leverage(&self, target: usize, row: &RowInBasis) -> Result<f64, ExactError> {
        self.check(target, row)?;
        if self.0.coordinates.is_empty() {
            // A model that keeps a covariance and no coordinates.
            return Ok(self.variance(target, &row.0) / self.0.residual_variance[target]);
        }
        Ok(row.0.iter().map(|v| v * v).sum())
    }

    /// The standard error of a weight.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] if there is no such target or no such feature.
    pub fn std_error_of_weight(&self, target: usize, feature: usize) -> Result<f64, ExactError> {
        let (parts, features) = (&self.0, self.num_features());
        if feature >= features {
            return Err(ShapeError::Feature { feature, features }.into());
        }
        let index = feature + self.constant();
        let rows = parts.basis.chunks_exact(parts.feature_scales.len());
        let column = RowInBasis(rows.map(|row| row[index]).collect());
        self.check(target, &column)?;
        let variance = self.variance(target, &column.0);
        Ok(variance.sqrt() * parts.feature_scales[index] * parts.target_units[target])
    }

    /// The variance of a sum of the coordinates times these numbers, in units.
    fn variance(&self, target: usize, row: &[f64]) -> f64 {
        let parts = &self.0;
        if parts.covariance.is_empty() {
            return row.iter().map(|v| v * v).sum::<f64>() * parts.residual_variance[target];
        }
        let size = row.len();
        let covariance = &parts.covariance[target * size * size..][..size * size];
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
        Ok(student_quantile(
            1.0 - confidence,
            self.0.degrees_of_freedom,
        ))
    }
}

/// Transforms a row into the basis in double-double, with the processor's vector
/// instructions: without them each product is a function call.
struct Transform<'a> {
    parts: &'a PredictionParts,
    values: &'a [DoubleDouble],
}

impl WithSimd for Transform<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let size = self.values.len().max(1);
        let rests = self.parts.basis_rest.chunks_exact(size);
        let mut of_row = Vec::with_capacity(self.parts.rank());
        for (row, rests) in self.parts.basis.chunks_exact(size).zip(rests) {
            let mut sum = DoubleDouble::ZERO;
            for ((factor, rest), value) in row.iter().zip(rests).zip(self.values) {
                sum += DoubleDouble::sum_of(*factor, *rest) * *value;
            }
            of_row.push(sum.high());
        }
        of_row
    }
}

#[cfg(test)]
mod tests;
