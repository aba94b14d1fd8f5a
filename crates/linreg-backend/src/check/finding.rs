/// The outcome of one operation at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The operation, in words.
    pub operation: &'static str,
    /// Number of rows that it took.
    pub rows: usize,
    /// What came of it.
    pub outcome: Outcome,
    /// How `linreg` avoids the operation, if it does not use it at this size.
    pub avoided: Option<&'static str>,
}

/// What came of an operation. Errors are relative to the largest number expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The result is right.
    Right {
        /// The largest error of a number.
        relative_error: f64,
    },
    /// A number is wrong.
    Wrong {
        /// The number as it should be.
        expected: f64,
        /// The number as it is.
        found: f64,
        /// Its error.
        relative_error: f64,
    },
    /// The device failed, with this message.
    Failed(String),
}

impl Outcome {
    /// Compares numbers one by one, each error relative to the largest number
    /// expected. NaN is wrong, and fewer or more numbers are a failure.
    pub fn compare(found: &[f64], expected: &[f64], tolerance: f64) -> Self {
        if found.len() != expected.len() {
            let (found, expected) = (found.len(), expected.len());
            return Self::Failed(format!(
                "gave {found} numbers where {expected} were expected"
            ));
        }
        let scale = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let scale = if scale == 0.0 { 1.0 } else { scale };
        let mut worst = Self::Right {
            relative_error: 0.0,
        };
        let mut most = 0.0;
        for (&found, &expected) in found.iter().zip(expected) {
            let relative_error = (found - expected).abs() / scale;
            // NaN counts as the largest error.
            if relative_error > most || relative_error.is_nan() {
                most = relative_error;
                worst = if relative_error <= tolerance {
                    Self::Right { relative_error }
                } else {
                    Self::Wrong {
                        expected,
                        found,
                        relative_error,
                    }
                };
                if relative_error.is_nan() {
                    break;
                }
            }
        }
        worst
    }
}

impl Finding {
    /// Whether the result is right.
    pub fn is_right(&self) -> bool {
        matches!(self.outcome, Outcome::Right { .. })
    }

    /// Whether something that `linreg` uses is wrong.
    pub fn is_fatal(&self) -> bool {
        self.avoided.is_none() && !self.is_right()
    }
}
