use std::ops::Range;

use super::Parser;
use super::token::Token;
use crate::formula::names::{is_of_name, written};
use crate::formula::{Expected, FormulaError, FormulaProblem};

impl Parser<'_> {
    pub(super) fn no_column(&self, name: &str) -> FormulaError {
        let problem = FormulaProblem::UnknownColumn {
            name: name.to_string(),
            unquoted: self.unquoted(),
            columns: self.columns.into(),
        };
        self.error(self.range.clone(), problem)
    }

    pub(super) fn unexpected(&self, expected: Expected) -> FormulaError {
        let found = (self.token != Token::End).then(|| self.word().to_string());
        let problem = match self.unquoted() {
            Some(column) => FormulaProblem::Unquoted { found, column },
            None => FormulaProblem::Unexpected {
                found,
                expected,
                is_right_side: !self.targets.is_empty(),
            },
        };
        self.error(self.range.clone(), problem)
    }

    /// Returns the column whose name begins here, if it needs backticks and has
    /// none.
    fn unquoted(&self) -> Option<String> {
        let rest = &self.text[self.range.start..];
        let begins_here = |name: &str| {
            let after = rest.strip_prefix(name);
            after.is_some_and(|after| !name.is_empty() && !after.starts_with(is_of_name))
        };
        let found = self
            .columns
            .iter()
            .filter(|name| begins_here(name) && written(name) != **name);
        found.max_by_key(|name| name.len()).cloned()
    }

    pub(super) fn error(&self, range: Range<usize>, problem: FormulaProblem) -> FormulaError {
        FormulaError::new(self.text.to_string(), range, problem)
    }
}
