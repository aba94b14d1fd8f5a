//! What public functions say of values that they cannot use.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{Batch, Batches, Dataset, SyntheticConfig};
use linreg_model::{LinearRegression, LinearRegressionConfig};

use crate::{
    Checkpoint, CheckpointFile, LearningRateLimit, Loss, MetricsAccumulator, OptimizerConfig,
    StopReason, Training, TrainingConfig, TrainingError, cross_validate, evaluate, mean_loss,
    train,
};

type B = Autodiff<NdArray<f64>>;
type Inner = NdArray<f64>;

fn dataset() -> Dataset {
    let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
    config.with_num_examples(20).generate().unwrap()
}

fn model(features: usize) -> LinearRegression<B> {
    let config = LinearRegressionConfig::new(features);
    config.init(&Default::default()).unwrap()
}

fn batches() -> Batches<Inner> {
    Batches::new(&dataset(), 5, &Default::default()).unwrap()
}

#[test]
fn a_training_of_ones_own_checks_its_settings_and_its_batches() {
    let config = TrainingConfig::new();
    for config in [
        config.clone().with_optimizer(OptimizerConfig::Proximal),
        config.clone().with_accumulate(0),
        config.clone().with_learning_rate(f64::NAN),
    ] {
        let error = Training::new(model(2), &config, &batches()).err().unwrap();
        assert!(matches!(error, TrainingError::Setting { .. }), "{error}");
    }
    let other = Training::new(model(3), &config, &batches()).err().unwrap();
    let expected = "the number of features of these rows is 2, expected 3";
    assert_eq!(other.to_string(), expected);

    let zeros = |shape: [usize; 2]| Tensor::<Inner, 2>::zeros(shape, &Default::default());
    for (features, targets, weights) in [
        ([5, 3], [5, 1], None),
        ([5, 2], [5, 2], None),
        ([5, 2], [4, 1], None),
        ([5, 2], [5, 1], Some([5, 2])),
        ([5, 2], [5, 1], Some([1, 1])),
    ] {
        let training = Training::new(model(2), &config, &batches()).unwrap();
        let step = training.step(Batch {
            features: zeros(features),
            targets: zeros(targets),
            weights: weights.map(zeros),
            more_follows: false,
        });
        let error = step.err().unwrap();
        assert!(matches!(error, TrainingError::Shape { .. }), "{error}");
    }
}

#[test]
fn rows_of_another_width_are_errors() {
    let device = Default::default();
    let config = LinearRegressionConfig::new(3);
    let model: LinearRegression<Inner> = config.init(&device).unwrap();
    mean_loss(&model, &batches()).unwrap_err();
    evaluate(&model, &dataset(), &device).unwrap_err();
}

#[test]
fn predictions_that_cannot_be_judged_are_errors() {
    let mut metrics = MetricsAccumulator::default();
    metrics.update(&[1.0], &[1.0; 2]).unwrap_err();
    let (predictions, weights) = ([1.0], [1.0; 2]);
    (metrics.update_weighted(&predictions, &[1.0; 2], &weights)).unwrap_err();
    metrics
        .update_weighted(&[1.0; 2], &[1.0; 2], &[])
        .unwrap_err();
    let other = MetricsAccumulator::new(Loss::Absolute);
    metrics.merge(&other).unwrap_err();
    assert_eq!(metrics.metrics(), None);
}

#[test]
fn numbers_of_batches_folds_and_epochs_at_their_ends_are_errors_or_work() {
    let (dataset, device) = (dataset(), Default::default());
    let limit = LearningRateLimit::of(&dataset, 0, true).unwrap_err();
    assert_eq!(
        limit.to_string(),
        "the batch size is 0, expected at least 1"
    );
    LearningRateLimit::of(&dataset, usize::MAX, true).unwrap();

    let config = TrainingConfig::new();
    for folds in [0, 1, 21, u64::MAX] {
        let threads = NonZeroUsize::MAX;
        let configs = [config.clone()];
        cross_validate::<B>(&configs, &dataset, folds, 0, threads, &device).unwrap_err();
    }
    let none = cross_validate::<B>(&[], &dataset, 2, 0, NonZeroUsize::MIN, &device);
    assert_eq!(none.unwrap(), []);

    let most = config
        .with_batch_size(usize::MAX)
        .with_accumulate(usize::MAX)
        .with_num_epochs(usize::MAX)
        .with_max_steps(Some(2));
    let trained = train::<B>(&most, &dataset, &device, &mut ()).unwrap();
    assert_eq!(trained.stopped, StopReason::Steps);
}

#[test]
fn paths_that_are_no_checkpoints_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    CheckpointFile::new(folder.path()).unwrap_err();
    CheckpointFile::new("").unwrap_err();
    for path in [folder.path(), &folder.path().join("none")] {
        let error = Checkpoint::read(path).unwrap_err();
        assert!(matches!(error, TrainingError::Checkpoint { .. }), "{error}");
    }
}
