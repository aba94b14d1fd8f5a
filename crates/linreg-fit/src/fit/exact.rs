//! Fits exactly.

use std::sync::Arc;
use std::time::Duration;

use linreg_data::{DataError, Encoder, EncodingCounts, NoRows, Set, Split, learn_and_encode};
use linreg_exact::Arithmetic;

use super::{FitConfig, FitObserver, is_fold};
use crate::encoded_table::{EncodedTable, fitted_rows};
use crate::exact::{Sums, SumsPass};
use crate::{ExactConfig, ExactFit, FitError, Fitted, FittedModel, How, Table};

impl FitConfig {
    /// Learns what the columns are and fits exactly to all rows, in one pass if
    /// possible.
    pub(super) fn learn_and_fit(
        &self,
        table: &Table,
        exact: &ExactConfig,
        observer: &mut dyn FitObserver,
    ) -> Result<Fitted, FitError> {
        let (engine, source) = (table.engine(), table.source().as_ref());
        let (choice, config) = self.encoding(source)?;
        let mut limits = self.limits(exact);
        let make = |encoder: &Encoder, rows: Option<u64>| {
            limits = rows.map_or(limits, |rows| limits.of_rows(rows));
            limits.check(encoder)?;
            Ok(SumsPass::new(encoder, Arithmetic::Double))
        };
        let (learned, sums) = learn_and_encode(engine, source, &choice, &config, make)?;
        let sums = Sums {
            limits,
            accumulator: Arc::new(sums),
        };
        let encoded = EncodedTable {
            table: table.clone(),
            schema: learned.schema,
            encoder: learned.encoder,
            config,
            passes: learned.passes,
            split: Split::None,
            left_out: Arc::new([]),
        };
        let fit = self.solve(&encoded, exact, sums, &learned.counts, learned.passes)?;
        observer.columns(&encoded.schema, &encoded.encoder)?;
        let mut fitted = self.exactly_fitted(table, encoded, fit, learned.counts)?;
        self.judge_held_out(&mut fitted, observer)?;
        observer.fitted(&fitted)?;
        Ok(fitted)
    }

    /// Fits exactly to the training rows of a table whose columns are known.
    pub(super) fn fit_exact(
        &self,
        table: &Table,
        encoded: EncodedTable,
        exact: &ExactConfig,
        observer: &mut dyn FitObserver,
    ) -> Result<Fitted, FitError> {
        let (fit, counts) = self.fit_rows(&encoded, exact)?;
        let mut fitted = self.exactly_fitted(table, encoded, fit, counts)?;
        self.hold_out.check_folds(fitted.num_rows as u64)?;
        self.judge_held_out(&mut fitted, observer)?;
        observer.fitted(&fitted)?;
        Ok(fitted)
    }

    /// The exact fit to the training rows, and how they were encoded.
    pub(super) fn fit_rows(
        &self,
        encoded: &EncodedTable,
        exact: &ExactConfig,
    ) -> Result<(ExactFit, EncodingCounts), FitError> {
        let limits = self.limits(exact).of_rows(encoded.schema.num_rows);
        let rows = encoded.rows(Set::Training)?;
        let (sums, counts) = Sums::of(&rows, &encoded.encoder, Arithmetic::Double, limits)?;
        let fit = self.solve(encoded, exact, sums, &counts, encoded.passes + 1)?;
        Ok((fit, counts))
    }

    fn solve(
        &self,
        encoded: &EncodedTable,
        exact: &ExactConfig,
        sums: Sums,
        counts: &EncodingCounts,
        passes: usize,
    ) -> Result<ExactFit, FitError> {
        if counts.rows == counts.dropped {
            return Err(DataError::NoRows(NoRows::Fitted).into());
        }
        let again = || encoded.rows(Set::Training);
        if is_fold(encoded.split) {
            ExactFit::new(&sums, passes, again, &encoded.encoder, &exact.for_fold())
        } else {
            ExactFit::new(&sums, passes, again, &encoded.encoder, exact)
        }
    }

    fn exactly_fitted(
        &self,
        table: &Table,
        encoded: EncodedTable,
        fit: ExactFit,
        counts: EncodingCounts,
    ) -> Result<Fitted, FitError> {
        let num_rows = fitted_rows(&counts);
        Ok(Fitted {
            model: FittedModel::of_exact(&fit, &encoded, table, num_rows)?,
            table: table.name().to_string(),
            encoded,
            counts,
            num_rows,
            how: How::Exact(Box::new(fit)),
            sets: Vec::new(),
            validation_table: self.validation_name(),
            folds: Vec::new(),
            elapsed: Duration::ZERO,
        })
    }
}
