//! Inference on real rows against statsmodels 0.15.0 (`import statsmodels.api as
//! sm`) with the 442 rows of the diabetes data: `X` its ten features, `y` the
//! progression, `A = sm.add_constant(X)`, `w = 1 + arange(442) % 3`. R 4.2.2 gives
//! the same with `lm(progression ~ ., d, weights = w)`.

use crate::testing::diabetes;
use crate::{
    FitConfig, Inference, InferenceConfig, PredictionErrors, Rows, Solution, Weighting, fit,
};

struct Case {
    name: &'static str,
    estimates: &'static [f64],
    std_errors: &'static [f64],
    t: &'static [f64],
    p: &'static [f64],
    lower: &'static [f64],
    upper: &'static [f64],
    r_squared: f64,
    adjusted_r_squared: f64,
    f: f64,
    f_p: f64,
    residual_std_error: f64,
    log_likelihood: f64,
    aic: f64,
    bic: f64,
}

fn cases() -> [Case; 3] {
    [
        Case {
            // sm.OLS(y, A).fit()
            name: "plain",
            estimates: &[
                -334.56713851878504,
                -0.036361224223622125,
                -22.859648090498546,
                5.602962091923725,
                1.1168079933181876,
                -1.089996334063235,
                0.7464504555142173,
                0.37200471508914124,
                6.533831935990338,
                68.48312496478786,
                0.28011698932150114,
            ],
            std_errors: &[
                67.45462110434146,
                0.21704143540876233,
                5.835821285014883,
                0.7171055005609119,
                0.22523816918826903,
                0.5733318585500622,
                0.5308343897660249,
                0.7824638456267189,
                5.958637837216329,
                15.669719238707183,
                0.2733139503593655,
            ],
            t: &[
                -4.9598846311991505,
                -0.167531255749123,
                -3.917126137703555,
                7.813302348874958,
                4.958342528457889,
                -1.9011612869722618,
                1.4061833029379072,
                0.47542735318483875,
                1.096531139244858,
                4.370411742644472,
                1.0248909320332558,
            ],
            p: &[
                1.0166172920040532e-06,
                0.8670306337000961,
                0.00010416711927692562,
                4.296391419518213e-14,
                1.0242783922114366e-06,
                0.057947605369199115,
                0.16039024001497054,
                0.634723255775216,
                0.27345869366067893,
                1.5558990865394887e-05,
                0.30598952619642683,
            ],
            lower: &[
                -467.14807117920543,
                -0.4629525453421403,
                -34.32985748667895,
                4.193503191647371,
                0.6741061286747836,
                -2.2168705390627674,
                -0.29689568343363093,
                -1.1659149222590668,
                -5.177771345003641,
                37.684553166702116,
                -0.25707702132599636,
            ],
            upper: &[
                -201.98620585836466,
                0.390230096894896,
                -11.389438694318144,
                7.01242099220008,
                1.5595098579615916,
                0.03687787093629735,
                1.7897965944620655,
                1.9099243524373493,
                18.245435216984315,
                99.28169676287361,
                0.8173109999689987,
            ],
            r_squared: 0.5177484222203499,
            adjusted_r_squared: 0.5065592904853231,
            f: 46.27243958524321,
            f_p: 3.828649038185432e-62,
            residual_std_error: 54.15423932805569,
            log_likelihood: -2385.9928621235194,
            aic: 4793.985724247039,
            bic: 4838.990132949893,
        },
        Case {
            // sm.WLS(y, A, weights=w).fit()
            name: "weighted",
            estimates: &[
                -340.089955946823,
                -0.07866670495436688,
                -19.52721929308623,
                5.522752968753506,
                1.0209880889624576,
                -1.2420550108641264,
                0.8950695963069185,
                0.5698509233554785,
                7.720714363842327,
                70.40490587818198,
                0.30654168577135743,
            ],
            std_errors: &[
                67.03247541142638,
                0.2142379921426885,
                5.843854451147545,
                0.7229365009454948,
                0.22548894345923365,
                0.5516597897570972,
                0.5024212551105738,
                0.7804937321619971,
                6.248750978657316,
                15.111829784741277,
                0.2722058392862975,
            ],
            t: &[
                -5.0735103225630125,
                -0.3671930649068661,
                -3.341496516781268,
                7.6393334152177355,
                4.527885373444232,
                -2.251487300553515,
                1.7815122015686418,
                0.7301159508058699,
                1.2355612169876058,
                4.6589266078996765,
                1.1261392723061556,
            ],
            p: &[
                5.815965255794999e-07,
                0.7136552346897688,
                0.0009058907514184486,
                1.426002241523563e-13,
                7.720223640444965e-06,
                0.024857605718722274,
                0.07553286872800108,
                0.4657159593662449,
                0.21729473989919404,
                4.2419829291717025e-06,
                0.2607332191395561,
            ],
            lower: &[
                -471.84116828906554,
                -0.49974790509389816,
                -31.013217743309895,
                4.101833334480359,
                0.5777933316723024,
                -2.3263331261338305,
                -0.09243100039707342,
                -0.9641964888386421,
                -4.561101457665276,
                40.70285649645966,
                -0.22847435104494118,
            ],
            upper: &[
                -208.3387436045805,
                0.34241449518516437,
                -8.041220842862563,
                6.943672603026654,
                1.464182846252613,
                -0.15777689559442232,
                1.8825701930109104,
                2.103898335549599,
                20.00253018534993,
                100.1069552599043,
                0.841557722587656,
            ],
            r_squared: 0.50846064381483,
            adjusted_r_squared: 0.4970560183812994,
            f: 44.583721471457515,
            f_p: 2.1738273383850042e-60,
            residual_std_error: 76.70692930212087,
            log_likelihood: -2408.1833995308043,
            aic: 4838.366799061609,
            bic: 4883.371207764463,
        },
        Case {
            // sm.OLS(y, X).fit()
            name: "no intercept",
            estimates: &[
                0.022296429852853038,
                -26.072788584495797,
                5.353725917566871,
                1.0177970496721427,
                1.26358590637927,
                -1.284936211353504,
                -3.0682781661189296,
                -5.508041676893459,
                5.503381462857536,
                0.12338517956510615,
            ],
            std_errors: &[
                0.22256002903241007,
                5.956068462453569,
                0.7346227247780579,
                0.2303985764569692,
                0.3304437501508987,
                0.3468044281762343,
                0.37189113152320413,
                5.588251533106177,
                9.429263969885545,
                0.27879804703366295,
            ],
            t: &[
                0.10018164514889663,
                -4.377516603251948,
                7.2877216249801196,
                4.417549211126456,
                3.8239062043154015,
                -3.7050744078173734,
                -8.250474146968156,
                -0.9856466990189088,
                0.5836491035179215,
                0.44256113297023286,
            ],
            p: &[
                0.9202465923000088,
                1.5073690981008249e-05,
                1.5111704633465384e-12,
                1.2635310805693369e-05,
                0.0001506832158392351,
                0.00023876835680039694,
                1.925857859154795e-15,
                0.3248582183914063,
                0.5597610116814762,
                0.6583047016562985,
            ],
            lower: &[
                -0.4151387436616894,
                -37.77926549620784,
                3.909846616876182,
                0.5649554423623177,
                0.6141084606201087,
                -1.9665700872764396,
                -3.799219217634889,
                -16.49158526131324,
                -13.029558790222016,
                -0.4245841598077162,
            ],
            upper: &[
                0.45973160336739544,
                -14.366311672783752,
                6.79760521825756,
                1.4706386569819676,
                1.9130633521384315,
                -0.6033023354305687,
                -2.33733711460297,
                5.475501907526324,
                24.03632171593709,
                0.6713545189379285,
            ],
            r_squared: 0.8960283788293706,
            adjusted_r_squared: 0.8936216283393097,
            f: 372.29799371795724,
            f_p: 2.763048110622414e-205,
            residual_std_error: 55.61381160690523,
            log_likelihood: -2398.2601613661973,
            aic: 4816.520322732395,
            bic: 4857.433421553172,
        },
    ]
}

