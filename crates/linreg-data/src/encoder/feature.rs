use std::fmt;

/// A feature of a model: the product of its factors, of which there is nearly
/// always one.
///
/// The name of a feature does not say what it is made of, since columns and
/// levels may have `:`, `^` and `=` in their names; this does.
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
    /// The factors that are multiplied; at least one.
    pub factors: Vec<FeatureFactor>,
}

/// A factor of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureFactor {
    /// The numbers of a column, raised to a power.
    Number {
        /// The name of the column.
        column: String,
        /// The power, 1 or more.
        power: u32,
    },
    /// 1 in rows with a level of a column, 0 in others.
    Level {
        /// The name of the column.
        column: String,
        /// The level.
        level: String,
        /// The reference level that it is compared with; None where each level
        /// of the column is a feature of its own.
        baseline: Option<String>,
    },
    /// 1 in rows where the value of a column is missing, 0 in others.
    Missing {
        /// The name of the column.
        column: String,
        /// What missing values are called in the feature's name: `missing`, in
        /// parentheses where a level has that name.
        label: String,
        /// The reference level that the missing values of a categorical column
        /// are compared with; None for other columns, or where each level is a
        /// feature of its own.
        baseline: Option<String>,
    },
}

impl Feature {
    /// The names of the columns that it is made of, one for each factor.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.factors.iter().map(FeatureFactor::column)
    }

    /// Whether it is a column as it is or one of its levels, and neither a
    /// product nor a power, so that its coefficient can be read on its own.
    pub fn is_single(&self) -> bool {
        match &self.factors[..] {
            [FeatureFactor::Number { power, .. }] => *power == 1,
            [_] => true,
            _ => false,
        }
    }
}

impl fmt::Display for Feature {
    /// Writes its name, as in a table of coefficients: `area`, `area^2`,
    /// `town=Kiel`, `area:town=Kiel`.
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
    /// The name of the column.
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
