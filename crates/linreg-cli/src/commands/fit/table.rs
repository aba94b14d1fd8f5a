use std::sync::Arc;

use anyhow::{Result, bail};
use linreg_data::{
    ChunkOrder, Column, DataError, EncodedRows, EncodedSource, Encoder, EncoderConfig,
    EncodingCounts, FileProblem, RowChunks, RowSource, Schema, Set, Source, Split, SplitRows,
    UnseenPolicy, learn_and_encode, learn_encoder, learn_schema, rows_left_out,
};
use linreg_exact::{Arithmetic, ExactError};
use linreg_model::Coefficients;
use linreg_training::{Loss, Metrics, RunOptions, TrainingConfig};

use super::exact::{self, ExactFit, Limits, Sums};
use super::fitted::{Fitted, How, Trained};
use super::gap::{self, Gap, GapSums};
use super::intervals::Predictor;
use super::optimum::Optimum;
use super::outputs::Outputs;
use super::run_args::RunFiles;
use super::search::Search;
use super::{Args, Way};
use crate::columns::{warn_of_counts, warn_of_unseen};
use crate::commands::Backend;
use crate::commands::evaluate::metrics;
use crate::input::SourceArgs;
use crate::interrupt::Deferred;
use crate::log::Log;
use crate::number;
use crate::progress::TrainingProgress;
use crate::terminal;

/// A table whose columns are known.
pub struct Table {
    pub source: Arc<dyn Source>,
    pub schema: Schema,
    pub encoder: Encoder,
    /// The settings that the encoder was made with.
    config: EncoderConfig,
    /// How often the rows were read to learn the columns.
    passes: usize,
    /// In a fold, the rows that the fit to the whole table leaves out as well.
    left_out: Arc<[u64]>,
    /// The table of `--validation-file`, if one was given.
    pub validation: Option<Validation>,
}

/// How well a model predicts the held-out rows of a cross-validation fold.
#[derive(Default)]
pub struct Fold {
    /// The metrics of each target; empty if no row of the fold can be
    /// predicted.
    pub metrics: Vec<Metrics>,
    /// What was done about levels that the model does not know.
    pub counts: EncodingCounts,
}

/// A model that was trained, and what it was trained on.
struct TrainedRows {
    fitted: Fitted,
    rows: EncodedRows,
    /// Why the last checkpoint was not saved, if it was not.
    not_saved: Option<anyhow::Error>,
    /// Delays a signal to end until the model is saved; `None` for a fold,
    /// whose model is not saved.
    deferred: Option<Deferred>,
}

/// The table of `--validation-file`, to evaluate a model on.
pub struct Validation {
    pub source: Arc<dyn Source>,
    pub args: SourceArgs,
}

impl Validation {
    /// Its rows, encoded like those of the table that the model is fitted to.
    fn rows(
        &self,
        encoder: &Encoder,
        max_numbers: usize,
    ) -> Result<(EncodedRows, EncodingCounts), DataError> {
        // Without a split, all rows belong to the training set.
        EncodedSource::new(self.source.clone(), encoder, Split::None, Set::Training)
            .and_then(|rows| rows.load(max_numbers))
            .map_err(|error| {
                let problem = match error {
                    named if named.names_file() => return named,
                    DataError::NoRows(_) => "there are no rows to judge the model on".into(),
                    other => other.into(),
                };
                DataError::File {
                    file: self.args.name(),
                    problem: FileProblem::Other(problem),
                }
            })
    }
}

impl Table {
    /// Learns what the columns are, and which rows a model is to be fitted to.
    pub fn learn(
        source: Arc<dyn Source>,
        validation: Option<Validation>,
        args: &Args,
    ) -> Result<(Self, Split)> {
        let (choice, mut config) = args.columns.settle(source.as_ref())?;
        config.counts = args.exact.counts;
        let mut schema = learn_schema(source.as_ref(), &choice)?;
        let split = args.split.split(schema.num_rows, args.seed)?;
        // Checked before a long fit, though there may be fewer rows to fit to.
        args.split.check_folds(schema.num_rows)?;
        let encoder = learn_encoder(source.as_ref(), &mut schema, &config, split)?;
        let table = Self {
            passes: 1 + usize::from(split != Split::None),
            source,
            schema,
            encoder,
            config,
            left_out: Arc::new([]),
            validation,
        };
        Ok((table, split))
    }

