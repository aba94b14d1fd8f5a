//! Judges a model on rows that it was not fitted to.

use linreg_data::{DataError, EncodedRows, EncodedSource, Encoder, EncodingCounts, RowPass, Set};
use linreg_training::{Loss, Metrics, MetricsAccumulator};

use super::{FitConfig, FitObserver, Judged};
use crate::encoded_table::{EncodedTable, as_source};
use crate::evaluate::{MetricsPass, metrics};
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
            let (found, counts) = self.judge(
                &fitted.encoded,
                set,
                fitted.model.predictor(),
                fitted.loss(),
            )?;
            let on = match (&self.hold_out.validation_table, set) {
                (Some(table), Set::Validation) => Judged::Table(table.name()),
                _ => Judged::HeldOut,
            };
            observer.judged(&counts, on)?;
            let metrics = metrics(&found, fitted.encoder().targets())
                .map_err(|error| self.no_rows(set, error))?;
            fitted.sets.push((set, metrics));
        }
        Ok(())
    }

    /// Judges a model on the rows of a set.
    pub(super) fn judge(
        &self,
        encoded: &EncodedTable,
        set: Set,
        predictor: &Predictor,
        loss: Loss,
    ) -> Result<(Vec<MetricsAccumulator>, EncodingCounts), FitError> {
        let pass = MetricsPass::new(predictor, encoded.encoder.targets(), loss);
        let of_set = |rows: EncodedSource| Ok(rows.run(pass)?);
        match (&self.hold_out.validation_table, set) {
            (Some(table), Set::Validation) => {
                let judged = encoded.rows_of(table, set).and_then(of_set);
                judged.map_err(|error| error.of_table(table.name()))
            }
            _ => encoded.rows(set).and_then(of_set),
        }
    }

    /// Says which rows a model cannot be judged on, if there are none.
    fn no_rows(&self, set: Set, error: FitError) -> FitError {
        match (error, &self.hold_out.validation_table, set) {
            (FitError::NoRows, Some(table), Set::Validation) => {
                FitError::NoRowsToJudge.of_table(table.name())
            }
            (FitError::NoRows, _, set) => FitError::NoRowsHeldOut { set },
            (error, ..) => error,
        }
    }

    /// Reads the rows of a set into memory, if they fit there and no other machine reads
    /// them.
    pub(super) fn load(
        &self,
        encoded: &EncodedTable,
        set: Set,
    ) -> Result<(EncodedRows, EncodingCounts), FitError> {
        let is_remote = encoded.table.engine().is_remote();
        let most = if is_remote { 0 } else { self.max_numbers() };
        if let (Some(table), Set::Validation) = (&self.hold_out.validation_table, set) {
            let rows = encoded.rows_of(table, set);
            let rows = rows.and_then(|rows| Ok(rows.load(most)?));
            return rows.map_err(|error| {
                match error {
                    FitError::Data(DataError::NoRows(_)) => FitError::NoRowsToJudge,
                    error => error,
                }
                .of_table(table.name())
            });
        }
        Ok(encoded.rows(set)?.load(most)?)
    }

    /// The name of the table that the model is judged on.
    pub(super) fn validation_name(&self) -> Option<String> {
        let table = self.hold_out.validation_table.as_ref();
        table.map(|table| table.name().to_string())
    }
}

/// The metrics on rows of a model that was fitted with this loss.
pub(super) fn judge_rows(
    rows: &EncodedRows,
    predictor: &Predictor,
    encoder: &Encoder,
    loss: Loss,
) -> Result<Vec<Metrics>, FitError> {
    let pass = MetricsPass::new(predictor, encoder.targets(), loss);
    metrics(&run(rows, pass)?, encoder.targets())
}

/// Runs a pass over rows, wherever they are.
pub(super) fn run<P: RowPass>(rows: &EncodedRows, pass: P) -> Result<P::Output, FitError> {
    Ok(pass.run(as_source(rows))?)
}
