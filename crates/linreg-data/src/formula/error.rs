use std::ops::Range;

use super::FormulaProblem;
use super::shown::{WINDOW, escaped};

/// An error in a formula: where it is, and what to write instead.
///
/// ```
/// let columns = ["price", "area", "town"].map(String::from);
/// let error = linreg_data::Formula::parse("price ~ aera + C(town)", &columns).unwrap_err();
/// assert_eq!(error.to_string(), "\
/// character 9: there is no column `aera`; did you mean `area`?
///     price ~ aera + C(town)
///             ^^^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {}: {problem}\n{}", self.position(), self.excerpt())]
pub struct FormulaError {
    formula: String,
    /// The part that is wrong, in bytes; empty at the end of the formula.
    range: Range<usize>,
    problem: Box<FormulaProblem>,
}

impl FormulaError {
    pub(super) fn new(formula: String, range: Range<usize>, problem: FormulaProblem) -> Self {
        Self {
            formula,
            range,
            problem: Box::new(problem),
        }
    }

    /// What is wrong there.
    pub fn problem(&self) -> &FormulaProblem {
        &self.problem
    }

    /// The part of the formula that is wrong; empty at its end.
    pub fn found(&self) -> &str {
        &self.formula[self.range.clone()]
    }

    /// The position of the error in characters, from 1.
    ///
    /// ```
    /// let columns = ["y", "x"].map(String::from);
    /// let error = linreg_data::Formula::parse("y ~ x + log(x)", &columns).unwrap_err();
    /// assert_eq!(error.position(), 9);
    /// ```
    pub fn position(&self) -> usize {
        self.formula[..self.range.start].chars().count() + 1
    }

    /// Returns the formula, or the part of it around the error, above a line of
    /// carets.
    pub(super) fn excerpt(&self) -> String {
        let length = |text: &str| escaped(text).chars().count();
        let start = length(&self.formula[..self.range.start]);
        let width = length(&self.formula[self.range.clone()]);
        let all: Vec<char> = escaped(&self.formula).chars().collect();
        let (from, to) = if all.len() <= WINDOW {
            (0, all.len())
        } else {
            // Two characters are reserved for the ellipses.
            let visible = WINDOW - 2;
            let from = start.saturating_sub(WINDOW / 2).min(all.len() - visible);
            (from, from + visible)
        };
        let before = if from > 0 { "…" } else { "" };
        let after = if to < all.len() { "…" } else { "" };
        let visible: String = all[from..to].iter().collect();
        let indent = " ".repeat(before.chars().count() + start - from);
        let carets = "^".repeat(width.min(to - start).max(1));
        format!("    {before}{visible}{after}\n    {indent}{carets}")
    }
}