    /// Runs a cross-validation over the rows that the model is fitted to.
    pub fn folds(&self, args: &Args, way: &Way, num_rows: u64) -> Result<Vec<Fold>> {
        if !args.split.has_folds() {
            return Ok(Vec::new());
        }
        let left_out = match num_rows == self.schema.num_rows {
            true => Arc::new([]),
            false => rows_left_out(self.source.as_ref(), &self.encoder)?,
        };
        let folds = args.split.folds(num_rows, args.seed);
        folds
            .map(|fold| self.fold(args, way, fold, &left_out))
            .collect()
    }

    /// Fits a model to the training rows of a fold and evaluates it on the
    /// held-out rows.
    fn fold(&self, args: &Args, way: &Way, fold: Split, left_out: &Arc<[u64]>) -> Result<Fold> {
        let source = self.source.clone();
        let mut schema = self.schema.clone();
        let rows = SplitRows::new(fold, left_out.clone());
        let encoder = learn_encoder(source.as_ref(), &mut schema, &self.config, rows)?;
        if encoder.feature_names().is_empty() {
            return Ok(Fold::default());
        }
        let table = Self {
            source,
            schema,
            encoder,
            config: self.config.clone(),
            passes: self.passes + 1,
            left_out: left_out.clone(),
            validation: None,
        };
        match table.judged_fold(args, way, fold) {
            Err(error) if matches!(error.downcast_ref(), Some(DataError::NoRows(_))) => {
                Ok(Fold::default())
            }
            judged => judged,
        }
    }

