//! A training that was interrupted and resumed gives the same model as one that
//! was not.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use linreg_data::{Dataset, SyntheticConfig};

use crate::test_data::{diabetes, overlapping};
use linreg_training::{
    Checkpoint, CheckpointFile, Checkpointing, Clipping, Every, LearningRateSchedule, Observer,
    OptimizerConfig, Penalty, RunOptions, StopReason, Trained, TrainingConfig, TrainingError,
    train, train_with,
};

/// An observer that interrupts training after this number of batches.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Observer for StopAfter<'_> {
    fn batch(&mut self) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.store(true, Ordering::Relaxed);
            self.0 = usize::MAX;
        }
    }
}

type B = Autodiff<Flex>;

/// Trains until this number of batches is done, from a checkpoint if there is
/// one.
fn part(
    config: &TrainingConfig,
    dataset: &Dataset,
    validation: Option<&Dataset>,
    path: &Path,
    batches: usize,
) -> Result<Trained<Flex>, TrainingError> {
    let flag = AtomicBool::new(false);
    let options = RunOptions {
        validation: validation.map(|rows| rows as _),
        checkpoint: Some(Checkpointing {
            file: CheckpointFile::new(path).unwrap(),
            every: Every::Steps(usize::MAX),
        }),
        resume: path.exists().then(|| Checkpoint::read(path)).transpose()?,
        interrupted: Some(&flag),
        bound_objective: false,
        num_threads: None,
    };
    let mut observer = StopAfter(batches, &flag);
    train_with::<B>(config, dataset, options, &Default::default(), &mut observer)
}

fn bits(trained: &Trained<Flex>) -> Vec<u64> {
    let coefficients = &trained.coefficients;
    let numbers = coefficients.weight().iter().chain(coefficients.bias());
    numbers.map(|number| number.to_bits()).collect()
}

#[test]
fn every_optimizer_goes_on_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let minibatches = TrainingConfig::for_rows(200, 16).with_num_epochs(7);
    let of = |optimizer| minibatches.clone().with_optimizer(optimizer);
    let sgd = |momentum, nesterov| OptimizerConfig::Sgd { momentum, nesterov };
    let penalty = Penalty {
        l1: 0.3,
        l2: 0.01,
        nonnegative: false,
    };
    for (index, config) in [
        of(sgd(0.9, true)),
        of(sgd(0.0, false)).with_penalty(penalty),
        of(sgd(0.5, false))
            .with_accumulate(3)
            .with_clipping(Some(Clipping::Norm(0.1))),
        of(OptimizerConfig::Adam).with_schedule(LearningRateSchedule::Cosine),
        of(OptimizerConfig::AdamW).with_weight_decay(0.1),
        of(OptimizerConfig::RmsProp { momentum: 0.9 }),
        of(OptimizerConfig::AdaGrad).with_schedule(LearningRateSchedule::Noam { warmup: 0.2 }),
        TrainingConfig::full_batch(Penalty::default()).with_tolerance(1e-300),
        TrainingConfig::full_batch(penalty).with_num_epochs(60),
    ]
    .into_iter()
    .enumerate()
    {
        let dataset = overlapping();
        let whole = train::<B>(&config, &dataset, &Default::default(), &mut ()).unwrap();
        let path = folder.path().join(format!("{index}.checkpoint"));
        for (stops, batches) in [1, 4, 13, 5].into_iter().enumerate() {
            match part(&config, &dataset, None, &path, batches) {
                Err(TrainingError::Interrupted { .. }) => {}
                // Full-batch training may end after a few updates, before it is
                // interrupted.
                Ok(_) if config.optimizer.is_full_batch() && stops > 0 => {}
                Ok(_) => panic!("{config:?} was not interrupted"),
                Err(error) => panic!("{error}"),
            }
        }
        let resumed = part(&config, &dataset, None, &path, usize::MAX).unwrap();
        assert_eq!(bits(&resumed), bits(&whole), "{config:?}");
        assert_eq!(resumed.losses, whole.losses);
    }
}

#[test]
fn patience_stops_and_restores_the_best_epoch_also_after_a_break() {
    // There are few rows and many features, so a long training overfits.
    let config = SyntheticConfig::new(vec![1.0; 12], 0.0).with_noise_std(5.0);
    let rows = config.with_num_examples(200).generate().unwrap();
    let part_of = |range: std::ops::Range<usize>| rows.select(&range.collect::<Vec<_>>()).unwrap();
    let (train_rows, validation) = (part_of(0..20), part_of(20..200));
    let config = TrainingConfig::for_rows(20, 4)
        .with_automatic_learning_rate(false)
        .with_learning_rate(0.005)
        .with_num_epochs(500)
        .with_patience(Some(5));
    let folder = tempfile::tempdir().unwrap();
    let run = |path: &Path, batches| part(&config, &train_rows, Some(&validation), path, batches);
    let whole = run(&folder.path().join("whole"), usize::MAX).unwrap();
    assert_eq!(whole.stopped, StopReason::Patience);
    let losses: Vec<f64> = whole
        .history
        .iter()
        .map(|e| e.validation_loss.unwrap())
        .collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(
        losses.len(),
        losses.iter().position(|loss| *loss == best).unwrap() + 6
    );
    // The model is that of the best epoch, so it has that epoch's validation
    // loss.
    let predictions = whole.coefficients.predict(validation.features()).unwrap();
    let squares = predictions
        .iter()
        .zip(validation.targets())
        .map(|(p, y)| (p - y).powi(2));
    let found = squares.sum::<f64>() / 180.0;
    assert!((found - best).abs() < 1e-9 * best, "{found} {best}");

    let path = folder.path().join("broken");
    let stop = 5 * (losses.len() - 3) + 2;
    assert!(matches!(
        run(&path, stop),
        Err(TrainingError::Interrupted { .. })
    ));
    assert_eq!(Checkpoint::read(&path).unwrap().epochs(), losses.len() - 3);
    assert_eq!(bits(&run(&path, usize::MAX).unwrap()), bits(&whole));
}

