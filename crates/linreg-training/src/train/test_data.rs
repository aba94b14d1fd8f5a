//! Data sets that other programs can make too.

use linreg_data::{Dataset, load_dataset};

/// `n` numbers from -0.5 to 0.5 of the generator `s = (1103515245 s + 12345) mod
/// 2^31`.
fn numbers(n: usize, mut state: u64) -> Vec<f64> {
    let next = || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        state as f64 / f64::from(1 << 30) / 2.0 - 0.5
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn dataset(rows: impl Iterator<Item = (Vec<f64>, f64)>) -> Dataset {
    let (features, targets): (Vec<Vec<f64>>, Vec<f64>) = rows.unzip();
    let names = (1..=features[0].len()).map(|i| format!("x{i}")).collect();
    Dataset::new(features.concat(), targets, names, vec!["y".into()]).unwrap()
}

/// 200 rows of six features, two of which overlap and one is on another scale.
pub(super) fn overlapping() -> Dataset {
    let numbers = numbers(200 * 7, 1);
    dataset(numbers.chunks(7).map(|u| {
        let x = vec![u[0], u[0] + 0.3 * u[1], u[2], u[3], 100.0 * u[4], u[5]];
        let y = 20.0 * x[0] - 5.0 * x[2] + 0.3 * x[4] + 50.0 + 8.0 * u[6];
        (x, y)
    }))
}

/// 150 rows of four features, every tenth with a target far off.
pub(super) fn outliers() -> Dataset {
    let numbers = numbers(150 * 5, 2);
    dataset(numbers.chunks(5).enumerate().map(|(row, u)| {
        let far = if row % 10 == 0 {
            30.0 * (0.5 + u[2])
        } else {
            0.0
        };
        (u[..4].to_vec(), 3.0 * u[0] - 2.0 * u[1] + 1.0 + u[4] + far)
    }))
}

pub(super) fn diabetes() -> Dataset {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/diabetes.csv");
    load_dataset(path, "progression").unwrap()
}
