//! The coefficients as the rows of a table.

use linreg_data::Encoder;
use linreg_exact::Inference;

use crate::number::{four_digits, significant, six_digits};
use crate::{ColumnTest, FittedModel};

/// The name of the bias among the coefficients, as R and statsmodels users know
/// it.
pub const INTERCEPT: &str = "(intercept)";

/// The names of the coefficients.
pub fn names(encoder: &Encoder) -> Vec<String> {
    let intercept = encoder.intercept().then(|| INTERCEPT.to_string());
    intercept
        .into_iter()
        .chain(encoder.feature_names())
        .collect()
}

/// All digits of a test that are shown, and the fewest.
const ALL_OF_TEST: f64 = 6.0;
const FEWEST_OF_TEST: f64 = 4.0;

/// A row for each categorical column with its F test, under a header; no rows without
/// such columns.
pub fn column_tests(tests: &[ColumnTest]) -> Vec<Vec<String>> {
    if tests.is_empty() {
        return Vec::new();
    }
    let header = ["F test that all weights are 0", "weights", "F", "p"];
    let row = |ColumnTest { column, test }: &ColumnTest| {
        let is_known = test.digits >= FEWEST_OF_TEST;
        let known = |text: String| if is_known { text } else { "-".to_string() };
        let f = if test.digits >= ALL_OF_TEST {
            six_digits(test.f)
        } else {
            four_digits(test.f)
        };
        vec![
            column.clone(),
            significant(test.degrees_of_freedom),
            known(f),
            known(p_value(test.p)),
        ]
    };
    let header = header.map(str::to_string).to_vec();
    [header].into_iter().chain(tests.iter().map(row)).collect()
}

/// A coefficient with as many digits has all that a 64-bit float can hold.
const ALL_DIGITS: f64 = 15.0;

/// A row for each coefficient under a header. The digits that can be trusted are
/// given where some coefficient has not all of them.
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
    ];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    let mut fitted = inference.coefficients.iter().filter(|c| !c.is_dropped);
    let loses_digits = fitted.any(|c| c.digits < ALL_DIGITS);
    if loses_digits {
        rows[0].push("digits".to_string());
    }
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
        let mut row = vec![
            name,
            six_digits(c.estimate),
            number(c.std_error),
            or_dash(c.t, t_value(c.t)),
            or_dash(c.p, p_value(c.p)),
            number(c.lower),
            number(c.upper),
        ];
        if loses_digits {
            row.push(format!("{:.0}", c.digits.floor()));
        }
        rows.push(row);
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

/// A row for each coefficient of a target under a header, with its estimate
/// alone; the bias first, if there is one.
pub(crate) fn estimates(model: &FittedModel, target: usize) -> Vec<Vec<String>> {
    let coefficients = model.coefficients();
    let row = |name: &str, value: f64| vec![name.to_string(), six_digits(value)];
    let mut rows = vec![["coefficient", "estimate"].map(str::to_string).to_vec()];
    if model.encoder().intercept() {
        rows.push(row(INTERCEPT, coefficients.bias()[target]));
    }
    let weights = coefficients.weight()[target..].iter();
    let weights = weights.step_by(coefficients.num_targets());
    let names = model.feature_names().iter();
    rows.extend(names.zip(weights).map(|(name, weight)| row(name, *weight)));
    rows
}
