use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::{DataError, FileIndex, FileLocation, FileProblem};

/// The message about a file that is no longer as it was when it was opened.
const CHANGED: &str =
    "the file changed while it was read; run the command again when nothing writes to it";

/// The message about a file whose name now stands for another file, or for
/// none.
const REPLACED: &str = "the file was replaced or removed while it was read; run the command again when nothing writes to it";

/// A file that is opened once, however often it is read, and that must not
/// change: no byte is returned that was read after a change.
#[derive(Clone)]
pub(crate) struct InputFile {
    opened: Arc<Opened>,
}

struct Opened {
    file: File,
    name: Arc<str>,
    /// The path; None for a file without a name, which no other program can
    /// change.
    path: Option<PathBuf>,
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

impl InputFile {
    /// Opens a file; messages call it `name`.
    pub fn open(path: &Path, name: &str) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(name, error))?;
        Self::new(file, Some(path.to_path_buf()), name)
    }

    /// Takes a file without a name in the file system, such as a temporary one.
    pub fn unnamed(file: File, name: &str) -> Result<Self, DataError> {
        Self::new(file, None, name)
    }

    fn new(file: File, path: Option<PathBuf>, name: &str) -> Result<Self, DataError> {
        let metadata = file.metadata().map_err(|error| unreadable(name, error))?;
        if metadata.is_dir() {
            return Err(DataError::File {
                file: name.to_string(),
                problem: FileProblem::Folder,
            });
        }
        let state = State::of(&metadata);
        Ok(Self {
            opened: Arc::new(Opened {
                file,
                name: name.into(),
                path,
                state,
            }),
        })
    }

    pub fn name(&self) -> &Arc<str> {
        &self.opened.name
    }

    /// Where the file is, for another program; None for one without a name.
    pub fn location(&self, index: Option<FileIndex>) -> Option<FileLocation> {
        let path = self.opened.path.as_ref()?;
        Some(FileLocation {
            name: self.name().to_string(),
            path: std::path::absolute(path).ok()?,
            num_bytes: self.num_bytes(),
            modified: self.opened.state.modified,
            index,
        })
    }

    /// Opens a file that another program has opened.
    pub fn at(location: &FileLocation) -> Result<Self, DataError> {
        let file = Self::open(&location.path, &location.name)?;
        let State {
            num_bytes,
            modified,
            ..
        } = file.opened.state;
        if (num_bytes, modified) == (location.num_bytes, location.modified) {
            Ok(file)
        } else {
            Err(unreadable(&location.name, io::Error::other(CHANGED)))
        }
    }

    pub fn num_bytes(&self) -> u64 {
        self.opened.state.num_bytes
    }

    /// Returns a reader from the beginning, with a position of its own.
    pub fn reader(&self) -> InputReader {
        self.reader_at(0)
    }

    /// Returns a reader from this byte on.
    pub fn reader_at(&self, position: u64) -> InputReader {
        InputReader {
            file: self.clone(),
            position,
        }
    }

    /// Returns `length` bytes from the byte `start` on.
    #[cfg(any(test, feature = "csv", feature = "parquet"))]
    pub fn bytes_at(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        // This limits the memory to the size of the file, whatever the file
        // says about itself.
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.num_bytes()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.reader_at(start).read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Checks that the file is the one that was opened, and unchanged.
    pub fn check(&self) -> Result<(), DataError> {
        self.change()
            .map_err(|error| unreadable(self.name(), error))
    }

    fn change(&self) -> io::Result<()> {
        let Opened {
            file, path, state, ..
        } = self.opened.as_ref();
        // The name is checked first, since replacing a file also changes the
        // state of the open one.
        if let Some(path) = path {
            let is_same = match std::fs::metadata(path) {
                Ok(metadata) => State::of(&metadata).is_same_file(state),
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if !is_same {
                return Err(io::Error::other(REPLACED));
            }
        }
        if State::of(&file.metadata()?) == *state {
            Ok(())
        } else {
            Err(io::Error::other(CHANGED))
        }
    }
}

/// Reads an [`InputFile`] from a position of its own.
pub(crate) struct InputReader {
    file: InputFile,
    position: u64,
}

impl Read for InputReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file.opened.file, bytes, self.position)?;
        // The check comes after the read: what is written later is not in the
        // bytes.
        self.file.change()?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for InputReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.file.num_bytes().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
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

