use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use linreg_data::{DataError, TableFormat, files_of};
use linreg_model::{Existing, OutputError, OutputFile, OutputFiles, OutputProblem};

use crate::interrupt;
use crate::terminal;

/// The files that a command reads and writes, which are all known before it
/// does any work.
pub struct Files {
    files: OutputFiles,
    force: bool,
}

impl Files {
    /// `tables` are the tables that are read, as names or patterns. `force`
    /// allows existing files to be replaced.
    pub fn new(tables: &[&Path], force: bool) -> Result<Self> {
        interrupt::listen();
        let tables: Vec<PathBuf> = tables.iter().map(|path| path.to_path_buf()).collect();
        let tables = files_of(&tables)?;
        let mut files = Self {
            files: OutputFiles::default(),
            force,
        };
        tables.iter().for_each(|table| files.read(table));
        Ok(files)
    }

    /// Adds a file that is read.
    pub fn read(&mut self, path: &Path) {
        if path == Path::new("-") {
            self.files.read_standard_input()
        } else {
            self.files.read(path)
        }
    }

    /// A result that goes to a file, or to standard output where none is named,
    /// or `-`.
    pub fn output(&mut self, what: &'static str, path: Option<&Path>) -> Result<Output> {
        match path.filter(|path| *path != Path::new("-")) {
            None => Ok(Output::Standard),
            Some(path) => Ok(Output::File(self.file(what, path)?)),
        }
    }

    /// A file to write, which must not exist unless it may be replaced.
    pub fn file(&mut self, what: &'static str, path: &Path) -> Result<OutputFile> {
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        self.file_that(
            what,
            path,
            existing,
            "use --force to replace it, or another name",
        )
    }

    /// A file to write. `existing` says what to do with a file that exists, and
    /// `advice` is added to the error if it must not exist.
    pub fn file_that(
        &mut self,
        what: &'static str,
        path: &Path,
        existing: Existing,
        advice: &str,
    ) -> Result<OutputFile> {
        let output = self.files.add(what, path, existing);
        output.map_err(|error| match &error {
            OutputError {
                problem: OutputProblem::Exists,
                ..
            } => anyhow!("{error}; {advice}"),
            _ => error.into(),
        })
    }
}

/// Where a result goes.
pub enum Output {
    /// A file that is written whole or not at all.
    File(OutputFile),
    Standard,
}

impl Output {
    /// Whether it goes to a file.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The format that the file's name asks for; CSV to standard output.
    pub fn table_format(&self) -> Result<TableFormat, DataError> {
        match self {
            Self::File(file) => TableFormat::of_path(file.path()),
            Self::Standard => Ok(TableFormat::Csv),
        }
    }

    /// Writes the result. A file is put in place only at the end.
    pub fn write(&self, content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
        match self {
            Self::File(file) => file.write(|file| content(file)),
            Self::Standard => {
                let mut stdout = io::BufWriter::new(terminal::data());
                content(&mut stdout)?;
                Ok(stdout.flush()?)
            }
        }
    }
}
