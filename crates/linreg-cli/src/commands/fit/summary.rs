use std::collections::HashSet;
use std::io;

use linreg_data::{Column, Encoder, Feature, FeatureFactor};
use linreg_exact::{Coefficient, Inference, Policy, Solution};
use serde_json::{Value, json};

use super::exact::{ExactFit, relations_lines, robust_name};
use super::{diagnostics, ridge};
use crate::commands::INTERCEPT;
use crate::number::{count, plain, significant, six_digits, table};
use crate::terminal::{Text, YELLOW};

/// Prints the fit as people know it from R and statsmodels, what it says in words,
/// and its warnings.
pub fn print(out: &mut Text, fit: &ExactFit, encoder: &Encoder) -> io::Result<()> {
    write!(out, "{}", text(fit, encoder))?;
    let warnings = warnings(fit, encoder);
    if !warnings.is_empty() {
        writeln!(out)?;
        out.styled(YELLOW, "Warnings")?;
        writeln!(out)?;
    }
    for warning in warnings {
        writeln!(out, "  {}", warning.replace('\n', "\n  "))?;
    }
    Ok(())
}

fn text(fit: &ExactFit, encoder: &Encoder) -> String {
    let mut text = String::new();
    let targets = encoder.targets();
    for (index, (inference, target)) in fit.inferences.iter().zip(targets).enumerate() {
        if targets.len() > 1 {
            let line = if index > 0 { "\n" } else { "" };
            text += &format!("{line}{}\n", plain(target));
        }
        if let Some(ridge) = &fit.ridge {
            text += &ridge::text(fit, ridge, index, encoder);
            continue;
        }
        text += &table(&coefficients(inference, encoder));
        text += &format!("\n{}", lines(&figures(fit, inference, target)));
        let meaning = meaning(inference, encoder, target);
        if !meaning.is_empty() {
            text += &format!(
                "\n{}\n  {}\n",
                meaning_heading(inference),
                meaning.join("\n  ")
            );
        }
        if let Some(found) = &fit.diagnostics {
            text += &format!("\n{}", diagnostics::text(fit, found, index, encoder));
        }
    }
    text
}

/// The names of the coefficients.
pub fn names(encoder: &Encoder) -> Vec<String> {
    let intercept = encoder.intercept().then(|| INTERCEPT.to_string());
    intercept
        .into_iter()
        .chain(encoder.feature_names())
        .collect()
}

/// A row for each coefficient under a header.
pub fn coefficients(inference: &Inference, encoder: &Encoder) -> Vec<Vec<String>> {
    let share = significant(100.0 * inference.confidence);
    let header = [
        "coefficient",
        "estimate",
        "std. error",
        "t",
        "p",
        &format!("{share} % from"),
        "to",
        "digits",
    ];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    let or_dash = |value: f64, text: String| {
        if value.is_nan() {
            "-".to_string()
        } else {
            text
        }
    };
    let number = |value: f64| or_dash(value, six_digits(value));
    for (name, c) in names(encoder).into_iter().zip(&inference.coefficients) {
        if c.is_dropped {
            rows.push(vec![name, "left out".to_string()]);
            continue;
        }
        rows.push(vec![
            name,
            six_digits(c.estimate),
            number(c.std_error),
            or_dash(c.t, t_value(c.t)),
            or_dash(c.p, p_value(c.p)),
            number(c.lower),
            number(c.upper),
            format!("{:.0}", c.digits.floor()),
        ]);
    }
    rows
}

fn t_value(t: f64) -> String {
    match t.abs() {
        size if size.is_infinite() => format!("{t}"),
        size if size < 1e5 => format!("{t:.2}"),
        _ => format!("{t:.1e}"),
    }
}

/// A probability with the digits that matter.
pub fn p_value(p: f64) -> String {
    match p {
        0.0 => "<1e-300".to_string(),
        _ if p < 1e-3 => format!("{p:.1e}"),
        _ => format!("{p:.3}"),
    }
}

