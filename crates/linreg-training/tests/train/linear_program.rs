//! Compares losses with corners with the optima of linear programs.
//!
//! The minima were computed by HiGHS, through
//! `scipy.optimize.linprog(method="highs")` of scipy 1.17.1 with both tolerances
//! 1e-10: minimise the mean of `tau u + (1 - tau) v` under `X w + b + u - v = y`,
//! `u, v >= 0`, where the mean is weighted.

use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{Dataset, Scaler, Summary};

use crate::test_data::seeded;
use linreg_training::{
    Loss, Optimality, Penalty, RunOptions, StopReason, Trained, TrainingConfig, train_with,
};

type Single = Autodiff<NdArray<f32>>;
type Double = Autodiff<NdArray<f64>>;

/// The minima of the mean pinball loss for the twenty sets of [`seeded`].
const LEAST: [f64; 20] = [
    0.33363529766333555,
    0.7863880334313009,
    0.30460690649078037,
    0.02567351598274578,
    0.8042787153432951,
    1.4615315955726151,
    0.6046856417411044,
    0.23509039428783765,
    2.314666899105596,
    2.370271693027208,
    1.4710626355717198,
    1.091756617036228,
    0.3959143888611633,
    0.7677285328923261,
    0.3590665425154425,
    0.05475613623062835,
    0.5476803398079053,
    1.432660937704093,
    0.7206651226708907,
    0.07802099165875974,
];

fn fit<B: AutodiffBackend>(config: &TrainingConfig, dataset: &Dataset) -> Trained<B::InnerBackend> {
    let options = RunOptions {
        bound_objective: true,
        ..RunOptions::default()
    };
    train_with::<B>(config, dataset, options, &Default::default(), &mut ()).unwrap()
}

fn quantile(tau: f64) -> TrainingConfig {
    TrainingConfig::full_batch_of(Loss::Quantile { tau }, Penalty::default())
}

/// Returns the mean loss in `f64`, computed in a plain loop.
fn mean_loss<B: burn::tensor::backend::Backend>(
    trained: &Trained<B>,
    dataset: &Dataset,
    loss: Loss,
) -> f64 {
    let predictions = trained.coefficients.predict(dataset.features()).unwrap();
    let rows = predictions.iter().zip(dataset.targets()).enumerate();
    let (mut sum, mut weights) = (0.0, 0.0);
    for (row, (prediction, target)) in rows {
        let weight = dataset.weights().map_or(1.0, |weights| weights[row]);
        sum += weight * loss.of(target - prediction);
        weights += weight;
    }
    sum / weights
}

/// Returns the share by which an objective is above its minimum, after checking
/// that the bound of the minimum is not above it.
fn excess(objective: f64, least: f64, found: &Option<Vec<Optimality>>, name: &str) -> f64 {
    let bound = found.as_ref().unwrap()[0];
    assert!(
        (bound.objective / objective - 1.0).abs() < 1e-9,
        "{name}: {bound:?} {objective}"
    );
    assert!(
        bound.lower_bound <= least * (1.0 + 1e-9),
        "{name}: {bound:?} {least}"
    );
    objective / least - 1.0
}

#[test]
fn twenty_sets_come_within_a_ten_thousandth_of_a_linear_program_and_say_so() {
    for (set, least) in LEAST.iter().enumerate() {
        let (dataset, tau) = seeded(set);
        let loss = Loss::Quantile { tau };
        let (single, double) = (
            fit::<Single>(&quantile(tau), &dataset),
            fit::<Double>(&quantile(tau), &dataset),
        );
        let found = [
            (
                "f32",
                mean_loss(&single, &dataset, loss),
                &single.optimality,
            ),
            (
                "f64",
                mean_loss(&double, &dataset, loss),
                &double.optimality,
            ),
        ];
        for (float, objective, optimality) in found {
            let name = format!("set {set} in {float}");
            let excess = excess(objective, *least, optimality, &name);
            let said = optimality.as_ref().unwrap()[0].excess().unwrap();
            println!("{name}: {excess:.1e}, said to be at most {said:.1e}");
            let (most, most_said) = if float == "f64" {
                (2e-6, 1e-5)
            } else {
                (1e-4, 1e-3)
            };
            assert!(excess > -1e-9 && excess < most, "{name}: {excess:e}");
            assert!(said < most_said, "{name}: {said:e}");
        }
        println!(
            "   {} and {} updates, {:?} and {:?}",
            single.history.len(),
            double.history.len(),
            single.stopped,
            double.stopped
        );
    }
}

