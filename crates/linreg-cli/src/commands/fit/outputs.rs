use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use linreg_data::{files_of, is_url, shown_name};
use linreg_fit::{FitError, FittedModel};
use linreg_model::OutputFile;
use linreg_training::EpochRecord;

use super::Args;
use super::run_args::{RunFiles, write_history};
use crate::interrupt;
use crate::output::Files;

/// Every file that a fit writes, checked before any work is done for it.
pub struct Outputs {
    /// The path of the model file as it was given.
    pub path: PathBuf,
    model: OutputFile,
    report: Option<OutputFile>,
    history: Option<OutputFile>,
    pub run: RunFiles,
    /// Whether the model's file is written.
    pub is_saved: bool,
    /// What could not be written. The model is saved all the same.
    pub problems: Vec<anyhow::Error>,
}

impl Outputs {
    pub fn new(args: &Args, is_training: bool) -> Result<Self> {
        let path = args
            .output
            .clone()
            .map_or_else(|| args.default_output(), Ok)?;
        if path == Path::new("-") {
            bail!("a model cannot go to standard output; name a file with --output");
        }
        let mut files = Files::new(&args.inputs(), args.force)?;
        let run = &args.training.run;
        // The checkpoint comes first: the one that is resumed may be replaced.
        let mut run_files = if is_training {
            run.checkpoint_files(&mut files, args.force)?
        } else {
            RunFiles::default()
        };
        let model = files.file("model", &path)?;
        let report = args.report.as_deref();
        let report = report.map(|report| args.check_report(&mut files, report));
        let report = report.transpose()?;
        let history = if is_training {
            run.history_file(&mut files)?
        } else {
            None
        };
        let resumed = run_files.resume.as_ref();
        let log = run.log_file(&mut files, args.log.as_deref(), resumed, args.force)?;
        run_files.log = log;
        Ok(Self {
            path,
            model,
            report,
            history,
            run: run_files,
            is_saved: false,
            problems: Vec::new(),
        })
    }

    /// Saves the model. Nothing that fails later can lose it.
    pub fn save(&mut self, model: &FittedModel) -> Result<(), FitError> {
        model.save_to(&self.model)?;
        self.is_saved = true;
        interrupt::say_at_the_end(self.where_saved());
        Ok(())
    }

    /// Says where the model was saved.
    pub fn where_saved(&self) -> String {
        format!("the model was saved to {}", self.path.display())
    }

    /// Writes the history of a training, if it is asked for.
    pub fn write_history(&mut self, history: &[EpochRecord]) {
        if let Some(output) = &self.history {
            let written = write_history(output, history);
            self.problems.extend(written.err());
        }
    }

    /// Makes the report, if one is asked for, and writes it.
    pub fn write_report(&mut self, page: impl FnOnce() -> Result<String>) {
        if let Some(output) = &self.report {
            let written = page().and_then(|page| Ok(output.save(page.as_bytes())?));
            self.problems.extend(written.err());
        }
    }
}

impl Args {
    /// The first file's name with .safetensors, in the current folder.
    fn default_output(&self) -> Result<PathBuf> {
        let file = &self.source.files[0];
        let shown = shown_name(file);
        let name = Path::new(&shown)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        // Extensions such as .csv.gz are removed, and a pattern gives no name.
        let stem = name.split('.').next().unwrap_or_default();
        if stem.is_empty() || stem.contains(['*', '?', '[']) || file == Path::new("-") {
            bail!("{}: name the model file with --output", self.source.name());
        }
        Ok(format!("{stem}.safetensors").into())
    }

    /// Checks that a report can be written, and that its rows can be read again.
    fn check_report(&self, files: &mut Files, report: &Path) -> Result<OutputFile> {
        if report == Path::new("-") {
            bail!("a report cannot go to standard output; name a file, such as report.html");
        }
        let inputs: Vec<PathBuf> = self.inputs().into_iter().map(Path::to_path_buf).collect();
        let is_pipe = |input: &&PathBuf| {
            *input != Path::new("-")
                && !is_url(input)
                && std::fs::metadata(input).is_ok_and(|found| !found.is_file() && !found.is_dir())
        };
        if let Some(pipe) = files_of(&inputs)?.iter().find(is_pipe) {
            bail!(
                "{}: a report reads the rows again, and a pipe gives them once; give a file, or - for standard input",
                pipe.display()
            );
        }
        files.file("report", report)
    }
}
