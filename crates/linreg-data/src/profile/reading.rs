use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// How to read the columns of a table.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Reading {
    pub names: Vec<String>,
    /// How many of the last names are columns that are read a second time, as
    /// categorical.
    pub num_second: usize,
    /// The columns whose numbers are words too.
    pub words_only: HashSet<String>,
    /// The columns whose stored levels are numbers too.
    pub numbers_only: HashSet<String>,
    /// The largest number of different words of a column.
    pub max_levels: usize,
}
