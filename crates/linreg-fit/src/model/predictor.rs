use linreg_exact::PredictionErrors;
use linreg_model::Coefficients;
use serde::{Deserialize, Serialize};

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
            let of_target = |target| errors.at_centres(target);
            targets.map(of_target).collect::<Option<Vec<f64>>>()
        });
        Self {
            coefficients,
            errors,
            at_centres,
        }
    }

    /// The covariance of the coefficients and the rest of what intervals need, if
    /// the model has it.
    pub(crate) fn stored_errors(&self) -> Option<&PredictionErrors> {
        self.errors.as_ref()
    }

    /// The predictions of rows of features, row-major `[rows, features]`; they are
    /// `[rows, targets]`. `tails` are digits of the features beyond `f64`, if they
    /// are known.
    pub fn predict(&self, features: &[f64], tails: Option<&[f64]>) -> Vec<f64> {
        let (Some(errors), Some(at_centres)) = (&self.errors, &self.at_centres) else {
            return self.coefficients.predict(features);
        };
        let size = self.coefficients.num_features();
        if !errors.keeps_more_digits() {
            let centres = &errors.centres[errors.centres.len() - size..];
            return self
                .coefficients
                .predict_about(features, centres, at_centres);
        }
        let targets = self.coefficients.num_targets();
        let starts = (0..features.len()).step_by(size.max(1));
        let of_row = |start: usize| {
            let tails = tails.map(|tails| &tails[start..start + size]);
            let row = errors.in_basis(&features[start..start + size], tails);
            let of_target = |target| errors.predict(target, &row).unwrap_or(f64::NAN);
            (0..targets).map(of_target).collect::<Vec<f64>>()
        };
        starts.flat_map(of_row).collect()
    }
}
