//! What intervals of predictions need, as the tensors of a model file.

use linreg_exact::{PredictionErrors, PredictionParts, Robust};
use linreg_model::{ModelFile, NamedTensor};

use super::ModelProblem;

const BASIS: &str = "interval_basis";
const BASIS_REST: &str = "interval_basis_rest";
const CENTRES: &str = "interval_centres";
const SCALES: &str = "interval_feature_scales";
const COORDINATES: &str = "interval_coordinates";
const TARGET_CENTRES: &str = "interval_target_centres";
const UNITS: &str = "interval_target_units";
const COVARIANCE: &str = "interval_covariance";
const RESIDUAL_VARIANCE: &str = "residual_variance";
const DEGREES_OF_FREEDOM: &str = "degrees_of_freedom";
const STD_ERRORS: &str = "std_errors";

/// Stores in a model what intervals of its predictions need, if its rows
/// determine it.
pub fn store(errors: &PredictionErrors, robust: Option<Robust>, model: &mut ModelFile) {
    // There are no intervals without degrees of freedom, without coefficients,
    // or with figures beyond 64-bit floats.
    let errors = errors.parts();
    let is_known = errors.degrees_of_freedom > 0.0 && !errors.basis.is_empty();
    if !is_known || check_numbers(errors).is_err() {
        return;
    }
    let (size, targets) = (errors.feature_scales.len(), errors.target_units.len());
    let rank = errors.basis.len() / size.max(1);
    for (name, shape, values) in [
        (BASIS, vec![rank, size], &errors.basis),
        (BASIS_REST, vec![rank, size], &errors.basis_rest),
        (CENTRES, vec![size], &errors.centres),
        (SCALES, vec![size], &errors.feature_scales),
        (COORDINATES, vec![targets, rank], &errors.coordinates),
        (TARGET_CENTRES, vec![targets], &errors.target_centres),
        (UNITS, vec![targets], &errors.target_units),
        (COVARIANCE, vec![targets, rank, rank], &errors.covariance),
        (RESIDUAL_VARIANCE, vec![targets], &errors.residual_variance),
    ] {
        if values.is_empty() {
            continue;
        }
        let values = values.clone();
        model
            .tensors
            .insert(name.to_string(), NamedTensor { shape, values });
    }
    if let Some(kind) = robust {
        let name = kind.name().to_string();
        model.metadata.insert(STD_ERRORS.to_string(), name);
    }
    let freedom = errors.degrees_of_freedom.to_string();
    model
        .metadata
        .insert(DEGREES_OF_FREEDOM.to_string(), freedom);
}

/// The kind of the robust standard errors that a model has.
pub fn std_errors(model: &ModelFile) -> Result<Option<Robust>, ModelProblem> {
    let Some(found) = model.metadata.get(STD_ERRORS) else {
        return Ok(None);
    };
    let kind = Robust::ALL.into_iter().find(|kind| kind.name() == found);
    kind.map(Some).ok_or(ModelProblem::StdErrors)
}

/// What is stored for intervals, after checks; `None` if nothing is stored.
pub fn found(
    model: &ModelFile,
    has_intercept: bool,
) -> Result<Option<PredictionErrors>, ModelProblem> {
    let Some(freedom) = model.metadata.get(DEGREES_OF_FREEDOM) else {
        return Ok(None);
    };
    let freedom = freedom.parse::<f64>().ok();
    let Some(freedom) = freedom.filter(|freedom| freedom.is_finite() && *freedom > 0.0) else {
        return Err(ModelProblem::DegreesOfFreedom);
    };
    let parts = stored(model, has_intercept, freedom);
    let parts = match parts {
        Some(parts) => parts,
        None => stored_covariance(model, has_intercept, freedom)?,
    };
    let errors = PredictionErrors::try_from(parts).map_err(|_| ModelProblem::OtherCovariance)?;
    let found = (errors.num_features(), errors.num_targets());
    if found != (model.feature_names.len(), model.target_names.len()) {
        return Err(ModelProblem::OtherCovariance);
    }
    check_numbers(errors.parts())?;
    Ok(Some(errors))
}

/// What a number stored for intervals may be.
#[derive(Clone, Copy)]
enum Allowed {
    Finite,
    Variance,
    Scale,
}

impl Allowed {
    fn holds(self, number: f64) -> bool {
        number.is_finite()
            && match self {
                Self::Finite => true,
                Self::Variance => number >= 0.0,
                Self::Scale => number > 0.0,
            }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::Variance => "a finite number, 0 or more",
            Self::Scale => "a finite number above 0",
        }
    }
}

