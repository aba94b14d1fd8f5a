use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use linreg_model::{Existing, OutputError, OutputFile};

use crate::checkpoint::{MAX_BYTES, State};
use crate::{CheckpointProblem, TrainingError};

/// The file that one training saves its checkpoints to.
///
/// Each save replaces the file with an atomic write. On Unix the file is locked
/// as long as this value exists, so that no other training saves to it, unless
/// the file system has no locks.
#[derive(Debug)]
pub struct CheckpointFile {
    output: OutputFile,
    /// The locked file at the path; none until the first one is there.
    held: Mutex<Option<File>>,
}

impl CheckpointFile {
    /// Prepares to save to this path. A file that is already there is replaced by
    /// the first save.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Checkpoint`] for a file that cannot be written, or to
    /// which another training saves.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, TrainingError> {
        let output = OutputFile::new(&path, Existing::Replace);
        Self::of(output.map_err(|error| TrainingError::Checkpoint {
            path: path.as_ref().to_path_buf(),
            problem: CheckpointProblem::Output(error.problem),
        })?)
    }

    /// Prepares to save to an output that was checked before.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Checkpoint`] for a file to which another training saves, or
    /// one that is there and cannot be opened.
    pub fn of(output: OutputFile) -> Result<Self, TrainingError> {
        let held = match File::open(output.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(TrainingError::Checkpoint {
                    path: output.path().to_path_buf(),
                    problem: CheckpointProblem::Io(error),
                });
            }
            Ok(file) => {
                lock(&file, &output)?;
                Some(file)
            }
        };
        Ok(Self {
            output,
            held: Mutex::new(held),
        })
    }

    /// Returns the path as it was given.
    pub fn path(&self) -> &Path {
        self.output.path()
    }

    /// Replaces the file. The new file is locked before it takes the place of the
    /// old one, so that there is always a lock.
    pub(crate) fn write(&self, state: &State) -> Result<(), TrainingError> {
        let problem = |problem| TrainingError::Checkpoint {
            path: self.path().to_path_buf(),
            problem,
        };
        let not_written =
            |error: OutputError| problem(CheckpointProblem::NotWritten(error.problem));
        let bytes = state.to_bytes();
        let bytes = bytes.map_err(|error| problem(CheckpointProblem::NotStored(error)))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(problem(CheckpointProblem::TooLarge { limit: MAX_BYTES }));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that has appeared since then belongs to another training.
        let existing = match *held {
            Some(_) => Existing::Replace,
            None => Existing::Keep,
        };
        let output = self.output.clone().with_existing(existing);
        let new = output.create().and_then(|mut new| {
            let written = new.write_all(&bytes);
            written.map_err(|error| output.error(error))?;
            Ok(new)
        });
        let new = new.map_err(not_written)?;
        lock(new.file(), &output)?;
        let placed = new.finish();
        *held = Some(placed.map_err(not_written)?);
        Ok(())
    }
}

/// Locks a file until it is closed.
fn lock(file: &File, output: &OutputFile) -> Result<(), TrainingError> {
    // On other systems a lock would keep every program from reading the file.
    if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(TrainingError::Checkpoint {
            path: output.path().to_path_buf(),
            problem: CheckpointProblem::InUse,
        });
    }
    // On a file system without locks, training continues without one.
    Ok(())
}
