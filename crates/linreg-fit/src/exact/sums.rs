use std::sync::Arc;

use linreg_data::{DataError, EncodedSource, Encoder, EncodingCounts, RowChunk, RowPass};
use linreg_exact::{Accumulator, Arithmetic};
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::rows::{data_error, exact_rows};
use crate::FitError;

/// With so few features, reading a row takes longer than summing it in
/// double-double arithmetic, which is therefore always used.
const FEW_FEATURES: usize = 24;

/// The sums over the rows that an exact fit needs.
pub(crate) struct Sums {
    pub limits: Limits,
    pub accumulator: Arc<Accumulator>,
}

impl Sums {
    /// Sums up all rows of a source.
    pub fn of(
        source: &EncodedSource,
        encoder: &Encoder,
        arithmetic: Arithmetic,
        limits: Limits,
    ) -> Result<(Self, EncodingCounts), FitError> {
        limits.check(encoder)?;
        let pass = SumsPass::new(encoder, arithmetic);
        let (accumulator, counts) = source.run(pass)?;
        let sums = Self {
            limits,
            accumulator: Arc::new(accumulator),
        };
        Ok((sums, counts))
    }
}

/// Sums up the rows that an exact fit needs.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct SumsPass {
    features: usize,
    targets: usize,
    arithmetic: Arithmetic,
}

impl SumsPass {
    pub fn new(encoder: &Encoder, arithmetic: Arithmetic) -> Self {
        let features = encoder.num_features();
        Self {
            features,
            targets: encoder.targets().len(),
            arithmetic: if features <= FEW_FEATURES {
                Arithmetic::DoubleDouble
            } else {
                arithmetic
            },
        }
    }
}

impl RowPass for SumsPass {
    type State = Accumulator;
    type Output = Accumulator;

    fn name() -> String {
        "sums of an exact fit".to_string()
    }

    fn start(&self) -> Accumulator {
        Accumulator::new(self.features, self.targets, self.arithmetic)
    }

    fn update(&self, sums: &mut Accumulator, rows: &RowChunk) -> Result<(), DataError> {
        let rows = exact_rows(rows).map_err(data_error)?;
        sums.update(&rows).map_err(data_error)
    }

    fn merge(&self, sums: &mut Accumulator, later: Accumulator) -> Result<(), DataError> {
        sums.merge(&later).map_err(data_error)
    }

    fn finish(self, sums: Accumulator) -> Result<Accumulator, DataError> {
        Ok(sums)
    }
}

#[cfg(test)]
mod tests;