/// Variance inflation factors: `variance_inflation_factor(A, i)` for i from 1.
const INFLATION: [f64; 10] = [
    1.2173065138070076,
    1.2780710154103614,
    1.5094373738445483,
    1.4594277776838307,
    59.202510134318615,
    39.1933699727707,
    15.402156007513453,
    8.890986360329634,
    10.075967132038336,
    1.4846226073834823,
];

/// `sm.OLS(y, A).fit().get_prediction(A[:3]).summary_frame(alpha=0.05)`: mean,
/// standard error of the mean, and the ends of the intervals of the mean and of a
/// new row.
const PREDICTIONS: [[f64; 6]; 3] = [
    [
        206.11667724510522,
        7.193175273859627,
        191.97861122405385,
        220.2547432661566,
        98.74256616846962,
        313.4907883217408,
    ],
    [
        68.07103297306841,
        8.094526981155266,
        52.16137520556772,
        83.9806907405691,
        -39.550675008923164,
        175.69274095506,
    ],
    [
        176.88279035105265,
        8.309853079127855,
        160.549912729553,
        193.2156679725523,
        69.19770452167255,
        284.56787618043273,
    ],
];

fn solution(case: &Case) -> Solution {
    let (features, targets, weights) = diabetes();
    let weights = (case.name == "weighted").then_some(&weights[..]);
    let rows = Rows::new(&features, &targets, 10, 1).unwrap();
    let config = FitConfig {
        intercept: case.name != "no intercept",
        ..FitConfig::default()
    };
    fit(&rows.with_weights(weights).unwrap(), &config).unwrap()
}

