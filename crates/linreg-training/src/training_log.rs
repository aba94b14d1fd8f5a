use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use linreg_model::{OutputError, OutputFile};
use serde_json::json;

use crate::{EpochRecord, Observer};

/// A file that gets a line of JSON after every epoch, for a program that
/// follows a training. It is written while training runs, so that it also shows
/// a training that failed.
pub struct TrainingLog {
    output: OutputFile,
    /// For a log that continues, the number of bytes of the lines that are
    /// kept.
    kept: Option<u64>,
    /// None before the first epoch.
    file: Option<File>,
    failed: Option<OutputError>,
}

impl TrainingLog {
    /// Returns the log of a new training; [`start`](Self::start) creates its file.
    pub fn new(output: OutputFile) -> Self {
        Self {
            output,
            kept: None,
            file: None,
            failed: None,
        }
    }

    /// Returns the log of a training that is resumed after so many epochs. If the
    /// file exists, the lines of these epochs are kept.
    ///
    /// # Errors
    ///
    /// A file that is no training log, or cannot be read.
    pub fn resumed(output: OutputFile, epochs: usize) -> Result<Self, OutputError> {
        let kept = match File::open(output.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.and_then(|file| kept(file, epochs)).map(Some),
        };
        Ok(Self {
            kept: kept.map_err(|error| output.error(error))?,
            ..Self::new(output)
        })
    }

    /// Creates the file, or cuts the log of a resumed training to the lines that
    /// are kept.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn start(&mut self) -> Result<(), OutputError> {
        let file = self.output.append()?;
        if let Some(kept) = self.kept {
            file.set_len(kept)
                .map_err(|error| self.output.error(error))?;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Why a line could not be written, if one could not. No line was written
    /// after it.
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

/// The number of bytes of the lines of the first epochs of a log. A full disk
/// may have cut its last line short.
fn kept(log: File, epochs: usize) -> io::Result<u64> {
    let (mut log, mut line, mut kept) = (BufReader::new(log), Vec::new(), 0);
    while log.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        let found = serde_json::from_slice::<serde_json::Value>(&line).ok();
        let Some(epoch) = found.and_then(|found| found["epoch"].as_u64()) else {
            return Err(io::Error::other(
                "this file is not a training log, so it cannot be continued; name another file",
            ));
        };
        if epoch >= epochs as u64 {
            break;
        }
        kept += line.len() as u64;
        line.clear();
    }
    Ok(kept)
}

impl Observer for TrainingLog {
    fn epoch(&mut self, report: &EpochRecord) {
        if self.failed.is_some() {
            return;
        }
        let line = json!({
            "epoch": report.epoch,
            "loss": report.loss,
            "validation_loss": report.validation_loss,
            "learning_rate": report.learning_rate,
            "rows_per_second": report.rows_per_second,
            "seconds": report.seconds,
        });
        let written = self.write(&format!("{line}\n"));
        self.failed = written.err().map(|error| self.output.error(error));
    }
}

#[cfg(test)]
mod tests {
    use linreg_model::Existing;

    use super::*;

    #[test]
    fn only_whole_lines_of_epochs_that_are_done_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let lines: Vec<String> = (0..4)
            .map(|epoch| format!("{{\"epoch\":{epoch}}}\n"))
            .collect();
        let after = |content: &str, epochs| {
            std::fs::write(&path, content).unwrap();
            let output = OutputFile::new(&path, Existing::Append).unwrap();
            TrainingLog::resumed(output, epochs)?.start()?;
            Ok::<_, OutputError>(std::fs::read_to_string(&path).unwrap())
        };
        let whole = lines.concat();
        assert_eq!(after(&whole, 4).unwrap(), whole);
        // The training was killed after lines that no checkpoint covers.
        assert_eq!(after(&whole, 2).unwrap(), lines[..2].concat());
        // The disk was full.
        assert_eq!(
            after(&whole[..whole.len() - 3], 9).unwrap(),
            lines[..3].concat()
        );
        assert_eq!(after("", 2).unwrap(), "");
        let error = after("my notes\n", 2).unwrap_err();
        let expected =
            ": this file is not a training log, so it cannot be continued; name another file";
        assert!(error.to_string().ends_with(expected), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes\n");
    }
}
