//! Model formulas in the notation of R and of Python's statsmodels:
//! `price ~ area*C(town) + poly(age, 2) - 1`.

use std::{collections::HashSet, fmt, ops::Range};

use serde::{Deserialize, Serialize};

/// Parentheses nest at most this deep: each level takes some of the stack.
const DEEPEST: usize = 100;

/// Written out, a formula names columns at most this often, about 10,000
/// products of two: each further `*` can double the terms.
const MOST_FACTORS: usize = 20_000;

/// Higher powers of any number are beyond what a double can tell apart.
const HIGHEST_DEGREE: u32 = 30;

/// An error shows at most this many characters of a name or a formula.
const WINDOW: usize = 60;

/// A parsed model formula: what is predicted, and from what.
///
/// Its text form is a formula that parses to the same value.
///
/// ```
/// use linreg_data::Formula;
///
/// let columns = ["price", "area", "town"].map(String::from);
/// let formula = Formula::parse("price ~ area * C(town) - 1", &columns)?;
/// assert_eq!(formula.targets, ["price"]);
/// assert!(!formula.intercept);
/// assert_eq!(formula.to_string(), "price ~ 0 + area + C(town) + area:C(town)");
/// # Ok::<(), linreg_data::FormulaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formula {
    /// The columns to predict, one or more.
    pub targets: Vec<String>,
    /// What to predict them from: single factors first, then products of two, and so on.
    pub terms: Vec<Term>,
    /// Whether the model has a constant beside its terms.
    pub intercept: bool,
}

/// A product of distinct factors, in the order first written.
///
/// ```
/// use linreg_data::{Factor, Term};
///
/// let term = Term(vec![Factor::Column("area".into()), Factor::Categorical("town".into())]);
/// assert_eq!(term.to_string(), "area:C(town)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Term(pub Vec<Factor>);

/// One factor of a term.
///
/// ```
/// use linreg_data::Factor;
///
/// assert_eq!(Factor::Column("living area".into()).to_string(), "`living area`");
/// assert_eq!(Factor::Powers { column: "age".into(), degree: 3 }.to_string(), "poly(age, 3)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Factor {
    /// The column as its kind says: a number as it is, a categorical column by its levels.
    Column(String),
    /// `C(town)`: categorical whatever its cells look like.
    Categorical(String),
    /// `poly(x, 3)`: the raw powers x, x², x³, as R's `poly(x, 3, raw = TRUE)`.
    Powers {
        /// The column whose powers are taken.
        column: String,
        /// The highest power, from 1 to 30.
        degree: u32,
    },
}

/// Where a formula is wrong, and what to write instead.
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
#[error("character {}: {message}\n{}", self.position(), self.excerpt())]
pub struct FormulaError {
    formula: String,
    /// In bytes; empty at the end of the formula.
    range: Range<usize>,
    message: String,
}

impl Formula {
    /// Reads a formula about a table with these columns, in the table's order.
    ///
    /// `.` stands for every column that is not a target.
    ///
    /// ```
    /// use linreg_data::Formula;
    ///
    /// let columns = ["price", "living area", "age"].map(String::from);
    /// let formula = Formula::parse("price ~ . + `living area`:age", &columns)?;
    /// assert_eq!(formula.to_string(), "price ~ `living area` + age + `living area`:age");
    /// # Ok::<(), linreg_data::FormulaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where the text is not a formula, or names a column that the table lacks.
    pub fn parse(text: &str, columns: &[String]) -> Result<Formula, FormulaError> {
        let parser = Parser {
            text,
            columns,
            targets: Vec::new(),
            token: Token::End,
            range: 0..0,
            end: 0,
            depth: 0,
            written: 0,
        };
        parser.formula()
    }
}

impl FormulaError {
    /// The place of the error: the formula's first character is 1.
    ///
    /// ```
    /// let columns = ["y", "x"].map(String::from);
    /// let error = linreg_data::Formula::parse("y ~ x + log(x)", &columns).unwrap_err();
    /// assert_eq!(error.position(), 9);
    /// ```
    pub fn position(&self) -> usize {
        self.formula[..self.range.start].chars().count() + 1
    }

