use linreg_data::Encoder;
use linreg_training::Optimality;
use serde_json::{Value, json};

use super::one_or_all;
use crate::export::coefficients::names;
use crate::training::{CoefficientGap, Gap, Optimum, Search, TargetGap, Trained};

/// Puts what is known of a training into an object; `metrics` are those on the
/// training rows.
pub fn put(
    object: &mut Value,
    trained: &Trained,
    encoder: &Encoder,
    mut coefficients: Value,
    metrics: Value,
) {
    let targets = encoder.targets();
    object["method"] = json!("sgd");
    let precision = trained.backend.precision;
    object["backend"] = json!(trained.backend.backend);
    object["precision"] = json!(precision.map(|precision| precision.to_string()));
    if let Some(gap) = &trained.gap {
        extend_coefficients(gap, encoder, &mut coefficients);
    }
    object["coefficients"] = coefficients;
    object["metrics"] = metrics;
    object["optimality"] = match &trained.optimum {
        Some(optimum) => optimality(optimum, targets),
        None => Value::Null,
    };
    object["from_exact"] = match &trained.gap {
        Some(found) => gap(found, encoder),
        None => Value::Null,
    };
    object["search"] = trained.search.as_ref().map_or(Value::Null, search);
    object["training"] = json!(trained.config);
    object["epochs"] = json!(trained.history.len());
    object["stopped"] = json!(trained.stopped);
}

/// The gap: an object for one target, an array for several.
fn gap(gap: &Gap, encoder: &Encoder) -> Value {
    let names = names(encoder);
    let told = |(of_target, target): (&TargetGap, &String)| {
        let furthest = of_target.furthest();
        let mut object = json!({
            "loss": of_target.loss,
            "least_loss": of_target.least_loss,
            "excess_loss": of_target.excess,
            "std_errors": furthest.map(|(_, distance)| distance),
            "coefficient": furthest.map(|(index, _)| &names[index]),
        });
        if gap.targets.len() > 1 {
            object["target"] = json!(target);
        }
        object
    };
    let targets = gap.targets.iter().zip(encoder.targets());
    one_or_all(targets.map(told).collect())
}

/// Adds to each coefficient how far it is from its exact estimate.
fn extend_coefficients(gap: &Gap, encoder: &Encoder, list: &mut Value) {
    let size = names(encoder).len();
    let unknown = CoefficientGap {
        exact: f64::NAN,
        std_error: f64::NAN,
        std_errors: f64::NAN,
    };
    let all = gap.targets.iter().flat_map(|gap| match &gap.coefficients {
        Some(coefficients) => coefficients.clone(),
        None => vec![unknown; size],
    });
    for (entry, gap) in list.as_array_mut().into_iter().flatten().zip(all) {
        for (key, value) in [
            ("exact", gap.exact),
            ("std_error", gap.std_error),
            ("std_errors_from_exact", gap.std_errors),
        ] {
            // JSON has no NaN.
            entry[key] = json!(value.is_finite().then_some(value));
        }
    }
}

/// The bound: an object for one target, an array for several; null where it
/// is not known.
fn optimality(optimum: &Optimum, names: &[String]) -> Value {
    let Some(targets) = &optimum.targets else {
        return Value::Null;
    };
    let of_target = |(found, name): (&Optimality, &String)| {
        let mut object = json!({
            "objective": found.objective,
            "lower_bound": found.lower_bound,
            "excess_at_most": found.excess(),
        });
        if targets.len() > 1 {
            object["target"] = json!(name);
        }
        object
    };
    one_or_all(targets.iter().zip(names).map(of_target).collect())
}

/// What a search found.
fn search(search: &Search) -> Value {
    let finite = |value: f64| json!(value.is_finite().then_some(value));
    let candidates = search.candidates.iter().zip(&search.results);
    let candidates = candidates.map(|(config, result)| {
        let rate = config.automatic_learning_rate || config.optimizer.is_full_batch();
        json!({
            "l1": config.penalty.l1,
            "l2": config.penalty.l2,
            "learning_rate": (!rate).then_some(config.learning_rate),
            "loss": finite(result.mean()),
            "std_error": finite(result.std_error()),
        })
    });
    json!({
        "folds": search.folds,
        "candidates": candidates.collect::<Vec<_>>(),
        "least": search.least,
        "chosen": search.chosen,
        "seconds": search.elapsed.as_secs_f64(),
    })
}
