use linreg_data::{Encoder, Feature, FeatureFactor, Kind};
use linreg_exact::{ExactError, PredictionErrors, Weighting};
use linreg_plot::{Estimate, Per, Picture};

use crate::{FitError, FittedModel};

impl FittedModel {
    /// Draws the weights of a target, by its index, with their confidence
    /// intervals. Features that were left out have no weight. The standard deviations are
    /// those of the rows of the fit; where they are not known, as without an intercept or
    /// with rows of different precision, weights are drawn for one unit.
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
        let quantile = errors.quantile(confidence)?;
        let targets = self.target_names();
        let Some(name) = targets.get(target) else {
            return Err(FitError::NoTarget {
                found: target,
                targets: targets.len(),
            });
        };
        let scales = Scales::new(self.encoder(), errors, self.weighting(), per);
        let weights = self.coefficients().weight()[target..].iter();
        let weights = weights.step_by(targets.len());
        let mut estimates = Vec::new();
        for (feature, value) in weights.enumerate() {
            let std_error: Result<f64, ExactError> = errors.std_error_of_weight(target, feature);
            let half = quantile * std_error?;
            let is_left_out = *value == 0.0 && half == 0.0;
            if !is_left_out {
                estimates.push(scales.estimate(feature, [*value, value - half, value + half]));
            }
        }
        if estimates.is_empty() {
            return Err(FitError::NoWeights);
        }
        Ok(Picture::coefficients(
            name, &estimates, confidence, scales.per,
        )?)
    }
}

/// What weights are multiplied with for a picture.
pub(crate) struct Scales {
    /// What the weights are the effects of.
    pub per: Per,
    features: Vec<Feature>,
    factors: Vec<f64>,
}

impl Scales {
    pub fn new(
        encoder: &Encoder,
        errors: &PredictionErrors,
        weighting: Weighting,
        per: Per,
    ) -> Self {
        let features = encoder.features();
        let is_precise = encoder.weight().is_some() && weighting == Weighting::Precision;
        let deviations = errors.feature_deviations().filter(|_| !is_precise);
        let (per, factors) = match deviations.filter(|_| per == Per::Deviation) {
            Some(deviations) => {
                let of_features = features.iter().zip(deviations);
                let factor = |(feature, deviation): (&Feature, f64)| {
                    if is_switch(encoder, feature) {
                        1.0
                    } else {
                        deviation
                    }
                };
                (Per::Deviation, of_features.map(factor).collect())
            }
            None => (Per::Unit, vec![1.0; features.len()]),
        };
        Self {
            per,
            features,
            factors,
        }
    }

    /// The weight of a feature, by its index, and the ends of its interval.
    pub fn estimate(&self, feature: usize, weight: [f64; 3]) -> Estimate {
        let [value, lower, upper] = weight.map(|number| self.factors[feature] * number);
        let feature = &self.features[feature];
        let columns: Vec<&str> = feature.columns().collect();
        Estimate {
            name: feature.to_string(),
            column: columns.join(":"),
            value,
            lower,
            upper,
        }
    }
}

/// Whether a feature is 0 or 1, so that its weight is the difference between the two.
fn is_switch(encoder: &Encoder, feature: &Feature) -> bool {
    match &feature.factors[..] {
        [FeatureFactor::Number { column, power: 1 }] => {
            let mut columns = encoder.columns().iter();
            columns.any(|found| found.name == *column && found.kind == Kind::Boolean)
        }
        [FeatureFactor::Number { .. }] => false,
        [_] => true,
        _ => false,
    }
}
