//! Training in memory.

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_training::{
    EpochRecord, LearningRateSchedule, Observer, RunOptions, Trained, TrainingConfig,
    TrainingError, train, train_with,
};

type B = Autodiff<NdArray<f64>>;

fn run(config: &TrainingConfig, dataset: &Dataset) -> Result<Trained<NdArray<f64>>, TrainingError> {
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
        fn epoch(&mut self, epoch: &EpochRecord) {
            assert_eq!(
                (epoch.learning_rate, epoch.validation_loss),
                (Some(0.03), None)
            );
            assert!(epoch.rows_per_second > 0.0);
            self.1.push((epoch.epoch, epoch.loss));
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
fn an_epoch_that_a_limit_ends_has_only_the_rows_it_was_trained_on() {
    let config = TrainingConfig::new().with_max_steps(Some(130));
    let trained = run(&config, &lesson()).unwrap();
    let [whole, short] = &trained.history[..] else {
        panic!("{:?}", trained.history);
    };
    let rows = |epoch: &EpochRecord, seconds: f64| (epoch.rows_per_second * seconds).round();
    assert_eq!(rows(whole, whole.seconds), 1000.0);
    assert_eq!(rows(short, short.seconds - whole.seconds), 300.0);
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
    for prediction in trained.coefficients.predict(dataset.features()).unwrap() {
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
                dataset.target(target).unwrap().collect(),
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
