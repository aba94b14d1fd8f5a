//! Helpers for the tests of several modules.

pub mod rational;

/// Pseudo-random numbers from -0.5 to 0.5.
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1e-300),
            "{found:?}, expected {expected:?}"
        );
    }
}

/// The 442 rows of the diabetes data: ten features, the target, and weights of 1, 2,
/// 3 in turn.
pub fn diabetes() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/diabetes.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let mut row: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        targets.push(row.pop().unwrap());
        features.extend(row);
    }
    let weights = (0..targets.len()).map(|row| (1 + row % 3) as f64).collect();
    (features, targets, weights)
}
