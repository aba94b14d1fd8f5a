mod local;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use self::local::LocalFile;
#[cfg(feature = "object-store")]
use crate::remote::{Ahead, Held, NotCopied, RemoteFile, download, watch};
use crate::url::{Url, shown_name};
use crate::{DataError, FileIndex, FileLocation, FileProblem, RemoteProblem};

/// The message about a file that is no longer as it was when it was opened.
const CHANGED: &str =
    "the file changed while it was read; run the command again when nothing writes to it";

/// The message about a file that is not the one that another program has opened.
const OTHER: &str = "the file has another size or time of modification than the one that was opened first; share one file between machines, or copy it with its time (cp -p, rsync -t), and do not write to it while it is read";

/// The message about a file whose name now stands for another file, or for
/// none.
const REPLACED: &str = "the file was replaced or removed while it was read; run the command again when nothing writes to it";

/// A file that is opened once, however often it is read, and that must not
/// change: no byte is returned that was read after a change.
#[derive(Clone)]
pub(crate) struct InputFile {
    opened: Arc<Opened>,
    /// Bytes of a file behind a URL that this reader has asked for.
    #[cfg(feature = "object-store")]
    held: Held,
}

struct Opened {
    name: Arc<str>,
    contents: Contents,
}

enum Contents {
    Local(LocalFile),
    #[cfg(feature = "object-store")]
    Remote(RemoteFile),
}

impl InputFile {
    /// Opens the file of a path or of a URL.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let name = shown_name(path);
        if let Some(url) = Url::of_path(path) {
            return Self::of_url(&url, &name);
        }
        Self::open_as(path, &name)
    }

    /// Opens the file of a path; messages call it `name`.
    pub fn open_as(path: &Path, name: &str) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(name, error))?;
        Self::local(file, Some(path), name)
    }

    /// Takes a file without a name in the file system, such as a temporary one.
    pub fn unnamed(file: File, name: &str) -> Result<Self, DataError> {
        Self::local(file, None, name)
    }

    fn local(file: File, path: Option<&Path>, name: &str) -> Result<Self, DataError> {
        let file = LocalFile::new(file, path).map_err(|error| unreadable(name, error))?;
        let file = file.ok_or_else(|| wrong(name, FileProblem::Folder))?;
        Ok(Self::new(Contents::Local(file), name))
    }

    fn new(contents: Contents, name: &str) -> Self {
        Self {
            opened: Arc::new(Opened {
                name: name.into(),
                contents,
            }),
            #[cfg(feature = "object-store")]
            held: Held::default(),
        }
    }

    #[cfg(not(feature = "object-store"))]
    fn of_url(url: &Url, name: &str) -> Result<Self, DataError> {
        let problem = match url.kind() {
            Some(_) => RemoteProblem::LeftOut,
            None => RemoteProblem::Scheme,
        };
        Err(wrong(name, problem.into()))
    }

    #[cfg(feature = "object-store")]
    fn of_url(url: &Url, name: &str) -> Result<Self, DataError> {
        match RemoteFile::open(url) {
            Ok(file) => Ok(Self::new(Contents::Remote(file), name)),
            Err(RemoteProblem::NoParts) => Self::copied(url, name),
            Err(problem) => Err(wrong(name, problem.into())),
        }
    }

    #[cfg(all(test, feature = "object-store"))]
    pub fn remote(file: RemoteFile, name: &str) -> Self {
        Self::new(Contents::Remote(file), name)
    }

    /// Copies a file from a server that gives whole files only.
    #[cfg(feature = "object-store")]
    fn copied(url: &Url, name: &str) -> Result<Self, DataError> {
        let folder = std::env::temp_dir();
        let not_kept = |error: io::Error| not_kept(name, &folder, &error);
        let mut file = tempfile::tempfile_in(&folder).map_err(not_kept)?;
        download(url, &mut file).map_err(|error| match error {
            NotCopied::Read(problem) => wrong(name, problem.into()),
            NotCopied::Written(error) => not_kept(error),
        })?;
        Self::unnamed(file, name)
    }

    pub fn name(&self) -> &Arc<str> {
        &self.opened.name
    }

    /// Where the file is, for another program; None for one without a name, and
    /// for a URL with a secret in it.
    pub fn location(&self, index: Option<FileIndex>) -> Option<FileLocation> {
        let (path, modified, etag) = match &self.opened.contents {
            Contents::Local(file) => {
                let path = std::path::absolute(file.path.as_ref()?).ok()?;
                (path, file.modified(), None)
            }
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => {
                let etag = file.etag().map(String::from);
                (file.url()?.into(), file.modified(), etag)
            }
        };
        Some(FileLocation {
            name: self.name().to_string(),
            path,
            num_bytes: self.num_bytes(),
            modified,
            etag,
            index,
        })
    }

    /// Opens a file that another program has opened.
    pub fn at(location: &FileLocation) -> Result<Self, DataError> {
        let mut file = Self::open(&location.path)?;
        let is_same = file.location(None).is_some_and(|found| {
            let is_same = match (&found.etag, &location.etag) {
                (None, None) => found.modified == location.modified,
                (found, etag) => found == etag,
            };
            is_same && found.num_bytes == location.num_bytes
        });
        if !is_same {
            let problem = match &file.opened.contents {
                Contents::Local(_) => OTHER,
                #[cfg(feature = "object-store")]
                Contents::Remote(_) => CHANGED,
            };
            return Err(unreadable(&location.name, io::Error::other(problem)));
        }
        if let Some(opened) = Arc::get_mut(&mut file.opened) {
            opened.name = location.name.as_str().into();
        }
        Ok(file)
    }

    pub fn num_bytes(&self) -> u64 {
        match &self.opened.contents {
            Contents::Local(file) => file.num_bytes(),
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => file.num_bytes(),
        }
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
            #[cfg(feature = "object-store")]
            ahead: Ahead::default(),
        }
    }

    /// Returns `length` bytes from the byte `start` on.
    #[cfg(any(test, feature = "arrow-ipc", feature = "csv", feature = "parquet"))]
    pub fn bytes_at(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        // This limits the memory to the size of the file, whatever the file
        // says about itself.
        let end = start.checked_add(length as u64);
        let end = end.filter(|end| *end <= self.num_bytes());
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        match &self.opened.contents {
            Contents::Local(_) => {
                let mut bytes = vec![0; (end - start) as usize];
                self.reader_at(start).read_exact(&mut bytes)?;
                Ok(bytes)
            }
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => Ok(file.bytes_at(start..end, &self.held)?.into()),
        }
    }

    /// Returns the same file for a reader that is going to read these ranges: of
    /// a file behind a URL they are fetched now, with few requests, and stay in
    /// memory for as long as the reader lives.
    #[cfg(any(feature = "arrow-ipc", feature = "parquet"))]
    pub fn holding(&self, ranges: impl IntoIterator<Item = std::ops::Range<u64>>) -> Self {
        match &self.opened.contents {
            Contents::Local(_) => {
                let _ = ranges;
                self.clone()
            }
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => {
                let end = self.num_bytes();
                let ranges = ranges.into_iter();
                let ranges = ranges.map(|range| range.start.min(end)..range.end.min(end));
                Self {
                    opened: self.opened.clone(),
                    held: file.hold(ranges.collect()),
                }
            }
        }
    }

    /// Checks before a pass that the file is the one that was opened, and
    /// unchanged.
    pub fn begin_pass(&self) -> Result<(), DataError> {
        let checked = match &self.opened.contents {
            Contents::Local(file) => file.check(),
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => file.begin_pass(),
        };
        checked.map_err(|error| unreadable(self.name(), error))
    }

    /// Does work that reads the file on this thread, and checks that all it read
    /// could be read, of the file that was opened, unchanged.
    pub fn checked<T>(&self, work: impl FnOnce() -> T) -> Result<T, DataError> {
        match &self.opened.contents {
            Contents::Local(file) => {
                let done = work();
                let checked = file.check().map(|()| done);
                checked.map_err(|error| unreadable(self.name(), error))
            }
            #[cfg(feature = "object-store")]
            Contents::Remote(_) => match watch(work) {
                (done, None) => Ok(done),
                (_, Some(problem)) => Err(wrong(self.name(), problem.into())),
            },
        }
    }
}