#[test]
fn another_training_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = TrainingConfig::for_rows(200, 16).with_num_epochs(5);
    part(&config, &overlapping(), None, &path, 3).unwrap_err();
    let refused = |config: &TrainingConfig, dataset: &Dataset, validation: Option<&Dataset>| {
        let error = part(config, dataset, validation, &path, usize::MAX).unwrap_err();
        let error = error.to_string();
        let start = "this checkpoint is of another training: found ";
        error.split_once(start).expect(&error).1.to_string()
    };
    let more = config.clone().with_num_epochs(6);
    assert_eq!(
        refused(&more, &overlapping(), None),
        "num epochs 6, expected 5"
    );
    assert_eq!(
        refused(&config, &diabetes(), None),
        "442 rows, expected 200"
    );
    let found = refused(&config, &overlapping(), Some(&overlapping()));
    assert_eq!(found, "rows held out, expected none");
    // A larger time limit is accepted.
    let longer = config.with_max_seconds(Some(1e6));
    part(&longer, &overlapping(), None, &path, usize::MAX).unwrap();
}

#[test]
fn damaged_and_foreign_files_are_no_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = TrainingConfig::for_rows(200, 16).with_num_epochs(5);
    part(&config, &overlapping(), None, &path, 3).unwrap_err();
    let whole = std::fs::read(&path).unwrap();
    let problem = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        let error = Checkpoint::read(&path).unwrap_err().to_string();
        error.split_once(": ").unwrap().1.to_string()
    };
    for end in (0..whole.len()).step_by(whole.len() / 97) {
        let problem = problem(&whole[..end]);
        assert!(problem.contains("checkpoint"), "{problem}");
    }
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(problem(&damaged), "the checkpoint is damaged or cut short");
    assert_eq!(problem(b"a,b\n1,2\n"), "this is no checkpoint of linreg");
    let newer = b"linreg checkpoint 99 0\n{}";
    assert_eq!(
        problem(newer),
        "this checkpoint is of another version of linreg"
    );
    std::fs::remove_file(&path).unwrap();
    let error = Checkpoint::read(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("there is no such checkpoint to go on from"),
        "{error}"
    );
}

#[test]
fn a_training_that_reached_its_largest_number_of_updates_goes_on_with_a_larger_one() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = overlapping();
    let minibatches = TrainingConfig::for_rows(200, 16)
        .with_num_epochs(4)
        .with_schedule(LearningRateSchedule::Constant);
    let full_batch = TrainingConfig::full_batch(Penalty::default()).with_tolerance(1e-300);
    // Within an epoch, and at its end.
    for (config, limits) in [(minibatches, [20, 26]), (full_batch, [2, 3])] {
        let whole = train::<B>(&config, &dataset, &Default::default(), &mut ()).unwrap();
        let path = folder.path().join(config.optimizer.name());
        for limit in limits {
            let config = config.clone().with_max_steps(Some(limit));
            let stopped = part(&config, &dataset, None, &path, usize::MAX).unwrap();
            assert_eq!(stopped.stopped, StopReason::Steps);
            assert_eq!(stopped.history.last().unwrap().steps, limit);
        }
        let resumed = part(&config, &dataset, None, &path, usize::MAX).unwrap();
        assert_eq!(bits(&resumed), bits(&whole), "{config:?}");
        assert_eq!(resumed.losses, whole.losses);
    }
}

#[cfg(unix)]
#[test]
fn a_checkpoint_that_cannot_be_opened_is_an_error_that_names_it() {
    // A link to itself, which even an administrator cannot open.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loop.checkpoint");
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let told = |error: TrainingError| {
        let TrainingError::Checkpoint { path: named, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*named, path);
        error.to_string()
    };
    let error = told(Checkpoint::read(&path).unwrap_err());
    assert!(error.contains("symbolic links"), "{error}");
    told(CheckpointFile::new(&path).unwrap_err());
}

#[test]
fn limits_end_training_within_an_epoch() {
    let config = TrainingConfig::for_rows(200, 16).with_max_steps(Some(30));
    let trained = train::<B>(&config, &overlapping(), &Default::default(), &mut ()).unwrap();
    assert_eq!(trained.stopped, StopReason::Steps);
    let steps: Vec<usize> = trained.history.iter().map(|epoch| epoch.steps).collect();
    assert_eq!(steps, [13, 26, 30]);
    // The learning rate of the last of 30 updates is 1/30 of the first.
    let last = trained.history[2].learning_rate.unwrap();
    let expected = trained.config.learning_rate / 30.0;
    assert!((last - expected).abs() < 1e-12);

    let config = TrainingConfig::for_rows(200, 16).with_max_seconds(Some(1e-9));
    let trained = train::<B>(&config, &overlapping(), &Default::default(), &mut ()).unwrap();
    assert_eq!(trained.stopped, StopReason::Time);
    assert_eq!(trained.history.len(), 1);
}
