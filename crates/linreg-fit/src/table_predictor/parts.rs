use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use linreg_data::{CsvOptions, DataError, EncodingCounts, Passes, TableFormat, TableWriter, open};
use linreg_model::NewFolder;
use serde::{Deserialize, Serialize};
use tempfile::Builder;
use thiserror::Error;

use super::TablePredictor;
use crate::{FitError, Table};

/// A folder of files of predictions, one for each 131,072 rows of a table:
/// `part-00000.parquet`, `part-00001.parquet` and so on, in the order of the table.
///
/// The machines that read the rows write the files, in a new folder beside the one that
/// is asked for, which takes its name at the end. On a cluster, all machines need to
/// have both under the same path, and the user as whom an executor runs needs to be
/// allowed to write there.
pub struct PredictedParts {
    folder: NewFolder,
    replace: bool,
    files: PartFiles,
}

/// Where a machine writes the predictions of a group of rows.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct PartFiles {
    folder: PathBuf,
    format: TableFormat,
}

/// Why predictions cannot be written to a folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartsProblem {
    /// The folder exists.
    #[error("there is a folder of this name already")]
    Exists,
    /// The path names a file.
    #[error("this is a file; name a folder")]
    NotAFolder,
    /// The path is a URL.
    #[error("predictions are written to this machine; name a folder, and copy it from there")]
    Url,
    /// The folder that it is to be in, or to which a link leads, does not exist.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// The folder contains a file that is no part of predictions.
    #[error("the folder is not replaced: it contains `{0}`, which is not a file of predictions")]
    OtherFile(String),
    /// The folder contains a file of the table that is predicted.
    #[error("the folder is not replaced: it contains `{0}`, which is being predicted")]
    OwnTable(String),
    /// A machine has written a file that is not here.
    #[error(
        "{0} is not here, though a machine has written it: the folder has to be the same one on every machine"
    )]
    Missing(String),
    /// The folder cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PredictedParts {
    /// Prepares a folder for predictions. With `replace`, it may exist with predictions
    /// of any format, which are replaced at the end.
    ///
    /// # Errors
    ///
    /// A folder that exists and may not be replaced, or contains other files; a path
    /// that is a URL or a file, or whose parent does not exist; a folder that cannot be
    /// made.
    pub fn new(folder: &Path, format: TableFormat, replace: bool) -> Result<Self, FitError> {
        if let Some((scheme, _)) = folder.to_str().and_then(|name| name.split_once("://")) {
            // The rest of a URL may be secret.
            return Err(FitError::Parts {
                folder: format!("{scheme}://…").into(),
                problem: PartsProblem::Url,
            });
        }
        Self::prepared(folder, format, replace).map_err(|problem| FitError::Parts {
            folder: folder.to_path_buf(),
            problem,
        })
    }

    fn prepared(folder: &Path, format: TableFormat, replace: bool) -> Result<Self, PartsProblem> {
        check(folder, replace)?;
        let absolute = std::path::absolute(folder)?;
        let parent = absolute.parent().unwrap_or(&absolute);
        if !parent.is_dir() {
            return Err(PartsProblem::NoFolder(parent.to_path_buf()));
        }
        let folder = NewFolder::new(folder, replace)?;
        let files = PartFiles {
            folder: folder.path().to_path_buf(),
            format,
        };
        Ok(Self {
            folder,
            replace,
            files,
        })
    }

    /// Returns the name of a file of a table that the folder contains.
    fn file_of(&self, table: &Table) -> Option<String> {
        let files = table.source().location()?.files;
        let mut files = files
            .iter()
            .filter_map(|file| file.path.canonicalize().ok());
        let file = files.find(|file| file.starts_with(self.folder.target()))?;
        Some(file.file_name()?.to_string_lossy().into_owned())
    }

    /// Gives the files of so many groups the name of the folder.
    fn finish(self, num_groups: u64) -> Result<(), PartsProblem> {
        let expected: Vec<String> = (0..num_groups)
            .map(|group| self.files.name(group))
            .collect();
        // A machine that was lost may have left files that it had not finished.
        for entry in std::fs::read_dir(self.folder.path())? {
            let entry = entry?;
            let name = entry.file_name();
            if !expected.iter().any(|expected| name == expected.as_str()) {
                match std::fs::remove_file(entry.path()) {
                    // It still works, and has given the file its name.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
        }
        for name in expected {
            if !self.folder.path().join(&name).exists() {
                return Err(PartsProblem::Missing(name));
            }
        }
        check(self.folder.target(), self.replace)?;
        Ok(self.folder.finish()?)
    }
}

impl PartFiles {
    fn name(&self, group: u64) -> String {
        format!("part-{group:05}.{}", self.format.extension())
    }

    /// Writes the file of a group, whole or not at all.
    pub(super) fn write(
        &self,
        group: u64,
        schema: SchemaRef,
        rows: impl IntoIterator<Item = Result<RecordBatch, DataError>>,
    ) -> Result<(), DataError> {
        let mut builder = Builder::new();
        #[cfg(unix)]
        {
            // As any other new file.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.prefix(UNFINISHED_PART).tempfile_in(&self.folder);
        let mut file = temporary.map_err(|error| self.of_folder(error))?;
        let write = || {
            let mut writer = TableWriter::new(file.as_file_mut(), self.format, schema)?;
            for batch in rows {
                writer.write(&batch?)?;
            }
            writer.finish()
        };
        write().map_err(|error| match error {
            DataError::Io(error) => self.of_folder(error),
            error => self.unwritten(&error),
        })?;
        let flushed = file.as_file().sync_all();
        flushed.map_err(|error| self.of_folder(error))?;
        let path = self.folder.join(self.name(group));
        let named = file.persist(path);
        named.map_err(|error| self.of_folder(error.error))?;
        Ok(())
    }

    /// An error of the file system, with what it is about.
    fn of_folder(&self, error: io::Error) -> DataError {
        let folder = self.folder.display();
        // The temporary name of a file, which tempfile adds, helps nobody.
        let cause = match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code).to_string(),
            None => error.kind().to_string(),
        };
        if self.folder.is_dir() {
            return self.unwritten(&cause);
        }
        let message = format!(
            "there is no folder {folder} on the machine that is to write predictions: the folder that is named has to be in the same place on every machine"
        );
        DataError::Io(io::Error::new(error.kind(), message))
    }

    fn unwritten(&self, cause: &dyn std::fmt::Display) -> DataError {
        let folder = self.folder.display();
        let message = format!("predictions cannot be written to {folder}: {cause}");
        DataError::Io(io::Error::other(message))
    }
}

