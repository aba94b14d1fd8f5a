use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use burn::module::AutodiffModule;
use burn::tensor::Element;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{BatchSource, Placement};
use linreg_model::{LinearRegression, LinearRegressionConfig};

use crate::all_rows::AllRows;
use crate::checkpoint::{Method, Progress, Setting, State};
use crate::columns::Columns;
use crate::curvature::Curvature;
use crate::evaluate::{check_widths, mean_losses_of};
use crate::fingerprint::Fingerprint;
use crate::full_batch_training::Start;
use crate::objective::Objective;
use crate::optimality::optimality;
use crate::row_scale::RowScale;
use crate::step::SavedTraining;
use crate::vertex::at_vertex;
use crate::watch::Watch;
use crate::{
    Observer, RunOptions, Trained, Training, TrainingConfig, TrainingError, TrainingRows, Transfer,
    full_batch_training, minibatches,
};

/// A training run whose columns have been summarised.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a TrainingConfig,
    /// The rows in their own units.
    pub(crate) rows: TrainingRows<'a>,
    pub(crate) columns: &'a Columns,
    /// What minibatches cost to move to the device.
    pub(crate) transfer: Transfer,
}

/// What an update reads, and where updates begin.
enum Steps<'a, B: AutodiffBackend, S> {
    Minibatches(&'a S, Option<SavedTraining>),
    AllRows(Box<AllRows<'a, B>>, Start),
}

impl<'a> Run<'a> {
    /// Trains on minibatches, or on all rows in each update if there are none.
    pub(crate) fn train<B: AutodiffBackend>(
        mut self,
        batches: Option<&impl BatchSource<B::InnerBackend>>,
        mut options: RunOptions<'_>,
        device: &B::Device,
        observer: &mut dyn Observer,
    ) -> Result<Trained<B::InnerBackend>, TrainingError> {
        let (columns, summary) = (self.columns, &self.columns.summary);
        let (num_features, num_targets) = (summary.num_features(), summary.num_targets());
        if let Some(validation) = options.validation {
            check_widths(
                [num_features, num_targets],
                [
                    validation.feature_names().len(),
                    validation.target_names().len(),
                ],
            )?;
        }
        let objective = Objective::new(self.config, columns.scaler.as_ref(), num_targets);
        let config = match batches {
            Some(batches) => self.found_learning_rate(batches.num_batches())?,
            None => self.config.clone(),
        };
        let resumed = options.resume.take();
        let setting = if resumed.is_some() || options.checkpoint.is_some() {
            Some(self.setting::<B>(&options, device)?)
        } else {
            None
        };
        let model = LinearRegressionConfig::new(num_features)
            .with_num_targets(num_targets)
            .with_seed(config.seed)
            .init::<B>(device)?;
        let path = resumed.as_ref().map(|resumed| resumed.path().to_path_buf());
        let saved = match (resumed, &setting) {
            (Some(resumed), Some(setting)) => Some(resumed.state_for(setting)?),
            _ => None,
        };
        let is_new = saved.is_none();
        let (progress, steps) = match batches {
            Some(batches) => match saved {
                Some(State {
                    progress,
                    method: Method::Minibatches(saved),
                    ..
                }) => (progress, Steps::Minibatches(batches, Some(saved))),
                _ => {
                    let losses = mean_losses_of(&model.valid(), batches, &objective)?;
                    (Progress::before(&losses), Steps::Minibatches(batches, None))
                }
            },
            None => {
                let rows = self.placed::<B>(&objective, options.num_threads, device)?;
                let rows = Box::new(rows);
                match saved {
                    Some(State {
                        progress,
                        method: Method::FullBatch(saved),
                        ..
                    }) => (progress, Steps::AllRows(rows, Start::Saved(saved))),
                    _ => {
                        let start = model.valid().coefficients()?;
                        let point = rows.at([start.weight(), start.bias()].concat(), &[])?;
                        let progress = Progress::before(&point.losses);
                        (progress, Steps::AllRows(rows, Start::New(point)))
                    }
                }
            }
        };
        let epochs_before = progress.history.len();
        let num_steps = match &steps {
            Steps::Minibatches(_, Some(saved)) => saved.update,
            _ => epochs_before,
        };
        // Without a checkpoint, the loss before training took a pass over the rows.
        let mut passes = u64::from(is_new);
        let mut watch = Watch::new(&config, columns, &options, setting, progress, num_steps);
        let (last, stopped, widths) = match steps {
            Steps::AllRows(rows, start) => {
                let done = full_batch_training::train(&config, &rows, start, &mut watch, observer)?;
                passes = rows.num_passes();
                let last = if done.is_at_an_end() && !done.widths.is_empty() {
                    at_vertex(
                        self.rows.source(),
                        columns,
                        &objective,
                        config.intercept,
                        done.coefficients,
                        &done.widths,
                    )?
                } else {
                    done.coefficients
                };
                (last, done.stopped, done.widths)
            }
            Steps::Minibatches(batches, saved) => {
                let mut training = Training::towards(objective.clone(), model, &config, batches)?;
                if let Some(saved) = saved {
                    let loaded = training.load(&saved, device);
                    training = loaded.map_err(|problem| TrainingError::Checkpoint {
                        path: path.unwrap_or_default(),
                        problem,
                    })?;
                }
                let time = &mut self.transfer.time;
                let (last, stopped) = minibatches::train(
                    &config, batches, &objective, training, &mut watch, time, observer,
                )?;
                // Each epoch has one pass for training and one for the loss after it.
                passes += 2 * (watch.progress.history.len() - epochs_before) as u64;
                (last, stopped, Vec::new())
            }
        };
        let kept = watch.kept(last)?;
        let coefficients = watch.in_units(&kept)?;
        let optimality = if options.bound_objective {
            let source = self.rows.source();
            optimality(&config, source, columns, &objective, &kept, &widths)?
        } else {
            None
        };
        let not_saved = watch.not_saved.take();
        let history = watch.progress.history;
        if self.transfer.placement == Placement::Host {
            self.transfer.bytes = self.transfer.bytes.saturating_mul(passes);
        }
        Ok(Trained {
            model: LinearRegression::from_coefficients(&coefficients, device),
            coefficients,
            losses: history.iter().map(|epoch| epoch.loss).collect(),
            history,
            stopped,
            config,
            transfer: self.transfer,
            optimality,
            not_saved,
        })
    }

    /// Returns the rows for updates that take all of them, on the device if they are to
    /// be kept there.
    fn placed<'r, B: AutodiffBackend>(
        &mut self,
        objective: &'r Objective,
        num_threads: Option<NonZeroUsize>,
        device: &B::Device,
    ) -> Result<AllRows<'r, B>, TrainingError>
    where
        'a: 'r,
    {
        let start = Instant::now();
        let (intercept, placement) = (self.config.intercept, self.config.placement);
        let rows = AllRows::new(self.rows, objective, self.columns, intercept, device);
        let rows = rows.on_threads(num_threads).place(placement)?;
        let time = match rows.placement() {
            Placement::Device => start.elapsed(),
            Placement::Host => Duration::ZERO,
        };
        self.transfer = self.columns.transfer::<B>(rows.placement(), time);
        Ok(rows)
    }

    /// Returns the configuration; where the learning rate is automatic, with the
    /// one computed from the data.
    fn found_learning_rate(&self, batches: usize) -> Result<TrainingConfig, TrainingError> {
        let mut config = self.config.clone();
        if config.automatic_learning_rate {
            let scale = RowScale::new(self.columns, config.intercept);
            let curvature = Curvature::of(self.rows.source(), &scale)?;
            let accumulate = config.accumulate.min(batches);
            let updates = config.num_updates(batches.div_ceil(accumulate));
            config.learning_rate = curvature.learning_rate(&config, updates);
            config.automatic_learning_rate = false;
            config.check_decay()?;
        }
        Ok(config)
    }

    fn setting<B: AutodiffBackend>(
        &self,
        options: &RunOptions<'_>,
        device: &B::Device,
    ) -> Result<Setting, TrainingError> {
        let name = <B::InnerBackend as Backend>::name(device);
        let validation = options.validation.map(Fingerprint::of).transpose()?;
        Ok(Setting {
            backend: format!("{name} {:?}", B::FloatElem::dtype()).to_lowercase(),
            config: self.config.clone(),
            data: Fingerprint::of(self.rows.source())?,
            validation,
        })
    }
}
