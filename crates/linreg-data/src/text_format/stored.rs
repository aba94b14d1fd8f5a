use serde::Deserialize;

use super::{CellReader, TextFormat};
use crate::{DataError, DateOrder};

/// A [`TextFormat`] as it is stored, not yet checked.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StoredFormat {
    missing: Vec<String>,
    decimal: Option<char>,
    thousands: Option<char>,
    dates: Option<DateOrder>,
}

impl TryFrom<StoredFormat> for TextFormat {
    type Error = DataError;

    fn try_from(stored: StoredFormat) -> Result<Self, DataError> {
        let format = Self {
            missing: stored.missing,
            decimal: stored.decimal,
            thousands: stored.thousands,
            dates: stored.dates,
        };
        CellReader::new(&format)?;
        Ok(format)
    }
}