/// statsmodels computes in 64-bit floats with a pseudo-inverse: with a condition
/// number of 7e3 of the columns, about twelve digits are right.
const TOLERANCE: f64 = 1e-10;

fn assert_close(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs();
    assert!(error < TOLERANCE, "{what}: {found}, expected {expected}");
}

#[test]
fn every_figure_is_that_of_statsmodels() {
    for case in cases() {
        let inference = Inference::new(&solution(&case), 0).unwrap();
        for (index, found) in inference.coefficients.iter().enumerate() {
            let what = |figure: &str| format!("{} {figure} {index}", case.name);
            assert_close(found.estimate, case.estimates[index], &what("estimate"));
            assert_close(found.std_error, case.std_errors[index], &what("std_error"));
            assert_close(found.t, case.t[index], &what("t"));
            assert_close(found.p, case.p[index], &what("p"));
            assert_close(found.lower, case.lower[index], &what("lower"));
            assert_close(found.upper, case.upper[index], &what("upper"));
        }
        for (found, expected, figure) in [
            (inference.r_squared, case.r_squared, "R²"),
            (
                inference.adjusted_r_squared,
                case.adjusted_r_squared,
                "adjusted R²",
            ),
            (inference.f, case.f, "F"),
            (inference.f_p, case.f_p, "p of F"),
            (inference.residual_std_error, case.residual_std_error, "RSE"),
            (
                inference.log_likelihood,
                case.log_likelihood,
                "log-likelihood",
            ),
            (inference.aic, case.aic, "AIC"),
            (inference.bic, case.bic, "BIC"),
        ] {
            assert_close(found, expected, &format!("{} {figure}", case.name));
        }
    }
}

#[test]
fn variance_inflation_and_intervals_of_predictions_are_those_of_statsmodels() {
    let solution = solution(&cases()[0]);
    let inference = Inference::new(&solution, 0).unwrap();
    for (index, expected) in INFLATION.iter().enumerate() {
        let found = inference.coefficients[index + 1].variance_inflation;
        assert_close(found, *expected, &format!("inflation {index}"));
    }
    let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
    assert_eq!((errors.num_features(), errors.num_targets()), (10, 1));
    let quantile = errors.quantile(0.95).unwrap();
    let (features, _, _) = diabetes();
    for (row, expected) in PREDICTIONS.iter().enumerate() {
        let of_row = &features[row * 10..][..10];
        let estimates = &solution.targets[0].estimates;
        let products = estimates[1..].iter().zip(of_row).map(|(b, x)| b * x);
        let mean = estimates[0] + products.sum::<f64>();
        let in_basis = errors.in_basis(of_row, None).unwrap();
        let predicted = errors.predict(0, &in_basis).unwrap().unwrap();
        assert_close(predicted, mean, "the same mean");
        let found = errors.std_errors(0, &in_basis).unwrap();
        let figures = [
            mean,
            found.mean,
            mean - quantile * found.mean,
            mean + quantile * found.mean,
            mean - quantile * found.row,
            mean + quantile * found.row,
        ];
        for (found, expected) in figures.iter().zip(expected) {
            assert_close(*found, *expected, &format!("prediction of row {row}"));
        }
    }
}

#[test]
fn a_target_that_is_not_there_and_another_models_covariance_are_errors() {
    use crate::{DiagnosticsConfig, Robust, diagnose};
    let (x, y) = (
        [1.0, 2.0, 3.0, 5.0, 8.0, 9.0],
        [1.0, 2.5, 2.9, 4.2, 9.1, 8.0],
    );
    let rows = Rows::new(&x, &y, 1, 1).unwrap();
    let solution = fit(&rows, &FitConfig::default()).unwrap();
    let config = InferenceConfig::default();
    let error = Inference::with(&solution, 1, &config).unwrap_err();
    let expected = "the target at index 1 of a solution for 1";
    assert_eq!(error.to_string(), expected);

    let without = FitConfig {
        intercept: false,
        ..FitConfig::default()
    };
    let other = fit(&rows, &without).unwrap();
    let robust = DiagnosticsConfig {
        robust: Some(Robust::Hc0),
        ..DiagnosticsConfig::default()
    };
    let found = diagnose(&rows, &other, &robust).unwrap();
    let covariance = found.targets[0].robust.as_ref().unwrap();
    let error = Inference::robust(&solution, 0, &config, covariance).unwrap_err();
    let expected = "a covariance of 1 numbers for 2 coefficients";
    assert_eq!(error.to_string(), expected);
}
