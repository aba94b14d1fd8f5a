use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use linreg_training::{
    Checkpoint, Checkpointing, EpochRecord, Every, RunOptions, StopReason, TrainingConfig,
};

use crate::output::Output;

/// When training stops, and what it leaves on the way.
#[derive(clap::Args)]
#[command(next_help_heading = "Stopping and saving (--method sgd)")]
pub struct RunArgs {
    /// Stop after so many updates
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    max_steps: Option<usize>,

    /// Stop after so much time: 90s, 15m or 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    max_time: Option<Duration>,

    /// Stop after so many epochs without a better loss on the rows of
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

    /// Save training to this file on the way, for --resume
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// How often to save it: a time, or a number of updates [default: 30s]
    #[arg(long, value_name = "TIME|NUMBER", value_parser = every)]
    checkpoint_every: Option<Every>,

    /// Go on from this checkpoint, with the same rows and settings, and save to
    /// it; the model is the one of training without a break
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
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
    /// A setting that was given, by its option.
    pub fn given(&self) -> Option<&'static str> {
        [
            (self.max_steps.is_some(), "--max-steps"),
            (self.max_time.is_some(), "--max-time"),
            (self.patience.is_some(), "--patience"),
            (self.tolerance.is_some(), "--tolerance"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
        .or_else(|| self.given_file())
    }

    /// A setting of a file, of which there is one for one fit.
    fn given_file(&self) -> Option<&'static str> {
        [
            (self.history.is_some(), "--history"),
            (self.checkpoint.is_some(), "--checkpoint"),
            (self.checkpoint_every.is_some(), "--checkpoint-every"),
            (self.resume.is_some(), "--resume"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// Checks, before a long file is read, that settings and files can be used.
    pub fn check(&self, force: bool, folds: bool, held_out: bool, inputs: &[&Path]) -> Result<()> {
        if let (Some(option), true) = (self.given_file(), folds) {
            bail!("{option} is for one fit, and --k-fold makes several; leave out one of them");
        }
        if self.patience.is_some() && !held_out {
            bail!("--patience goes by rows held out; add --validation or --validation-file");
        }
        if self.checkpoint_every.is_some() && self.checkpoint.is_none() && self.resume.is_none() {
            bail!("--checkpoint-every needs a file; add --checkpoint");
        }
        if let Some(path) = &self.resume {
            Checkpoint::read(path)?;
        }
        if let Some(path) = &self.history {
            is_json(path)?;
            Output::new(Some(path.clone()), force, inputs)?;
        }
        if let Some(path) = &self.checkpoint {
            if path.exists() && !force {
                bail!(
                    "{}: the file exists; go on from it with --resume, or use --force to replace it",
                    path.display()
                );
            }
            Output::new(Some(path.clone()), true, inputs)?;
        }
        Ok(())
    }

    pub fn limit(&self, config: &mut TrainingConfig) {
        config.max_steps = self.max_steps;
        config.max_seconds = self.max_time.map(|time| time.as_secs_f64());
        config.patience = self.patience;
        if let Some(tolerance) = self.tolerance {
            config.tolerance = tolerance;
        }
    }

    /// What a run is given but for the rows held out.
    pub fn options<'a>(&self, interrupted: &'a AtomicBool) -> Result<RunOptions<'a>> {
        let path = self.checkpoint.as_ref().or(self.resume.as_ref());
        let every = Every::Time(Duration::from_secs(30));
        Ok(RunOptions {
            validation: None,
            checkpoint: path.map(|path| Checkpointing {
                path: path.clone(),
                every: self.checkpoint_every.unwrap_or(every),
            }),
            resume: self.resume.as_deref().map(Checkpoint::read).transpose()?,
            interrupted: Some(interrupted),
            bound_objective: false,
        })
    }

    /// Writes the history, if there is a file for it.
    pub fn write_history(&self, history: &[EpochRecord], force: bool) -> Result<()> {
        let Some(path) = &self.history else {
            return Ok(());
        };
        let json = is_json(path)?;
        Output::new(Some(path.clone()), force, &[])?.write(|file| {
            if json {
                serde_json::to_writer_pretty(&mut *file, history)?;
                return Ok(writeln!(file)?);
            }
            let mut csv = csv::Writer::from_writer(file);
            for epoch in history {
                csv.serialize(epoch)?;
            }
            Ok(csv.flush()?)
        })
    }
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

/// True once the user has asked to stop; asked again, the program ends at once.
pub fn interruption() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The order matters: the first signal finds the flag not yet set.
        signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())
            .and_then(|_| signal_hook::flag::register(signal, flag.clone()))
            .context("signals cannot be listened to")?;
    }
    Ok(flag)
}

/// Why training ended, for people.
pub fn stop_words(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Epochs => "all epochs done",
        StopReason::Steps => "stopped by --max-steps",
        StopReason::Time => "stopped by --max-time",
        StopReason::Patience => "stopped by --patience",
        StopReason::Converged => "converged",
        StopReason::Precision => "converged to the precision of its floats",
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
