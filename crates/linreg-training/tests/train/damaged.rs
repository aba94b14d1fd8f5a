//! Checkpoints whose fields were changed one by one, with a correct checksum.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use linreg_data::{Dataset, SyntheticConfig};
use serde_json::{Value, json};

use linreg_model::Digest;
use linreg_training::{
    Checkpoint, CheckpointFile, Checkpointing, Every, LearningRateSchedule, Loss, Observer,
    OptimizerConfig, Penalty, RunOptions, TrainingConfig, TrainingError, train_with,
};

type B = Autodiff<Flex>;

/// An observer that interrupts training after this number of batches.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Observer for StopAfter<'_> {
    fn batch(&mut self) {
        self.0 = self.0.wrapping_sub(1);
        if self.0 == 0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

fn rows() -> [Dataset; 2] {
    let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_noise_std(1.0);
    let rows = config.with_num_examples(30).generate().unwrap();
    [0..20, 20..30].map(|range| rows.select(&range.collect::<Vec<_>>()).unwrap())
}

/// Resumes a training from a checkpoint, and returns the bits of its weights.
fn resumed(config: &TrainingConfig, path: &Path) -> Result<Vec<u64>, TrainingError> {
    let [training, validation] = rows();
    let options = RunOptions {
        validation: config.patience.map(|_| &validation as _),
        resume: Some(Checkpoint::read(path)?),
        ..RunOptions::default()
    };
    let trained = train_with::<B>(config, &training, options, &Default::default(), &mut ())?;
    let (weight, bias) = (trained.coefficients.weight(), trained.coefficients.bias());
    Ok(weight.iter().chain(bias).map(|x| x.to_bits()).collect())
}

/// Saves a checkpoint after this number of batches, and returns its contents.
fn save(config: &TrainingConfig, path: &Path, batches: usize) -> Value {
    let [training, validation] = rows();
    let flag = AtomicBool::new(false);
    let options = RunOptions {
        validation: config.patience.map(|_| &validation as _),
        checkpoint: Some(Checkpointing {
            file: CheckpointFile::new(path).unwrap(),
            every: Every::Steps(usize::MAX),
        }),
        interrupted: Some(&flag),
        ..RunOptions::default()
    };
    let mut observer = StopAfter(batches, &flag);
    let device = Default::default();
    let stopped = train_with::<B>(config, &training, options, &device, &mut observer);
    assert!(matches!(stopped, Err(TrainingError::Interrupted { .. })));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

fn write(path: &Path, state: &Value) {
    let json = serde_json::to_vec(state).unwrap();
    let mut bytes = format!("linreg checkpoint 3 {:016x}\n", Digest::of(&json)).into_bytes();
    bytes.extend(json);
    std::fs::write(path, bytes).unwrap();
}

/// Collects the JSON pointers of all values; of lists of numbers, only the first
/// two.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_string());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
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

/// Returns what each value is replaced with.
fn damages(value: &Value) -> Vec<Value> {
    let mut damages = vec![
        Value::Null,
        json!(-1),
        json!(0),
        json!(1),
        json!(0.5),
        json!(1u64 << 63),
        json!(1e300),
        json!("\u{1b}[2J"),
        json!([]),
    ];
    match value {
        Value::Array(values) => {
            damages.push([&values[..], values].concat().into());
            damages.push(values[..values.len() / 2].to_vec().into());
            damages.push(values.iter().rev().cloned().collect());
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            damages.extend([json!(number * 2.0), json!(-number), json!(number + 1.0)]);
        }
        _ => {}
    }
    damages
}

/// Whether a field is a number that no check can know, so that another number is
/// accepted.
fn is_free(place: &str) -> bool {
    const FREE: [&str; 15] = [
        "/weight",
        "/bias",
        "/ids",
        "/optimizer",
        "/parameters",
        "/gradient",
        "/value",
        "/losses",
        "/slacks",
        "/steps",
        "/changes",
        "/momentum",
        "/bound",
        "/least",
        "/idle",
    ];
    const OF_SMOOTHING: [&str; 3] = ["/widths", "/stage", "/updates"];
    let is_method = place.starts_with("/method/") || place.starts_with("/progress/best/");
    let mut free = FREE.iter().chain(&OF_SMOOTHING);
    is_method && free.any(|name| place.contains(name))
}

fn each_field(config: &TrainingConfig, batches: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let state = save(config, &path, batches);
    let whole = resumed(config, &path).unwrap();
    let mut all = Vec::new();
    places(&state, "", &mut all);
    let mut refused = 0;
    for place in all {
        let value = state.pointer(&place).unwrap().clone();
        for damage in damages(&value) {
            let mut damaged = state.clone();
            *damaged.pointer_mut(&place).unwrap() = damage.clone();
            write(&path, &damaged);
            match resumed(config, &path) {
                Err(error) => {
                    refused += 1;
                    let error = error.to_string();
                    assert!(error.len() < 2000, "{error}");
                }
                Ok(_) if is_free(&place) => {}
                Ok(found) => assert_eq!(found, whole, "{place}: {damage} {config:?}"),
            }
        }
        // The value is removed, or stored under another name.
        let Some((parent, name)) = place.rsplit_once('/') else {
            continue;
        };
        let mut damaged = state.clone();
        if let Some(Value::Object(fields)) = damaged.pointer_mut(parent) {
            let value = fields.remove(name);
            write(&path, &damaged);
            if let Ok(found) = resumed(config, &path) {
                assert_eq!(found, whole, "{place} removed");
            }
            if let Some(Value::Object(fields)) = damaged.pointer_mut(parent) {
                fields.insert(format!("{name}_"), value.unwrap_or_default());
            }
            write(&path, &damaged);
            if let Ok(found) = resumed(config, &path) {
                assert_eq!(found, whole, "{place} renamed");
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

fn minibatches(optimizer: OptimizerConfig) -> TrainingConfig {
    TrainingConfig::new()
        .with_num_epochs(3)
        .with_batch_size(4)
        .with_learning_rate(0.01)
        .with_optimizer(optimizer)
}

#[test]
fn a_changed_checkpoint_of_minibatches_is_refused_or_changes_nothing() {
    let sgd = |momentum| OptimizerConfig::Sgd {
        momentum,
        nesterov: false,
    };
    for config in [
        minibatches(sgd(0.0)).with_schedule(LearningRateSchedule::Linear),
        minibatches(sgd(0.9)).with_patience(Some(1)),
        minibatches(OptimizerConfig::Adam).with_accumulate(2),
        minibatches(OptimizerConfig::AdamW).with_intercept(false),
        minibatches(OptimizerConfig::RmsProp { momentum: 0.9 }),
        minibatches(OptimizerConfig::AdaGrad),
    ] {
        each_field(&config, 7);
    }
}

#[test]
fn a_changed_checkpoint_of_all_rows_is_refused_or_changes_nothing() {
    let l1 = Penalty {
        l1: 0.3,
        ..Penalty::default()
    };
    for config in [
        TrainingConfig::full_batch(Penalty::default()).with_tolerance(1e-300),
        TrainingConfig::full_batch(l1),
        TrainingConfig::full_batch_of(Loss::Absolute, Penalty::default()),
    ] {
        each_field(&config.with_num_epochs(6), 3);
    }
}

#[test]
fn hostile_numbers_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = minibatches(OptimizerConfig::Adam);
    let state = save(&config, &path, 7);
    for (place, damage, message) in [
        (
            "/progress/seconds",
            json!(-1.0),
            "found -1 as the time, expected a finite number, 0 or more",
        ),
        (
            "/progress/seconds",
            json!(1e300),
            "as the time, expected at most 10000000000 seconds",
        ),
        (
            "/method/minibatches/update",
            json!(1u64 << 63),
            "found 9223372036854775808 as the number of updates, expected a number from 5 to 10",
        ),
        (
            "/method/minibatches/weight",
            json!([1.0]),
            "found 1 as the number of values of the weights, expected 2",
        ),
        (
            "/method/minibatches/optimizer",
            json!({}),
            "found other parts as the state of the optimizer, expected those of the settings",
        ),
    ] {
        let mut damaged = state.clone();
        *damaged.pointer_mut(place).unwrap() = damage;
        write(&path, &damaged);
        let error = resumed(&config, &path).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
        assert!(error.contains("the checkpoint is damaged: "), "{error}");
    }
}

#[test]
fn a_training_that_has_not_ended_cannot_be_said_to_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let minibatches = TrainingConfig::for_rows(40, 8).with_num_epochs(6);
    let all_rows = TrainingConfig::full_batch(Penalty::default()).with_num_epochs(6);
    for (config, batches, reasons) in [
        (
            minibatches,
            3,
            &[
                "epochs",
                "patience",
                "converged",
                "precision",
                "steps",
                "time",
            ][..],
        ),
        // Only the rows themselves could tell whether full-batch training has
        // converged.
        (all_rows, 2, &["epochs", "patience", "steps", "time"]),
    ] {
        let mut state = save(&config, &path, batches);
        for reason in reasons {
            state["progress"]["ended"] = json!(reason);
            write(&path, &state);
            let error = resumed(&config, &path).unwrap_err().to_string();
            assert!(error.contains("the reason for its end"), "{error}");
        }
    }
}

#[test]
fn a_proximal_training_that_stops_before_its_first_update_goes_on() {
    let l1 = Penalty {
        l1: 0.3,
        ..Penalty::default()
    };
    let config = TrainingConfig::full_batch(l1).with_num_epochs(6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let [training, _] = rows();
    let options = RunOptions {
        checkpoint: Some(Checkpointing {
            file: CheckpointFile::new(&path).unwrap(),
            every: Every::Steps(usize::MAX),
        }),
        interrupted: Some(&AtomicBool::new(true)),
        ..RunOptions::default()
    };
    let device = Default::default();
    train_with::<B>(&config, &training, options, &device, &mut ()).unwrap_err();
    assert!(resumed(&config, &path).is_ok());
}
