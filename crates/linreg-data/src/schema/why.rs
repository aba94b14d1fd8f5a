use std::fmt;

use serde::{Deserialize, Serialize};

use crate::OddCell;
use crate::error::quote;

/// Why the cells of a column are used as they are.
///
/// It is stored with a model. Older model files hold it as a sentence, which
/// becomes [`Text`](Self::Text).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// Every cell is a number.
    Numbers,
    /// Every cell is true or false.
    Booleans,
    /// Every cell is a number, true or false.
    NumbersAndBooleans,
    /// The cells are dates, taken as numbers.
    Days,
    /// The cells are dates, which are not taken as numbers unless asked for.
    Dates {
        /// Whether it is known if the day or the month comes first.
        is_order_known: bool,
    },
    /// The cells are words, of which this is the first.
    Words(String),
    /// The user says that the cells are levels.
    Chosen,
    /// The model file has no encoder, and names the column.
    Named,
    /// All cells differ, so that they identify the rows.
    Unique,
    /// There are more different words than this limit.
    TooManyWords(usize),
    /// Every cell is the same.
    Constant {
        /// What the cells are.
        cell: CommonCell,
        /// Whether this is so only in the rows that the model is fitted to.
        in_fitted_rows: bool,
    },
    /// It is the index of a pandas data frame.
    PandasIndex,
    /// No feature can be made of a column of this stored type.
    Type(String),
    /// The cells are of several kinds; this is one of those of the rarest kind.
    Mixed(Box<OddCell>),
    /// A reason in words, from an older model file.
    #[serde(untagged)]
    Text(String),
}

/// What all cells of a column are.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommonCell {
    /// They are missing.
    Missing,
    /// They are this level.
    Word(String),
    /// They are this number.
    Number(f64),
}

impl Why {
    /// All cells of the table are this one.
    pub(crate) fn constant(cell: CommonCell) -> Self {
        Self::Constant {
            cell,
            in_fitted_rows: false,
        }
    }
}

impl From<OddCell> for Why {
    fn from(cell: OddCell) -> Self {
        Self::Mixed(Box::new(cell))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers => f.write_str("every cell is a number"),
            Self::Booleans => f.write_str("true is 1, false is 0"),
            Self::NumbersAndBooleans => f.write_str("numbers; true is 1, false is 0"),
            Self::Days => f.write_str("dates, as days since 1970-01-01"),
            Self::Dates { .. } => f.write_str("dates"),
            Self::Words(example) => write!(f, "words, such as {}", quote(example)),
            Self::Chosen => f.write_str("as asked for"),
            Self::Named => f.write_str("as the model names it"),
            Self::Unique => f.write_str("unique values, treated as an identifier"),
            Self::TooManyWords(limit) => write!(f, "more than {limit} different words"),
            Self::Constant {
                cell,
                in_fitted_rows,
            } => {
                write!(f, "every cell is {cell}")?;
                if *in_fitted_rows {
                    f.write_str(" in the rows fitted to")?;
                }
                Ok(())
            }
            Self::PandasIndex => f.write_str("the index that pandas stored"),
            Self::Type(kind) => write!(f, "its type is {kind}"),
            Self::Mixed(cell) => write!(f, "{}: {cell}", cell.place),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for CommonCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Word(word) => f.write_str(&quote(word)),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CellKind, Marks, Oddity, Place, Remedy};

    #[test]
    fn a_reason_is_read_back_and_so_is_that_of_an_older_model() {
        let odd = OddCell {
            place: Place::of_line("t.csv", 3),
            found: "1,5".to_string(),
            oddity: Oddity::Minority {
                most: 2,
                total: 3,
                kind: CellKind::Number,
            },
            remedies: vec![Remedy::Marks(vec![Marks {
                decimal: Some(','),
                thousands: None,
                number: Some(1.5),
            }])],
        };
        let number = CommonCell::Number(0.1);
        for why in [
            Why::Numbers,
            Why::Dates {
                is_order_known: true,
            },
            Why::Constant {
                cell: number,
                in_fitted_rows: true,
            },
            Why::Mixed(Box::new(odd)),
        ] {
            let json = serde_json::to_string(&why).unwrap();
            assert_eq!(serde_json::from_str::<Why>(&json).unwrap(), why);
        }
        let old: Why = serde_json::from_str(r#""every cell is a number""#).unwrap();
        assert_eq!(old, Why::Text("every cell is a number".to_string()));
        assert_eq!(old.to_string(), Why::Numbers.to_string());
    }
}