fn check_numbers(errors: &PredictionParts) -> Result<(), ModelProblem> {
    let checks: [(&'static str, &[f64], Allowed); 9] = [
        (CENTRES, &errors.centres, Allowed::Finite),
        (SCALES, &errors.feature_scales, Allowed::Scale),
        (BASIS, &errors.basis, Allowed::Finite),
        (BASIS_REST, &errors.basis_rest, Allowed::Finite),
        (COORDINATES, &errors.coordinates, Allowed::Finite),
        (TARGET_CENTRES, &errors.target_centres, Allowed::Finite),
        (UNITS, &errors.target_units, Allowed::Scale),
        (COVARIANCE, &errors.covariance, Allowed::Finite),
        (
            RESIDUAL_VARIANCE,
            &errors.residual_variance,
            Allowed::Variance,
        ),
    ];
    for (name, numbers, range) in checks {
        if let Some(found) = numbers.iter().find(|number| !range.holds(**number)) {
            return Err(ModelProblem::Number {
                tensor: name,
                found: *found,
                expected: range.name(),
            });
        }
    }
    Ok(())
}

fn tensor(model: &ModelFile, name: &str) -> Option<Vec<f64>> {
    model.tensors.get(name).map(|tensor| tensor.values.clone())
}

fn stored(model: &ModelFile, has_intercept: bool, freedom: f64) -> Option<PredictionParts> {
    let tensor = |name| tensor(model, name);
    Some(PredictionParts {
        has_intercept,
        degrees_of_freedom: freedom,
        centres: tensor(CENTRES)?,
        feature_scales: tensor(SCALES)?,
        basis: tensor(BASIS)?,
        basis_rest: tensor(BASIS_REST).unwrap_or_default(),
        coordinates: tensor(COORDINATES)?,
        target_centres: tensor(TARGET_CENTRES)?,
        target_units: tensor(UNITS)?,
        residual_variance: tensor(RESIDUAL_VARIANCE)?,
        covariance: tensor(COVARIANCE).unwrap_or_default(),
    })
}

/// Models of the first format store the covariance of the coefficients instead.
fn stored_covariance(
    model: &ModelFile,
    has_intercept: bool,
    freedom: f64,
) -> Result<PredictionParts, ModelProblem> {
    let tensor = |name| tensor(model, name).ok_or(ModelProblem::IntervalParts);
    let feature_scales = tensor("covariance_feature_scales")?;
    let target_units = tensor("covariance_target_units")?;
    let residual_variance = tensor(RESIDUAL_VARIANCE)?;
    let covariance = tensor("covariance")?;
    let size = feature_scales.len();
    let (num_features, targets) = (model.feature_names.len(), model.target_names.len());
    // With the lengths checked, the basis takes no more memory than the covariance.
    let square = size.checked_mul(size);
    let numbers = square.and_then(|square| square.checked_mul(targets));
    if size != num_features + usize::from(has_intercept) || numbers != Some(covariance.len()) {
        return Err(ModelProblem::OtherCovariance);
    }
    let identity = (0..size * size).map(|at| f64::from(u8::from(at / size == at % size)));
    Ok(PredictionParts {
        has_intercept,
        degrees_of_freedom: freedom,
        centres: vec![0.0; size],
        feature_scales,
        basis: identity.collect(),
        basis_rest: Vec::new(),
        coordinates: Vec::new(),
        target_centres: vec![0.0; target_units.len()],
        target_units,
        residual_variance,
        covariance,
    })
}

#[cfg(test)]
mod tests {
    use linreg_model::Coefficients;

    use super::*;

    /// A model of the first format with so many features, without its covariance.
    fn first_format(features: usize) -> ModelFile {
        let coefficients = Coefficients::new(vec![1.0; features], vec![0.0]).unwrap();
        let names = (0..features).map(|index| format!("x{index}"));
        let mut model = ModelFile::new(coefficients, names, ["y"]).unwrap();
        let freedom = (DEGREES_OF_FREEDOM.to_string(), "5".to_string());
        model.metadata.extend([freedom]);
        put(&mut model, "covariance_feature_scales", features);
        put(&mut model, "covariance_target_units", 1);
        put(&mut model, RESIDUAL_VARIANCE, 1);
        model
    }

    fn put(model: &mut ModelFile, name: &str, length: usize) {
        let (shape, values) = (vec![length], vec![1.0; length]);
        let tensor = NamedTensor { shape, values };
        model.tensors.insert(name.to_string(), tensor);
    }

    #[test]
    fn a_covariance_of_another_size_is_refused() {
        let mut model = first_format(2);
        for length in [0, 3, 5, 8] {
            put(&mut model, "covariance", length);
            let error = found(&model, false).unwrap_err();
            assert!(matches!(error, ModelProblem::OtherCovariance), "{error}");
        }
        put(&mut model, "covariance", 4);
        let error = found(&model, true).unwrap_err();
        assert!(matches!(error, ModelProblem::OtherCovariance), "{error}");
        let errors = found(&model, false).unwrap().unwrap();
        assert_eq!((errors.num_features(), errors.num_targets()), (2, 1));
    }

    #[test]
    fn many_features_without_a_covariance_take_no_memory_for_it() {
        let mut model = first_format(200_000);
        let error = found(&model, false).unwrap_err();
        assert!(matches!(error, ModelProblem::IntervalParts), "{error}");
        put(&mut model, "covariance", 0);
        let error = found(&model, false).unwrap_err();
        assert!(matches!(error, ModelProblem::OtherCovariance), "{error}");
    }
}
