//! An exact fit with its statistics, in memory: `cargo bench -p linreg-exact --bench fit`.
//!
//! Beside it, the same products by faer alone, to which NumPy's Gram matrix
//! (`X.T @ X`, on the same threads) can be compared in the same minute:
//! `python3 -c "import numpy, timeit; X = numpy.random.randn(1000000, 100); ..."`.
//! Ceilings: a loop of multiply-adds in registers, and reading the features once.

#![allow(missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par};
use linreg_exact::{
    Accumulator, Arithmetic, Collinear, DiagnosticsConfig, FitConfig, Inference, Robust, Rows,
    diagnose, fit,
};
use rayon::prelude::*;

fn main() {
    println!("{} threads", rayon::current_num_threads());
    for (num_rows, num_features) in [
        (442, 10),
        (100_000, 100),
        (1_000_000, 10),
        (1_000_000, 100),
        (50_000, 1_000),
        (20_000, 2_000),
    ] {
        let (features, targets) = rows(num_rows, num_features);
        let rows = Rows::new(&features, &targets, num_features, 1).expect("rows");
        let best = |what: &str, work: &dyn Fn()| {
            let times = (0..5).map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            });
            let best = times.min().unwrap_or(Duration::ZERO);
            println!(
                "{num_rows} x {num_features}  {what}: {:.2} ms",
                best.as_secs_f64() * 1e3
            );
        };
        let solution = fit(&rows, &FitConfig::default()).expect("a fit");
        println!(
            "{num_rows} x {num_features}  {:?}, {} refinements, {:.1} digits",
            solution.arithmetic,
            solution.refinements,
            solution.fewest_digits()
        );
        best("fit and statistics", &|| {
            let solution = fit(&rows, &FitConfig::default()).expect("a fit");
            black_box(Inference::new(&solution, 0).unwrap());
        });
        if num_features <= 100 {
            let config = DiagnosticsConfig {
                robust: Some(Robust::Hc3),
                ..DiagnosticsConfig::default()
            };
            best("diagnostics and robust covariance", &|| {
                black_box(diagnose(&rows, &solution, &config).unwrap());
            });
        }
        best("faer's products alone", &|| {
            products(&features, num_features)
        });
        best("reading the features", &|| {
            let sums = features.par_chunks(1 << 16);
            black_box(sums.map(|part| part.iter().sum::<f64>()).sum::<f64>());
        });
        if num_features <= 100 && num_features * num_rows <= 10_000_000 {
            best("all in double-double", &|| {
                let mut accumulator = Accumulator::new(num_features, 1, Arithmetic::DoubleDouble);
                accumulator.update(&rows).expect("numbers");
                black_box(accumulator.solve(true, Collinear::Error).expect("a fit"));
            });
        }
    }
}

/// Features with some correlation, and a target of all of them and noise.
fn rows(num_rows: usize, num_features: usize) -> (Vec<f64>, Vec<f64>) {
    let mut state = 1_u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut features = Vec::with_capacity(num_rows * num_features);
    let mut targets = Vec::with_capacity(num_rows);
    for _ in 0..num_rows {
        let common = next();
        let mut target = 4.2 + next();
        for k in 0..num_features {
            let value = next() + 0.3 * common + (k % 10) as f64;
            target += value * (k % 7) as f64;
            features.push(value);
        }
        targets.push(target);
    }
    (features, targets)
}

fn products(features: &[f64], num_features: usize) {
    let parts = features.par_chunks(num_features * 50_000).map(|part| {
        let mut sums = Mat::<f64>::zeros(num_features, num_features);
        for block in part.chunks(num_features * 2048) {
            let rows =
                MatRef::from_row_major_slice(block, block.len() / num_features, num_features);
            matmul(
                sums.as_mut(),
                BlockStructure::TriangularLower,
                Accum::Add,
                rows.transpose(),
                BlockStructure::Rectangular,
                rows,
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
        sums
    });
    black_box(parts.reduce(|| Mat::zeros(num_features, num_features), |a, b| a + b));
}
