use std::fmt;

use linreg_data::{Column, Encoder, Schema};

use crate::number::{count, plain};

/// What an analyst would point out about a table before a model of it is fitted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TableWarning {
    /// A target has the same value in every row.
    ConstantTarget {
        /// Its name.
        target: String,
        /// The value.
        value: f64,
    },
    /// A column has the same cells as a target.
    CopyOfTarget {
        /// The name of the column.
        column: String,
        /// The name of the target.
        target: String,
    },
    /// Two columns have the same cells.
    SameCells {
        /// The name of the first.
        first: String,
        /// The name of the second.
        second: String,
    },
    /// There are fewer rows than coefficients.
    FewRows {
        /// Number of rows.
        rows: u64,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// There are so many more columns like those told of.
    More(usize),
}

impl fmt::Display for TableWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConstantTarget { target, value } => write!(
                f,
                "the target `{}` is {value} in every row: there is nothing to explain",
                plain(target)
            ),
            Self::CopyOfTarget { column, target } => write!(
                f,
                "`{}` has the same cells as the target `{}`",
                plain(column),
                plain(target)
            ),
            Self::SameCells { first, second } => write!(
                f,
                "`{}` has the same cells as `{}`: the two columns are linearly dependent",
                plain(second),
                plain(first)
            ),
            Self::FewRows { rows, coefficients } => write!(
                f,
                "{} for {}: many models fit equally well, this is one of them",
                count(*rows as usize, "row"),
                count(*coefficients, "coefficient")
            ),
            Self::More(more) => write!(f, "and {more} more columns like these"),
        }
    }
}

impl TableWarning {
    /// The warnings about a table with these columns, of which the encoder makes a
    /// model.
    pub fn of(schema: &Schema, encoder: &Encoder) -> Vec<Self> {
        let targets = encoder.targets();
        let is_target = |name: &str| targets.iter().any(|target| target == name);
        let used = |name: &str| encoder.columns().iter().any(|c| c.name == name);
        // Constant features have been left out already, except for one that
        // takes the place of the intercept.
        let constant = |column: &&Column| column.is_constant() && is_target(&column.name);
        let constant = schema.columns.iter().filter(constant);
        let constant = constant.map(|column| Self::ConstantTarget {
            target: column.name.clone(),
            value: column.spread.map_or(0.0, |spread| spread.min),
        });
        let duplicates = schema.duplicates().into_iter();
        let duplicates = duplicates.filter(|(first, second)| used(first) && used(second));
        let (with_target, of_features): (Vec<_>, Vec<_>) =
            duplicates.partition(|(first, second)| is_target(first) || is_target(second));
        let with_target = with_target.into_iter().map(|(first, second)| {
            let (target, column) = if is_target(second) {
                (second, first)
            } else {
                (first, second)
            };
            Self::CopyOfTarget {
                column: column.to_string(),
                target: target.to_string(),
            }
        });
        let of_features = of_features.into_iter();
        let of_features = of_features.map(|(first, second)| Self::SameCells {
            first: first.to_string(),
            second: second.to_string(),
        });
        let mut warnings = shortened(constant);
        warnings.extend(shortened(with_target));
        warnings.extend(shortened(of_features));
        let rows = schema.num_rows;
        let coefficients = encoder.feature_names().len() + usize::from(encoder.intercept());
        if rows < coefficients as u64 {
            warnings.push(Self::FewRows { rows, coefficients });
        }
        warnings
    }
}

/// The first of some warnings, and how many more there are.
fn shortened(warnings: impl Iterator<Item = TableWarning>) -> Vec<TableWarning> {
    /// The most warnings that a reader takes in.
    const MOST: usize = 5;
    let mut warnings: Vec<TableWarning> = warnings.collect();
    if let Some(more @ 1..) = warnings.len().checked_sub(MOST) {
        warnings.truncate(MOST);
        warnings.push(TableWarning::More(more));
    }
    warnings
}
