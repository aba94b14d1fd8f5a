use crate::{Collinear, ExactError};

/// Limits of the size of an exact fit, whose time grows with the cube of the number
/// of features, and whose memory grows with its square.
///
/// # Example
///
/// ```
/// use linreg_exact::{Collinear, ExactError, SizeLimits};
///
/// let limits = SizeLimits::default();
/// assert!(limits.check(10, 1, Some(200), Collinear::Error).is_ok());
/// // Each coefficient needs a row: this can be told before any work.
/// let error = limits.check(4_000, 1, Some(200), Collinear::Error);
/// assert_eq!(
///     error,
///     Err(ExactError::TooFewRows { rows: 200, coefficients: 4_000 })
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeLimits {
    /// Largest number of features. Default: [`SizeLimits::MAX_FEATURES`].
    pub max_features: usize,
    /// Most bytes for the sums of products. Default: no limit.
    pub max_bytes: u64,
}

impl Default for SizeLimits {
    fn default() -> Self {
        Self {
            max_features: Self::MAX_FEATURES,
            max_bytes: u64::MAX,
        }
    }
}

impl SizeLimits {
    /// A fit of so many features takes minutes and about a gigabyte.
    pub const MAX_FEATURES: usize = 4000;

    /// Number of matrices of sums that are in memory at the same time: those of some
    /// chunks, of all rows, and of the solver.
    const STATES: u64 = 8;

    /// Returns about how many bytes a fit of so many features and targets takes.
    pub fn bytes(features: usize, targets: usize) -> u64 {
        let columns = (features as u64).saturating_add(targets as u64);
        let columns = columns.saturating_add(1);
        let numbers = columns.saturating_mul(columns);
        numbers.saturating_mul(Self::STATES * size_of::<f64>() as u64)
    }

    /// Whether the allocator of this machine grants the memory that a fit of so many
    /// features and targets takes.
    pub(crate) fn fits_in_memory(features: usize, targets: usize) -> bool {
        let Ok(bytes) = usize::try_from(Self::bytes(features, targets)) else {
            return false;
        };
        if bytes < 1 << 28 {
            return true;
        }
        let mut memory = Vec::<u8>::new();
        let granted = memory.try_reserve_exact(bytes);
        // The compiler would leave out an allocation that nothing uses.
        std::hint::black_box(&memory);
        granted.is_ok()
    }

    /// Checks the size of a fit before any work is done. `rows` is the most rows
    /// that there can be, if that is known.
    ///
    /// # Errors
    ///
    /// [`ExactError::TooManyFeatures`] or [`ExactError::TooLarge`] beyond the
    /// limits; [`ExactError::TooFewRows`] for fewer rows than features, with
    /// [`Collinear::Error`].
    pub fn check(
        &self,
        features: usize,
        targets: usize,
        rows: Option<u64>,
        collinear: Collinear,
    ) -> Result<(), ExactError> {
        if features > self.max_features {
            return Err(ExactError::TooManyFeatures {
                features,
                limit: self.max_features,
            });
        }
        if let Some(rows) = rows.filter(|rows| *rows < features as u64)
            && collinear == Collinear::Error
        {
            return Err(ExactError::TooFewRows {
                rows,
                coefficients: features,
            });
        }
        let bytes = Self::bytes(features, targets);
        if bytes > self.max_bytes {
            Err(ExactError::TooLarge {
                features,
                bytes,
                limit: self.max_bytes,
            })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_whose_solver_does_not_fit_in_memory_is_refused() {
        assert!(SizeLimits::fits_in_memory(100, 1));
        // The sums alone take 32 TiB, and processors address 128 TiB.
        assert!(!SizeLimits::fits_in_memory(1 << 21, 1));
        assert!(!SizeLimits::fits_in_memory(usize::MAX, 1));
    }

    #[test]
    fn what_would_take_too_much_is_refused_before_the_work() {
        let limits = SizeLimits {
            max_features: 4000,
            max_bytes: 1 << 30,
        };
        let check = |features, rows| limits.check(features, 1, rows, Collinear::Error);
        // The largest fit that is allowed fits into a GiB.
        assert_eq!(check(4000, None), Ok(()));
        let error = check(4001, None).unwrap_err().to_string();
        assert!(
            error.starts_with("4001 features are more than the 4000"),
            "{error}"
        );
        let error = check(2000, Some(1999)).unwrap_err().to_string();
        assert!(
            error.starts_with("1999 rows do not determine 2000"),
            "{error}"
        );
        let few = limits.check(2000, 1, Some(1999), Collinear::MinimumNorm);
        assert_eq!(few, Ok(()));
        let small = SizeLimits {
            max_bytes: 1 << 20,
            ..limits
        };
        let error = small.check(1000, 1, None, Collinear::Error).unwrap_err();
        let message = "an exact fit of 1000 features takes about 62 MiB of memory, more than the limit of 1 MiB";
        assert_eq!(error.to_string(), message);
        assert_eq!(SizeLimits::bytes(usize::MAX, 3), u64::MAX);
    }
}
