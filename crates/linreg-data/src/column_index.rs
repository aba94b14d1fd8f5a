use std::collections::HashMap;

use crate::Factor;

/// Finds the positions of columns by name, in a time that does not grow with
/// their number.
///
/// Making one goes over every name, so it pays off for several look-ups.
///
/// # Example
///
/// ```
/// use linreg_data::ColumnIndex;
///
/// let index = ColumnIndex::new(["area", "town", "area"]);
/// assert_eq!(index.get("area"), Some(0));
/// assert_eq!(index.last("area"), Some(2));
/// assert!(!index.contains("price"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ColumnIndex<'a> {
    /// The positions of the first and the last column of each name.
    columns: HashMap<&'a str, (usize, usize)>,
}

impl<'a> ColumnIndex<'a> {
    /// Indexes columns with these names, in order.
    pub fn new<S: AsRef<str> + ?Sized + 'a>(names: impl IntoIterator<Item = &'a S>) -> Self {
        let mut columns: HashMap<&str, (usize, usize)> = HashMap::new();
        for (position, name) in names.into_iter().enumerate() {
            let found = columns.entry(name.as_ref()).or_insert((position, position));
            found.1 = position;
        }
        Self { columns }
    }

    /// The position of the first column with this name.
    pub fn get(&self, name: &str) -> Option<usize> {
        self.columns.get(name).map(|(first, _)| *first)
    }

    /// The position of the last column with this name.
    pub fn last(&self, name: &str) -> Option<usize> {
        self.columns.get(name).map(|(_, last)| *last)
    }

    /// The position of the column of a factor: the last of its name for `C()`,
    /// since a column that is categorical a second time comes after all others.
    pub(crate) fn of(&self, factor: &Factor) -> Option<usize> {
        match factor {
            Factor::Categorical(name) => self.last(name),
            _ => self.get(factor.column()),
        }
    }

    /// Whether there is a column of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_search_through_all_columns_finds(
            names in prop::collection::vec("[ab]{0,2}", 0..12),
            wanted in "[ab]{0,2}",
        ) {
            let index = ColumnIndex::new(&names);
            prop_assert_eq!(index.get(&wanted), names.iter().position(|name| *name == wanted));
            prop_assert_eq!(index.last(&wanted), names.iter().rposition(|name| *name == wanted));
            prop_assert_eq!(index.contains(&wanted), names.contains(&wanted));
        }
    }
}
