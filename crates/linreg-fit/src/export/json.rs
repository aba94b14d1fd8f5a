//! A fit as JSON, for programs.

mod exact;
mod model;
mod trained;

use linreg_data::{Column, EncodingCounts, Kind, Schema, Set};
use linreg_training::Metrics;
use serde_json::{Value, json};

use super::coefficients::INTERCEPT;
use crate::{Fitted, FittedModel, How, Setting, SettingNames};

impl Fitted {
    /// Everything that is known of the fit, as one JSON object. Numbers that are
    /// not defined are null.
    pub fn to_json(&self) -> Value {
        self.to_json_with(ToString::to_string)
    }

    /// The same with other names of settings in its sentences.
    pub fn to_json_with(&self, say: SettingNames) -> Value {
        let encoder = self.encoder();
        let targets = encoder.targets();
        let of_set = |set| match self.on(set) {
            [] => Value::Null,
            found => metrics(found, targets),
        };
        let target = if let [only] = targets {
            json!(only)
        } else {
            json!(targets)
        };
        let mut object = json!({ "target": target, "rows": self.num_rows });
        let list = coefficients(&self.model);
        match &self.how {
            How::Exact(fit) => exact::put(&mut object, fit, encoder, list, say),
            How::Trained(found) => {
                trained::put(&mut object, found, encoder, list, of_set(Set::Training));
            }
        }
        object["validation"] = of_set(Set::Validation);
        object["test"] = of_set(Set::Test);
        let folds = self.folds.iter().map(|fold| match &fold.metrics[..] {
            [] => Value::Null,
            found => metrics(found, targets),
        });
        object["folds"] = json!(folds.collect::<Vec<_>>());
        object["columns"] = columns(self.schema(), &self.counts, say);
        object["seconds"] = json!(self.elapsed.as_secs_f64());
        object
    }
}

/// The coefficients of a model, the bias first, if there is one.
fn coefficients(model: &FittedModel) -> Value {
    let coefficients = model.coefficients();
    let num_targets = coefficients.num_targets();
    let has_intercept = model.encoder().intercept();
    let mut list = Vec::new();
    for (target, target_name) in model.target_names().iter().enumerate() {
        let weights = coefficients.weight()[target..].iter().step_by(num_targets);
        let names = [INTERCEPT].into_iter();
        let names = names.chain(model.feature_names().iter().map(String::as_str));
        let estimates = [&coefficients.bias()[target]].into_iter().chain(weights);
        for (name, estimate) in names.zip(estimates).skip(usize::from(!has_intercept)) {
            let mut entry = json!({"name": name, "estimate": estimate});
            if num_targets > 1 {
                entry["target"] = json!(target_name);
            }
            list.push(entry);
        }
    }
    Value::Array(list)
}

/// Metrics: an object for one target, an array for several.
pub fn metrics(metrics: &[Metrics], targets: &[String]) -> Value {
    if let [only] = metrics {
        return json!(only);
    }
    let entries = metrics.iter().zip(targets).map(|(metrics, target)| {
        let mut entry = json!(metrics);
        entry["target"] = json!(target);
        entry
    });
    Value::Array(entries.collect())
}

/// A number, or null for one that is not known or infinite.
fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else {
        Value::Null
    }
}

/// The only entry of a list of one, or an array of several.
fn one_or_all(mut list: Vec<Value>) -> Value {
    if list.len() == 1 {
        list.remove(0)
    } else {
        Value::Array(list)
    }
}

/// What was done with each column, as JSON.
pub fn columns(schema: &Schema, counts: &EncodingCounts, say: SettingNames) -> Value {
    let of_column = |column: &Column| {
        let mut entry = json!({
            "name": column.name,
            "kind": column.kind.name(),
            "why": say(&Setting::Why(Box::new(column.clone()))),
            "missing": column.missing,
        });
        if let Kind::Categorical { levels, .. } = &column.kind {
            entry["baseline"] = json!(levels.first());
            entry["levels"] = json!(levels);
        }
        if !column.unfitted_levels.is_empty() {
            entry["unfitted_levels"] = json!(column.unfitted_levels);
        }
        entry
    };
    json!({
        "dropped_rows": counts.dropped,
        "weightless_rows": counts.weightless,
        "columns": schema.columns.iter().map(of_column).collect::<Vec<_>>(),
    })
}
