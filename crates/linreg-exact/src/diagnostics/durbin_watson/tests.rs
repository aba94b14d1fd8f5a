use proptest::prelude::*;

use crate::testing::{assert_close, numbers};
use crate::{
    Diagnostics, DiagnosticsConfig, DiagnosticsPass, FitConfig, Rows, TargetDiagnostics, Weighting,
    diagnose, fit,
};

/// Features, and whether there is an intercept.
fn design(name: &str, rows: u32) -> (Vec<f64>, usize, bool) {
    let features = |of: &dyn Fn(u32) -> Vec<f64>| (0..rows).flat_map(of).collect::<Vec<f64>>();
    let is = |holds: bool| f64::from(u8::from(holds));
    let k = f64::from;
    match name {
        "line" => (features(&|i| vec![k(i)]), 1, true),
        "parabola" => (features(&|i| vec![k(i), k(i) * k(i)]), 2, true),
        "season" => (
            features(&|i| (1..4).map(|season| is(i % 4 == season)).collect()),
            3,
            true,
        ),
        "one row apart" => (features(&|i| vec![is(i == rows / 2)]), 1, true),
        "through zero" => (features(&|i| vec![k(i) + 1.0]), 1, false),
        "alternating" => (features(&|i| vec![1.0 - 2.0 * k(i % 2)]), 1, true),
        _ => unreachable!(),
    }
}

/// Autoregressive targets: each keeps the share `part` of the one before, plus
/// noise.
fn targets(rows: u32, part: f64) -> Vec<f64> {
    let (mut state, mut last) = (1_u64, 0.0);
    let next = |_| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        last = part * last + (state >> 16) as f64;
        last
    };
    (0..rows).map(next).collect()
}

fn diagnosed(
    features: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
    intercept: bool,
    weighting: Weighting,
) -> Diagnostics {
    let rows = Rows::new(features, targets, features.len() / targets.len(), 1).unwrap();
    let rows = rows.with_weights(weights).unwrap();
    let config = FitConfig {
        intercept,
        ..FitConfig::default()
    };
    let solution = fit(&rows, &config).unwrap();
    let config = DiagnosticsConfig {
        weighting,
        ..DiagnosticsConfig::default()
    };
    diagnose(&rows, &solution, &config).unwrap()
}

fn figures(t: &TargetDiagnostics) -> [f64; 3] {
    [t.durbin_watson, t.durbin_watson_mean, t.durbin_watson_p]
}

#[test]
fn p_is_that_of_imhof() {
    // The statistic, its mean and p by numpy 2.4.6: lstsq, eigvalsh of M A M.
    // Up to 30 rows p is Imhof's integral of the eigenvalues by mpmath 1.3.0
    // (quad of sin θ(u) / (u ρ(u)), 30 digits); from there the same integral
    // through the saddle point, which agrees with it to 1e-14 below 30 rows.
    const CASES: [(&str, u32, f64, [f64; 3]); 14] = [
        (
            "line",
            4,
            0.0,
            [2.1154235464958004, 2.7, 0.37080874927692786],
        ),
        (
            "line",
            5,
            0.0,
            [1.592471437367518, 2.533333333333333, 0.13213602282710113],
        ),
        (
            "line",
            12,
            0.5,
            [1.094713083141238, 2.192307692307693, 0.031187106992392577],
        ),
        (
            "parabola",
            15,
            -0.5,
            [3.097618820171194, 2.3107843137254904, 0.07808796618520092],
        ),
        (
            "season",
            30,
            0.25,
            [1.1045736407438616, 1.9326923076923075, 0.022809853388341628],
        ),
        (
            "one row apart",
            12,
            0.0,
            [2.0529032856429352, 1.981818181818182, 0.8986964055731715],
        ),
        (
            "one row apart",
            13,
            0.5,
            [1.110448068693649, 1.9848484848484844, 0.08419285596031223],
        ),
        (
            "through zero",
            20,
            0.5,
            [0.5190930500521491, 1.9996515679442508, 4.988446394582624e-5],
        ),
        (
            "alternating",
            25,
            0.0,
            [1.3520075204588828, 1.9197324414715715, 0.1381044309418753],
        ),
        (
            "line",
            100,
            0.25,
            [1.4040105558074312, 2.020396039603961, 0.0015639512724228922],
        ),
        (
            "parabola",
            200,
            -0.125,
            [2.2767907440477524, 2.0202955519432537, 0.06798092417439573],
        ),
        (
            "parabola",
            250,
            0.125,
            [1.725044964596629, 2.0161897173211916, 0.020596228325980816],
        ),
        (
            "season",
            400,
            -0.125,
            [2.133522697973504, 1.9949999999999997, 0.16734983520966232],
        ),
        (
            "line",
            1000,
            0.125,
            [1.6488560354172004, 2.002003996003996, 1.8144947521422574e-8],
        ),
    ];
    for (name, rows, part, expected) in CASES {
        let (features, _, intercept) = design(name, rows);
        let targets = targets(rows, part);
        let found = diagnosed(&features, &targets, None, intercept, Weighting::Precision);
        let [statistic, mean, p] = figures(&found.targets[0]);
        assert_close(&[statistic, mean], &expected[..2], 1e-12);
        // Beyond 200 rows it is a beta distribution's.
        let tolerance = if rows <= 200 { 1e-9 } else { 1e-4 };
        assert_close(&[p], &expected[2..], tolerance);
    }
}