#[test]
fn the_absolute_loss_comes_as_near() {
    // Twice the minimum of the pinball loss at the median, by HiGHS as above.
    for (set, least) in [
        (1, 1.5727760668626019),
        (5, 2.9230631911452303),
        (9, 4.740543386054416),
        (13, 1.5354570657846522),
        (17, 2.865321875408186),
    ] {
        let (dataset, _) = seeded(set);
        let config = TrainingConfig::full_batch_of(Loss::Absolute, Penalty::default());
        let trained = fit::<Single>(&config, &dataset);
        let objective = mean_loss(&trained, &dataset, Loss::Absolute);
        let excess = excess(objective, least, &trained.optimality, &set.to_string());
        assert!(excess > -1e-9 && excess < 1e-4, "{set}: {excess:e}");
    }
}

#[test]
fn an_l1_penalty_comes_as_near() {
    // By HiGHS as above, plus 0.05 times the sum of the absolute weights of
    // standardised features.
    for (set, least) in [
        (2, 6.273047439631518),
        (6, 15.368816877019139),
        (12, 6.325271544742941),
        (16, 15.267689549753737),
        (19, 1.6984128464257633),
    ] {
        let (dataset, tau) = seeded(set);
        let loss = Loss::Quantile { tau };
        let penalty = Penalty {
            l1: 0.05,
            ..Penalty::default()
        };
        let config = TrainingConfig::full_batch_of(loss, penalty);
        let trained = fit::<Single>(&config, &dataset);
        let scaler = Scaler::new(&Summary::of(&dataset).unwrap(), true).unwrap();
        let weights = trained
            .coefficients
            .weight()
            .iter()
            .zip(&scaler.feature_stds);
        let penalty: f64 = weights.map(|(w, std)| 0.05 * (w * std).abs()).sum();
        let objective = mean_loss(&trained, &dataset, loss) + penalty;
        let excess = excess(objective, least, &trained.optimality, &set.to_string());
        let said = trained.optimality.unwrap()[0].excess().unwrap();
        println!("{set}: {excess:.1e} {said:.1e} {}", trained.history.len());
        assert!(excess > -1e-9 && excess < 1e-3, "{set}: {excess:e}");
    }
}

/// Minibatches and trainings that end too early report how far their objective
/// may be above the minimum. It is never less than the true distance.
#[test]
fn models_that_are_further_off_say_how_far_at_most() {
    for (set, least) in LEAST.iter().enumerate() {
        let (dataset, tau) = seeded(set);
        let loss = Loss::Quantile { tau };
        let few = TrainingConfig::for_rows(dataset.num_rows(), 32)
            .with_loss(loss)
            .with_num_epochs(5);
        let stopped = quantile(tau).with_num_epochs(8);
        for config in [few, stopped] {
            let trained = fit::<Single>(&config, &dataset);
            let objective = mean_loss(&trained, &dataset, loss);
            let name = format!("set {set}, {:?}", config.optimizer);
            let excess = excess(objective, *least, &trained.optimality, &name);
            let said = trained.optimality.unwrap()[0].excess();
            println!("{name}: {excess:.1e}, said to be at most {said:?}");
            assert!(said.is_none_or(|said| said >= excess - 1e-9), "{name}");
        }
    }
}

/// Returns rows with a constant feature, so that only the intercept is fitted.
fn only_an_intercept(targets: &[f64]) -> Dataset {
    let names = (vec!["constant".to_string()], vec!["y".to_string()]);
    Dataset::new(vec![3.0; targets.len()], targets.to_vec(), names.0, names.1).unwrap()
}

