use proptest::prelude::*;

use super::*;
use crate::{
    Arithmetic, Collinear, Rows,
    testing::{assert_close, diabetes, numbers},
};

fn sums(rows: &Rows) -> Accumulator {
    let mut sums = Accumulator::new(
        rows.num_features(),
        rows.num_targets(),
        Arithmetic::DoubleDouble,
    );
    sums.update(rows).unwrap();
    sums
}

/// scikit-learn 1.9.1 with the 442 rows of the diabetes data, the intercept first:
/// `Ridge(alpha, solver="svd")`; with standardisation, after `StandardScaler`,
/// weights divided by its `scale_`. Then tr H, n e'e / (n - tr H)² and e'e, from
/// NumPy 2.4.6, where H is the matrix that turns y into predictions and
/// e = y - H y.
struct Case {
    standardise: bool,
    weighted: bool,
    penalty: f64,
    estimates: [f64; 11],
    figures: [f64; 3],
}

const CASES: &[Case] = &[
    Case {
        standardise: true,
        weighted: false,
        penalty: 0.01,
        estimates: [
            -334.2887014341227,
            -0.0363199135306858,
            -22.85797494234298,
            5.603115483483343,
            1.116761018697827,
            -1.0872275857267484,
            0.7439504271556204,
            0.3687319181368409,
            6.524896913909804,
            68.41357713728492,
            0.28016670102402913,
        ],
        figures: [10.996846110795662, 3007.4858094418896, 1263985.854720469],
    },
    Case {
        standardise: false,
        weighted: false,
        penalty: 0.01,
        estimates: [
            -334.36673155554865,
            -0.03632250686330693,
            -22.857102630275897,
            5.603365262597507,
            1.1168331233394522,
            -1.0880988769179938,
            0.7447015232069836,
            0.36990307433648617,
            6.53080486210345,
            68.42566946519122,
            0.2802003467920989,
        ],
        figures: [10.998919773136677, 3007.5146802181557, 1263985.8257455183],
    },
    Case {
        standardise: true,
        weighted: false,
        penalty: 1.0,
        estimates: [
            -312.43246404205,
            -0.032928547040819996,
            -22.712929418809168,
            5.613089380646275,
            1.11275958689316,
            -0.8703897980531873,
            0.5481859188745127,
            0.11317001022513637,
            5.834890185934359,
            62.943265123302055,
            0.2844459761024062,
        ],
        figures: [10.740043141493269, 3004.9405804342177, 1264421.5515019756],
    },
    Case {
        standardise: false,
        weighted: false,
        penalty: 1.0,
        estimates: [
            -316.07711860429015,
            -0.03285239685542576,
            -22.607045432280035,
            5.640405234365647,
            1.1189975700485069,
            -0.9146734842699,
            0.5849098252881799,
            0.17788523837882364,
            6.250441778661699,
            63.17908087361798,
            0.28776690289977663,
        ],
        figures: [10.898710678889369, 3006.9315024279977, 1264328.445827507],
    },
    Case {
        standardise: true,
        weighted: false,
        penalty: 10.0,
        estimates: [
            -255.95804017948484,
            -0.019699500092357786,
            -21.916733721485357,
            5.574307903714113,
            1.0925585313263586,
            -0.3267568468521791,
            0.05954074044002962,
            -0.5078968576472945,
            4.344799730864924,
            48.547586644913345,
            0.30678508998284915,
        ],
        figures: [9.82905657744308, 3004.3360360785464, 1269513.6243244656],
    },
    Case {
        standardise: false,
        weighted: false,
        penalty: 10.0,
        estimates: [
            -226.2542352259624,
            -0.018830389044543587,
            -20.529217756359174,
            5.833733494532217,
            1.12351459099414,
            -0.050536902743141265,
            -0.20862182196584578,
            -0.7751985454926906,
            4.684300289907563,
            37.25873173188634,
            0.3229946812051316,
        ],
        figures: [10.328614823681853, 3027.0604031573616, 1276160.6218658118],
    },
    Case {
        standardise: true,
        weighted: false,
        penalty: 1000.0,
        estimates: [
            -68.84269248714307,
            0.1222193258869406,
            -3.3423459431755873,
            2.2494829678283117,
            0.49354323481546963,
            0.031112867435030764,
            0.0014269201084293568,
            -0.42349224418229564,
            3.700832001183825,
            16.720111611236025,
            0.39751275544265025,
        ],
        figures: [3.508747899214687, 3752.8240782521552, 1632517.345221897],
    },
    Case {
        standardise: false,
        weighted: false,
        penalty: 1000.0,
        estimates: [
            -106.15195302144033,
            -0.052427187449448506,
            -1.884313964674425,
            5.542109803712091,
            1.0745606138987722,
            1.240955652287676,
            -1.348030700599813,
            -2.113066819178803,
            0.34613434247953623,
            0.9926644203854943,
            0.3923436193755551,
        ],
        figures: [7.911363622137197, 3194.8331212253584, 1362017.672768457],
    },
    Case {
        standardise: false,
        weighted: true,
        penalty: 10.0,
        estimates: [
            -268.26588761497044,
            -0.06853613648152444,
            -18.515620266305028,
            5.659080848867366,
            1.0298613762613642,
            -0.5922855842101922,
            0.308173251626213,
            -0.1822428403233327,
            6.169490171235905,
            50.66397022854523,
            0.3278479542774571,
        ],
        figures: [10.60137242985839, 6047.394519985771, 2546264.7098095026],
    },
    Case {
        standardise: true,
        weighted: true,
        penalty: 10.0,
        estimates: [
            -270.35192912607533,
            -0.06575714426490932,
            -19.031852754638507,
            5.542193317716023,
            1.0098121497211636,
            -0.5808477284487994,
            0.31012471445913303,
            -0.23348432618204926,
            5.191302705120747,
            53.537962716024886,
            0.3114175254106889,
        ],
        figures: [10.21150533312272, 6032.626902450117, 2544639.880096248],
    },
];

