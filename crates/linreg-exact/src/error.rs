mod shape;

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

pub use shape::ShapeError;

/// Why there is no exact fit.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ExactError {
    /// Slices whose lengths do not make whole rows, or rows of another shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A number that is NaN or infinite.
    #[error("row {row}: the {what} at index {index} is {value}, expected a finite number")]
    NotFinite {
        /// Number of the row among all rows so far, from 0.
        row: usize,
        /// Kind of value: `feature` or `target`.
        what: &'static str,
        /// Index of the feature or the target.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A weight that is negative, NaN or infinite.
    #[error("row {row}: the weight is {weight}, expected a finite number of 0 or more")]
    Weight {
        /// Number of the row among all rows so far, from 0.
        row: usize,
        /// The value found.
        weight: f64,
    },
    /// There is nothing to fit.
    #[error("there are no rows to fit a model to")]
    NoRows,
    /// The weight of every row is 0.
    #[error("the weight of every row is 0; there is nothing to fit a model to")]
    NoWeight,
    /// Features that are linearly dependent on others.
    #[error("{} of the features add nothing to the others", .0.len())]
    Collinear(Vec<Relation>),
    /// More features than the limit.
    #[error(
        "{features} features are more than the {limit} of an exact fit, whose time grows with their cube"
    )]
    TooManyFeatures {
        /// Number of features.
        features: usize,
        /// Largest number of features allowed.
        limit: usize,
    },
    /// A fit that takes more memory than the limit.
    #[error(
        "an exact fit of {features} features takes about {} MiB of memory, more than the limit of {} MiB", .bytes.div_ceil(1 << 20), .limit >> 20
    )]
    TooLarge {
        /// Number of features.
        features: usize,
        /// Bytes that it takes, approximately.
        bytes: u64,
        /// Largest number of bytes allowed.
        limit: u64,
    },
    /// Sums that the memory of this machine cannot hold together with what solves them.
    #[error("the sums of {features} features and {targets} targets do not fit in memory")]
    OutOfMemory {
        /// Number of features.
        features: usize,
        /// Number of targets.
        targets: usize,
    },
    /// Fewer rows than coefficients.
    #[error("{rows} rows do not determine {coefficients} coefficients")]
    TooFewRows {
        /// Number of rows.
        rows: u64,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// A result beyond the range of `f64`.
    #[error("{what} is beyond 64-bit floats; change the units of the columns")]
    Overflow {
        /// The result that is out of range.
        what: Figure,
    },
    /// Features too nearly collinear for products in 64-bit floats; the rows have
    /// to be added up again in double-double.
    #[error(
        "the features are too nearly collinear for one pass of 64-bit floats; add up the rows in Arithmetic::DoubleDouble"
    )]
    Imprecise,
    /// Features that double-double arithmetic cannot tell from linearly dependent
    /// ones.
    #[error(
        "the features are so nearly linearly dependent that sums of 32 digits do not tell them apart; leave some out, or take them about their means"
    )]
    NearlyCollinear,
    /// A row that alone determines a coefficient: its leverage is 1, and its
    /// residual is 0 whatever its target.
    #[error(
        "row {row} alone determines a coefficient: its leverage is 1, and hc2 and hc3 divide by what it is less than 1; use hc0 or hc1"
    )]
    Leverage {
        /// The number of the row.
        row: u64,
    },
    /// A setting outside its range.
    #[error("the {name} is {value}, expected {expected}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that are allowed.
        expected: &'static str,
    },
}

impl ExactError {
    /// The error with its row counted from the first of all rows, of which `rows`
    /// came before these.
    pub(crate) fn after(mut self, rows: usize) -> Self {
        if let Self::NotFinite { row, .. } | Self::Weight { row, .. } = &mut self {
            *row += rows;
        }
        self
    }

    /// The error of selected rows with its row counted among all rows: `before`
    /// came earlier, and `numbers` are the indices of the selected ones after them.
    pub(crate) fn of_rows(mut self, before: usize, numbers: &[usize]) -> Self {
        if let Self::NotFinite { row, .. } | Self::Weight { row, .. } = &mut self {
            *row = before + numbers[*row - before];
        }
        self
    }
}

/// A figure that can leave the range of `f64`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Figure {
    /// A sum of the products of two columns.
    SumOfProducts,
    /// The ratio of the units of two features.
    RatioOfUnits,
    /// An eigenvalue of the products of the features.
    Eigenvalue,
    /// The intercept.
    Intercept,
    /// The weight of the feature at this index.
    Weight(usize),
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SumOfProducts => f.write_str("a sum of products"),
            Self::RatioOfUnits => f.write_str("the ratio of two features' units"),
            Self::Eigenvalue => f.write_str("an eigenvalue of the features"),
            Self::Intercept => f.write_str("the intercept"),
            Self::Weight(index) => write!(f, "the weight at index {index}"),
        }
    }
}

/// A linear dependency: a feature that is a sum of multiples of other features,
/// to the precision of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Index of the feature.
    pub feature: usize,
    /// The constant term.
    pub constant: f64,
    /// Indices and factors of the other features, all of a lower index.
    pub terms: Vec<(usize, f64)>,
    /// Whether the rows deviate from the relation by more than rounding explains.
    pub is_approximate: bool,
}

impl Relation {
    /// Returns the relation in one line, such as `x3 = 2*x1 + x2 - 4`. A feature that
    /// has no name is `x` and its number, from 1.
    pub fn describe<S: AsRef<str>>(&self, feature_names: &[S]) -> String {
        let name = |index: usize| match feature_names.get(index) {
            Some(name) => Cow::Borrowed(name.as_ref()),
            None => Cow::Owned(format!("x{}", index.saturating_add(1))),
        };
        let mut parts = Vec::new();
        for (index, factor) in &self.terms {
            let size = short(factor.abs());
            let term = match size.as_str() {
                "1" => name(*index).to_string(),
                _ => format!("{size}*{}", name(*index)),
            };
            parts.push((*factor < 0.0, term));
        }
        if self.constant != 0.0 || parts.is_empty() {
            parts.push((self.constant < 0.0, short(self.constant.abs())));
        }
        let sign = if self.is_approximate { "≈" } else { "=" };
        let mut text = format!("{} {sign} ", name(self.feature));
        for (position, (is_negative, term)) in parts.iter().enumerate() {
            text += match (position, is_negative) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            text += term;
        }
        text
    }
}

/// A factor to ten significant digits, which hides its rounding error.
fn short(number: f64) -> String {
    let digits: f64 = format!("{number:.9e}").parse().unwrap_or(number);
    match digits {
        0.0 => "0".to_string(),
        _ if (1e-4..1e7).contains(&digits) => format!("{digits}"),
        _ => format!("{digits:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_read_as_formulas() {
        let names = ["x1", "x2", "x3"];
        let relation = |constant, terms: &[(usize, f64)]| {
            let terms = terms.to_vec();
            Relation {
                feature: 2,
                constant,
                terms,
                is_approximate: false,
            }
            .describe(&names)
        };
        assert_eq!(
            relation(-4.0, &[(0, 1.9999999999999998), (1, 1.0)]),
            "x3 = 2*x1 + x2 - 4"
        );
        assert_eq!(relation(0.0, &[(1, -1.0)]), "x3 = -x2");
        assert_eq!(relation(0.25, &[(0, 1e-30)]), "x3 = 1e-30*x1 + 0.25");
        assert_eq!(relation(0.0, &[]), "x3 = 0");
        assert_eq!(relation(0.0, &[(3, 1.0)]), "x3 = x4");
    }
}
