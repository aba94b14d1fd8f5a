//! Rows of the data crate as those of the exact crate, and errors the other way.

use linreg_data::{DataError, RowChunk};
use linreg_exact::{ExactError, Rows};

/// The rows of a pass in the form that the exact fit takes.
pub(crate) fn exact_rows<'a>(rows: &RowChunk<'a>) -> Result<Rows<'a>, ExactError> {
    let (features, targets) = (rows.num_features, rows.num_targets);
    Rows::new(rows.features, rows.targets, features, targets)?
        .with_weights(rows.weights)?
        .with_tails(rows.tails)
}

/// An error of the exact fit as one of a pass over rows.
pub(crate) fn data_error(error: ExactError) -> DataError {
    DataError::Other(Box::new(error))
}
