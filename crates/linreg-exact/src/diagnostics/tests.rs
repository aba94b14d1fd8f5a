//! Diagnostics of real rows against statsmodels 0.15.0 (`import statsmodels.api
//! as sm`) with the 442 rows of the diabetes data: `X` its ten features, `A =
//! sm.add_constant(X)`, `w = 1 + arange(442) % 3`, `e` the fit's `wresid`:
//!
//! - robust errors and F: `fit(cov_type="HC0", use_t=True)`, `bse` and `fvalue`;
//! - `durbin_watson(e)`, `jarque_bera(e)`, `het_breuschpagan(e, A)`;
//! - leverages and distances: `OLSInfluence(fit)`, `hat_matrix_diag` and
//!   `cooks_distance`; for weights of the rows times √w.
//!
//! R 4.2.2 gives the same with weights: `hatvalues`, `cooks.distance`, the
//! products of matrices for the robust errors.

use proptest::prelude::*;

use super::*;
use crate::testing::{assert_close, diabetes, numbers};
use crate::{
    Collinear, ExactError, FitConfig, Inference, InferenceConfig, PredictionErrors, Rows, Solution,
    fit,
};

struct Case {
    name: &'static str,
    std_errors: [&'static [f64]; 4],
    f: [f64; 4],
    durbin_watson: f64,
    /// Jarque-Bera, p, skewness, kurtosis.
    normality: [f64; 4],
    /// Breusch-Pagan, p.
    variance: [f64; 2],
    leverages: [(u64, f64); 5],
    distances: [(u64, f64); 5],
}

const CASES: [Case; 3] = [
    Case {
        name: "plain",
        std_errors: [
            &[
                64.23701422370677,
                0.2059772280303519,
                5.5416029052545275,
                0.7172008052091029,
                0.22205684836760928,
                0.5351285590555851,
                0.48178854883259914,
                0.7285371693328707,
                5.737605387636106,
                14.597954203792755,
                0.2574141829296967,
            ],
            &[
                65.0515795064519,
                0.20858914735781778,
                5.611873875845716,
                0.7262953573725279,
                0.22487266727921273,
                0.5419143219257908,
                0.4878979272065142,
                0.7377754736423036,
                5.810361791577666,
                14.783065340062292,
                0.26067835482863516,
            ],
            &[
                65.65655675460346,
                0.20872245185221572,
                5.612781634239435,
                0.7280992485595331,
                0.22523010978143784,
                0.5501139028651428,
                0.49608844062283275,
                0.7475234790987956,
                5.864130059958579,
                14.911529030999302,
                0.26101212600098633,
            ],
            &[
                67.14196672198771,
                0.21152148668467735,
                5.6855529434965995,
                0.7392795935536194,
                0.22847329178315998,
                0.565940639271948,
                0.5112279941735051,
                0.7674554127956738,
                5.995499704239108,
                15.240057369592058,
                0.26468607010536555,
            ],
        ],
        f: [
            69.01948056716269,
            67.30180118653305,
            66.78484822818078,
            64.61152921992235,
        ],
        durbin_watson: 2.028543219254429,
        normality: [
            1.4037553754121266,
            0.4956537465319756,
            0.01653357371436012,
            2.725904076835276,
        ],
        variance: [26.145362742107928, 0.00354952241928149],
        leverages: [
            (322, 0.12761835049800763),
            (353, 0.11795214284713691),
            (23, 0.11172605711177103),
            (169, 0.1079419557271885),
            (394, 0.09417343269353246),
        ],
        distances: [
            (382, 0.024474959836224355),
            (123, 0.02134808279272917),
            (169, 0.019559315608095217),
            (304, 0.01894375266983664),
            (92, 0.01813289473039317),
        ],
    },
    Case {
        name: "weighted",
        std_errors: [
            &[
                70.22378898103814,
                0.21116564643311253,
                5.891843851515442,
                0.7756944326812403,
                0.2511058206367792,
                0.5508303311399011,
                0.48016259813843637,
                0.7950850682529156,
                6.478945768717726,
                15.228313197535478,
                0.2688943899421858,
            ],
            &[
                71.11427029026535,
                0.2138433581320689,
                5.9665560950840195,
                0.7855307204121794,
                0.25428999857932216,
                0.557815202243452,
                0.486251358446538,
                0.8051672412999445,
                6.561102829654694,
                15.421417677801061,
                0.2723041380044019,
            ],
            &[
                72.00992985891385,
                0.2147692455690096,
                5.982201619222748,
                0.7904140364778887,
                0.2555825598185793,
                0.569095664199914,
                0.4968432127791111,
                0.8185162103392046,
                6.654020548353046,
                15.621757143369399,
                0.2730896127852049,
            ],
            &[
                73.89359212532433,
                0.21847603632470272,
                6.0748581022525405,
                0.805674638034461,
                0.2601778807124404,
                0.5886165974620503,
                0.5146842414992957,
                0.8433628260618454,
                6.838181088675592,
                16.0366459731465,
                0.27738021618279607,
            ],
        ],
        f: [
            56.301502631753316,
            54.90033401422081,
            54.053016358924516,
            51.8746210546225,
        ],
        durbin_watson: 1.9962852608429156,
        normality: [
            1.3983249822311539,
            0.4970013726015514,
            0.013281416165628696,
            3.2742654996440206,
        ],
        variance: [21.8444104775428, 0.01591715089431889],
        leverages: [
            (353, 0.1570735690310265),
            (23, 0.1461040016404589),
            (322, 0.11879853229615854),
            (323, 0.11740984765799103),
            (32, 0.10605192977309202),
        ],
        distances: [
            (92, 0.03894078914887626),
            (32, 0.03592832428724388),
            (29, 0.032692402314335185),
            (56, 0.027197533275002968),
            (77, 0.025747753591966956),
        ],
    },
    Case {
        name: "no intercept",
        std_errors: [
            &[
                0.20975546042730198,
                5.652292318986747,
                0.758893678457983,
                0.2292730613469939,
                0.3321166011250104,
                0.3480176301043298,
                0.3477044764635401,
                5.651390650634334,
                8.575914000975672,
                0.26342423477523114,
            ],
            &[
                0.21216929662084696,
                5.717338100146734,
                0.7676269196541008,
                0.23191150333347105,
                0.33593855203222195,
                0.3520225678057191,
                0.35170581043708976,
                5.716426055522355,
                8.67460440725217,
                0.26645568363888406,
            ],
            &[
                0.21251904183170914,
                5.723208261920057,
                0.7702464768749937,
                0.23245572600841105,
                0.3405233568530479,
                0.35794464499457274,
                0.3545655611406476,
                5.776211561796385,
                8.729851540165322,
                0.2670971518708195,
            ],
            &[
                0.21533912708781117,
                5.795656743015288,
                0.7818754779311493,
                0.2357081353644691,
                0.34933492340739036,
                0.3683942072526016,
                0.3616512249499465,
                5.906172655566466,
                8.890381097624823,
                0.2708543182133242,
            ],
        ],
        f: [
            349.93883208149407,
            342.02166393533713,
            340.96189874311267,
            332.24583859455066,
        ],
        durbin_watson: 1.9896692348103697,
        normality: [
            1.9996462781202466,
            0.36794451042910464,
            0.08060285066177957,
            2.712613848088069,
        ],
        variance: [26.75003779186066, 0.0028521995719498973],
        leverages: [
            (322, 0.1195593546491993),
            (23, 0.09176995001786548),
            (353, 0.08343624326308656),
            (323, 0.07375572099349582),
            (169, 0.07253072458136502),
        ],
        distances: [
            (169, 0.03844211476151252),
            (382, 0.03132042037799295),
            (353, 0.030660672798855558),
            (58, 0.024095810028701526),
            (32, 0.023022077413922867),
        ],
    },
];

const KINDS: [Robust; 4] = [Robust::Hc0, Robust::Hc1, Robust::Hc2, Robust::Hc3];

fn robust(kind: Robust) -> DiagnosticsConfig {
    DiagnosticsConfig {
        robust: Some(kind),
        ..DiagnosticsConfig::default()
    }
}

fn fitted(rows: &Rows, intercept: bool) -> Solution {
    let config = FitConfig {
        intercept,
        ..FitConfig::default()
    };
    fit(rows, &config).unwrap()
}

fn std_errors(solution: &Solution, found: &Diagnostics) -> Vec<f64> {
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let inference = Inference::robust(solution, 0, &InferenceConfig::default(), covariance);
    inference
        .unwrap()
        .coefficients
        .iter()
        .map(|c| c.std_error)
        .collect()
}

#[track_caller]
fn assert_rows(found: &[RowFigure], expected: &[(u64, f64)]) {
    let rows: Vec<u64> = found.iter().map(|figure| figure.row).collect();
    let values: Vec<f64> = found.iter().map(|figure| figure.value).collect();
    let (of_rows, of_values): (Vec<u64>, Vec<f64>) = expected.iter().copied().unzip();
    assert_eq!(rows, of_rows);
    assert_close(&values, &of_values, 1e-10);
}

#[test]
fn every_figure_is_that_of_statsmodels() {
    let (features, targets, weights) = diabetes();
    for case in &CASES {
        let rows = Rows::new(&features, &targets, 10, 1).unwrap();
        let weights = (case.name == "weighted").then_some(&weights[..]);
        let rows = rows.with_weights(weights).unwrap();
        let solution = fitted(&rows, case.name != "no intercept");
        for (index, kind) in KINDS.into_iter().enumerate() {
            let found = diagnose(&rows, &solution, &robust(kind)).unwrap();
            assert_close(
                &std_errors(&solution, &found),
                case.std_errors[index],
                1e-10,
            );
            let covariance = found.targets[0].robust.as_ref().unwrap();
            assert_close(&[covariance.f()], &[case.f[index]], 1e-10);
            let of_target = &found.targets[0];
            let normality = [
                of_target.jarque_bera,
                of_target.jarque_bera_p,
                of_target.skewness,
                of_target.kurtosis,
            ];
            assert_close(&normality, &case.normality, 1e-10);
            let variance = [of_target.breusch_pagan, of_target.breusch_pagan_p];
            assert_close(&variance, &case.variance, 1e-10);
            assert_eq!(of_target.breusch_pagan_degrees_of_freedom, 10.0);
            assert_close(&[of_target.durbin_watson], &[case.durbin_watson], 1e-12);
            assert_rows(&found.leverages, &case.leverages);
            assert_rows(&of_target.cooks_distances, &case.distances);
        }
    }
}

#[test]
fn a_line_through_the_corners_of_a_square_has_closed_forms() {
    // y = 0 of x = -1 and 1, residuals 1, -1, -2, 2 each: leverage 1/2,
    // Σ e² = 10, s² = 5.
    let (features, targets) = ([-1.0, -1.0, 1.0, 1.0], [1.0, -1.0, -2.0, 2.0]);
    let rows = Rows::new(&features, &targets, 1, 1).unwrap();
    let solution = fitted(&rows, true);
    for (kind, factor) in KINDS.into_iter().zip([1.0, 2.0, 2.0, 4.0]) {
        let found = diagnose(&rows, &solution, &robust(kind)).unwrap();
        // Both variances are Σ e² / 16.
        let expected = (factor * 10.0_f64 / 16.0).sqrt();
        assert_close(&std_errors(&solution, &found), &[expected, expected], 1e-14);
        let of_target = &found.targets[0];
        assert_close(
            &[of_target.durbin_watson],
            &[(4.0 + 1.0 + 16.0) / 10.0],
            1e-14,
        );
        // m2 = 10/4, m4 = 34/4, no skewness.
        let kurtosis = 8.5 / 6.25;
        let jarque_bera: f64 = 4.0 / 24.0 * (kurtosis - 3.0) * (kurtosis - 3.0);
        let found_normality = [
            of_target.kurtosis,
            of_target.jarque_bera,
            of_target.jarque_bera_p,
        ];
        assert_close(
            &found_normality,
            &[kurtosis, jarque_bera, (-jarque_bera / 2.0).exp()],
            1e-14,
        );
        assert!(of_target.skewness.abs() < 1e-15);
        // e² is 1 at x = -1 and 4 at x = 1: the feature explains all its variance.
        assert_close(&[of_target.breusch_pagan], &[4.0], 1e-14);
        assert!(
            found
                .leverages
                .iter()
                .all(|figure| (figure.value - 0.5).abs() < 1e-15)
        );
        // e² / (2 · 5) · (1/2) / (1/4).
        let distances: Vec<f64> = of_target.cooks_distances.iter().map(|d| d.value).collect();
        assert_close(&distances, &[0.8, 0.8, 0.2, 0.2], 1e-14);
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let (features, targets) = (numbers(150_000, 1), numbers(50_000, 2));
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let solution = fitted(&rows, true);
    let of_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        let found = pool.install(|| diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap());
        let of_target = &found.targets[0];
        let figures = [
            of_target.durbin_watson,
            of_target.durbin_watson_p,
            of_target.jarque_bera,
            of_target.breusch_pagan,
        ];
        (std_errors(&solution, &found), figures, found.leverages)
    };
    let one = of_threads(1);
    assert!(
        [2, 3, 8]
            .into_iter()
            .all(|threads| of_threads(threads) == one)
    );
    assert_eq!(one.2.len(), 5);
}

#[test]
fn counted_rows_are_as_many_rows() {
    let (features, targets) = (numbers(90, 3), numbers(30, 4));
    let counts: Vec<f64> = (0..30).map(|row| f64::from(row % 7)).collect();
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let rows = rows.with_weights(Some(&counts)).unwrap();
    let repeat = |values: &[f64], width: usize| -> Vec<f64> {
        let rows = values.chunks(width).zip(&counts);
        rows.flat_map(|(row, count)| row.repeat(*count as usize))
            .collect()
    };
    let (all_features, all_targets) = (repeat(&features, 3), repeat(&targets, 1));
    let all = Rows::new(&all_features, &all_targets, 3, 1).unwrap();
    let (counted, spelled) = (fitted(&rows, true), fitted(&all, true));
    for kind in KINDS {
        let config = DiagnosticsConfig {
            weighting: Weighting::Counts,
            ..robust(kind)
        };
        let found = diagnose(&rows, &counted, &config).unwrap();
        let expected = diagnose(&all, &spelled, &robust(kind)).unwrap();
        assert_close(
            &std_errors(&counted, &found),
            &std_errors(&spelled, &expected),
            1e-12,
        );
        let inference = |solution: &Solution, found: &Diagnostics, weighting| {
            let config = InferenceConfig {
                weighting,
                ..InferenceConfig::default()
            };
            let covariance = found.targets[0].robust.as_ref().unwrap();
            let robust = Inference::robust(solution, 0, &config, covariance).unwrap();
            let errors = PredictionErrors::new(solution, weighting)
                .with_robust([covariance])
                .unwrap();
            let at = errors
                .std_errors(0, &errors.in_basis(&[0.1, -0.2, 0.3], None).unwrap())
                .unwrap();
            [robust.f, robust.coefficients[1].p, at.mean, at.row]
        };
        assert_close(
            &inference(&counted, &found, Weighting::Counts),
            &inference(&spelled, &expected, Weighting::Precision),
            1e-11,
        );
        let figures = |found: &Diagnostics| {
            let t = &found.targets[0];
            [
                t.durbin_watson,
                t.skewness,
                t.jarque_bera,
                t.breusch_pagan,
                t.cooks_distances[0].value,
                found.leverages[0].value,
            ]
        };
        assert_close(&figures(&found), &figures(&expected), 1e-11);
    }
}

#[test]
fn intervals_of_means_follow_the_robust_covariance() {
    // With features of 0, the mean has the standard error of the intercept.
    let (features, targets, _) = diabetes();
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let solution = fitted(&rows, true);
    let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let plain = PredictionErrors::new(&solution, Weighting::Precision);
    let errors = plain.clone().with_robust([covariance]).unwrap();
    let zero = errors.in_basis(&[0.0; 10], None).unwrap();
    let at_zero = errors.std_errors(0, &zero).unwrap();
    assert_close(&[at_zero.mean], &[std_errors(&solution, &found)[0]], 1e-12);
    assert!(at_zero.mean != plain.std_errors(0, &zero).unwrap().mean);
    let variance = at_zero.row.powi(2) - at_zero.mean.powi(2);
    let inference = Inference::new(&solution, 0).unwrap();
    assert_close(&[variance.sqrt()], &[inference.residual_std_error], 1e-10);
}

#[test]
fn a_row_that_alone_determines_a_coefficient_is_named() {
    // The second feature is 0 except in row 6.
    let mut features = numbers(24, 5);
    features
        .iter_mut()
        .skip(1)
        .step_by(2)
        .for_each(|x| *x = 0.0);
    features[13] = 1.0;
    let targets = numbers(12, 6);
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let solution = fitted(&rows, true);
    for kind in [Robust::Hc2, Robust::Hc3] {
        let error = diagnose(&rows, &solution, &robust(kind)).unwrap_err();
        assert_eq!(error, ExactError::Leverage { row: 6 });
    }
    let found = diagnose(&rows, &solution, &robust(Robust::Hc1)).unwrap();
    assert_eq!(found.leverages[0].row, 6);
    assert_close(&[found.leverages[0].value], &[1.0], 1e-12);
    let distances = &found.targets[0].cooks_distances;
    assert!(distances.len() == 5 && distances.iter().all(|figure| figure.row != 6));
    assert!(
        std_errors(&solution, &found)
            .iter()
            .all(|error| error.is_finite())
    );
}

#[test]
fn as_many_rows_as_coefficients_tell_nothing() {
    let rows = Rows::new(&[1.0, 2.0], &[3.0, 5.0], 1, 1).unwrap();
    let solution = fitted(&rows, true);
    let found = diagnose(&rows, &solution, &robust(Robust::Hc0)).unwrap();
    let of_target = &found.targets[0];
    assert!(of_target.durbin_watson.is_nan() && of_target.jarque_bera_p.is_nan());
    assert!(of_target.breusch_pagan.is_nan() && of_target.cooks_distances.is_empty());
    assert!(
        std_errors(&solution, &found)
            .iter()
            .all(|error| error.is_nan())
    );
}

#[test]
fn features_that_others_make_up_change_no_figure() {
    let one = numbers(40, 7);
    let targets = numbers(40, 8);
    let three: Vec<f64> = one.iter().flat_map(|x| [*x, 1.0 - 2.0 * x, 4.0]).collect();
    let alone = Rows::new(&one, &targets, 1, 1).unwrap();
    let rows = Rows::new(&three, &targets, 3, 1).unwrap();
    let expected = fitted(&alone, true);
    let of_alone = diagnose(&alone, &expected, &robust(Robust::Hc3)).unwrap();
    for collinear in [Collinear::Drop, Collinear::MinimumNorm] {
        let config = FitConfig {
            collinear,
            ..FitConfig::default()
        };
        let solution = fit(&rows, &config).unwrap();
        let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
        let figures = |found: &Diagnostics| {
            let t = &found.targets[0];
            [
                t.durbin_watson,
                t.breusch_pagan,
                t.robust.as_ref().unwrap().f(),
                found.leverages[0].value,
            ]
        };
        assert_close(&figures(&found), &figures(&of_alone), 1e-11);
        let errors = std_errors(&solution, &found);
        // Of b1 - 2 b2 = b the least weights are b/5 and -2b/5.
        let share = if collinear == Collinear::Drop {
            1.0
        } else {
            0.2
        };
        assert_close(
            &[errors[1]],
            &[share * std_errors(&expected, &of_alone)[1]],
            1e-11,
        );
    }
}

#[test]
fn nearly_collinear_powers_keep_their_leverages() {
    // The leverages of a polynomial do not depend on the origin of x, but the
    // condition number of its powers does.
    let powers = |origin: f64| -> Vec<f64> {
        let x = (0..60).map(|k| origin + f64::from(k) / 8.0);
        x.flat_map(|x| (1..=5).map(move |degree| x.powi(degree)))
            .collect()
    };
    let targets = numbers(60, 9);
    let leverages = |origin| {
        let features = powers(origin);
        let rows = Rows::new(&features, &targets, 5, 1).unwrap();
        let solution = fitted(&rows, true);
        let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
        let values: Vec<f64> = found.leverages.iter().map(|figure| figure.value).collect();
        (solution.condition, values, found.targets[0].durbin_watson)
    };
    let (near, far) = (leverages(-4.0), leverages(16.0));
    assert!(near.0 < 1e4 && far.0 > 1e4, "{} {}", near.0, far.0);
    assert_close(&far.1, &near.1, 1e-9);
    assert_close(&[far.2], &[near.2], 1e-9);
}

#[test]
fn rows_and_sums_of_another_shape_are_errors_that_change_nothing() {
    let (features, targets) = (numbers(60, 1), numbers(20, 2));
    let rows = Rows::new(&features, &targets, 3, 1).unwrap();
    let pass = DiagnosticsPass::new(&fitted(&rows, true), &robust(Robust::Hc3));
    let fewer = Rows::new(&features[..40], &targets, 2, 1).unwrap();
    let error = pass.sums(&fewer, |row| row as u64).unwrap_err();
    let expected = "rows of 2 features and 1 targets, expected 3 and 1";
    assert_eq!(error.to_string(), expected);
    let more_targets = Rows::new(&features[..30], &targets, 3, 2).unwrap();
    assert!(pass.sums(&more_targets, |row| row as u64).is_err());

    let other = DiagnosticsPass::new(&fitted(&fewer, true), &robust(Robust::Hc3));
    let others = other.sums(&fewer, |row| row as u64).unwrap();
    let mut sums = pass.sums(&rows, |row| row as u64).unwrap();
    let before = sums.clone();
    assert!(matches!(sums.merge(&others), Err(ExactError::Shape(_))));
    assert_eq!(sums, before);
    assert!(matches!(
        pass.diagnostics(&others),
        Err(ExactError::Shape(_))
    ));

    // Sums that a damaged file holds.
    let mut damaged = serde_json::to_value(&sums).unwrap();
    damaged["order"]["ends"][0] = serde_json::json!([1.0]);
    let damaged: ResidualSums = serde_json::from_value(damaged).unwrap();
    assert!(matches!(
        pass.diagnostics(&damaged),
        Err(ExactError::Shape(_))
    ));
    let mut damaged = serde_json::to_value(&sums).unwrap();
    damaged["order"]["products"] =
        serde_json::json!([{"high": 1.0, "low": 0.0}, {"high": 1.0, "low": 0.0}]);
    let error = serde_json::from_value::<ResidualSums>(damaged).unwrap_err();
    assert_eq!(error.to_string(), "the numbers do not fill a triangle");
}

proptest! {
    #[test]
    fn any_parts_merged_in_order_are_one_pass(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0..900usize, 0..5),
        kind in 0..4usize,
        is_weighted in any::<bool>(),
    ) {
        let (features, targets) = (numbers(2700, seed), numbers(1800, !seed));
        let weights: Vec<f64> = numbers(900, seed ^ 5).iter().map(|w| (w + 0.4).max(0.0)).collect();
        let rows = Rows::new(&features, &targets, 3, 2).unwrap();
        let rows = rows.with_weights(is_weighted.then_some(&weights)).unwrap();
        let solution = fitted(&rows, true);
        let pass = DiagnosticsPass::new(&solution, &robust(KINDS[kind]));
        let whole = pass.diagnostics(&pass.sums(&rows, |row| row as u64).unwrap()).unwrap();
        let mut ends = cuts;
        ends.extend([0, 900]);
        ends.sort_unstable();
        let mut total: Option<ResidualSums> = None;
        for ends in ends.windows(2) {
            let part = rows.slice(ends[0]..ends[1]);
            let part = pass.sums(&part, |row| (ends[0] + row) as u64).unwrap();
            let sent = serde_json::to_string(&part).unwrap();
            let received: ResidualSums = serde_json::from_str(&sent).unwrap();
            prop_assert_eq!(&received, &part);
            let part = received;
            match &mut total {
                Some(total) => total.merge(&part).unwrap(),
                None => total = Some(part),
            }
        }
        let merged = pass.diagnostics(&total.unwrap()).unwrap();
        let rows_of = |list: &[RowFigure]| list.iter().map(|f| f.row).collect::<Vec<_>>();
        prop_assert_eq!(rows_of(&whole.leverages), rows_of(&merged.leverages));
        for (a, b) in whole.targets.iter().zip(&merged.targets) {
            let figures = |t: &TargetDiagnostics| [t.durbin_watson, t.kurtosis, t.jarque_bera, t.breusch_pagan];
            for (x, y) in figures(a).iter().zip(figures(b)) {
                prop_assert!((x - y).abs() < 1e-12 * x.abs().max(1.0), "{} {}", x, y);
            }
            prop_assert_eq!(rows_of(&a.cooks_distances), rows_of(&b.cooks_distances));
            let (a, b) = (a.robust.as_ref().unwrap(), b.robust.as_ref().unwrap());
            for (x, y) in a.numbers().iter().zip(b.numbers()) {
                prop_assert!((x - y).abs() < 1e-12 * a.numbers()[0].abs(), "{} {}", x, y);
            }
        }
    }

