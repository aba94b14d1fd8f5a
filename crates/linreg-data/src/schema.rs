mod choice;
mod column;
mod error;
mod index;
mod learn;
mod mixed;
mod stored;
mod why;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::DataError;
pub use choice::ColumnChoice;
pub use column::{Column, Kind, Spread};
pub use error::{ColumnError, Obstacle, Role, Unusable};
pub use index::SchemaIndex;
pub use learn::{learn_schema, learn_schema_on};
use stored::StoredSchema;
pub use why::{CommonCell, Why};

/// What kind each column of a table is, found out in one pass over it.
///
/// A deserialised schema has been checked, with its columns and their levels.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "StoredSchema")]
pub struct Schema {
    /// Number of rows.
    pub num_rows: u64,
    /// The columns read, in file order; after them, the columns that are
    /// categorical a second time.
    pub columns: Vec<Column>,
}

impl Schema {
    /// Returns the column of this name. For several names, [`SchemaIndex`] goes
    /// over the columns only once.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] if there is none.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| DataError::UnknownColumn {
            name: name.to_string(),
            columns: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }

    /// Returns the pairs of columns with the same cells in every row, the
    /// earlier column first.
    pub fn duplicates(&self) -> Vec<(&str, &str)> {
        let mut first = BTreeMap::new();
        let mut pairs = Vec::new();
        for column in &self.columns {
            if column.is_constant() || column.kind == Kind::Ignored {
                continue;
            }
            match first.get(&column.fingerprint) {
                Some(earlier) => pairs.push((*earlier, column.name.as_str())),
                None => {
                    first.insert(column.fingerprint, column.name.as_str());
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests;
