//! Any text as a checkpoint with a right checksum: an error of bounded length, or a
//! training that goes on to its end. The first byte chooses the optimizer.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use libfuzzer_sys::fuzz_target;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_training::{
    Checkpoint, Loss, OptimizerConfig, Penalty, RunOptions, TrainingConfig, train_with,
};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

static ROWS: LazyLock<Dataset> = LazyLock::new(|| {
    let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_noise_std(1.0);
    config.with_num_examples(12).generate().unwrap()
});

fn config(how: u8) -> TrainingConfig {
    let of = |optimizer| {
        let config = TrainingConfig::new().with_num_epochs(2).with_batch_size(4);
        config.with_optimizer(optimizer)
    };
    let penalty = Penalty {
        l1: 0.3,
        ..Penalty::default()
    };
    let full = |config: TrainingConfig| config.with_num_epochs(4);
    match how % 8 {
        0 => of(OptimizerConfig::SGD),
        1 => of(OptimizerConfig::Sgd {
            momentum: 0.9,
            nesterov: true,
        }),
        2 => of(OptimizerConfig::Adam),
        3 => of(OptimizerConfig::RmsProp { momentum: 0.5 }),
        4 => of(OptimizerConfig::AdaGrad),
        5 => full(TrainingConfig::full_batch(Penalty::default())),
        6 => full(TrainingConfig::full_batch(penalty)),
        _ => full(TrainingConfig::full_batch_of(
            Loss::Absolute,
            Penalty::default(),
        )),
    }
}

/// As the checkpoint's own.
fn checksum(json: &[u8]) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |word: u64| {
        digest = (digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        digest ^= digest >> 29;
    };
    for bytes in json.chunks(8) {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        add(u64::from_le_bytes(word));
    }
    add(json.len() as u64);
    digest
}

fn write(json: &[u8]) -> PathBuf {
    let path = FOLDER.path().join("checkpoint");
    let mut bytes = format!("linreg checkpoint 2 {:016x}\n", checksum(json)).into_bytes();
    bytes.extend(json);
    std::fs::write(&path, bytes).unwrap();
    path
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, json)) = bytes.split_first() else {
        return;
    };
    let path = write(json);
    let resumed = Checkpoint::read(&path).and_then(|checkpoint| {
        let options = RunOptions {
            resume: Some(checkpoint),
            ..RunOptions::default()
        };
        let device = Default::default();
        train_with::<Autodiff<NdArray<f64>>>(&config(*how), &ROWS, options, &device, &mut ())
    });
    if let Err(error) = resumed {
        let message = error.to_string();
        assert!(message.len() < 4096, "{message}");
    }
});