    /// The formula, or the part of it around the error, over a line of carets.
    fn excerpt(&self) -> String {
        let length = |text: &str| escaped(text).chars().count();
        let start = length(&self.formula[..self.range.start]);
        let width = length(&self.formula[self.range.clone()]);
        let all: Vec<char> = escaped(&self.formula).chars().collect();
        let (from, to) = if all.len() <= WINDOW {
            (0, all.len())
        } else {
            // Two characters are left to the ellipses.
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

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let targets: Vec<String> = self.targets.iter().map(|name| written(name)).collect();
        let terms: Vec<String> = self.terms.iter().map(Term::to_string).collect();
        let intercept = if self.intercept { "" } else { "0 + " };
        write!(
            f,
            "{} ~ {intercept}{}",
            targets.join(" + "),
            terms.join(" + ")
        )
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let factors: Vec<String> = self.0.iter().map(Factor::to_string).collect();
        f.write_str(&factors.join(":"))
    }
}

impl Factor {
    /// The column that it is made of.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) | Self::Categorical(column) | Self::Powers { column, .. } => {
                column
            }
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Factor::Column(column) => f.write_str(&written(column)),
            Factor::Categorical(column) => write!(f, "C({})", written(column)),
            Factor::Powers { column, degree } => write!(f, "poly({}, {degree})", written(column)),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    Name,
    /// Whatever begins with a digit.
    Number,
    /// A name in backticks.
    Backticks,
    /// Text in single or double quotes.
    Quotes,
    /// Any other character, and a `.` on its own.
    Sign(char),
    End,
}

/// What a part of the right side stands for.
#[derive(Default)]
struct Sum {
    terms: Vec<Term>,
    /// Whether a `1` or `0` in it asks for an intercept; none does by default.
    intercept: Option<bool>,
}

struct Parser<'a> {
    text: &'a str,
    columns: &'a [String],
    /// Empty until all are read.
    targets: Vec<String>,
    /// The token to look at, and where it stands.
    token: Token,
    range: Range<usize>,
    /// The end of the token before it.
    end: usize,
    /// The parentheses that are open.
    depth: usize,
    /// The factors made so far.
    written: usize,
}

