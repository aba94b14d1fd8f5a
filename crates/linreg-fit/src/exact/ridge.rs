use linreg_exact::{Accumulator, RidgeConfig, RidgeFit, RidgePath, Solution, Weighting};
use linreg_model::ModelFile;
use serde_json::json;

use super::Penalties;
use crate::FitError;

/// The fits of each target with all penalties.
pub struct Ridge {
    /// The path of penalties of each target, with the best one.
    pub paths: Vec<RidgePath>,
    /// Whether the penalties were given, not made for the features.
    pub is_given: bool,
}

impl Ridge {
    pub(crate) fn new(
        sums: &Accumulator,
        solution: &Solution,
        penalties: &Penalties,
        weighting: Weighting,
    ) -> Result<Self, FitError> {
        let config = RidgeConfig {
            intercept: solution.has_intercept,
            weighting,
            penalties: match penalties {
                Penalties::Path => Vec::new(),
                Penalties::Given(list) => list.clone(),
            },
            ..RidgeConfig::default()
        };
        Ok(Self {
            paths: sums.ridge(&config)?,
            is_given: matches!(penalties, Penalties::Given(_)),
        })
    }

    /// The coefficients of each target.
    pub fn estimates(&self) -> Vec<&[f64]> {
        self.best().map(|fit| &fit.estimates[..]).collect()
    }

    /// The chosen fit of each target.
    pub fn best(&self) -> impl Iterator<Item = &RidgeFit> {
        self.paths.iter().map(|path| &path.fits[path.best])
    }

    /// Whether one penalty was given, so that none had to be chosen.
    pub fn is_one(&self) -> bool {
        self.is_given && self.paths.iter().all(|path| path.fits.len() == 1)
    }

    /// How the penalty was chosen.
    pub(crate) fn chosen_by(&self) -> &'static str {
        if self.is_one() {
            "given"
        } else {
            "generalised cross-validation"
        }
    }

    /// Says in a model that its weights are shrunk.
    pub(crate) fn store(&self, model: &mut ModelFile) {
        let penalties: Vec<f64> = self.best().map(|fit| fit.penalty).collect();
        let said = json!({
            "penalties": penalties,
            "chosen_by": self.chosen_by(),
            "standardised": true,
        });
        model.metadata.insert("ridge".to_string(), said.to_string());
    }
}
