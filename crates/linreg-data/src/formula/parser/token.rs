use super::Parser;
use crate::formula::names::is_of_name;
use crate::formula::{Expected, FormulaError, FormulaProblem};

/// What a formula is made of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token {
    Name,
    /// A word that begins with a digit.
    Number,
    /// A name in backticks.
    Backticks,
    /// Text in single or double quotes.
    Quotes,
    /// Any other character, and a `.` on its own.
    Sign(char),
    End,
}

impl Parser<'_> {
    /// Returns the name of the function if the token begins a call.
    pub(super) fn called(&self) -> Option<&str> {
        let rest = self.text[self.range.end..].trim_start();
        (self.token == Token::Name && rest.starts_with('(')).then_some(self.word())
    }

    /// Returns the token as it is written.
    pub(super) fn word(&self) -> &str {
        &self.text[self.range.clone()]
    }

    pub(super) fn advance(&mut self) -> Result<(), FormulaError> {
        self.end = self.range.end;
        let rest = self.text[self.end..].trim_start();
        let Some(first) = rest.chars().next() else {
            (self.token, self.range) = (Token::End, self.end..self.end);
            return Ok(());
        };
        let start = self.text.len() - rest.len();
        let length;
        (self.token, length) = match first {
            '`' | '"' | '\'' => {
                let token = if first == '`' {
                    Token::Backticks
                } else {
                    Token::Quotes
                };
                let Some(length) = quoted_length(rest, first) else {
                    let problem = FormulaProblem::NotClosed(first);
                    return Err(self.error(start..start + 1, problem));
                };
                (token, length)
            }
            _ if is_of_name(first) => {
                let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                match first {
                    '.' if length == 1 => (Token::Sign('.'), 1),
                    _ if first.is_numeric() => (Token::Number, length),
                    _ => (Token::Name, length),
                }
            }
            _ => (Token::Sign(first), first.len_utf8()),
        };
        self.range = start..start + length;
        Ok(())
    }

    pub(super) fn expect(&mut self, sign: char) -> Result<(), FormulaError> {
        if self.token != Token::Sign(sign) {
            return Err(self.unexpected(Expected::Sign(sign)));
        }
        self.advance()
    }

    pub(super) fn expect_raw(&mut self, word: &'static str) -> Result<(), FormulaError> {
        if self.word() != word {
            return Err(self.unexpected(Expected::Raw(word)));
        }
        self.advance()
    }
}

/// Returns the length of the quoted text with which `rest` begins; a doubled
/// quote is part of the text.
fn quoted_length(rest: &str, quote: char) -> Option<usize> {
    let mut end = 1;
    loop {
        end += rest[end..].find(quote)? + 1;
        if !rest[end..].starts_with(quote) {
            return Some(end);
        }
        end += 1;
    }
}