/// The figures of the fit as a whole, each with its meaning.
pub fn figures(fit: &ExactFit, inference: &Inference, target: &str) -> Vec<(&'static str, String)> {
    let target = plain(target);
    let solution = &fit.solution;
    let about = match solution.has_intercept {
        true => "share of the variance explained",
        false => "share of the squares explained, about 0 without an intercept",
    };
    let r_squared = match inference.r_squared.is_nan() {
        true => format!("-  `{target}` has no variance to explain"),
        false => format!(
            "{}  {about}; adjusted {}",
            significant(inference.r_squared),
            or_unknown(inference.adjusted_r_squared)
        ),
    };
    let freedom = significant(inference.degrees_of_freedom);
    let mut rows = vec![
        ("R²", r_squared),
        (
            "residual error",
            format!(
                "{}  standard deviation, in the unit of `{target}`; {freedom} degrees of freedom",
                or_unknown(inference.residual_std_error)
            ),
        ),
    ];
    if inference.is_exact && inference.degrees_of_freedom > 0.0 {
        rows.push((
            "residuals",
            format!(
                "0 within the rounding of the numbers: the model gives `{target}` exactly, so t, p, F and the likelihood are not defined"
            ),
        ));
    }
    if let Some(kind) = fit.robust {
        rows.push((
            "std. errors",
            format!(
                "{}, which allow for residuals whose spread differs from row to row; t, p, intervals and F by them",
                robust_name(kind)
            ),
        ));
    }
    if inference.f.is_finite() {
        rows.push((
            "F",
            format!(
                "{}  on {} and {freedom} degrees of freedom; p {} for the hypothesis that all weights are 0",
                significant(inference.f),
                significant(inference.f_degrees_of_freedom),
                p_value(inference.f_p)
            ),
        ));
    }
    if inference.log_likelihood.is_finite() && inference.degrees_of_freedom > 0.0 {
        rows.push((
            "log-likelihood",
            format!(
                "{}; AIC {}, BIC {}",
                significant(inference.log_likelihood),
                significant(inference.aic),
                significant(inference.bic)
            ),
        ));
    }
    rows.push((
        "precision",
        format!(
            "{} above; condition {}; {}",
            precision(std::slice::from_ref(inference)),
            significant(solution.condition),
            fit.method()
        ),
    ));
    rows
}

/// How many digits of every figure can be trusted.
pub fn precision(inferences: &[Inference]) -> String {
    let least = |digits: fn(&Inference) -> f64| {
        let all = inferences.iter().map(digits);
        all.fold(f64::INFINITY, f64::min).floor()
    };
    let fewest = least(Inference::fewest_digits);
    let of_p = least(Inference::fewest_digits_of_p);
    if of_p < fewest {
        format!("{of_p:.0} digits or more of every p, {fewest:.0} of every other figure")
    } else {
        format!("{fewest:.0} digits or more of every figure")
    }
}

fn lines(rows: &[(&str, String)]) -> String {
    let names = rows.iter().map(|(name, _)| name.chars().count());
    let width = names.max().unwrap_or(0);
    let lines = rows
        .iter()
        .map(|(name, text)| format!("  {name:<width$}  {text}\n"));
    lines.collect()
}

fn or_unknown(value: f64) -> String {
    match value.is_finite() {
        true => significant(value),
        false => "-".to_string(),
    }
}

/// The heading of [`meaning`].
pub fn meaning_heading(inference: &Inference) -> String {
    format!(
        "Coefficients significant at {}",
        diagnostics::percent(1.0 - inference.confidence)
    )
}

/// The meaning of the coefficients that are significant at the level of the
/// intervals, the largest |t| first. Coefficients whose figures are not defined
/// are left out.
pub fn meaning(inference: &Inference, encoder: &Encoder, target: &str) -> Vec<String> {
    /// The most coefficients that a reader takes in.
    const MOST: usize = 5;
    let features = encoder.features();
    let level = 1.0 - inference.confidence;
    let coefficients = &inference.coefficients[usize::from(encoder.intercept())..];
    let mut sure: Vec<(&Feature, &Coefficient)> = features.iter().zip(coefficients).collect();
    let together = together(&features);
    sure.retain(|(feature, c)| {
        let is_alone = !is_among(feature, &together);
        c.p < level && c.t.is_finite() && is_alone && !c.is_dropped
    });
    sure.sort_by(|(_, a), (_, b)| b.t.abs().total_cmp(&a.t.abs()));
    let target = plain(target);
    let others = if features.len() > 1 {
        ", other features held fixed"
    } else {
        ""
    };
    let line = |(feature, c): &(&Feature, &Coefficient)| {
        let way = if c.estimate > 0.0 { "higher" } else { "lower" };
        let (from, to) = match c.estimate > 0.0 {
            true => (c.lower, c.upper),
            false => (-c.upper, -c.lower),
        };
        let size = significant(c.estimate.abs());
        let range = format!("{} to {}", significant(from), significant(to));
        format!(
            "{}: `{target}` is {way} by {size} ({range}){others}",
            of_feature(feature)
        )
    };
    let mut lines: Vec<String> = sure.iter().take(MOST).map(line).collect();
    if !together.is_empty() {
        lines.push(
            "The coefficients of products and powers have no meaning one by one: predict shows what they give together"
                .to_string(),
        );
    }
    if sure.len() > MOST {
        lines.push(format!(
            "and {} more that are significant at {}",
            sure.len() - MOST,
            diagnostics::percent(level)
        ));
    }
    lines
}

