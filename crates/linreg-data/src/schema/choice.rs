use std::collections::{BTreeMap, HashSet};

use super::ColumnError;
use crate::profile::Reading;
use crate::source::{Source, column_names};
use crate::{ColumnIndex, DataError};

/// What a user says about the columns of a table; the rest is found out from
/// the cells.
#[derive(Clone, Debug)]
pub struct ColumnChoice {
    /// The columns to read; None for all.
    pub columns: Option<Vec<String>>,
    /// The columns to treat as numbers; dates become days since 1970-01-01.
    pub numeric: Vec<String>,
    /// The columns to treat as categorical, even if their cells are numbers.
    pub categorical: Vec<String>,
    /// The columns to use both as they are and as categorical, for models with
    /// `C(year)` beside `year` or `poly(year, 2)`.
    pub also_categorical: Vec<String>,
    /// The columns that the user named: an index that pandas has stored is
    /// ignored unless it is one of them.
    pub named: Vec<String>,
    /// The reference level of a column, by the name of the column. Default: the
    /// first level in alphabetical order.
    pub baselines: BTreeMap<String, String>,
    /// The largest number of levels of a column. Default: 100.
    pub max_levels: usize,
}

impl Default for ColumnChoice {
    fn default() -> Self {
        Self {
            columns: None,
            numeric: Vec::new(),
            categorical: Vec::new(),
            also_categorical: Vec::new(),
            named: Vec::new(),
            baselines: BTreeMap::new(),
            max_levels: 100,
        }
    }
}

impl ColumnChoice {
    /// Checks the choice against a source and returns how to read it.
    pub(crate) fn reading(&self, source: &dyn Source) -> Result<Reading, DataError> {
        let all = column_names(source);
        let known: HashSet<&str> = all.iter().map(String::as_str).collect();
        let named = self.columns.iter().flatten();
        let named = named.chain(&self.numeric).chain(&self.categorical);
        let named = named.chain(&self.also_categorical);
        for name in named.chain(self.baselines.keys()) {
            if !known.contains(name.as_str()) {
                return Err(DataError::UnknownColumn {
                    name: name.clone(),
                    columns: all.clone(),
                });
            }
        }
        let categorical = ColumnIndex::new(&self.categorical);
        if let Some(both) = self.numeric.iter().find(|n| categorical.contains(n)) {
            return Err(ColumnError::TwoKinds(both.clone()).into());
        }
        let wanted: Option<HashSet<&String>> = self.columns.as_ref().map(|c| c.iter().collect());
        let read = |name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        let said = self.numeric.iter().chain(&self.categorical);
        if let Some(unread) = said.chain(self.baselines.keys()).find(|name| !read(name)) {
            return Err(ColumnError::Unused(unread.clone()).into());
        }
        let words_only = self.categorical.iter().chain(self.baselines.keys());
        let second = ColumnIndex::new(&self.also_categorical);
        let words_only = words_only.filter(|name| !second.contains(name));
        let mut names: Vec<String> = all.iter().filter(|name| read(name)).cloned().collect();
        names.extend(self.also_categorical.iter().cloned());
        Ok(Reading {
            names,
            num_second: self.also_categorical.len(),
            words_only: words_only.cloned().collect(),
            numbers_only: self.numeric.iter().cloned().collect(),
            max_levels: self.max_levels,
        })
    }
}