#[test]
fn a_fixed_band_about_2_would_miss_dependence_in_many_rows() {
    // With a thousand rows, 1.61 is significant, though it lies within 1.5 and 2.5.
    let (features, _, _) = design("line", 1000);
    let targets = targets(1000, 0.15);
    let found = diagnosed(&features, &targets, None, true, Weighting::Precision);
    let [statistic, _, p] = figures(&found.targets[0]);
    assert!(statistic > 1.5 && p < 1e-8, "{statistic} {p}");
    assert_eq!(
        found.targets[0].findings(0.05)[0].name(),
        "serial_dependence"
    );
}

#[test]
fn independent_errors_are_found_dependent_as_often_as_the_level_says() {
    // Of 600 sets, about 30 are significant, with a standard deviation of 5.3.
    let (features, _, _) = design("parabola", 24);
    let normal = |pair: &[f64]| {
        let (a, b) = (pair[0] + 0.5, pair[1] + 0.5);
        (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
    };
    let is_found = |seed: &u64| {
        let targets: Vec<f64> = numbers(48, *seed).chunks(2).map(normal).collect();
        let found = diagnosed(&features, &targets, None, true, Weighting::Precision);
        found.targets[0].durbin_watson_p < 0.05
    };
    let count = (1..=600_u64).map(|k| k * 7919).filter(is_found).count();
    assert!((14..=46).contains(&count), "{count}");
}

#[test]
fn rows_that_count_for_several_are_as_many_equal_rows() {
    for (rows, most) in [(30, 4), (90, 7)] {
        let (features, width, _) = design("parabola", rows);
        let targets = targets(rows, 0.0);
        let counts: Vec<f64> = (0..rows).map(|row| f64::from(row % most)).collect();
        let repeated = |values: &[f64], width: usize| -> Vec<f64> {
            let rows = values.chunks(width).zip(&counts);
            rows.flat_map(|(row, count)| row.repeat(*count as usize))
                .collect()
        };
        let counted = diagnosed(&features, &targets, Some(&counts), true, Weighting::Counts);
        let (features, targets) = (repeated(&features, width), repeated(&targets, 1));
        let written = diagnosed(&features, &targets, None, true, Weighting::Precision);
        assert_close(
            &figures(&counted.targets[0]),
            &figures(&written.targets[0]),
            1e-10,
        );
        // Equal rows have equal residuals by construction.
        assert!(counted.targets[0].has_counted_rows && !written.targets[0].has_counted_rows);
        let names = |found: &Diagnostics| {
            let list = found.targets[0].findings(0.05);
            list.iter()
                .map(|finding| finding.name())
                .collect::<Vec<_>>()
        };
        assert!(names(&written).contains(&"serial_dependence"));
        assert!(!names(&counted).contains(&"serial_dependence"));
    }
}

#[test]
fn precise_rows_are_those_times_the_root_of_their_weights() {
    let (features, _, _) = design("line", 40);
    let targets = targets(40, 0.3);
    let weights: Vec<f64> = (0..40).map(|row| f64::from(row % 5)).collect();
    let weighted = diagnosed(
        &features,
        &targets,
        Some(&weights),
        true,
        Weighting::Precision,
    );
    // A row of weight 0 is ignored.
    let used = || (0..40).filter(|row| weights[*row] > 0.0);
    let root = |row: usize| weights[row].sqrt();
    let rooted: Vec<f64> = used()
        .flat_map(|row| [root(row), root(row) * features[row]])
        .collect();
    let of_targets: Vec<f64> = used().map(|row| root(row) * targets[row]).collect();
    let plain = diagnosed(&rooted, &of_targets, None, false, Weighting::Precision);
    assert_close(
        &figures(&weighted.targets[0]),
        &figures(&plain.targets[0]),
        1e-10,
    );
}

#[test]
fn nothing_is_drawn_from_rounding() {
    // A line in decimals, a constant, as many rows as coefficients.
    let x: Vec<f64> = (0..40).map(|k| f64::from(k) * 0.1).collect();
    let line: Vec<f64> = x.iter().map(|x| 3.0 + 0.7 * x).collect();
    for (x, y) in [
        (&x[..], &line[..]),
        (&x[..], &[0.1; 40][..]),
        (&x[..2], &[1.0, 3.7][..]),
    ] {
        let found = diagnosed(x, y, None, true, Weighting::Precision);
        let t = &found.targets[0];
        assert!(figures(t).iter().all(|figure| figure.is_nan()), "{t:?}");
        let others = [t.skewness, t.jarque_bera_p, t.breusch_pagan_p];
        assert!(others.iter().all(|figure| figure.is_nan()), "{t:?}");
        assert!(t.cooks_distances.is_empty() && found.targets[0].findings(0.05).is_empty());
    }
    // With a single degree of freedom the statistic is a constant.
    let found = diagnosed(&x[..3], &[1.0, 3.0, 2.0], None, true, Weighting::Precision);
    assert!(found.targets[0].durbin_watson_p.is_nan());
}

#[test]
fn whole_numbers_far_from_zero_are_no_rounding() {
    // With x = 1e14 + 0, 1, ..., 7 the residuals are smaller than the rounding of
    // numbers of this size that are not whole.
    let x: Vec<f64> = (0..8).map(|k| 1e14 + f64::from(k)).collect();
    let y = [1.0, 24.0, 44.0, 58.0, 79.0, 100.0, 125.0, 141.0];
    let found = diagnosed(&x, &y, None, true, Weighting::Precision);
    assert!(found.targets[0].durbin_watson_p > 0.0);
}

proptest! {
    #[test]
    fn parts_of_any_size_are_one_pass(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0..260usize, 0..6),
        rows in 20..260usize,
        is_counted in any::<bool>(),
    ) {
        let (features, targets) = (numbers(2 * rows, seed), numbers(rows, !seed));
        let counts: Vec<f64> = (0..rows).map(|row| (row % 3) as f64).collect();
        let rows_of = Rows::new(&features, &targets, 2, 1).unwrap();
        let rows_of = rows_of.with_weights(is_counted.then_some(&counts)).unwrap();
        let solution = fit(&rows_of, &FitConfig::default()).unwrap();
        let config = DiagnosticsConfig { weighting: Weighting::Counts, ..DiagnosticsConfig::default() };
        let whole = diagnose(&rows_of, &solution, &config).unwrap();
        let pass = DiagnosticsPass::new(&solution, &config);
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows)).chain([0, rows]).collect();
        ends.sort_unstable();
        let mut total = pass.sums(&rows_of.slice(0..0), |row| row as u64).unwrap();
        for ends in ends.windows(2) {
            let part = rows_of.slice(ends[0]..ends[1]);
            total.merge(&pass.sums(&part, |row| (ends[0] + row) as u64).unwrap()).unwrap();
        }
        let merged = pass.diagnostics(&total).unwrap();
        for (a, b) in figures(&whole.targets[0]).iter().zip(figures(&merged.targets[0])) {
            prop_assert!((a - b).abs() <= 1e-10 * a.abs(), "{} {}", a, b);
        }
    }
}
