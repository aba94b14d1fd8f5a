use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use linreg_fit::TrainingSettings;
use linreg_model::{Existing, OutputFile};
use linreg_training::{Checkpoint, CheckpointFile, Checkpointing, EpochRecord, Every, TrainingLog};

use crate::output::Files;
use crate::settings::first_given;

/// When training stops, and what it leaves on the way.
#[derive(clap::Args)]
#[command(next_help_heading = "Stopping and saving (--method sgd)")]
pub struct RunArgs {
    /// Stop after this many updates
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    max_steps: Option<usize>,

    /// Stop after this time: 90s, 15m or 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    max_time: Option<Duration>,

    /// Stop after this many epochs without a better loss on the rows of
    /// --validation or --validation-file, and keep the best epoch's model
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    patience: Option<usize>,

    /// How near to 0 the gradient has to be for lbfgs and proximal [default:
    /// 1e-7]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    tolerance: Option<f64>,

    /// Write losses, learning rate and time of each epoch, as .csv or .json
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// Save the state of the training to this file while it runs, for --resume
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// How often to save the state: a time, or a number of updates [default:
    /// 30s]
    #[arg(long, value_name = "TIME|NUMBER", value_parser = every)]
    checkpoint_every: Option<Every>,

    /// Continue from this checkpoint, with the same rows and settings, and save to
    /// it, unless --checkpoint names another; the model is the same as without the
    /// interruption
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

fn time(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number above 0 with s, m or h, as in 90s".to_string();
    let unit = match text.chars().next_back() {
        Some('s') => 1.0,
        Some('m') => 60.0,
        Some('h') => 3600.0,
        _ => return Err(expected()),
    };
    let number = text[..text.len() - 1].parse::<f64>().ok();
    let seconds = number
        .filter(|number| *number > 0.0)
        .map(|number| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(expected)
}

fn every(text: &str) -> Result<Every, String> {
    match text.parse() {
        Ok(0) => Err("expected at least 1".to_string()),
        Ok(steps) => Ok(Every::Steps(steps)),
        Err(_) => time(text).map(Every::Time).map_err(|_| {
            "expected a number of updates, or a time with s, m or h, as in 30s".to_string()
        }),
    }
}

impl RunArgs {
    /// The checkpoint to resume from.
    pub fn resumed(&self) -> Option<&Path> {
        self.resume.as_deref()
    }

    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        first_given(&[
            (self.max_steps.is_some(), "--max-steps"),
            (self.max_time.is_some(), "--max-time"),
            (self.patience.is_some(), "--patience"),
            (self.tolerance.is_some(), "--tolerance"),
            (self.history.is_some(), "--history"),
            (self.checkpoint.is_some(), "--checkpoint"),
            (self.checkpoint_every.is_some(), "--checkpoint-every"),
            (self.resume.is_some(), "--resume"),
        ])
    }

    /// Checks the settings before a long file is read.
    pub fn check(&self, held_out: bool) -> Result<()> {
        if self.patience.is_some() && !held_out {
            bail!("--patience goes by rows held out; add --validation or --validation-file");
        }
        if self.checkpoint_every.is_some() && self.checkpoint.is_none() && self.resume.is_none() {
            bail!("--checkpoint-every needs a file; add --checkpoint");
        }
        self.history.as_deref().map_or(Ok(()), |path| {
            is_json(path)?;
            Ok(())
        })
    }

    /// The checkpoint to resume from, and the file to save to, which may be the
    /// same.
    pub fn checkpoint_files(&self, files: &mut Files, force: bool) -> Result<RunFiles> {
        if let Some(resume) = &self.resume {
            if !resume.exists() {
                bail!(
                    "{}: there is no such checkpoint; start without --resume",
                    resume.display()
                );
            }
            // This fails unless the file is a checkpoint: no other file is
            // replaced by one.
            Checkpoint::read(resume)?;
        }
        let goes_on = |path: &Path| match (&self.resume, path.canonicalize()) {
            (Some(resume), Ok(path)) => resume.canonicalize().is_ok_and(|resume| resume == path),
            _ => false,
        };
        let checkpoint = match self.checkpoint.as_ref().or(self.resume.as_ref()) {
            None => None,
            Some(path) => {
                let existing = if force || goes_on(path) {
                    Existing::Replace
                } else {
                    Existing::Keep
                };
                let advice = "go on from it with --resume, or use --force to replace it";
                let file = files.file_that("checkpoint", path, existing, advice)?;
                Some(Checkpointing {
                    // The file is locked here, so that no other training saves
                    // to it.
                    file: CheckpointFile::of(file)?,
                    every: self
                        .checkpoint_every
                        .unwrap_or(Every::Time(Duration::from_secs(30))),
                })
            }
        };
        let resume = self.resume.as_deref().map(Checkpoint::read).transpose()?;
        if let Some(path) = &self.resume {
            files.read(path);
        }
        Ok(RunFiles {
            checkpoint,
            resume,
            log: None,
        })
    }

    /// The log file. A resumed training continues its log.
    pub fn log_file(
        &self,
        files: &mut Files,
        path: Option<&Path>,
        resumed: Option<&Checkpoint>,
        force: bool,
    ) -> Result<Option<TrainingLog>> {
        let existing = match (resumed, force) {
            (Some(_), _) => Existing::Append,
            (None, true) => Existing::Replace,
            (None, false) => Existing::Keep,
        };
        let Some(path) = path else {
            return Ok(None);
        };
        let advice = "use --force to replace it, or another name";
        let file = files.file_that("log", path, existing, advice)?;
        Ok(Some(match resumed {
            Some(checkpoint) => TrainingLog::resumed(file, checkpoint.epochs())?,
            None => TrainingLog::new(file),
        }))
    }

    pub fn history_file(&self, files: &mut Files) -> Result<Option<OutputFile>> {
        let path = self.history.as_deref();
        path.map(|path| files.file("history", path)).transpose()
    }

    /// The settings with when training stops.
    pub fn limits(&self, settings: TrainingSettings) -> TrainingSettings {
        TrainingSettings {
            max_steps: self.max_steps,
            max_time: self.max_time,
            patience: self.patience,
            tolerance: self.tolerance,
            ..settings
        }
    }
}

/// The files of the training of the model itself; the trainings of
/// cross-validation folds have none.
#[derive(Default)]
pub struct RunFiles {
    pub checkpoint: Option<Checkpointing>,
    pub resume: Option<Checkpoint>,
    pub log: Option<TrainingLog>,
}

pub fn write_history(output: &OutputFile, history: &[EpochRecord]) -> Result<()> {
    let json = is_json(output.path())?;
    output.write(|file| {
        if json {
            serde_json::to_writer_pretty(&mut *file, history).map_err(std::io::Error::from)?;
            return Ok(writeln!(file)?);
        }
        let mut csv = csv::Writer::from_writer(file);
        for epoch in history {
            csv.serialize(epoch)?;
        }
        Ok(csv.flush()?)
    })
}

/// Whether the history goes to JSON rather than CSV.
fn is_json(path: &Path) -> Result<bool> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(true),
        Some("csv") => Ok(false),
        _ => bail!(
            "{}: the history is written as .csv or .json; name it so",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_numbers_of_updates() {
        assert_eq!(time("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(every("500"), Ok(Every::Steps(500)));
        assert_eq!(every("2h"), Ok(Every::Time(Duration::from_secs(7200))));
        for wrong in ["", "s", "-1s", "0s", "1e400s", "5d", "µ"] {
            assert!(time(wrong).is_err(), "{wrong}");
            assert!(every(wrong).is_err(), "{wrong}");
        }
        assert!(every("0").is_err());
    }
}
