use std::io::Write;

use serde_json::{Value, json};

use crate::number::{significant, thousands};
use crate::terminal::{RED, Text};

/// The outcome of one operation at one size.
pub struct Finding {
    pub operation: &'static str,
    pub rows: usize,
    pub outcome: Outcome,
    /// How linreg avoids the operation, if it does not use it at this size.
    pub avoided: Option<&'static str>,
}

pub enum Outcome {
    Right {
        relative_error: f64,
    },
    Wrong {
        expected: f64,
        found: f64,
        relative_error: f64,
    },
    Failed(String),
}

impl Outcome {
    /// Compares numbers one by one, each error relative to the largest number
    /// expected.
    pub fn compare(found: &[f64], expected: &[f64], tolerance: f64) -> Self {
        if found.len() != expected.len() {
            let (found, expected) = (found.len(), expected.len());
            return Self::Failed(format!(
                "gave {found} numbers where {expected} were expected"
            ));
        }
        let scale = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let scale = if scale == 0.0 { 1.0 } else { scale };
        let mut worst = Self::Right {
            relative_error: 0.0,
        };
        let mut most = 0.0;
        for (&found, &expected) in found.iter().zip(expected) {
            let relative_error = (found - expected).abs() / scale;
            // NaN counts as the largest error.
            if relative_error > most || relative_error.is_nan() {
                most = relative_error;
                worst = if relative_error <= tolerance {
                    Self::Right { relative_error }
                } else {
                    Self::Wrong {
                        expected,
                        found,
                        relative_error,
                    }
                };
                if relative_error.is_nan() {
                    break;
                }
            }
        }
        worst
    }
}

impl Finding {
    fn is_right(&self) -> bool {
        matches!(self.outcome, Outcome::Right { .. })
    }

    /// Whether something that linreg uses is wrong.
    pub fn is_fatal(&self) -> bool {
        self.avoided.is_none() && !self.is_right()
    }

    pub fn json(&self) -> Value {
        let mut value = json!({
            "operation": self.operation,
            "rows": self.rows,
            "used": self.avoided.is_none(),
            "right": self.is_right(),
        });
        match &self.outcome {
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
        if let (false, Some(avoided)) = (self.is_right(), self.avoided) {
            value["avoided"] = json!(avoided);
        }
        value
    }
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

    fn finding(rows: usize, found: f64, avoided: Option<&'static str>) -> Finding {
        Finding {
            operation: "sum",
            rows,
            outcome: Outcome::compare(&[found], &[100.0], 1e-3),
            avoided,
        }
    }

    #[test]
    fn wrong_is_fatal_only_where_it_is_used() {
        assert!(!finding(1, 100.05, None).is_fatal());
        assert!(finding(1, 101.0, None).is_fatal());
        assert!(finding(1, f64::NAN, None).is_fatal());
        assert!(!finding(1, 101.0, Some("it is not used")).is_fatal());
        let fewer = Outcome::compare(&[1.0], &[1.0, 2.0], 0.1);
        assert!(matches!(fewer, Outcome::Failed(_)));
    }

    #[test]
    fn a_line_says_what_was_expected_and_how_it_is_avoided() {
        let mut out = Text::to(anstream::StripStream::new(Vec::new()));
        let findings = [
            finding(1, 100.0, None),
            finding(1000, 100.05, None),
            finding(100_000, 65.5, Some("no sum has so many rows")),
        ];
        print(&mut out, &findings).unwrap();
        let text = String::from_utf8(out.into_inner().into_inner()).unwrap();
        assert_eq!(
            text,
            "  right  sum  1 to 1,000 rows        relative error 5e-4\n  \
               WRONG  sum  100,000 rows           expected 100, found 65.5, relative error 3e-1\n         \
                      \x20    linreg avoids it: no sum has so many rows\n\n"
        );
        let json = findings[2].json();
        assert_eq!(json["right"], false);
        assert_eq!(json["found"], 65.5);
        assert_eq!(json["avoided"], "no sum has so many rows");
    }
}
