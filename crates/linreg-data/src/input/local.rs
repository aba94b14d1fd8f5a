use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{CHANGED, REPLACED};

/// A file in the file system.
pub(super) struct LocalFile {
    file: File,
    /// The path; None for a file without a name, which no other program can
    /// change.
    pub path: Option<PathBuf>,
    state: State,
}

/// What identifies a file and shows whether it has changed.
#[derive(Debug, PartialEq)]
struct State {
    num_bytes: u64,
    modified: Option<SystemTime>,
    /// The device, and the number of the file on it.
    #[cfg(unix)]
    identity: (u64, u64),
    /// The time of the last change of any kind, which no program can set:
    /// seconds and nanoseconds.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            num_bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino()),
            #[cfg(unix)]
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn is_same_file(&self, other: &Self) -> bool {
        #[cfg(unix)]
        return self.identity == other.identity;
        // Windows does not allow an open file to be replaced or removed.
        #[cfg(not(unix))]
        {
            let _ = other;
            true
        }
    }
}

impl LocalFile {
    /// Takes a file; None if it is a folder.
    pub fn new(file: File, path: Option<&Path>) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(None);
        }
        let path = path.map(Path::to_path_buf);
        let state = State::of(&metadata);
        Ok(Some(Self { file, path, state }))
    }

    pub fn num_bytes(&self) -> u64 {
        self.state.num_bytes
    }

    pub fn modified(&self) -> Option<SystemTime> {
        self.state.modified
    }

    /// Checks that the file is the one that was opened, and unchanged.
    pub fn check(&self) -> io::Result<()> {
        // The name is checked first, since replacing a file also changes the
        // state of the open one.
        if let Some(path) = &self.path {
            let is_same = match std::fs::metadata(path) {
                Ok(metadata) => State::of(&metadata).is_same_file(&self.state),
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if !is_same {
                return Err(io::Error::other(REPLACED));
            }
        }
        if State::of(&self.file.metadata()?) == self.state {
            Ok(())
        } else {
            Err(io::Error::other(CHANGED))
        }
    }

    /// Reads from an offset, and checks that nothing has changed.
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = read_at(&self.file, bytes, offset)?;
        // The check comes after the read: what is written later is not in the
        // bytes.
        self.check()?;
        Ok(read)
    }
}

/// Reads from an offset without using the cursor that all handles of a file
/// share.
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, bytes, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, bytes, offset);
}
