//! Judges a model on rows that it was not fitted to.

use linreg_data::{
    ChunkOrder, DataError, EncodedRows, Encoder, EncodingCounts, RowSource, Rows, Set,
};
use linreg_training::{Loss, Metrics};

use super::{FitConfig, FitObserver, Judged};
use crate::encoded_table::{EncodedTable, as_source};
use crate::evaluate::metrics;
use crate::{FitError, Fitted, Predictor};

impl FitConfig {
    /// Judges a model on the rows held out, and on those of another table.
    pub(super) fn judge_held_out(
        &self,
        fitted: &mut Fitted,
        observer: &mut dyn FitObserver,
    ) -> Result<(), FitError> {
        for set in [Set::Validation, Set::Test] {
            if !self.hold_out.has(fitted.encoded.split, set) {
                continue;
            }
            let (rows, counts) = self.load(&fitted.encoded, set)?;
            let on = match (&self.hold_out.validation_table, set) {
                (Some(table), Set::Validation) => Judged::Table(table.name()),
                _ => Judged::HeldOut,
            };
            observer.judged(&counts, on)?;
            let (predictor, loss) = (fitted.model.predictor(), fitted.loss());
            let metrics = judge(as_source(&rows), predictor, fitted.encoder(), loss)?;
            fitted.sets.push((set, metrics));
        }
        Ok(())
    }

    /// Reads the rows of a set into memory, if they fit there.
    pub(super) fn load(
        &self,
        encoded: &EncodedTable,
        set: Set,
    ) -> Result<(EncodedRows, EncodingCounts), FitError> {
        if let (Some(table), Set::Validation) = (&self.hold_out.validation_table, set) {
            let rows = encoded.rows_of(table, set);
            let rows = rows.and_then(|rows| Ok(rows.load(self.max_numbers())?));
            return rows.map_err(|error| {
                match error {
                    FitError::Data(DataError::NoRows(_)) => FitError::NoRowsToJudge,
                    error => error,
                }
                .of_table(table.name())
            });
        }
        Ok(encoded.rows(set)?.load(self.max_numbers())?)
    }

    /// The name of the table that the model is judged on.
    pub(super) fn validation_name(&self) -> Option<String> {
        let table = self.hold_out.validation_table.as_ref();
        table.map(|table| table.name().to_string())
    }
}

/// The metrics on some rows of a model that was fitted with this loss.
pub(super) fn judge(
    rows: &dyn RowSource,
    predictor: &Predictor,
    encoder: &Encoder,
    loss: Loss,
) -> Result<Vec<Metrics>, FitError> {
    let predict = |rows: &Rows| predictor.predict(rows);
    let chunks = rows.chunks(ChunkOrder::File)?;
    metrics(chunks, predict, encoder.targets(), loss)
}
