use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use linreg_model::{Existing, OutputFile};

use crate::TrainingError;
use crate::checkpoint::State;

/// The file that one training saves its checkpoints to.
///
/// It is replaced whole. While this lives the file is locked, where the system
/// has such locks, and no other training saves to it or goes on from it.
#[derive(Debug)]
pub struct CheckpointFile {
    output: OutputFile,
    /// The file that is in place, locked; none before the first is.
    held: Mutex<Option<File>>,
}

impl CheckpointFile {
    /// A file, which is replaced if it is there.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Checkpoint`] for a file that cannot be written, and for
    /// one to which another training saves.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, TrainingError> {
        let output = OutputFile::new(&path, Existing::Replace);
        Self::of(output.map_err(|error| TrainingError::Checkpoint {
            path: path.as_ref().to_path_buf(),
            problem: error.problem.to_string(),
        })?)
    }

    /// A file that was checked before.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Checkpoint`] for a file to which another training saves.
    pub fn of(output: OutputFile) -> Result<Self, TrainingError> {
        let held = match File::open(output.path()) {
            // One that cannot be read can be replaced.
            Err(_) => None,
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

    /// The file as it was named.
    pub fn path(&self) -> &Path {
        self.output.path()
    }

    /// Replaces the file by one that is locked before it is in place, so that it
    /// is never there without a lock.
    pub(crate) fn write(&self, state: &State) -> Result<(), TrainingError> {
        let problem = |problem: String| TrainingError::Checkpoint {
            path: self.path().to_path_buf(),
            problem: format!("the checkpoint cannot be written: {problem}"),
        };
        let bytes = state
            .to_bytes()
            .map_err(|error| problem(error.to_string()))?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // What has appeared since is another training's.
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
        let new = new.map_err(|error| problem(error.problem.to_string()))?;
        lock(new.file(), &output)?;
        let placed = new.finish();
        *held = Some(placed.map_err(|error| problem(error.problem.to_string()))?);
        Ok(())
    }
}

/// Locks a file until it is closed.
fn lock(file: &File, output: &OutputFile) -> Result<(), TrainingError> {
    // Elsewhere a lock keeps everybody from reading.
    if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(TrainingError::Checkpoint {
            path: output.path().to_path_buf(),
            problem:
                "another training saves to this file; wait until it ends, or name another file"
                    .to_string(),
        });
    }
    // Where a file system has no locks, there is none.
    Ok(())
}