/// The columns of products and powers, whose weights mean nothing one by one.
pub fn together(features: &[Feature]) -> HashSet<&str> {
    let several = features.iter().filter(|feature| !feature.is_single());
    several.flat_map(Feature::columns).collect()
}

/// Whether a feature is made of one of these columns.
pub fn is_among(feature: &Feature, together: &HashSet<&str>) -> bool {
    feature.columns().any(|column| together.contains(column))
}

/// What a feature's weight compares.
fn of_feature(feature: &Feature) -> String {
    match &feature.factors[..] {
        [
            FeatureFactor::Level {
                column,
                level,
                baseline,
            },
        ] => {
            let of_level = format!("{} {}", plain(column), plain(level));
            match baseline {
                Some(baseline) => format!("{of_level} rather than {}", plain(baseline)),
                None => of_level,
            }
        }
        [FeatureFactor::Missing { column, .. }] => format!("{} missing", plain(column)),
        _ => format!("1 more of `{}`", plain(&feature.to_string())),
    }
}

/// Warnings about the fit.
pub fn warnings(fit: &ExactFit, encoder: &Encoder) -> Vec<String> {
    if let Some(ridge) = &fit.ridge {
        return ridge::warnings(fit, ridge, encoder);
    }
    let solution = &fit.solution;
    let mut warnings = Vec::new();
    let rows = fit.inferences.first().map_or(0.0, |first| first.rows);
    let (rows, coefficients) = (rows as u64, solution.rank as u64);
    let names = names(encoder);
    let constant = usize::from(solution.has_intercept);
    if !solution.relations.is_empty() {
        let lines = relations_lines(&solution.relations, &names[constant..]);
        warnings.push(format!(
            "linearly dependent features:\n{}",
            lines.trim_end()
        ));
    }
    if rows <= coefficients {
        warnings.push(format!(
            "{} for {}: the fit goes through every row and says nothing of others",
            count(rows as usize, "row"),
            count(names.len(), "coefficient")
        ));
    } else if rows < 10 * coefficients {
        warnings.push(format!(
            "{} for {}: a rule of thumb is ten rows or more for each coefficient",
            count(rows as usize, "row"),
            count(names.len(), "coefficient")
        ));
    }
    for (inference, target) in fit.inferences.iter().zip(encoder.targets()) {
        let target = plain(target);
        if inference.is_constant {
            warnings.push(format!(
                "`{target}` is the same in every row, so there is nothing to explain"
            ));
        } else if rows > coefficients && inference.is_exact {
            warnings.push(format!(
                "the features give `{target}` exactly; was it computed from them?"
            ));
        }
    }
    let all = fit.inferences.iter().map(Inference::fewest_digits);
    let fewest = all.fold(f64::INFINITY, f64::min);
    if fewest < Policy::DIGITS {
        warnings.push(format!(
            "only {:.0} digits of some figures are reliable: the features are nearly linearly dependent, or the figures lose digits to cancellation",
            fewest.floor()
        ));
    }
    warnings.extend(inflated(solution, &fit.inferences, encoder));
    warnings.extend(encoder.columns().iter().filter_map(rounded));
    warnings
}