impl Parser<'_> {
    fn formula(mut self) -> Result<Formula, FormulaError> {
        if !self.text.contains('~') {
            let end = self.text.trim_end().len();
            return Err(self.error(
                end..end,
                "there is no `~`; write the target, `~` and the features, \
                 as in `price ~ area + C(town)`",
            ));
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
            return Err(self.unexpected("`+` and another target, or `~`"));
        }
        self.advance()?;
        self.targets = targets;

        let start = self.range.start;
        let mut sum = self.sum()?;
        if self.token != Token::End {
            return Err(self.unexpected("`+`, `-`, `*`, `:` or the end of the formula"));
        }
        if sum.terms.is_empty() {
            return Err(self.error(
                start..self.end,
                "a model needs at least one feature; add a column, or `.` for all but the target",
            ));
        }
        sum.terms.sort_by_key(|term| term.0.len());
        Ok(Formula {
            targets: self.targets,
            terms: sum.terms,
            intercept: sum.intercept.unwrap_or(true),
        })
    }

    /// Parts joined by `+` and `-`.
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
                        let message = format!(
                            "there is no term {} before this to remove; leave it out",
                            shortened(&term.to_string())
                        );
                        return Err(self.error(start..self.end, message));
                    }
                }
            } else {
                sum.terms.extend(part.terms);
            }
            // As in R, taking away a 1 is adding a 0, and the other way round.
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

    /// Parts joined by `*`, or the parts of these, joined by `:`, which binds tighter.
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
            // An empty side repeats nothing, and its factors are not counted: no work for it.
            if !no_products {
                keep_first(&mut left.terms);
            }
        }
        Ok(left)
    }

    /// R drops the terms that a 1 multiplies, patsy keeps them: better to ask.
    fn refuse_intercept(&self, operand: &Sum, start: usize) -> Result<(), FormulaError> {
        match operand.intercept {
            None => Ok(()),
            Some(_) => Err(self.error(
                start..self.end,
                "`1` and `0` stand for the intercept; add or remove them, but not in a product",
            )),
        }
    }

    fn atom(&mut self) -> Result<Sum, FormulaError> {
        let range = self.range.clone();
        let mut sum = Sum::default();
        match self.token {
            Token::Sign('(') => {
                if self.depth == DEEPEST {
                    let message = format!("parentheses nest more than {DEEPEST} deep; use fewer");
                    return Err(self.error(range, message));
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
            _ => return Err(self.unexpected("a term, such as a column name")),
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
            let expected = format!("the degree, a whole number from 1 to {HIGHEST_DEGREE}");
            return Err(self.unexpected(&expected));
        };
        self.advance()?;
        if self.token == Token::Sign(',') {
            self.advance()?;
            self.expect_word("raw")?;
            self.expect('=')?;
            self.expect_word("TRUE")?;
        }
        self.expect(')')?;
        Ok(Factor::Powers { column, degree })
    }

    /// A name as it is, in backticks, or as patsy's `Q("name")`.
    fn column(&mut self) -> Result<String, FormulaError> {
        let quoted = match self.called() {
            None => false,
            Some("Q") => true,
            Some("C" | "poly") => return Err(self.unexpected("a column name")),
            Some(function) => {
                let message = format!(
                    "there is no function {}; the functions are `C`, `poly` and `Q`, \
                     and any other column can be computed in the file first",
                    in_backticks(function)
                );
                return Err(self.error(self.range.clone(), message));
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
            _ if quoted => return Err(self.unexpected("a column name in quotes")),
            _ => return Err(self.unexpected("a column name")),
        };
        if !self.columns.contains(&name) {
            return Err(self.no_column(&name));
        }
        if self.targets.contains(&name) {
            let message = format!(
                "{} is a target and cannot be a feature as well; leave it out on one side",
                in_backticks(&name)
            );
            return Err(self.error(self.range.clone(), message));
        }
        self.advance()?;
        if quoted {
            self.expect(')')?;
        }
        Ok(name)
    }

    /// The name of the function, if the token begins a call.
    fn called(&self) -> Option<&str> {
        let rest = self.text[self.range.end..].trim_start();
        (self.token == Token::Name && rest.starts_with('(')).then_some(self.word())
    }

    /// The token as it is written.
    fn word(&self) -> &str {
        &self.text[self.range.clone()]
    }

    fn advance(&mut self) -> Result<(), FormulaError> {
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
                    let message = format!("this {first} is not closed; add {first} after the name");
                    return Err(self.error(start..start + 1, message));
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

    fn expect(&mut self, sign: char) -> Result<(), FormulaError> {
        if self.token != Token::Sign(sign) {
            return Err(self.unexpected(&format!("`{sign}`")));
        }
        self.advance()
    }

    fn expect_word(&mut self, word: &str) -> Result<(), FormulaError> {
        if self.word() != word {
            let expected = format!("`{word}`, as the powers of `poly(x, 3)` are raw: x, x², x³");
            return Err(self.unexpected(&expected));
        }
        self.advance()
    }

    /// Stops a product before it fills the memory.
    fn count(&mut self, factors: usize, range: Range<usize>) -> Result<(), FormulaError> {
        self.written += factors;
        if self.written <= MOST_FACTORS {
            return Ok(());
        }
        let message = format!(
            "written out, the formula names columns more than {MOST_FACTORS} times; \
             use fewer columns or fewer products"
        );
        Err(self.error(range, message))
    }

    fn no_column(&self, name: &str) -> FormulaError {
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

    fn unexpected(&self, expected: &str) -> FormulaError {
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

    /// The column that begins here, if it is one that needs the backticks it lacks.
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
        found
            .max_by_key(|name| name.len())
            .map(|name| in_backticks(name))
    }

    fn error(&self, range: Range<usize>, message: impl Into<String>) -> FormulaError {
        FormulaError {
            formula: self.text.to_string(),
            range,
            message: message.into(),
        }
    }
}

/// Whether the factors are the same, in whatever order.
fn is_same(one: &Term, other: &Term) -> bool {
    one.0.len() == other.0.len() && one.0.iter().all(|factor| other.0.contains(factor))
}

/// Removes all but the first of the terms that are the same.
fn keep_first(terms: &mut Vec<Term>) {
    let mut seen = HashSet::new();
    terms.retain(|Term(factors)| {
        let mut sorted = factors.clone();
        sorted.sort_unstable();
        seen.insert(sorted)
    });
}

/// Whether names may have this character without backticks.
fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

/// The length of the quoted text that `rest` begins with; a doubled quote is part of the text.
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

/// The name as a formula has it.
fn written(name: &str) -> String {
    let bare = !name.starts_with(char::is_numeric) && name.chars().all(is_of_name);
    if bare && !matches!(name, "" | ".") {
        name.to_string()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

/// The name as an error has it.
fn in_backticks(name: &str) -> String {
    format!("`{}`", shortened(name).replace('`', "``"))
}

fn shortened(text: &str) -> String {
    let escaped = escaped(text);
    match escaped.char_indices().nth(WINDOW) {
        None => escaped,
        Some(_) => escaped.chars().take(WINDOW - 1).chain(['…']).collect(),
    }
}

/// The text with its invisible characters spelt out: they could move the caret, or the cursor of
/// a terminal.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => escaped.push(character),
            _ => escaped.extend(character.escape_debug()),
        }
    }
    escaped
}

/// The column that a mistyped name most likely means, if one is near.
fn nearest<'a>(name: &str, columns: &'a [String]) -> Option<&'a str> {
    let lowercase = |name: &str| name.to_lowercase().chars().collect::<Vec<char>>();
    let name = lowercase(name);
    let near = columns.iter().filter_map(|column| {
        let letters = lowercase(column);
        let longer = name.len().max(letters.len());
        // Nobody mistypes a longer name, and comparing takes the square of its length.
        if longer > 100 || name.len().abs_diff(letters.len()) > 2 {
            return None;
        }
        let distance = edit_distance(&name, &letters);
        // Two changes make any two-letter name of another.
        (distance <= 2 && 2 * distance <= longer).then_some((distance, column.as_str()))
    });
    near.min_by_key(|&(distance, _)| distance)
        .map(|(_, column)| column)
}

/// How many characters to insert, delete or replace to make one text of the other.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [&str; 14] = [
        "y",
        "z",
        "a",
        "b",
        "c",
        "x1",
        "bmi.x",
        "größe",
        "living area",
        "tick`s",
        "2nd",
        ".",
        "C",
        "line\nbreak",
    ];

    fn parse(text: &str) -> Result<Formula, FormulaError> {
        Formula::parse(text, &COLUMNS.map(String::from))
    }

    #[track_caller]
    fn assert_means(text: &str, expected: &str) {
        let formula = parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(formula.to_string(), expected, "{text}");
    }

    #[test]
    fn a_star_is_both_and_their_product() {
        assert_means("y ~ a*b", "y ~ a + b + a:b");
        assert_means("y ~ a*b*c", "y ~ a + b + c + a:b + a:c + b:c + a:b:c");
    }

    #[test]
    fn the_parts_of_a_formula() {
        let formula = parse("y + z ~ a:C(b) + poly(c, 3) - 1").unwrap();
        let column = "c".to_string();
        let product = vec![Factor::Column("a".into()), Factor::Categorical("b".into())];
        let expected = Formula {
            targets: vec!["y".into(), "z".into()],
            terms: vec![
                Term(vec![Factor::Powers { column, degree: 3 }]),
                Term(product),
            ],
            intercept: false,
        };
        assert_eq!(formula, expected);
        let json = serde_json::to_string(&formula).unwrap();
        assert_eq!(serde_json::from_str::<Formula>(&json).unwrap(), formula);
    }

    #[test]
    fn formulas_and_what_they_mean() {
        for (text, expected) in [
            ("y~a", "y ~ a"),
            (" y\t~\n a ", "y ~ a"),
            ("y ~ + a", "y ~ a"),
            ("y + z + y ~ a", "y + z ~ a"),
            ("y ~ a + a", "y ~ a"),
            ("y ~ a:b + b:a", "y ~ a:b"),
            ("y ~ b:a + a*b", "y ~ a + b + b:a"),
            ("y ~ a:a", "y ~ a"),
            ("y ~ a*a", "y ~ a"),
            ("y ~ a:b:a", "y ~ a:b"),
            ("y ~ a:b + c", "y ~ c + a:b"),
            ("y ~ a + b*c", "y ~ a + b + c + b:c"),
            ("y ~ (a + b):c", "y ~ a:c + b:c"),
            ("y ~ (a + b)*c", "y ~ a + b + c + a:c + b:c"),
            ("y ~ a*b - a", "y ~ b + a:b"),
            ("y ~ a*b - b:a", "y ~ a + b"),
            ("y ~ a + a + b - a", "y ~ b"),
            ("y ~ a + b - (a + 1)", "y ~ 0 + b"),
            ("y ~ 1 + a", "y ~ a"),
            ("y ~ 0 + a", "y ~ 0 + a"),
            ("y ~ -1 + a", "y ~ 0 + a"),
            ("y ~ a + 0", "y ~ 0 + a"),
            ("y ~ a - 1", "y ~ 0 + a"),
            ("y ~ a - 0", "y ~ a"),
            ("y ~ a - 1 + 1", "y ~ a"),
            ("y ~ C(a) + a + poly(a, 2):a", "y ~ C(a) + a + poly(a, 2):a"),
            ("y ~ poly( a , 30 , raw = TRUE )", "y ~ poly(a, 30)"),
            ("y ~ C + C (C)", "y ~ C + C(C)"),
            ("y ~ bmi.x + größe + `x1`", "y ~ bmi.x + größe + x1"),
            ("y ~ `living area` + `2nd`", "y ~ `living area` + `2nd`"),
            ("y ~ `tick``s`:`.`", "y ~ `tick``s`:`.`"),
            (
                "y ~ Q(\"living area\") + Q('2nd')",
                "y ~ `living area` + `2nd`",
            ),
            (
                "Q('y') ~ C(Q('a')) + poly(Q('b'), 2)",
                "y ~ C(a) + poly(b, 2)",
            ),
            ("y ~ `line\nbreak`", "y ~ `line\nbreak`"),
        ] {
            assert_means(text, expected);
        }
    }

    #[test]
    fn a_dot_is_every_column_but_the_targets() {
        let columns = ["a", "y", "b", "z"].map(String::from);
        for (text, expected) in [
            ("y ~ .", "y ~ a + b + z"),
            ("y + z ~ .", "y + z ~ a + b"),
            ("y ~ b + .", "y ~ b + a + z"),
            ("y ~ . - b", "y ~ a + z"),
            ("z + y ~ .*.", "z + y ~ a + b + a:b"),
            ("z + y ~ .:C(a)", "z + y ~ a:C(a) + b:C(a)"),
        ] {
            assert_eq!(
                Formula::parse(text, &columns).unwrap().to_string(),
                expected
            );
        }
    }

    #[test]
    fn bad_formulas_and_what_is_said_of_them() {
        const ALL: &str = "the columns are `y`, `z`, `a`, `b`, `c`, `x1`, `bmi.x`, `größe`, \
                           `living area`, `tick``s`, `2nd`, `.` and 2 more";
        const FEATURES: &str =
            "a model needs at least one feature; add a column, or `.` for all but the target";
        const INTERCEPT: &str =
            "`1` and `0` stand for the intercept; add or remove them, but not in a product";
        const NO_TILDE: &str = "there is no `~`; write the target, `~` and the features, \
                                as in `price ~ area + C(town)`";
        for (text, position, expected) in [
            ("", 1, NO_TILDE),
            ("a * b  ", 6, NO_TILDE),
            ("~ a", 1, "found `~`, expected a column name"),
            (
                "y ~",
                4,
                "found the end of the formula, expected a term, such as a column name",
            ),
            ("y ~ 1", 5, FEATURES),
            ("y ~ a - a", 5, FEATURES),
            (
                "y * a ~ b",
                3,
                "found `*`, expected `+` and another target, or `~`",
            ),
            ("( ~ a", 1, "found `(`, expected a column name"),
            ("C(y) ~ a", 1, "found `C`, expected a column name"),
            (
                "y ~ nothing",
                5,
                &format!("there is no column `nothing`; {ALL}"),
            ),
            ("y ~ X1", 5, "there is no column `X1`; did you mean `x1`?"),
            (
                "y ~ C(grösse)",
                7,
                "there is no column `grösse`; did you mean `größe`?",
            ),
            (
                "y ~ `Living aera`",
                5,
                "there is no column `Living aera`; did you mean `living area`?",
            ),
            (
                "y ~ `\u{1b}[2Jredred`",
                5,
                &format!("there is no column `\\u{{1b}}[2Jredred`; {ALL}"),
            ),
            (
                "y ~ a + y",
                9,
                "`y` is a target and cannot be a feature as well; leave it out on one side",
            ),
            (
                "y ~ a + b - b:a",
                13,
                "there is no term b:a before this to remove; leave it out",
            ),
            (
                "y ~ -a + a",
                6,
                "there is no term a before this to remove; leave it out",
            ),
            (
                "y ~ log(a)",
                5,
                "there is no function `log`; the functions are `C`, `poly` and `Q`, \
                and any other column can be computed in the file first",
            ),
            (
                "y ~ a^2",
                6,
                "found `^`, expected `+`, `-`, `*`, `:` or the end of the formula; \
                powers are written `poly(x, 2)` and products `a*b`",
            ),
            (
                "y ~ a/b",
                6,
                "found `/`, expected `+`, `-`, `*`, `:` or the end of the formula; \
                a factor within another is written `a + a:b`",
            ),
            (
                "y ~ a %in% b",
                7,
                "found `%`, expected `+`, `-`, `*`, `:` or the end of the formula; \
                a factor within another is written `a + a:b`",
            ),
            (
                "y ~ (a | b)",
                8,
                "found `|`, expected `)`; \
                groups are not supported, but `C(group)` makes a feature of one",
            ),
            (
                "y ~ a ~ b",
                7,
                "found `~`, expected `+`, `-`, `*`, `:` or the end of the formula; \
                a formula has one `~`",
            ),
            (
                "y ~ a b",
                7,
                "found `b`, expected `+`, `-`, `*`, `:` or the end of the formula",
            ),
            (
                "y ~ 3",
                5,
                "found `3`, expected a term, such as a column name",
            ),
            (
                "y ~ 2nd",
                5,
                "found `2nd`; the column `2nd` goes in backticks",
            ),
            ("y ~ C(.)", 7, "found `.`; the column `.` goes in backticks"),
            (
                "y ~ living area",
                5,
                "there is no column `living`; \
                the column `living area` goes in backticks",
            ),
            (
                "y ~ 'a'",
                5,
                "found `'a'`, expected a term, such as a column name; \
                a name goes in backticks or in `Q(\"name\")`",
            ),
            ("y ~ Q(a)", 7, "found `a`, expected a column name in quotes"),
            (
                "y ~ a + `b",
                9,
                "this ` is not closed; add ` after the name",
            ),
            (
                "y ~ ()",
                6,
                "found `)`, expected a term, such as a column name",
            ),
            (
                "y ~ (a + b",
                11,
                "found the end of the formula, expected `)`",
            ),
            ("y ~ (1 + a):b", 5, INTERCEPT),
            ("y ~ a * 1", 9, INTERCEPT),
            (
                "y ~ poly(a, 31)",
                13,
                "found `31`, expected the degree, a whole number from 1 to 30",
            ),
            ("y ~ poly(a)", 11, "found `)`, expected `,`"),
            (
                "y ~ poly(a, 2, raw = FALSE)",
                22,
                "found `FALSE`, expected `TRUE`, \
                as the powers of `poly(x, 3)` are raw: x, x², x³",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(
                (error.position(), error.message.as_str()),
                (position, expected),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_underlines_what_it_is_about() {
        let shown = |text: &str| parse(text).unwrap_err().to_string();
        assert!(shown("y ~ a - (b + c)").ends_with("\n    y ~ a - (b + c)\n            ^^^^^^^"));
        assert!(
            shown("y\t~ größe + log(a)")
                .ends_with("\n    y\\t~ größe + log(a)\n                 ^^^")
        );
        assert!(shown("y ~ a +  ").ends_with("\n    y ~ a +  \n           ^"));
    }

    #[test]
    fn a_long_formula_is_shown_around_its_error() {
        let sum = ["a"; 50].join(" + ");
        for (text, expected) in [
            (
                format!("y ~ {sum} + wrong + {sum}"),
                "    …+ a + a + a + a + a + a + a + wrong + a + a + a + a + a + …\n    \
                 \x20                              ^^^^^",
            ),
            (
                format!("wrong ~ {sum}"),
                "    wrong ~ a + a + a + a + a + a + a + a + a + a + a + a + a …\n    ^^^^^",
            ),
            (
                format!("y ~ {sum} + wrong"),
                "    … a + a + a + a + a + a + a + a + a + a + a + a + a + wrong\n    \
                 \x20                                                     ^^^^^",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err().excerpt(), expected);
        }
    }

    #[test]
    fn a_long_name_is_cut_short() {
        let message = parse(&format!("y ~ {}", "n".repeat(100_000)))
            .unwrap_err()
            .message;
        assert!(message.starts_with(&format!("there is no column `{}…`; ", "n".repeat(59))));
    }

    #[test]
    fn a_formula_too_large_is_an_error() {
        let sum = format!("(a{})", " + b + c + x1 + bmi.x".repeat(250));
        let columns: Vec<String> = (0..1000).map(|i| format!("x{i}")).collect();
        let chain = columns.join(":");
        for (text, expected) in [
            (
                "y ~ ".to_string() + &"(".repeat(100_000),
                "parentheses nest more than 100 deep",
            ),
            (
                "y ~ ".to_string() + &[sum.as_str(); 50].join("*"),
                "written out",
            ),
            (
                "y ~ ".to_string() + &[sum.as_str(); 50].join(":"),
                "written out",
            ),
            ("y ~ a".to_string() + &"*b".repeat(100_000), "written out"),
            ("y ~ a".to_string() + &" + a".repeat(100_000), "written out"),
            ("y ~ .".to_string() + &" + .".repeat(100_000), "written out"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.message.starts_with(expected), "{}", error.message);
        }
        for right in [".*.*.".to_string(), chain] {
            let error = Formula::parse(&format!("x0 ~ {right}").replace("~ x0:", "~ "), &columns);
            assert!(error.unwrap_err().message.starts_with("written out"));
        }
        assert!(parse(&format!("y ~ {}a{}", "(".repeat(100), ")".repeat(100))).is_ok());
    }

    /// A right side that is a formula whatever is drawn.
    fn right_side() -> impl Strategy<Value = String> {
        let name = prop::sample::select(&COLUMNS[2..]).prop_map(|name| match name {
            "a" | "b" | "c" | "größe" => name.to_string(),
            _ => format!("`{}`", name.replace('`', "``")),
        });
        let factor = (name, 0..8u32).prop_map(|(name, kind)| match kind {
            0 | 1 => format!("C({name})"),
            2 | 3 => format!("poly({name}, {kind})"),
            _ => name,
        });
        factor.prop_recursive(3, 12, 3, |part| {
            let operator = prop::sample::select(vec!["+", " * ", ":", "\n+ "]);
            (part.clone(), operator, part).prop_map(|(a, sign, b)| format!("({a}{sign}{b})"))
        })
    }

    /// Whatever is in an error, its carets are under the text that it is about.
    fn assert_aligned(error: &FormulaError) {
        let shown = error.to_string();
        let lines: Vec<&str> = shown.split('\n').collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[1].chars().count() <= 4 + WINDOW, "{shown}");
        let under = lines[1]
            .chars()
            .zip(lines[2].chars())
            .filter(|&(_, mark)| mark == '^');
        let under: String = under.map(|(character, _)| character).collect();
        let about = escaped(&error.formula[error.range.clone()]);
        assert!(lines[2].ends_with('^'), "{shown}");
        assert!(
            about.is_empty() || !under.is_empty() && about.starts_with(&under),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_formula_or_an_error(text in any::<String>(), right in any::<String>()) {
            for text in [format!("y ~ {right}"), format!("{text}~{right}"), text] {
                if let Err(error) = parse(&text) {
                    assert_aligned(&error);
                }
            }
        }

        #[test]
        fn any_words_are_a_formula_or_an_error(
            words in prop::collection::vec(prop::sample::select(vec![
                "a", "b", "c", " ", " ", "`2nd`", "'a'", "y", "+", "+", "-", "*", ":", "(", ")",
                "C(", "poly(", "Q(", ",", "2", "1", "0", "raw", "=", "TRUE", ".", "~", "`", "\"",
                "^", "\u{301}", "\u{202e}", "ß", "語", "\0",
            ]), 0..40),
        ) {
            match parse(&format!("y ~ {}", words.concat())) {
                Ok(formula) => prop_assert_eq!(parse(&formula.to_string()).unwrap(), formula),
                Err(error) => assert_aligned(&error),
            }
        }

        #[test]
        fn a_formula_reads_back_as_it_was(
            right in right_side(),
            targets in prop::sample::select(vec!["y", "`y` + z", "Q('z')"]),
            sign in prop::sample::select(vec!["+", "-"]),
            number in 0..2,
        ) {
            let formula = parse(&format!("{targets} ~ {right} {sign} {number}")).unwrap();
            prop_assert_eq!(formula.intercept, (sign == "+") == (number == 1));
            prop_assert_eq!(parse(&formula.to_string()).unwrap(), formula);
        }
    }
}