#[test]
fn every_figure_is_that_of_scikit_learn() {
    let (features, targets, weights) = diabetes();
    for case in CASES {
        let rows = Rows::new(&features, &targets, 10, 1).unwrap();
        let rows = rows
            .with_weights(case.weighted.then_some(&weights))
            .unwrap();
        let config = RidgeConfig {
            standardise: case.standardise,
            penalties: vec![case.penalty],
            ..RidgeConfig::default()
        };
        let fit = &sums(&rows).ridge(&config).unwrap()[0].fits[0];
        assert_close(&fit.estimates, &case.estimates, 1e-10);
        let figures = [
            fit.degrees_of_freedom,
            fit.cross_validation,
            fit.residual_sum,
        ];
        assert_close(&figures, &case.figures, 1e-10);
    }
}

#[test]
fn without_an_intercept_too() {
    // Ridge(10, solver="svd", fit_intercept=False).
    let expected = [
        0.014485733629465307,
        -23.38989423823309,
        5.415314710010785,
        1.0042106288270627,
        1.3213683375822924,
        -1.3506608511085525,
        -3.0605345167100553,
        -5.06290899902198,
        3.5573822753615776,
        0.11888342541842822,
    ];
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let config = RidgeConfig {
        intercept: false,
        standardise: false,
        penalties: vec![10.0],
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    assert_close(&path.fits[0].estimates, &expected, 1e-10);
}

#[test]
fn no_penalty_is_least_squares() {
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let sums = sums(&rows);
    let solution = sums.solve(true, Collinear::Error).unwrap();
    let config = RidgeConfig {
        penalties: vec![0.0],
        ..RidgeConfig::default()
    };
    let fit = &sums.ridge(&config).unwrap()[0].fits[0];
    assert_close(&fit.estimates, &solution.targets[0].estimates, 1e-13);
    assert_close(
        &[fit.residual_sum, fit.degrees_of_freedom],
        &[solution.targets[0].residual_sum, 11.0],
        1e-13,
    );
}

#[test]
fn orthogonal_features_shrink_each_by_itself() {
    // The variance is 1 over four rows, so the weight is Σ x y / (4 + λ).
    let features = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
    let targets = [10.0, 6.0, 4.0, 2.0];
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let penalties = vec![0.0, 1.0, 4.0, 1e9];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    for fit in &path.fits {
        let shrunk = 4.0 + fit.penalty;
        let (a, b) = (10.0 / shrunk, 6.0 / shrunk);
        assert_close(&fit.estimates, &[5.5, a, b], 1e-15);
        let freedom = 1.0 + 2.0 * 4.0 / shrunk;
        let predicted = [5.5 + a + b, 5.5 + a - b, 5.5 - a + b, 5.5 - a - b];
        let squares = predicted.iter().zip(&targets).map(|(p, y)| (y - p).powi(2));
        let sum: f64 = squares.sum();
        assert_close(
            &[fit.degrees_of_freedom, fit.residual_sum],
            &[freedom, sum],
            1e-14,
        );
        assert_close(
            &[fit.cross_validation],
            &[4.0 * sum / (4.0 - freedom).powi(2)],
            1e-14,
        );
        // 1 - RSS / TSS, of the targets about 5.5.
        assert!((fit.r_squared - (1.0 - sum / 35.0)).abs() < 1e-15);
    }
}

#[test]
fn the_default_path_has_the_least_cross_validation_inside() {
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let path = sums(&rows)
        .ridge(&RidgeConfig::default())
        .unwrap()
        .remove(0);
    assert_eq!(path.fits.len(), 91);
    assert!(path.best > 0 && path.best < 90);
    let best = &path.fits[path.best];
    assert!(
        path.fits
            .iter()
            .all(|fit| fit.cross_validation >= best.cross_validation)
    );
    // From nearly all degrees of freedom to nearly none.
    assert!(path.fits[0].degrees_of_freedom > 10.99);
    assert!(path.fits[90].degrees_of_freedom < 1.01);
    let falls = |pair: &[RidgeFit]| pair[0].degrees_of_freedom > pair[1].degrees_of_freedom;
    assert!(path.fits.windows(2).all(falls));
}

#[test]
fn collinear_and_constant_features_share_or_have_no_weight() {
    let one = numbers(50, 1);
    let features: Vec<f64> = one.iter().flat_map(|x| [*x, 2.0 * x, 3.0]).collect();
    let targets: Vec<f64> = one
        .iter()
        .zip(numbers(50, 2))
        .map(|(x, e)| 3.0 * x + e)
        .collect();
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let penalties = vec![0.0, 5.0];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let path = &sums(&rows).ridge(&config).unwrap()[0];
    let alone = Rows::new(&one, &targets, 1, 1).unwrap();
    // Two features with the same standardised values halve a penalty.
    let penalties = vec![0.0, 2.5];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    let expected = &sums(&alone).ridge(&config).unwrap()[0];
    for (fit, expected) in path.fits.iter().zip(&expected.fits) {
        let [b0, b1, b2, b3] = fit.estimates[..] else {
            panic!()
        };
        let [c0, c1] = expected.estimates[..] else {
            panic!()
        };
        assert_close(&[b0, b1, 2.0 * b2], &[c0, c1 / 2.0, c1 / 2.0], 1e-13);
        assert_eq!(b3, 0.0);
        assert_close(&[fit.residual_sum], &[expected.residual_sum], 1e-13);
        assert_close(
            &[fit.degrees_of_freedom],
            &[expected.degrees_of_freedom],
            1e-13,
        );
    }
}

#[test]
fn more_features_than_rows_are_no_obstacle() {
    let (features, targets) = (numbers(60, 3), numbers(5, 4));
    let rows = Rows::new(&features, &targets, 12, 1).unwrap();
    let path = &sums(&rows).ridge(&RidgeConfig::default()).unwrap()[0];
    let best = &path.fits[path.best];
    assert!(best.cross_validation.is_finite() && best.degrees_of_freedom < 5.0);
}

#[test]
fn what_is_no_penalty_and_no_rows_are_errors() {
    let rows = Rows::new(&[1.0, 2.0], &[1.0, 3.0], 1, 1).unwrap();
    let penalties = vec![1.0, -2.0];
    let config = RidgeConfig {
        penalties,
        ..RidgeConfig::default()
    };
    assert_eq!(
        sums(&rows).ridge(&config).unwrap_err().to_string(),
        "the ridge penalty is -2, expected a number of 0 or more"
    );
    let none = Accumulator::new(1, 1, Arithmetic::Double);
    let found = none.ridge(&RidgeConfig::default());
    assert_eq!(found.unwrap_err(), ExactError::NoRows);
    let rows = rows.with_weights(Some(&[0.0, 0.0])).unwrap();
    let found = sums(&rows).ridge(&RidgeConfig::default());
    assert_eq!(found.unwrap_err(), ExactError::NoWeight);
}

proptest! {
    #[test]
    fn the_units_of_columns_change_nothing_else(
        seed in any::<u64>(),
        power in -150..=150i32,
        of_target in -100..=100i32,
    ) {
        let (features, targets) = (numbers(90, seed), numbers(30, !seed));
        let (factor, unit) = (10f64.powi(power), 10f64.powi(of_target));
        let mut scaled = features.clone();
        scaled.iter_mut().step_by(3).for_each(|value| *value *= factor);
        let of_unit: Vec<f64> = targets.iter().map(|y| y * unit).collect();
        let of = |features: &[f64], targets: &[f64]| {
            let rows = Rows::new(features, targets, 3, 1).unwrap();
            let config = RidgeConfig { penalties: vec![7.0], ..RidgeConfig::default() };
            sums(&rows).ridge(&config).unwrap().remove(0).fits.remove(0)
        };
        let (before, after) = (of(&features, &targets), of(&scaled, &of_unit));
        let size = before.estimates.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (index, (a, b)) in before.estimates.iter().zip(&after.estimates).enumerate() {
            let factor = if index == 1 { factor } else { 1.0 };
            prop_assert!((a - b * factor / unit).abs() < 1e-13 * size, "{} {}", a, b);
        }
        prop_assert!((before.r_squared - after.r_squared).abs() < 1e-13);
    }
}
