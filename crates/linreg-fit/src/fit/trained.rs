//! Fits by gradients.

use std::time::{Duration, Instant};

use linreg_backend::Outcome;
use linreg_data::{EncodedRows, Encoder, EncodingCounts, RowSource, Set};
use linreg_exact::{Arithmetic, ExactError};
use linreg_model::Coefficients;
use linreg_training::{Loss, Metrics, RunOptions};

use super::judge::{judge_rows, run};
use super::{FitConfig, FitObserver, Training, is_fold};
use crate::encoded_table::{EncodedTable, as_source};
use crate::evaluate::{MetricsPass, metrics};
use crate::training::{Gap, GapPass, Optimum, Search, has_gap};
use crate::{FitError, Fitted, FittedModel, How, Predictor, Table, Trained};

/// A model that was trained, and what it was trained on.
pub(super) struct TrainedRows {
    pub outcome: Outcome,
    rows: EncodedRows,
    counts: EncodingCounts,
    search: Option<Search>,
    elapsed: Duration,
}

impl FitConfig {
    /// Trains on the training rows of a table whose columns are known.
    pub(super) fn fit_trained(
        &self,
        table: &Table,
        encoded: EncodedTable,
        training: &Training,
        observer: &mut dyn FitObserver,
    ) -> Result<Fitted, FitError> {
        let TrainedRows {
            outcome,
            rows,
            counts,
            search,
            elapsed,
        } = self.train(&encoded, training, Some(&mut *observer))?;
        let gap_is_possible = has_gap(&outcome.config, &encoded.encoder);
        let backend = training.trainer.name();
        let num_rows = as_source(&rows).num_rows();
        let model = FittedModel::of_training(&outcome, &backend, &encoded, table, num_rows)?;
        let optimum = (!gap_is_possible).then_some(Optimum {
            targets: outcome.optimality,
        });
        let mut fitted = Fitted {
            model,
            table: table.name().to_string(),
            encoded,
            counts,
            num_rows,
            how: How::Trained(Box::new(Trained {
                config: outcome.config,
                history: outcome.history,
                stopped: outcome.stopped,
                elapsed,
                backend,
                gap: None,
                optimum,
                search,
            })),
            sets: Vec::new(),
            validation_table: self.validation_name(),
            folds: Vec::new(),
            elapsed,
        };
        // Training takes long, so nothing that fails now may lose the model.
        observer.fitted(&fitted)?;
        judge_on_training_rows(&mut fitted, &rows)?;
        self.judge_held_out(&mut fitted, observer)?;
        Ok(fitted)
    }

    /// Trains on the training rows; `observer` is `None` for a fold.
    pub(super) fn train(
        &self,
        encoded: &EncodedTable,
        training: &Training,
        mut observer: Option<&mut dyn FitObserver>,
    ) -> Result<TrainedRows, FitError> {
        let (rows, counts) = self.load(encoded, Set::Training)?;
        let num_rows = as_source(&rows).num_rows();
        let is_fold = is_fold(encoded.split);
        if !is_fold {
            self.hold_out.check_folds(num_rows as u64)?;
        }
        // The method does not depend on where the rows are read.
        let most = self.max_numbers();
        let fits = fits_in_memory(as_source(&rows), most);
        let config = training.settings.config(num_rows, fits, self.seed)?;
        let config = config
            .with_placement(training.trainer.placement())
            .with_intercept(encoded.encoder.intercept());
        // Minibatches are made on this machine, and a search keeps the rows.
        let rows = match rows {
            EncodedRows::File(source)
                if source.is_remote()
                    && (!config.optimizer.is_full_batch() || training.search.is_some()) =>
            {
                source.load(most)?.0
            }
            rows => rows,
        };
        let search = match (&training.search, &rows) {
            (None, _) => None,
            (Some(_), _) if is_fold => None,
            (Some(search), EncodedRows::Memory(dataset)) => {
                Some(search.run(&config, dataset, self.seed, training.trainer.as_ref())?)
            }
            (Some(_), EncodedRows::File(_)) => return Err(FitError::SearchInFile),
        };
        let config = search
            .as_ref()
            .map_or(config, |search| search.chosen().clone());
        let held_out = if self.hold_out.has(encoded.split, Set::Validation) {
            Some(self.load(encoded, Set::Validation)?.0)
        } else {
            None
        };
        let (epochs, batches) = config.most_epochs_and_batches(num_rows);
        let mut hooks = match &mut observer {
            Some(observer) => observer.training_begins(batches as u64, epochs)?,
            None => Default::default(),
        };
        let options = RunOptions {
            validation: held_out.as_ref().map(as_source),
            checkpoint: hooks.checkpoint.take(),
            resume: hooks.resume.take(),
            interrupted: hooks.interrupted,
            bound_objective: !is_fold && !has_gap(&config, &encoded.encoder),
            num_threads: None,
        };
        let started = Instant::now();
        let trained = match &mut hooks.observer {
            Some(watching) => {
                let watching = watching.as_mut();
                training
                    .trainer
                    .train(&config, (&rows).into(), options, watching)
            }
            None => training
                .trainer
                .train(&config, (&rows).into(), options, &mut ()),
        };
        let elapsed = started.elapsed();
        drop(hooks);
        let outcome = trained?;
        if let Some(observer) = &mut observer {
            observer.training_ends(&outcome, elapsed)?;
        }
        Ok(TrainedRows {
            outcome,
            rows,
            counts,
            search,
            elapsed,
        })
    }
}

/// Whether rows have at most so many numbers.
fn fits_in_memory(rows: &dyn RowSource, most: usize) -> bool {
    let width = rows.feature_names().len() + rows.target_names().len();
    rows.num_rows().saturating_mul(width) <= most
}

/// Judges a trained model on the rows that it was trained on.
fn judge_on_training_rows(fitted: &mut Fitted, rows: &EncodedRows) -> Result<(), FitError> {
    let encoder = &fitted.encoded.encoder;
    let How::Trained(trained) = &mut fitted.how else {
        return Ok(());
    };
    let metrics = if has_gap(&trained.config, encoder) {
        let (metrics, gap) = compare(encoder, rows, fitted.model.coefficients())?;
        trained.gap = gap;
        metrics
    } else {
        let loss = trained.config.loss;
        judge_rows(rows, fitted.model.predictor(), encoder, loss)?
    };
    fitted.sets.push((Set::Training, metrics));
    Ok(())
}

/// Judges a model on the rows that it was trained on, and compares it with the
/// exact fit in the same pass.
fn compare(
    encoder: &Encoder,
    rows: &EncodedRows,
    coefficients: &Coefficients,
) -> Result<(Vec<Metrics>, Option<Gap>), FitError> {
    let targets = encoder.targets();
    let predictor = Predictor::new(coefficients.clone(), None);
    let judging = MetricsPass::new(&predictor, targets, Loss::Squared);
    let gap = |sums, metrics: &[Metrics]| Gap::of(sums, encoder.intercept(), coefficients, metrics);
    let pass = (judging, GapPass::new(encoder, Arithmetic::Double));
    let (found, sums) = run(rows, pass)?;
    let metrics = metrics(&found, targets)?;
    let gap = match gap(sums, &metrics) {
        Err(ExactError::Imprecise) => {
            let sums = run(rows, GapPass::new(encoder, Arithmetic::DoubleDouble))?;
            gap(sums, &metrics)
        }
        gap => gap,
    };
    Ok((metrics, gap.unwrap_or_default()))
}