#[test]
fn an_intercept_alone_is_the_quantile_of_the_targets() {
    // 101 unsorted numbers. The tau-quantile is the number of rank 101 tau,
    // rounded up, and no other number minimises the loss.
    let targets: Vec<f64> = (0..101).map(|i| f64::from(i * 37 % 101).powi(2)).collect();
    let dataset = only_an_intercept(&targets);
    for (tau, rank) in [(0.1, 11), (0.5, 51), (0.9, 91), (0.99, 100)] {
        let expected = f64::from(rank - 1).powi(2);
        let single = fit::<Single>(&quantile(tau), &dataset).coefficients;
        let double = fit::<Double>(&quantile(tau), &dataset).coefficients;
        for found in [single, double] {
            let found = found.bias()[0] + 3.0 * found.weight()[0];
            assert!(
                (found - expected).abs() <= 1e-9 * expected,
                "{tau}: {found}"
            );
        }
    }
    let config = TrainingConfig::full_batch_of(Loss::Absolute, Penalty::default());
    let median = fit::<Single>(&config, &dataset).coefficients.bias()[0];
    assert!((median - 2500.0).abs() < 1e-6, "{median}");
}

#[test]
fn weights_choose_the_weighted_quantile() {
    // The numbers 1, 2 and 10 have the weights 5, 1 and 3, of 9 in total. Half of
    // the total is exceeded at 1.
    let dataset = only_an_intercept(&[10.0, 1.0, 2.0]);
    let dataset = dataset.with_weights(vec![3.0, 5.0, 1.0]).unwrap();
    for (tau, expected) in [(0.5, 1.0), (0.6, 2.0), (0.8, 10.0)] {
        let found = fit::<Single>(&quantile(tau), &dataset).coefficients.bias()[0];
        assert!((found - expected).abs() < 1e-9, "{tau}: {found}");
    }
}

#[test]
fn an_exact_line_is_found_in_any_floats_and_its_loss_is_0() {
    let x: Vec<f64> = (0..50).map(f64::from).collect();
    let y = x.iter().map(|x| 3.0 * x - 7.0).collect();
    let dataset = Dataset::new(x, y, vec!["x".into()], vec!["y".into()]).unwrap();
    let single = fit::<Single>(&quantile(0.3), &dataset);
    let double = fit::<Double>(&quantile(0.3), &dataset);
    for (coefficients, optimality) in [
        (single.coefficients, single.optimality),
        (double.coefficients, double.optimality),
    ] {
        assert!((coefficients.weight()[0] - 3.0).abs() < 1e-12);
        assert!((coefficients.bias()[0] + 7.0).abs() < 1e-12);
        let bound = optimality.unwrap()[0];
        assert!(bound.objective < 1e-12 && bound.lower_bound <= bound.objective);
    }
}

#[test]
fn two_targets_without_an_intercept_are_two_models() {
    let (one, tau) = seeded(5);
    let targets = one.targets().iter().enumerate();
    let both = targets.flat_map(|(row, y)| [*y, 1e3 * f64::from(row as u32 % 7) - y]);
    let names = vec!["y".to_string(), "z".to_string()];
    let both = Dataset::new(
        one.features().to_vec(),
        both.collect(),
        one.feature_names().to_vec(),
        names,
    );
    let both = both.unwrap();
    let config = quantile(tau).with_intercept(false);
    let together = fit::<Double>(&config, &both);
    for target in 0..2 {
        let alone = Dataset::new(
            one.features().to_vec(),
            both.target(target).unwrap().collect(),
            one.feature_names().to_vec(),
            vec!["y".into()],
        );
        let alone = fit::<Double>(&config, &alone.unwrap());
        let (a, b) = (
            alone.optimality.unwrap()[0],
            together.optimality.as_ref().unwrap()[target],
        );
        assert!(
            (a.objective / b.objective - 1.0).abs() < 1e-5,
            "{a:?} {b:?}"
        );
        assert!(b.excess().unwrap() < 1e-5, "{b:?}");
    }
    assert_eq!(together.coefficients.bias(), [0.0, 0.0]);
}

#[test]
fn stops_where_more_updates_would_change_nothing() {
    let (dataset, tau) = seeded(1);
    let trained = fit::<Double>(&quantile(tau), &dataset);
    assert_eq!(trained.stopped, StopReason::Converged);
    assert!(trained.history.len() < 200, "{}", trained.history.len());
}
