mod warning;

use linreg_data::{ColumnChoice, Description, Schema, column_names, describe_on, learn_schema_on};

use crate::columns::known;
use crate::{FitError, Table};
pub use warning::ColumnWarning;

/// What the columns of a table hold, before a model of it is made.
#[derive(Clone, Debug)]
pub struct TableDescription {
    /// The name of the table.
    pub name: String,
    /// Number of rows, and what each column is taken as.
    pub schema: Schema,
    /// Quantiles of the columns of numbers, and their correlations with the target.
    pub figures: Description,
    /// The column that each other one is correlated with.
    pub target: Option<String>,
}

impl Table {
    /// Describes each column, and its correlation with a target if one is named.
    /// The rows are read twice.
    ///
    /// # Errors
    ///
    /// A column that the table lacks, a target that is not of numbers, or rows
    /// that cannot be read.
    pub fn describe(
        &self,
        kinds: &ColumnChoice,
        target: Option<&str>,
    ) -> Result<TableDescription, FitError> {
        let found = self.described(kinds, target.map(String::from));
        found.map_err(|error| error.of_table(self.name()))
    }

    fn described(
        &self,
        kinds: &ColumnChoice,
        target: Option<String>,
    ) -> Result<TableDescription, FitError> {
        let source = self.source().as_ref();
        known(target.as_slice(), &column_names(source))?;
        let mut kinds = kinds.clone();
        kinds.named.extend(target.clone());
        let schema = learn_schema_on(self.engine(), source, &kinds)?;
        let figures = describe_on(self.engine(), source, &schema, target.as_deref())?;
        Ok(TableDescription {
            name: self.name().to_string(),
            schema,
            figures,
            target,
        })
    }
}

impl TableDescription {
    /// What an analyst would point out about the table.
    pub fn warnings(&self) -> Vec<ColumnWarning> {
        warning::warnings(self)
    }
}
