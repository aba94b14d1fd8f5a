//! Data sets that can be reproduced in other programs.

use linreg_data::{Dataset, load_dataset};

/// Returns `n` numbers from -0.5 to 0.5 of the generator
/// `s = (1103515245 s + 12345) mod 2^31`.
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

/// Returns 200 rows of six features, of which two are correlated and one has
/// another scale.
pub fn overlapping() -> Dataset {
    let numbers = numbers(200 * 7, 1);
    dataset(numbers.chunks(7).map(|u| {
        let x = vec![u[0], u[0] + 0.3 * u[1], u[2], u[3], 100.0 * u[4], u[5]];
        let y = 20.0 * x[0] - 5.0 * x[2] + 0.3 * x[4] + 50.0 + 8.0 * u[6];
        (x, y)
    }))
}

/// Returns 150 rows of four features, with an outlier in every tenth target.
pub fn outliers() -> Dataset {
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

pub fn diabetes() -> Dataset {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/diabetes.csv");
    load_dataset(path, "progression").unwrap()
}

/// Returns set `k` of twenty, and the quantile to fit to it. Sets have 50 to
/// 2,000 rows and one to ten features. The noise is normal, heavy-tailed, with an
/// outlier in one of twenty rows, rounded so that there are ties, or larger along
/// the first feature. Every third set has weights from 1 to 4.
pub fn seeded(k: usize) -> (Dataset, f64) {
    const ROWS: [usize; 10] = [50, 80, 125, 200, 300, 500, 750, 1000, 1500, 2000];
    let (num_rows, width) = (ROWS[k * 7 % 10], 1 + k * 3 % 10);
    let (tau, kind) = ([0.1, 0.5, 0.9, 0.99][k % 4], k / 4 % 5);
    let mut state = (k as u64 + 1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(1);
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let normal = |uniform: &mut dyn FnMut() -> f64| {
        let mut sum = -6.0;
        (0..12).for_each(|_| sum += uniform());
        sum
    };
    let mut weights = Vec::new();
    let rows: Vec<(Vec<f64>, f64)> = (0..num_rows)
        .map(|_| {
            let mut x: Vec<f64> = (0..width)
                .map(|j| {
                    let scaled = normal(&mut uniform) * 10f64.powi(j as i32 % 3);
                    scaled + if j == 2 { 100.0 } else { 0.0 }
                })
                .collect();
            let mut noise = normal(&mut uniform);
            match kind {
                1 => {
                    let [a, b] = [0; 2].map(|_| normal(&mut uniform).powi(2));
                    noise /= ((a + b) / 2.0 + 1e-3).sqrt();
                }
                2 if uniform() < 0.05 => noise *= 50.0,
                4 => noise *= 1.0 + x[0].abs(),
                _ => {}
            }
            let slopes = (0..width).map(|j| (j % 4) as f64 - 1.5);
            let explained: f64 = slopes.zip(&x).map(|(slope, x)| slope * x).sum();
            let mut y = 3.0 + explained + 2.0 * noise;
            if kind == 3 {
                x.iter_mut().for_each(|x| *x = (*x + 0.5).floor());
                y = (2.0 * y + 0.5).floor() / 2.0;
            }
            if k % 3 == 2 {
                weights.push(1.0 + (4.0 * uniform()).floor());
            }
            (x, y)
        })
        .collect();
    let dataset = dataset(rows.into_iter());
    let dataset = if weights.is_empty() {
        dataset
    } else {
        dataset.with_weights(weights).unwrap()
    };
    (dataset, tau)
}