    #[test]
    fn the_units_of_columns_change_nothing_else(
        seed in any::<u64>(),
        power in -150..=150i32,
        of_target in -150..=150i32,
        of_weight in -150..=150i32,
    ) {
        let (features, targets) = (numbers(120, seed), numbers(40, !seed));
        let weights: Vec<f64> = (0..40).map(|row| f64::from(1 + row % 3)).collect();
        let scale = |values: &[f64], power: i32, step: usize| {
            let mut scaled = values.to_vec();
            scaled.iter_mut().step_by(step).for_each(|value| *value *= 10f64.powi(power));
            scaled
        };
        let of = |features: &[f64], targets: &[f64], weights: &[f64]| {
            let rows = Rows::new(features, targets, 3, 1).unwrap();
            let rows = rows.with_weights(Some(weights)).unwrap();
            let solution = fitted(&rows, true);
            let found = diagnose(&rows, &solution, &robust(Robust::Hc3)).unwrap();
            let errors = std_errors(&solution, &found);
            let t = &found.targets[0];
            (errors, [t.durbin_watson, t.kurtosis, t.breusch_pagan, t.robust.as_ref().unwrap().f(), t.cooks_distances[0].value, found.leverages[0].value])
        };
        let before = of(&features, &targets, &weights);
        let after = of(&scale(&features, power, 3), &scale(&targets, of_target, 1), &scale(&weights, of_weight, 1));
        for (a, b) in before.1.iter().zip(&after.1) {
            prop_assert!((a / b - 1.0).abs() < 1e-11, "{} {}", a, b);
        }
        for (index, (a, b)) in before.0.iter().zip(&after.0).enumerate() {
            let factor = if index == 1 { 10f64.powi(power) } else { 1.0 };
            let found = b / 10f64.powi(of_target) * factor;
            prop_assert!((a / found - 1.0).abs() < 1e-11, "{} {} {}", index, a, found);
        }
    }
}
