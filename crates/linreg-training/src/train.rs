use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::Element;
use burn::tensor::backend::{AutodiffBackend, Backend};
use linreg_data::{BatchSource, Batches, Dataset, Placement, RowSource};
use linreg_model::{LinearRegression, LinearRegressionConfig};

use crate::all_rows::AllRows;
use crate::checkpoint::{Method, Progress, Setting};
use crate::columns::Columns;
use crate::curvature::Curvature;
use crate::evaluate::{check_widths, mean_losses_of};
use crate::fingerprint::Fingerprint;
use crate::objective::Objective;
use crate::optimality::optimality;
use crate::vertex::at_vertex;
use crate::watch::Watch;
use crate::{
    Observer, RunOptions, Trained, Training, TrainingConfig, TrainingError, Transfer,
    full_batch_training, minibatches,
};

/// Trains a linear model on a dataset.
///
/// The same configuration, data and backend give the same model, bit for bit.
///
/// # Errors
///
/// A setting that cannot be used, rows that cannot be scaled or do not fit the
/// backend's float type, or a loss that diverges: see [`TrainingError`].
pub fn train<B: AutodiffBackend>(
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &B::Device,
    observer: &mut impl Observer,
) -> Result<Trained<B::InnerBackend>, TrainingError> {
    train_with::<B>(config, dataset, RunOptions::default(), device, observer)
}

/// Trains as [`train`] does, with validation rows, checkpoints, or from a
/// checkpoint.
///
/// # Errors
///
/// Those of [`train`]; a checkpoint that cannot be written, or that belongs to
/// another backend, configuration or data; and an interruption.
pub fn train_with<B: AutodiffBackend>(
    config: &TrainingConfig,
    dataset: &Dataset,
    options: RunOptions<'_>,
    device: &B::Device,
    observer: &mut impl Observer,
) -> Result<Trained<B::InnerBackend>, TrainingError> {
    let columns = Columns::learn(config, dataset)?;
    let scaler = columns.scaler.as_ref();
    let scaled = scaler.map(|scaler| scaler.transform(dataset)).transpose()?;
    let rows = scaled.as_ref().unwrap_or(dataset);
    let start = Instant::now();
    let batches = Batches::<B::InnerBackend>::new(rows, config.batch_size, device)?;
    let batches = batches.place(config.placement);
    let transfer = columns.transfer::<B>(batches.placement(), start.elapsed());
    // The batches have their own copy of the numbers.
    drop(scaled);
    let run = Run {
        config,
        source: dataset,
        columns: &columns,
        transfer,
    };
    run.train::<B>(&batches, options, device, observer)
}

/// A training run whose columns have been summarised.
pub(crate) struct Run<'a, S: ?Sized> {
    pub(crate) config: &'a TrainingConfig,
    /// The rows in their own units.
    pub(crate) source: &'a S,
    pub(crate) columns: &'a Columns,
    pub(crate) transfer: Transfer,
}

