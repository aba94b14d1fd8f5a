mod refusal;
mod token;

use std::collections::HashSet;
use std::ops::Range;

use super::{Expected, Factor, Formula, FormulaError, FormulaProblem, HIGHEST_DEGREE, Term};
use token::Token;

/// The largest depth of nested parentheses: each level takes some of the stack.
const DEEPEST: usize = 100;

/// The largest number of factors in all terms of a formula, written out; about
/// 10,000 products of two. Each further `*` can double the terms.
const MOST_FACTORS: usize = 20_000;

/// The terms that a part of the right side stands for.
#[derive(Default)]
struct Sum {
    terms: Vec<Term>,
    /// Whether a `1` or `0` in it asks for an intercept; None without either.
    intercept: Option<bool>,
}

/// Reads a formula from left to right.
pub struct Parser<'a> {
    text: &'a str,
    columns: &'a [String],
    /// The targets; empty until all are read.
    targets: Vec<String>,
    /// The columns that the formula names.
    named: HashSet<String>,
    /// The current token, and its position in bytes.
    token: Token,
    range: Range<usize>,
    /// The end of the token before it.
    end: usize,
    /// The number of open parentheses.
    depth: usize,
    /// The number of factors made so far.
    written: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, columns: &'a [String]) -> Self {
        Self {
            text,
            columns,
            targets: Vec::new(),
            named: HashSet::new(),
            token: Token::End,
            range: 0..0,
            end: 0,
            depth: 0,
            written: 0,
        }
    }

    /// Parses the formula; also returns the columns that only a `.` stands for.
    pub fn formula(mut self) -> Result<(Formula, Vec<String>), FormulaError> {
        if !self.text.contains('~') {
            let end = self.text.trim_end().len();
            return Err(self.error(end..end, FormulaProblem::NoTilde));
        }
        self.advance()?;
        let mut targets = vec![self.column()?];
        while self.token == Token::Sign('+') {
            self.advance()?;
            let target = self.column()?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        if self.token != Token::Sign('~') {
            return Err(self.unexpected(Expected::TargetOrTilde));
        }
        self.advance()?;
        self.targets = targets;

        let start = self.range.start;
        let mut sum = self.sum()?;
        if self.token != Token::End {
            return Err(self.unexpected(Expected::OperatorOrEnd));
        }
        if sum.terms.is_empty() {
            return Err(self.error(start..self.end, FormulaProblem::NoFeatures));
        }
        sum.terms.sort_by_key(|term| term.0.len());
        let mut implied = Vec::new();
        for factor in sum.terms.iter().flat_map(|term| &term.0) {
            let name = factor.column();
            if !self.named.contains(name) && !implied.iter().any(|other| other == name) {
                implied.push(name.to_string());
            }
        }
        let formula = Formula {
            targets: self.targets,
            terms: sum.terms,
            intercept: sum.intercept.unwrap_or(true),
        };
        Ok((formula, implied))
    }

    /// Parses parts joined by `+` and `-`.
    fn sum(&mut self) -> Result<Sum, FormulaError> {
        let mut sum = Sum::default();
        let mut removes = self.token == Token::Sign('-');
        if matches!(self.token, Token::Sign('+' | '-')) {
            self.advance()?;
        }
        loop {
            let start = self.range.start;
            let part = self.product('*')?;
            if removes {
                for term in &part.terms {
                    let before = sum.terms.len();
                    sum.terms.retain(|kept| !is_same(kept, term));
                    if sum.terms.len() == before {
                        let problem = FormulaProblem::NothingToRemove(term.clone());
                        return Err(self.error(start..self.end, problem));
                    }
                }
            } else {
                sum.terms.extend(part.terms);
            }
            // As in R, removing 1 is adding 0, and the other way round.
            if let Some(intercept) = part.intercept {
                sum.intercept = Some(intercept != removes);
            }
            removes = match self.token {
                Token::Sign('+') => false,
                Token::Sign('-') => true,
                _ => break,
            };
            self.advance()?;
        }
        keep_first(&mut sum.terms);
        Ok(sum)
    }

    /// Parses parts joined by `*`, or parts of these joined by `:`, which binds
    /// tighter.
    fn product(&mut self, operator: char) -> Result<Sum, FormulaError> {
        let operand = |parser: &mut Self| match operator {
            '*' => parser.product(':'),
            _ => parser.atom(),
        };
        let start = self.range.start;
        let mut left = operand(self)?;
        while self.token == Token::Sign(operator) {
            self.refuse_intercept(&left, start)?;
            self.advance()?;
            let right_start = self.range.start;
            let right = operand(self)?;
            self.refuse_intercept(&right, right_start)?;

            let mut products = Vec::new();
            for Term(factors) in &left.terms {
                for Term(others) in &right.terms {
                    let mut product = factors.clone();
                    product.extend(others.iter().filter(|new| !factors.contains(new)).cloned());
                    self.count(product.len(), start..self.end)?;
                    products.push(Term(product));
                }
            }
            let no_products = products.is_empty();
            if operator == '*' {
                left.terms.extend(right.terms);
                left.terms.extend(products);
            } else {
                left.terms = products;
            }
            // Without products there are no duplicates to remove; since these
            // factors are not counted, this avoids unlimited work.
            if !no_products {
                keep_first(&mut left.terms);
            }
        }
        Ok(left)
    }

    /// Refuses `1` and `0` in a product.
    fn refuse_intercept(&self, operand: &Sum, start: usize) -> Result<(), FormulaError> {
        match operand.intercept {
            None => Ok(()),
            Some(_) => Err(self.error(start..self.end, FormulaProblem::InterceptInProduct)),
        }
    }

    fn atom(&mut self) -> Result<Sum, FormulaError> {
        let range = self.range.clone();
        let mut sum = Sum::default();
        match self.token {
            Token::Sign('(') => {
                if self.depth == DEEPEST {
                    return Err(self.error(range, FormulaProblem::TooDeep { limit: DEEPEST }));
                }
                self.depth += 1;
                self.advance()?;
                sum = self.sum()?;
                self.expect(')')?;
                self.depth -= 1;
            }
            Token::Sign('.') => {
                self.count(self.columns.len(), range)?;
                self.advance()?;
                for name in self.columns {
                    if !self.targets.contains(name) {
                        sum.terms.push(Term(vec![Factor::Column(name.clone())]));
                    }
                }
            }
            Token::Number if matches!(self.word(), "0" | "1") => {
                sum.intercept = Some(self.word() == "1");
                self.advance()?;
            }
            Token::Name | Token::Backticks => {
                sum.terms.push(Term(vec![self.factor()?]));
                self.count(1, range)?;
            }
            _ => return Err(self.unexpected(Expected::Term)),
        }
        Ok(sum)
    }

    fn factor(&mut self) -> Result<Factor, FormulaError> {
        let powers = match self.called() {
            Some("C") => false,
            Some("poly") => true,
            _ => return self.column().map(Factor::Column),
        };
        self.advance()?;
        self.expect('(')?;
        let column = self.column()?;
        if !powers {
            self.expect(')')?;
            return Ok(Factor::Categorical(column));
        }
        self.expect(',')?;
        let Ok(degree @ 1..=HIGHEST_DEGREE) = self.word().parse() else {
            return Err(self.unexpected(Expected::Degree));
        };
        self.advance()?;
        if self.token == Token::Sign(',') {
            self.advance()?;
            self.expect_raw("raw")?;
            self.expect('=')?;
            self.expect_raw("TRUE")?;
        }
        self.expect(')')?;
        Ok(Factor::Powers { column, degree })
    }

    /// Parses a column name: as it is, in backticks, or as patsy's `Q("name")`.
    fn column(&mut self) -> Result<String, FormulaError> {
        let quoted = match self.called() {
            None => false,
            Some("Q") => true,
            Some("C" | "poly") => return Err(self.unexpected(Expected::Column)),
            Some(function) => {
                let problem = FormulaProblem::UnknownFunction(function.to_string());
                return Err(self.error(self.range.clone(), problem));
            }
        };
        if quoted {
            self.advance()?;
            self.expect('(')?;
        }
        let word = self.word();
        let name = match self.token {
            Token::Name if !quoted => word.to_string(),
            Token::Backticks if !quoted => word[1..word.len() - 1].replace("``", "`"),
            Token::Quotes if quoted => {
                let quote = &word[..1];
                word[1..word.len() - 1].replace(&quote.repeat(2), quote)
            }
            _ if quoted => return Err(self.unexpected(Expected::QuotedColumn)),
            _ => return Err(self.unexpected(Expected::Column)),
        };
        if !self.columns.contains(&name) {
            return Err(self.no_column(&name));
        }
        if self.targets.contains(&name) {
            let problem = FormulaProblem::TargetIsFeature(name);
            return Err(self.error(self.range.clone(), problem));
        }
        self.named.insert(name.clone());
        self.advance()?;
        if quoted {
            self.expect(')')?;
        }
        Ok(name)
    }

    /// Counts factors, and stops before they fill the memory.
    fn count(&mut self, factors: usize, range: Range<usize>) -> Result<(), FormulaError> {
        self.written += factors;
        if self.written <= MOST_FACTORS {
            return Ok(());
        }
        let limit = MOST_FACTORS;
        Err(self.error(range, FormulaProblem::TooLarge { limit }))
    }
}

/// Whether two terms have the same factors, in any order.
fn is_same(one: &Term, other: &Term) -> bool {
    one.0.len() == other.0.len() && one.0.iter().all(|factor| other.0.contains(factor))
}

/// Removes all but the first of equal terms.
fn keep_first(terms: &mut Vec<Term>) {
    let mut seen = HashSet::new();
    terms.retain(|Term(factors)| {
        let mut sorted = factors.clone();
        sorted.sort_unstable();
        seen.insert(sorted)
    });
}
