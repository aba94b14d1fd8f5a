use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use linreg_training::{EpochReport, Observer};
use serde_json::json;

use crate::output::Output;

/// A file that gets a line of JSON after every epoch, for a program that
/// follows a training. It is written as training goes on, so that it tells of
/// one that failed too.
pub struct Log {
    path: PathBuf,
    file: File,
    start: Instant,
    failed: Option<io::Error>,
}

impl Log {
    /// An empty file, which must not exist unless it may be replaced.
    pub fn create(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self> {
        Output::new(Some(path.to_path_buf()), force, inputs)?;
        let file = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            start: Instant::now(),
            failed: None,
        })
    }

    /// An error if a line could not be written.
    pub fn finish(self) -> Result<()> {
        match self.failed {
            None => Ok(()),
            Some(error) => Err(error).with_context(|| self.path.display().to_string()),
        }
    }
}

impl Observer for Log {
    fn epoch(&mut self, report: &EpochReport) {
        let line = json!({
            "epoch": report.epoch,
            "loss": report.loss,
            "validation_loss": report.validation,
            "learning_rate": report.learning_rate,
            "rows_per_second": report.rows_per_second(),
            "seconds": self.start.elapsed().as_secs_f64(),
        });
        // A file is not buffered: whoever reads it sees whole lines.
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        self.failed = self.failed.take().or(written.err());
    }
}
