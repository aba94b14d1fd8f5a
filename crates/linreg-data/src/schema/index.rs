use super::{Column, Schema};
use crate::{ColumnIndex, DataError, Factor};

/// Finds the columns of a [`Schema`] by name, in a time that does not grow with
/// their number.
///
/// # Example
///
/// ```
/// use linreg_data::{Schema, SchemaIndex};
///
/// let schema = Schema { num_rows: 0, columns: Vec::new() };
/// assert!(SchemaIndex::new(&schema).column("area").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct SchemaIndex<'a> {
    columns: &'a [Column],
    names: ColumnIndex<'a>,
}

impl<'a> SchemaIndex<'a> {
    /// Indexes the name of every column.
    pub fn new(schema: &'a Schema) -> Self {
        Self {
            columns: &schema.columns,
            names: ColumnIndex::new(schema.columns.iter().map(|column| &column.name)),
        }
    }

    /// Returns the column of this name.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] if there is none.
    pub fn column(&self, name: &str) -> Result<&'a Column, DataError> {
        self.at(self.names.get(name), name)
    }

    /// Returns the column that a factor of a term is made of: the categorical
    /// one for `C()`, else the column as it is.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] if there is none.
    pub(crate) fn column_of(&self, factor: &Factor) -> Result<&'a Column, DataError> {
        self.at(self.names.of(factor), factor.column())
    }

    /// The position of the column of a factor.
    pub(crate) fn position_of(&self, factor: &Factor) -> Option<usize> {
        self.names.of(factor)
    }

    /// The position of a column; with `is_second`, of the one that is
    /// categorical a second time.
    pub(crate) fn position(&self, name: &str, is_second: bool) -> Option<usize> {
        let found = if is_second {
            self.names.last(name)
        } else {
            self.names.get(name)
        };
        found.filter(|index| self.columns[*index].is_second == is_second)
    }

    fn at(&self, position: Option<usize>, name: &str) -> Result<&'a Column, DataError> {
        let found = position.and_then(|position| self.columns.get(position));
        found.ok_or_else(|| DataError::UnknownColumn {
            name: name.to_string(),
            columns: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }
}
