use linreg_data::{Encoder, Place};
use linreg_exact::{Inference, RidgeFit, RidgePath, Robust, RowFigure};
use serde_json::{Value, json};

use super::{number, one_or_all};
use crate::SettingNames;
use crate::exact::{ColumnTest, ExactFit, Ridge, TableDiagnostics};
use crate::export::checks::Checks;

/// Puts what is known of an exact fit into an object.
pub fn put(
    object: &mut Value,
    fit: &ExactFit,
    encoder: &Encoder,
    mut coefficients: Value,
    say: SettingNames,
) {
    let targets = encoder.targets();
    object["method"] = json!("exact");
    match &fit.ridge {
        None => {
            extend_coefficients(fit, &mut coefficients);
            object["coefficients"] = coefficients;
            object["statistics"] = statistics(fit, targets);
        }
        Some(ridge) => {
            without_penalty(fit, &mut coefficients);
            object["coefficients"] = coefficients;
            object["statistics"] = ridge_statistics(fit, ridge, targets);
        }
    }
    object["relations"] = relations(fit, encoder);
    if let Some(found) = &fit.diagnostics {
        object["diagnostics"] = diagnostics(fit, found, targets, say);
    }
    let warnings = fit.warnings(encoder);
    let warnings: Vec<String> = warnings.iter().map(|warning| warning.told(say)).collect();
    object["warnings"] = json!(warnings);
}

/// Adds to each coefficient its standard error, test, interval and digits.
fn extend_coefficients(fit: &ExactFit, list: &mut Value) {
    let all = fit
        .inferences
        .iter()
        .flat_map(|inference| &inference.coefficients);
    for (entry, c) in list.as_array_mut().into_iter().flatten().zip(all) {
        for (key, value) in [
            ("std_error", c.std_error),
            ("t", c.t),
            ("p", c.p),
            ("lower", c.lower),
            ("upper", c.upper),
            ("digits", c.digits),
            ("variance_inflation", c.variance_inflation),
        ] {
            entry[key] = number(value);
        }
        entry["digits_of"] = json!({
            "std_error": number(c.digits_of.std_error),
            "t": number(c.digits_of.t),
            "p": number(c.digits_of.p),
            "interval": number(c.digits_of.interval),
            "variance_inflation": number(c.digits_of.variance_inflation),
        });
        if c.is_dropped {
            entry["dropped"] = json!(true);
        }
    }
}

/// The figures of the fit: an object for one target, an array for several.
fn statistics(fit: &ExactFit, targets: &[String]) -> Value {
    let solution = &fit.solution;
    let of_target = |((inference, tests), target): ((&Inference, &Vec<ColumnTest>), &String)| {
        let mut object = json!({
            "r_squared": number(inference.r_squared),
            "adjusted_r_squared": number(inference.adjusted_r_squared),
            "f": number(inference.f),
            "f_p": number(inference.f_p),
            "residual_std_error": number(inference.residual_std_error),
            "log_likelihood": number(inference.log_likelihood),
            "aic": number(inference.aic),
            "bic": number(inference.bic),
            "rows": solution.rows,
            "dof": inference.degrees_of_freedom,
            "condition": number(solution.condition),
            "method": fit.method(),
            "columns": column_tests(tests),
            "exact": inference.is_exact,
            "constant_target": inference.is_constant,
            "digits": digits(inference),
            "std_errors": fit.robust.map_or("equal variances", Robust::name),
            "confidence": inference.confidence,
        });
        if targets.len() > 1 {
            object["target"] = json!(target);
        }
        object
    };
    let all = fit.inferences.iter().zip(&fit.column_tests).zip(targets);
    one_or_all(all.map(of_target).collect())
}

/// The F test of each categorical column of several weights.
fn column_tests(tests: &[ColumnTest]) -> Value {
    let test = |ColumnTest { column, test }: &ColumnTest| {
        json!({
            "name": column,
            "f": number(test.f),
            "p": number(test.p),
            "dof": test.degrees_of_freedom,
            "digits": number(test.digits),
        })
    };
    json!(tests.iter().map(test).collect::<Vec<_>>())
}