/// Warns of whole numbers so large that 64-bit floats round them, and so close
/// to each other that it matters.
fn rounded(column: &Column) -> Option<String> {
    /// 2^53.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let spread = column.spread?;
    let size = spread.min.abs().max(spread.max.abs());
    let is_rounded = size > WHOLE && spread.max - spread.min < 1e-6 * size;
    is_rounded.then(|| {
        format!(
            "`{}` has numbers beyond 2^53, which 64-bit floats round to a multiple of 2 or more: subtract a constant from all of them in the file, or take them as levels",
            plain(&column.name)
        )
    })
}

/// The variance inflation factor above which textbooks see a problem.
pub const MUCH_INFLATION: f64 = 10.0;

/// Warns of features that are nearly linearly dependent.
fn inflated(solution: &Solution, inferences: &[Inference], encoder: &Encoder) -> Option<String> {
    let first = inferences.first()?;
    if !solution.relations.is_empty() {
        return None;
    }
    // Products and powers are correlated by construction.
    let features = encoder.features();
    let together = together(&features);
    let coefficients = &first.coefficients[usize::from(encoder.intercept())..];
    let mut list: Vec<(String, f64)> = features
        .iter()
        .zip(coefficients)
        .filter(|(feature, c)| {
            c.variance_inflation > MUCH_INFLATION && !is_among(feature, &together)
        })
        .map(|(feature, c)| (feature.to_string(), c.variance_inflation))
        .collect();
    list.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let (_, most) = list.first()?;
    let named = list
        .iter()
        .take(3)
        .map(|(name, _)| format!("`{}`", plain(name)));
    let named: Vec<String> = named.collect();
    let more = match list.len().saturating_sub(3) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let are = match list.len() {
        1 => "is",
        _ => "are",
    };
    Some(format!(
        "{}{more} {are} strongly correlated with other features: standard errors are up to {} times what they would be with uncorrelated features",
        named.join(", "),
        significant((most.sqrt() * 10.0).round() / 10.0)
    ))
}

/// A number, or null for one that is not known or infinite.
pub fn number(value: f64) -> Value {
    match value.is_finite() {
        true => json!(value),
        false => Value::Null,
    }
}

/// Adds to each coefficient its standard error, test, interval and digits.
pub fn extend_coefficients(fit: &ExactFit, list: &mut Value) {
    if fit.ridge.is_some() {
        return ridge::extend_coefficients(fit, list);
    }
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
pub fn statistics_json(fit: &ExactFit, targets: &[String]) -> Value {
    if let Some(ridge) = &fit.ridge {
        return ridge::json(fit, ridge, targets);
    }
    let solution = &fit.solution;
    let of_target = |(inference, target): (&Inference, &String)| {
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
            "exact": inference.is_exact,
            "constant_target": inference.is_constant,
            "digits": digits_json(inference),
            "std_errors": fit.robust.map_or("equal variances", robust_name),
            "confidence": inference.confidence,
        });
        if targets.len() > 1 {
            object["target"] = json!(target);
        }
        object
    };
    one_or_all(fit.inferences.iter().zip(targets).map(of_target).collect())
}

/// How many digits of each figure can be trusted, and relative to what.
fn digits_json(inference: &Inference) -> Value {
    let digits = &inference.digits;
    json!({
        "every_figure": number(inference.fewest_digits()),
        "every_p": number(inference.fewest_digits_of_p()),
        "residual_std_error": number(digits.residual_std_error),
        "r_squared": number(digits.r_squared),
        "adjusted_r_squared": number(digits.adjusted_r_squared),
        "f": number(digits.f),
        "f_p": number(digits.f_p),
        "log_likelihood": number(digits.log_likelihood),
        "aic": number(digits.aic),
        "bic": number(digits.bic),
        "relative_to": "the figure itself; an estimate, to the larger of its size and its standard error; t, to at least 1; the ends of an interval, to at least half its length",
    })
}

/// The only entry of a list of one, or an array of several.
pub fn one_or_all(mut list: Vec<Value>) -> Value {
    match list.len() {
        1 => list.remove(0),
        _ => Value::Array(list),
    }
}

/// The linearly dependent features, as formulas.
pub fn relations_json(fit: &ExactFit, encoder: &Encoder) -> Value {
    let names = encoder.feature_names();
    let relations = fit.solution.relations.iter();
    json!(
        relations
            .map(|relation| relation.describe(&names))
            .collect::<Vec<_>>()
    )
}
