use std::io::Write;

use linreg_backend::check::{Finding, Outcome};
use serde_json::{Value, json};

use crate::number::{significant, thousands};
use crate::terminal::{RED, Text};

/// The finding as JSON.
pub fn json(finding: &Finding) -> Value {
    let mut value = json!({
        "operation": finding.operation,
        "rows": finding.rows,
        "used": finding.avoided.is_none(),
        "right": finding.is_right(),
    });
    match &finding.outcome {
        Outcome::Right { relative_error } => value["relative_error"] = json!(relative_error),
        Outcome::Wrong {
            expected,
            found,
            relative_error,
        } => {
            value["expected"] = json!(expected);
            value["found"] = json!(found);
            value["relative_error"] = json!(relative_error);
        }
        Outcome::Failed(message) => value["message"] = json!(message),
    }
    if let (false, Some(avoided)) = (finding.is_right(), finding.avoided) {
        value["avoided"] = json!(avoided);
    }
    value
}

/// Prints one line for the sizes at which an operation is right, and one for
/// each size at which it is wrong.
pub fn print(out: &mut Text<impl Write>, findings: &[Finding]) -> std::io::Result<()> {
    let mut operations: Vec<&str> = findings.iter().map(|finding| finding.operation).collect();
    operations.dedup();
    let width = operations.iter().map(|name| name.len()).max().unwrap_or(0);
    for operation in operations {
        let of = || findings.iter().filter(|f| f.operation == operation);
        let right: Vec<&Finding> = of().filter(|finding| finding.is_right()).collect();
        if let (Some(first), Some(last)) = (right.first(), right.last()) {
            let errors = right.iter().map(|finding| match finding.outcome {
                Outcome::Right { relative_error } => relative_error,
                _ => 0.0,
            });
            let rows = if first.rows == last.rows {
                format!("{} rows", thousands(last.rows))
            } else {
                format!("{} to {} rows", thousands(first.rows), thousands(last.rows))
            };
            writeln!(
                out,
                "  right  {operation:<width$}  {rows:<21}  relative error {:.0e}",
                errors.fold(0.0, f64::max)
            )?;
        }
        for finding in of().filter(|finding| !finding.is_right()) {
            let what = match &finding.outcome {
                Outcome::Right { .. } => continue,
                Outcome::Failed(message) => message.clone(),
                Outcome::Wrong {
                    expected,
                    found,
                    relative_error,
                } => format!(
                    "expected {}, found {}, relative error {relative_error:.0e}",
                    significant(*expected),
                    significant(*found)
                ),
            };
            let rows = format!("{} rows", thousands(finding.rows));
            write!(out, "  ")?;
            out.styled(RED, "WRONG")?;
            writeln!(out, "  {operation:<width$}  {rows:<21}  {what}")?;
            let how = match finding.avoided {
                Some(how) => format!("linreg avoids it: {how}"),
                None => "linreg uses it".to_string(),
            };
            writeln!(out, "         {:<width$}  {how}", "")?;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rows: usize, outcome: Outcome, avoided: Option<&'static str>) -> Finding {
        Finding {
            operation: "sum",
            rows,
            outcome,
            avoided,
        }
    }

    #[test]
    fn a_line_says_what_was_expected_and_how_it_is_avoided() {
        let mut out = Text::to(anstream::StripStream::new(Vec::new()));
        let right = |relative_error| Outcome::Right { relative_error };
        let wrong = Outcome::Wrong {
            expected: 100.0,
            found: 65.5,
            relative_error: 0.345,
        };
        let findings = [
            finding(1, right(0.0), None),
            finding(1000, right(5e-4), None),
            finding(100_000, wrong, Some("no sum has so many rows")),
        ];
        print(&mut out, &findings).unwrap();
        let text = String::from_utf8(out.into_inner().into_inner()).unwrap();
        assert_eq!(
            text,
            "  right  sum  1 to 1,000 rows        relative error 5e-4\n  \
               WRONG  sum  100,000 rows           expected 100, found 65.5, relative error 3e-1\n         \
                      \x20    linreg avoids it: no sum has so many rows\n\n"
        );
        let json = json(&findings[2]);
        assert_eq!(json["right"], false);
        assert_eq!(json["found"], 65.5);
        assert_eq!(json["avoided"], "no sum has so many rows");
    }
}
