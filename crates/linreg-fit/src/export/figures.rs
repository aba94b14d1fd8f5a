//! The figures of an exact fit as a whole, and what its coefficients mean, in
//! words.

use linreg_data::{Encoder, Feature, FeatureFactor};
use linreg_exact::{Coefficient, Inference};

use super::checks::percent;
use super::coefficients::p_value;
use crate::exact::{ExactFit, is_among, together};
use crate::number::{in_sentence, plain, significant};

/// The figures of the fit as a whole, each with its meaning.
pub fn figures(fit: &ExactFit, inference: &Inference, target: &str) -> Vec<(&'static str, String)> {
    let target = plain(target);
    let solution = &fit.solution;
    let about = if solution.has_intercept {
        "share of the variance explained"
    } else {
        "share of the squares explained, about 0 without an intercept"
    };
    let r_squared = if inference.r_squared.is_nan() {
        format!("-  `{target}` has no variance to explain")
    } else {
        format!(
            "{}  {about}; adjusted {}",
            significant(inference.r_squared),
            or_unknown(inference.adjusted_r_squared)
        )
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
                kind.name()
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

fn or_unknown(value: f64) -> String {
    if value.is_finite() {
        significant(value)
    } else {
        "-".to_string()
    }
}

/// The heading of [`meaning`].
pub fn meaning_heading(inference: &Inference) -> String {
    format!(
        "Coefficients significant at {}",
        percent(1.0 - inference.confidence)
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
        let (from, to) = if c.estimate > 0.0 {
            (c.lower, c.upper)
        } else {
            (-c.upper, -c.lower)
        };
        let size = in_sentence(c.estimate.abs());
        let range = format!("{} to {}", in_sentence(from), in_sentence(to));
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
            percent(level)
        ));
    }
    lines
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
