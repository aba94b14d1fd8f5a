//! Model formulas in the notation of R and of Python's statsmodels:
//! `price ~ area*C(town) + poly(age, 2) - 1`.

mod error;
mod names;
mod parser;
mod problem;
mod shown;
mod stored;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use error::FormulaError;
use names::written;
use parser::Parser;
pub use problem::{Expected, FormulaProblem};
use stored::{StoredFactor, StoredFormula, StoredTerm};

/// The highest degree of `poly`: beyond it, the raw powers of most columns are
/// so nearly linearly dependent that 64-bit floats cannot tell them apart.
const HIGHEST_DEGREE: u32 = 30;

/// A parsed model formula: the targets, and the terms from which they are
/// predicted.
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
#[serde(try_from = "StoredFormula")]
pub struct Formula {
    /// The columns to predict, one or more.
    pub targets: Vec<String>,
    /// The terms to predict them from: single factors first, then products of
    /// two, and so on.
    pub terms: Vec<Term>,
    /// Whether the model has an intercept.
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
#[serde(try_from = "StoredTerm")]
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
#[serde(try_from = "StoredFactor")]
pub enum Factor {
    /// The column as its kind says: a number as it is, a categorical column by
    /// its levels.
    Column(String),
    /// `C(town)`: the column as categorical, whatever its cells look like.
    Categorical(String),
    /// `poly(x, 3)`: the raw powers x, x², x³, as R's `poly(x, 3, raw = TRUE)`.
    Powers {
        /// The column whose powers are taken.
        column: String,
        /// The highest power, from 1 to 30.
        degree: u32,
    },
}

impl Formula {
    /// Parses a formula for a table with these columns, in the table's order.
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
    /// A text that is no formula, or that names a column that the table lacks.
    pub fn parse(text: &str, columns: &[String]) -> Result<Formula, FormulaError> {
        Ok(Self::parse_implied(text, columns)?.0)
    }

    /// As [`parse`](Self::parse), and also returns the columns that the formula
    /// does not name, but that a `.` in it stands for.
    ///
    /// ```
    /// use linreg_data::Formula;
    ///
    /// let columns = ["price", "area", "age"].map(String::from);
    /// let (formula, implied) = Formula::parse_implied("price ~ . + poly(age, 2)", &columns)?;
    /// assert_eq!(formula.to_string(), "price ~ area + age + poly(age, 2)");
    /// assert_eq!(implied, ["area"]);
    /// # Ok::<(), linreg_data::FormulaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_implied(
        text: &str,
        columns: &[String],
    ) -> Result<(Formula, Vec<String>), FormulaError> {
        Parser::new(text, columns).formula()
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

#[cfg(test)]
mod tests;
