use std::ops::Range;

use anyhow::{Result, bail};
use linreg_data::Rows;
use linreg_exact::{PredictionErrors, Robust, RowInBasis};
use linreg_model::{Coefficients, ModelFile, NamedTensor};

use super::exact::robust_name;

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
        let name = robust_name(kind).to_string();
        model.metadata.insert(STD_ERRORS.to_string(), name);
    }
    let freedom = errors.degrees_of_freedom.to_string();
    model
        .metadata
        .insert(DEGREES_OF_FREEDOM.to_string(), freedom);
}

/// A caution about the intervals of a model with robust standard errors.
pub fn caution(model: &ModelFile) -> Option<String> {
    let kind = model.metadata.get(STD_ERRORS)?;
    Some(format!(
        "the model was fitted with --robust {kind}: intervals of means account for unequal variance, but those of single rows assume the mean variance, so they hold on average only"
    ))
}

/// Loads what [`store`] stored.
pub fn load(model: &ModelFile, has_intercept: bool) -> Result<PredictionErrors> {
    let Some(errors) = found(model, has_intercept)? else {
        if model.metadata.contains_key("ridge") {
            bail!(
                "the weights of the model are shrunk, so there are no intervals; fit without --ridge"
            );
        }
        bail!(
            "the model file has no covariance of the coefficients: intervals need a model of linreg fit --method exact with more rows than coefficients"
        );
    };
    Ok(errors)
}

/// Returns an error if what is stored for intervals is damaged.
pub fn check(model: &ModelFile, has_intercept: bool) -> Result<()> {
    found(model, has_intercept)?;
    let Some(found) = model.metadata.get(STD_ERRORS) else {
        return Ok(());
    };
    let kinds = [Robust::Hc0, Robust::Hc1, Robust::Hc2, Robust::Hc3];
    match kinds.iter().any(|kind| robust_name(*kind) == found) {
        true => Ok(()),
        false => bail!("the standard errors of the model are not hc0, hc1, hc2 or hc3"),
    }
}

/// What is stored for intervals, after checks; `None` if nothing is stored.
fn found(model: &ModelFile, has_intercept: bool) -> Result<Option<PredictionErrors>> {
    let Some(freedom) = model.metadata.get(DEGREES_OF_FREEDOM) else {
        return Ok(None);
    };
    let freedom = freedom.parse::<f64>().ok();
    let Some(freedom) = freedom.filter(|freedom| freedom.is_finite() && *freedom > 0.0) else {
        bail!("the degrees of freedom in the model file are not a number above 0");
    };
    let errors = stored(model, has_intercept, freedom);
    let errors = errors.or_else(|| stored_covariance(model, has_intercept, freedom));
    let Some(errors) = errors else {
        bail!("the model file has degrees of freedom, but not all that intervals need with them");
    };
    let targets = model.target_names.len();
    if !errors.fits(model.feature_names.len()) || errors.target_units.len() != targets {
        bail!("the covariance in the model file is that of another model");
    }
    check_numbers(&errors)?;
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

fn check_numbers(errors: &PredictionErrors) -> Result<()> {
    let checks: [(&str, &[f64], Allowed); 9] = [
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
            let expected = range.name();
            bail!("the tensor `{name}` in the model file has {found}, expected {expected}");
        }
    }
    Ok(())
}

fn tensor(model: &ModelFile, name: &str) -> Option<Vec<f64>> {
    model.tensors.get(name).map(|tensor| tensor.values.clone())
}

fn stored(model: &ModelFile, has_intercept: bool, freedom: f64) -> Option<PredictionErrors> {
    let tensor = |name| tensor(model, name);
    Some(PredictionErrors {
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
) -> Option<PredictionErrors> {
    let tensor = |name| tensor(model, name);
    let feature_scales = tensor("covariance_feature_scales")?;
    let target_units = tensor("covariance_target_units")?;
    let size = feature_scales.len();
    let num_features = model.feature_names.len();
    if size != num_features + usize::from(has_intercept) {
        return None;
    }
    let identity = (0..size * size).map(|at| f64::from(u8::from(at / size == at % size)));
    Some(PredictionErrors {
        has_intercept,
        degrees_of_freedom: freedom,
        centres: vec![0.0; size],
        feature_scales,
        basis: identity.collect(),
        basis_rest: Vec::new(),
        coordinates: Vec::new(),
        target_centres: vec![0.0; target_units.len()],
        target_units,
        residual_variance: tensor(RESIDUAL_VARIANCE)?,
        covariance: tensor("covariance")?,
    })
}

/// Predicts rows with all the digits that a model has. Where the means of the
/// features are known, it computes with the differences from them, so that
/// features far from zero, such as times, lose no digits.
pub struct Predictor {
    coefficients: Coefficients,
    errors: Option<PredictionErrors>,
    /// The prediction of each target at the means of the features.
    at_centres: Vec<f64>,
}

impl Predictor {
    pub fn new(model: &ModelFile, has_intercept: bool) -> Self {
        let errors = load(model, has_intercept).ok();
        Self::with(model.coefficients.clone(), errors)
    }

    pub fn with(coefficients: Coefficients, errors: Option<PredictionErrors>) -> Self {
        let targets = 0..coefficients.num_targets();
        let at_centres = errors.as_ref().and_then(|errors| {
            let of_target = |target| errors.at_centres(target);
            targets.map(of_target).collect::<Option<Vec<f64>>>()
        });
        Self {
            coefficients,
            errors: errors.filter(|_| at_centres.is_some()),
            at_centres: at_centres.unwrap_or_default(),
        }
    }

    /// The predictions, row-major `[rows, targets]`.
    pub fn predict(&self, rows: &Rows) -> Vec<f64> {
        let Some(errors) = &self.errors else {
            return self.coefficients.predict(&rows.features);
        };
        let size = self.coefficients.num_features();
        if !errors.keeps_more_digits() {
            let centres = &errors.centres[errors.centres.len() - size..];
            return self
                .coefficients
                .predict_about(&rows.features, centres, &self.at_centres);
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
