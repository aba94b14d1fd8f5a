use linreg_exact::PredictionErrors;
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

use crate::FitError;

/// Predicts rows with all the digits that a model has. Where the means of the
/// features are known, it computes with the differences from them, so that
/// features far from zero, such as times, lose no digits.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Predictor {
    coefficients: Coefficients,
    errors: Option<PredictionErrors>,
    /// The prediction of each target at the means of the features; `None` where
    /// the errors do not tell it.
    at_centres: Option<Vec<f64>>,
}

impl Predictor {
    /// Takes what is known of a model.
    pub(crate) fn new(coefficients: Coefficients, errors: Option<PredictionErrors>) -> Self {
        let targets = 0..coefficients.num_targets();
        let at_centres = errors.as_ref().and_then(|errors| {
            let of_target = |target| errors.at_centres(target).ok().flatten();
            targets.map(of_target).collect::<Option<Vec<f64>>>()
        });
        Self {
            coefficients,
            errors,
            at_centres,
        }
    }

    pub(crate) fn coefficients(&self) -> &Coefficients {
        &self.coefficients
    }

    /// The covariance of the coefficients and the rest of what intervals need, if
    /// the model has it.
    pub(crate) fn stored_errors(&self) -> Option<&PredictionErrors> {
        self.errors.as_ref()
    }

    /// The predictions of rows of features, row-major `[rows, features]`; they are
    /// `[rows, targets]`. `tails` are digits of the features beyond `f64`, if they
    /// are known.
    ///
    /// # Errors
    ///
    /// Features that are not whole rows, or not one tail for each of them.
    pub fn predict(&self, features: &[f64], tails: Option<&[f64]>) -> Result<Vec<f64>, FitError> {
        let (Some(errors), Some(at_centres)) = (&self.errors, &self.at_centres) else {
            return Ok(self.coefficients.predict(features)?);
        };
        let model = &self.coefficients;
        if !errors.keeps_more_digits() {
            return Ok(model.predict_about(features, errors.centres(), at_centres)?);
        }
        let (size, targets) = (model.num_features(), model.num_targets());
        let mut tails = tails.map(|tails| tails.chunks(size));
        let mut predictions = Vec::with_capacity(features.len() / size * targets);
        for of_row in features.chunks(size) {
            let tails = tails.as_mut().map(|tails| tails.next().unwrap_or_default());
            let row = errors.in_basis(of_row, tails)?;
            for target in 0..targets {
                predictions.push(errors.predict(target, &row)?.unwrap_or(f64::NAN));
            }
        }
        Ok(predictions)
    }
}
