use linreg_data::{DataError, Encoder};
use linreg_exact::{Collinear, SizeLimits};

use super::rows::data_error;

/// The limits of an exact fit, checked before any work is done for it.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    size: SizeLimits,
    collinear: Collinear,
    /// The most rows that there can be, if known.
    rows: Option<u64>,
}

/// With more features than this, a fit is refused before any work if the rows
/// are too few to determine the coefficients. With fewer, the work is done,
/// since it tells which features are linearly dependent.
const WIDE: usize = 1000;

/// Bytes that any fit may take: the memory of the settings is meant for rows, and
/// may be low.
const LEAST_BYTES: u64 = 64 << 20;

impl Limits {
    pub fn new(max_features: Option<usize>, memory: u64, collinear: Collinear) -> Self {
        Self {
            size: SizeLimits {
                max_features: max_features.unwrap_or(SizeLimits::MAX_FEATURES),
                max_bytes: memory.max(LEAST_BYTES),
            },
            collinear,
            rows: None,
        }
    }

    /// The limits for a table of this many rows.
    pub fn of_rows(self, rows: u64) -> Self {
        Self {
            rows: Some(rows),
            ..self
        }
    }

    pub fn check(&self, encoder: &Encoder) -> Result<(), DataError> {
        let (features, targets) = (encoder.num_features(), encoder.targets().len());
        let rows = self.rows.filter(|_| features > WIDE);
        let checked = self.size.check(features, targets, rows, self.collinear);
        checked.map_err(data_error)
    }
}
