use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{Dataset, SyntheticConfig};

use super::*;
use crate::{Penalty, RunOptions, train_with};

fn dataset() -> Dataset {
    let config = SyntheticConfig::new(vec![2.0, -3.4, 0.0], 4.2).with_noise_std(1.0);
    config.with_num_examples(90).generate().unwrap()
}

/// Returns the bound of a training in `f64`.
fn bound(config: &TrainingConfig) -> Optimality {
    let options = RunOptions {
        bound_objective: true,
        ..RunOptions::default()
    };
    let device = Default::default();
    let trained =
        train_with::<Autodiff<NdArray<f64>>>(config, &dataset(), options, &device, &mut ());
    trained.unwrap().optimality.unwrap()[0]
}

/// For every loss and penalty, the bound comes close to the objective, and the
/// bound of a model that stopped too early is no higher than the objective that
/// the other one reached.
#[test]
fn bounds_are_below_every_objective_and_meet_at_the_optimum() {
    let losses = [
        Loss::Squared,
        Loss::Absolute,
        Loss::Huber { delta: 0.7 },
        Loss::Quantile { tau: 0.2 },
    ];
    for loss in losses {
        for (l1, l2, nonnegative) in [
            (0.0, 0.0, false),
            (0.1, 0.0, false),
            (0.0, 0.1, false),
            (0.1, 0.05, false),
            (0.0, 0.0, true),
            (0.1, 0.0, true),
            (0.02, 0.1, true),
        ] {
            let penalty = Penalty {
                l1,
                l2,
                nonnegative,
            };
            let config = TrainingConfig::full_batch_of(loss, penalty);
            let name = format!("{loss:?} {penalty:?}");
            let best = bound(&config);
            let excess = best.excess().unwrap();
            assert!(excess < 2e-5, "{name}: {excess:e}");
            for epochs in [1, 3, 10] {
                let early = bound(&config.clone().with_num_epochs(epochs));
                assert!(early.lower_bound <= best.objective * (1.0 + 1e-9), "{name}");
                assert!(early.objective >= best.lower_bound * (1.0 - 1e-9), "{name}");
            }
        }
    }
}

#[test]
fn units_are_those_of_the_target() {
    let rows = dataset();
    let targets = rows.targets().iter().map(|y| 1000.0 * y).collect();
    let large = Dataset::new(
        rows.features().to_vec(),
        targets,
        rows.feature_names().to_vec(),
        rows.target_names().to_vec(),
    );
    let options = || RunOptions {
        bound_objective: true,
        ..RunOptions::default()
    };
    let device = Default::default();
    let config = TrainingConfig::full_batch_of(Loss::Absolute, Penalty::default());
    let bound = |rows: &Dataset| {
        let trained =
            train_with::<Autodiff<NdArray<f64>>>(&config, rows, options(), &device, &mut ());
        trained.unwrap().optimality.unwrap()[0]
    };
    let ratio = bound(&large.unwrap()).objective / bound(&rows).objective;
    assert!((ratio - 1000.0).abs() < 1e-3, "{ratio}");
}

#[test]
fn weight_decay_is_no_part_of_the_objective_so_nothing_is_known() {
    let config = TrainingConfig::for_rows(90, 32).with_weight_decay(0.1);
    let options = RunOptions {
        bound_objective: true,
        ..RunOptions::default()
    };
    let device = Default::default();
    let trained =
        train_with::<Autodiff<NdArray<f64>>>(&config, &dataset(), options, &device, &mut ());
    assert_eq!(trained.unwrap().optimality, None);
}
