use burn::module::AutodiffModule;
use burn::tensor::Element;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{BatchSource, Placement, RowSource};
use linreg_model::{LinearRegression, LinearRegressionConfig};

use crate::all_rows::AllRows;
use crate::checkpoint::{Method, Progress, Setting};
use crate::columns::Columns;
use crate::curvature::Curvature;
use crate::evaluate::{check_widths, mean_losses_of};
use crate::fingerprint::Fingerprint;
use crate::objective::Objective;
use crate::optimality::optimality;
use crate::row_scale::RowScale;
use crate::vertex::at_vertex;
use crate::watch::Watch;
use crate::{
    Observer, RunOptions, Trained, Training, TrainingConfig, TrainingError, Transfer,
    full_batch_training, minibatches,
};

/// A training run whose columns have been summarised.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a TrainingConfig,
    /// The rows in their own units.
    pub(crate) source: &'a dyn RowSource,
    pub(crate) columns: &'a Columns,
    pub(crate) transfer: Transfer,
}

impl Run<'_> {
    /// Trains on batches from memory or from a stream.
    pub(crate) fn train<B: AutodiffBackend>(
        mut self,
        batches: &impl BatchSource<B::InnerBackend>,
        mut options: RunOptions<'_>,
        device: &B::Device,
        observer: &mut dyn Observer,
    ) -> Result<Trained<B::InnerBackend>, TrainingError> {
        if let Some(validation) = options.validation {
            check_widths(
                [batches.num_features(), batches.num_targets()],
                [
                    validation.feature_names().len(),
                    validation.target_names().len(),
                ],
            )?;
        }
        let scaler = self.columns.scaler.as_ref();
        let objective = Objective::new(self.config, scaler, batches.num_targets());
        let config = self.found_learning_rate(batches.num_batches())?;
        let resumed = options.resume.take();
        let setting = if resumed.is_some() || options.checkpoint.is_some() {
            Some(self.setting::<B>(&options, device)?)
        } else {
            None
        };
        let model = LinearRegressionConfig::new(batches.num_features())
            .with_num_targets(batches.num_targets())
            .with_seed(config.seed)
            .init::<B>(device)?;
        let path = resumed.as_ref().map(|resumed| resumed.path().to_path_buf());
        let saved = match (resumed, &setting) {
            (Some(resumed), Some(setting)) => Some(resumed.state_for(setting)?),
            _ => None,
        };
        let (progress, method) = match saved {
            Some(saved) => (saved.progress, Some(saved.method)),
            None => {
                let losses = mean_losses_of(&model.valid(), batches, &objective)?;
                let progress = Progress {
                    loss_before: losses.iter().sum(),
                    ..Progress::default()
                };
                (progress, None)
            }
        };
        let epochs_before = progress.history.len();
        let steps = match &method {
            Some(Method::Minibatches(saved)) => saved.update,
            _ => progress.history.len(),
        };
        let mut watch = Watch::new(&config, self.columns, &options, setting, progress, steps);
        // Without a checkpoint, the loss before training took a pass over the
        // rows.
        let mut passes = u64::from(method.is_none());
        let (last, stopped, widths) = if config.optimizer.is_full_batch() {
            let saved = match method {
                Some(Method::FullBatch(saved)) => Some(saved),
                _ => None,
            };
            let rows = AllRows::<B, _>::new(batches, &objective, config.intercept, device);
            let done =
                full_batch_training::train(&config, &rows, &model, saved, &mut watch, observer)?;
            passes += rows.num_passes();
            let last = if done.is_at_an_end() && !done.widths.is_empty() {
                let (source, columns) = (self.source, self.columns);
                let (intercept, widths) = (config.intercept, &done.widths);
                at_vertex(
                    source,
                    columns,
                    &objective,
                    intercept,
                    done.coefficients,
                    widths,
                )?
            } else {
                done.coefficients
            };
            (last, done.stopped, done.widths)
        } else {
            let mut training = Training::towards(objective.clone(), model, &config, batches)?;
            if let Some(Method::Minibatches(saved)) = method {
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
            // Each epoch has one pass for training and one for the loss after
            // it.
            passes += 2 * (watch.progress.history.len() - epochs_before) as u64;
            (last, stopped, Vec::new())
        };
        let kept = watch.kept(last)?;
        let coefficients = watch.in_units(&kept)?;
        let optimality = if options.bound_objective {
            let (source, columns) = (self.source, self.columns);
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

    /// Returns the configuration; where the learning rate is automatic, with the
    /// one computed from the data.
    fn found_learning_rate(&self, batches: usize) -> Result<TrainingConfig, TrainingError> {
        let mut config = self.config.clone();
        if config.automatic_learning_rate && !config.optimizer.is_full_batch() {
            let scale = RowScale::new(self.columns, config.intercept);
            let curvature = Curvature::of(self.source, &scale)?;
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
            data: Fingerprint::of(self.source)?,
            validation,
        })
    }
}
