use anyhow::{Result, bail};
use linreg_exact::{PredictionErrors, Robust};
use linreg_model::{ModelFile, NamedTensor};

use super::exact::robust_name;

const COVARIANCE: &str = "covariance";
const FEATURE_SCALES: &str = "covariance_feature_scales";
const TARGET_UNITS: &str = "covariance_target_units";
const RESIDUAL_VARIANCE: &str = "residual_variance";
const DEGREES_OF_FREEDOM: &str = "degrees_of_freedom";
const STD_ERRORS: &str = "std_errors";

/// Keeps with a model what intervals of its predictions need, if its rows
/// determine that.
pub fn store(errors: &PredictionErrors, robust: Option<Robust>, model: &mut ModelFile) {
    if errors.degrees_of_freedom <= 0.0 {
        return;
    }
    let (size, targets) = (errors.feature_scales.len(), errors.target_units.len());
    for (name, shape, values) in [
        (COVARIANCE, vec![targets, size, size], &errors.covariance),
        (FEATURE_SCALES, vec![size], &errors.feature_scales),
        (TARGET_UNITS, vec![targets], &errors.target_units),
        (RESIDUAL_VARIANCE, vec![targets], &errors.residual_variance),
    ] {
        let values = values.clone();
        model
            .tensors
            .insert(name.to_string(), NamedTensor { shape, values });
    }
    if let Some(kind) = robust {
        let name = robust_name(kind).to_string();
        model.metadata.insert(STD_ERRORS.to_string(), name);
    }
    let freedom = errors.degrees_of_freedom.to_string();
    model
        .metadata
        .insert(DEGREES_OF_FREEDOM.to_string(), freedom);
}

/// What is to be said of the intervals of a model, if there is something.
pub fn caution(model: &ModelFile) -> Option<String> {
    let kind = model.metadata.get(STD_ERRORS)?;
    Some(format!(
        "the model was fitted with --robust {kind}: intervals of means allow for a spread that differs from row to row, but those of single rows take the mean spread, so they are right on average only"
    ))
}

/// What [`store`] kept.
pub fn load(model: &ModelFile, has_intercept: bool) -> Result<PredictionErrors> {
    let tensor = |name: &str| model.tensors.get(name).map(|tensor| tensor.values.clone());
    let freedom = model.metadata.get(DEGREES_OF_FREEDOM);
    let freedom = freedom.and_then(|text| text.parse::<f64>().ok());
    let parts = (
        freedom,
        tensor(COVARIANCE),
        tensor(FEATURE_SCALES),
        tensor(TARGET_UNITS),
        tensor(RESIDUAL_VARIANCE),
    );
    let (Some(freedom), Some(covariance), Some(scales), Some(units), Some(variance)) = parts else {
        if model.metadata.contains_key("ridge") {
            bail!(
                "the weights of the model are shrunk, so there are no intervals; fit without --ridge"
            );
        }
        bail!(
            "the model does not know how uncertain it is: intervals need a model of linreg fit --method exact with more rows than coefficients"
        );
    };
    let errors = PredictionErrors {
        has_intercept,
        degrees_of_freedom: freedom,
        feature_scales: scales,
        target_units: units,
        covariance,
        residual_variance: variance,
    };
    let targets = model.target_names.len();
    if !errors.fits(model.feature_names.len()) || errors.target_units.len() != targets {
        bail!("the covariance in the model file is that of another model");
    }
    Ok(errors)
}