/// How many digits of each figure can be trusted, and relative to what.
fn digits(inference: &Inference) -> Value {
    let of = &inference.digits;
    json!({
        "every_figure": number(inference.fewest_digits()),
        "every_p": number(inference.fewest_digits_of_p()),
        "residual_std_error": number(of.residual_std_error),
        "r_squared": number(of.r_squared),
        "adjusted_r_squared": number(of.adjusted_r_squared),
        "f": number(of.f),
        "f_p": number(of.f_p),
        "log_likelihood": number(of.log_likelihood),
        "aic": number(of.aic),
        "bic": number(of.bic),
        "relative_to": "the figure itself; an estimate, to the larger of its size and its standard error; t, to at least 1; the ends of an interval, to at least half its length",
    })
}

/// The linearly dependent features, as formulas.
fn relations(fit: &ExactFit, encoder: &Encoder) -> Value {
    let names = encoder.feature_names();
    let relations = fit.solution.relations.iter();
    json!(
        relations
            .map(|relation| relation.describe(&names))
            .collect::<Vec<_>>()
    )
}

/// What each coefficient would be without a penalty.
fn without_penalty(fit: &ExactFit, list: &mut Value) {
    let all = fit.solution.targets.iter().flat_map(|fit| &fit.estimates);
    for (entry, estimate) in list.as_array_mut().into_iter().flatten().zip(all) {
        entry["without_penalty"] = number(*estimate);
    }
}

/// The figures: an object for one target, an array for several.
fn ridge_statistics(fit: &ExactFit, ridge: &Ridge, targets: &[String]) -> Value {
    let of_fit = |fit: &RidgeFit| {
        json!({
            "penalty": fit.penalty,
            "effective_dof": fit.degrees_of_freedom,
            "r_squared": number(fit.r_squared),
            "gcv": number(fit.cross_validation),
            "estimates": fit.estimates,
        })
    };
    let of_target = |(path, target): (&RidgePath, &String)| {
        let best = &path.fits[path.best];
        let mut object = json!({
            "r_squared": number(best.r_squared),
            "penalty": best.penalty,
            "chosen_by": ridge.chosen_by(),
            "effective_dof": best.degrees_of_freedom,
            "gcv": number(best.cross_validation),
            "rows": fit.solution.rows,
            "condition": number(fit.solution.condition),
            "method": format!("ridge regression of standardised features, {}", fit.method()),
            "path": path.fits.iter().map(of_fit).collect::<Vec<_>>(),
        });
        if targets.len() > 1 {
            object["target"] = json!(target);
        }
        object
    };
    one_or_all(ridge.paths.iter().zip(targets).map(of_target).collect())
}

/// All figures: an object for one target, an array for several.
fn diagnostics(
    fit: &ExactFit,
    found: &TableDiagnostics,
    targets: &[String],
    say: SettingNames,
) -> Value {
    let of_target = |(index, name): (usize, &String)| {
        let target = &found.diagnostics.targets[index];
        let checks = Checks {
            fit,
            found,
            target: index,
            say,
        };
        let findings = found.findings(index);
        let sentences = checks.sentences();
        let findings = findings.iter().zip(sentences);
        let findings =
            findings.map(|(finding, text)| json!({"kind": finding.name(), "text": text}));
        let mut object = json!({
            "durbin_watson": number(target.durbin_watson),
            "durbin_watson_mean": number(target.durbin_watson_mean),
            "durbin_watson_p": number(target.durbin_watson_p),
            "jarque_bera": {
                "statistic": number(target.jarque_bera),
                "p": number(target.jarque_bera_p),
                "skewness": number(target.skewness),
                "kurtosis": number(target.kurtosis),
            },
            "breusch_pagan": {
                "statistic": number(target.breusch_pagan),
                "p": number(target.breusch_pagan_p),
                "dof": target.breusch_pagan_degrees_of_freedom,
            },
            "mean_leverage": number(fit.solution.rank as f64 / fit.inferences[0].rows),
            "leverages": rows(found, &found.diagnostics.leverages),
            "cooks_distances": rows(found, &target.cooks_distances),
            "findings": findings.collect::<Vec<_>>(),
        });
        if targets.len() > 1 {
            object["target"] = json!(name);
        }
        object
    };
    let all = targets.iter().enumerate();
    one_or_all(all.map(of_target).collect())
}

/// Listed rows with their places, counted from 1.
fn rows(found: &TableDiagnostics, list: &[RowFigure]) -> Value {
    let row = |figure: &RowFigure| {
        json!({
            "row": figure.row + 1,
            "place": found.known_place(figure.row).map(Place::to_string),
            "value": figure.value,
        })
    };
    json!(list.iter().map(row).collect::<Vec<_>>())
}
