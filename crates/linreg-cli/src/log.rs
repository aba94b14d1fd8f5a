use std::fs::File;
use std::io::{self, Write};

use linreg_model::{OutputError, OutputFile};
use linreg_training::{EpochReport, Observer};
use serde_json::json;

/// A file that gets a line of JSON after every epoch, for a program that
/// follows a training. It is written as training goes on, so that it tells of
/// one that failed too.
pub struct Log {
    output: OutputFile,
    /// None before the first epoch.
    file: Option<File>,
    failed: Option<OutputError>,
}

impl Log {
    pub fn new(output: OutputFile) -> Self {
        Self {
            output,
            file: None,
            failed: None,
        }
    }

    /// Makes the file, which is empty unless it goes on.
    pub fn start(&mut self) -> Result<(), OutputError> {
        self.file = Some(self.output.append()?);
        Ok(())
    }

    /// Why a line could not be written, if one could not; none was written since.
    pub fn failure(self) -> Option<OutputError> {
        self.failed
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        match &mut self.file {
            // A file is not buffered: whoever reads it sees whole lines.
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

impl Observer for Log {
    fn epoch(&mut self, report: &EpochReport) {
        if self.failed.is_some() {
            return;
        }
        let line = json!({
            "epoch": report.epoch,
            "loss": report.loss,
            "validation_loss": report.validation,
            "learning_rate": report.learning_rate,
            "rows_per_second": report.rows_per_second(),
            "seconds": report.since_start.as_secs_f64(),
        });
        let written = self.write(&format!("{line}\n"));
        self.failed = written.err().map(|error| self.output.error(error));
    }
}