/// Returns the error that a file has changed.
#[cfg(feature = "csv")]
pub(crate) fn changed(file: &str) -> DataError {
    unreadable(file, io::Error::other(CHANGED))
}

/// Returns the error that a file cannot be read, in the words of the system.
pub(crate) fn unreadable(file: &str, error: io::Error) -> DataError {
    DataError::File {
        file: file.to_string(),
        problem: FileProblem::Unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn message(file: &InputFile) -> String {
        let mut bytes = Vec::new();
        let read = file.reader().read_to_end(&mut bytes);
        let checked = file.check().map_err(|error| error.to_string());
        match read {
            Ok(_) => {
                assert_eq!(checked, Ok(()));
                String::new()
            }
            Err(error) => {
                assert_eq!(checked, Err(format!("t: {error}")));
                error.to_string()
            }
        }
    }

    #[test]
    fn a_file_that_is_not_the_one_opened_gives_no_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        type Change = fn(&Path);
        let changes: [(Change, &str); 6] = [
            (|_| (), ""),
            (|path| fs::write(path, "a\n2\n").unwrap(), CHANGED),
            (|path| fs::write(path, "a\n").unwrap(), CHANGED),
            // The new content has the same length and the same time.
            (
                |path| {
                    let time = fs::metadata(path).unwrap().modified().unwrap();
                    fs::write(path, "a\n3\n").unwrap();
                    let file = File::options().write(true).open(path).unwrap();
                    file.set_modified(time).unwrap();
                },
                if cfg!(unix) { CHANGED } else { "" },
            ),
            (
                |path| {
                    let other = path.with_extension("new");
                    fs::copy(path, &other).unwrap();
                    fs::rename(other, path).unwrap();
                },
                REPLACED,
            ),
            (|path| fs::remove_file(path).unwrap(), REPLACED),
        ];
        for (change, expected) in changes {
            fs::write(&path, "a\n1\n").unwrap();
            let file = InputFile::open(&path, "t").unwrap();
            // The clock of the file system ticks a hundred times a second or more.
            std::thread::sleep(std::time::Duration::from_millis(20));
            change(&path);
            assert_eq!(message(&file), expected);
        }
    }

    #[test]
    fn readers_do_not_move_each_other_and_an_unnamed_file_is_read_again() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"abcdef").unwrap();
        let file = InputFile::unnamed(file, "t").unwrap();
        let (mut first, mut second) = (file.reader(), file.reader_at(2));
        let mut two = || {
            let mut bytes = [[0; 2]; 2];
            first.read_exact(&mut bytes[0]).unwrap();
            second.read_exact(&mut bytes[1]).unwrap();
            bytes
        };
        assert_eq!(two(), [*b"ab", *b"cd"]);
        assert_eq!(two(), [*b"cd", *b"ef"]);
        assert_eq!(file.bytes_at(5, 1).unwrap(), b"f");
        assert!(file.bytes_at(5, 2).is_err() && file.bytes_at(u64::MAX, 2).is_err());
        let mut reader = file.reader();
        assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 5);
        assert!(reader.seek(SeekFrom::Current(-6)).is_err());
    }

    #[test]
    fn a_folder_and_a_file_that_is_not_there_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| InputFile::open(path, "t").err().unwrap().to_string();
        let missing = error(&folder.path().join("none"));
        assert!(
            missing.starts_with("t: No such file") || cfg!(windows),
            "{missing}"
        );
        if cfg!(unix) {
            let message = error(folder.path());
            assert_eq!(message, "t: this is a folder; name the files in it");
        }
    }
}
