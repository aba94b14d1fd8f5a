use serde::Deserialize;

use super::{ColumnProfile, TableProfile};
use crate::TextFormat;
use crate::error::{StoredError, quote};

/// A [`TableProfile`] as it is stored, not yet checked.
#[derive(Deserialize)]
pub(super) struct StoredProfile {
    num_rows: u64,
    columns: Vec<ColumnProfile>,
    format: TextFormat,
}

impl TryFrom<StoredProfile> for TableProfile {
    type Error = StoredError;

    fn try_from(stored: StoredProfile) -> Result<Self, StoredError> {
        let num_rows = stored.num_rows;
        StoredError::check_counts("number of rows of a profile", [num_rows])?;
        for column in &stored.columns {
            let all = |counts: &mut dyn Iterator<Item = &u64>| {
                counts.fold(0u64, |sum, count| sum.saturating_add(*count))
            };
            let counts = [
                column.missing,
                column.numbers,
                column.infinite,
                column.booleans,
                column.dates,
                column.words.count,
                column.odd.numbers,
                column.odd.gaps,
                all(&mut column.infinite_words.values()),
                all(&mut column.words.levels.values()),
            ];
            if let Some(found) = counts.into_iter().find(|count| *count > num_rows) {
                return Err(StoredError::new(
                    format!(
                        "number of cells of a kind in the column {}",
                        quote(&column.name)
                    ),
                    found,
                    format!("at most {num_rows}, the number of rows"),
                ));
            }
        }
        Ok(Self {
            num_rows,
            columns: stored.columns,
            format: stored.format,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Reading;

    #[test]
    fn a_profile_whose_counts_could_overflow_is_refused() {
        let reading = Reading {
            names: vec!["a".to_string()],
            ..Reading::default()
        };
        let profile = || {
            let mut profile = TableProfile::new(&reading);
            profile.num_rows = 2;
            profile
        };
        let mut more_rows = profile();
        more_rows.num_rows = u64::MAX;
        let mut more_missing = profile();
        more_missing.columns[0].missing = 3;
        let mut more_words = profile();
        let levels = ["x", "y"].map(|word| (word.to_string(), u64::MAX));
        more_words.columns[0].words.levels = levels.into();
        let read = |profile: &TableProfile| {
            let json = serde_json::to_string(profile).unwrap();
            serde_json::from_str::<TableProfile>(&json).map_err(|error| error.to_string())
        };
        assert_eq!(read(&profile()), Ok(profile()));
        for (profile, message) in [
            (
                more_rows,
                "the number of rows of a profile is 18446744073709551615",
            ),
            (
                more_missing,
                "the number of cells of a kind in the column `a` is 3, expected at most 2",
            ),
            (
                more_words,
                "the number of cells of a kind in the column `a` is 18446744073709551615",
            ),
        ] {
            let error = read(&profile).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