    fn judged_fold(&self, args: &Args, way: &Way, fold: Split) -> Result<Fold> {
        let fitted = match way {
            Way::Exact => self.fit_exact(args, fold)?,
            Way::Sgd(backend) => {
                let none = &mut RunFiles::default();
                self.train(args, backend, fold, none)?.fitted
            }
        };
        match self.rows(args, fold, Set::Validation) {
            Ok((rows, counts)) => Ok(Fold {
                metrics: self.judge(&rows, &fitted.predictor(), fitted.loss())?,
                counts,
            }),
            Err(error) if matches!(error.downcast_ref(), Some(DataError::NoRows(_))) => {
                let mut counts = EncodingCounts::default();
                let rows = self.source_of(fold, Set::Validation)?;
                for chunk in rows.encoded(ChunkOrder::File)? {
                    counts.merge(&chunk?.1);
                }
                Ok(Fold {
                    metrics: Vec::new(),
                    counts,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Learns what the columns are and fits exactly to all rows, in one pass if
    /// possible.
    pub fn learn_and_fit(
        source: Arc<dyn Source>,
        validation: Option<Validation>,
        args: &Args,
        outputs: &mut Outputs,
    ) -> Result<(Self, Fitted)> {
        let (choice, mut config) = args.columns.settle(source.as_ref())?;
        config.counts = args.exact.counts;
        let mut sums = Sums::new(Arithmetic::Double, Limits::new(args, None));
        let learned = learn_and_encode(source.as_ref(), &choice, &config, &mut sums)?;
        let table = Self {
            source,
            schema: learned.schema,
            encoder: learned.encoder,
            config,
            passes: learned.passes,
            left_out: Arc::new([]),
            validation,
        };
        let fit = table.exact(args, Split::None, sums, &learned.counts, learned.passes)?;
        let mut fitted = Fitted {
            coefficients: fit.coefficients()?,
            num_rows: (learned.counts.rows - learned.counts.dropped) as usize,
            counts: learned.counts,
            how: How::Exact(Box::new(fit)),
            sets: Vec::new(),
        };
        table.warn()?;
        table.judge_held_out(args, Split::None, &mut fitted)?;
        outputs.save(&table, &fitted)?;
        Ok((table, fitted))
    }

    pub fn exact(
        &self,
        args: &Args,
        split: Split,
        sums: Sums,
        counts: &EncodingCounts,
        passes: usize,
    ) -> Result<ExactFit> {
        exact::check_rows(counts)?;
        let again = || {
            let (source, encoder) = (self.source.clone(), &self.encoder);
            let split = SplitRows::new(split, self.left_out.clone());
            Ok(EncodedSource::new(source, encoder, split, Set::Training)?)
        };
        let settings = match split {
            Split::Fold { .. } => args.exact.for_fold(),
            _ => args.exact.clone(),
        };
        let encoder = &self.encoder;
        ExactFit::new(&sums, passes, again, encoder, &settings, &args.columns)
    }

    pub fn rows(
        &self,
        args: &Args,
        split: Split,
        set: Set,
    ) -> Result<(EncodedRows, EncodingCounts)> {
        let max_numbers = args.memory.saturating_mul(1 << 20) / size_of::<f64>() as u64;
        let max_numbers = usize::try_from(max_numbers).unwrap_or(usize::MAX);
        if let (Some(validation), Set::Validation) = (&self.validation, set) {
            return Ok(validation.rows(&self.judging_encoder(set), max_numbers)?);
        }
        Ok(self.source_of(split, set)?.load(max_numbers)?)
    }

    /// The rows of a set, not read yet.
    fn source_of(&self, split: Split, set: Set) -> Result<EncodedSource, DataError> {
        let split = SplitRows::new(split, self.left_out.clone());
        EncodedSource::new(self.source.clone(), &self.judging_encoder(set), split, set)
    }

    /// The encoder for the rows of a set. The model would refuse held-out rows
    /// with a level that it does not know, but this must not stop its
    /// evaluation: such rows are dropped.
    fn judging_encoder(&self, set: Set) -> Encoder {
        let encoder = self.encoder.clone();
        match (set, encoder.unseen()) {
            (Set::Validation | Set::Test, UnseenPolicy::Error) => {
                encoder.with_unseen(UnseenPolicy::Drop)
            }
            _ => encoder,
        }
    }

    /// Fits the model to the training rows, evaluates it on each set and saves
    /// it. A trained model is saved before it is evaluated, since training
    /// takes long.
    pub fn fit(
        &self,
        args: &Args,
        way: &Way,
        split: Split,
        outputs: &mut Outputs,
    ) -> Result<Fitted> {
        let fitted = match way {
            Way::Exact => {
                let mut fitted = self.fit_exact(args, split)?;
                args.split.check_folds(fitted.num_rows as u64)?;
                self.judge_held_out(args, split, &mut fitted)?;
                outputs.save(self, &fitted)?;
                fitted
            }
            Way::Sgd(backend) => {
                let trained = self.train(args, backend, split, &mut outputs.run);
                let log = outputs.run.log.take();
                let failure = log.and_then(Log::failure);
                outputs.problems.extend(failure.map(anyhow::Error::from));
                let trained = trained?;
                outputs.save(self, &trained.fitted)?;
                outputs.problems.extend(trained.not_saved);
                trained.deferred.map_or(Ok(()), Deferred::end)?;
                let mut fitted = self.judge_trained(trained.fitted, &trained.rows)?;
                self.judge_held_out(args, split, &mut fitted)?;
                fitted
            }
        };
        Ok(fitted)
    }

    fn has(&self, split: Split, set: Set) -> bool {
        split.has(set) || (set == Set::Validation && self.validation.is_some())
    }

    fn judge_held_out(&self, args: &Args, split: Split, fitted: &mut Fitted) -> Result<()> {
        for set in [Set::Validation, Set::Test] {
            if !self.has(split, set) {
                continue;
            }
            let (rows, counts) = self.rows(args, split, set)?;
            match (&self.validation, set) {
                (Some(validation), Set::Validation) => {
                    warn_of_counts(&counts, &format!(" in {}", validation.args.name()))?;
                }
                _ => warn_of_unseen(&counts, " of held-out rows")?,
            }
            let metrics = self.judge(&rows, &fitted.predictor(), fitted.loss())?;
            fitted.sets.push((set, metrics));
        }
        Ok(())
    }

    /// The metrics on some rows of a model that was fitted with this loss.
    fn judge(&self, rows: &EncodedRows, predictor: &Predictor, loss: Loss) -> Result<Vec<Metrics>> {
        let predict = |rows: &linreg_data::Rows| predictor.predict(rows);
        metrics(chunks(rows)?, predict, self.encoder.targets(), loss)
    }

    /// Evaluates a model on the rows that it was trained on, and compares it
    /// with the exact fit in the same pass.
    pub fn compare(
        &self,
        rows: &EncodedRows,
        coefficients: &Coefficients,
    ) -> Result<(Vec<Metrics>, Option<Gap>)> {
        let mut sums = GapSums::new(&self.encoder, Arithmetic::Double);
        let chunks_read = chunks(rows)?.inspect(|rows| {
            if let Ok(rows) = rows {
                sums.add(rows);
            }
        });
        let predict = |rows: &linreg_data::Rows| coefficients.predict(&rows.features);
        let targets = self.encoder.targets();
        let metrics = metrics(chunks_read, predict, targets, Loss::Squared)?;
        let gap = match sums.gap(coefficients, &metrics) {
            Err(ExactError::Imprecise) => {
                let mut sums = GapSums::new(&self.encoder, Arithmetic::DoubleDouble);
                for chunk in chunks(rows)? {
                    sums.add(&chunk?);
                }
                sums.gap(coefficients, &metrics)
            }
            gap => gap,
        };
        Ok((metrics, gap.ok()))
    }

    pub fn fit_exact(&self, args: &Args, split: Split) -> Result<Fitted> {
        let of_split = SplitRows::new(split, self.left_out.clone());
        let source = self.source.clone();
        let source = EncodedSource::new(source, &self.encoder, of_split, Set::Training)?;
        let limits = Limits::new(args, Some(self.schema.num_rows));
        let mut sums = Sums::new(Arithmetic::Double, limits);
        let counts = sums.add(&source, &self.encoder)?;
        let fit = self.exact(args, split, sums, &counts, self.passes + 1)?;
        Ok(Fitted {
            coefficients: fit.coefficients()?,
            num_rows: (counts.rows - counts.dropped) as usize,
            counts,
            how: How::Exact(Box::new(fit)),
            sets: Vec::new(),
        })
    }

    /// Searches for the settings to train with, if asked for.
    pub fn search(
        &self,
        args: &Args,
        backend: &Backend,
        base: &TrainingConfig,
        rows: &EncodedRows,
    ) -> Result<Option<Search>> {
        let candidates = args.search.candidates(base)?;
        match rows {
            _ if candidates.is_empty() => Ok(None),
            EncodedRows::Memory(dataset) => {
                let found = args.search.run(candidates, dataset, args.seed, backend);
                found.map(Some)
            }
            EncodedRows::File(_) => {
                bail!("a search needs the rows in memory; give --memory more MiB")
            }
        }
    }

    fn train(
        &self,
        args: &Args,
        backend: &Backend,
        split: Split,
        run: &mut RunFiles,
    ) -> Result<TrainedRows> {
        let (rows, counts) = self.rows(args, split, Set::Training)?;
        let num_rows = as_source(&rows).num_rows();
        if !matches!(split, Split::Fold { .. }) {
            args.split.check_folds(num_rows as u64)?;
        }
        let in_memory = matches!(rows, EncodedRows::Memory(_));
        let config = args.training.config(num_rows, in_memory, args.seed)?;
        let config = config
            .with_placement(backend.placement())
            .with_intercept(self.encoder.intercept());
        let is_fold = matches!(split, Split::Fold { .. });
        let search = match (&rows, is_fold) {
            (_, true) => None,
            (rows, false) => self.search(args, backend, &config, rows)?,
        };
        let config = search
            .as_ref()
            .map_or(config, |search| search.chosen().clone());
        let held_out = match self.has(split, Set::Validation) {
            true => Some(self.rows(args, split, Set::Validation)?.0),
            false => None,
        };
        if let Some(log) = &mut run.log {
            log.start()?;
        }
        let batches = num_rows.div_ceil(config.batch_size);
        let batches = batches.saturating_mul(config.num_epochs) as u64;
        let verbose = backend.is_verbose() && !is_fold;
        let mut progress = TrainingProgress::new(batches, verbose, run.log.as_mut());
        let has_gap = !is_fold && gap::is_possible(&config, &self.encoder);
        let has_optimum = !is_fold && !has_gap;
        let deferred = (!is_fold).then(Deferred::new);
        let options = RunOptions {
            validation: held_out.as_ref().map(as_source),
            checkpoint: run.checkpoint.take(),
            resume: run.resume.take(),
            interrupted: deferred.as_ref().map(Deferred::flag),
            bound_objective: has_optimum,
        };
        let done = match &rows {
            EncodedRows::Memory(dataset) => backend.train(&config, dataset, options, &mut progress),
            EncodedRows::File(source) => {
                backend.train_stream(&config, source, options, &mut progress)
            }
        };
        let elapsed = progress.finish();
        let done = done?;
        // Nobody may read it, but the model must not be lost for that.
        backend.report(&done.transfer, elapsed).ok();
        let fitted = Fitted {
            coefficients: done.coefficients,
            counts,
            num_rows,
            how: How::Trained(Box::new(Trained {
                config: done.config,
                history: done.history,
                stopped: done.stopped,
                elapsed,
                backend: backend.to_string(),
                kind: backend.kind.to_string(),
                precision: backend.precision.to_string(),
                gap: None,
                optimum: has_optimum.then(|| Optimum::new(done.optimality)),
                search,
            })),
            sets: Vec::new(),
        };
        Ok(TrainedRows {
            fitted,
            rows,
            not_saved: done.not_saved.map(anyhow::Error::from),
            deferred,
        })
    }

    /// Evaluates a trained model on the rows that it was trained on.
    fn judge_trained(&self, mut fitted: Fitted, rows: &EncodedRows) -> Result<Fitted> {
        let How::Trained(trained) = &mut fitted.how else {
            return Ok(fitted);
        };
        let metrics = if gap::is_possible(&trained.config, &self.encoder) {
            let (metrics, gap) = self.compare(rows, &fitted.coefficients)?;
            trained.gap = gap;
            metrics
        } else {
            let predictor = Predictor::with(fitted.coefficients.clone(), None);
            self.judge(rows, &predictor, trained.config.loss)?
        };
        fitted.sets.push((Set::Training, metrics));
        Ok(fitted)
    }

    /// Prints what an analyst would point out about the table.
    pub fn warn(&self) -> std::io::Result<()> {
        let mut warnings = Vec::new();
        let targets = self.encoder.targets();
        let is_target = |name: &str| targets.iter().any(|target| target == name);
        let used = |name: &str| self.encoder.columns().iter().any(|c| c.name == name);
        // Constant features have been left out already, except for one that
        // takes the place of the intercept.
        let constant = |column: &&Column| column.is_constant() && is_target(&column.name);
        let constant = self.schema.columns.iter().filter(constant);
        warnings.extend(shortened(constant.map(|column| {
            let name = number::plain(&column.name);
            let value = column.spread.map_or(0.0, |spread| spread.min);
            format!("the target `{name}` is {value} in every row: there is nothing to explain")
        })));
        let duplicates = self.schema.duplicates().into_iter();
        let duplicates = duplicates.filter(|(first, second)| used(first) && used(second));
        let (with_target, of_features): (Vec<_>, Vec<_>) =
            duplicates.partition(|(first, second)| is_target(first) || is_target(second));
        warnings.extend(shortened(with_target.into_iter().map(|(first, second)| {
            let (target, other) = match is_target(second) {
                true => (second, first),
                false => (first, second),
            };
            let (target, other) = (number::plain(target), number::plain(other));
            format!("`{other}` has the same cells as the target `{target}`")
        })));
        warnings.extend(shortened(of_features.into_iter().map(|(first, second)| {
            let (first, second) = (number::plain(first), number::plain(second));
            format!(
                "`{second}` has the same cells as `{first}`: the two columns are linearly dependent"
            )
        })));
        let rows = self.schema.num_rows;
        let parameters = self.encoder.feature_names().len() + usize::from(self.encoder.intercept());
        if rows < parameters as u64 {
            warnings.push(format!(
                "{} for {}: many models fit equally well, this is one of them",
                number::count(rows as usize, "row"),
                number::count(parameters, "coefficient")
            ));
        }
        let mut stderr = terminal::stderr();
        for warning in warnings {
            stderr.warning(warning)?;
        }
        Ok(())
    }
}

fn as_source(rows: &EncodedRows) -> &dyn RowSource {
    match rows {
        EncodedRows::Memory(dataset) => dataset,
        EncodedRows::File(source) => source,
    }
}

fn chunks(rows: &EncodedRows) -> Result<RowChunks<'_>, DataError> {
    as_source(rows).chunks(ChunkOrder::File)
}

/// The first of some warnings, and how many more there are.
fn shortened(warnings: impl Iterator<Item = String>) -> Vec<String> {
    /// The most warnings that a reader takes in.
    const MOST: usize = 5;
    let mut warnings: Vec<String> = warnings.collect();
    if let Some(more @ 1..) = warnings.len().checked_sub(MOST) {
        warnings.truncate(MOST);
        warnings.push(format!("and {more} more columns like these"));
    }
    warnings
}
