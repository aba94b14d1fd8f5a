use linreg_data::{Column, Encoder, Feature, FeatureFactor, Kind};
use linreg_exact::ExactError;
use linreg_plot::{Estimate, Per, Picture};

use crate::{FitError, FittedModel};

impl FittedModel {
    /// Draws the weights of a target, by its index, with their confidence
    /// intervals. Features that were left out have no weight, and products and powers
    /// none for one standard deviation. A model that was fitted to arrays knows no
    /// standard deviations: its weights are drawn for one unit.
    ///
    /// # Errors
    ///
    /// A model without intervals, a confidence that is not between 0 and 1, an
    /// index beyond the targets, or no weight that the rows determine.
    pub fn coefficient_picture(
        &self,
        target: usize,
        confidence: f64,
        per: Per,
    ) -> Result<Picture, FitError> {
        let errors = self.interval_errors()?;
        let per = if knows_deviations(self.encoder()) {
            per
        } else {
            Per::Unit
        };
        let quantile = errors.quantile(confidence)?;
        let targets = self.target_names();
        let Some(name) = targets.get(target) else {
            return Err(FitError::NoTarget {
                found: target,
                targets: targets.len(),
            });
        };
        let weights = self.coefficients().weight()[target..].iter();
        let weights = weights.step_by(targets.len()).enumerate();
        let weights = weights.map(|(feature, value)| {
            let std_error = errors.std_error_of_weight(target, feature)?;
            Ok([
                *value,
                value - quantile * std_error,
                value + quantile * std_error,
            ])
        });
        let mut estimates = Vec::new();
        for (feature, weight) in self.encoder().features().iter().zip(weights) {
            let weight: [f64; 3] = weight.map_err(|error: ExactError| error)?;
            let is_left_out = weight == [0.0; 3];
            if !is_left_out {
                estimates.extend(estimate(self.encoder(), feature, weight, per));
            }
        }
        if estimates.is_empty() {
            return Err(FitError::NoWeights);
        }
        Ok(Picture::coefficients(name, &estimates, confidence, per)?)
    }
}

/// Whether the standard deviation of every column of numbers is known.
pub(crate) fn knows_deviations(encoder: &Encoder) -> bool {
    let features = encoder.features();
    let is_known = |feature: &Feature| {
        let is_single = feature.is_single();
        !is_single || deviation(encoder, feature).is_some()
    };
    features.iter().all(is_known)
}

/// A weight and the ends of its interval for a picture; `None` for a feature whose
/// standard deviation is asked for and not known, as that of a product or a power.
pub(crate) fn estimate(
    encoder: &Encoder,
    feature: &Feature,
    weight: [f64; 3],
    per: Per,
) -> Option<Estimate> {
    let times = match per {
        Per::Unit => 1.0,
        Per::Deviation => deviation(encoder, feature)?,
    };
    let [value, lower, upper] = weight.map(|number| times * number);
    let columns: Vec<&str> = feature.columns().collect();
    Some(Estimate {
        name: feature.to_string(),
        column: columns.join(":"),
        value,
        lower,
        upper,
    })
}

/// The standard deviation of a number, or 1 for what is 0 or 1.
fn deviation(encoder: &Encoder, feature: &Feature) -> Option<f64> {
    match &feature.factors[..] {
        [FeatureFactor::Number { column, power: 1 }] => {
            let is_it = |found: &&Column| found.name == *column;
            let column = encoder.columns().iter().find(is_it)?;
            match column.kind {
                Kind::Boolean => Some(1.0),
                _ => column.spread.and_then(|spread| spread.std),
            }
        }
        [_] => Some(1.0),
        _ => None,
    }
}
