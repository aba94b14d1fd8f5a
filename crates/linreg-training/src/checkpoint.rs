mod check;
mod problem;

pub use problem::CheckpointProblem;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use linreg_model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expected::Expected;
use crate::fingerprint::Fingerprint;
use crate::full_batch::FullBatch;
use crate::step::SavedTraining;
use crate::{EpochRecord, StopReason, TrainingConfig, TrainingError};

/// The saved state of a training between two updates, from which it can be
/// resumed as if it had never stopped.
///
/// The file has one line with the name of the format and a checksum, followed by
/// a JSON object.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    state: State,
}

/// The contents of a checkpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct State {
    pub(crate) setting: Setting,
    pub(crate) progress: Progress,
    pub(crate) method: Method,
}

/// What has to be the same when training is resumed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Setting {
    /// The backend and its float type.
    pub(crate) backend: String,
    /// The configuration as it was given, before an automatic learning rate was
    /// computed.
    pub(crate) config: TrainingConfig,
    pub(crate) data: Fingerprint,
    pub(crate) validation: Option<Fingerprint>,
}

/// Progress of a training.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Progress {
    /// Epoch, from 0.
    pub(crate) epoch: usize,
    /// Number of batches, or parts of batches, that have been trained on in this
    /// epoch.
    pub(crate) batches: usize,
    /// Mean loss before the first update, on the scale that training uses.
    pub(crate) loss_before: f64,
    pub(crate) seconds: f64,
    pub(crate) history: Vec<EpochRecord>,
    pub(crate) best: Option<Best>,
    /// Why training ended, if it did.
    #[serde(default)]
    pub(crate) ended: Option<StopReason>,
}

impl Progress {
    /// No progress yet, from these losses of the targets.
    pub(crate) fn before(losses: &[f64]) -> Self {
        Self {
            loss_before: losses.iter().sum(),
            ..Self::default()
        }
    }
}

/// The epoch with the least validation loss so far.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Best {
    pub(crate) loss: f64,
    pub(crate) epoch: usize,
    /// Row-major weights of that epoch, on the scale that training uses, as are
    /// the biases.
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

/// The state of the optimizer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    Minibatches(SavedTraining),
    FullBatch(FullBatch),
}

const FORMAT: &str = "linreg checkpoint 3";

/// Length of the longest checkpoint that is written or read, enough for some million
/// weights.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

impl Checkpoint {
    /// Reads a checkpoint from a file.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Checkpoint`] for a file that cannot be read, is not a
    /// checkpoint, or is damaged.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let state = State::read(path).map_err(|problem| TrainingError::Checkpoint {
            path: path.to_path_buf(),
            problem,
        })?;
        Ok(Self {
            path: path.to_path_buf(),
            state,
        })
    }

    /// Returns the number of epochs that were finished.
    pub fn epochs(&self) -> usize {
        self.state.progress.history.len()
    }

    /// Returns the saved state, after checking that it is one that a training
    /// with this setting can reach.
    pub(crate) fn state_for(self, setting: &Setting) -> Result<State, TrainingError> {
        if let Some(difference) = self.state.setting.difference(setting) {
            return Err(self.refused(CheckpointProblem::OtherTraining { difference }));
        }
        let [num_features, num_targets] = setting.data.widths();
        let checked = self.state.check(&Expected {
            config: &setting.config,
            num_features,
            num_targets,
            num_rows: setting.data.num_rows(),
            validation: setting.validation.is_some(),
        });
        match checked {
            Ok(()) => Ok(self.state),
            Err(problem) => Err(self.refused(problem)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn refused(&self, problem: CheckpointProblem) -> TrainingError {
        TrainingError::Checkpoint {
            path: self.path.clone(),
            problem,
        }
    }
}

impl State {
    fn read(path: &Path) -> Result<Self, CheckpointProblem> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CheckpointProblem::NotFound,
            _ => CheckpointProblem::Io(error),
        })?;
        let bytes = read_bounded(&mut file, MAX_BYTES)?;
        let text = bytes.strip_prefix(FORMAT.as_bytes());
        let split = text.and_then(|text| {
            let end = text.iter().position(|byte| *byte == b'\n')?;
            let checksum = std::str::from_utf8(text[..end].strip_prefix(b" ")?).ok()?;
            Some((checksum, &text[end + 1..]))
        });
        let Some((checksum, json)) = split else {
            return Err(if text.is_some() {
                CheckpointProblem::CutShort
            } else if bytes.starts_with(b"linreg checkpoint ") {
                CheckpointProblem::OtherVersion
            } else {
                CheckpointProblem::NoCheckpoint
            });
        };
        if format!("{:016x}", Digest::of(json)) != checksum {
            return Err(CheckpointProblem::Damaged);
        }
        serde_json::from_slice(json).map_err(CheckpointProblem::Json)
    }

    /// Returns the content of the checkpoint's file.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_vec(self)?;
        let mut bytes = format!("{FORMAT} {:016x}\n", Digest::of(&json)).into_bytes();
        bytes.extend(json);
        Ok(bytes)
    }
}