/// Reads an [`InputFile`] from a position of its own.
pub(crate) struct InputReader {
    file: InputFile,
    position: u64,
    /// What is read ahead of a file behind a URL.
    #[cfg(feature = "object-store")]
    ahead: Ahead,
}

impl Read for InputReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = match &self.file.opened.contents {
            Contents::Local(file) => file.read_at(bytes, self.position)?,
            #[cfg(feature = "object-store")]
            Contents::Remote(file) => {
                let held = &self.file.held;
                self.ahead.read(file, held, self.position, bytes)?
            }
        };
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

/// Returns the error that a file has changed.
#[cfg(feature = "csv")]
pub(crate) fn changed(file: &str) -> DataError {
    unreadable(file, io::Error::other(CHANGED))
}

/// Returns the error that a file cannot be read, in the words of the system.
pub(crate) fn unreadable(file: &str, error: io::Error) -> DataError {
    match error.downcast::<RemoteProblem>() {
        Ok(problem) => wrong(file, problem.into()),
        Err(error) => wrong(file, FileProblem::Unreadable(error)),
    }
}

/// Returns the error that a file cannot be copied into this folder.
pub(crate) fn not_kept(file: &str, folder: &Path, error: &io::Error) -> DataError {
    // The user does not know the random name of the temporary file: leave it out.
    let problem = error.to_string();
    let problem = problem.split(" at path ").next().unwrap_or_default();
    let problem = FileProblem::NotKept {
        folder: folder.to_path_buf(),
        problem: problem.to_string(),
    };
    wrong(file, problem)
}

fn wrong(file: &str, problem: FileProblem) -> DataError {
    DataError::File {
        file: file.to_string(),
        problem,
    }
}