/// What the names of columns of predictions begin with.
const PREDICTED: &str = "predicted_";

/// What the names of files begin with that are not finished.
const UNFINISHED_PART: &str = ".part.";

/// Whether a file is a table with a column of predictions.
fn is_predicted(file: &Path) -> bool {
    let table = open(
        &[file.to_path_buf()],
        &CsvOptions::default(),
        Passes::Several,
    );
    table.is_ok_and(|table| {
        let fields = table.schema().fields();
        fields
            .iter()
            .any(|field| field.name().starts_with(PREDICTED))
    })
}

/// Checks that nothing but predictions is replaced.
fn check(folder: &Path, replace: bool) -> Result<(), PartsProblem> {
    let Ok(found) = folder.symlink_metadata() else {
        return Ok(());
    };
    if found.is_symlink() && !folder.exists() {
        return Err(PartsProblem::NoFolder(folder.read_link()?));
    }
    if !folder.is_dir() {
        return Err(PartsProblem::NotAFolder);
    }
    if !replace {
        return Err(PartsProblem::Exists);
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("part-").and_then(|name| {
            let (number, extension) = name.split_once('.')?;
            matches!(extension, "csv" | "parquet" | "arrow").then_some(number)
        });
        let is_part = number.is_some_and(|number| {
            number.len() >= 5 && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        // A machine that was taken for lost may have left one.
        let is_unfinished = name.starts_with(UNFINISHED_PART);
        let is_ours = is_unfinished || is_part && is_predicted(&entry.path());
        if !entry.file_type()?.is_file() || !is_ours {
            return Err(PartsProblem::OtherFile(name));
        }
    }
    Ok(())
}

impl TablePredictor {
    /// Predicts all rows, and has the machines that read them write the predictions to
    /// files. Returns what was done about missing cells and unknown levels.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); a folder that contains the table itself; files that cannot
    /// be written, or that another machine has written but are not here.
    pub fn write_parts(mut self, parts: PredictedParts) -> Result<EncodingCounts, FitError> {
        if let Some(file) = parts.file_of(&self.table) {
            return Err(FitError::Parts {
                folder: parts.folder.target().to_path_buf(),
                problem: PartsProblem::OwnTable(file),
            });
        }
        self.pass.parts = Some(parts.files.clone());
        let mut counts = EncodingCounts::default();
        let mut num_groups = 0;
        self.run_groups(&mut |groups| {
            num_groups += 1;
            for rows in groups {
                counts.merge(&rows.predictions.counts);
            }
            Ok(())
        })?;
        if num_groups == 0 {
            // An empty table gets one file too, with the header, so that the folder can be
            // opened.
            parts.files.write(0, self.schema(), [])?;
            num_groups = 1;
        }
        let folder = parts.folder.target().to_path_buf();
        let finished = parts.finish(num_groups);
        finished.map_err(|problem| FitError::Parts { folder, problem })?;
        Ok(counts)
    }
}
