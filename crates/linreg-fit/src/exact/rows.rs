//! Rows of the data crate as those of the exact crate, and errors the other way.

use linreg_data::{DataError, RowChunk};
use linreg_exact::{ExactError, Rows};

use crate::FitError;

/// The rows of a pass in the form that the exact fit takes.
pub(crate) fn exact_rows<'a>(rows: &RowChunk<'a>) -> Result<Rows<'a>, ExactError> {
    let (features, targets) = (rows.num_features, rows.num_targets);
    Rows::new(rows.features, rows.targets, features, targets)?
        .with_weights(rows.weights)?
        .with_tails(rows.tails)
}

/// An error of what is computed from rows as one of a pass over them.
pub(crate) fn data_error(error: impl Into<FitError>) -> DataError {
    DataError::Other(Box::new(error.into()))
}