impl<S: RowSource + ?Sized> Run<'_, S> {
    /// Trains on batches from memory or from a stream.
    pub(crate) fn train<B: AutodiffBackend>(
        mut self,
        batches: &impl BatchSource<B::InnerBackend>,
        mut options: RunOptions<'_>,
        device: &B::Device,
        observer: &mut impl Observer,
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
        let setting = match resumed.is_some() || options.checkpoint.is_some() {
            true => Some(self.setting::<B>(&options, device)?),
            false => None,
        };
        let model = LinearRegressionConfig::new(batches.num_features())
            .with_num_targets(batches.num_targets())
            .with_seed(config.seed)
            .init::<B>(device);
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
        let (last, stopped, widths) = match config.optimizer.is_full_batch() {
            true => {
                let saved = match method {
                    Some(Method::FullBatch(saved)) => Some(saved),
                    _ => None,
                };
                let rows = AllRows::<B, _>::new(batches, &objective, config.intercept, device);
                let done = full_batch_training::train(
                    &config, &rows, &model, saved, &mut watch, observer,
                )?;
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
            }
            false => {
                let mut training = Training::towards(objective.clone(), model, &config, batches);
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
            }
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
            let curvature = Curvature::of(
                self.source,
                self.columns.scaler.as_ref(),
                config.intercept,
                self.columns.summary.mean_weight,
            )?;
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

#[cfg(test)]
mod damaged;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod linear_program;
#[cfg(test)]
mod resumed;
#[cfg(test)]
mod scikit_learn;
#[cfg(test)]
mod test_data;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EpochReport;
    use crate::LearningRateSchedule;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::SyntheticConfig;

    type B = Autodiff<NdArray<f64>>;

    fn run(
        config: &TrainingConfig,
        dataset: &Dataset,
    ) -> Result<Trained<NdArray<f64>>, TrainingError> {
        train::<B>(config, dataset, &Default::default(), &mut ())
    }

    fn lesson() -> Dataset {
        SyntheticConfig::new(vec![2.0, -3.4], 4.2)
            .generate()
            .unwrap()
    }

    /// Returns the lesson's rows in other units: the first feature is a million
    /// times as large and far from zero, and the target is shifted and scaled.
    fn in_other_units() -> Dataset {
        let dataset = lesson();
        let rows = dataset.features().chunks(2);
        let features = rows.flat_map(|x| [1e9 + 1e6 * x[0], x[1]]).collect();
        let targets = dataset.targets().iter().map(|y| 1e3 * y - 7e5).collect();
        Dataset::new(
            features,
            targets,
            dataset.feature_names().to_vec(),
            dataset.target_names().to_vec(),
        )
        .unwrap()
    }

    #[test]
    fn validation_rows_of_another_width_are_an_error() {
        let generate = |weights| SyntheticConfig::new(weights, 4.2).generate().unwrap();
        let (rows, other) = (generate(vec![2.0, -3.4]), generate(vec![2.0]));
        let options = RunOptions {
            validation: Some(&other),
            ..RunOptions::default()
        };
        let config = TrainingConfig::new();
        let trained = train_with::<B>(&config, &rows, options, &Default::default(), &mut ());
        let expected = "the number of features of these rows is 1, expected 2";
        assert_eq!(trained.unwrap_err().to_string(), expected);
    }

    #[test]
    fn standardised_training_answers_in_the_units_of_the_data() {
        let config = TrainingConfig::for_rows(1000, 32);
        let trained = run(&config, &in_other_units()).unwrap();
        let weight = trained.coefficients.weight();
        assert!((weight[0] * 1e6 / 1e3 - 2.0).abs() < 1e-3, "{weight:?}");
        assert!((weight[1] / 1e3 + 3.4).abs() < 1e-3, "{weight:?}");
        // Losses are in the target's units too: the noise is 1e3 * 0.01.
        let loss = trained.losses.last().unwrap();
        assert!((loss / 100.0 - 1.0).abs() < 0.2, "{loss}");
        assert_eq!(trained.model.coefficients().unwrap(), trained.coefficients);
    }

    #[test]
    fn the_losses_are_those_an_observer_hears_of() {
        #[derive(Default)]
        struct Heard(usize, Vec<(usize, f64)>);
        impl Observer for Heard {
            fn batch(&mut self) {
                self.0 += 1;
            }
            fn epoch(&mut self, report: &EpochReport) {
                assert_eq!((report.num_epochs, report.num_rows), (3, 1000));
                assert_eq!(
                    (report.learning_rate, report.validation),
                    (Some(0.03), None)
                );
                assert!(report.rows_per_second() > 0.0);
                self.1.push((report.epoch, report.loss));
            }
        }
        let mut heard = Heard::default();
        let config = TrainingConfig::new();
        let trained = train::<B>(&config, &lesson(), &Default::default(), &mut heard).unwrap();
        assert_eq!(heard.0, 300);
        let losses: Vec<(usize, f64)> = trained.losses.into_iter().enumerate().collect();
        assert_eq!(heard.1, losses);
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let seeded = |seed| {
            let config = TrainingConfig::new().with_seed(seed);
            run(&config, &lesson()).unwrap().coefficients
        };
        assert_eq!(seeded(5), seeded(5));
        assert_ne!(seeded(5), seeded(6));
    }

    #[test]
    fn the_linear_schedule_ends_nearer_to_the_optimum() {
        let noisy = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_noise_std(1.0);
        let dataset = noisy.generate().unwrap();
        let config = TrainingConfig::new().with_num_epochs(30);
        let constant = run(&config, &dataset).unwrap();
        let linear = config.with_schedule(LearningRateSchedule::Linear);
        let linear = run(&linear, &dataset).unwrap();
        assert!(linear.losses.last() < constant.losses.last());
    }

    #[test]
    fn a_constant_feature_and_a_constant_target_train() {
        let features = (0..20).flat_map(|i| [f64::from(i), 3.0]).collect();
        let names = vec!["x".to_string(), "constant".to_string()];
        let dataset = Dataset::new(features, vec![5.0; 20], names, vec!["y".to_string()]).unwrap();
        let trained = run(&TrainingConfig::for_rows(20, 32), &dataset).unwrap();
        assert_eq!(trained.coefficients.weight()[1], 0.0);
        for prediction in trained.coefficients.predict(dataset.features()) {
            assert!((prediction - 5.0).abs() < 1e-3, "{prediction}");
        }
    }

    /// Returns the lesson's first rows with a second target, another function of
    /// the features.
    fn two_targets(num_rows: usize) -> Dataset {
        let dataset = lesson().select(&(0..num_rows).collect::<Vec<_>>()).unwrap();
        let rows = dataset.features().chunks(2).zip(dataset.targets());
        let targets = rows.flat_map(|(x, y)| [*y, 500.0 * x[0] - 7.0 + x[1].powi(2)]);
        Dataset::new(
            dataset.features().to_vec(),
            targets.collect(),
            dataset.feature_names().to_vec(),
            vec!["y".to_string(), "z".to_string()],
        )
        .unwrap()
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
        }
    }

    #[test]
    fn two_targets_are_two_models_whose_losses_add_up() {
        let dataset = two_targets(100);
        let full = TrainingConfig::new()
            .with_batch_size(100)
            .with_num_epochs(300)
            .with_learning_rate(0.2);
        for config in [full.clone(), full.with_standardize(true)] {
            let both = run(&config, &dataset).unwrap();
            let mut loss = 0.0;
            for target in 0..2 {
                let alone = Dataset::new(
                    dataset.features().to_vec(),
                    dataset.target(target).collect(),
                    dataset.feature_names().to_vec(),
                    vec!["y".to_string()],
                );
                let alone = run(&config, &alone.unwrap()).unwrap();
                loss += alone.losses.last().unwrap();
                let weight = both.coefficients.weight()[target..].iter().step_by(2);
                let weight: Vec<f64> = weight.copied().collect();
                assert_close(&weight, alone.coefficients.weight(), 1e-10);
                let bias = both.coefficients.bias()[target];
                assert_close(&[bias], alone.coefficients.bias(), 1e-10);
            }
            assert_close(&both.losses[299..], &[loss], 1e-10);
        }
    }

    #[test]
    fn a_weight_counts_as_that_many_rows_in_any_unit() {
        let dataset = two_targets(30);
        let times: Vec<usize> = (0..30).map(|row| row % 4).collect();
        let repeated = times.iter().enumerate();
        let repeated = repeated.flat_map(|(row, times)| vec![row; *times]);
        let repeated = dataset.select(&repeated.collect::<Vec<_>>()).unwrap();
        let full = TrainingConfig::new()
            .with_batch_size(1000)
            .with_num_epochs(30)
            .with_learning_rate(0.1);
        for config in [full.clone(), full.with_standardize(true)] {
            let expected = run(&config, &repeated).unwrap();
            for unit in [1.0, 1e-9, 1e30] {
                let weights = times.iter().map(|times| unit * *times as f64).collect();
                let weighted = dataset.clone().with_weights(weights).unwrap();
                let trained = run(&config, &weighted).unwrap();
                let (found, expected) = (&trained.coefficients, &expected.coefficients);
                assert_close(found.weight(), expected.weight(), 1e-12);
                assert_close(found.bias(), expected.bias(), 1e-12);
                assert_close(
                    &trained.losses,
                    &run(&config, &repeated).unwrap().losses,
                    1e-12,
                );
            }
        }
    }

    #[test]
    fn without_an_intercept_the_line_goes_through_0() {
        // One feature: the weight is the sum of x y over the sum of x².
        let (x, y) = ([1.0, 2.0, 4.0, -1.0], [300.0, 500.0, 700.0, 100.0]);
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(x.to_vec(), y.to_vec(), names("x"), names("y")).unwrap();
        let expected = (300.0 + 1000.0 + 2800.0 - 100.0) / 22.0;
        let config = TrainingConfig::new()
            .with_batch_size(4)
            .with_num_epochs(200)
            .with_learning_rate(0.05)
            .with_intercept(false);
        for config in [config.clone(), config.with_standardize(true)] {
            let trained = run(&config, &dataset).unwrap();
            assert_eq!(trained.coefficients.bias(), [0.0]);
            assert_close(trained.coefficients.weight(), &[expected], 1e-9);
            let square = |(x, y): (f64, f64)| (y - expected * x).powi(2) / 4.0;
            let loss = x.into_iter().zip(y).map(square).sum::<f64>();
            assert_close(&trained.losses[199..], &[loss], 1e-9);
        }
    }
}
