use linreg_exact::ExactError;
use linreg_plot::{Estimate, Picture};

use crate::{FitError, FittedModel};

impl FittedModel {
    /// Draws the weights of a target, by its index, with their confidence
    /// intervals. Features that were left out have no weight.
    ///
    /// # Errors
    ///
    /// A model without intervals, a confidence that is not between 0 and 1, an
    /// index beyond the targets, or no weight that the rows determine.
    pub fn coefficient_picture(&self, target: usize, confidence: f64) -> Result<Picture, FitError> {
        let errors = self.interval_errors()?;
        let quantile = errors.quantile(confidence)?;
        let targets = self.target_names();
        let Some(name) = targets.get(target) else {
            return Err(FitError::NoTarget {
                found: target,
                targets: targets.len(),
            });
        };
        let weights = self.coefficients().weight()[target..].iter();
        let weights = weights.step_by(targets.len());
        let estimates = self.feature_names().iter().zip(weights).enumerate();
        let estimates = estimates.map(|(feature, (name, value))| {
            let std_error = errors.std_error_of_weight(target, feature)?;
            Ok(Estimate {
                name: name.clone(),
                value: *value,
                lower: value - quantile * std_error,
                upper: value + quantile * std_error,
            })
        });
        let mut estimates: Vec<Estimate> = estimates.collect::<Result<_, ExactError>>()?;
        let is_left_out =
            |estimate: &Estimate| estimate.value == 0.0 && estimate.lower == estimate.upper;
        estimates.retain(|estimate| !is_left_out(estimate));
        if estimates.is_empty() {
            return Err(FitError::NoWeights);
        }
        Ok(Picture::coefficients(name, &estimates, confidence)?)
    }
}