/// Reads the bytes that show whether a file is a checkpoint, and the rest only if it
/// is one.
fn read_bounded(mut file: impl Read, limit: u64) -> Result<Vec<u8>, CheckpointProblem> {
    let mut bytes = Vec::new();
    let mut start = file.by_ref().take(FORMAT.len() as u64);
    start
        .read_to_end(&mut bytes)
        .map_err(CheckpointProblem::Io)?;
    if bytes == FORMAT.as_bytes() {
        let mut rest = file.take(limit);
        rest.read_to_end(&mut bytes)
            .map_err(CheckpointProblem::Io)?;
    }
    if bytes.len() as u64 > limit {
        return Err(CheckpointProblem::TooLarge { limit });
    }
    Ok(bytes)
}

impl Setting {
    /// Describes how the setting found differs from this one; none if they agree.
    fn difference(&self, found: &Self) -> Option<String> {
        if found.backend != self.backend {
            return Some(format!(
                "the backend {}, expected {}",
                found.backend, self.backend
            ));
        }
        if let Some(difference) = self.data.difference(&found.data) {
            return Some(difference);
        }
        match (&self.validation, &found.validation) {
            (Some(expected), Some(found)) => {
                if let Some(difference) = expected.difference(found) {
                    return Some(format!("among the rows held out {difference}"));
                }
            }
            (Some(_), None) => return Some("no rows held out, expected some".to_string()),
            (None, Some(_)) => return Some("rows held out, expected none".to_string()),
            (None, None) => {}
        }
        let as_json = |config: &TrainingConfig| serde_json::to_value(config).unwrap_or(Value::Null);
        let (expected, found) = (as_json(&self.config), as_json(&found.config));
        let (Value::Object(expected), Value::Object(found)) = (expected, found) else {
            return None;
        };
        // Limits may change, so that a training that reached one can be resumed.
        let differs = |(name, value): &(&String, &Value)| {
            let is_limit = matches!(name.as_str(), "max_seconds" | "max_steps");
            !is_limit && found.get(name.as_str()) != Some(value)
        };
        let differences = expected.iter().filter(differs).map(|(name, expected)| {
            let found = found.get(name).unwrap_or(&Value::Null);
            format!("{} {found}, expected {expected}", name.replace('_', " "))
        });
        let differences: Vec<String> = differences.collect();
        (!differences.is_empty()).then(|| differences.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_not_read_to_its_end() {
        let foreign = read_bounded(io::repeat(b'7'), 100).unwrap();
        assert_eq!(foreign.len(), FORMAT.len());
        let endless = FORMAT.as_bytes().chain(io::repeat(b'7'));
        let problem = read_bounded(endless, 100).unwrap_err();
        assert!(matches!(
            problem,
            CheckpointProblem::TooLarge { limit: 100 }
        ));
        let whole = format!("{FORMAT} 0\n{{}}");
        let found = read_bounded(whole.as_bytes(), whole.len() as u64).unwrap();
        assert_eq!(found, whole.as_bytes());
    }
}
