//! Checkpoints with a right checksum: an error of bounded length, or a training that
//! goes on to its end. The first byte chooses the optimizer; its highest bit, whether
//! the rest is the whole JSON text, or the number of a field, in two bytes, and the
//! JSON text that is put in its place.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use libfuzzer_sys::fuzz_target;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_model::Digest;
use linreg_training::{
    Checkpoint, CheckpointFile, Checkpointing, Every, Loss, Observer, OptimizerConfig, Penalty, RunOptions,
    TrainingConfig, train_with,
};
use serde_json::Value;
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

fn write(json: &[u8]) -> PathBuf {
    let path = FOLDER.path().join("checkpoint");
    let mut bytes = format!("linreg checkpoint 2 {:016x}\n", Digest::of(json)).into_bytes();
    bytes.extend(json);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Asks to stop after the second batch.
struct Stop<'a>(usize, &'a AtomicBool);

impl Observer for Stop<'_> {
    fn batch(&mut self) {
        self.0 += 1;
        if self.0 == 2 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

/// What the checkpoint of each optimizer holds, and the places of its fields.
static STATES: LazyLock<Vec<(Value, Vec<String>)>> = LazyLock::new(|| {
    (0..8)
        .map(|how| {
            let path = FOLDER.path().join(format!("state{how}"));
            save(&config(how), &path);
            let text = std::fs::read_to_string(path).unwrap();
            let state = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
            let mut all = Vec::new();
            places(&state, "", &mut all);
            (state, all)
        })
        .collect()
});

fn save(config: &TrainingConfig, path: &Path) {
    let flag = AtomicBool::new(false);
    let options = RunOptions {
        checkpoint: Some(Checkpointing {
            file: CheckpointFile::new(path).unwrap(),
            every: Every::Steps(usize::MAX),
        }),
        interrupted: Some(&flag),
        ..RunOptions::default()
    };
    let device = Default::default();
    let mut stop = Stop(0, &flag);
    let stopped = train_with::<Autodiff<NdArray<f64>>>(config, &*ROWS, options, &device, &mut stop);
    assert!(stopped.is_err());
}

fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_string());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate().take(2) {
                places(value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The JSON text of an input.
fn json(how: u8, rest: &[u8]) -> Option<Vec<u8>> {
    if how & 128 != 0 {
        return Some(rest.to_vec());
    }
    let (place, value) = rest.split_first_chunk::<2>()?;
    let (state, places) = &STATES[usize::from(how % 8)];
    let place = &places[usize::from(u16::from_le_bytes(*place)) % places.len()];
    let mut state = state.clone();
    match serde_json::from_slice(value) {
        Ok(value) => *state.pointer_mut(place)? = value,
        Err(_) => {
            let (parent, name) = place.rsplit_once('/')?;
            state.pointer_mut(parent)?.as_object_mut()?.remove(name);
        }
    }
    serde_json::to_vec(&state).ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    let Some(json) = json(*how, rest) else {
        return;
    };
    let path = write(&json);
    let resumed = Checkpoint::read(&path).and_then(|checkpoint| {
        let options = RunOptions {
            resume: Some(checkpoint),
            ..RunOptions::default()
        };
        let device = Default::default();
        train_with::<Autodiff<NdArray<f64>>>(&config(*how), &*ROWS, options, &device, &mut ())
    });
    if let Err(error) = resumed {
        let message = error.to_string();
        assert!(message.len() < 4096, "{message}");
    }
});
