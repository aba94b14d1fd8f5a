use std::ops::Range;

use linreg_data::Rows;
use linreg_exact::{PredictionErrors, RowInBasis};
use linreg_model::Coefficients;

/// Predicts rows with all the digits that a model has. Where the means of the
/// features are known, it computes with the differences from them, so that
/// features far from zero, such as times, lose no digits.
#[derive(Clone, Debug)]
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

    /// The predictions, row-major `[rows, targets]`.
    pub fn predict(&self, rows: &Rows) -> Vec<f64> {
        let (Some(errors), Some(at_centres)) = (&self.errors, &self.at_centres) else {
            return self.coefficients.predict(&rows.features);
        };
        let size = self.coefficients.num_features();
        if !errors.keeps_more_digits() {
            let centres = &errors.centres[errors.centres.len() - size..];
            return self
                .coefficients
                .predict_about(&rows.features, centres, at_centres);
        }
        let targets = self.coefficients.num_targets();
        let starts = (0..rows.features.len()).step_by(size.max(1));
        let of_row = |start: usize| {
            let row = in_basis(errors, rows, start..start + size);
            let of_target = |target| errors.predict(target, &row).unwrap_or(f64::NAN);
            (0..targets).map(of_target).collect::<Vec<f64>>()
        };
        starts.flat_map(of_row).collect()
    }
}

/// A row in the basis of the fit; `at` is where its features are.
pub fn in_basis(errors: &PredictionErrors, rows: &Rows, at: Range<usize>) -> RowInBasis {
    let tails = rows.tails.as_deref().map(|tails| &tails[at.clone()]);
    errors.in_basis(&rows.features[at], tails)
}
