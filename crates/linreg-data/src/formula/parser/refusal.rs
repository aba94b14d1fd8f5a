use std::ops::Range;

use super::Parser;
use super::token::Token;
use crate::formula::FormulaError;
use crate::formula::error::{in_backticks, shortened};
use crate::formula::names::{is_of_name, nearest, written};

impl Parser<'_> {
    pub(super) fn no_column(&self, name: &str) -> FormulaError {
        let advice = if let Some(column) = self.unquoted() {
            format!("the column {column} goes in backticks")
        } else if let Some(near) = nearest(name, self.columns) {
            format!("did you mean {}?", in_backticks(near))
        } else {
            let first: Vec<String> = self
                .columns
                .iter()
                .take(12)
                .map(|name| in_backticks(name))
                .collect();
            let more = match self.columns.len() - first.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("the columns are {}{more}", first.join(", "))
        };
        let message = format!("there is no column {}; {advice}", in_backticks(name));
        self.error(self.range.clone(), message)
    }

    pub(super) fn unexpected(&self, expected: &str) -> FormulaError {
        let found = match self.token {
            Token::End => "the end of the formula".to_string(),
            Token::Backticks => shortened(self.word()),
            _ => format!("`{}`", shortened(self.word())),
        };
        let advice = match self.token {
            Token::Sign('^') => "; powers are written `poly(x, 2)` and products `a*b`",
            Token::Sign('/' | '%') => "; a factor within another is written `a + a:b`",
            Token::Sign('|') => "; groups are not supported, but `C(group)` makes a feature of one",
            Token::Sign('~') if !self.targets.is_empty() => "; a formula has one `~`",
            Token::Quotes => "; a name goes in backticks or in `Q(\"name\")`",
            _ => "",
        };
        let message = match self.unquoted() {
            Some(column) => format!("found {found}; the column {column} goes in backticks"),
            None => format!("found {found}, expected {expected}{advice}"),
        };
        self.error(self.range.clone(), message)
    }

    /// Returns the column whose name begins here, if it needs backticks and has
    /// none.
    pub(super) fn unquoted(&self) -> Option<String> {
        let rest = &self.text[self.range.start..];
        let begins_here = |name: &str| {
            let after = rest.strip_prefix(name);
            after.is_some_and(|after| !name.is_empty() && !after.starts_with(is_of_name))
        };
        let found = self
            .columns
            .iter()
            .filter(|name| begins_here(name) && written(name) != **name);
        found
            .max_by_key(|name| name.len())
            .map(|name| in_backticks(name))
    }

    pub(super) fn error(&self, range: Range<usize>, message: impl Into<String>) -> FormulaError {
        FormulaError {
            formula: self.text.to_string(),
            range,
            message: message.into(),
        }
    }
}
