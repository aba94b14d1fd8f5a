use std::fmt;

/// A feature of a model: the product of its factors, nearly always one.
///
/// What it is made of is told here, for its name does not tell: columns and
/// levels may have `:`, `^` and `=` in their names.
///
/// # Example
///
/// ```
/// use linreg_data::{Feature, FeatureFactor};
///
/// let level = FeatureFactor::Level {
///     column: "departure".to_string(),
///     level: "11:30".to_string(),
///     baseline: Some("10:20".to_string()),
/// };
/// let feature = Feature { factors: vec![level] };
/// assert_eq!(feature.to_string(), "departure=11:30");
/// assert!(feature.is_single());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// What is multiplied; at least one factor.
    pub factors: Vec<FeatureFactor>,
}

/// A factor of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureFactor {
    /// The numbers of a column to some power.
    Number {
        /// Name of the column.
        column: String,
        /// The power, from 1.
        power: u32,
    },
    /// 1 in rows of a level of a column, 0 in others.
    Level {
        /// Name of the column.
        column: String,
        /// The level.
        level: String,
        /// The level that it is compared with; None where each level of the
        /// column is a feature of its own.
        baseline: Option<String>,
    },
    /// 1 in rows where the cell of a column is missing, 0 in others.
    Missing {
        /// Name of the column.
        column: String,
        /// What missing cells are called in the feature's name: `missing`, in
        /// parentheses where a level has that name.
        label: String,
        /// The level that a categorical column's missing cells are compared with.
        baseline: Option<String>,
    },
}

impl Feature {
    /// The columns that it is made of, one a factor.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.factors.iter().map(FeatureFactor::column)
    }

    /// Whether it is a column as it is or one of its levels: neither a product
    /// nor a power, so that its weight can be read on its own.
    pub fn is_single(&self) -> bool {
        match &self.factors[..] {
            [FeatureFactor::Number { power, .. }] => *power == 1,
            [_] => true,
            _ => false,
        }
    }
}

impl fmt::Display for Feature {
    /// Its name, as in a table of coefficients: `area`, `area^2`, `town=Kiel`,
    /// `area:town=Kiel`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (index, factor) in self.factors.iter().enumerate() {
            if index > 0 {
                f.write_str(":")?;
            }
            write!(f, "{factor}")?;
        }
        Ok(())
    }
}

impl FeatureFactor {
    /// Name of the column.
    pub fn column(&self) -> &str {
        match self {
            Self::Number { column, .. }
            | Self::Level { column, .. }
            | Self::Missing { column, .. } => column,
        }
    }
}

impl fmt::Display for FeatureFactor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number { column, power: 1 } => f.write_str(column),
            Self::Number { column, power } => write!(f, "{column}^{power}"),
            Self::Level { column, level, .. } => write!(f, "{column}={level}"),
            Self::Missing { column, label, .. } => write!(f, "{column}={label}"),
        }
    }
}
