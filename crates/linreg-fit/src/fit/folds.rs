//! Cross-validation.

use std::sync::Arc;

use linreg_data::{DataError, Set, Split, rows_left_out_on};
use linreg_training::Loss;

use super::{FitConfig, Method};
use crate::encoded_table::EncodedTable;
use crate::evaluate::metrics;
use crate::{FitError, Fold, Predictor};

impl FitConfig {
    /// Runs a cross-validation over the rows that the model is fitted to, if one
    /// is asked for.
    pub(super) fn folds(
        &self,
        encoded: &EncodedTable,
        num_rows: u64,
    ) -> Result<Vec<Fold>, FitError> {
        if self.hold_out.folds.is_none() {
            return Ok(Vec::new());
        }
        let left_out = if num_rows == encoded.schema.num_rows {
            Arc::new([])
        } else {
            let table = &encoded.table;
            rows_left_out_on(table.engine(), table.source().as_ref(), &encoded.encoder)?
        };
        let folds = self.hold_out.fold_splits(num_rows, self.seed);
        folds
            .map(|fold| self.fold(encoded, fold, &left_out))
            .collect()
    }

    /// Fits a model to the training rows of a fold and judges it on the rows left
    /// out.
    fn fold(
        &self,
        encoded: &EncodedTable,
        fold: Split,
        left_out: &Arc<[u64]>,
    ) -> Result<Fold, FitError> {
        let encoded = encoded.of_fold(fold, left_out)?;
        if encoded.encoder.feature_names().is_empty() {
            return Ok(Fold::default());
        }
        match self.judged_fold(&encoded) {
            Err(FitError::Data(DataError::NoRows(_))) => Ok(Fold::default()),
            judged => judged,
        }
    }

    fn judged_fold(&self, encoded: &EncodedTable) -> Result<Fold, FitError> {
        let (predictor, loss) = match &self.method {
            Method::Exact(exact) => {
                let (fit, _) = self.fit_rows(encoded, exact)?;
                let errors = fit.prediction_errors().cloned();
                (Predictor::new(fit.coefficients()?, errors), Loss::Squared)
            }
            Method::Training(training) => {
                let trained = self.train(encoded, training, None)?;
                let loss = trained.outcome.config.loss;
                (Predictor::new(trained.outcome.coefficients, None), loss)
            }
        };
        let (found, counts) = self.judge(encoded, Set::Validation, &predictor, loss)?;
        match metrics(&found, encoded.encoder.targets()) {
            Ok(metrics) => Ok(Fold { metrics, counts }),
            Err(FitError::NoRows) => Ok(Fold {
                metrics: Vec::new(),
                counts,
            }),
            Err(error) => Err(error),
        }
    }
}
