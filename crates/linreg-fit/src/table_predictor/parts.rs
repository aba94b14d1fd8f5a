use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use linreg_data::{DataError, EncodingCounts, TableFormat, TableWriter};
use serde::{Deserialize, Serialize};
use tempfile::{Builder, TempDir};
use thiserror::Error;

use super::TablePredictor;
use crate::{FitError, Table};

/// A folder of files of predictions, one for each 131,072 rows of a table:
/// `part-00000.parquet`, `part-00001.parquet` and so on, in the order of the table.
///
/// The machines that read the rows write the files, in a new folder beside the one that
/// is asked for, which takes its name at the end. On a cluster, all machines need to
/// have both under the same path, and to be allowed to write there.
pub struct PredictedParts {
    folder: PathBuf,
    replace: bool,
    unfinished: TempDir,
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
    /// It is there already.
    #[error("there is a folder of this name already")]
    Exists,
    /// It is a file.
    #[error("this is a file; name a folder")]
    NotAFolder,
    /// It is behind a URL.
    #[error("predictions are written to this machine; name a folder, and copy it from there")]
    Url,
    /// The folder that it is to be in does not exist.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// It contains a file that is no part of predictions.
    #[error("it contains `{0}`, which is no file of predictions, and is not replaced")]
    OtherFile(String),
    /// It contains a file of the table that is predicted.
    #[error("it contains `{0}`, which is being predicted, and is not replaced")]
    OwnTable(String),
    /// A machine has written a file that is not here.
    #[error(
        "{0} is not here, though a machine has written it: the folder has to be the same one on every machine"
    )]
    Missing(String),
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PredictedParts {
    /// Prepares a folder for predictions. With `replace`, it may exist with predictions
    /// of any format, which are replaced at the end.
    ///
    /// # Errors
    ///
    /// A folder that exists and may not be replaced, or cannot be made.
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
        let folder = std::path::absolute(folder)?;
        let name = folder.file_name().ok_or(PartsProblem::NotAFolder)?;
        let parent = folder.parent().unwrap_or(&folder);
        if !parent.is_dir() {
            return Err(PartsProblem::NoFolder(parent.to_path_buf()));
        }
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        let unfinished = as_others_would(&mut builder, 0o777).tempdir_in(parent)?;
        let files = PartFiles {
            folder: unfinished.path().to_path_buf(),
            format,
        };
        Ok(Self {
            folder,
            replace,
            unfinished,
            files,
        })
    }

    /// The folder that files are written to until all are there. It is removed with this
    /// value.
    pub fn unfinished(&self) -> &Path {
        self.unfinished.path()
    }

    /// Returns the name of a file of a table that the folder contains.
    fn file_of(&self, table: &Table) -> Option<String> {
        let folder = self.folder.canonicalize().ok()?;
        let files = table.source().location()?.files;
        let mut files = files
            .iter()
            .filter_map(|file| file.path.canonicalize().ok());
        let file = files.find(|file| file.starts_with(&folder))?;
        Some(file.file_name()?.to_string_lossy().into_owned())
    }

    /// Gives the files of so many groups the name of the folder.
    fn finish(self, num_groups: u64) -> Result<(), PartsProblem> {
        let expected: Vec<String> = (0..num_groups)
            .map(|group| self.files.name(group))
            .collect();
        // A machine that was lost may have left files that it had not finished.
        for entry in std::fs::read_dir(self.unfinished.path())? {
            let entry = entry?;
            let name = entry.file_name();
            if !expected.iter().any(|expected| name == expected.as_str()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        for name in expected {
            if !self.unfinished.path().join(&name).exists() {
                return Err(PartsProblem::Missing(name));
            }
        }
        check(&self.folder, self.replace)?;
        if self.folder.exists() {
            // What is replaced is only lost once the new files are in its place.
            let parent = self.folder.parent().unwrap_or(&self.folder);
            let aside = Builder::new().prefix(".replaced.").tempdir_in(parent)?;
            let before = aside.path().join("before");
            std::fs::rename(&self.folder, &before)?;
            if let Err(error) = std::fs::rename(self.unfinished.path(), &self.folder) {
                std::fs::rename(before, &self.folder)?;
                return Err(error.into());
            }
            return Ok(());
        }
        std::fs::rename(self.unfinished.path(), &self.folder)?;
        Ok(())
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
        let path = self.folder.join(self.name(group));
        let at_path = |error: io::Error| {
            let message = format!("{}: {error}", path.display());
            DataError::Io(io::Error::new(error.kind(), message))
        };
        let mut builder = Builder::new();
        let mut file = as_others_would(builder.prefix(".part."), 0o666)
            .tempfile_in(&self.folder)
            .map_err(at_path)?;
        let mut writer = TableWriter::new(file.as_file_mut(), self.format, schema)?;
        for batch in rows {
            writer.write(&batch?)?;
        }
        writer.finish()?;
        file.persist(&path).map_err(|error| at_path(error.error))?;
        Ok(())
    }
}

/// Gives a temporary file or folder the permissions of any other one.
fn as_others_would<'a, 'p, 's>(
    builder: &'a mut Builder<'p, 's>,
    mode: u32,
) -> &'a mut Builder<'p, 's> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Checks that nothing but predictions is replaced.
fn check(folder: &Path, replace: bool) -> Result<(), PartsProblem> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(PartsProblem::NotAFolder);
    }
    if !replace {
        return Err(PartsProblem::Exists);
    }
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("part-").and_then(|name| {
            let (number, extension) = name.split_once('.')?;
            matches!(extension, "csv" | "parquet" | "arrow").then_some(number)
        });
        let is_part = number.is_some_and(|number| {
            number.len() >= 5 && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        if !is_part {
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
    /// As [`run`](Self::run), or files that cannot be written.
    pub fn write_parts(mut self, parts: PredictedParts) -> Result<EncodingCounts, FitError> {
        if let Some(file) = parts.file_of(&self.table) {
            return Err(FitError::Parts {
                folder: parts.folder.clone(),
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
            // A folder without files would not be a table.
            parts.files.write(0, self.schema(), [])?;
            num_groups = 1;
        }
        let folder = parts.folder.clone();
        let finished = parts.finish(num_groups);
        finished.map_err(|problem| FitError::Parts { folder, problem })?;
        Ok(counts)
    }
}
