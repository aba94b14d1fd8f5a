use arrow_schema::{DataType, Schema};

use crate::error::quote;

/// The first column in which a table differs from another.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherColumn {
    /// Its number, from 1.
    pub number: usize,
    /// Its name and type; None where the table has fewer columns.
    pub found: Option<(String, DataType)>,
    /// The name and type that it has in the other table; None where that has
    /// fewer columns.
    pub expected: Option<(String, DataType)>,
}

impl OtherColumn {
    /// Compares names and types; whether a column may be null makes no
    /// difference.
    pub(crate) fn find(found: &Schema, expected: &Schema) -> Option<Self> {
        let num_columns = found.fields().len().max(expected.fields().len());
        (0..num_columns).find_map(|column| {
            let of = |schema: &Schema| {
                let field = schema.fields().get(column)?;
                Some((field.name().clone(), field.data_type().clone()))
            };
            let (found, expected) = (of(found), of(expected));
            (found != expected).then_some(Self {
                number: column + 1,
                found,
                expected,
            })
        })
    }
}

/// Writes the name and the type of a column, or that there is none.
pub(crate) fn name_and_type(column: &Option<(String, DataType)>) -> String {
    match column {
        Some((name, data_type)) => format!("{} of type {data_type}", quote(name)),
        None => "none".to_string(),
    }
}
